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

from trailscan.store.paths import NO_DAY, DataFile
from trailscan.store.reader import read_files, select_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from trailscan.buckets import Bucket
    from trailscan.store.ledger import Commit

_LOG_FILE = ["bucket", "key", "etag", "status", "reason", "event_sources"]
_EVENT = ["recipient_account_id", "event_id", "record_sha256"]
_MOST_LOG_FILES = 4_000_000
"""How many log files are in memory at once, in 16 bytes each; a day is never cut."""
_MOST_EVENT_BYTES = 128 * 1024 * 1024
"""How many bytes of event identities stay in memory; the others are read again when needed."""
_DIGEST = np.dtype("S16")


class LogFileId(NamedTuple):
    """The version of a log file, and the delivery day in its name."""

    bucket: str
    key: str
    etag: str
    day: date | None


class _Day(NamedTuple):
    """The log files of one delivery day, each as a digest of its name and ETag, in order."""

    done: np.ndarray
    rejected: frozenset[bytes]
    files: frozenset[str]


_NOTHING = _Day(np.empty(0, _DIGEST), frozenset(), frozenset())


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
        for table in read_files(self._bucket, files, _LOG_FILE):
            ids = []
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
        return _Day(np.sort(np.concatenate(done)), frozenset(rejected), paths)


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
