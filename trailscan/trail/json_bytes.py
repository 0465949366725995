"""Cuts JSON into the bytes of its values without parsing them, so that they stay as recorded.

msgspec cuts whole JSON at once. What it refuses is cut by its brackets, commas and strings instead,
so that a value that is broken inside its own brackets costs none of its neighbours.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import stringzilla

from trailscan.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SPACE = b" \t\r\n"
SEPARATORS = SPACE + b"\x1e"
"""What may stand between JSON values; RFC 7464 puts U+001E before each."""

_DEEP = 1000
"""How many open brackets are deep; msgspec refuses about as many, and no JSON of AWS comes near."""

MOST_DEEP = 1_000_000
"""How many brackets, strings and commas that deep are looked at, to find where a value ends."""

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[{}\[\],:]', re.DOTALL)
_CLOSED_BY = {ord("{"): ord("}"), ord("["): ord("]")}
_CLOSING = frozenset(_CLOSED_BY.values())
_BLANK = re.compile(rb"[ \t\r\n]*")
_SEPARATORS = re.compile(rb"[ \t\r\n\x1e]*")
_NAME = re.compile(rb'\s*,?\s*("(?:[^"\\]|\\.)*+")\s*:\s*', re.DOTALL)
_END = re.compile(rb"\s*\}\s*")
_VALUE = msgspec.json.Decoder(msgspec.Raw)
_PIECE = 1024 * 1024
_LONGEST_PIECE = 32 * 1024 * 1024
LEAST_BYTES = 24
"""Values of fewer bytes are not worth cutting by pieces."""

_LINES = msgspec.json.Decoder(msgspec.Raw)
_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_REFUSALS = (msgspec.MsgspecError, RecursionError, UnicodeError)


def string_value(raw: bytes) -> str | None:
    """The value of a JSON string, or None for anything else."""
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.MsgspecError, UnicodeError):
        return None


def is_value(text: bytes, may_count: Callable[[], bool]) -> bool:
    """Whether a text is one JSON object or array, as msgspec reads it or else by its brackets.

    Args:
        text: without space around it.
        may_count: whether to count the brackets, which takes ten times as long.
    """
    if text[:1] not in {b"{", b"["} or text[-1:] not in {b"}", b"]"}:
        return False
    try:
        return bool(_VALUE.decode(text))
    except _REFUSALS:
        pass
    try:
        return may_count() and len(list(each_value(text))) == 1
    except DecodeError:
        return False


def split_values(text: bytes) -> list[bytes]:
    """The JSON values of a text, with or without white space or lines between them.

    Raises:
        DecodeError: `not_json`.
    """
    if text[:1] in {b"{", b"["}:
        try:
            return [bytes(_VALUE.decode(text)).strip(SPACE)]
        except _REFUSALS:
            pass
    return list(each_value(text))


def each_value(text: bytes | bytearray, at: int = 0, most: int | None = None) -> Iterator[bytes]:
    """The JSON values of a text, one at a time.

    Args:
        text: of JSON.
        at: where the first of them begins.
        most: how many bytes a value may have; None for any number.

    Raises:
        DecodeError: `not_json`, or `value_too_large`.
    """
    for lines, end in pieces(text, at, b"}\n{", _LINES.decode_lines):
        yield from map(bytes, lines)
        at = end + 1
    while at < len(text):
        end = _value_end(text, at)
        check_length(end - at, most)
        yield bytes(text[at:end])
        at = after_space(text, end)


def after_space(text: bytes | bytearray, at: int) -> int:
    """The position of the next value, behind what may stand between values."""
    return _SEPARATORS.match(text, at).end()  # type: ignore[union-attr]  # matches emptiness


def check_length(length: int, most: int | None) -> None:
    """See that a value is not too long to be copied.

    Raises:
        DecodeError: `value_too_large`.
    """
    if most is not None and length > most:
        words = f"a value of {length:,} bytes, expected at most {most:,} in so long a log file"
        raise DecodeError("value_too_large", f"{words}; divide it")


def split_array(raw: bytes, *, most_deep: int = 0) -> list[bytes]:
    """The items of a JSON array, each as its own bytes, without parsing them.

    Args:
        raw: the array.
        most_deep: how much may be nested deeper than msgspec reads.

    Raises:
        DecodeError: `not_json`: its brackets or strings do not close; `too_deep`.
    """
    try:
        return list(map(bytes, _ARRAY.decode(raw)))
    except _REFUSALS:
        return [raw[start:end].strip(SPACE) for start, end in members_of(raw, most_deep=most_deep)]


def split_object(raw: bytes, *, most_deep: int = 0) -> dict[str, bytes]:
    """The members of a JSON object, each value as its own bytes; the last one of equal names.

    Args:
        raw: the object.
        most_deep: how much may be nested deeper than msgspec reads.

    Raises:
        DecodeError: `not_json` or `too_deep`.
    """
    try:
        return {name: bytes(value) for name, value in _OBJECT.decode(raw).items()}
    except _REFUSALS:
        return dict(_pairs(raw, most_deep))


def all_values(raw: bytes, members: Mapping[str, bytes]) -> list[tuple[str, bytes]]:
    """The names and values of a JSON object, also of names that it has more than once.

    Args:
        raw: the object.
        members: what `split_object` makes of it.

    Raises:
        DecodeError: `not_json`.
    """
    at = 1
    for name, value in members.items():
        found = _NAME.match(raw, at)
        if not (found and string_value(found[1]) == name and raw.startswith(value, found.end())):
            return list(_pairs(raw))
        at = found.end() + len(value)
    return list(members.items()) if _END.fullmatch(raw, at) else list(_pairs(raw))


def repeated_names(raw: bytes) -> set[str]:
    """The names that a JSON object has more than once.

    Raises:
        DecodeError: `not_json`.
    """
    seen: set[str] = set()
    return {name for name, _ in _pairs(raw) if name in seen or seen.add(name)}  # type: ignore[func-returns-value]  # adds


def twice_inside(text: bytes | str) -> str | None:
    """A name that an object in a JSON text has more than once, at any depth; None if there is none.

    Args:
        text: valid JSON of a depth that any parser can take.
    """
    found: set[str] = set()

    def look(pairs: list[tuple[str, object]]) -> None:
        names = Counter(name for name, _ in pairs) if len(dict(pairs)) < len(pairs) else {}
        found.update(name for name, count in names.items() if count > 1)

    json.loads(text, object_pairs_hook=look, parse_int=len, parse_float=len)
    return min(found, default=None)


def _pairs(raw: bytes, most_deep: int = MOST_DEEP) -> Iterator[tuple[str, bytes]]:
    """The names and values of a JSON object."""
    for start, end in members_of(raw, most_deep=most_deep):
        member = raw[start:end].lstrip(SPACE)
        name = _TOKEN.match(member)
        if name is None or not name[1] or b":" not in member[name.end() :]:
            raise DecodeError("not_json", f"expected a member, found {excerpt(member)}")
        value = member[name.end() :].partition(b":")[2].strip(SPACE)
        yield string_value(name[0]) or "", value


def pieces(
    text: bytes | bytearray,
    at: int,
    between: bytes,
    decode: Callable[[bytes | bytearray], list[msgspec.Raw]],
) -> Iterator[tuple[list[msgspec.Raw], int]]:
    """The values of a long text by pieces of some megabytes, each with the end of its piece.

    A piece ends where one value seems to end and another to begin. That may be inside of a value:
    then neither side is a list of whole values, so that msgspec refuses the piece, and a longer one
    is tried. Ends early, before the last piece or where the values are too short for this.

    Args:
        text: of JSON.
        at: where the first value begins.
        between: what is between two values; its second byte separates them.
        decode: cuts a piece into its values.
    """
    length = _PIECE
    while length <= _LONGEST_PIECE and (cut := stringzilla.find(text, between, at + length)) >= 0:
        end = cut + 1
        if end - at > _LONGEST_PIECE:  # one value is that long
            return
        try:
            values = decode(text[at:end])
        except _REFUSALS:
            length *= 2
            continue
        if len(values) * LEAST_BYTES > end - at:
            return
        yield values, end
        at, length = end + 1, _PIECE


def members_of(
    raw: bytes | bytearray,
    start: int = 1,
    inside: bytes = b"",
    *,
    several: bool = False,
    most_deep: int = MOST_DEEP,
) -> Iterator[tuple[int, int]]:
    """Start and end of each part between the outermost commas of an array or object.

    Args:
        raw: begins with its bracket, unless `inside` is given.
        start: of the first part: behind the bracket or a comma.
        inside: the bracket that is open at the start.
        several: whether there are parts before the first.
        most_deep: how much may be nested deeply.
    """
    for token, depth in _tokens(raw, start, inside or bytes(raw[:1]), most_deep):
        if depth == 0:
            if several or not _BLANK.fullmatch(
                raw, start, token.start()
            ):  # no copy: it may be long
                yield start, token.start()
            return
        if raw[token.start()] == ord(",") and depth == 1:
            yield start, token.start()
            start, several = token.end(), True
    raise DecodeError("not_json", "the JSON ends before its brackets close")


def _value_end(text: bytes | bytearray, at: int) -> int:
    """The end of the object or array that starts at `at`.

    Raises:
        DecodeError: `not_json`.
    """
    if text[at : at + 1] not in (b"{", b"["):
        raise DecodeError(
            "not_json",
            f"expected a JSON object or array at byte {at}, found {excerpt(text[at : at + 99])}",
        )
    for token, depth in _tokens(text, at):
        if depth == 0:
            return token.end()
    raise DecodeError("not_json", "the JSON ends before its brackets close")


def _tokens(
    text: bytes | bytearray, at: int, inside: bytes = b"", most_deep: int = MOST_DEEP
) -> Iterator[tuple[re.Match[bytes], int]]:
    """Strings whole, and brackets, commas and colons outside of them; each with the depth after it.

    Args:
        text: of JSON.
        at: where to begin.
        inside: the brackets that are open there.
        most_deep: how many of them may be nested deeply.

    Raises:
        DecodeError: `not_json`: a string does not end, or a bracket closes one of another kind;
            `too_deep`.
    """
    closing = bytearray(_CLOSED_BY[bracket] for bracket in inside)
    for token in _TOKEN.finditer(text, at):
        char = text[token.start()]
        if char == ord('"') and not token[1]:
            raise DecodeError("not_json", "the JSON ends inside a string")
        if char in _CLOSED_BY:
            closing.append(_CLOSED_BY[char])
        elif char in _CLOSING and (not closing or closing.pop() != char):
            raise DecodeError("not_json", f"the brackets do not match at byte {token.start()}")
        if len(closing) > _DEEP:
            most_deep -= 1
            if most_deep < 0:
                raise DecodeError("too_deep", f"its JSON is nested deeper than {_DEEP:,} levels")
        yield token, len(closing)


def excerpt(raw: bytes | bytearray) -> str:
    """The first bytes of a value, for a message."""
    first = bytes(raw[:40])
    try:
        return repr(first.decode())
    except UnicodeDecodeError:
        return repr(first).removeprefix("b")
