"""What is missing from a store: one answer for status, coverage, every report and the export."""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import trailscan as ts
from trailscan.buckets import LocalBucket
from trailscan.export.package import build_package
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.reports.catalogue import REPORTS
from trailscan.reports.missing import Question, missing, read_gaps
from trailscan.reports.quiet import quiet_days
from trailscan.store.attesting import write_validation
from trailscan.store.ledger import Source
from trailscan.store.log_file_result import LogFileResult, Reject
from trailscan.store.reader import StoreReader
from trailscan.store.rejects import accept_reject, read_rejects
from trailscan.store.writer import StoreWriter
from trailscan.window import Window

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
MARCH = {day: datetime(2026, 3, day, tzinfo=UTC) for day in range(1, 10)}
RECORD = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "accountId": "111111111111", "userName": "kim"},
    "eventSource": "organizations.amazonaws.com",
    "eventName": "MoveAccount",
    "awsRegion": "us-east-1",
    "recipientAccountId": "111111111111",
}


@pytest.fixture
def deliver(tmp_path):
    """Writes a log file of a day where a trail of an account and region puts it."""

    def write(day, account="111111111111", region="us-east-1", body=None):
        folder = f"logs/AWSLogs/{account}/CloudTrail/{region}/2026/03/{day:02d}"
        name = f"{account}_CloudTrail_{region}_202603{day:02d}T0805Z_AAAAAAAAAAAAAAA{day}.json.gz"
        path = tmp_path / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        when = f"2026-03-{day:02d}T08:01:00Z"
        record = RECORD | {"eventID": f"{account}-{day}", "eventTime": when}
        whole = json.dumps({"Records": [record]}).encode() if body is None else body
        path.write_bytes(gzip.compress(whole, mtime=0))
        return path

    return write


@pytest.fixture
def load(tmp_path):
    """Loads what was delivered, and opens the store."""

    def run(now=NOW, **options):
        place = str(tmp_path / "store")
        run_load([str(tmp_path / "logs")], place, LoadOptions(**options), now)
        return ts.open(place)

    return run


def every_answer(store, day=1):
    """Whether each thing that can say so calls itself complete."""
    reports = {name: not store.report(name).incomplete for name in REPORTS}
    package = build_package(store.reader, MARCH[day].date())
    return {
        **reports,
        "status": not store.status().incomplete,
        "export": not package.incomplete,
    }


def test_a_first_load_of_a_folder_is_complete(deliver, load):
    """Nothing is missing from what was read whole, and every answer says so."""
    deliver(1)
    deliver(2)
    assert set(every_answer(load()).values()) == {True}


def test_a_day_that_was_searched_for_another_event_source_is_not_complete(deliver, load):
    """No log file was searched for Organizations events: nothing is proved, until one load does."""
    deliver(1)
    deliver(2)
    store = load(event_sources=("s3.amazonaws.com",))
    assert set(every_answer(store).values()) == {False}
    assert store.report("changes").incomplete == (
        "2 log files never searched for organizations.amazonaws.com events",
    )
    package = build_package(store.reader, MARCH[1].date())
    assert package.incomplete == (
        "1 log file never searched for organizations.amazonaws.com events",
    )
    assert set(every_answer(load()).values()) == {True}


def test_log_files_of_regions_without_organizations_events_need_not_be_searched(deliver, load):
    """Organizations events of a partition stand in one region."""
    deliver(1)
    deliver(2, region="eu-west-1")
    load()
    store = load(event_sources=("sts.amazonaws.com",), regions=frozenset({"eu-west-1"}))
    assert store.report("changes").incomplete == ()


def test_a_reject_without_a_time_counts_for_every_day(deliver, load, tmp_path):
    """Nobody knows of which day a log file is whose name has no delivery time."""
    deliver(1)
    deliver(2)
    (tmp_path / "logs" / "leave.json").write_text('{"Records": [{"eventName": "Leave')
    store = load()
    assert set(every_answer(store).values()) == {False}
    assert {store.report(name).incomplete for name in REPORTS} == {
        ("1 log file could not be read",)
    }
    assert b"leave.json" in build_package(store.reader, MARCH[1].date()).files["rejects.csv"]
    windowed = store.report("changes", since="2026-03-02", until="2026-03-03")
    assert windowed.incomplete == ("1 log file could not be read",)


def test_a_reject_counts_in_its_own_window_only(deliver, load):
    """A log file of the second day that cannot be read says nothing about the first."""
    deliver(1)
    deliver(2, body=b"no JSON")
    deliver(3)
    store = load()
    assert store.report("changes", until="2026-03-02").incomplete == ()
    assert store.report("changes", since="2026-03-02").incomplete == (
        "1 log file could not be read",
    )


