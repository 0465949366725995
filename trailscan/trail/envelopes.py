"""The envelopes of records, and how each is split into raw records.

A log file is `{"Records": [...]}`. People and services also hand around arrays, single records,
JSON lines, EventBridge events, `lookup-events` output and CloudWatch Logs subscription payloads.
Raw records are the very bytes of the input (or, where a record travels inside a JSON string, of
that string), so that they can be kept as they were recorded.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import stringzilla

from trailscan.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+("?)|[{}\[\],:]', re.DOTALL)
_ENVELOPED = (b'"detail-type"', b'"CloudTrailEvent"')
_CLOSED_BY = {ord("{"): ord("}"), ord("["): ord("]")}
_CLOSING = frozenset(_CLOSED_BY.values())
_SEPARATORS = re.compile(rb"[ \t\r\n\x1e]*")


class RawRecord(NamedTuple):
    """One record as its envelope holds it.

    Attributes:
        raw: its JSON text.
        account_id: the account that the envelope names, for records that name none themselves.
    """

    raw: bytes
    account_id: str | None = None


class _LogFile(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


_LOG_FILE = msgspec.json.Decoder(_LogFile)


def read_records(body: bytes | bytearray) -> Iterator[RawRecord]:
    """The raw records of a log file's inflated bytes, whatever its envelope, in order.

    One record that is broken inside its own brackets costs none of its neighbours, nor does a
    broken line of JSON lines.

    Raises:
        DecodeError: `empty`, `not_json` or `unknown_envelope`: the log file cannot be read whole.
    """
    try:
        found = map(bytes, _LOG_FILE.decode(body).records)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return _any_form(bytes(body))
    if any(stringzilla.find(body, name) >= 0 for name in _ENVELOPED):
        return chain.from_iterable(map(_unwrap_item, found))
    return map(RawRecord, found)


def _any_form(body: bytes) -> Iterator[RawRecord]:
    """The records of one or several JSON values, one after another."""
    text = body.removeprefix(_BOM).strip(_SPACE)
    if not text:
        raise DecodeError("empty", "the log file is empty")
    try:
        values = split_values(text)
    except DecodeError:
        lines = text.splitlines()
        if len(lines) < 2 or not any(map(_closes, lines)):  # noqa: PLR2004  # one line is no JSON lines
            raise
        yield from _lines(lines)
        return
    for value in values:
        yield from _unwrap(value) if len(values) == 1 else _unwrap_one(value)


def _unwrap_one(value: bytes) -> Iterator[RawRecord]:
    """The records inside one of several values; a value without records is one itself."""
    try:
        yield from list(_unwrap(value))
    except DecodeError:
        yield RawRecord(value)


def _lines(lines: list[bytes]) -> Iterator[RawRecord]:
    """The records of JSON lines; a broken line is a record itself, to be rejected."""
    for line in filter(None, (line.strip(_SPACE) for line in lines)):
        if _closes(line):
            yield from _unwrap_one(line)
        else:
            yield RawRecord(line)


def _closes(line: bytes) -> bool:
    """Whether a line is one whole JSON object or array, by its brackets."""
    try:
        return len(split_values(line)) == 1
    except DecodeError:
        return False


def _unwrap(value: bytes) -> Iterator[RawRecord]:
    """The records inside one JSON value."""
    if value[:1] == b"[":
        for item in split_array(value):
            yield from _unwrap_item(item)
        return
    if value[:1] != b"{":
        raise DecodeError("not_json", f"expected a JSON object or array, found {_excerpt(value)}")
    members = split_object(value)
    if "Records" in members and members["Records"][:1] == b"[":
        for item in split_array(members["Records"]):
            yield from _unwrap_item(item)
    elif _is_item(members):
        yield from _unwrap_item(value)
    elif members.get("messageType") == b'"CONTROL_MESSAGE"':
        return
    elif (listed := members.get("Events", members.get("logEvents", b"")))[:1] == b"[":
        text = "CloudTrailEvent" if "Events" in members else "message"
        for item in split_array(listed):
            yield RawRecord(_string_member(item, text))
    else:
        raise DecodeError("unknown_envelope", f"no CloudTrail records in {_excerpt(value)}")


def _is_item(members: dict[str, bytes]) -> bool:
    """Whether an object is a record, or one in an EventBridge or lookup-events envelope."""
    return bool(members.keys() & {"eventVersion", "eventSource", "eventTime", "eventID"}) or (
        "detail" in members or "CloudTrailEvent" in members
    )


def _unwrap_item(item: bytes) -> Iterator[RawRecord]:
    """The record of one list item: the item, or the record in its envelope."""
    known = item[:1] == b"{" and (b'"detail"' in item or b'"CloudTrailEvent"' in item)
    members = split_object(item) if known else {}
    if "CloudTrailEvent" in members:
        yield RawRecord(_string_member(item, "CloudTrailEvent"))
    elif "detail" in members and "detail-type" in members:
        yield RawRecord(members["detail"], _string(members.get("account", b"null")))
    else:
        yield RawRecord(item)


def _string_member(item: bytes, name: str) -> bytes:
    """The record in a member that is a string; the item itself without such a member."""
    text = _string(split_object(item).get(name, b"null")) if item[:1] == b"{" else None
    return item if text is None else text.encode()


def _string(raw: bytes) -> str | None:
    """The value of a JSON string, or None for anything else."""
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.MsgspecError, UnicodeError):
        return None


def split_values(text: bytes) -> list[bytes]:
    """The JSON values of a text, with or without white space or lines between them.

    Raises:
        DecodeError: `not_json`.
    """
    values, at = [], 0
    while at < len(text):
        end = _value_end(text, at)
        values.append(text[at:end])
        at = _SEPARATORS.match(text, end).end()  # type: ignore[union-attr]  # matches emptiness
    return values


def split_array(raw: bytes) -> list[bytes]:
    """The items of a JSON array, each as its own bytes, without parsing them.

    Raises:
        DecodeError: `not_json`: its brackets or strings do not close.
    """
    return [raw[start:end].strip(_SPACE) for start, end in _members(raw)]


def split_object(raw: bytes) -> dict[str, bytes]:
    """The members of a JSON object, each value as its own bytes; the last one of equal names.

    Raises:
        DecodeError: `not_json`.
    """
    found = {}
    for start, end in _members(raw):
        name = _TOKEN.match(raw[start:end].lstrip(_SPACE))
        member = raw[start:end].lstrip(_SPACE)
        if name is None or not name[1] or b":" not in member[name.end() :]:
            raise DecodeError("not_json", f"expected a member, found {_excerpt(member)}")
        value = member[name.end() :].partition(b":")[2].strip(_SPACE)
        found[_string(name[0]) or ""] = value
    return found


def _members(raw: bytes) -> list[tuple[int, int]]:
    """Start and end of each part between the outermost commas of an array or object."""
    spans: list[tuple[int, int]] = []
    start = 1
    for token, depth in _tokens(raw, 0):
        if depth == 0:
            last = (start, token.start())
            return [*spans, last] if spans or raw[slice(*last)].strip(_SPACE) else []
        if raw[token.start()] == ord(",") and depth == 1:
            spans.append((start, token.start()))
            start = token.end()
    raise DecodeError("not_json", "the JSON ends before its brackets close")


def _value_end(text: bytes, at: int) -> int:
    """The end of the object or array that starts at `at`.

    Raises:
        DecodeError: `not_json`.
    """
    if text[at : at + 1] not in (b"{", b"["):
        raise DecodeError(
            "not_json", f"expected a JSON object or array at byte {at}, found {_excerpt(text[at:])}"
        )
    for token, depth in _tokens(text, at):
        if depth == 0:
            return token.end()
    raise DecodeError("not_json", "the JSON ends before its brackets close")


def _tokens(text: bytes, at: int) -> Iterator[tuple[re.Match[bytes], int]]:
    """Strings whole, and brackets, commas and colons outside of them; each with the depth after it.

    Raises:
        DecodeError: `not_json`: a string does not end, or a bracket closes one of another kind.
    """
    closing = bytearray()
    for token in _TOKEN.finditer(text, at):
        char = text[token.start()]
        if char == ord('"') and not token[1]:
            raise DecodeError("not_json", "the JSON ends inside a string")
        if char in _CLOSED_BY:
            closing.append(_CLOSED_BY[char])
        elif char in _CLOSING and (not closing or closing.pop() != char):
            raise DecodeError("not_json", f"the brackets do not match at byte {token.start()}")
        yield token, len(closing)


def _excerpt(raw: bytes) -> str:
    """The first bytes of a value, for a message."""
    try:
        return repr(raw[:40].decode())
    except UnicodeDecodeError:
        return repr(raw[:40]).removeprefix("b")
