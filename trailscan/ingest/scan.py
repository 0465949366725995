"""One log file: read, inflate, find the wanted records, decode them. Never raises for bad input."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from trailscan.errors import DecodeError, TrailscanError
from trailscan.events.event import decode_event, decode_with_texts, record_sha256
from trailscan.events.row import EventRow, nested_json, without_nested
from trailscan.ingest.reading import LargeOneAtATime, read_listed
from trailscan.ingest.room import NoRoomError
from trailscan.location import STDIN, key_text
from trailscan.numbers import counted
from trailscan.store.log_file_result import LogFileResult, Reject
from trailscan.trail.deliveries import is_document
from trailscan.trail.forms import (
    ENOUGH,
    is_marker_of_macos,
    may_be_log_file,
    unsupported_form,
)
from trailscan.trail.gunzip import MAX_INFLATED_BYTES
from trailscan.trail.json_bytes import repeated_names, twice_inside
from trailscan.trail.keys import is_log_file_name
from trailscan.trail.log_file import (
    MAX_CANDIDATE_BYTES,
    MAX_CANDIDATES,
    MAX_UNCLEAR,
    Candidate,
    ScannedLogFile,
    Wanted,
    scan_log_file,
)

if TYPE_CHECKING:
    from trailscan.events.event import Decoded
    from trailscan.ingest.plan import PlannedFile
    from trailscan.ingest.room import Room

NO_LOG_FILES = frozenset({"marker", "document"})
"""The kinds of objects that hold no records, as their first bytes show."""

_WHOLE_EVENTS = 2000

_EVENT_BYTES, _COPIES = 5000, 3
"""What an event takes in memory until it is committed, but at least so many times its text."""

_STORED_BYTES = 4 * 1024 * 1024
"""Larger log files are read again to trace sessions."""


class Fetched(NamedTuple):
    """A log file that was read: the result to fill, and its bytes; None if it cannot be read."""

    planned: PlannedFile
    result: LogFileResult
    stored: bytes | None


class Scanned(NamedTuple):
    """A log file that was scanned.

    Attributes:
        planned: how to read it again.
        result: what it holds.
        issued: the ids of the access keys that its records may have issued.
        stored: its bytes, if it may have issued any; they need not be read again to trace them.
        was_read: whether its bytes could be read.
        is_left: there was no room for its events; only `planned` says something.
    """

    planned: PlannedFile
    result: LogFileResult
    issued: tuple[bytes, ...] = ()
    stored: bytes | None = None
    was_read: bool = True
    is_left: bool = False


class Scanner:
    """Scans log files that were read, in any number of threads.

    Args:
        wanted: the event sources to keep.
        large: shared by all that scan at the same time.
        hash_all: hash the uncompressed bytes even if no wanted event is among them.
    """

    def __init__(self, wanted: Wanted, large: LargeOneAtATime, *, hash_all: bool) -> None:
        self._wanted = wanted
        self._large = large
        self._hash_all = hash_all

    def read(self, planned: PlannedFile, room: Room | None = None) -> Scanned:
        """Read and scan one log file, as `scan`."""
        with self._large.turn(planned.info.size):
            return self.scan(read_planned(planned), room)

    def scan(self, fetched: Fetched, room: Room | None = None) -> Scanned:
        """Scan one log file; a remote one that cannot be used is read and scanned once more.

        A bit that flipped on the network says nothing about the log file.

        Args:
            fetched: the log file.
            room: for its events; None if they need not wait.
        """
        try:
            return self._scan_twice(fetched, room)
        except NoRoomError:
            return Scanned(fetched.planned, new_result(fetched.planned), is_left=True)

    def _scan_twice(self, fetched: Fetched, room: Room | None) -> Scanned:
        """Scan one log file, and once more if it came from afar and cannot be used."""
        planned, result, stored = fetched
        scanned = self._scan(fetched, room)
        is_final = result.failure is None or result.kind != "log_file"
        if stored is None or is_final or not planned.bucket.is_remote:
            return scanned
        again = read_planned(planned)
        if again.stored is None or again.stored == stored:
            return scanned
        return self._scan(again, room)

    def _scan(self, fetched: Fetched, room: Room | None) -> Scanned:
        """Fill the result of a log file that was read."""
        planned, result, stored = fetched
        issued = scan_planned(
            fetched, self._wanted, self._large, hash_all=self._hash_all, room=room
        )
        is_held = stored is not None and issued and len(stored) <= _STORED_BYTES
        return Scanned(planned, result, issued, stored if is_held else None, stored is not None)


def new_result(planned: PlannedFile) -> LogFileResult:
    """The result to fill for a planned log file."""
    trail, info = planned.trail, planned.info
    return LogFileResult(
        bucket=planned.bucket.name,
        key=key_text(info.key),
        etag=info.etag,
        stored_bytes=max(0, info.size),
        organization_id=trail.organization_id,
        account_id=trail.account_id,
        region=trail.region,
        delivered=trail.delivered,
        day=trail.day,
    )


def read_planned(planned: PlannedFile) -> Fetched:
    """Read a planned log file; if it cannot be read, the reason is a reject of its result."""
    trail, info = planned.trail, planned.info
    result = new_result(planned)
    try:
        refused = _refused(planned, result)
        stored = b"" if refused else read_listed(planned.bucket, info, planned.bucket.read, len)
    except TrailscanError as error:
        if trail.kind == "unknown":
            result.kind = "unrecognised"
        result.rejects = (Reject(None, error.reason, error.line),)
        return Fetched(planned, result, None)
    if refused:
        result.rejects = (refused,)
        return Fetched(planned, result, None)
    result.stored_bytes = len(stored)
    return Fetched(planned, result, stored)


def _refused(planned: PlannedFile, result: LogFileResult) -> Reject | None:
    """Why an object is not read, after a look at its first bytes if its name says nothing.

    Raises:
        TrailscanError: its first bytes cannot be read.
    """
    info, unknown = planned.info, planned.trail.kind == "unknown"
    is_foreign = info.outside and not (is_log_file_name(info.key, info.outside))
    if info.odd or is_foreign:
        result.kind = "unrecognised"
        why = info.odd or f"a link to {info.outside}, which is outside of the source"
        return Reject(None, "not_read", f"it is {why}; its content was not read")
    if unknown:
        start = planned.bucket.read_start(info.key, info.etag or None, ENOUGH)
        if is_marker_of_macos(start):
            result.kind = "marker"
            return Reject(None, "marker", "a file of macOS")
        if not may_be_log_file(start):
            form = unsupported_form(start)
            if form is None and is_document(info.key.rpartition("/")[2]):
                result.kind = "document"
                return Reject(None, "document", "documentation or program source")
            result.kind = "unrecognised"
            words = f"the file is {form.form}; {form.hint}" if form else "neither gzip nor JSON"
            return Reject(None, "unrecognised", words)
    if info.size > MAX_INFLATED_BYTES:
        result.kind = "unrecognised" if unknown else "log_file"
        words = f"it has {info.size:,} bytes, expected at most {MAX_INFLATED_BYTES:,}"
        return Reject(None, "too_large", words)
    return None


def stream_result(stored: bytes) -> LogFileResult:
    """The result to fill for a stream, which is known by the hash of its content."""
    sha256 = hashlib.sha256(stored).hexdigest()
    return LogFileResult(bucket=STDIN, key=sha256, etag=sha256, stored_bytes=len(stored))


def scan_planned(
    fetched: Fetched,
    wanted: Wanted,
    large: LargeOneAtATime,
    *,
    hash_all: bool = False,
    room: Room | None = None,
) -> tuple[bytes, ...]:
    """Fill the result of a log file that was read.

    An object that neither name nor content shows as a log file is not recognised. Of the content of
    a file outside of the source that is no log file, nothing is kept.

    Returns:
        The ids of the access keys that its records may have issued, if `wanted` asks for them.

    Raises:
        NoRoomError: as `scan_into`.
    """
    result, planned = fetched.result, fetched.planned
    if fetched.stored is None:
        return ()
    issued = scan_into(result, fetched.stored, wanted, large, hash_all=hash_all, room=room)
    failure = result.failure
    if failure is not None and planned.trail.kind == "unknown":
        result.kind = "unrecognised"
        result.rejects = (failure._replace(reason="unrecognised"),)
    if result.rejects and planned.info.outside:
        words = f"a link to {planned.info.outside}, outside of the source, which is no log file"
        result.rejects = tuple(one._replace(message=words, raw=b"") for one in result.rejects)
    return issued


def scan_into(
    result: LogFileResult,
    stored: bytes,
    wanted: Wanted,
    large: LargeOneAtATime,
    *,
    hash_all: bool = False,
    room: Room | None = None,
) -> tuple[bytes, ...]:
    """Fill a result with what a log file holds: its wanted events, its rejects, its counts.

    Returns:
        The ids of the access keys that its records may have issued, if `wanted` asks for them.

    Args:
        result: of this log file.
        stored: its bytes as they are stored.
        wanted: the event sources to keep.
        large: shared by all threads that scan.
        hash_all: hash the uncompressed bytes even if no wanted event is among them.
        room: for its events, from which its `held_bytes` are taken; None if they need not wait.

    Raises:
        NoRoomError: there is not as much room; the result is of no use.
    """
    result.stored_sha256 = hashlib.sha256(stored).hexdigest()
    try:
        scanned = large.run(
            lambda most: scan_log_file(stored, wanted, hash_all=hash_all, most=most)
        )
    except DecodeError as error:
        result.rejects = (Reject(None, error.reason, str(error), error.json_path),)
        return ()
    result.records = scanned.records
    result.inflated_bytes = scanned.inflated_bytes
    result.sha256 = scanned.sha256
    result.deviations = scanned.deviations
    result.others = scanned.others
    if scanned.candidates:
        texts = sum(len(record.raw) for _, record in scanned.candidates)
        most = max(_EVENT_BYTES * len(scanned.candidates), _COPIES * texts)
        if room is not None and not room.take(most):
            raise NoRoomError
        result.events, result.rejects = _decode(scanned, wanted, result.account_id)
        result.held_bytes = _held_bytes(result)
        if room is not None:
            room.give(most - result.held_bytes)
    return scanned.issued


def _held_bytes(result: LogFileResult) -> int:
    """About how many bytes the events and rejects of a log file take until they are committed."""
    texts = sum(len(row.record) for row in result.events)
    raw = sum(len(reject.raw) for reject in result.rejects)
    return max(_EVENT_BYTES * len(result.events), _COPIES * texts) + _COPIES * raw


def _decode(
    scanned: ScannedLogFile, wanted: Wanted, account_id: str | None
) -> tuple[list[EventRow], list[Reject]]:
    """The events of the candidates, and the rejects: those that cannot be decoded.

    Beyond a thousand rejects the others are one more, which counts them. Beyond a few thousand
    events what is nested in them stays in memory as text only.
    """
    events: list[EventRow] = []
    rejects: list[Reject] = []
    more, first = scanned.unclear, scanned.unclear_from
    for position, record in scanned.candidates:
        try:
            row = decode_candidate(Candidate(position, record), wanted, account_id)
        except DecodeError as error:
            if len(rejects) < MAX_UNCLEAR:
                rejects.append(Reject.of_record(position, error, record.raw))
            else:
                more, first = more + 1, first or position
        else:
            if row is not None:
                events.append(row if len(events) < _WHOLE_EVENTS else without_nested(row))
    if more:
        words = f"{counted(more, 'more record')} of this log file cannot be used"
        rejects.append(Reject(first, "too_many_rejects", words, times=more))
    if scanned.beyond:
        words = (
            f"{counted(scanned.beyond, 'more wanted record')} of this log file: it has more than "
            f"{MAX_CANDIDATES:,} or {MAX_CANDIDATE_BYTES:,} bytes of them; divide it"
        )
        beyond = Reject(scanned.beyond_from, "too_many_records", words, times=scanned.beyond)
        rejects.append(beyond)
    return events, rejects


def _check_names(raw: bytes, decoded: Decoded) -> None:
    """Refuse a record with a name twice in an object, of which readers take one or the other.

    Raises:
        DecodeError: `repeated_name`.
    """
    texts: list[bytes | str] = [*decoded.parsed]
    if raw != decoded.text:
        texts.append(raw)
    for text in texts:
        if (name := twice_inside(text)) is not None:
            path = f"$.{name}" if name in repeated_names(raw) else "$"
            raise DecodeError("repeated_name", f"the record has {name!r} twice", path)


def decode_candidate(
    candidate: Candidate, wanted: Wanted, account_id: str | None
) -> EventRow | None:
    """The event of a candidate; None if its event source is not wanted after all.

    Args:
        candidate: a raw record.
        wanted: the event sources to keep.
        account_id: the account in the name of the log file, for records without an account.

    Raises:
        DecodeError: the record is unusable.
    """
    raw = candidate.record.raw
    decoded = decode_with_texts(raw)
    _check_names(raw, decoded)
    record = decoded.record
    source = record.get("eventSource")
    if source is None:
        raise DecodeError("event_source_missing", "eventSource is missing", "$.eventSource")
    if not isinstance(source, str):
        raise DecodeError("unexpected_type", "eventSource is not a string", "$.eventSource")
    if source.startswith("aws:"):
        words = f"a message of {source} without a CloudTrail record that can be read; decode it"
        raise DecodeError("unknown_envelope", words, "$.eventSource")
    if wanted.event_sources is not None and source not in wanted.event_sources:
        return None
    event = decode_event(record)
    recipient = (
        event.recipient_account_id
        or candidate.record.account_id
        or account_id
        or event.user_identity.account_id
        or ""
    )
    return EventRow(
        event=event,
        recipient_account_id=recipient,
        record=raw.decode(),
        record_sha256=record_sha256(record),
        nested=nested_json(record),
        record_index=candidate.position,
    )
