"""The log files that a load read, by the access keys that their records issued."""

from __future__ import annotations

import contextlib
import re
import threading
from array import array
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from trailscan.buckets import ObjectInfo
from trailscan.errors import DecodeError
from trailscan.events.event import decode_object
from trailscan.events.row import nested_json
from trailscan.ingest.plan import PlannedFile
from trailscan.ingest.scan import NO_LOG_FILES, decode_candidate, new_result, read_planned
from trailscan.sessions.issued import STS, read_issued
from trailscan.store.log_file_result import LogFileResult
from trailscan.trail.keys import parse_key
from trailscan.trail.log_file import Wanted, scan_log_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from trailscan.buckets import Bucket
    from trailscan.events.row import EventRow
    from trailscan.ingest.reading import LargeOneAtATime
    from trailscan.sessions.issued import Issued
    from trailscan.trail.log_file import ScannedLogFile

HELD_BYTES = 64 * 1024 * 1024
"""How many bytes of log files that issued credentials are held; the others are read again."""

_SAMPLED = 20  # log files, to learn how late they are delivered
_TIMES = 50  # of the events of each

_MOST_KEYS = 4_000_000  # 12 bytes each
_STS = Wanted((STS,), issued=True)
_SECRETS = frozenset(
    {"sessiontoken", "secretaccesskey", "webidentitytoken", "samlassertion", "tokencode"}
)
_TOKEN = re.compile(r"[A-Za-z0-9+/=_.-]{100,}")
REMOVED = "removed by trailscan"
"""What stands in a kept record in place of what may be a secret."""


class LogFilePlace(NamedTuple):
    """A log file that can be searched for issuing records.

    Attributes:
        result: names it.
        planned: how to read it again; None for standard input.
        stored: its bytes, if they are held.
    """

    result: LogFileResult
    planned: PlannedFile | None
    stored: bytes | None = None


class _Places:
    """Log files by number; of those without their bytes only what a listing says, packed.

    Of a load of years nearly every log file may have issued credentials: objects take 900 bytes
    each, packed they take 250.
    """

    def __init__(self) -> None:
        self._places: list[LogFilePlace | bytes] = []
        self._buckets: list[Bucket] = []
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(tuple[int, ObjectInfo, str]).decode

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, number: int) -> LogFilePlace:
        place = self._places[number]
        if isinstance(place, LogFilePlace):
            return place
        bucket, info, kind = self._decode(place)
        trail = parse_key(info.key)._replace(kind=kind)
        planned = PlannedFile(self._buckets[bucket], info, trail)
        return LogFilePlace(new_result(planned), planned)

    def add(self, result: LogFileResult, planned: PlannedFile | None, stored: bytes | None) -> None:
        """Add a log file."""
        packed = None if stored is not None or planned is None else self._pack(planned)
        self._places.append(packed or LogFilePlace(_named(result), planned, stored))

    def _pack(self, planned: PlannedFile) -> bytes | None:
        """A planned log file in few bytes; None if they would not tell all of it."""
        bucket, info, trail = planned
        if parse_key(info.key)[1:] != trail[1:]:  # all but the kind
            return None
        if bucket not in self._buckets:
            self._buckets.append(bucket)
        with contextlib.suppress(UnicodeEncodeError):  # the name of a local file may be any bytes
            return self._encode((self._buckets.index(bucket), info, trail.kind))
        return None

    def with_bytes(self) -> list[LogFilePlace]:
        """The log files whose bytes are held."""
        places = (place for place in self._places if isinstance(place, LogFilePlace))
        return [place for place in places if place.stored is not None]


class FoundRecords(NamedTuple):
    """What was found in a log file.

    Attributes:
        result: names it, with the events that are kept.
        issued: the issuing records.
        stored_bytes: how many bytes were read for it.
        delays: how long after its events it was delivered.
    """

    result: LogFileResult
    issued: tuple[Issued, ...] = ()
    stored_bytes: int = 0
    delays: tuple[timedelta, ...] = ()


