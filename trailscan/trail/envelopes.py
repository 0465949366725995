"""The envelopes of records, and how each is split into raw records.

A log file is `{"Records": [...]}`. People and services also hand around arrays, single records,
JSON lines, EventBridge events, `lookup-events` output, CloudWatch Logs subscription payloads, and
all of these inside members of other objects or as JSON text inside of strings. An envelope is known
by its form, not by the program that made it: whatever has records in it is one.

Raw records are the very bytes of the input (or, where a record travels inside a JSON string, of
that string), so that they can be kept as they were recorded.
"""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import stringzilla

from trailscan.errors import DecodeError
from trailscan.trail.json_bytes import (
    MOST_DEEP,
    SEPARATORS,
    SPACE,
    after_space,
    all_values,
    each_value,
    excerpt,
    is_value,
    split_array,
    split_object,
    split_values,
    string_value,
)
from trailscan.trail.long_text import (
    MOST_VALUE_BYTES,
    Heads,
    Items,
    each_line,
    first_line,
    is_long,
    rest_of_object,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

MOST_ENVELOPES = 16
"""How many envelopes around one another are taken off."""

MOST_LOOKS = 200_000
LOOKS_A_RECORD = 20
"""How many values of a log file are looked into for records inside of them, and how many more for
each record that is found. What is not looked into stands for itself."""

_BOM = b"\xef\xbb\xbf"
_DELIVERED = b'{"eventVersion":"1.'
_INSIGHTS = b"AwsCloudTrailInsight"
_RECORDS = re.compile(rb'\s*(?:\{\s*"Records"\s*:\s*)?(?=\[)')
_LIST = re.compile(rb'(\{\s*"(?:Records|Events|logEvents|events)"\s*:\s*)?(?=\[)')
_BETWEEN = re.compile(rb"\s*,?\s*")
_END = re.compile(rb"\s*\]\s*\}\s*")
_AROUND = len(b'{"Records":[]}') - 1
_NAMED_BY = ("eventVersion", "eventSource", "eventTime", "eventID")
_ALONE = (*_NAMED_BY, "eventName", "userIdentity", "awsRegion", "recipientAccountId")
"""Members of records; two of them make a record, since wrappers have an `eventTime` too."""

_LISTS = ("Records", "Events", "logEvents", "events")
"""Members that list records or their envelopes, so that an empty list is a log file too."""

_TIME_BEFORE = re.compile(rb"^\d{4}-\d\d-\d\dT[\d:.]{8,18}Z[ \t]+(?=\{)", re.MULTILINE)
"""What CloudWatch Logs writes before each message when it exports a log group to S3."""

_NESTED = (b"{", b"[", b'"')


class RawRecord(NamedTuple):
    """One record as its envelope holds it.

    Attributes:
        raw: its JSON text.
        account_id: the account that the envelope names, for records that name none themselves.
        other: what it is instead of a record of an API call or service event; None for a record.
        times: how many values of its like it stands for, one after another; none is a record.
    """

    raw: bytes
    account_id: str | None = None
    other: str | None = None
    times: int = 1


class _LogFile(msgspec.Struct):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


_LOG_FILE = msgspec.json.Decoder(_LogFile)


def read_records(body: bytes | bytearray) -> Iterator[RawRecord]:
    """The raw records of a log file's inflated bytes, whatever its envelope, in order.

    One record that is broken inside its own brackets costs none of its neighbours, nor does a
    broken line of JSON lines.

    Raises:
        DecodeError: `empty`, `not_json`, `unknown_envelope` or `too_many_values`: the log file
            cannot be read whole.
    """
    if is_long(body):
        return _one_at_a_time(body)
    found = _whole(body)
    if found is None:
        return _any_form(bytes(body))
    may_be_insights = stringzilla.find(body, _INSIGHTS) >= 0
    return _of_log_file(map(bytes, found), may_be_insights=may_be_insights)


def _is_all(body: bytes | bytearray, found: list[msgspec.Raw]) -> bool:
    """Whether a log file has these records and nothing else, such as a second list of them.

    As CloudTrail writes a log file, its length says so.
    """
    if len(body) == _AROUND + sum(len(bytes(raw)) + 1 for raw in found):
        return True
    head = _RECORDS.match(body)
    at = head.end() + 1 if head else 0
    for raw in found:
        at = _BETWEEN.match(body, at).end()  # type: ignore[union-attr]  # matches emptiness
        if not body.startswith(bytes(raw), at):
            return False
        at += len(bytes(raw))
    return _END.fullmatch(body, at) is not None


def _whole(body: bytes | bytearray) -> list[msgspec.Raw] | None:
    """The records of a body that is one log file and nothing else; None for any other."""
    try:
        found = _LOG_FILE.decode(body).records
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    return found if _is_all(body, found) else None


def _of_log_file(found: Iterable[bytes], *, may_be_insights: bool) -> Iterator[RawRecord]:
    """The records of a log file: nearly all stand there as delivered, so that nothing is parsed."""
    unwrapper = _Unwrapper()
    for item in found:
        if item.startswith(_DELIVERED) and not may_be_insights:
            yield RawRecord(item)
        else:
            yield from unwrapper.item(item)


def _one_at_a_time(text: bytes | bytearray) -> Iterator[RawRecord]:
    """The records of a long text: lists and other values after one another, or lines.

    Raises:
        DecodeError: as `read_records`, or `value_too_large`; perhaps only after some records.
    """
    unwrapper = _Unwrapper()
    at = after_space(text, len(_BOM) if text.startswith(_BOM) else 0)
    if at == len(text):
        raise DecodeError("empty", "the log file is empty")
    if unwrapper.closes(_TIME_BEFORE.sub(b"", first_line(text, at)).strip(SPACE)):
        lines = (_TIME_BEFORE.sub(b"", line) for line in each_line(text, at))
        yield from _lines(lines, unwrapper)
        return
    end = yield from _lists(text, at, unwrapper)
    values = each_value(text, end, MOST_VALUE_BYTES)
    first = [] if end > at else list(islice(values, 2))
    if len(first) == 1:
        yield from unwrapper.only(first[0])
        return
    for value in chain(first, values):
        yield from unwrapper.one(value)


def _lists(
    text: bytes | bytearray, at: int, unwrapper: _Unwrapper
) -> Generator[RawRecord, None, int]:
    """The records of the lists that follow one another from a position on; returns their end."""
    heads, by_pieces = Heads(text), True
    while head := _LIST.match(text, at):
        if (found := _whole(log_file := heads.log_file(at))) is not None:
            yield from chain.from_iterable(map(unwrapper.item, map(bytes, found)))
            at = after_space(text, at + len(log_file))
            continue
        items = Items(text, head.end(), by_pieces=by_pieces)
        for item, count in items:
            alike = (RawRecord(item, times=count),)
            yield from alike if count > 1 else unwrapper.item(item)
        at, by_pieces = items.end, items.had_pieces
        if head[1]:
            rest, at = rest_of_object(text, at)
            yield from unwrapper.beside(rest)
        at = after_space(text, at)
    return at


def _any_form(body: bytes) -> Iterator[RawRecord]:
    """The records of one or several JSON values, one after another."""
    text = body.removeprefix(_BOM).strip(SEPARATORS)
    if not text:
        raise DecodeError("empty", "the log file is empty")
    if text[:1] == b'"':
        text = _json_text(text) or text
    elif _TIME_BEFORE.match(text):
        text = _TIME_BEFORE.sub(b"", text)
    unwrapper = _Unwrapper()
    try:
        values = split_values(text)
    except DecodeError:
        lines = text.splitlines()
        if len(lines) < 2 or not any(map(unwrapper.closes, lines)):  # noqa: PLR2004  # one line is no JSON lines
            raise
        yield from _lines(lines, unwrapper)
        return
    for value in values:
        yield from unwrapper.only(value) if len(values) == 1 else unwrapper.one(value)


def _lines(lines: Iterable[bytes], unwrapper: _Unwrapper) -> Iterator[RawRecord]:
    """The records of JSON lines; a broken line is a record itself, to be rejected."""
    for line in filter(None, (line.strip(SPACE) for line in lines)):
        if unwrapper.closes(line):
            yield from unwrapper.one(line)
        else:
            yield RawRecord(line)


class _Unwrapper:
    """Takes the envelopes off the records of one log file, and looks into so many values only."""

    def __init__(self) -> None:
        self._looks = MOST_LOOKS

    def closes(self, line: bytes) -> bool:
        """Whether a line is one whole JSON object or array."""
        return is_value(line, self._may_look)

    def only(self, value: bytes) -> Iterator[RawRecord]:
        """The records inside the only JSON value of a log file.

        Raises:
            DecodeError: `not_json` or `unknown_envelope`.
        """
        if value[:1] == b"[":
            yield from self._all(split_array(value, most_deep=MOST_DEEP))
            return
        if value[:1] != b"{":
            found = excerpt(value)
            raise DecodeError("not_json", f"expected a JSON object or array, found {found}")
        members = split_object(value, most_deep=MOST_DEEP)
        records = list(self._object(value, members, None, 0))
        unknown = records == [RawRecord(value)]
        unknown = unknown and not members.keys() & {*_NAMED_BY, "CloudTrailEvent"}
        if unknown and not ("detail" in members and "detail-type" in members):
            raise DecodeError("unknown_envelope", f"no CloudTrail records in {excerpt(value)}")
        yield from records

    def one(self, value: bytes) -> Iterable[RawRecord]:
        """The records inside one of several values; a value without records is one itself."""
        try:
            if value[:1] == b"[":
                return list(self._all(split_array(value, most_deep=MOST_DEEP)))
            if value[:1] == b"{" and self._may_look():
                return list(self._object(value, split_object(value), None, 0))
        except DecodeError:  # broken inside its brackets
            pass
        return (RawRecord(value),)

    def beside(self, rest: bytes) -> Iterable[RawRecord]:
        """The records in the other members of an object that has a list of records."""
        return self.one(rest) if self._holds_records(rest, 0) else ()

    def item(
        self, item: bytes, account_id: str | None = None, depth: int = 0
    ) -> Iterable[RawRecord]:
        """The records of one value: the value, or those inside the envelopes that it is."""
        if item.startswith(_DELIVERED) or depth > MOST_ENVELOPES:
            self._looks += LOOKS_A_RECORD
            return (RawRecord(item, account_id, _other_kind(item)),)
        try:
            if item[:1] == b"{" and self._may_look():
                return self._object(item, split_object(item), account_id, depth)
            if item[:1] in _NESTED and self._holds_records(item, depth):
                text = _json_text(item) if item[:1] == b'"' else None
                if text is not None:
                    return self.item(text, account_id, depth + 1)
                return self._all(split_array(item), account_id, depth + 1)
        except DecodeError:  # broken inside its brackets
            pass
        return (RawRecord(item, account_id),)

    def _all(
        self, items: Iterable[bytes], account_id: str | None = None, depth: int = 0
    ) -> Iterator[RawRecord]:
        """The records of the items of a list; an item that holds none stands for itself."""
        for item in items:
            yield from self.item(item, account_id, depth)

    def _object(
        self, item: bytes, members: Mapping[str, bytes], account_id: str | None, depth: int
    ) -> Iterable[RawRecord]:
        """The records of an object with these members."""
        if _is_record(members):
            self._looks += LOOKS_A_RECORD
            return (RawRecord(item, account_id, _other_kind(item)),)
        if members.get("messageType") == b'"CONTROL_MESSAGE"':
            return ()
        account_id = _account(members) or account_id
        values = all_values(item, members)
        listed = next((name for name in _LISTS if members.get(name, b"")[:1] == b"["), None)
        inside: list[bytes] = []
        for name, value in values:
            if name == listed and value[:1] == b"[":
                inside += split_array(value, most_deep=MOST_DEEP)
            elif self._holds_records(value, depth + 1):
                inside.append(value)
        if inside or listed is not None:
            return self._all(inside, account_id, depth + 1)
        if "detail" in members and "detail-type" in members:
            return (_event_of_eventbridge(item, members, account_id),)
        return (RawRecord(item, account_id),)

    def _holds_records(self, value: bytes, depth: int) -> bool:
        """Whether records are inside a value, however deep."""
        if depth > MOST_ENVELOPES or value[:1] not in _NESTED or not self._may_look():
            return False
        try:
            if value[:1] == b'"':
                text = _json_text(value)
                return text is not None and self._holds_records(text, depth + 1)
            if value[:1] == b"[":
                return any(self._holds_records(item, depth + 1) for item in split_array(value))
            members = split_object(value)
        except DecodeError:
            return False
        return (
            _is_record(members)
            or any(members.get(name, b"")[:1] == b"[" for name in _LISTS[:1])
            or any(self._holds_records(inside, depth + 1) for inside in members.values())
        )

    def _may_look(self) -> bool:
        """Count a look into a value; False if there were too many."""
        self._looks -= 1
        return self._looks >= 0


def _event_of_eventbridge(
    item: bytes, members: Mapping[str, bytes], account_id: str | None
) -> RawRecord:
    """An event of EventBridge without a record in it: one of another kind, or a broken one."""
    of_cloudtrail = "via CloudTrail" in (string_value(members["detail-type"]) or "via CloudTrail")
    return RawRecord(item, account_id, None if of_cloudtrail else "EventBridge event")


def _account(members: Mapping[str, bytes]) -> str | None:
    """The account that an envelope of EventBridge names."""
    return string_value(members.get("account", b"null")) if "detail" in members else None


def _is_record(members: Mapping[str, bytes]) -> bool:
    """Whether an object with these members is a record, and not an envelope of one.

    AWS Lambda gets the messages of other services as `Records` with an `eventSource` such as
    `aws:sqs` (docs.aws.amazon.com/lambda/latest/dg/with-sqs.html).
    """
    named = sum(name in members for name in _ALONE)
    return named > 1 and not members.get("eventSource", b"").startswith(b'"aws:')


def _other_kind(record: bytes) -> str | None:
    """What a record is that reports neither a call nor a service event; None for all others.

    Insights events name the event source that they are about, and have none of their own
    (docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html).
    """
    if _INSIGHTS not in record:
        return None
    try:
        kind = string_value(split_object(record).get("eventType", b""))
    except DecodeError:
        return None
    return "Insights event" if kind == _INSIGHTS.decode() else None


def _json_text(raw: bytes) -> bytes | None:
    """The JSON object or array that a JSON string holds, or None."""
    if b"{" not in raw and b"[" not in raw:
        return None
    text = (string_value(raw) or "").strip()
    return text.encode() if text[:1] in {"{", "["} else None
