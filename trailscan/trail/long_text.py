"""Texts of JSON that are too long to be cut at once: their values one at a time, by position."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import stringzilla

from trailscan.errors import DecodeError
from trailscan.trail.json_bytes import (
    LEAST_BYTES,
    SPACE,
    after_space,
    check_length,
    members_of,
    pieces,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_VALUE_BYTES = 16 * 1024 * 1024
"""How many bytes one value of a long text may have: it is copied a few times."""

_LONG = 64 * 1024 * 1024
"""A text of more bytes is long, since shorter ones are copied up to six times."""

_MOST_VALUES = 2_000_000
"""How many values of a list may be in memory at once: 100 bytes each."""

_DENSE_BYTES = 8 * 1024 * 1024
_HEAD = b'{"Records":['
_NEXT = b'},{"eventVersion":"1.'
_END = re.compile(rb"\s*\}")
_TRIVIAL = re.compile(rb"\s*(\{\s*\}|[\w.+-]+)\s*,(?:\s*(?:\{\s*\}|[\w.+-]+)\s*,)*+")
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])


def is_long(text: bytes | bytearray) -> bool:
    """Whether a text, or a list of all its values, would fill the memory.

    Raises:
        DecodeError: `too_many_values`: there are too many to look at each.
    """
    if len(text) <= 2 * _MOST_VALUES:
        return False
    most = max(int(stringzilla.count(text, mark)) for mark in (b",", b"}", b"]"))
    if most > _MOST_VALUES and len(text) > _DENSE_BYTES and len(text) < LEAST_BYTES * most:
        raise DecodeError(
            "too_many_values",
            f"the log file has about {most:,} values in {len(text):,} bytes: no log of CloudTrail",
        )
    return most > _MOST_VALUES or len(text) > _LONG


class Items:
    """The items of a JSON array one at a time, each with how many of its like follow one another.

    Empty objects, numbers and words are of a like; everything else stands for itself.

    Args:
        text: has the array.
        opening: where the array begins in it.
        by_pieces: try to cut megabytes of it at once, which does not pay if it is short.

    Attributes:
        end: the position behind the array, once all items were taken.
        had_pieces: whether megabytes of it were cut at once.
    """

    def __init__(self, text: bytes | bytearray, opening: int, *, by_pieces: bool = True) -> None:
        self._text = text
        self._first = opening + 1
        self.end = self._first
        self._by_pieces, self.had_pieces = by_pieces, False

    def __iter__(self) -> Iterator[tuple[bytes, int]]:
        """Cut the items.

        Raises:
            DecodeError: `not_json` or `value_too_large`, perhaps only after some items.
        """
        text, at = self._text, self._first
        cut: Iterable[tuple[list[msgspec.Raw], int]] = ()
        if self._by_pieces:
            cut = pieces(text, at, _NEXT, lambda piece: _ARRAY.decode(b"[%s]" % piece))
        for items, end in cut:
            yield from ((bytes(item), 1) for item in items)
            at, self.had_pieces = end + 1, True
        while True:
            if run := _TRIVIAL.match(text, at):
                yield run[1], text.count(b",", run.start(), run.end())
                at = run.end()
                continue
            for start, end in members_of(text, at, b"[", several=at > self._first):
                check_length(end - start, MOST_VALUE_BYTES)
                yield bytes(text[start:end].strip(SPACE)), 1
                at = end + 1
                if text[end] == ord(",") and _TRIVIAL.match(text, at):
                    break
            else:
                # behind the bracket, which no part precedes if the array is empty
                self.end = at if at > self._first else text.index(b"]", at) + 1
                return


class Heads:
    """Where log files begin in a text of several after one another.

    Args:
        text: of JSON.
    """

    def __init__(self, text: bytes | bytearray) -> None:
        self._text = text
        self._next = -1

    def log_file(self, at: int) -> bytes:
        """The log file that begins at a position; empty if none does, or if it may be too long.

        Positions may only grow, so that the text is searched once.
        """
        text = self._text
        if not text.startswith(_HEAD, at):
            return b""
        if self._next <= at:
            self._next = int(stringzilla.find(text, _HEAD, at + 1))
            self._next = len(text) if self._next < 0 else self._next
        return bytes(text[at : self._next]) if self._next - at <= MOST_VALUE_BYTES else b""


def first_line(text: bytes | bytearray, at: int) -> bytes:
    """The line at a position; empty if it does not end soon."""
    return bytes(text[at : text.find(b"\n", at, at + MOST_VALUE_BYTES) + 1])


def each_line(text: bytes | bytearray, at: int) -> Iterator[bytes]:
    """The lines of a text from a position on, without their ends.

    Raises:
        DecodeError: `value_too_large`.
    """
    while (at := after_space(text, at)) < len(text):
        end = text.find(b"\n", at)
        end = len(text) if end < 0 else end
        check_length(end - at, MOST_VALUE_BYTES)
        yield bytes(text[at:end])
        at = end + 1


def rest_of_object(text: bytes | bytearray, at: int) -> tuple[bytes, int]:
    """An object of the members that follow a value of an object, and the position behind them.

    Args:
        text: of JSON.
        at: behind the value.

    Raises:
        DecodeError: `not_json` or `value_too_large`.
    """
    if end := _END.match(text, at):
        return b"{}", end.end()
    first = at
    for _, last in members_of(text, at, b"{"):
        check_length(last - first, MOST_VALUE_BYTES)
        at = last + 1
    return b"{%s" % bytes(text[first:at]).lstrip(SPACE + b","), at
