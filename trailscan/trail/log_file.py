"""A log file: stored bytes -> the raw records of the wanted event sources.

This is written for speed: a byte search for the event source comes before any JSON parsing, and a
log file without a match that has its delivered form is never parsed. Its records are then counted
by `},{"eventVersion":"1.`, since CloudTrail begins each record this way.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import stringzilla

from trailscan.errors import DecodeError
from trailscan.trail.envelopes import RawRecord, read_records
from trailscan.trail.forms import encoding_of, to_utf8, unsupported_form
from trailscan.trail.gunzip import inflate
from trailscan.trail.issuing import issued_key_ids
from trailscan.trail.json_bytes import repeated_names

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_RECODED = 64 * 1024 * 1024
"""How many bytes may be recoded as UTF-8, or have their escapes replaced: that takes copies."""

_ESCAPED = re.compile(rb"\\u00([2-7][0-9a-fA-F])")
"""A printable character of ASCII as an escape of JSON."""

_FIRST = b'[{"eventVersion":"1.'
_NEXT = b'},{"eventVersion":"1.'
_DELIVERED_HEAD = b'{"Records":[{"eventVersion":"1.'
_NONE_DELIVERED = b'{"Records":[]}'
_DELIVERED_RECORD = b'{"eventVersion":"1.'
_HAS_SOURCE = b'Z","eventSource":"'
"""The end of a record's time and the beginning of its event source, as CloudTrail writes them."""


class Wanted:
    """The event sources to keep; None keeps them all.

    Attributes:
        issued: whether to list the access keys that records issued.
    """

    def __init__(self, event_sources: tuple[str, ...] | None, *, issued: bool = False) -> None:
        self.event_sources = event_sources
        self.issued = issued
        self._encoded = tuple(source.encode() for source in event_sources or ())
        self._escapable = any(b"/" in source for source in self._encoded)

    @property
    def text(self) -> str:
        """The event sources as one string, the same for the same set, as the ledger has them."""
        return "all" if self.event_sources is None else ",".join(sorted(set(self.event_sources)))

    def may_be_in(self, body: bytes | bytearray) -> bool:
        """Whether the bytes contain the name of any wanted event source."""
        if self.event_sources is None or self.is_in(body):
            return True
        if not self.may_have_escapes(body):
            return False
        return len(body) > _MOST_RECODED or self._may_be_escaped(bytes(body))

    def is_in(self, body: bytes | bytearray) -> bool:
        """Whether the bytes contain the name of any wanted event source, as it is."""
        for source in self._encoded:  # no generator: this runs once a record  # noqa: SIM110
            if stringzilla.find(body, source) >= 0:
                return True
        return False

    def may_have_escapes(self, body: bytes | bytearray) -> bool:
        """Whether the bytes can contain the name of a wanted event source, spelled with escapes."""
        first = int(stringzilla.find(body, b"\\"))  # one byte is found four times as fast
        return self._escapable or (first >= 0 and stringzilla.find(body, b"\\u00", first) >= 0)

    def _may_be_escaped(self, body: bytes) -> bool:
        """Whether the bytes contain the name of a wanted event source, spelled with escapes."""
        plain = _ESCAPED.sub(lambda escape: bytes.fromhex(escape[1].decode()), body)
        plain = plain.replace(b"\\", b"")  # of a slash, and of escapes in text inside of text
        return any(source in plain for source in self._encoded)


MAX_UNCLEAR = 1000
"""How many records without a readable event source a log file may have, each with its reject."""


MAX_CANDIDATES = 50_000
"""How many wanted records a log file may have, each with some 6 kB in memory."""

MAX_CANDIDATE_BYTES = 64 * 1024 * 1024
"""How many bytes the wanted records of a log file may have."""


class Candidate(NamedTuple):
    """A record of a wanted source, not yet decoded, and its position in the log file."""

    position: int
    record: RawRecord


class ScannedLogFile(NamedTuple):
    """The result of scanning a log file.

    Attributes:
        records: the number of its records.
        candidates: the records of a wanted event source, and those whose source is unclear.
        inflated_bytes: its uncompressed length.
        sha256: hex SHA-256 of the uncompressed bytes, as digests attest it; None without candidates
            unless it was requested.
        deviations: how it differs from its delivered form: `plain`, `gzip_members`,
            `trailing_bytes`, `utf-16`, `utf-32`.
        others: events that are no records of a call or service event, counted by kind.
        unclear: how many more records have no readable event source than are candidates.
        unclear_from: the position of the first of them.
        issued: the ids of access keys that records may have issued, if they were asked for.
        beyond: how many wanted records there are beyond the most that a log file may have.
        beyond_from: the position of the first of them.
    """

    records: int
    candidates: tuple[Candidate, ...]
    inflated_bytes: int
    sha256: str | None
    deviations: tuple[str, ...]
    others: dict[str, int] = {}  # noqa: RUF012  # never changed
    unclear: int = 0
    unclear_from: int = 0
    issued: tuple[bytes, ...] = ()
    beyond: int = 0
    beyond_from: int = 0


class _Source(msgspec.Struct):
    event_source: str | None = msgspec.field(name="eventSource", default=None)


_SOURCE = msgspec.json.Decoder(_Source)


