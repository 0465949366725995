"""Every run of `load` is recorded in its store, and the newest log file may be only so old."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from nights import ACCOUNT, FIRST, Archive
from services.command import run_command

import trailscan as ts
from trailscan.buckets import LocalBucket
from trailscan.errors import NotFoundError
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.reports.freshness import find_stale
from trailscan.store import runs as runs_module
from trailscan.store.freshness import MaxAge, Stale
from trailscan.store.runs import Run, read_runs, write_run

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
NAME = "{account}_CloudTrail_us-east-1_202611{day:02d}T1205Z_{number:016d}.json"
OTHER = "444455556666"


def record(number, day, **changed):
    """A record of an account that left."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": ACCOUNT, "userName": "alice"},
        "eventTime": f"2026-11-{day:02d}T12:00:00Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "RemoveAccountFromOrganization",
        "awsRegion": "us-east-1",
        "requestParameters": {"accountId": OTHER},
        "eventID": f"00000000-0000-4000-8000-{number:012d}",
        "recipientAccountId": ACCOUNT,
        **changed,
    }


@pytest.fixture
def deliver(tmp_path):
    """Writes a log file of an account that was delivered on a day."""
    folder = tmp_path / "logs"
    folder.mkdir()

    def write(day, *records, account=ACCOUNT, number=1):
        path = folder / NAME.format(account=account, day=day, number=number)
        path.write_text(json.dumps({"Records": records}))

    return write


@pytest.fixture
def load(tmp_path):
    """Loads the folder at a time."""

    def run(now=NOW, source="logs"):
        where = str(tmp_path / source)
        return run_load([where], str(tmp_path / "store"), LoadOptions(), now)

    return run


@pytest.fixture
def bucket(tmp_path):
    """The bucket of the store."""
    return LocalBucket(tmp_path / "store")


def test_every_run_is_recorded_also_one_that_found_nothing_or_failed(deliver, load, bucket):
    """When it began and ended, its exit code, and what it was asked and found."""
    deliver(1, record(1, 1))
    first = load()
    load(NOW + HOUR)
    with pytest.raises(NotFoundError):
        load(NOW + 2 * HOUR, "nowhere")
    one, two, three = read_runs(bucket).found
    assert (one.load_id, one.started, one.finished) == (first.load_id, NOW, first.finished)
    assert one.event_sources == "organizations.amazonaws.com"
    assert [(run.exit_code, run.listed, run.done, run.kept) for run in (one, two, three)] == [
        (0, 1, 1, 1),
        (0, 1, 0, 0),
        (5, 0, 0, 0),
    ]
    assert "nowhere" in three.error
    assert ts.open(bucket.root).status().runs.last == three


def test_a_run_that_was_killed_has_no_end(deliver, load, bucket, tmp_path):
    """What it kept is new until a load comes to its end."""
    deliver(1, record(1, 1))
    killed = NOW - HOUR
    load(killed)
    (ended,) = (tmp_path / "store" / "_runs").glob("*-ended.json")
    ended.unlink()
    assert (read_runs(bucket).last.finished, read_runs(bucket).last.ended) == (None, False)
    shown = run_command("status", "--store", tmp_path / "store")
    assert b"last run: 2026-11-23T08:30:00Z has not ended, or was killed; from " in shown.stdout
    load(NOW)
    deliver(2, record(2, 2))
    load(NOW + HOUR)
    store = ts.open(tmp_path / "store")
    arrived = [row["arrived"] for row in store.report("changes").records()]
    assert arrived == [killed, NOW + HOUR]
    since = store.report("changes", arrived_since="last-load").records()
    assert [row["arrived"] for row in since] == [NOW + HOUR]


def test_a_store_remembers_so_many_runs(load, deliver, bucket, monkeypatch):
    """The oldest are forgotten."""
    monkeypatch.setattr(runs_module, "MOST_RUNS", 2)
    deliver(1)
    for number in range(4):
        load(NOW + number * HOUR)
    assert [run.started for run in read_runs(bucket).found] == [NOW + 2 * HOUR, NOW + 3 * HOUR]
    assert len([*bucket.list_objects("_runs/")]) == 4


