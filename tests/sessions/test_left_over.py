"""What a load leaves untraced, later loads trace: after a kill, late records, a small budget."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from services.command import run_command
from sessions.organization_trail import GLOBAL, MANAGEMENT, START, Trail, Who, put

import trailscan as ts
from trailscan.ingest import cost, run
from trailscan.ingest.run import LoadOptions, run_load

MINUTES = timedelta(minutes=5)
TRACED = "alice@example.com (PowerUser through Identity Center), by role deploy"
MUCH = 100.0  # a budget that is enough for everything


@pytest.fixture
def _without_least(monkeypatch):
    """Little loads have nothing to trace with but their share."""
    monkeypatch.setattr(cost, "TRACE_LEAST", 0)


def load(folder, store, now, **options):
    """Load a folder at a time."""
    return run_load([str(folder)], str(store), LoadOptions(**options), now)


def names(store):
    """Who made each change."""
    rows = ts.open(str(store)).report("changes").records()
    return [row["principal"] for row in rows]


def commits(store):
    """How many commits a store has."""
    return len([*(store / "_ledger").iterdir()])


def one_session(delay=MINUTES, region="eu-west-1"):
    """A trail with one session, its issuing record in a region that is not loaded."""
    trail = Trail(1)
    trail.delay = lambda: delay
    trail.random.choice = lambda options: region if "eu-west-1" in options else options[0]
    who = trail.assume(trail.center(MANAGEMENT, START), "deploy", MANAGEMENT, START)
    trail.call(who, START + timedelta(minutes=1))
    return trail


def more(trail, when):
    """Other calls, which give later loads something to read."""
    for _ in range(40):
        trail.call(trail.user(MANAGEMENT), when)


def test_a_load_that_died_before_it_traced_is_caught_up(tmp_path, monkeypatch):
    """The next load traces what the first kept, although it reads no new log file."""
    one_session().write(tmp_path / "logs")
    with monkeypatch.context() as dies:
        dies.setattr(run, "trace_sessions", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            load(tmp_path / "logs", tmp_path / "store", START + timedelta(days=9))
    assert names(tmp_path / "store") == ['role deploy, session named "alice@example.com"']
    summary = load(
        tmp_path / "logs", tmp_path / "store", START + timedelta(days=9), trace_share=MUCH
    )
    assert (summary.done, summary.tracing.sessions, summary.tracing.traced) == (0, 1, 1)
    assert names(tmp_path / "store") == [TRACED]


def test_a_store_loaded_without_tracing_is_traced_by_the_next_load(tmp_path):
    """`--no-trace` puts it off."""
    one_session().write(tmp_path / "logs")
    load(tmp_path / "logs", tmp_path / "store", START + timedelta(days=9), trace=False)
    summary = load(
        tmp_path / "logs", tmp_path / "store", START + timedelta(days=9), trace_share=MUCH
    )
    assert summary.tracing.traced == 1


@pytest.mark.parametrize("behind", [timedelta(0), timedelta(days=9)], ids=["live", "copied"])
@pytest.mark.parametrize("hours", [0.1, 3, 26, 47])
def test_a_late_record_of_a_region_that_is_not_loaded_is_found(tmp_path, hours, behind):
    """A later load finds a record that CloudTrail delivered up to 48 hours late.

    Also in a copy of a bucket that is days behind it. A program beside the log files holds no record.
    """
    trail = one_session(timedelta(hours=hours))
    before = trail.log_files() if hours > 1 else [*trail.log_files()][1:]
    put(tmp_path / "logs", (file for file in before if file[2] < START + timedelta(hours=1)))
    (tmp_path / "logs" / "make_logs.py").write_text("print('no log file')")
    now = START + behind + timedelta(hours=1)
    first = load(tmp_path / "logs", tmp_path / "store", now, trace_share=MUCH)
    (left,) = first.tracing.untraced
    assert left.arn == "arn:aws:sts::111122223333:assumed-role/deploy/alice@example.com"
    why = "no issuing record in the log files of account 111122223333; later loads look again"
    assert (left.reason, first.tracing.pending) == (why, 1)
    more(trail, START + timedelta(hours=48))
    trail.write(tmp_path / "logs")
    now = START + behind + timedelta(hours=49)
    second = load(tmp_path / "logs", tmp_path / "store", now, trace_share=MUCH)
    assert (second.tracing.traced, second.tracing.pending) == (1, 0)
    assert names(tmp_path / "store").count(TRACED) == 1


def test_a_record_that_an_earlier_load_read_without_keeping_it_is_found(tmp_path):
    """The issuing record was read before any call of its session was."""
    trail = one_session(timedelta(hours=5), GLOBAL)
    call = trail.records.pop()
    trail.write(tmp_path / "logs")
    load(tmp_path / "logs", tmp_path / "store", START + timedelta(hours=6))
    trail.records.append((*call[:2], START + timedelta(hours=7), call[3]))
    trail.write(tmp_path / "logs")
    now = START + timedelta(hours=8)
    summary = load(tmp_path / "logs", tmp_path / "store", now, trace_share=MUCH)
    assert (summary.done, summary.tracing.traced) == (1, 1)


def test_the_same_load_again_changes_nothing(tmp_path):
    """What was left over is not tried again until a load reads something."""
    trail = one_session(timedelta(hours=26))
    trail.write(tmp_path / "logs", START + timedelta(hours=1))
    for _ in range(3):
        load(tmp_path / "logs", tmp_path / "store", START + timedelta(hours=1))
    assert commits(tmp_path / "store") == 2
    planned = load(tmp_path / "logs", tmp_path / "store", START, dry_run=True).planned
    assert planned.trace_bytes == 0


def test_after_48_hours_a_record_is_given_up(tmp_path):
    """What no log file of its days has is not looked for again, whatever later loads read."""
    trail = one_session(timedelta(hours=60))
    trail.write(tmp_path / "logs", START + timedelta(hours=1))
    load(tmp_path / "logs", tmp_path / "store", START + timedelta(hours=1), trace_share=MUCH)
    for days in (3, 4):
        more(trail, START + timedelta(days=days))
        trail.write(tmp_path / "logs", START + timedelta(days=days, hours=1))
        now = START + timedelta(days=days, hours=2)
        summary = load(tmp_path / "logs", tmp_path / "store", now, trace_share=MUCH)
    assert summary.tracing is None
    assert commits(tmp_path / "store") == 5


@pytest.mark.usefixtures("_without_least")
def test_a_small_budget_adds_up_over_loads(tmp_path):
    """What one load may not read, a later one may; never more than the share of all together."""
    trail = one_session()
    trail.write(tmp_path / "logs")
    first = load(tmp_path / "logs", tmp_path / "store", START + timedelta(hours=1))
    assert first.tracing.untraced[0].reason == (
        "looking for its issuing record takes more than 10% of the bytes of this load; "
        "later loads go on"
    )
    read, traced = first.bytes_stored, 0
    for hours in range(2, 12):
        more(trail, START + timedelta(hours=hours))
        trail.write(tmp_path / "logs")
        now = START + timedelta(hours=hours, minutes=30)
        summary = load(tmp_path / "logs", tmp_path / "store", now)
        read += summary.bytes_stored
        if traced := summary.tracing.traced:
            break
    assert traced == 1
    assert 0 < summary.tracing.bytes_stored <= read / 10


def test_little_loads_have_enough_to_trace_with(tmp_path):
    """The record is in a log file that an earlier load read, larger than a tenth of this load."""
    trail = one_session(region=GLOBAL)
    *before, call = trail.records
    trail.records = before
    trail.write(tmp_path / "logs")
    now = START + timedelta(hours=1)
    load(tmp_path / "logs", tmp_path / "store", now)
    trail.records = [(*call[:2], now, call[3])]
    trail.write(tmp_path / "logs")
    summary = load(tmp_path / "logs", tmp_path / "store", now + MINUTES)
    assert summary.bytes_stored // 10 < summary.tracing.bytes_stored
    assert (summary.tracing.traced, summary.tracing.sessions) == (1, 1)
    planned = load(tmp_path / "logs", tmp_path / "other", now, dry_run=True).planned
    assert planned.trace_bytes == cost.TRACE_LEAST
    nothing = load(tmp_path / "logs", tmp_path / "store", now, dry_run=True).planned
    assert (nothing.log_files, nothing.trace_bytes) == (0, 0)


@pytest.mark.usefixtures("_without_least")
def test_sessions_that_are_nowhere_hold_up_no_other(tmp_path):
    """Each load brings sessions without issuing records; that of the first is found all the same."""
    trail, traced = one_session(), []
    for hour in range(4):
        for minute in range(0, 60, 10):
            moment = START + timedelta(hours=hour, minutes=minute)
            pad = {"pad": trail.random.randbytes(400).hex()}
            record = trail.record(trail.user(MANAGEMENT).identity, moment, "Get", MANAGEMENT, **pad)
            trail.deliver(record, "eu-west-1", MINUTES)
            lost = trail.session("gone", f"job-{minute}", MANAGEMENT, moment)
            trail.call(Who(lost, "gone", MANAGEMENT), moment)
        now = START + timedelta(hours=hour + 1)
        trail.write(tmp_path / "logs", now)
        summary = load(tmp_path / "logs", tmp_path / "store", now, trace_share=0.3)
        traced.append(summary.tracing.traced)
    assert (traced[0], traced[-1]) == (0, 1)


@pytest.mark.usefixtures("_without_least")
def test_a_dry_run_prices_what_earlier_loads_left_over(tmp_path):
    """A plan without new log files says what it may read to trace what was never traced."""
    one_session().write(tmp_path / "logs")
    now = START + timedelta(days=9)
    kept = load(tmp_path / "logs", tmp_path / "store", now, trace=False)
    planned = load(
        tmp_path / "logs", tmp_path / "store", now, dry_run=True, trace_share=0.5
    ).planned
    assert (planned.log_files, planned.trace_bytes) == (0, kept.bytes_stored // 2)
    none = load(tmp_path / "logs", tmp_path / "store", now, dry_run=True, trace=False).planned
    assert none.trace_bytes == 0


def test_the_budget_is_an_option_and_untraced_sessions_are_grouped(tmp_path):
    """`--trace-budget` is in percent; the summary has a line a role and reason."""
    trail = Trail(1)
    for minute in range(3):
        lost = trail.session("deploy", f"job-{minute}", MANAGEMENT, START)
        trail.call(Who(lost, "deploy", MANAGEMENT), START + timedelta(minutes=minute))
    trail.write(tmp_path / "logs")
    words = ("load", tmp_path / "logs", "--store", tmp_path / "store", "--trace-budget", "25")
    text = run_command(*words).stdout.decode()
    assert (
        "sessions: 0 of 3 traced to who opened them, 0 issuing records added; 0 more log files "
        "read for it, 0 bytes\n"
        "not traced: 3 sessions of arn:aws:sts::111122223333:assumed-role/deploy: no issuing record "
        "in the log files of account 111122223333; later loads look again\n"
    ) in text
    again = ("load", tmp_path / "logs", "--store", tmp_path / "other", "--format", "json")
    sessions = json.loads(run_command(*again, "--trace-budget", "25").stdout)["sessions"]
    assert (sessions["budget_percent"], sessions["looked_for_again"]) == (25.0, 3)
    assert len(sessions["untraced"]) == 3