def test_an_accepted_reject_is_listed_and_counts_no_more(deliver, load, tmp_path):
    """Once somebody said why, the nights are complete again, also that of the next load."""
    deliver(1)
    deliver(2)
    (tmp_path / "logs" / "leave.json").write_text("{")
    store = load()
    (reject,) = read_rejects(store.reader)
    bucket = LocalBucket(tmp_path / "store")
    accepted = accept_reject(bucket, store.reader, reject.id[:12], "cut off in the copy", NOW)
    store = ts.open(store.place)
    assert set(every_answer(store).values()) == {True}
    assert read_rejects(store.reader) == [accepted]
    assert (accepted.acceptance.because, accepted.acceptance.at) == ("cut off in the copy", NOW)
    summary = run_load([str(tmp_path / "logs")], store.place, LoadOptions(), NOW)
    assert (summary.rejected_log_files, summary.complete) == (1, True)
    package = build_package(store.reader, MARCH[1].date())
    assert b"cut off in the copy" in package.files["rejects.csv"]
    assert json.loads(package.files["statement.json"])["rejects"] == {"open": 0, "accepted": 1}


def test_a_day_without_log_files_is_missing_from_a_window_that_asks_for_it(deliver, load):
    """Without a window the question is about what the store holds."""
    deliver(1)
    deliver(4)
    store = load()
    gap = ("1 span of days without a log file between days that have some",)
    assert store.report("changes").incomplete == ()
    assert store.report("changes", since="2026-03-01", until="2026-03-03").incomplete == gap
    assert store.report("changes", since="2026-03-04").incomplete == ()
    assert store.report("coverage").incomplete == gap
    assert build_package(store.reader, MARCH[2].date()).incomplete == (
        "the store holds no log file delivered for this day",
        *gap,
    )


def test_names_of_the_first_and_the_last_year_cost_no_time(deliver, load):
    """Whoever chooses a name must not make each report count three million days."""
    planted = deliver(1)
    for year in ("0001", "9999"):
        path = Path(str(planted).replace("2026/03", f"{year}/01").replace("202603", f"{year}01"))
        path.parent.mkdir(parents=True)
        path.write_bytes(planted.read_bytes())
    store = load()
    began = time.process_time()
    assert read_gaps(store.reader, Question(gaps=True)) == {}
    assert time.process_time() - began < 1


def digest(day: int, hour: int, log_files: int = 0, verdict: str = "valid"):
    """The row of a verdict on a digest of an hour."""
    end = MARCH[day] + timedelta(hours=hour + 1)
    key = f"digest-{day}-{hour}"
    start = end - timedelta(hours=1)
    row = ("trail", key, None, "111111111111", "us-east-1", "t", False, start, end, verdict)
    return (end.date(), (*row, "", None, None, None, None, None, None, None, log_files, b""))


@pytest.mark.parametrize(
    ("changed", "is_quiet"),
    [({}, True), ({"log_files": 1}, False), ({"verdict": "modified"}, False)],
)
def test_a_day_is_no_gap_if_digests_prove_that_nothing_was_delivered(
    deliver, load, tmp_path, changed, is_quiet
):
    """Valid digests of every hour that name no log file; one that names some proves the opposite."""
    deliver(1)
    deliver(3)
    store = load()
    rows = [digest(2, hour) for hour in range(24)]
    rows[7] = digest(2, 7, **changed)
    write_validation(LocalBucket(tmp_path / "store"), "s", {"digests": rows}, "v", NOW)
    reader = ts.open(store.place).reader
    question = Question.of_events(Window(MARCH[2], MARCH[3]))
    assert (missing(reader, question) == ()) is is_quiet
    assert bool(quiet_days(reader, {MARCH[2].date()})) is is_quiet
    assert (build_package(reader, MARCH[2].date()).incomplete == ()) is is_quiet
    assert (ts.open(store.place).report("coverage").incomplete == ()) is is_quiet


def test_several_days_without_log_files_are_quiet_if_digests_prove_each(deliver, load, tmp_path):
    """So are reports of a window in the middle of them, and the package of each day."""
    for day in (1, 5):
        deliver(day)
    rows = [digest(day, hour) for day in (2, 3, 4) for hour in range(24)]
    place = load().place
    write_validation(LocalBucket(tmp_path / "store"), "s", {"digests": rows}, "v", NOW)
    store = ts.open(place)
    assert every_answer(store, 3) == dict.fromkeys(every_answer(store, 3), True)
    window = {"since": "2026-03-03", "until": "2026-03-04"}
    assert store.report("changes", **window).incomplete == ()


