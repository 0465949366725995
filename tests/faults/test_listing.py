"""Listings that fail, lie, or come late: rows F1 to F5 and F20, F24 of the fault model.

The fault model is in docs/loading.md; each test names its row.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from services import stand_in as faults
from services.trail import log_file_key, make_event, pack

import trailscan as ts
from trailscan.errors import NoAnswerError
from trailscan.ingest.plan import SourcePlan
from trailscan.ingest.run import LoadOptions, run_load

TODAY = datetime(2026, 11, 23, 3, tzinfo=UTC)


def test_a_late_log_file_is_found_though_its_key_sorts_before_all_seen(s3, deliver, load, ids):
    """F1: what was delivered late, into any day of the look-back, is loaded by the next load."""
    deliver(1, time="1205")
    deliver(2, time="1825")
    load()
    deliver(3, time="1820")
    deliver(4, day="02", time="0000")
    deliver(5, account="000000000001", day="01")
    assert load().summary["log_files"] == {
        "listed": 5, "done": 3, "known": 2, "rejected": 0, "unread": 0,
    }  # fmt: skip
    assert ids() == [1, 2, 3, 4, 5]


def test_the_look_back_is_30_days_before_the_newest_log_file(s3, deliver, tmp_path, ids):
    """F1: without --since a later load looks 30 days back, and further when it is told to."""
    store = str(tmp_path / "store")
    deliver(1, month="09", day="01")
    deliver(2, day="22")
    since = ts.window.Window(datetime(2026, 9, 1, tzinfo=UTC))
    run_load(["s3://trail"], store, LoadOptions(window=since), TODAY)
    deliver(3, month="10", day="24", time="0000")
    deliver(4, month="10", day="20")
    run_load(["s3://trail"], store, LoadOptions(), TODAY)
    assert ids() == [1, 2, 3]
    run_load(["s3://trail"], store, LoadOptions(look_back=timedelta(days=40)), TODAY)
    assert ids() == [1, 2, 3, 4]


@pytest.mark.parametrize("skew", [timedelta(days=-1), timedelta(0), timedelta(days=1)])
def test_a_wrong_clock_changes_nothing_that_is_kept(s3, deliver, tmp_path, skew, ids):
    """F2: with a clock a day ahead or behind, and one LastModified for all, all is loaded."""
    for number in range(3):
        deliver(number, day="22", time=f"23{number:02d}")
    store = str(tmp_path / "store")
    run_load(["s3://trail"], store, LoadOptions(), TODAY + skew)
    deliver(3, day="23", time="0200")
    run_load(["s3://trail"], store, LoadOptions(), TODAY + skew)
    assert ids() == [0, 1, 2, 3]


def test_a_name_that_lies_about_the_future_hides_nothing(s3, deliver, tmp_path, ids):
    """F2: a log file named for the year 2099 does not move the look-back."""
    store = str(tmp_path / "store")
    deliver(1)
    forged = log_file_key(2).replace("/2026/", "/2099/").replace("_2026", "_2099")
    s3.put("trail", forged, pack([make_event(2)]))
    run_load(["s3://trail"], store, LoadOptions(), TODAY)
    deliver(3, day="20")
    run_load(["s3://trail"], store, LoadOptions(), TODAY)
    assert ids() == [1, 2, 3]


def many(s3, count: int) -> None:
    """More log files than one page of a listing holds, all of one event."""
    made = faults.Object.of(pack([make_event(1)]))
    s3.put_all("trail", ((log_file_key(number), made) for number in range(count)))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (faults.error(500, "InternalError"), "InternalError"),
        (faults.slow_down(), "SlowDown"),
        (faults.html(), "not one of S3"),
        (faults.lost_answer(), "gave no answer"),
        (faults.cut("close"), ""),
        (faults.error(400, "ExpiredToken", "The provided token has expired."), "ExpiredToken"),
        (faults.error(403, "RequestTimeTooSkewed"), "this machine's clock is wrong"),
    ],
    ids=["500", "SlowDown", "HTML", "reset", "cut", "expired", "skewed"],
)
def test_a_second_page_that_fails_leaves_the_first_loaded_and_the_rest_named(s3, load, fault, said):
    """F3, F4, F5, F20: a listing that fails on its second page is named; the next load goes on."""
    many(s3, 1500)
    s3.fail("LIST", fault, "us-east-1/$", skip=1)
    ended = load()
    assert (ended.code, ended.summary["log_files"]["done"]) == (4, 1000)
    (failure,) = ended.summary["failures"]
    assert said in failure
    assert "s3://trail/AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/" in failure
    s3.heal()
    ended = load()
    assert (ended.code, ended.summary["log_files"]["done"]) == (0, 500)


@pytest.mark.parametrize("fault", [faults.slow_down(), faults.html(), faults.lost_answer()])
def test_a_page_that_fails_once_is_asked_for_again(s3, load, fault):
    """F4, F5: throttling, a proxy's page and a reset that pass cost nothing."""
    many(s3, 1500)
    s3.fail("LIST", fault, "us-east-1/$", skip=1, times=1)
    ended = load()
    assert (ended.code, ended.summary["log_files"]["done"]) == (0, 1500)


