"""How a load is cut: ranges of days, and the delivery window of each source."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from services.memory import MemoryBucket

from trailscan.buckets import LocalBucket
from trailscan.ingest import plan
from trailscan.ingest.listing import _between_days
from trailscan.ingest.plan import DayRange, SourcePlan, split_window
from trailscan.ingest.run import LoadOptions, delivery_window
from trailscan.store.ledger import Commit, Counts, Source
from trailscan.window import Window

NOW = datetime(2026, 11, 23, 3, tzinfo=UTC)
TODAY = NOW.date()
ORGANIZATIONS = "organizations.amazonaws.com"


def day(text):
    """A day of 2026 by month and day."""
    return date.fromisoformat(f"2026-{text}")


def midnight(text):
    """Its first instant."""
    return datetime.fromisoformat(f"2026-{text}T00:00:00+00:00")


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(), [DayRange(None, None)]),
        (Window(midnight("11-22")), [DayRange(day("11-21"), None)]),
        (Window(midnight("11-22") + timedelta(hours=2)), [DayRange(day("11-22"), None)]),
        (Window(None, midnight("11-22")), [DayRange(None, day("11-22"))]),
        (
            Window(midnight("05-01"), midnight("11-01")),
            [DayRange(day("04-30"), day("07-30")), DayRange(day("07-31"), day("10-30")),
             DayRange(day("10-31"), day("11-01"))],
        ),
    ],
)  # fmt: skip
def test_split_window_cuts_a_window_into_quarters(window, expected):
    """92 days each, an hour earlier than the window, with open ends where the window has them."""
    assert split_window(window, {}, TODAY) == expected


def test_split_window_cuts_where_the_store_holds_many_log_files(monkeypatch):
    """A range begins before the store's log files of the range become too many."""
    monkeypatch.setattr(plan, "_RANGE_ROWS", 10)
    held = {day("11-01"): 6, day("11-02"): 4, day("11-03"): 1, day("11-04"): 30, day("11-05"): 1}
    assert split_window(Window(), held, TODAY) == [
        DayRange(None, day("11-02")),
        DayRange(day("11-03"), day("11-03")),
        DayRange(day("11-04"), day("11-04")),
        DayRange(day("11-05"), None),
    ]


def commit(seq, *sources, event_sources=ORGANIZATIONS):
    """A commit of a load of some sources."""
    return Commit(seq, "", "load", "test", NOW, event_sources, sources, Counts(), ())


def request(since, newest=None, **scope):
    """What a load requested of `s3://trail`."""
    return Source("s3://trail", since, None, newest, **{"regions": ("us-east-1",), **scope})


S3 = SourcePlan("s3://trail", MemoryBucket("trail"), "")
OPTIONS = LoadOptions(regions=frozenset({"us-east-1"}))


def test_delivery_window_of_a_first_load_is_30_days():
    """And the note says so."""
    assert delivery_window(S3, OPTIONS, [], NOW) == (
        Window(midnight("10-24")),
        (
            "first load of s3://trail: log files delivered since 2026-10-24 "
            "(30 days; --since reads further back)"
        ),
    )


@pytest.mark.parametrize(
    ("commits", "start"),
    [
        ([commit(1, request(midnight("01-01"), midnight("11-20")))], midnight("10-21")),
        ([commit(1, request(None, midnight("11-20")))], midnight("10-21")),
        ([commit(1, request(midnight("11-10"), midnight("11-20")))], midnight("11-10")),
        ([commit(1, request(midnight("01-01")))], midnight("01-01")),
        ([commit(1, request(None))], None),
        ([commit(1, request(None, midnight("11-20") + timedelta(365)))], midnight("10-24")),
        ([commit(1, request(midnight("01-01"), midnight("11-20")), event_sources="all")],
         midnight("10-21")),
    ],
    ids=["look-back", "from the beginning", "not before the first", "never complete",
         "never complete, from the beginning", "a name in the future", "of more event sources"],
)  # fmt: skip
def test_delivery_window_of_a_later_load_starts_before_the_newest_log_file(commits, start):
    """By the look-back, but never before the start of the first load."""
    assert delivery_window(S3, OPTIONS, commits, NOW) == (Window(start), None)


@pytest.mark.parametrize(
    "other",
    [
        commit(1, request(None, midnight("11-20")), event_sources="sts.amazonaws.com"),
        commit(1, request(None, midnight("11-20"), accounts=("111122223333",))),
        commit(1, request(None, midnight("11-20"), regions=("eu-west-1",))),
        commit(1, Source("s3://other", None, None, midnight("11-20"))),
    ],
    ids=["event source", "account", "region", "source"],
)
def test_delivery_window_ignores_loads_of_less(other):
    """A load of another source or of fewer records says nothing of this one."""
    window, note = delivery_window(S3, OPTIONS, [other], NOW)
    assert (window, note is not None) == (Window(midnight("10-24")), True)


@pytest.mark.parametrize(
    "commits", [[], [commit(1, request(midnight("10-24"), midnight("11-20")))]]
)
def test_delivery_window_of_the_past_is_30_days_too(commits):
    """`--until` before the look-back reads what was delivered before that instant."""
    options = LoadOptions(window=Window(None, midnight("02-01")), regions=OPTIONS.regions)
    window, _ = delivery_window(S3, options, commits, NOW)
    assert window == Window(midnight("01-02"), midnight("02-01"))


def test_delivery_window_is_the_user_s_where_there_is_one(tmp_path):
    """`--since` counts as it is, and a folder is read whole."""
    since = LoadOptions(window=Window(midnight("01-01")))
    assert delivery_window(S3, since, [], NOW) == (Window(midnight("01-01")), None)
    folder = SourcePlan(str(tmp_path), LocalBucket(tmp_path), "")
    assert delivery_window(folder, LoadOptions(), [], NOW) == (Window(), None)


@pytest.mark.parametrize(
    ("days", "looked_into"),
    [
        (DayRange(date(2026, 11, 5)), ["2026/", "2026/11/"]),
        (DayRange(None, date(2026, 11, 5)), ["2026/", "2026/11/"]),
        (DayRange(date(2025, 3, 5), date(2026, 1, 30)), ["2025/", "2025/03/", "2026/", "2026/01/"]),
        (DayRange(date(2026, 1, 2)), ["2025/", "2026/", "2026/01/"]),
    ],
)
def test_only_the_ends_of_a_window_are_looked_into(days, looked_into, monkeypatch):
    """A listing of days has all between them; a week may belong to the year before."""
    months = [f"{year}/{month:02}/" for year in (2024, 2025, 2026) for month in range(1, 13)]
    bucket, asked = MemoryBucket("trail"), []
    list_here = bucket.list_here
    bucket.objects = {f"r/{month}{day:02}/x": b"" for month in months for day in (1, 28)}
    monkeypatch.setattr(
        bucket, "list_here", lambda folder: asked.append(folder) or list_here(folder)
    )
    years = [f"r/{year}/" for year in (2024, 2025, 2026)]
    assert list(_between_days(bucket, "r/", years, days)) == []
    assert asked == [f"r/{folder}" for folder in looked_into]
