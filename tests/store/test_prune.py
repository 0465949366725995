"""Removing old events: a tombstone says so, reports say so, and no load brings them back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from services.command import run_command

from trailscan.buckets import LocalBucket
from trailscan.errors import StoreError, TrailscanError
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.reports.missing import Question, missing
from trailscan.store.check import check_store
from trailscan.store.counts import total_counts
from trailscan.store.prune import plan_prune, prune_store
from trailscan.store.reader import StoreReader
from trailscan.window import Window

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BEFORE = date(2026, 11, 3)
NAME = "111122223333_CloudTrail_us-east-1_202611{day:02d}T1205Z_{number:016d}.json"


def record(number: int, day: int) -> dict[str, object]:
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
    }


@pytest.fixture
def logs(tmp_path):
    """A folder with a log file on each of five days, one event in each."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for day in range(1, 6):
        content = {"Records": [record(day, day)]}
        (folder / NAME.format(day=day, number=day)).write_text(json.dumps(content))
    return folder


@pytest.fixture
def load(logs, tmp_path):
    """Loads the folder."""

    def run(**options):
        return run_load([str(logs)], str(tmp_path / "store"), LoadOptions(**options), NOW)

    run()
    return run


@pytest.fixture
def bucket(load, tmp_path):
    """The bucket of the store."""
    assert load
    return LocalBucket(tmp_path / "store")


def opened(bucket):
    """The store as it is now."""
    return StoreReader(bucket, "a-store")


def prune(bucket):
    """Prune the store."""
    return prune_store(bucket, plan_prune(bucket, "a-store", BEFORE, "five years", NOW))


def days(bucket):
    """The days of the events that a reader gets."""
    return [when.day for when in opened(bucket).events()["event_time"].to_pylist()]


def test_events_before_the_day_are_gone_and_the_ledger_says_so(bucket, tmp_path):
    """What is left is as committed, and the counts agree."""
    assert prune(bucket) == 2
    store = opened(bucket)
    assert days(bucket) == [3, 4, 5]
    assert store.strays == ()
    assert total_counts(store.commits).kept == 3
    tombstone = store.commits[-1].pruned
    assert (tombstone.before, tombstone.events, tombstone.because, tombstone.at) == (
        BEFORE,
        2,
        "five years",
        NOW,
    )
    assert not list((tmp_path / "store/events").glob("event_date=2026-11-0[12]/*"))
    checked = check_store(bucket, "a-store")
    assert (checked.damage, checked.strays) == ((), ())


def test_pruning_again_changes_nothing(bucket):
    """No second tombstone."""
    prune(bucket)
    head = opened(bucket).head
    assert prune(bucket) == 0
    assert opened(bucket).head == head


def test_a_prune_that_was_stopped_is_finished_by_the_next(bucket, monkeypatch):
    """After the tombstone nobody reads the data files, whether or not they are still there."""

    def fail(_, path):
        if path.startswith("events/"):
            raise TrailscanError(f"{path} cannot be removed")

    with monkeypatch.context() as patch:
        patch.setattr(LocalBucket, "delete", fail)
        with pytest.raises(TrailscanError, match="cannot be removed"):
            prune(bucket)
    assert days(bucket) == [3, 4, 5]
    assert opened(bucket).strays == ()
    assert prune(bucket) == 2


def test_no_load_brings_pruned_events_back(bucket, load, logs):
    """Neither the same log files, for the same or more event sources, nor a late copy."""
    prune(bucket)
    assert load().done == 0
    assert load(event_sources=None).kept == 0
    late = {"Records": [record(1, 1), record(9, 2), record(8, 4)]}
    (logs / NAME.format(day=6, number=6)).write_text(json.dumps(late))
    summary = load()
    assert (summary.done, summary.kept, summary.duplicates) == (1, 1, 2)
    assert days(bucket) == [3, 4, 4, 5]


def test_a_report_says_what_is_missing(bucket):
    """A window that begins before the day is incomplete; one after it is not."""
    prune(bucket)
    store = opened(bucket)
    start, after = (datetime(2026, 11, day, tzinfo=UTC) for day in (2, 3))
    said = store.commits[-1].pruned.in_words
    assert said.endswith(": removed events before 2026-11-03: 2 (five years)")
    assert said in missing(store, Question.of_events(Window(start)))
    assert said not in missing(store, Question.of_events(Window(after)))


def test_a_day_that_is_left_is_still_guarded(bucket, tmp_path):
    """A missing data file that no tombstone removes is damage."""
    prune(bucket)
    (lost,) = (tmp_path / "store/events/event_date=2026-11-04").iterdir()
    lost.unlink()
    with pytest.raises(StoreError, match="it is missing"):
        opened(bucket)


def test_the_command_prunes_and_status_tells(bucket, tmp_path):
    """A dry run changes nothing; a reason is required; a day in the future is refused."""
    assert bucket
    words = ("store", "prune", "--store", tmp_path / "store", "--because", "five years")
    dry = run_command(*words, "--before", BEFORE, "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, b"would remove 2 events before 2026-11-03\n")
    assert days(bucket) == [1, 2, 3, 4, 5]
    done = run_command(*words, "--before", BEFORE)
    assert (done.returncode, done.stdout) == (
        0,
        b"removed 2 events before 2026-11-03: 2 data files\n",
    )
    for wrong in (("--before", "9999-01-01"), ("--before", "soon"), ("--because", "x")):
        assert run_command(*words, *wrong).returncode == 2
    status = run_command("status", "--store", tmp_path / "store", "--format", "json")
    found = json.loads(status.stdout)
    assert [(one["before"], one["events"]) for one in found["pruned"]] == [("2026-11-03", 2)]
    assert found["store"]["events"] == 3
