"""What a store holds, in words and as JSON."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from datetime import UTC, datetime

import pytest

from trailscan.buckets import LocalBucket
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.summary_json import summary_json
from trailscan.render.summary_text import summary_text
from trailscan.reports.store_status import store_status
from trailscan.store.ledger import Source
from trailscan.store.log_file_result import LogFileResult, Reject
from trailscan.store.reader import StoreReader
from trailscan.store.writer import StoreWriter
from trailscan.window import Window

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NAME = "{account}_CloudTrail_{region}_202611{day:02d}T1205Z_{number:016d}.json.gz"


def record(number: int, day: int = 1, **changed):
    """A record of an account moved."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
        "eventTime": f"2026-11-{day:02d}T12:00:00Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "MoveAccount",
        "awsRegion": "us-east-1",
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "recipientAccountId": "111122223333",
        **changed,
    }


@pytest.fixture
def logs(tmp_path):
    """Writes a log file, from records or from bytes."""

    def write(content, day=1, number=0, account="111122223333", region="us-east-1"):
        folder = tmp_path / "logs"
        folder.mkdir(exist_ok=True)
        if not isinstance(content, bytes):
            content = gzip.compress(json.dumps({"Records": content}).encode(), mtime=0)
        name = NAME.format(account=account, region=region, day=day, number=number)
        (folder / name).write_bytes(content)
        return folder

    return write


@pytest.fixture
def load(tmp_path):
    """Loads the log files."""

    def run(now: datetime = NOW, **options):
        return run_load(
            [str(tmp_path / "logs")], str(tmp_path / "store"), LoadOptions(**options), now
        )

    return run


@pytest.fixture
def status(tmp_path):
    """The status of the store."""

    def find():
        return store_status(StoreReader(LocalBucket(tmp_path / "store"), "a-store"))

    return find


def test_a_store_says_what_it_holds(logs, load, status, tmp_path):
    """Accounts, regions, days, gaps, the last load: the whole status, as documented."""
    logs([record(1), record(2)])
    logs([record(3, 4)], day=4, number=1)
    logs([record(4, 2)], day=2, account="222233334444")
    load()
    found = summary_json(status())
    head = hashlib.sha256((tmp_path / "store/_ledger/00000001.json").read_bytes()).hexdigest()
    assert found["store"] | {"bytes": 0} == {
        "head_sha256": head,
        "files_that_no_commit_names": [],
        "place": "a-store",
        "format": 1,
        "commits": 1,
        "data_files": 6,
        "data_files_not_compared": 3,
        "bytes": 0,
        "events": 4,
        "first_event_date": "2026-11-01",
        "last_event_date": "2026-11-04",
        "log_files": 3,
        "records": 4,
    }
    assert (found["complete"], found["incomplete"]) == (True, [])
    source = {"uri": str(tmp_path / "logs"), "since": None, "until": None}
    assert found["last_load"] | {"load_id": "", "tool": ""} == {
        "committed_at": "2026-11-23T09:00:00Z",
        "tool": "",
        "load_id": "",
        "event_sources": "organizations.amazonaws.com",
        "sources": [source],
        "counts": {
            "log_files": 3,
            "rejected_log_files": 0,
            "records": 4,
            "kept": 4,
            "filtered_out": 0,
            "duplicates": 0,
            "rejects": 0,
            "conflicts": 0,
        },
    }
    assert found["asked"] == [
        {
            "uri": str(tmp_path / "logs"),
            "event_sources": "organizations.amazonaws.com",
            "windows": [{"since": None, "until": "2026-11-23T09:00:00Z"}],
            "never_asked": [],
            "newest": "2026-11-04T12:05:00Z",
        }
    ]
    assert found["accounts"] == [
        {
            "account_id": "111122223333",
            "region": "us-east-1",
            "first_day": "2026-11-01",
            "last_day": "2026-11-04",
            "log_files": 2,
            "rejected_log_files": 0,
            "records": 3,
            "kept": 3,
            "rejects": 0,
            "gaps": ("2026-11-02 to 2026-11-03",),
            "first_delivered": "2026-11-01T12:05:00Z",
            "last_delivered": "2026-11-04T12:05:00Z",
        },
        {
            "account_id": "222233334444",
            "region": "us-east-1",
            "first_day": "2026-11-02",
            "last_day": "2026-11-02",
            "log_files": 1,
            "rejected_log_files": 0,
            "records": 1,
            "kept": 1,
            "rejects": 0,
            "gaps": (),
            "first_delivered": "2026-11-02T12:05:00Z",
            "last_delivered": "2026-11-02T12:05:00Z",
        },
    ]
    assert found["rejects"] == {"log_files": 0, "records": 0, "accepted": 0, "newest": []}
    assert (found["conflicts"], found["not_as_delivered"]) == (0, {})