def test_an_account_that_departed_makes_no_gap(deliver, load):
    """After its last log file nothing is missing; a hole between its log files is."""
    for day in range(1, 7):
        deliver(day)
    deliver(1, "222222222222")
    deliver(2, "222222222222")
    store = load()
    assert all(every_answer(store, 4).values())
    deliver(5, "222222222222")
    answers = every_answer(load(), 4)
    assert {name for name, is_complete in answers.items() if not is_complete} == {
        *("coverage", "export")
    }


def test_an_hour_without_a_digest_proves_nothing(deliver, load, tmp_path):
    """The digests must cover the whole day."""
    deliver(1)
    deliver(3)
    store = load()
    rows = [digest(2, hour) for hour in range(24) if hour != 5]
    write_validation(LocalBucket(tmp_path / "store"), "s", {"digests": rows}, "v", NOW)
    assert quiet_days(ts.open(store.place).reader, {MARCH[2].date()}) == set()


def test_a_window_before_the_first_or_after_the_last_load_was_never_requested(deliver, load):
    """A report that asks for more than any load did says which days."""
    for day in (3, 4, 5):
        deliver(day)
    store = load(window=Window(MARCH[3], MARCH[6]))
    assert store.report("changes").incomplete == ()
    early = store.report("changes", since="2026-03-01", until="2026-03-04")
    assert early.incomplete == (
        "never requested: log files delivered 2026-03-01T00:00:00Z to 2026-03-03T00:00:00Z",
    )
    late = store.report("changes", since="2026-03-05", until="2026-03-08")
    assert late.incomplete == (
        "never requested: log files delivered 2026-03-06T00:00:00Z to 2026-03-08T01:00:00Z",
    )


def test_a_window_between_two_loads_was_never_requested(deliver, load):
    """What lies between what was requested of one source is named, if the window touches it."""
    for day in (1, 2, 6, 7):
        deliver(day)
    load(window=Window(None, MARCH[3]))
    store = load(window=Window(MARCH[6], MARCH[8]))
    (reason,) = store.report("changes").incomplete
    assert reason.endswith("logs: log files delivered 2026-03-03T00:00:00Z to 2026-03-06T00:00:00Z")
    assert store.status().incomplete == (reason,)
    assert store.report("changes", since="2026-03-06").incomplete == ()


def test_an_account_that_was_left_out_is_missing_unless_nobody_asks_for_it(deliver, load):
    """A load of one account of two: a report of that account is complete, one of all is not."""
    deliver(1)
    deliver(1, account="222222222222")
    store = load(accounts=frozenset({"111111111111"}))
    (reason,) = store.report("changes").incomplete
    assert reason.startswith("never requested from /")
    assert reason.endswith("/logs: account 222222222222")
    assert store.report("changes", account="111111111111").incomplete == ()
    assert store.report("changes", account="222222222222").incomplete == (reason,)
    assert store.report("changes", account="333333333333").incomplete == (
        "never requested: account 333333333333",
    )
    assert load().report("changes").incomplete == ()


def test_an_account_that_is_alone_in_its_source_is_all_of_it(deliver, load):
    """A load that was restricted and left nothing out is complete."""
    deliver(1)
    assert load(accounts=frozenset({"111111111111"})).report("changes").incomplete == ()


def test_the_region_of_organizations_events_is_missing_if_it_was_left_out(deliver, load):
    """Other regions may be left out: they hold no Organizations events."""
    deliver(1)
    deliver(1, region="eu-west-1")
    store = load(regions=frozenset({"eu-west-1"}))
    (reason,) = store.report("changes").incomplete
    assert reason.endswith("/logs: region us-east-1")
    assert load().report("changes").incomplete == ()


def test_a_load_that_found_nothing_is_in_the_ledger_once_a_day(deliver, load):
    """The window that it requested is known; the same load again changes nothing."""
    deliver(1)
    first, second = load(), load()
    assert len(first.reader.commits) == len(second.reader.commits) == 1
    next_day = NOW + timedelta(days=1)
    third = load(next_day)
    assert [len(commit.files) for commit in third.reader.commits][1:] == [0]
    assert third.status().asked[0].windows == (Window(None, next_day),)
    assert len(load(next_day + timedelta(hours=2)).reader.commits) == 2
    assert third.status().last_load == first.status().last_load