def scan_log_file(
    stored: bytes, wanted: Wanted, *, hash_all: bool = False, most: int | None = None
) -> ScannedLogFile:
    """Scan a log file for records of the wanted event sources.

    Args:
        stored: the bytes as they are stored.
        wanted: the event sources to look for.
        hash_all: compute the SHA-256 even if no candidate is found.
        most: the limit of uncompressed bytes; None for the limit of any log file.

    Raises:
        DecodeError: nothing in it can be read: `empty`, `truncated_gzip`, `corrupt_gzip`,
            `inflates_too_large`, `not_json` or `unknown_envelope`.
    """
    body, deviations = inflate(stored, most)
    text, deviations = _readable(body, deviations)
    issued = issued_key_ids(text) if wanted.issued else ()
    is_delivered = not deviations and not wanted.may_be_in(text)
    if is_delivered and (count := _count_delivered(text)) is not None:
        sha256 = hashlib.sha256(body).hexdigest() if hash_all else None
        return ScannedLogFile(count, (), len(body), sha256, deviations, issued=issued)
    found = _find_candidates(text, wanted, deviations)
    sha256 = hashlib.sha256(body).hexdigest() if found.candidates or hash_all else None
    return found._replace(inflated_bytes=len(body), sha256=sha256, issued=issued)


def _readable(
    body: bytes | bytearray, deviations: tuple[str, ...]
) -> tuple[bytes | bytearray, tuple[str, ...]]:
    """The text of a body as UTF-8, and the deviations of the log file.

    Raises:
        DecodeError: `unsupported_form` or `invalid_encoding`.
    """
    if body.startswith(b'{"'):  # as nearly all do
        return body, deviations
    if form := unsupported_form(body):
        raise DecodeError("unsupported_form", f"the file is {form.form}; {form.hint}")
    encoding = encoding_of(body)
    if encoding is None:
        return body, deviations
    if len(body) > _MOST_RECODED:
        words = f"the log file has more than {_MOST_RECODED:,} bytes in {encoding[:6]}"
        raise DecodeError("inflates_too_large", f"{words}; convert it to UTF-8")
    return to_utf8(body, encoding), (*deviations, encoding[:6])


def _find_candidates(
    text: bytes | bytearray, wanted: Wanted, deviations: tuple[str, ...]
) -> ScannedLogFile:
    """The records of a text: how many there are, and which are candidates.

    Raises:
        DecodeError: as `read_records`.
    """
    candidates: list[Candidate] = []
    others: Counter[str] = Counter()
    position = unclear = left_out = first_left_out = size = beyond = beyond_from = 0
    is_odd = wanted.may_have_escapes(text) or stringzilla.find(text, b"\0") >= 0
    may_skip = wanted.event_sources is not None and not is_odd
    for record in _records(text, deviations):
        if record.other is not None:
            others[record.other] += 1
            continue
        is_skipped = may_skip and _is_of_another(record.raw, wanted)
        selected = False if is_skipped else _select(record.raw, wanted)
        if selected and (len(candidates) >= MAX_CANDIDATES or size > MAX_CANDIDATE_BYTES):
            beyond_from = beyond_from or position
            beyond += 1
        elif selected:
            candidates.append(Candidate(position, record))
            size += len(record.raw)
        elif selected is None:
            unclear += 1
            is_single = unclear <= MAX_UNCLEAR
            if is_single:
                candidates.append(Candidate(position, record._replace(times=1)))
            if more := record.times - is_single:
                first_left_out = first_left_out or position
                left_out += more
        position += record.times
    counts = (dict(others), left_out, first_left_out, (), beyond, beyond_from)
    return ScannedLogFile(position, tuple(candidates), 0, None, deviations, *counts)


def _records(body: bytes | bytearray, deviations: tuple[str, ...]) -> Iterator[RawRecord]:
    """The raw records; the error for plain bytes says that they are neither gzip nor JSON.

    Raises:
        DecodeError: as `read_records`.
    """
    try:
        yield from read_records(body)
    except DecodeError as error:
        if error.reason != "not_json" or deviations != ("plain",):
            raise
        raise DecodeError("not_json", f"neither gzip nor JSON: {error}") from None


def _count_delivered(body: bytes | bytearray) -> int | None:
    """The number of records of a body in its delivered form; None for any other form.

    A second list of records makes another form: log files after one another, or records inside of
    one. A list inside of a record whose first item begins otherwise is not seen: then the number of
    records filtered out is too large.
    """
    has_ends = body.startswith(_DELIVERED_HEAD) and body.endswith(b"}]}")
    if has_ends and stringzilla.find(body, _FIRST, len(_DELIVERED_HEAD)) < 0:
        return 1 + int(stringzilla.count(body, _NEXT))
    return 0 if body == _NONE_DELIVERED else None


def _select(raw: bytes, wanted: Wanted) -> bool | None:
    """Whether a record is of a wanted event source; None if its event source cannot be read.

    Messages of other services that AWS Lambda gets name `aws:kinesis` and the like, and hold what
    nobody looks into. No JSON has a NUL: a copy has it where a part was never written.
    """
    try:
        source = _SOURCE.decode(raw).event_source
        if source is None or source.startswith("aws:"):
            return None
        if wanted.event_sources is None or source in wanted.event_sources:
            return True
        is_unclear = b"\0" in raw or (wanted.may_be_in(raw) and _names_it_twice(raw))
    except (msgspec.MsgspecError, RecursionError, UnicodeError, DecodeError):
        return None
    return None if is_unclear else False


def _is_of_another(raw: bytes, wanted: Wanted) -> bool:
    """Whether a record as CloudTrail writes it is of an event source that is not wanted.

    This is a byte search in a record of a text without NUL, and without escapes in which a name
    could be spelled. A record that names a wanted event source anywhere is none of these.
    """
    if not raw.startswith(_DELIVERED_RECORD) or wanted.is_in(raw):
        return False
    return int(stringzilla.find(raw, _HAS_SOURCE)) > 0


def _names_it_twice(raw: bytes) -> bool:
    """Whether a record has two event sources, of which each reader of JSON takes another."""
    return "eventSource" in repeated_names(raw)
