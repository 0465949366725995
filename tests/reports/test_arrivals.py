"""When events arrived in a store, and reports on what arrived since."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from services.command import run_command

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.reports.arrivals import Load, last_load_start

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
NAME = "111122223333_CloudTrail_us-east-1_202611{day:02d}T{hour:02d}05Z_{number:016d}.json"
LATE = "00000000-0000-4000-8000-000000000003"
REPORTS = ("changes", "denied", "policies", "findings")


def record(number, day, **changed):
    """A record of a detached policy."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
        "eventTime": f"2026-11-{day:02d}T12:00:00Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "DetachPolicy",
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.7",
        "requestParameters": {"policyId": "p-guard001", "targetId": "ou-exam-11111111"},
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "recipientAccountId": "111122223333",
        **changed,
    }


@pytest.fixture
def deliver(tmp_path):
    """Writes a log file that was delivered on a day."""
    folder = tmp_path / "logs"
    folder.mkdir()

    def write(day, number, *records, hour=13):
        path = folder / NAME.format(day=day, number=number, hour=hour)
        path.write_text(json.dumps({"Records": records}))

    return write


@pytest.fixture
def load(tmp_path):
    """Loads the folder at a time."""

    def run(now):
        options = LoadOptions()
        return run_load([str(tmp_path / "logs")], str(tmp_path / "store"), options, now)

    return run


@pytest.fixture
def late(deliver, load, tmp_path):
    """A store with an event of the night before and, from the next load, one of 20 days before."""
    deliver(22, 1, record(1, 22))
    first = load(NOW)
    deliver(23, 2, record(2, 2, errorCode="AccessDenied"), record(3, 3))
    assert (first.days_changed, load(LATER).days_changed) == (
        (date(2026, 11, 22),),
        (date(2026, 11, 2), date(2026, 11, 3)),
    )
    return tmp_path / "store"


def rows(store, report, **filters):
    """The events of a report, each with the time of its arrival."""
    found = ts.open(store).report(report, **filters).records()
    key = "last_event_id" if report == "findings" else "event_id"
    return {(row[key][-1], row["arrived"]) for row in found}


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_on_events_says_when_they_arrived(late, report):
    """The time of the load that kept the event, whenever the event happened."""
    every = rows(late, report)
    assert ({"denied": "2"}.get(report, "3"), LATER) in every
    assert {when for number, when in every if number == "1"} <= {NOW}
    assert rows(late, report, arrived_since=LATER) == {one for one in every if one[1] == LATER}
    assert rows(late, report, since="2026-11-22") == {one for one in every if one[0] == "1"}


def test_last_load_finds_what_came_late(late):
    """An alert on event time never sees an event of three weeks ago that arrives today."""
    words = ("report", "findings", "--store", late, "--columns", "last_event_id,arrived")
    shown = run_command(*words, "--arrived-since", "last-load", "--format", "jsonl")
    found = {json.loads(line)["last_event_id"] for line in shown.stdout.splitlines()}
    assert LATE in found
    assert "00000000-0000-4000-8000-000000000001" not in found
    assert b"arrived since 2026-11-24T09:30:00Z" in shown.stderr


def test_a_copy_of_a_log_file_leaves_the_arrival_as_it_was(deliver, load, late):
    """The same event in a later log file, or in a new version of its own, arrived once."""
    before = rows(late, "changes")
    deliver(24, 9, record(1, 22))
    deliver(22, 1, record(1, 22), record(4, 22))
    assert load(LATER + timedelta(days=1)).days_changed == (date(2026, 11, 22),)
    after = rows(late, "changes")
    assert after - before == {("4", LATER + timedelta(days=1))}
    assert before <= after


def test_the_last_load_begins_with_the_one_that_was_interrupted():
    """What an interrupted load kept is new until a load comes to its end."""
    hours = [NOW + timedelta(hours=number) for number in range(4)]
    loads = [
        Load(when, ended) for when, ended in zip(hours, (True, False, False, True), strict=True)
    ]
    assert last_load_start(loads) == hours[1]
    assert last_load_start(loads[:1]) == hours[0]
    assert last_load_start(loads[:2]) == hours[1]
    assert last_load_start([]) == datetime.min.replace(tzinfo=UTC)


def test_rows_at_or_above_a_severity_show_beside_what_is_missing(late, tmp_path):
    """Exit code 4 hides no 3: JSON has the number of rows, and standard error says it."""
    (tmp_path / "logs" / NAME.format(day=23, number=7, hour=14)).write_text("{")
    run_command("load", tmp_path / "logs", "--store", late)
    words = ("report", "findings", "--store", late, "--fail-on", "HIGH", "--limit", "0")
    shown = run_command(*words, "--format", "json")
    answer = json.loads(shown.stdout)
    count = answer["fail_on"]["rows"]
    assert (shown.returncode, answer["fail_on"]["severity"], count > 0) == (4, "high", True)
    assert answer["incomplete"]
    assert f"trailscan: {count} rows of severity high or higher" in shown.stderr.decode()
    plain = run_command(*words[:4], "--format", "json")
    assert "fail_on" not in json.loads(plain.stdout)


def test_an_arrival_that_is_no_instant_is_a_usage_error(late):
    """On the command line and in Python."""
    shown = run_command("report", "changes", "--store", late, "--arrived-since", "lately")
    assert shown.returncode == 2
    assert b"--arrived-since: 'lately' is not a date" in shown.stderr
    with pytest.raises(ValueError, match="'lately' is not a date"):
        ts.open(late).changes(arrived_since="lately")
