"""The forms in which records travel, whole and broken."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailscan.errors import DecodeError
from trailscan.trail.envelopes import RawRecord, read_records
from trailscan.trail.json_bytes import (
    split_array,
    split_object,
    split_values,
)

A = b'{"eventVersion":"1.08","eventID":"a","requestParameters":{"name":"x, [y] {z} \\" \\\\"}}'
B = b'{"eventVersion":"1.08","eventID":"b","eventSource":"organizations.amazonaws.com"}'
BOTH = [RawRecord(A), RawRecord(B)]

EVENTBRIDGE = (
    b'{"version":"0","id":"6a7e","detail-type":"AWS API Call via CloudTrail",'
    b'"source":"aws.organizations","account":"111122223333","time":"2026-11-22T14:05:00Z",'
    b'"region":"us-east-1","resources":[],"detail":%s}'
)
FROM_ACCOUNT = [RawRecord(A, "111122223333"), RawRecord(B, "111122223333")]


def text_of(record: bytes) -> bytes:
    """A record as a JSON string."""
    return json.dumps(record.decode()).encode()


LOOKUP = (
    b'{"EventId":"a","EventName":"CreateOU","ReadOnly":"false","EventTime":"2026-11-22T14:05:00Z",'
    b'"EventSource":"organizations.amazonaws.com","Username":"ann","Resources":[],'
    b'"CloudTrailEvent":%s}'
)
LOG_EVENT = b'{"id":"3812","timestamp":1795356300000,"message":%s}'
SUBSCRIPTION = (
    b'{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"trail",'
    b'"logStream":"111122223333_CloudTrail_us-east-1","subscriptionFilters":["all"],'
    b'"logEvents":[%s,%s]}'
) % (LOG_EVENT % text_of(A), LOG_EVENT % text_of(B))
CONTROL = (
    b'{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"",'
    b'"subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1795356300000,'
    b'"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}'
)


def pretty(value: Any) -> bytes:
    """JSON as people print it."""
    return json.dumps(value, indent=2).encode()


FORMS = {
    "a JSON text as a string": (text_of(b'{"Records":[%s,%s]}' % (A, B)), BOTH),
    "a log file": (b'{"Records":[' + A + b"," + B + b"]}", BOTH),
    "a log file with white space": (b'\n{ "Records" : [ ' + A + b" ,\r\n" + B + b" ] }\n", BOTH),
    "a log file with a byte order mark": (
        b'\xef\xbb\xbf{"Records":[' + A + b"," + B + b"]}",
        BOTH,
    ),
    "a log file with other members": (b'{"v":[1],"Records":[' + A + b'],"w":2}', BOTH[:1]),
    "two log files after one another": (b'{"Records":[%s]}{"Records":[%s]}' % (A, B), BOTH),
    "a log file a line": (b'{"Records":[%s]}\n{"Records":[%s]}\n' % (A, B), BOTH),
    "a log file without records": (b'{"Records":[]}', []),
    "an array": (b"[" + A + b"," + B + b"]", BOTH),
    "an empty array": (b"[ ]", []),
    "a record": (B, BOTH[1:]),
    "JSON lines": (A + b"\n" + B + b"\n", BOTH),
    "JSON lines of Windows": (A + b"\r\n\r\n" + B + b"\r\n", BOTH),
    "records after one another, as of Firehose": (A + B, BOTH),
    "an EventBridge event": (EVENTBRIDGE % A, FROM_ACCOUNT[:1]),
    "an array of EventBridge events": (
        b"[" + EVENTBRIDGE % A + b"," + EVENTBRIDGE % B + b"]",
        FROM_ACCOUNT,
    ),
    "EventBridge events as lines": (EVENTBRIDGE % A + b"\n" + EVENTBRIDGE % B, FROM_ACCOUNT),
    "EventBridge events after one another": (EVENTBRIDGE % A + EVENTBRIDGE % B, FROM_ACCOUNT),
    "lookup-events output": (
        b'{"Events":[%s, %s],"NextToken":"t"}' % (LOOKUP % text_of(A), LOOKUP % text_of(B)),
        BOTH,
    ),
    "lookup-events output without events": (b'{"Events":[]}', []),
    "an array of looked-up events": (b"[%s]" % (LOOKUP % text_of(A)), BOTH[:1]),
    "looked-up events as lines": (LOOKUP % text_of(A) + b"\n" + LOOKUP % text_of(B), BOTH),
    "a CloudWatch Logs payload": (SUBSCRIPTION, BOTH),
    "CloudWatch Logs payloads after one another": (SUBSCRIPTION + CONTROL + SUBSCRIPTION, BOTH * 2),
    "a CloudWatch Logs control message": (CONTROL, []),
    "mixed forms as lines": (A + b"\n" + EVENTBRIDGE % B, [BOTH[0], FROM_ACCOUNT[1]]),
}

BROKEN = {
    "a lone surrogate": b'{"eventVersion":"1.08","eventID":"\\ud800"}',
    "a lone low surrogate": b'{"eventVersion":"1.08","eventID":"\\udc00"}',
    "NaN": b'{"eventVersion":"1.08","eventID":NaN}',
    "bytes that are no UTF-8": b'{"eventVersion":"1.08","eventID":"\xff\xfe"}',
    "nesting 100,000 deep": b'{"eventVersion":"1.08","x":%s%s}' % (b"[" * 100_000, b"]" * 100_000),
    "a control character": b'{"eventVersion":"1.08","eventID":"\x00"}',
    "a number": b"17",
    "a word": b"undefined",
    "a wrong escape": b'{"eventVersion":"1.08","eventID":"\\x"}',
}
UNCLOSED = b'{"eventVersion":"1.08","eventID":"c'


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_its_records(form: str) -> None:
    """Each form gives the very bytes of its records, and the account that its envelope names."""
    body, records = FORMS[form]
    assert list(read_records(body)) == records
    assert list(read_records(bytearray(body))) == records


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_record_costs_only_itself(broken: str) -> None:
    """In a log file and in an array its neighbours are read, and it stands for itself."""
    expected = [RawRecord(A), RawRecord(BROKEN[broken]), RawRecord(B)]
    listed = b",".join(record.raw for record in expected)
    assert list(read_records(b'{"Records":[' + listed + b"]}")) == expected
    assert list(read_records(b"[" + listed + b"]")) == expected


@pytest.mark.parametrize("broken", [name for name in BROKEN if name not in {"a number", "a word"}])
def test_a_broken_record_after_others_costs_only_itself(broken: str) -> None:
    """Where its own brackets close, it costs no neighbour, with or without lines between."""
    expected = [RawRecord(A), RawRecord(BROKEN[broken]), RawRecord(B)]
    for between in (b"", b"\n"):
        assert list(read_records(between.join(record.raw for record in expected))) == expected


@pytest.mark.parametrize(
    "line", [UNCLOSED, UNCLOSED + b'"', b"not JSON", b"17", b"null", b"}", b"\x00"], ids=repr
)
def test_a_broken_line_costs_only_itself(line: bytes) -> None:
    """Of JSON lines the others are read, and the broken one stands for itself."""
    expected = [RawRecord(A), RawRecord(line), RawRecord(B)]
    assert list(read_records(A + b"\n" + line + b"\n" + B)) == expected


@pytest.mark.parametrize("line", [UNCLOSED, b"# jq made this"], ids=repr)
def test_a_broken_first_line_costs_only_itself(line: bytes) -> None:
    """A broken line costs no neighbour, the first one no more than the others."""
    found = list(read_records(line + b"\n" + A + b"\n" + B))
    assert found == [RawRecord(line), RawRecord(A), RawRecord(B)]


@pytest.mark.parametrize("line", [b"{}", b'{"message":"started"}'], ids=repr)
def test_a_line_of_another_shape_costs_only_itself(line: bytes) -> None:
    """A line that holds no record stands for itself among those that do."""
    found = list(read_records(A + b"\n" + line + b"\n" + B))
    assert found == [RawRecord(A), RawRecord(line), RawRecord(B)]


def test_a_broken_string_costs_only_its_looked_up_event() -> None:
    """A looked-up event whose text does not decode stands for itself."""
    broken = LOOKUP % b'"\\ud800"'
    body = b'{"Events":[%s,%s,%s]}' % (LOOKUP % text_of(A), broken, LOOKUP % text_of(B))
    assert list(read_records(body)) == [RawRecord(A), RawRecord(broken), RawRecord(B)]


def test_what_stands_where_a_record_should_is_given_as_it_is() -> None:
    """Nothing is left out of a list: what is no record is given all the same."""
    assert list(read_records(b'{"Records":[null,"x",[1],,' + A + b"]}")) == [
        RawRecord(b"null"),
        RawRecord(b'"x"'),
        RawRecord(b"[1]"),
        RawRecord(b""),
        RawRecord(A),
    ]


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        (b"", "empty", "the log file is empty"),
        (b" \r\n\t", "empty", "the log file is empty"),
        (b"\xef\xbb\xbf", "empty", "the log file is empty"),
        (
            b"<html>busy</html>",
            "not_json",
            "expected a JSON object or array at byte 0, found '<html>busy</html>'",
        ),
        (b'"A"', "not_json", "expected a JSON object or array at byte 0, found '\"A\"'"),
        (b"null", "not_json", "expected a JSON object or array at byte 0, found 'null'"),
        (
            "{}".encode("utf-16-be"),
            "not_json",
            "expected a JSON object or array at byte 0, found '\\x00{\\x00}'",
        ),
        (b'{"Records":[' + A + b"]", "not_json", "the JSON ends before its brackets close"),
        (b'{"Records":[' + A[:-3], "not_json", "the JSON ends inside a string"),
        (
            b'{"Records":[' + A + b"]};",
            "not_json",
            f"expected a JSON object or array at byte {len(A) + 14}, found ';'",
        ),
        (b"{}", "unknown_envelope", "no CloudTrail records in '{}'"),
        (b'{"Records":null}', "unknown_envelope", "no CloudTrail records in '{\"Records\":null}'"),
        (
            b'{"digestEndTime":"2026-11-22T14:05:00Z","logFiles":[]}',
            "unknown_envelope",
            'no CloudTrail records in \'{"digestEndTime":"2026-11-22T14:05:00Z",\'',
        ),
    ],
    ids=repr,
)
def test_what_cannot_be_read_whole_says_why(body: bytes, reason: str, message: str) -> None:
    """A file that is no form of records is refused with a reason and its first bytes."""
    with pytest.raises(DecodeError) as raised:
        list(read_records(body))
    assert (raised.value.reason, str(raised.value), raised.value.json_path) == (
        reason,
        message,
        "$",
    )


@pytest.mark.parametrize("body", [b"[}", b'{"Records":[}}', b'{"Events":[}}'], ids=repr)
def test_brackets_of_different_kinds_do_not_close_each_other(body: bytes) -> None:
    """A damaged file is never taken for one that holds nothing."""
    with pytest.raises(DecodeError):
        list(read_records(body))


def test_an_envelope_inside_records_is_taken_off_however_the_file_begins() -> None:
    """The same items give the same records, with a byte order mark and without."""
    body = b'{"Records":[' + EVENTBRIDGE % A + b"]}"
    assert list(read_records(body)) == list(read_records(b"\xef\xbb\xbf" + body))


def test_an_array_is_split_into_the_bytes_of_its_items() -> None:
    """Brackets, commas and quotes inside of strings and items do not count."""
    assert split_array(b'[ {"a":[1,2]} , "],[" , 3 ]') == [b'{"a":[1,2]}', b'"],["', b"3"]


def test_an_object_is_split_into_the_bytes_of_its_values() -> None:
    """Names are decoded, values are left alone, of equal names the last counts."""
    assert split_object(b'{"a" : {"b":","} ,"\\u0063":[1],"a":2}') == {"a": b"2", "c": b"[1]"}


def test_values_are_split_with_and_without_white_space() -> None:
    """Objects and arrays may follow one another directly, or after a record separator."""
    assert split_values(b'{"a":1}[2]\n{}\x1e{"b":"}"}') == [
        b'{"a":1}',
        b"[2]",
        b"{}",
        b'{"b":"}"}',
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ENVELOPES = {"Records", "Events", "logEvents", "messageType", "detail-type", "CloudTrailEvent"}
NAMES = (
    st.sampled_from(["eventName", "eventSource", "requestParameters", "detail", "x"]) | st.text()
).filter(lambda name: name not in ENVELOPES)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5)
RECORDS = st.lists(OBJECTS.map(lambda members: {"eventVersion": "1.08", **members}), max_size=4)
WRITTEN = st.sampled_from(
    [
        {"indent": None, "separators": (",", ":")},
        {"indent": None, "ensure_ascii": False},
        {"indent": 2},
        {"indent": "\t", "separators": (" ,", " : "), "ensure_ascii": False},
    ]
)


def contents(body: bytes) -> list[Any]:
    """What the records of a body say."""
    return [json.loads(record.raw) for record in read_records(body)]


@given(objects=st.lists(OBJECTS, max_size=5), how=WRITTEN)
def test_a_log_file_gives_back_its_objects(objects: list[Any], how: dict[str, Any]) -> None:
    """Law: any objects, but for envelopes, wrapped as Records come back as they were, in order."""
    assert contents(json.dumps({"Records": objects}, **how).encode()) == objects


@given(objects=st.lists(OBJECTS, max_size=5), how=WRITTEN)
def test_an_array_gives_back_its_objects(objects: list[Any], how: dict[str, Any]) -> None:
    """Law: any objects in an array, whatever its white space, come back as they were, in order."""
    assert contents(json.dumps(objects, **how).encode()) == objects


@given(
    records=RECORDS.filter(bool),
    how=WRITTEN,
    between=st.sampled_from(["", " ", "\n", "\r\n", "\n\n", "\x1e"]),
)
def test_records_after_one_another_come_back(
    records: list[Any], how: dict[str, Any], between: str
) -> None:
    """Law: records as lines, pretty-printed, or with nothing between come back in order."""
    written = between.join(json.dumps(record, **how) for record in records)
    assert contents(written.encode()) == records


@given(records=RECORDS, at=st.integers(0, 6), how=WRITTEN)
def test_a_truncated_neighbour_is_never_taken_for_a_whole_file(
    records: list[Any], at: int, how: dict[str, Any]
) -> None:
    """Law: a log file that misses its end is refused, not read in part."""
    body = json.dumps({"Records": records}, **how).encode()
    with pytest.raises(DecodeError):
        list(read_records(body[: -1 - at]))


@given(
    body=st.binary()
    | st.lists(
        st.sampled_from(
            [
                *[
                    b"{",
                    b"}",
                    b"[",
                    b"]",
                    b'"',
                    b",",
                    b":",
                    b"\\",
                    b"\n",
                    b"1",
                    b" ",
                    A,
                    EVENTBRIDGE,
                ],
                *[b'"Records"', b'"Events"', b'"detail"', b'"detail-type"', b'"CloudTrailEvent"'],
                *[b'"logEvents"', b'"message"', b'"eventID"', b'"\\ud800"', b"\xff"],
            ]
        )
    ).map(b"".join)
)
@example(body=b'{"CloudTrailEvent":"\\udc00","detail-type":1,"detail":{}}')
@example(body=b'[{"detail":1,"detail-type":2,"account":"\\ud800"}]')
def test_any_bytes_are_records_or_a_decode_error(body: bytes) -> None:
    """Law: whatever the bytes, they give records or a DecodeError with a known reason."""
    try:
        found = list(read_records(body))
    except DecodeError as error:
        found = error.reason
    assert found in ("empty", "not_json", "unknown_envelope") or isinstance(found, list)
