"""Coverage: spans of days, what is missing between them, and what loads asked for."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load

RECORD = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
    "eventTime": "2026-11-02T12:00:00Z",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "ListRoots",
    "recipientAccountId": "111122223333",
}


@pytest.fixture
def deliver(tmp_path):
    """Writes a log file of a day into the place where a trail puts it; gives a loader too."""

    def write(day, account="111122223333", data=None, number=0, time="1205"):
        folder = tmp_path / f"logs/AWSLogs/{account}/CloudTrail/us-east-1/2026/11/{day:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{account}_CloudTrail_us-east-1_202611{day:02d}T{time}Z_{number:016d}.json.gz"
        record = RECORD | {"eventID": f"{account}-{day}-{number}"}
        body = json.dumps({"Records": [record]}).encode() if data is None else data
        (folder / name).write_bytes(gzip.compress(body, mtime=0))

    return write


@pytest.fixture
def covered(tmp_path):
    """Loads what was delivered and gives its coverage."""

    def load(load_options=None, **filters):
        place, logs = str(tmp_path / "store"), str(tmp_path / "logs")
        options = load_options or LoadOptions()
        run_load([logs], place, options, datetime(2026, 11, 30, tzinfo=UTC))
        return ts.open(place).report("coverage", **filters)

    return load


def spans(table):
    """The spans as short tuples."""
    names = ("account_id", "status", "first_day", "last_day", "days", "log_files")
    return [
        (
            row["account_id"][:4],
            row["status"],
            row["first_day"][8:],
            row["last_day"][8:],
            row["days"],
            row["log_files"],
        )
        for row in table.records()
        if set(names) <= row.keys()
    ]


def test_days_alike_are_one_span_and_holes_are_told(deliver, covered):
    """A gap lies between days that have log files; before and after is not yet and no more."""
    for day in (2, 3, 4, 8):
        deliver(day)
    deliver(2, number=1, time="1305")
    deliver(3, account="222233334444")
    table = covered()
    assert spans(table) == [
        ("1111", "read", "02", "04", 3, 4),
        ("1111", "gap", "05", "07", 3, 0),
        ("1111", "read", "08", "08", 1, 1),
        ("2222", "not yet", "02", "02", 1, 0),
        ("2222", "read", "03", "03", 1, 1),
        ("2222", "no more", "04", "08", 5, 0),
    ]
    assert table.incomplete == ("1 span of days without a log file between days that have some",)
    first = table.records()[0]
    assert first["first_delivered"] == datetime(2026, 11, 2, 12, 5, tzinfo=UTC)
    assert first["last_delivered"] == datetime(2026, 11, 4, 12, 5, tzinfo=UTC)
    assert (first["records"], first["kept"], first["region"]) == (4, 4, "us-east-1")
    assert first["event_sources"] == "organizations.amazonaws.com"


def test_the_sums_are_those_of_the_store(samples):
    """Every log file, record and event of the sample logs is in one span."""
    rows = samples.report("coverage").records()
    sums = {
        name: sum(row[name] for row in rows)
        for name in ("log_files", "records", "kept", "duplicates", "filtered_out", "rejects")
    }
    assert sums == {
        "log_files": 816,
        "records": 4732,
        "kept": 438,
        "duplicates": 5,
        "filtered_out": 4289,
        "rejects": 0,
    }
    by_sql = samples.sql(
        "select count(*), sum(records)::bigint, sum(kept)::bigint from log_files"
    ).rows
    assert by_sql == ((816, 4732, 438),)


def test_a_log_file_that_was_read_in_the_end_is_read(deliver, covered, tmp_path):
    """A reject makes its days incomplete until the log file can be read; then it is forgotten."""
    deliver(2)
    deliver(3, data=b"not JSON")
    deliver(
        4, data=json.dumps({"Records": [RECORD, {"eventSource": RECORD["eventSource"]}]}).encode()
    )
    table = covered()
    assert [
        (
            row["status"],
            row["first_day"][8:],
            row["log_files"],
            row["rejected_log_files"],
            row["rejects"],
        )
        for row in table.records()
    ] == [
        ("read", "02", 1, 0, 0),
        ("rejects", "03", 0, 1, 0),
        ("rejects", "04", 1, 0, 2),
    ]
    assert table.incomplete == ("1 log file could not be read", "2 records could not be decoded")
    assert table.remarks[:2] == tuple(f"incomplete: {why}" for why in table.incomplete)
    deliver(3)
    assert [row["status"] for row in covered().records()] == ["read", "rejects"]


def test_a_log_file_read_twice_for_other_sources_is_one(deliver, covered):
    """What it was searched for is all that it was searched for."""
    deliver(2)
    covered()
    table = covered(LoadOptions(event_sources=None))
    (row,) = table.records()
    assert (row["log_files"], row["event_sources"], row["kept"], row["duplicates"]) == (
        1,
        "all",
        1,
        0,
    )


def test_what_loads_asked_for_is_told(deliver, covered):
    """The source, its delivery window and what was looked for, with the commits."""
    deliver(2)
    (asked,) = [note for note in covered().notes if note.startswith("requested: ")]
    assert asked.startswith("requested: organizations.amazonaws.com from /")
    assert asked.endswith("logs, delivered: all times (commit 1)")


def test_a_window_is_of_delivery_days(deliver, covered):
    """Days outside the window are left out; an empty window of a store is incomplete."""
    for day in (2, 3, 4):
        deliver(day)
    assert spans(covered(since="2026-11-03", until="2026-11-04")) == [
        ("1111", "read", "03", "03", 1, 1)
    ]
    empty = covered(since="2026-12-01")
    assert (empty.rows, empty.incomplete) == (
        (),
        ("the store holds no log file delivered in this window",),
    )
    assert spans(covered(account="999999999999")) == []


def test_log_files_whose_name_gives_no_day_have_a_span_without_days(tmp_path):
    """What was copied without its name is counted all the same."""
    path = tmp_path / "copied.json"
    path.write_text(json.dumps({"Records": [RECORD | {"eventID": "a"}]}))
    run_load([str(path)], str(tmp_path / "s"), LoadOptions(), datetime(2026, 11, 30, tzinfo=UTC))
    (row,) = ts.open(str(tmp_path / "s")).report("coverage").records()
    assert (row["account_id"], row["region"], row["status"], row["days"], row["log_files"]) == (
        None,
        None,
        "read",
        None,
        1,
    )
