"""Compares three lists: what digests attest, what the bucket holds, and what was loaded.

Attested and loaded; attested and missing; present and in no digest; younger than the newest digest;
loaded and since deleted; loaded of other bytes than those attested.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from trailscan.trail.keys import parse_key
from trailscan.validate.chain import DUE, HOUR, UNPROVED
from trailscan.validate.verdicts import LogFileVerdict, LogFileWord
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from trailscan.trail.digest import AttestedLogFile
    from trailscan.validate.layout import ArchiveLayout
    from trailscan.validate.verdicts import ChainVerdicts, DigestVerdict, Ledger

MARGIN = HOUR
"""How near the edge of the time that digests cover a log file may be delivered, by its name, and
belong to another digest: names and deliveries differ by minutes (wazuh #33108)."""

AHEAD = timedelta(minutes=15)
"""How far the name of a log file may run ahead of this machine's clock."""

TimeRange = tuple["datetime", "datetime"]


class Hashed(NamedTuple):
    """The result of reading a log file.

    Attributes:
        sha256: hex, of the uncompressed bytes; None without them.
        problem: `plain`, `gzip_members`, `trailing_bytes`, or why it cannot be uncompressed.
        absent: it does not exist.
        unread: why it could not be read, in words.
    """

    sha256: str | None = None
    problem: str | None = None
    absent: bool = False
    unread: str | None = None


@dataclass(frozen=True, slots=True)
class Attestation:
    """The attestation of one log file by digests.

    Attributes:
        log_file: bucket, key and hash as signed.
        by: the digest that names it, preferably a proved one.
        conflict: the SHA-256 that another proved digest attests instead, or None.
    """

    log_file: AttestedLogFile
    by: DigestVerdict
    conflict: str | None = None

    def also(self, other: Attestation) -> Attestation:
        """The attestation by this and another digest together."""
        if self.by.proof is None or other.by.proof is None:
            return self if self.by.proof or not other.by.proof else other
        same = self.log_file.sha256 == other.log_file.sha256
        return self if same else Attestation(self.log_file, self.by, other.log_file.sha256)


@dataclass(frozen=True, slots=True)
class Archive:
    """The content of an archive for one account and region.

    Attributes:
        bucket: its name.
        layout: how signed keys relate to its keys.
        chains: the judged digests of its trails.
        present: when each listed log file was delivered, by key; None if its name does not say.
        loaded: the SHA-256 of each log file in the store, by key, in hex, or None if it was not
            computed; None without a store.
        now: the time until which log files can be delivered; None if unknown.
        clock: the present; None if unknown.
        window: of delivery time.
    """

    bucket: str
    layout: ArchiveLayout
    chains: tuple[ChainVerdicts, ...]
    present: Mapping[str, datetime | None]
    loaded: Mapping[str, str | None] | None = None
    now: datetime | None = None
    clock: datetime | None = None
    window: Window = Window()  # noqa: RUF009  # frozen: sharing it is harmless
    attested: dict[str, Attestation] = field(default_factory=dict)
    outside: list[Attestation] = field(default_factory=list)

    def __post_init__(self) -> None:
        for verdict in (one for chain in self.chains for one in chain.digests):
            self._take(verdict, _log_files(verdict))
        for verdict in (one for chain in self.chains for one in chain.context):
            self._take(verdict, (one for one in _log_files(verdict) if self._is_present(one)))
        if self.layout.copy:
            self._take_uncompressed()

    def _take(self, verdict: DigestVerdict, log_files: Iterable[AttestedLogFile]) -> None:
        """Add the attestations of a digest."""
        for log_file in log_files:
            found, key = Attestation(log_file, verdict), self._archive_key(log_file)
            if key is None:
                self.outside.append(found)
            else:
                known = self.attested.get(key)
                self.attested[key] = known.also(found) if known else found

    def _take_uncompressed(self) -> None:
        """Let what a digest attests hold for the same name without `.gz`, as `gunzip` leaves it."""
        for key in list(self.attested):
            plain = key.removesuffix(".gz")
            if plain != key and plain in self.present and plain not in self.attested:
                one = self.attested[key] if key in self.present else self.attested.pop(key)
                self.attested[plain] = one

    def _archive_key(self, log_file: AttestedLogFile) -> str | None:
        """The key of a log file in the archive; None if it is outside the archive."""
        same = self.layout.is_of(log_file.bucket)
        return self.layout.archive_key(log_file.key) if same else None

    def _is_present(self, log_file: AttestedLogFile) -> bool:
        return self._archive_key(log_file) in self.present


def _log_files(verdict: DigestVerdict) -> tuple[AttestedLogFile, ...]:
    """The log files that a digest names; none for a digest that was moved."""
    return verdict.digest.log_files if verdict.digest and verdict.verdict != "moved" else ()


def to_read(archive: Archive) -> list[str]:
    """The keys of the log files to read, in order.

    A log file that no proved digest names is read only if it is listed: whoever can write a digest
    must not choose what is read.
    """
    return sorted(
        key
        for key, one in archive.attested.items()
        if one.by.proof or (key in archive.present and one.by.verdict in UNPROVED)
    )


def judge_log_files(archive: Archive, hashed: Mapping[str, Hashed]) -> list[LogFileVerdict]:
    """The verdicts on all log files that are attested, present or loaded, in the order of keys.

    Args:
        archive: the content of the archive.
        hashed: the result of reading each key of `to_read`.
    """
    nothing = Hashed()
    found = [
        _verdict_for(archive, key, one, hashed.get(key, nothing))
        for key, one in archive.attested.items()
    ]
    found += [_outside(archive, one) for one in archive.outside]
    found += _unattested(archive)
    found += _only_loaded(archive)
    return sorted(found, key=lambda one: (one.key, one.bucket))


def _verdict_for(archive: Archive, key: str, one: Attestation, hashed: Hashed) -> LogFileVerdict:
    """The verdict on a log file that a digest names."""
    verdict, reason = _compare(one, hashed, copy=archive.layout.copy)
    return LogFileVerdict(
        bucket=archive.bucket,
        key=key,
        verdict=verdict,
        reason=reason,
        expected=one.log_file.sha256,
        found="none" if hashed.absent else hashed.unread or hashed.sha256 or hashed.problem,
        digest_key=one.by.key,
        proof=one.by.proof,
        ledger=_ledger(archive, key, one.log_file.sha256 if one.by.proof else None),
        delivered=archive.present.get(key) or parse_key(key).delivered,
    )


def _compare(one: Attestation, hashed: Hashed, *, copy: bool) -> tuple[LogFileWord, str]:
    """Verdict and reason for a log file that a digest names."""
    if one.by.proof is None:
        return "unproven", one.by.verdict
    if one.conflict is not None:
        return "conflicting", "digests"
    if hashed.unread is not None:
        return "unread", "unreadable"
    return ("missing", "deleted") if hashed.absent else _compare_hash(one, hashed, copy=copy)


def _compare_hash(one: Attestation, hashed: Hashed, *, copy: bool) -> tuple[LogFileWord, str]:
    """Verdict and reason for a log file that was read."""
    same = hashed.sha256 == one.log_file.sha256
    if hashed.problem == "plain" and same:
        return ("valid" if copy else "modified"), "plain"
    if hashed.problem not in (None, "plain"):
        return "modified", hashed.problem or ""
    return ("valid" if same else "modified"), "hash"


def _ledger(archive: Archive, key: str, attested: str | None) -> Ledger | None:
    """Whether the store holds a log file, and whether with the attested bytes."""
    if archive.loaded is None:
        return None
    if key not in archive.loaded:
        return "not_loaded"
    other = attested and archive.loaded[key] not in (None, attested)
    return "changed" if other else "loaded"


def _outside(archive: Archive, one: Attestation) -> LogFileVerdict:
    """The verdict on a log file that a digest names outside the archive: it is never read."""
    log_file = one.log_file
    reason = "key" if archive.layout.is_of(log_file.bucket) else "bucket"
    return LogFileVerdict(
        bucket=log_file.bucket,
        key=log_file.key,
        verdict="outside" if one.by.proof else "unproven",
        reason=reason if one.by.proof else one.by.verdict,
        expected=log_file.sha256,
        digest_key=one.by.key,
        proof=one.by.proof,
    )


def _unattested(archive: Archive) -> Iterator[LogFileVerdict]:
    """The verdicts on listed log files that no digest names."""
    digests = _ordinary(archive)
    last = max((one.name.end for one in digests), default=None)
    covered = _covered(digests)
    for key, delivered in archive.present.items():
        if key in archive.attested:
            continue
        verdict, reason = _verdict_by_time(delivered, last, covered, archive)
        yield LogFileVerdict(
            archive.bucket,
            key,
            verdict,
            reason,
            expected="a digest that names it",
            found="none",
            ledger=_ledger(archive, key, None),
            delivered=delivered,
        )


def _ordinary(archive: Archive) -> list[DigestVerdict]:
    """The verdicts on all digests except backfill digests, which cover no time."""
    digests = (one for chain in archive.chains for one in (*chain.digests, *chain.context))
    return [one for one in digests if not one.name.chain.backfill]


def _verdict_by_time(
    delivered: datetime | None,
    last: datetime | None,
    covered: list[TimeRange],
    archive: Archive,
) -> tuple[LogFileWord, str]:
    """Verdict and reason for a log file that no digest names."""
    now = archive.now
    if is_future(delivered, archive.clock):
        return "unattested", "future"
    if last is None:
        return "unattested", "no_digests"
    if delivered is None:
        return "unattested", "no_digest_then"
    if delivered > shifted(last, -MARGIN):
        is_due = now is not None and delivered < shifted(now, -DUE)
        return ("unattested", "after_last") if is_due else ("pending", "younger")
    if is_covered(delivered, covered):
        return "unattested", "in_no_digest"
    return "unattested", "no_digest_then"


def is_future(delivered: datetime | None, clock: datetime | None) -> bool:
    """Whether a name says that a log file is delivered later than now, some minutes aside."""
    return clock is not None and delivered is not None and delivered > shifted(clock, AHEAD)


def is_covered(delivered: datetime, covered: Iterable[TimeRange]) -> bool:
    """Whether digests cover a time of delivery, and not only nearly."""
    return any(
        shifted(start, MARGIN) <= delivered <= shifted(end, -MARGIN) for start, end in covered
    )


def covered_times(archive: Archive) -> list[TimeRange]:
    """The times that proved digests of an archive cover without a gap, in order."""
    return _covered(_ordinary(archive))


def _covered(digests: Iterable[DigestVerdict]) -> list[TimeRange]:
    """The times that proved digests cover without a gap, in order."""
    spans: list[TimeRange] = []
    proved = (one.digest for one in digests if one.digest and one.proof)
    for start, end in sorted((one.start, one.end) for one in proved):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _only_loaded(archive: Archive) -> Iterator[LogFileVerdict]:
    """The verdicts on log files of the store that no digest names and that are not listed.

    Log files older than the oldest digest are left out: they have expired with their digests.
    """
    digests = _ordinary(archive)
    oldest = min((one.digest.start for one in digests if one.digest), default=None)
    for key in archive.loaded or {}:
        if key in archive.present or key in archive.attested or oldest is None:
            continue
        when = parse_key(key).delivered
        if when is None or (when >= oldest and when in archive.window):
            yield LogFileVerdict(
                archive.bucket,
                key,
                "missing",
                "only_loaded",
                found="none",
                ledger="loaded",
                delivered=when,
            )