class IssuingLogFiles:
    """The log files that a load read; many threads may add to it.

    Attributes:
        keys_read: whether a record that was read may have issued credentials.
        earliest: the earliest delivery of a log file with such a record; None if the name of one
            does not say when.
    """

    def __init__(self) -> None:
        self._keys, self._places_of = array("q"), array("I")
        self._places = _Places()
        self._read: set[int] = set()
        self._held = 0
        self.keys_read = False
        self.earliest: datetime | None = datetime.max.replace(tzinfo=UTC)
        self._lock = threading.Lock()

    def add(
        self,
        result: LogFileResult,
        planned: PlannedFile | None,
        stored: bytes | None,
        issued: Collection[bytes],
    ) -> None:
        """Add a log file with the ids of the access keys that its records may have issued.

        Without its bytes it is read again if it is needed.
        """
        keys = [hash(key) for key in issued]
        with self._lock:
            if keys:
                self.keys_read = True
                earliest, delivered = self.earliest, result.delivered
                self.earliest = min(earliest, delivered) if earliest and delivered else None
            if len(self._read) < _MOST_KEYS:  # beyond it, one may be read a second time
                self._read.add(hash((result.bucket, result.key)))
            if not keys or len(self._keys) > _MOST_KEYS:
                return
            size = 0 if stored is None else len(stored)
            hold = planned is None or self._held + size <= HELD_BYTES
            self._held += size if hold else 0
            self._keys.extend(keys)
            self._places_of.extend(array("I", [len(self._places)]) * len(keys))
            self._places.add(result, planned, stored if hold else None)

    def has_read(self, bucket: str, key: str) -> bool:
        """Whether the load read a log file."""
        return hash((bucket, key)) in self._read

    def sample(self) -> list[LogFilePlace]:
        """Some log files whose bytes are held, from the first to the last."""
        held = self._places.with_bytes()
        return held[:: 1 + len(held) // _SAMPLED]

    def find(self, key_ids: Iterable[str]) -> list[LogFilePlace]:
        """The log files whose records may have issued one of some access keys."""
        if not self._keys:
            return []
        wanted = np.array([hash(key.encode()) for key in key_ids], np.int64)
        found = np.isin(np.array(self._keys, np.int64), wanted)
        places = np.unique(np.array(self._places_of, np.uint32)[found])
        return [self._places[at] for at in places.tolist()]


class ReadLogFile(NamedTuple):
    """A log file that was read for tracing alone.

    Attributes:
        place: its bytes.
        issued: the access keys that it may have issued.
        delays: how long after its events it was delivered.
    """

    place: LogFilePlace
    issued: frozenset[str]
    delays: tuple[timedelta, ...] = ()


def read_log_file(
    log_files: IssuingLogFiles, planned: PlannedFile, large: LargeOneAtATime
) -> ReadLogFile | None:
    """Read a log file that the load did not read, and add it; None if it cannot be read.

    What its first bytes show to be something else has no records.
    """
    fetched = read_planned(planned)
    stored = fetched.stored
    place = LogFilePlace(_named(fetched.result), planned, stored)
    if stored is None:
        if fetched.result.kind not in NO_LOG_FILES:
            return None
        log_files.add(fetched.result, planned, None, ())
        place.result.stored_bytes = 0
        return ReadLogFile(place, frozenset())
    try:
        scanned = large.run(lambda most: scan_log_file(stored, _STS, most=most))
    except DecodeError:  # a load that reads it names it
        log_files.add(fetched.result, planned, stored, ())
        return ReadLogFile(place, frozenset())
    log_files.add(fetched.result, planned, stored, scanned.issued)
    issued = frozenset(key.decode() for key in scanned.issued)
    return ReadLogFile(place, issued, _delays(scanned, fetched.result.delivered))


def search(
    place: LogFilePlace, key_ids: Collection[str], large: LargeOneAtATime
) -> FoundRecords | None:
    """The records of a log file that issued some access keys; None if it cannot be read."""
    stored, read = place.stored, 0
    if stored is None and place.planned is not None:
        fetched = read_planned(place.planned)
        stored, read = fetched.stored, fetched.result.stored_bytes
    if stored is None:
        return None
    data = stored
    try:
        scanned = large.run(lambda most: scan_log_file(data, _STS, most=most))
    except DecodeError:
        return FoundRecords(place.result, stored_bytes=read)  # the load has it among its rejects
    rows: list[EventRow] = []
    issued: list[Issued] = []
    for candidate in scanned.candidates:
        try:
            row = decode_candidate(candidate, _STS, place.result.account_id)
        except DecodeError:
            continue
        where = f"{place.result.bucket}/{place.result.key}#{candidate.position}"
        one = read_issued(row.event, where) if row else None
        if row and one and one.access_key_id in key_ids:
            rows.append(_without_secrets(row))
            issued.append(one)
    result = _named(place.result)
    result.sha256, result.events, result.records = scanned.sha256, rows, len(rows)
    return FoundRecords(result, tuple(issued), read, _delays(scanned, result.delivered))


class _Timed(msgspec.Struct):
    event_time: datetime = msgspec.field(name="eventTime")


_TIMED = msgspec.json.Decoder(_Timed)


def _delays(scanned: ScannedLogFile, delivered: datetime | None) -> tuple[timedelta, ...]:
    """How long after some of its events a log file was delivered, as far as its name says."""
    delays = list[timedelta]()
    if delivered is None:
        return ()
    for candidate in scanned.candidates[:_TIMES]:
        with contextlib.suppress(msgspec.MsgspecError, RecursionError, UnicodeError, TypeError):
            delays.append(delivered - _TIMED.decode(candidate.record.raw).event_time)
    return tuple(delays)


def _named(result: LogFileResult) -> LogFileResult:
    """The name and version of a log file, without what it holds."""
    return LogFileResult(
        bucket=result.bucket,
        key=result.key,
        etag=result.etag,
        stored_bytes=result.stored_bytes,
        organization_id=result.organization_id,
        account_id=result.account_id,
        region=result.region,
        delivered=result.delivered,
        day=result.day,
    )


def _without_secrets(row: EventRow) -> EventRow:
    """An event whose record holds nothing that may be a secret; its hash is the record's own."""
    record = _cleaned(decode_object(row.record))
    text = msgspec.json.encode(record).decode()
    return row._replace(record=text, nested=nested_json(record))


def _cleaned(value: Any) -> Any:
    """A JSON value in which secrets are replaced."""
    if isinstance(value, dict):
        return {
            name: REMOVED if name.casefold() in _SECRETS and inner else _cleaned(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(inner) for inner in value]
    return REMOVED if isinstance(value, str) and _TOKEN.fullmatch(value) else value