def test_rejects_conflicts_and_deviations_are_counted_and_shown(logs, load, status):
    """The newest rejects with where and why; what is doubtful in words."""
    logs([record(1), record(2, eventTime="never"), record(1, eventName="CloseAccount")])
    logs(b"\x1f\x8b no", day=2)
    logs(json.dumps({"Records": [record(5, 3)]}).encode(), day=3)
    load()
    found = status()
    lines = summary_text(found).split("\n")
    assert found.incomplete == (
        "1 log file could not be read",
        "1 record could not be decoded",
    )
    assert [line.reason for line in found.rejects] == ["corrupt_gzip", "event_time_invalid"]
    assert lines[-1] == "log files read but not as CloudTrail delivers them: 1 plain"
    assert lines[-2] == "conflicts: 1 event repeats the id of another event with different content"
    assert re.match(
        r"  reject [0-9a-f]{12}: eventTime is 'never', expected an ISO 8601 instant", lines[-3]
    )
    assert lines[-3].endswith(".json.gz#1 $.eventTime)")
    told = summary_json(found)
    assert (told["complete"], told["conflicts"], told["not_as_delivered"]) == (
        False,
        1,
        {"plain": 1},
    )
    assert told["rejects"]["log_files"] == told["rejects"]["records"] == 1
    assert set(told["rejects"]["newest"][0]) == {
        "id",
        "where",
        "reason",
        "message",
        "json_path",
    }


def test_a_log_file_that_was_read_in_the_end_is_no_reject(tmp_path, status):
    """A rejected version is one until that very version is read."""
    writer = StoreWriter(LocalBucket(tmp_path / "store"), "s", "one")
    result = LogFileResult("trail", "AWSLogs/k", "e", 1, rejects=[Reject(None, "unreadable", "no")])
    writer.commit([result], "all", (), NOW)
    assert [line.reason for line in status().rejects] == ["unreadable"]
    assert status().count("rejected_log_files") == 1
    writer.commit([LogFileResult("trail", "AWSLogs/k", "e", 1)], "all", (), NOW)
    assert (status().rejects, status().count("rejected_log_files")) == ((), 0)
    assert status().incomplete == ()


@pytest.mark.parametrize(
    ("windows", "merged", "between"),
    [
        ([(1, 3), (3, 5)], [(1, 5)], []),
        ([(4, 6), (1, 2)], [(1, 2), (4, 6)], [(2, 4)]),
        ([(None, 3), (2, 9), (12, None)], [(None, 9), (12, 23)], [(9, 12)]),
        ([(1, None), (5, 6)], [(1, 23)], []),
    ],
)
def test_windows_are_put_together(tmp_path, status, windows, merged, between):
    """Those that touch are one; what lies between was never asked for, and is said."""

    def day(number: int | None) -> datetime | None:
        return None if number is None else datetime(2026, 11, number, 9, tzinfo=UTC)

    writer = StoreWriter(LocalBucket(tmp_path / "store"), "s", "one")
    for number, (since, until) in enumerate(windows):
        source = Source("s3://trail", day(since), day(until))
        writer.commit([LogFileResult("trail", f"k{number}", "e", 1)], "all", (source,), NOW)
    (asked,) = status().asked
    assert list(asked.windows) == [Window(day(one), day(two)) for one, two in merged]
    assert list(asked.never_asked) == [Window(day(one), day(two)) for one, two in between]
    assert len(status().incomplete) == len(between)


def test_an_empty_store_has_a_status(tmp_path, status):
    """A store in which nothing was loaded yet."""
    StoreWriter(LocalBucket(tmp_path / "store"), "s", "one")
    assert summary_text(status()).split("\n") == [
        "store: a-store (format 1): 0 events; 0 log files with 0 records; 0.0 MB in 0 commits",
        "last load: none",
        "incomplete: the store holds no log file",
    ]
    assert summary_json(status())["last_load"] is None


def test_the_last_load_is_all_its_commits(logs, load, status):
    """A load may commit several times; another load's commits are not its own."""
    logs([record(1)])
    load()
    logs([record(2), record(1)], day=2)
    load(NOW.replace(hour=10))
    found = status()
    assert [commit.seq for commit in found.last_load] == [2]
    (said,) = [line for line in summary_text(found).split("\n") if "last load" in line]
    assert "2026-11-23T10:00:00Z by its clock" in said
    assert said.endswith("read 2 = kept 1 + filtered out 0 + duplicates 1 + rejects 0")
