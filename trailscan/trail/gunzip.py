"""Inflates what CloudTrail packed with gzip, within a limit that nothing in the file can raise."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import deflate
import stringzilla

from trailscan.errors import DecodeError

MAX_INFLATED_BYTES = 256 * 1024 * 1024
"""A log file that inflates to more is rejected, which makes a gzip bomb harmless."""

_MAX_RATIO = 1032  # what deflate can reach at most, so that a larger claim is a lie
_PIECE = 1024 * 1024
_AT_ONCE = 24 * 1024 * 1024
"""What inflates to more bytes is inflated by pieces, since libdeflate needs room for it twice."""

_GZIP = b"\x1f\x8b"
_MEMBER = b"\x1f\x8b\x08"


class Inflated(NamedTuple):
    """The uncompressed bytes of a log file, and how it differs from its delivered form."""

    body: bytes | bytearray
    deviations: tuple[str, ...] = ()


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
    if 0 < claim <= min(most, _AT_ONCE, _MAX_RATIO * len(stored)):
        try:
            body = deflate.gzip_decompress(stored, claim)
        except deflate.DeflateError:
            return _inflate_slowly(stored, most)
        if len(body) == claim and stringzilla.find(stored, _MEMBER, 1) < 0:
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
