"""The ledger: which data files are part of the store, in a chain of commits.

A commit is made in three steps, each whole or absent:

1. claim: `_intent/N.zip`, created only if absent, holds the commit *and the bytes of its data
   files*. Whoever creates it has decided what commit N is.
2. publish: the data files are written under names made of their content.
3. commit: `_ledger/N.json`, the very `commit.json` of the intent.

Any process that finds an intent without its commit finishes that same commit: everything needed is
inside it, so it needs no access to the source, and two that do it at once write the same bytes to
the same names. So there is no lease, no timeout and no clock; nothing can be left behind half
done; and because data files appear only for the one decided commit N, a reader that looks at the
folder and not at the ledger sees no event twice. A lost answer is harmless: the object that exists
shows what was decided.

An intent whose commit exists is spent and is removed when that is allowed. A process that slept
between reading the chain and claiming may create a spent one again; it finds the commit there,
withdraws, and starts over.
"""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from trailscan.errors import AlreadyExistsError, NotFoundError, StoreError, TrailscanError
from trailscan.store.acceptance import Acceptance
from trailscan.store.merge import Merge, move_rows
from trailscan.store.packing import is_sealed, pack, seal, unpack
from trailscan.store.paths import DataFile, contradiction, held, intent_path, ledger_path, own_key
from trailscan.store.pruned import Pruned
from trailscan.store.readings import Replaced
from trailscan.store.tool import tool_name
from trailscan.store.traced import Traced
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trailscan.buckets import Bucket

_NAME = re.compile(r"_ledger/([0-9]{8})\.json")
_INTENT = re.compile(r"_intent/([0-9]{8})\.zip")
_READERS = 16
_WRITERS = 8
_CONFLICTS = 5


