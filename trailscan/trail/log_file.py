"""A log file: stored bytes -> the raw records of the wanted event sources.

This is written for speed: a byte search for the event source comes before any JSON parsing, and a
log file without a match that has its delivered form is never parsed. Its records are then counted
by `},{"eventVersion":"1.`, since CloudTrail begins each record this way.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, NamedTuple

import deflate
import msgspec
import stringzilla

from trailscan.errors import DecodeError
from trailscan.trail.envelopes import RawRecord, read_records

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_INFLATED_BYTES = 256 * 1024 * 1024
"""A log file that inflates to more is rejected, which makes a gzip bomb harmless."""

_MAX_RATIO = 1032  # what deflate can reach at most, so that a larger claim is a lie
_PIECE = 1024 * 1024
_GZIP = b"\x1f\x8b"
_MEMBER = b"\x1f\x8b\x08"
_NEXT = b'},{"eventVersion":"1.'
_DELIVERED_HEAD = b'{"Records":[{"eventVersion":"1.'
_NONE_DELIVERED = b'{"Records":[]}'


class Wanted:
    """The event sources to keep; None keeps them all."""

    def __init__(self, event_sources: tuple[str, ...] | None) -> None:
        self.event_sources = event_sources
        self._encoded = tuple(source.encode() for source in event_sources or ())

    @property
    def text(self) -> str:
        """The event sources as one string, the same for the same set, as the ledger has them."""
        return "all" if self.event_sources is None else ",".join(sorted(set(self.event_sources)))

    def may_be_in(self, body: bytes | bytearray) -> bool:
        """Whether the bytes contain the name of any wanted event source."""
        if self.event_sources is None:
            return True
        for source in self._encoded:  # no generator: this runs once a record  # noqa: SIM110
            if stringzilla.find(body, source) >= 0:
                return True
        return False


class Inflated(NamedTuple):
    """The uncompressed bytes of a log file, and how it differs from its delivered form."""

    body: bytes | bytearray
    deviations: tuple[str, ...] = ()


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
            `trailing_bytes`.
    """

    records: int
    candidates: tuple[Candidate, ...]
    inflated_bytes: int
    sha256: str | None
    deviations: tuple[str, ...]


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
        most: the limit of uncompressed bytes; None for `MAX_INFLATED_BYTES`.

    Raises:
        DecodeError: nothing in it can be read: `empty`, `truncated_gzip`, `corrupt_gzip`,
            `inflates_too_large`, `not_json` or `unknown_envelope`.
    """
    body, deviations = inflate(stored, most)
    if not wanted.may_be_in(body) and (count := _count_delivered(body)) is not None:
        sha256 = hashlib.sha256(body).hexdigest() if hash_all else None
        return ScannedLogFile(count, (), len(body), sha256, deviations)
    candidates, index = [], -1
    for index, record in enumerate(_records(body, deviations)):  # the last index counts
        if _is_candidate(record.raw, wanted):
            candidates.append(Candidate(index, record))
    sha256 = hashlib.sha256(body).hexdigest() if candidates or hash_all else None
    return ScannedLogFile(index + 1, tuple(candidates), len(body), sha256, deviations)


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
    """The number of records of a body in its delivered form; None for any other form."""
    if body.startswith(_DELIVERED_HEAD) and body.endswith(b"}]}"):
        return 1 + int(stringzilla.count(body, _NEXT))
    return 0 if body == _NONE_DELIVERED else None


def _is_candidate(raw: bytes, wanted: Wanted) -> bool:
    """Whether a record is of a wanted event source, or too broken to decide."""
    if raw[:1] != b"{" or b'"eventSource"' not in raw:
        return True
    if not wanted.may_be_in(raw):
        return False
    try:
        source = _SOURCE.decode(raw).event_source
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return True
    return wanted.event_sources is None or source in wanted.event_sources


def inflate(stored: bytes, most: int | None = None) -> Inflated:
    """The uncompressed bytes of a log file; plain JSON is returned as it is.

    The length in the gzip trailer is a claim of whoever wrote the file. It only sizes the buffer of
    a fast first attempt, below the limit; the result counts if it has exactly that length.

    Args:
        stored: the bytes as they are stored.
        most: the limit of uncompressed bytes; None for `MAX_INFLATED_BYTES`, which always holds.

    Raises:
        DecodeError: `empty`, `truncated_gzip`, `corrupt_gzip` or `inflates_too_large`.
    """
    most = MAX_INFLATED_BYTES if most is None else min(most, MAX_INFLATED_BYTES)
    if not stored:
        raise DecodeError("empty", "the log file is empty")
    if not stored.startswith(_GZIP):
        if len(stored) > most:
            raise _too_large(most)
        return Inflated(stored, ("plain",))
    claim = int.from_bytes(stored[-4:], "little")
    if 0 < claim <= min(most, _MAX_RATIO * len(stored)):
        try:
            body = deflate.gzip_decompress(stored, claim)
        except deflate.DeflateError:
            return _inflate_slowly(stored, most)
        if len(body) == claim and stringzilla.count(stored, _MEMBER) == 1:
            return Inflated(body)
    return _inflate_slowly(stored, most)


def _inflate_slowly(stored: bytes, most: int) -> Inflated:
    """Inflate member by member within the limit, and name the deviations.

    Raises:
        DecodeError: `truncated_gzip`, `corrupt_gzip` or `inflates_too_large`.
    """
    body = bytearray()
    at = members = 0
    while stored.startswith(_MEMBER, at):
        at = _inflate_member(stored, at, body, most)
        members += 1
    if not members:
        raise DecodeError("corrupt_gzip", "the gzip header is not one of CloudTrail's")
    several = ("gzip_members",) if members > 1 else ()
    trailing = ("trailing_bytes",) if at < len(stored) else ()
    return Inflated(body, several + trailing)


def inflate_first(stored: bytes, most: int) -> Inflated:
    """The first of several gzip members, uncompressed, and what follows it.

    Raises:
        DecodeError: `truncated_gzip`, `corrupt_gzip` or `inflates_too_large`.
    """
    body = bytearray()
    at = _inflate_member(stored, 0, body, most)
    following = "gzip_members" if stored.startswith(_MEMBER, at) else "trailing_bytes"
    return Inflated(body, (following,) if at < len(stored) else ())


def _inflate_member(stored: bytes, start: int, body: bytearray, most: int) -> int:
    """Add the gzip member that starts there to a body; returns where the member ends.

    The member is fed in pieces that grow, since zlib copies whatever follows its end.
    """
    member = zlib.decompressobj(wbits=31)
    at, step = start, 512
    while not member.eof:
        data = member.unconsumed_tail
        if not data:
            if at >= len(stored):
                raise DecodeError("truncated_gzip", "the gzip data ends before its trailer")
            data = stored[at : at + step]
            at, step = min(at + step, len(stored)), min(2 * step, _PIECE)
        try:
            body += member.decompress(data, _PIECE)
        except zlib.error as error:
            why = str(error).partition(": ")[2]  # behind zlib's "Error -3 while decompressing data"
            raise DecodeError("corrupt_gzip", f"the gzip data is damaged: {why}") from None
        if len(body) > most:
            raise _too_large(most)
    return at - len(member.unused_data)


def _too_large(most: int) -> DecodeError:
    return DecodeError(
        "inflates_too_large",
        f"the log file has more than {most:,} uncompressed bytes",
    )
