"""The sums of a validation: verdicts counted, and in full those that are not fine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from trailscan.validate.verdicts import DigestVerdict, Gap, LogFileVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.ingest.validation.unit import UnitVerdicts
    from trailscan.validate.keys import PublicKey
    from trailscan.window import Window

_WORST_FIRST = ("tampered", "incomplete", "fine")
GAPS = {
    "stopped": "logging or validation was off",
    "unexplained": "the digest that would explain it is missing or proves nothing",
    "start": "before the first digest",
    "end": "no later digest exists: logging was stopped, or digests were deleted",
}
"""Why no digest covers a span of time, by the kind of gap."""

Outcome = Literal["valid", "incomplete", "tampered"]
Verdict = DigestVerdict | LogFileVerdict


@dataclass(slots=True)
class ValidationSummary:
    """What a validation found.

    Attributes:
        store: the store compared with, where verdicts are saved; None without one.
        units: accounts x regions validated.
        without_digests: those with log files but no digest.
        digests: verdicts on digests, counted by verdict and reason.
        log_files: verdicts on log files, counted by verdict and reason.
        states: log files counted by digest, bucket and ledger, which are compared.
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
        """Tampered if anything was; valid only if there were digests and nothing stays open.

        In a copy a log file whose digest is not there stays open: it may never have been copied.
        """
        severities = {finding.severity for finding in self.findings}
        if "tampered" in severities:
            return "tampered"
        open_gap = any(gap.kind != "start" for gap in self.gaps)
        proved = any(verdict == "valid" for verdict, _ in self.digests)
        waits = self.copy and self.pending
        is_open = severities or open_gap or self.failures or waits or not proved
        return "incomplete" if is_open else "valid"

    def add(self, found: UnitVerdicts) -> None:
        """Add the verdicts of one account and region."""
        self.units += 1
        self.without_digests += bool(found.log_files and not found.digests)
        for digest in found.digests:
            self.digests[digest.verdict, digest.reason] += 1
            self._take(replace(digest, digest=None))
        self.add_log_files(found.log_files)
        self.gaps += found.gaps
        self.failures += found.failures
        self.known += found.known
        self.bytes_read += found.bytes_read

    def add_log_files(self, found: Iterable[LogFileVerdict]) -> None:
        """Add verdicts on log files."""
        for log_file in found:
            self.log_files[log_file.verdict, log_file.reason] += 1
            self.states.update(_states(log_file))
            self._take(log_file)

    def add_elsewhere(self, found: UnitVerdicts) -> None:
        """Add what reading log files outside the folders of accounts took."""
        self.known += found.known
        self.bytes_read += found.bytes_read

    @property
    def pending(self) -> int:
        """How many log files wait for their digest."""
        return self.log_files["pending", "younger"]

    def _take(self, verdict: Verdict) -> None:
        """Keep a verdict that is not fine, and any if asked for."""
        if verdict.severity != "fine":
            self.findings.append(verdict)
        if self.every is not None:
            self.every.append(verdict)

    def worst_first(self) -> list[Verdict]:
        """The findings: tampering first, then what is open, each kind together."""
        return sorted(self.findings, key=kind_of)


def kind_of(verdict: Verdict) -> tuple[int, bool, str, str]:
    """The kind of a finding: severity, digest or log file, verdict and reason."""
    of_log_file = isinstance(verdict, LogFileVerdict)
    rank = _WORST_FIRST.index(verdict.severity)
    return (rank, of_log_file, verdict.verdict, verdict.reason)


def _states(verdict: LogFileVerdict) -> Iterable[str]:
    """How digest, bucket and ledger agree on a log file; several states may hold."""
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
