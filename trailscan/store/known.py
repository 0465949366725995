"""Which log files the store holds already: the set that makes late files findable.

What is new is what a listing holds and this does not: never a watermark, never a time of change.
The set is read a delivery day at a time, so it grows with the window looked at, not with history.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from trailscan.store.layout import NO_DAY
from trailscan.store.reader import read_files, select_files

if TYPE_CHECKING:
    from datetime import date

    from trailscan.buckets import Bucket
    from trailscan.store.ledger import Commit

_COLUMNS = ["bucket", "key", "etag", "status", "reason", "event_sources"]


class _Day(NamedTuple):
    """The log files of one delivery day, each as a digest of its name and ETag."""

    done: set[bytes]
    rejected: set[bytes]


class KnownLogFiles:
    """The log files of a store that were searched for at least the wanted event sources."""

    def __init__(self, bucket: Bucket, commits: tuple[Commit, ...], event_sources: str) -> None:
        self._bucket = bucket
        self._commits = commits
        self._wanted = event_sources
        self._days: dict[date, _Day] = {}

    def is_done(self, bucket: str, key: str, etag: str, day: date | None) -> bool:
        """Whether this version of a log file was read and its events are in the store."""
        return _identity(bucket, key, etag) in self._day(day or NO_DAY).done

    def is_rejected(self, bucket: str, key: str, etag: str, day: date | None, reason: str) -> bool:
        """Whether it is on record as rejected for that reason."""
        return _identity(bucket, key, etag, reason) in self._day(day or NO_DAY).rejected

    def _day(self, day: date) -> _Day:
        """One day's log files, read when first asked for."""
        if day not in self._days:
            self._days[day] = self._read(day)
        return self._days[day]

    def _read(self, day: date) -> _Day:
        found = _Day(set(), set())
        files = select_files(self._commits, "log_files", [day])
        for table in read_files(self._bucket, files, _COLUMNS):
            rows = zip(*(table[name].to_pylist() for name in _COLUMNS), strict=True)
            for bucket, key, etag, status, reason, event_sources in rows:
                if not covers(event_sources, self._wanted):
                    continue
                if status == "done":
                    found.done.add(_identity(bucket, key, etag))
                else:
                    found.rejected.add(_identity(bucket, key, etag, reason))
        return found


def covers(done: str, wanted: str) -> bool:
    """Whether a search for one set of event sources found what another would."""
    return done == "all" or (wanted != "all" and set(wanted.split(",")) <= set(done.split(",")))


def _identity(*parts: str) -> bytes:
    """16 bytes that stand for a log file's name and version."""
    return hashlib.blake2b(
        "\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16
    ).digest()