def changed(old: bytes, new: bytes):
    """The right page with something else in it."""

    def fault(request, right):
        answer = right()
        assert old in answer.body
        answer.body = answer.body.replace(old, new)
        return answer

    return fault


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (changed(b"NextContinuationToken>", b"NextMarker>"), "not one of S3"),
        (changed(b"<KeyCount>1000", b"<KeyCount>1001"), "not one of S3"),
        (changed(b"</Contents><Contents>", b""), "not one of S3"),
        (changed(b"<IsTruncated>true", b"<IsTruncated>"), "not one of S3"),
    ],
    ids=["no token", "a key too few", "keys run together", "truncated or not"],
)
def test_a_page_that_contradicts_itself_is_no_page(s3, load, fault, said):
    """F3, F4: a page that says it holds more than it does, or has no way on, is not believed."""
    many(s3, 1500)
    s3.fail("LIST", fault, "us-east-1/$")
    ended = load()
    assert (ended.code, ended.summary["log_files"]["listed"]) == (4, 0)
    assert said in ended.summary["failures"][0]


def test_a_listing_that_goes_in_circles_ends(s3, load):
    """F3: a server that gives the same page for ever is left."""
    many(s3, 1500)
    pages = []

    def again(request, right):
        pages.append(right())
        return pages[0]

    s3.fail("LIST", again, "us-east-1/$")
    ended = load()
    assert ended.code == 4
    assert "the listing repeats the same page" in ended.summary["failures"][0]


def test_a_bucket_that_answers_with_html_is_no_empty_trail(s3, deliver, load):
    """F4: a captive portal in place of S3 is no answer at all: exit code 5."""
    deliver(1)
    s3.fail("LIST", faults.html())
    with pytest.raises(NoAnswerError, match=r"not one of S3 \(is a proxy altering responses\?\)$"):
        load()


def test_one_prefix_that_is_denied_costs_nothing_else(s3, deliver, load, ids):
    """F20: an account whose folder may not be listed is named, its neighbours are loaded."""
    deliver(1)
    deliver(2, account="222233334444")
    s3.fail("LIST", faults.error(403, "AccessDenied", "Access Denied"), "222233334444/CloudTrail/")
    ended = load()
    assert (ended.code, ids()) == (4, [1])
    denied = "access denied by ListObjectsV2 (AccessDenied: Access Denied)"
    folder = "s3://trail/AWSLogs/o-exampleorg1/222233334444/CloudTrail/"
    assert ended.summary["failures"] == [f"{folder}: {denied}"]
    s3.heal()
    assert (load().code, ids()) == (0, [1, 2])


def test_what_was_denied_for_long_is_loaded_when_it_no_longer_is(s3, deliver, tmp_path, ids):
    """F20, F1: the look-back counts from the last load that saw everything, not from others."""
    store = str(tmp_path / "store")
    deliver(1, month="08", day="30")
    deliver(2, account="222233334444", month="08", day="31")
    denied = faults.error(403, "AccessDenied", "Access Denied")
    since = ts.window.Window(datetime(2026, 8, 1, tzinfo=UTC))
    s3.fail("LIST", denied, "222233334444/CloudTrail/")
    run_load(["s3://trail"], store, LoadOptions(window=since), TODAY)
    deliver(3, day="22")
    assert not run_load(["s3://trail"], store, LoadOptions(), TODAY).complete
    s3.heal()
    assert run_load(["s3://trail"], store, LoadOptions(), TODAY).complete
    assert ids() == [1, 2, 3]