class Source(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one load requested of one source.

    Attributes:
        uri: as the user named it.
        since: start of the delivery window; None for everything there is.
        until: end of the delivery window; None for everything up to the time of the load.
        newest: the latest delivery time of the log files done, once the whole window was listed
            and read; None before.
        accounts: only these accounts; empty for all.
        regions: only these regions; empty for all.
        accounts_left_out: accounts that the source has and that were not requested.
        regions_left_out: the same of the regions that record Organizations events.
        failures: what could not be listed or read, one line each, and how many more there were.
        partial: the load had not ended when it made the commit.
        stream: it was standard input or a pipe, which has no window that could be requested.
    """

    uri: str
    since: datetime | None = None
    until: datetime | None = None
    newest: datetime | None = None
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    accounts_left_out: tuple[str, ...] = ()
    regions_left_out: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    partial: bool = False
    stream: bool = False

    def __post_init__(self) -> None:
        """Refuse a time without a time zone, or beyond the calendar."""
        for bound in (self.since, self.until, self.newest):
            Window(bound)


class Counts(msgspec.Struct, frozen=True):
    """What a commit adds. `records` = kept + filtered_out + duplicates + rejects."""

    log_files: int = 0
    rejected_log_files: int = 0
    records: int = 0
    kept: int = 0
    filtered_out: int = 0
    duplicates: int = 0
    rejects: int = 0
    conflicts: int = 0


class Commit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One commit of the ledger.

    Attributes:
        seq: counted from 1, without holes.
        previous_sha256: of the bytes of the commit before, hex; empty for the first.
        load_id: random, one for each load.
        tool: the program and version that made it.
        committed_at: by the clock of the machine that made it; no decision depends on it.
        event_sources: what was looked for; empty for anything but a load.
        sources: what was requested.
        counts: what it adds.
        files: the data files it adds; none if a load found nothing new or failed.
        accepted: the rejects that it accepts; then it adds nothing else.
        checksum: SHA-256 of its own bytes with an empty checksum, hex; empty in commits of older
            versions.
        replaced: the earlier readings of its log files, which no longer count; None without any.
        sessions_since: the time of its earliest event whose session has to be traced; None without
            one, unset in commits of older versions.
        traced: what an attempt to trace left over; None for other commits.
        pruned: what was removed from the commits before it; unset if nothing was.
        compacted: which data files of the commits before it were merged; unset if none were.
    """

    seq: int
    previous_sha256: str
    load_id: str
    tool: str
    committed_at: datetime
    event_sources: str
    sources: tuple[Source, ...]
    counts: Counts
    files: tuple[DataFile, ...]
    accepted: tuple[Acceptance, ...] = ()
    checksum: str = ""
    replaced: Replaced | None = None
    sessions_since: datetime | msgspec.UnsetType | None = msgspec.UNSET
    traced: Traced | None = None
    pruned: Pruned | msgspec.UnsetType = msgspec.UNSET
    compacted: tuple[Merge, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_load(self) -> bool:
        """Whether it is the commit of a load, not of a validation or an acceptance."""
        return bool(self.event_sources)

    @property
    def written(self) -> tuple[DataFile, ...]:
        """The data files that come into the store with it, also those of rows of earlier ones."""
        return (*self.files, *(one.file for one in self.compacted or ()))


def encode_commit(commit: Commit) -> bytes:
    """A commit as the ledger holds it: readable JSON, the same bytes for the same commit."""
    plain = replace(commit, checksum="")
    return seal(msgspec.json.format(msgspec.json.encode(plain), indent=1) + b"\n")


def decode_commit(raw: bytes, seq: int, previous_sha256: str) -> Commit:
    """The commit of a number, checked against itself and the SHA-256 of the one before it.

    Raises:
        StoreError: it is not a commit, does not follow, or names what no commit can.
    """
    where = ledger_path(seq)
    try:
        commit = msgspec.json.decode(raw, type=Commit)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise StoreError(f"the ledger is damaged: {where} is not a commit: {error}") from None
    if commit.seq != seq or commit.previous_sha256 != previous_sha256:
        raise StoreError(
            f"the ledger is broken at {where}: expected commit {seq} after "
            f"{previous_sha256[:12] or 'none'}, found commit {commit.seq} after "
            f"{commit.previous_sha256[:12] or 'none'}"
        )
    if commit.checksum and not is_sealed(raw, commit.checksum):
        raise StoreError(f"the ledger is broken at {where}: it is not what was committed")
    counts = commit.counts
    rows = {"events": counts.kept, "log_files": counts.log_files + counts.rejected_log_files}
    if why := contradiction(commit.files, seq, rows) or contradiction(commit.written, seq, {}):
        raise StoreError(f"the ledger is broken at {where}: {why}")
    return commit


class Draft(NamedTuple):
    """The content of a commit whose number is not decided yet.

    Attributes:
        event_sources: what was looked for; empty for anything but a load.
        sources: what was requested.
        counts: what it adds.
        files: the data files with their bytes.
        accepted: the rejects that it accepts.
        is_news: the commit is made without data files too: the ledger does not know of the request.
        replaced: the earlier readings of its log files.
        sessions_since: the time of its earliest event whose session has to be traced.
        traced: what an attempt to trace left over.
        pruned: what is removed from the commits before.
        compacted: which data files of the commits before are merged, with the bytes of the new one.
    """

    event_sources: str
    sources: tuple[Source, ...]
    counts: Counts
    files: Mapping[DataFile, bytes]
    accepted: tuple[Acceptance, ...] = ()
    is_news: bool = False
    replaced: Replaced | None = None
    sessions_since: datetime | None = None
    traced: Traced | None = None
    pruned: Pruned | None = None
    compacted: Mapping[Merge, bytes] = {}


class Ledger:
    """The chain of commits of one store.

    Raises:
        StoreError: a commit is missing, damaged, or does not follow from the one before.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._commits: list[Commit] = []
        self._last_sha256 = ""

    def refresh(self) -> tuple[Commit, ...]:
        """Every commit, in order; reads and checks those made since the last call."""
        names = (_NAME.fullmatch(own_key(found)) for found in self._bucket.list_objects("_ledger/"))
        seqs = sorted(int(name[1]) for name in names if name)
        new = seqs[len(self._commits) :]
        with ThreadPoolExecutor(_READERS) as readers:
            for raw in readers.map(lambda seq: self._bucket.read(ledger_path(seq)), new):
                self._append(raw)
        return self.commits

    def _append(self, raw: bytes) -> None:
        """Check that a commit follows the last one and append it; it may prune and move rows."""
        commit = decode_commit(raw, self.next_seq, self._last_sha256)
        if commit.pruned:
            left_of = commit.pruned.left_of
            self._commits = [replace(one, files=left_of(one.files)) for one in self._commits]
        for at, files in self._moved(commit).items():
            self._commits[at] = replace(self._commits[at], files=files)
        self._commits.append(commit)
        self._last_sha256 = hashlib.sha256(raw).hexdigest()

    def _moved(self, commit: Commit) -> dict[int, tuple[DataFile, ...]]:
        """The data files of the commits of which the next one moves rows, by position."""
        if not commit.compacted:
            return {}
        return move_rows(commit.compacted, [one.files for one in self._commits])

    @property
    def commits(self) -> tuple[Commit, ...]:
        """The commits as they were last read, in order."""
        return tuple(self._commits)

    @property
    def next_seq(self) -> int:
        """The number of the next commit."""
        return len(self._commits) + 1

    @property
    def last_sha256(self) -> str:
        """The SHA-256 of the last commit, which the next one names; empty without a commit."""
        return self._last_sha256

    def settle(self) -> tuple[Commit, ...]:
        """Every commit, after finishing one that another process claimed and did not finish."""
        while True:
            commits = self.refresh()
            intent = held(self._bucket, intent_path(self.next_seq))
            if intent is None:
                return commits
            self._finish(self.next_seq, intent)

    def append(
        self, draft: Callable[[tuple[Commit, ...], int], Draft], load_id: str, now: datetime
    ) -> Draft:
        """Add a commit, whole or not at all; returns the draft that was committed.

        Args:
            draft: makes the content after the commits given, with the number of the commit. It is
                called again after each commit that another process makes first.
            load_id: of the load or validation that makes the commit.
            now: the present.

        Raises:
            TrailscanError: the store could not be written.
        """
        while True:
            seq = self.next_seq
            made = draft(self.commits, seq)
            if not (made.files or made.accepted or made.is_news):
                return made
            commit = Commit(
                seq=seq,
                previous_sha256=self._last_sha256,
                load_id=load_id,
                tool=tool_name(),
                committed_at=now.astimezone(UTC),
                event_sources=made.event_sources,
                sources=made.sources,
                counts=made.counts,
                files=tuple(made.files),
                replaced=made.replaced,
                accepted=made.accepted,
                sessions_since=made.sessions_since,
                traced=made.traced,
                pruned=made.pruned or msgspec.UNSET,
                compacted=tuple(made.compacted) or msgspec.UNSET,
            )
            data = (*made.files.values(), *made.compacted.values())
            named = zip((file.path for file in commit.written), data, strict=True)
            done = self.try_commit(commit, dict(named))
            commits = self.settle()
            # Another process may have finished what this one began.
            if done or (len(commits) >= seq and commits[seq - 1].load_id == load_id):
                return made

    def unfinished(self) -> frozenset[str]:
        """The data files of a commit that was claimed and is not finished; none without one."""
        intent = held(self._bucket, intent_path(self.next_seq))
        if intent is None:
            return frozenset()
        return frozenset(unpack(intent, self.next_seq, self._files_of)[1])

    def _files_of(self, raw: bytes) -> dict[str, str]:
        """The SHA-256 of each data file, by path, of what is to be the next commit."""
        commit = decode_commit(raw, self.next_seq, self._last_sha256)
        self._moved(commit)  # checks it
        return {file.path: file.sha256 for file in commit.written}

    def tidy(self) -> None:
        """Remove spent intents, which a process leaves when it is killed."""
        for found in self._bucket.list_objects("_intent/"):
            name = _INTENT.fullmatch(found.key)
            if name and int(name[1]) < self.next_seq:
                self._remove(found.key)

    def try_commit(self, commit: Commit, files: Mapping[str, bytes]) -> bool:
        """Claim, publish and commit; returns False if another process has that number.

        Raises:
            TrailscanError: the store could not be written.
        """
        intent = pack(encode_commit(commit), files)
        path = intent_path(commit.seq)
        try:
            self._bucket.write_new(path, intent)
        except AlreadyExistsError:
            if held(self._bucket, path) != intent:  # not this one, whose answer was lost
                return False
        return self._finish(commit.seq, intent)

    def _finish(self, seq: int, intent: bytes) -> bool:
        """Publish and commit what an intent decided; returns False if the intent was spent.

        The check for the commit must come after the intent was read: a spent intent can only be
        created again after its commit exists. An intent that does not follow is a `StoreError`.
        """
        decided = held(self._bucket, ledger_path(seq)) is None
        if decided:
            raw, files = unpack(intent, seq, self._files_of)
            with ThreadPoolExecutor(_WRITERS) as writers:
                list(writers.map(self._bucket.write, files, files.values()))
            self._commit(seq, raw)
        self._remove(intent_path(seq))
        return decided

    def _commit(self, seq: int, raw: bytes) -> None:
        """Write the commit; another process may write the same one."""
        for _ in range(_CONFLICTS):
            try:
                return self._bucket.write_new(ledger_path(seq), raw)
            except AlreadyExistsError:
                try:
                    written = self._bucket.read(ledger_path(seq))
                except NotFoundError:  # S3 refuses both of two that write at once (409)
                    continue
                if written != raw:
                    raise StoreError(f"{ledger_path(seq)} differs from its intent") from None
                return None
        raise StoreError(f"{ledger_path(seq)} can neither be written nor read")

    def _remove(self, path: str) -> None:
        """Remove a spent intent; it may stay where deleting is not allowed."""
        try:
            self._bucket.delete(path)
        except TrailscanError:
            return