def test_what_records_no_run_is_refused_and_named(load, deliver, bucket, tmp_path):
    """No planted file, whatever it holds, passes for a run or disturbs the store."""
    deliver(1)
    load()
    good = read_runs(bucket)
    name = f"20261124T000000000000Z-{'a' * 32}"
    naive = Run("a" * 32, NOW.replace(tzinfo=None), "trailscan")
    planted = {
        f"_runs/{name}-began.json": b"{" * 100_000,
        f"_runs/{name}-ended.json": b'{"load_id":"\\u001b[2J","started":"2026-11-24T00:00:00Z"}',
        f"_runs/{'b' * 40}.json": b"{}",
        f"_runs/{naive.name}-began.json": json.dumps(
            {"load_id": "a" * 32, "started": "2026-11-23T09:30:00", "tool": "x"}
        ).encode(),
    }
    for key, data in planted.items():
        bucket.write(key, data)
    found = read_runs(bucket)
    assert (found.found, set(found.refused)) == (good.found, set(planted))
    shown = run_command("status", "--store", tmp_path / "store")
    assert b"no record of a run: 4 files in the store: _runs/" in shown.stdout
    assert load(NOW + HOUR).complete


def test_an_error_is_cut(bucket, tmp_path):
    """A record stays small, whatever an error says."""
    (tmp_path / "store").mkdir()
    write_run(bucket, Run("a" * 32, NOW, "t", ("s",) * 500, finished=NOW, error="x" * 9_000))
    last = read_runs(bucket).last
    assert (len(last.sources), len(last.error)) == (50, 500)


def test_a_trail_that_stopped_is_exit_code_4(deliver, load, tmp_path):
    """`load` and `status` say which account is how old; a limit that is met changes nothing."""
    today = datetime.now(UTC)
    deliver(1, record(1, 1))
    store = tmp_path / "store"
    loaded = run_command("load", tmp_path / "logs", "--store", store, "--max-age", "26h",
                         "--each-account", "--format", "json")  # fmt: skip
    answer = json.loads(loaded.stdout)
    (stale,) = answer["stale"]
    assert (loaded.returncode, answer["exit_code"], answer["complete"]) == (4, 4, True)
    assert (stale["account_id"], stale["newest"], stale["max_age"]) == (
        ACCOUNT,
        "2026-11-01T12:05:00Z",
        "P1DT2H",
    )
    assert b"the newest log file of account 111122223333 is " in loaded.stderr
    last = ts.open(store).status().runs.last
    assert (last.exit_code, last.started >= today) == (4, True)
    shown = run_command("status", "--store", store, "--max-age", "26h")
    assert shown.returncode == 4
    assert b"incomplete: the newest log file in the store is " in shown.stdout
    assert run_command("status", "--store", store, "--max-age", "9999w").returncode == 0
    for words in (("--max-age", "soon"), ("--max-age", "0h"), ("--each-account",)):
        assert run_command("status", "--store", store, *words).returncode == 2


def test_accounts_that_left_write_no_log_files(deliver, load, tmp_path):
    """An account is too old by itself, unless it was removed from the organization."""
    deliver(1, account=OTHER)
    deliver(3, account="777788889999")
    deliver(22, record(1, 22))
    load()
    store = ts.open(tmp_path / "store").reader
    day = timedelta(days=1)
    assert find_stale(store, MaxAge(2 * day), NOW) == ()
    (stale,) = find_stale(store, MaxAge(2 * day, each_account=True), NOW)
    newest = datetime(2026, 11, 3, 12, 5, tzinfo=UTC)
    assert stale == Stale("777788889999", newest, NOW - newest, 2 * day)


def test_digests_that_name_no_log_file_keep_an_account_young(tmp_path):
    """Days that signed digests prove empty are no reason; without them the account is too old."""
    archive = Archive(tmp_path)
    archive.deliver(FIRST, 1)
    last = FIRST + timedelta(days=4)
    archive.sign(last)
    archive.load(checked=True)
    store = ts.open(archive.store).reader
    now = datetime(last.year, last.month, last.day, 23, tzinfo=UTC)
    assert find_stale(store, MaxAge(26 * HOUR, each_account=True), now) == ()
    (stale,) = find_stale(store, MaxAge(26 * HOUR, each_account=True), now + timedelta(days=9))
    assert (stale.account_id, stale.newest.date() > last) == (ACCOUNT, True)


def test_a_store_without_log_files_is_too_old(load, deliver, tmp_path):
    """Nothing proves nothing."""
    deliver(1)
    (tmp_path / "empty").mkdir()
    load(NOW, "empty")
    store = ts.open(tmp_path / "store").reader
    assert find_stale(store, MaxAge(HOUR), NOW) == (Stale(None, None, None, HOUR),)
