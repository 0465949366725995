"""Which log files and events the store holds already.

New is whatever is listed and not known here; no watermark and no modification time decides. Log
files are known by delivery day, in 16 bytes each, and the days used least recently are dropped;
events are known by the day of their time. So memory grows with the window of a load, not with
history.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trailscan.events.schema import strings
from trailscan.store.copies import StoredRecord
from trailscan.store.paths import NO_DAY, DataFile
from trailscan.store.read_files import Selection, read_files, select_files
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from trailscan.buckets import Bucket
    from trailscan.store.ledger import Commit
    from trailscan.store.log_file_result import LogFileId

_LOG_FILE = ["bucket", "key", "etag", "status", "reason", "event_sources"]
_EVENT = ["recipient_account_id", "event_id", "record_sha256"]
_MOST_LOG_FILES = 4_000_000
"""How many log files are in memory at once, in 16 bytes each; a day is never cut."""
_MOST_EVENT_BYTES = 128 * 1024 * 1024
"""How many bytes of event identities stay in memory; the others are read again when needed."""
_DIGEST = np.dtype("S16")


Place = tuple[str, str]
"""A log file's bucket and key."""


class Reading(NamedTuple):
    """One reading of a log file, as the store has it; the names of the columns of `LOG_FILES`."""

    bucket: str
    key: str
    etag: str
    status: str
    reason: str | None
    event_sources: str
    records: int
    kept: int
    filtered_out: int
    duplicates: int
    rejects: int
    stored_sha256: str | None
    sha256: str | None

    def is_of(self, stored_sha256: str | None, sha256: str | None) -> bool:
        """Whether it is a reading of the same bytes, by the hash of either form."""
        if self.stored_sha256 is not None:
            return self.stored_sha256 == stored_sha256
        return self.sha256 is not None and self.sha256 == sha256


class _Day(NamedTuple):
    """The log files of one delivery day, each as a digest of its name and ETag, in order.

    `places` are hashes of the names of all log files that were ever read, whatever their ETag and
    whatever was looked for.
    """

    done: np.ndarray
    rejected: frozenset[bytes]
    files: frozenset[str]
    places: np.ndarray


_NOTHING = _Day(np.empty(0, _DIGEST), frozenset(), frozenset(), np.empty(0, np.int64))


class KnownLogFiles:
    """The log files of a store that were searched for at least some event sources."""

    def __init__(self, bucket: Bucket, event_sources: str) -> None:
        self._bucket = bucket
        self._wanted = event_sources
        self._commits: Sequence[Commit] = ()
        self._days: OrderedDict[date, _Day] = OrderedDict()
        self._lock = threading.Lock()

    def update(self, commits: Sequence[Commit]) -> None:
        """Take over the commits that were made meanwhile."""
        with self._lock:
            self._commits = commits

    def done(self, log_files: Collection[LogFileId]) -> list[bool]:
        """For each log file, whether it was read and its events are in the store."""
        found = [False] * len(log_files)
        by_day: defaultdict[date, list[tuple[int, LogFileId]]] = defaultdict(list)
        for at, one in enumerate(log_files):
            by_day[one.day or NO_DAY].append((at, one))
        for day, ids in by_day.items():
            held = self._day(day).done
            if not len(held):  # as in a new store: nothing to compare with
                continue
            wanted = _digests([_identity(one.bucket, one.key, one.etag) for _, one in ids])
            positions = np.searchsorted(held, wanted).tolist()
            for (at, _), position, identity in zip(ids, positions, wanted, strict=True):
                found[at] = position < len(held) and bool(held[position] == identity)
        return found

    def earlier(self, log_files: Collection[LogFileId]) -> dict[Place, list[Reading]]:
        """How each log file of the same names was read before, in the order of the ledger."""
        by_day: defaultdict[date, list[LogFileId]] = defaultdict(list)
        for one in log_files:
            by_day[one.day or NO_DAY].append(one)
        days: set[date] = set()
        keys: set[str] = set()
        for day, ids in by_day.items():
            held = self._day(day).places
            if not len(held):
                continue
            hashes = np.fromiter((hash(one[:2]) for one in ids), np.int64, len(ids))
            for one, is_held in zip(ids, np.isin(hashes, held).tolist(), strict=True):
                if is_held:
                    days.add(day)
                    keys.add(one.key)
        return self._readings(days, keys)

    def _readings(self, days: set[date], keys: set[str]) -> dict[Place, list[Reading]]:
        """The rows of log files of these days and keys, by bucket and key."""
        found: defaultdict[Place, list[Reading]] = defaultdict(list)
        if not keys:
            return found
        among = strings(sorted(keys))
        same = Selection(Window(), lambda rows: pc.is_in(rows["key"], value_set=among), ("key",))
        files = select_files(self._commits, "log_files", days)
        for table in read_files(self._bucket, files, list(Reading._fields), same):
            for values in zip(*(table[name].to_pylist() for name in Reading._fields), strict=True):
                reading = Reading(*values)
                found[reading.bucket, reading.key].append(reading)
        return found

    def is_rejected(self, log_file: LogFileId, reason: str) -> bool:
        """Whether the store has a log file as rejected for a reason."""
        identity = _identity(*log_file[:3], reason)
        return identity in self._day(log_file.day or NO_DAY).rejected

    def _day(self, day: date) -> _Day:
        """The log files of one day, including those of new commits; read on first use."""
        with self._lock:
            held = self._days.pop(day, _NOTHING)
            files = [
                file
                for file in select_files(self._commits, "log_files", [day])
                if file.path not in held.files
            ]
            if files:
                held = self._read(held, files)
            self._days[day] = held
            while len(self._days) > 1 and sum(len(d.done) for d in self._days.values()) > (
                _MOST_LOG_FILES
            ):
                self._days.popitem(last=False)
            return held

    def _read(self, held: _Day, files: list[DataFile]) -> _Day:
        """The log files of a day, with those of more data files added."""
        done, rejected = [held.done], set(held.rejected)
        places = [held.places]
        for table in read_files(self._bucket, files, _LOG_FILE):
            ids = []
            names = zip(*(table[name].to_pylist() for name in ("bucket", "key")), strict=True)
            places.append(np.fromiter(map(hash, names), np.int64, table.num_rows))
            rows = zip(*(table[name].to_pylist() for name in _LOG_FILE), strict=True)
            for bucket, key, etag, status, reason, event_sources in rows:
                if not covers(event_sources, self._wanted):
                    continue
                if status == "done":
                    ids.append(_identity(bucket, key, etag))
                else:
                    rejected.add(_identity(bucket, key, etag, reason))
            done.append(_digests(ids))
        paths = held.files.union(file.path for file in files)
        return _Day(
            np.sort(np.concatenate(done)),
            frozenset(rejected),
            paths,
            np.unique(np.concatenate(places)),
        )


