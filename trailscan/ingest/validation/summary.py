"""The accounts of a validation: verdicts counted, what is not fine in full, what stays open."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from trailscan.location import object_uri
from trailscan.validate.verdicts import DigestVerdict, Gap, LogFileVerdict
from trailscan.window import Window, format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.ingest.validation.unit import UnitVerdicts
    from trailscan.validate.keys import PublicKey

_SHOWN = 5  # of each kind
_WORST_FIRST = ("tampered", "incomplete", "fine")
_GAPS = {
    "stopped": "logging or validation was off",
    "unexplained": "the digest that would tell why is missing or proves nothing",
    "start": "the first digest; none came before it",
    "end": "no digest came any more: logging was stopped, or digests were deleted",
}

Outcome = Literal["valid", "incomplete", "tampered"]
Verdict = DigestVerdict | LogFileVerdict


@dataclass(slots=True)
class ValidationSummary:
    """What a validation found.

    Attributes:
        store: where verdicts were kept and the ledger was asked; None without a store.
        units: accounts x regions looked at.
        without_digests: those with log files and not one digest.
        digests: the verdicts on digests, counted by verdict and reason.
        log_files: the same of log files.
        states: the three lists held against each other, counted.
        findings: every verdict that is not fine.
        every: every verdict, if asked for.
        gaps: times that no digest covers.
        keys: the public keys that checked a signature.
        known: log files whose hash was taken from the load that read them.
    """

    source: str
    store: str | None
    window: Window
    copy: bool = False
    units: int = 0
    without_digests: int = 0
    digests: Counter[tuple[str, str]] = field(default_factory=Counter)
    log_files: Counter[tuple[str, str]] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    findings: list[Verdict] = field(default_factory=list)
    every: list[Verdict] | None = None
    gaps: list[Gap] = field(default_factory=list)
    keys: list[PublicKey] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    known: int = 0
    bytes_read: int = 0
    seconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """Tampered if anything was; valid only if there were digests and nothing stays open."""
        severities = {finding.severity for finding in self.findings}
        if "tampered" in severities:
            return "tampered"
        open_gap = any(gap.kind != "start" for gap in self.gaps)
        proved = any(verdict == "valid" for verdict, _ in self.digests)
        is_open = severities or open_gap or self.failures or not proved
        return "incomplete" if is_open else "valid"

    def add(self, found: UnitVerdicts) -> None:
        """Take in what was found of one account and region."""
        self.units += 1
        self.without_digests += bool(found.log_files and not found.digests)
        for digest in found.digests:
            self.digests[digest.verdict, digest.reason] += 1
            self._take(replace(digest, digest=None))
        for log_file in found.log_files:
            self.log_files[log_file.verdict, log_file.reason] += 1
            self.states.update(_states(log_file))
            self._take(log_file)
        self.gaps += found.gaps
        self.failures += found.failures
        self.known += found.known
        self.bytes_read += found.bytes_read

    def _take(self, verdict: Verdict) -> None:
        """Keep a verdict that is not fine, and any if asked for."""
        if verdict.severity != "fine":
            self.findings.append(verdict)
        if self.every is not None:
            self.every.append(verdict)

    def to_json(self) -> dict[str, object]:
        """The summary as documented, stable JSON."""
        found: dict[str, object] = {
            "source": self.source,
            "store": self.store,
            "outcome": self.outcome,
            "window": {
                "since": self.window.start and format_instant(self.window.start),
                "until": self.window.end and format_instant(self.window.end),
            },
            "copy": self.copy,
            "accounts_and_regions": {
                "validated": self.units,
                "without_digests": self.without_digests,
            },
            "digests": _counts_json(self.digests),
            "log_files": _counts_json(self.log_files),
            "reconciliation": dict(sorted(self.states.items())),
            "findings": [verdict_json(one) for one in self._worst_first()],
            "gaps": [gap_json(gap) for gap in self.gaps],
            "public_keys": [
                {"fingerprint": key.fingerprint, "origin": key.origin} for key in self.keys
            ],
            "failures": list(self.failures),
            "notes": list(self.notes),
            "hashes_from_load": self.known,
            "bytes_read": self.bytes_read,
            "seconds": round(self.seconds, 3),
        }
        if self.every is not None:
            found["verdicts"] = [verdict_json(one) for one in self.every]
        return found

    def _worst_first(self) -> list[Verdict]:
        """The findings, tampering before what stays open, each kind together."""
        return sorted(self.findings, key=_kind)

    def to_text(self) -> str:
        """The summary in words; its last line is the outcome."""
        lines = [*self.notes]
        lines += [f"could not be looked at: {failure}" for failure in self.failures]
        for _, kind in groupby(self._worst_first(), key=_kind):
            found = list(kind)
            lines += [verdict_words(one) for one in found[:_SHOWN]]
            if len(found) > _SHOWN:
                lines.append(f"… and {len(found) - _SHOWN:,} more of these (--format json has all)")
        shown = [gap for gap in self.gaps if gap.kind != "start"]
        lines += [gap_words(gap) for gap in shown[:_SHOWN]]
        if len(shown) > _SHOWN:
            lines.append(f"… and {len(shown) - _SHOWN:,} more gaps (--format json has all)")
        return "\n".join([*lines, *self._count_lines(), self._outcome_line()])

    def _count_lines(self) -> list[str]:
        """Digests, log files, the ledger, keys."""
        kind = "a copy of a bucket" if self.copy else "the bucket itself"
        what = f"{self.source} ({kind}), delivered {self.window.in_words}"
        lines = [
            f"{what}; accounts x regions {self.units:,}; {self.seconds:.1f} s",
            f"digests {_counts_words(self.digests)}",
            f"log files {_counts_words(self.log_files)}",
        ]
        if self.states:
            states = ", ".join(f"{name} {n:,}" for name, n in sorted(self.states.items()))
            against = f"against {self.store}" if self.store else "no store to hold it against"
            lines.append(f"{against}: {states.replace('_', ' ')}")
        origins = sorted({key.origin for key in self.keys})
        lines.append(f"public keys: {', '.join(origins) or 'none used'}")
        return lines

    def _outcome_line(self) -> str:
        """The outcome, with why."""
        if self.outcome == "valid":
            return "valid: every digest is signed, every log file is as attested"
        counts = Counter(one.severity for one in self.findings)
        if self.outcome == "tampered":
            return f"tampered: {counts['tampered']:,} findings; open: {counts['incomplete']:,}"
        if not self.digests:
            return "incomplete: there are no digests, so nothing is proved"
        gaps = sum(gap.kind != "start" for gap in self.gaps)
        return (
            f"incomplete: {counts['incomplete']:,} verdicts open, {gaps:,} gaps, "
            f"{len(self.failures):,} failures"
        )


def _kind(verdict: Verdict) -> tuple[int, bool, str, str]:
    """What kind of finding it is: how bad, of what, verdict and reason."""
    of_log_file = isinstance(verdict, LogFileVerdict)
    place = _WORST_FIRST.index(verdict.severity)
    return (place, of_log_file, verdict.verdict, verdict.reason)


def _states(verdict: LogFileVerdict) -> Iterable[str]:
    """Where a log file stands between the three lists; several may hold."""
    loaded = verdict.ledger in ("loaded", "changed")
    if verdict.verdict == "valid" and verdict.ledger is None:
        yield "attested"
    elif verdict.verdict == "valid":
        yield "attested_and_loaded" if loaded else "attested_not_loaded"
    if verdict.verdict == "missing":
        if verdict.reason == "deleted":
            yield "attested_and_missing"
        if loaded:
            yield "loaded_and_deleted"
    if verdict.verdict == "unattested":
        yield "present_and_unattested"
    if verdict.verdict == "pending":
        yield "pending"
    if verdict.verdict == "modified" or verdict.ledger == "changed":
        yield "hash_changed"


def _counts_json(counts: Counter[tuple[str, str]]) -> dict[str, object]:
    """Counts by verdict, and by verdict and reason."""
    verdicts: Counter[str] = Counter()
    for (verdict, _), count in counts.items():
        verdicts[verdict] += count
    return {
        "total": counts.total(),
        "verdicts": dict(sorted(verdicts.items())),
        "reasons": {f"{one}/{why}": count for (one, why), count in sorted(counts.items())},
    }


def _counts_words(counts: Counter[tuple[str, str]]) -> str:
    """`10 = valid 8 + missing 2`."""
    verdicts: Counter[str] = Counter()
    for (verdict, _), count in counts.items():
        verdicts[verdict.replace("_", " ")] += count
    parts = " + ".join(f"{verdict} {count:,}" for verdict, count in sorted(verdicts.items()))
    return f"{counts.total():,}{f' = {parts}' if parts else ''}"


def verdict_words(verdict: Verdict) -> str:
    """A verdict in one line: what, why, where, what was expected and found."""
    kind = "digest" if isinstance(verdict, DigestVerdict) else "log file"
    words = f"{kind} {verdict.verdict.replace('_', ' ')}: {verdict.meaning.words}"
    parts = [f"at {object_uri(verdict.bucket, verdict.key)}"]
    if verdict.expected is not None:
        parts.append(f"expected {_short(verdict.expected)}")
    if verdict.found is not None:
        parts.append(f"found {_short(verdict.found)}")
    return f"{words} ({'; '.join(parts)})"


def _short(text: str) -> str:
    """A text cut to what a line can show."""
    return text if len(text) <= 90 else f"{text[:32]}… ({len(text):,} letters)"  # noqa: PLR2004


def verdict_json(verdict: Verdict) -> dict[str, object]:
    """A verdict as JSON shows it."""
    found: dict[str, object] = {
        "of": "digest" if isinstance(verdict, DigestVerdict) else "log_file",
        "severity": verdict.severity,
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "words": verdict.meaning.words,
        "bucket": verdict.bucket,
        "key": verdict.key,
        "expected": verdict.expected,
        "found": verdict.found,
        "proof": verdict.proof,
    }
    if isinstance(verdict, DigestVerdict):
        return {**found, "proved_by": verdict.proved_by, "end": format_instant(verdict.name.end)}
    return {**found, "digest_key": verdict.digest_key, "ledger": verdict.ledger}


def gap_words(gap: Gap) -> str:
    """A gap in one line."""
    start = "the beginning" if gap.start is None else format_instant(gap.start)
    end = "now" if gap.end is None else format_instant(gap.end)
    return f"no digest covers {start} to {end}: {_GAPS[gap.kind]} (at {gap.chain})"


def gap_json(gap: Gap) -> dict[str, object]:
    """A gap as JSON shows it."""
    return {
        "kind": gap.kind,
        "chain": gap.chain,
        "since": gap.start and format_instant(gap.start),
        "until": gap.end and format_instant(gap.end),
        "words": _GAPS[gap.kind],
    }