def test_a_new_account_and_a_new_region_are_found(s3, deliver, load, ids):
    """F24: what appears later and sorts before everything seen is discovered by each load."""
    deliver(1)
    load()
    deliver(2, account="000000000001")
    deliver(3, region="af-south-1")
    assert (load("s3://trail", "--all-regions").code, ids()) == (0, [1, 2, 3])


def test_loads_of_other_scopes_do_not_move_each_others_look_back(s3, deliver, tmp_path, ids):
    """F22: a load of one account says nothing of how far the others were loaded."""
    store = str(tmp_path / "store")
    narrow = LoadOptions(accounts=frozenset({"111122223333"}))
    deliver(1, month="08", day="01")
    run_load(["s3://trail"], store, LoadOptions(), datetime(2026, 8, 2, tzinfo=UTC))
    deliver(2, account="222233334444", month="08", day="10")
    deliver(3, day="22")
    run_load(["s3://trail"], store, narrow, TODAY)
    run_load(["s3://trail"], store, LoadOptions(), TODAY)
    assert ids() == [1, 2, 3]


def test_sources_that_share_a_store_keep_apart(s3, deliver, load, ids):
    """F22: the same name in two buckets is two log files; the same event is kept once."""
    deliver(1)
    s3.put("other", log_file_key(1), pack([make_event(1), make_event(2)]))
    assert load().kept == 1
    ended = load("s3://other")
    assert (ended.kept, ended.summary["records"]["duplicates"]) == (1, 1)
    assert (load().summary["log_files"]["known"], ids()) == (1, [1, 2])


ACCOUNTS = [f"{number:012d}" for number in range(111100000000, 111100000012)]


@pytest.mark.parametrize("days", [None, 200], ids=["one span", "several spans"])
def test_many_accounts_are_looked_into_as_their_turn_comes(s3, deliver, tmp_path, days, ids):
    """F24: more accounts than are looked into beforehand, in one span of days and in several."""
    for number, account in enumerate(ACCOUNTS):
        deliver(number, account=account)
        deliver(100 + number, account=account, region="eu-west-1")
    since = None if days is None else TODAY - timedelta(days=days)
    options = LoadOptions(window=ts.window.Window(since))
    done = run_load(["s3://trail"], str(tmp_path / "store"), options, TODAY)
    assert (done.done, done.complete, ids()) == (12, True, list(range(12)))
    assert done.regions_left_out == ("eu-west-1",)
    again = run_load(["s3://trail"], str(tmp_path / "store"), options, TODAY)
    assert (again.done, again.known, again.complete) == (0, 12, True)


def test_an_account_of_many_that_cannot_be_listed_is_named(s3, deliver, load, ids):
    """F20: it costs the others nothing, and is loaded when it may be."""
    for number, account in enumerate(ACCOUNTS):
        deliver(number, account=account)
    s3.fail("LIST", faults.error(403, "AccessDenied", "no"), f"{ACCOUNTS[7]}/$")
    ended = load()
    assert (ended.code, ids()) == (4, [number for number in range(12) if number != 7])
    (failure,) = ended.summary["failures"]
    assert f"AWSLogs/o-exampleorg1/{ACCOUNTS[7]}/: access denied by ListObjectsV2" in failure
    s3.heal()
    assert (load().code, ids()) == (0, list(range(12)))


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0, 8), (0.0005, 8), (0.005, 30), (0.02, 64), (3.0, 64)]
)
def test_the_delay_of_the_quickest_listing_tells_how_many_connections(seconds, expected):
    """As many as two processors have work for, within bounds."""
    bucket = SimpleNamespace(name="trail", delay=seconds)
    assert SourcePlan("s3://trail", bucket, "").connections(8, 64) == expected


def test_a_load_of_nothing_new_costs_its_listings_only(s3, deliver, load):
    """No log file is asked for again, and no more is listed than the first time."""
    for number, account in enumerate(ACCOUNTS):
        deliver(number, account=account)
    load()
    first = s3.counted("GET"), s3.counted("LIST")
    ended = load()
    assert (ended.code, ended.summary["log_files"]["known"]) == (0, 12)
    assert (s3.counted("GET"), s3.counted("LIST")) == (first[0], 2 * first[1])
