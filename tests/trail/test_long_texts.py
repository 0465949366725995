"""Log files with more values than fit into memory at once are read by pieces."""

from __future__ import annotations

import json

import pytest

from trailscan.errors import DecodeError
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.scan import scan_into
from trailscan.store.log_file_result import LogFileResult
from trailscan.trail import envelopes, json_bytes, log_file, long_text
from trailscan.trail.envelopes import read_records
from trailscan.trail.log_file import Wanted

SOURCE = "organizations.amazonaws.com"


def record(number, **members):
    """A record as CloudTrail writes it."""
    fields = {
        "eventVersion": "1.11",
        "eventSource": SOURCE,
        "eventTime": "2026-11-22T12:00:00Z",
        "eventName": "MoveAccount",
        "eventID": f"id-{number}",
        **members,
    }
    return json.dumps(fields, separators=(",", ":")).encode()


NESTED = record(3, requestParameters={"list": [{"x": "},{"}, {"eventVersion": "1.0"}, {"y": 1}]})
TEXT = record(4, requestParameters={"text": '},{"eventVersion":"1.'})
RECORDS = [record(1), record(2), NESTED, TEXT, b'{"eventVersion":"1.0",}', record(5), record(6)]


@pytest.fixture(params=[1, 60, 150, 400, 10_000])
def by_pieces(monkeypatch, request):
    """Every text is long, and its pieces are short."""
    monkeypatch.setattr(envelopes, "is_long", lambda _: True)
    monkeypatch.setattr(json_bytes, "_PIECE", request.param)
    monkeypatch.setattr(json_bytes, "_LONGEST_PIECE", 4 * request.param)


@pytest.mark.usefixtures("by_pieces")
@pytest.mark.parametrize("broken", [True, False])
@pytest.mark.parametrize("form", [b'{"Records":[%s]}', b"[%s]", b'\n { "Records" : [%s ] }'])
def test_a_list_in_pieces_has_the_same_records(form, broken):
    """Wherever a piece ends: between records, inside of one, inside of a text, beside a broken one."""
    given = [one for one in RECORDS if broken or not one.endswith(b",}")]
    found = [one.raw for one in read_records(form % b",".join(given))]
    assert found == given


@pytest.mark.usefixtures("by_pieces")
def test_lines_in_pieces_have_the_same_records():
    """JSON lines, with the ends of lines that systems have."""
    given = [one for one in RECORDS if not one.endswith(b",}")]
    for end in (b"\n", b"\r\n", b"\n\n"):
        assert [one.raw for one in read_records(end.join(given))] == given


@pytest.mark.usefixtures("by_pieces")
@pytest.mark.parametrize("between", [b"", b"\n", b" \r\n"])
def test_long_log_files_after_one_another_are_read_to_the_end(between):
    """Copies of log files in one text, empty ones among them, and the members beside a list."""
    first, second, third = ([record(10 * n + m) for m in range(3)] for n in range(3))
    text = between.join(
        [
            b'{"Records":[%s]}' % b",".join(first),
            b'{"Records":[]}',
            b"[%s]" % b",".join(second),
            b'{"Events" : [%s] , "NextToken":"more"}' % b",".join(third),
            b'{"Records":[%s],"x":{"Records":[%s]}}' % (record(40), record(41)),
            record(42),
            b'{"_source":%s}' % record(43),
        ]
    )
    found = [one.raw for one in read_records(text)]
    assert found == [*first, *second, *third, *map(record, range(40, 44))]


def test_a_long_text_is_searched_once_for_log_files(monkeypatch):
    """However many short ones stand after one another, and whatever comes last."""
    tried = []

    def searched(text, at, *_):
        tried.append(at)
        return iter(())

    monkeypatch.setattr(envelopes, "is_long", lambda _: True)
    monkeypatch.setattr(long_text, "pieces", searched)
    one = b'{"Records":[%s]}' % record(1)
    text = one * 50 + b"[] \n" * 50 + b'{"Records":[],"a":1}' * 50 + one
    assert [one.raw for one in read_records(text)] == [record(1)] * 51
    assert len(tried) == 1


@pytest.mark.usefixtures("by_pieces")
def test_a_broken_line_of_a_long_text_costs_only_itself():
    """Lines are read one at a time, also with the instant that CloudWatch Logs writes before each."""
    broken = record(2)[:-9]
    lines = [record(1), broken, b"", record(3)]
    for before in (b"", b"2026-11-22T12:00:00.000Z "):
        text = b"\n".join(before + line for line in lines if line)
        assert [one.raw for one in read_records(text)] == [record(1), broken, record(3)]