class KnownEvents:
    """The events of a store by account and id."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._cached: dict[str, pa.Table] = {}
        self._bytes = 0

    def find(
        self, commits: Iterable[Commit], days: Collection[date], event_ids: Collection[str]
    ) -> defaultdict[tuple[str, str], set[str]]:
        """The record hashes of the events of some days that have one of these ids."""
        found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        files = select_files(commits, "events", days)
        if not event_ids or not files:
            return found
        ids = pa.array(sorted(event_ids), pa.string())
        for table in self._tables(files):
            same = table.filter(pc.is_in(table["event_id"], value_set=ids))
            for account, event_id, sha256 in zip(*same.to_pydict().values(), strict=True):
                found[(account, event_id)].add(sha256)
        return found

    def records(
        self, commits: Sequence[Commit], day: date, event_ids: Collection[str]
    ) -> dict[tuple[str, str], list[StoredRecord]]:
        """The records of the events of a day that have one of these ids, by key.

        Those of which a later commit has a copy with more members are left out.
        """
        found: defaultdict[tuple[str, str], list[StoredRecord]] = defaultdict(list)
        ids = strings(sorted(event_ids))
        same = Selection(
            Window(), lambda rows: pc.is_in(rows["event_id"], value_set=ids), ("event_id",)
        )
        replaced = (commit.replaced for commit in commits)
        superseded = {sha256 for one in replaced if one for sha256 in one.records_sha256}
        names = [*_EVENT, "record", "conflict"]
        for table in read_files(self._bucket, select_files(commits, "events", [day]), names, same):
            columns = (table[name].to_pylist() for name in names)
            for account, event_id, *record in zip(*columns, strict=True):
                if record[0] not in superseded:
                    found[account, event_id].append(StoredRecord(*record))
        return found

    def _tables(self, files: list[DataFile]) -> Iterable[pa.Table]:
        """The identities in data files, cached as far as there is room."""
        missing = [file for file in files if file.path not in self._cached]
        yield from (self._cached[file.path] for file in files if file.path in self._cached)
        for file, table in zip(missing, read_files(self._bucket, missing, _EVENT), strict=True):
            if self._bytes + table.nbytes <= _MOST_EVENT_BYTES:
                self._cached[file.path] = table
                self._bytes += table.nbytes
            yield table


def covers(done: str, wanted: str) -> bool:
    """Whether a search for one set of event sources also found those of another set."""
    return done == wanted or (
        done == "all" or (wanted != "all" and set(wanted.split(",")) <= set(done.split(",")))
    )


def _digests(identities: list[bytes]) -> np.ndarray:
    """Identities as one array, 16 bytes each."""
    return np.frombuffer(b"".join(identities), _DIGEST)


def _identity(*parts: str) -> bytes:
    """16 bytes that identify the name and version of a log file."""
    return hashlib.blake2b(
        "\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16
    ).digest()
