"""Validates one unit of an archive: list, read digests, judge, read log files, reconcile.

All units share the threads that read digests and log files. No digest waits for the one before it:
everything that is listed is read at once, and the chain is walked in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from trailscan.errors import TrailscanError
from trailscan.ingest.validation.digests import DigestReader
from trailscan.ingest.validation.hash_work import row_of, worst
from trailscan.ingest.validation.units import (
    ListedDigest,
    ListedLogFile,
    list_digests,
    list_log_files,
)
from trailscan.location import key_text
from trailscan.validate.chain import judge_chain
from trailscan.validate.elsewhere import AttestedContent
from trailscan.validate.layout import ArchiveLayout, guess_layout
from trailscan.validate.reconcile import (
    Archive,
    Hashed,
    covered_times,
    is_future,
    judge_log_files,
    to_read,
)
from trailscan.validate.remembered import remember

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime

    from trailscan.buckets import Bucket
    from trailscan.ingest.validation.key_ring import KeyRing
    from trailscan.ingest.validation.readers import Readers
    from trailscan.ingest.validation.units import Unit
    from trailscan.ingest.worker import Row
    from trailscan.validate.chain import DigestFile
    from trailscan.validate.reconcile import TimeRange
    from trailscan.validate.verdicts import ChainVerdicts, DigestVerdict, Gap, LogFileVerdict
    from trailscan.window import Window

Chains = tuple["ChainVerdicts", ...]
Item = TypeVar("Item")


class LoadedLogFile(NamedTuple):
    """A log file as the ledger of the store has it; the hash is None if it was not computed."""

    etag: str
    sha256: str | None
    deviations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValidationContext:
    """What all units of a validation share.

    Attributes:
        bucket: the archive.
        layout: of the archive; None for a folder, whose layout follows from its digests.
        window: of delivery time.
        keys: the public keys.
        readers: read digests and log files.
        now: the present, for a bucket that CloudTrail delivers to; None for a copy.
        clock: the present; None if it does not matter.
        loaded: returns the log files of a unit in the store, by key; None without a store.
        proved: returns the digests of a unit that the store proves, without those of some keys;
            None without a store.
        trust_loaded: use the hash that the load computed if the ETag is the same.
    """

    bucket: Bucket
    layout: ArchiveLayout | None
    window: Window
    keys: KeyRing
    readers: Readers
    now: datetime | None = None
    clock: datetime | None = None
    loaded: Callable[[Unit], dict[str, LoadedLogFile]] | None = None
    proved: Callable[[Unit, Collection[str]], list[DigestFile]] | None = None
    trust_loaded: bool = False


@dataclass(slots=True)
class UnitVerdicts:
    """The verdicts on one unit.

    Attributes:
        unit: the account and region.
        layout: of the archive.
        digests: on the digests of the window, present or missing.
        log_files: on the log files that are attested, present or loaded.
        gaps: times that no digest covers.
        failures: what could not be listed, a line each.
        keys: fingerprints of the keys that checked a signature.
        loaded: the number of log files in the store; None without a store.
        bytes_read: as stored.
        known: the number of log files whose hash is that of the load.
        held: how many bytes its digests take that nothing proved when they were read.
        covered: the times that proved digests cover, if there are log files elsewhere.
        attested: what proved digests attest of the content of log files elsewhere, by SHA-256.
    """

    unit: Unit
    layout: ArchiveLayout
    digests: list[DigestVerdict] = field(default_factory=list)
    log_files: list[LogFileVerdict] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    loaded: int | None = None
    bytes_read: int = 0
    known: int = 0
    held: int = 0
    covered: list[TimeRange] = field(default_factory=list)
    attested: dict[str, AttestedContent] = field(default_factory=dict)


class UnitReader:
    """Validates units of one archive; many threads may share it.

    Attributes:
        elsewhere: the SHA-256 of each log file outside the folders of accounts; None without any.
    """

    def __init__(self, context: ValidationContext) -> None:
        self._context = context
        self._bucket = context.bucket
        self.elsewhere: Collection[str] | None = None
        self._digests = DigestReader(context.bucket, context.keys)

    def validate(self, unit: Unit) -> UnitVerdicts:
        """The verdicts on one unit. Never raises for what is in the bucket."""
        context = self._context
        found = UnitVerdicts(unit, context.layout or ArchiveLayout(None, copy=True))
        listing = context.readers.threads.submit(self._list, list_log_files, unit.logs, found)
        files = self._read_digests(self._list(list_digests, unit.digests, found), found)
        listed = {one.info.key: one for one in listing.result()}
        chains = self._remember(unit, self._judge_chains(unit, files, found), listed, found)
        self._note_digests(chains, found)
        loaded = context.loaded(unit) if context.loaded else None
        found.loaded = None if loaded is None else len(loaded)
        archive = Archive(
            self._bucket.name,
            found.layout,
            chains,
            {key: one.delivered for key, one in listed.items() if one.in_window},
            None if loaded is None else {key: one.sha256 for key, one in loaded.items()},
            self._now(listed.values()),
            context.clock,
            context.window,
        )
        self._note_elsewhere(archive, found)
        self._digests.release(found.held)
        hashed = self.hash_log_files(to_read(archive), listed, loaded or {}, found)
        found.log_files = judge_log_files(archive, hashed)
        return found

    def _now(self, listed: Iterable[ListedLogFile]) -> datetime | None:
        """The time until which log files can be delivered: now, or the latest one of a copy."""
        now, clock = self._context.now, self._context.clock
        if now is not None:
            return now
        delivered = (one.delivered for one in listed if one.delivered)
        return max((one for one in delivered if not is_future(one, clock)), default=None)

    def _note_digests(self, chains: Chains, found: UnitVerdicts) -> None:
        """Note the verdicts on digests, gaps, and the keys that checked signatures."""
        for chain in chains:
            found.digests += chain.digests
            found.gaps += chain.gaps
        found.keys |= {
            one.digest.fingerprint for one in found.digests if one.signature and one.digest
        }

    def _note_elsewhere(self, archive: Archive, found: UnitVerdicts) -> None:
        """Note what the digests of a unit say of log files outside the folders of accounts."""
        if self.elsewhere is None:
            return
        found.covered = covered_times(archive)
        for key, one in archive.attested.items():
            sha256 = one.log_file.sha256
            if sha256 in self.elsewhere and one.by.proof and one.conflict is None:
                found.attested[sha256] = AttestedContent(key, one)

    def _list(
        self,
        list_folder: Callable[[Bucket, str, Window], list[Item]],
        folder: str | None,
        found: UnitVerdicts,
    ) -> list[Item]:
        """The digests or log files of a folder; none if it cannot be listed."""
        if folder is None:
            return []
        try:
            return list_folder(self._bucket, folder, self._context.window)
        except TrailscanError as error:
            found.failures.append(error.line)
            return []

    def _read_digests(self, listed: list[ListedDigest], found: UnitVerdicts) -> list[DigestFile]:
        """Read digests that are listed."""
        files = []
        readers, count = self._context.readers, len(listed)
        read = partial(readers.read_group, self._digests.read)
        for results in readers.in_groups(read, listed, _digest_size, count):
            for one in results:
                file, held = self._digests.hold(one)
                files.append(file)
                found.held += held
                found.bytes_read += one.stored_bytes
        return files

    def _judge_chains(self, unit: Unit, files: list[DigestFile], found: UnitVerdicts) -> Chains:
        """The verdicts on the digests of every chain that is listed."""
        context = self._context
        found.layout = self._layout(files) or found.layout
        keys = context.keys.for_digests(unit.region, files)
        chains = []
        files.sort(key=_chain_order)
        for _, group in groupby(files, key=_chain_order):
            now = None if found.layout.copy else context.now
            chains.append(self._whole(judge_chain(group, keys, found.layout, context.window, now)))
        return tuple(chains)

    def _remember(
        self, unit: Unit, chains: Chains, present: Collection[str], found: UnitVerdicts
    ) -> Chains:
        """The chains with the digests that the store proved and that are gone or changed."""
        context = self._context
        if context.proved is None or found.failures:  # a failed listing misses nothing
            return chains
        verdicts = [one for chain in chains for one in (*chain.digests, *chain.context)]
        proved = context.proved(unit, {key_text(one.key) for one in verdicts if one.proof})
        if not proved:
            return chains
        if not verdicts:
            found.layout = self._layout(proved) or found.layout
        keys = context.keys.for_digests(unit.region, proved)
        return remember(chains, proved, keys, found.layout, context.window, present)

    def _layout(self, files: Iterable[DigestFile]) -> ArchiveLayout | None:
        """The layout of a folder, from its digests; None if they do not say, or it is known."""
        if self._context.layout is not None:
            return None
        return guess_layout((one.key, one.digest.key) for one in files if one.digest)

    def _whole(self, chain: ChainVerdicts) -> ChainVerdicts:
        """A chain with the log files of every digest that is proved."""
        return replace(
            chain,
            digests=tuple(map(self._digests.whole, chain.digests)),
            context=tuple(map(self._digests.whole, chain.context)),
        )

    def hash_log_files(
        self,
        keys: list[str],
        listed: dict[str, ListedLogFile],
        loaded: dict[str, LoadedLogFile],
        found: UnitVerdicts,
    ) -> dict[str, Hashed]:
        """The hashes of log files; those that the load did not compute are read."""
        hashed: dict[str, Hashed] = {}
        reading: list[Row] = []
        for key in keys:
            info = listed[key].info if key in listed else None
            known = loaded.get(key) if self._context.trust_loaded else None
            if info is None and not self._bucket.is_remote:
                hashed[key] = Hashed(absent=True)
            elif known and known.sha256 and info and known.etag == info.etag:
                hashed[key] = Hashed(known.sha256, worst(known.deviations))
                found.known += 1
            else:
                reading.append(row_of(key, info))
        for results in self._context.readers.hash_all(reading):
            for key, result, size in results:
                hashed[key] = result
                found.bytes_read += size
        return hashed


def _digest_size(listed: ListedDigest) -> int:
    return listed.info.size


def _chain_order(file: DigestFile) -> tuple[str, str, str, bool]:
    """The order that groups the digests of a chain."""
    chain = file.name.chain
    return (chain.folder, chain.trail or "", chain.home_region or "", chain.backfill)