@pytest.mark.parametrize(
    "form", [b'{"Records":[%s]}', b"[%s]", b"%s", b'{"a":%s}', b'[1,{"a":%s}]']
)
def test_a_value_of_a_long_text_that_cannot_be_held_is_named(monkeypatch, form):
    """It would be copied several times: the log file is refused, with what to do."""
    monkeypatch.setattr(long_text, "_LONG", 5_000_000)
    monkeypatch.setattr(envelopes, "MOST_VALUE_BYTES", 4_000_000)
    monkeypatch.setattr(long_text, "MOST_VALUE_BYTES", 4_000_000)
    text = form % record(1, requestParameters={"text": "x" * 5_500_000})
    with pytest.raises(DecodeError, match=r"expected at most 4,000,000 .*; divide it") as caught:
        list(read_records(text))
    assert caught.value.reason == "value_too_large"


@pytest.mark.usefixtures("by_pieces")
def test_short_values_in_pieces_are_counted():
    """What is no record stands for as many of its like."""
    text = b'{"Records":[%s,%s]}' % (record(1), b",".join([b"{}"] * 500))
    found = list(read_records(text))
    assert sum(one.times for one in found) == 501


@pytest.mark.parametrize(
    ("limit", "value"), [("MAX_CANDIDATES", 4), ("MAX_CANDIDATE_BYTES", 3 * len(record(1)))]
)
def test_more_wanted_records_than_fit_are_one_reject(monkeypatch, limit, value):
    """A log file has so many at most: the others are counted, and named with what to do."""
    monkeypatch.setattr(log_file, limit, value)
    others = [record(9, eventSource="ec2.amazonaws.com")] * 3
    result = LogFileResult("b", "k", "e", 1)
    text = b'{"Records":[%s]}' % b",".join([*map(record, range(6)), *others])
    scan_into(result, text, Wanted((SOURCE,)), LargeOneAtATime())
    (reject,) = result.rejects
    assert (result.records, len(result.events)) == (9, 4)
    assert (reject.reason, reject.record_index, reject.times) == ("too_many_records", 4, 2)
    assert reject.message.startswith("2 more wanted records of this log file")
    assert reject.message.endswith("; divide it")


def test_events_of_a_long_log_file_are_stored_alike(monkeypatch):
    """What is nested in them is kept as text, whether or not it stays in memory parsed."""
    text = b'{"Records":[%s]}' % b",".join([NESTED, TEXT])
    rows = []
    for most in (2000, 0):
        monkeypatch.setattr("trailscan.ingest.scan._WHOLE_EVENTS", most)
        result = LogFileResult("b", "k", "e", 1)
        scan_into(result, text, Wanted((SOURCE,)), LargeOneAtATime())
        rows.append([(one.record, one.nested, one.order) for one in result.events])
    assert rows[0] == rows[1]
    assert len(rows[0]) == 2


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_what_is_nested_too_deep_is_refused_at_once(opening):
    """A few kilobytes that nest 600,000 levels would cost half a minute; neighbours stay."""
    closing = b"]" if opening == b"[" else b"}"
    deep = opening * 600_000 + b"1" + closing * 600_000
    for body in (deep, b'{"Records":[%s]}' % deep, b"[%s]" % deep):
        with pytest.raises(DecodeError, match="nested deeper than 1,000 levels") as caught:
            list(read_records(body))
        assert caught.value.reason == "too_deep"


def test_looking_for_records_ends(monkeypatch):
    """Junk around a record is looked into so often; records that stand for themselves are found."""
    monkeypatch.setattr(envelopes, "MOST_LOOKS", 50)
    junk = [b'{"a":{"b":{"c":%d}}}' % number for number in range(100)]
    wrapped = b'{"_source":%s}' % record(1)
    lines = [wrapped, *junk, wrapped, record(2)]
    for text in (b"\n".join(lines), b'{"Records":[%s]}' % b",".join(lines)):
        assert [one.raw for one in read_records(text)] == [record(1), *junk, wrapped, record(2)]
    monkeypatch.setattr(envelopes, "MOST_LOOKS", 1000)
    assert [one.raw for one in read_records(text)] == [record(1), *junk, record(1), record(2)]


def test_the_brackets_of_broken_lines_are_counted_so_often(monkeypatch):
    """Two million lines that are broken would cost a minute; what is not counted is a record."""
    monkeypatch.setattr(envelopes, "MOST_LOOKS", 5)
    looks = []
    each_value = json_bytes.each_value

    def count(text):
        looks.append(text)
        return each_value(text)

    monkeypatch.setattr(json_bytes, "each_value", count)
    lines = [record(0), *[b'{"a":}', b'{"never closed":1'] * 50, record(1)]
    assert [one.raw for one in read_records(b"\n".join(lines))] == lines
    assert len(looks) < 20


def test_looking_for_records_does_not_end_while_they_are_found(monkeypatch):
    """However many envelopes a log file has."""
    monkeypatch.setattr(envelopes, "MOST_LOOKS", 20)
    event = b'{"id":"1","detail-type":"AWS API Call via CloudTrail","source":"aws","detail":%s}'
    found = [one.raw for one in read_records(b"\n".join(event % record(n) for n in range(99)))]
    assert found == [record(number) for number in range(99)]