def log_file(number: int, *rejects: Reject, etag: str = "e", day: int = 1) -> LogFileResult:
    """A log file as it comes from a scan."""
    name = f"AWSLogs/111111111111/CloudTrail/us-east-1/2026/03/{day:02d}/{number}.json.gz"
    return LogFileResult(
        "trail", name, etag, 1, records=len(rejects), rejects=rejects, day=MARCH[day].date()
    )


def written(tmp_path, *loads):
    """A store of loads, each a number, a source and log files."""
    for number, source, *log_files in loads:
        writer = StoreWriter(LocalBucket(tmp_path / "store"), "s", f"load {number}")
        writer.commit(log_files, "organizations.amazonaws.com", (source,), NOW)
    return StoreReader(LocalBucket(tmp_path / "store"), "s")


def test_a_listing_that_failed_is_missing_until_a_later_load_makes_it_good(tmp_path):
    """Every answer whose window it touches says so; a load of less does not make it good."""
    source = Source("s3://trail", since=MARCH[1], failures=("access to s3://trail/a/ denied",))
    reader = written(tmp_path, (1, source, log_file(1)))
    reason = ("not read from s3://trail: access to s3://trail/a/ denied",)
    assert missing(reader) == reason
    assert missing(reader, Question(Window(MARCH[1], MARCH[2]))) == reason
    reader = written(tmp_path, (2, Source("s3://trail", since=MARCH[2]), log_file(2)))
    assert missing(reader) == reason
    reader = written(tmp_path, (3, Source("s3://trail", since=MARCH[1])))
    assert missing(reader) == ()


def test_a_load_that_was_killed_is_missing_until_it_is_repeated(tmp_path):
    """The ledger knows from its commits that it had not ended."""
    reader = written(tmp_path, (1, Source("s3://trail", partial=True), log_file(1)))
    (reason,) = missing(reader)
    assert reason.startswith("a load from s3://trail did not finish: log files delivered ")
    assert missing(written(tmp_path, (2, Source("s3://trail")))) == ()


def test_a_record_that_a_later_reading_decoded_is_no_reject(tmp_path):
    """A reading for the same event sources replaces the earlier one; of two versions the later."""
    source, bad = Source("s3://trail"), Reject(0, "event_time_invalid", "no")
    reader = written(tmp_path, (1, source, log_file(1, bad)))
    assert missing(reader) == ("1 record could not be decoded",)
    reader = written(tmp_path, (2, source, log_file(1, Reject(None, "gone", "no"), etag="f")))
    assert missing(reader) == ("1 log file could not be read",)
    assert [one.reason for one in read_rejects(reader)] == ["gone"]
    assert missing(written(tmp_path, (3, source, log_file(1, etag="g")))) == ()


def test_an_empty_store_answers_nothing(tmp_path):
    """Nothing proves nothing."""
    StoreWriter(LocalBucket(tmp_path / "store"), "s", "one")
    store = ts.open(str(tmp_path / "store"))
    assert set(every_answer(store).values()) == {False}
    assert store.report("changes").incomplete == ("the store holds no log file",)


def test_every_form_of_a_report_says_that_it_is_incomplete(deliver, load, tmp_path):
    """Also the page, the notebook, and what a text form has beside it."""
    deliver(1)
    (tmp_path / "logs" / "leave.json").write_text("{")
    table = load().report("changes")
    assert table.remarks[0] == "incomplete: 1 log file could not be read"
    assert "Incomplete: 1 log file could not be read" in table._repr_html_()


def test_an_unrecognised_object_is_missing_until_it_is_accepted(deliver, load, tmp_path):
    """What nobody can tell from its name or first bytes is a reject that can be accepted."""
    deliver(1)
    (tmp_path / "logs" / "notes").write_bytes(b"\x7fsomething else")
    store = load()
    (reject,) = read_rejects(store.reader)
    assert store.report("changes").incomplete == ("1 log file could not be read",)
    accept_reject(LocalBucket(tmp_path / "store"), store.reader, reject.id, "a note", NOW)
    summary = run_load([str(tmp_path / "logs")], store.place, LoadOptions(), NOW)
    assert (summary.unrecognised, summary.complete) == (1, True)
    assert ts.open(store.place).report("changes").incomplete == ()


def test_a_source_without_a_log_file_is_missing(load, tmp_path):
    """Where something stood and nothing was read, nothing is proved, and the ledger knows it."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    reasons = load().status().incomplete
    assert reasons[0] == "the store holds no log file"
    assert "no log file found in " in reasons[1]
