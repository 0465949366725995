"""Law: whatever is delivered, late, copied, replaced or deleted, and whatever befalls the loads.

A model knows which events have been delivered and which a load must have seen. After every step the
store holds at least the latter, at most the former, and each of them once, for whoever follows the
ledger and for whoever looks at the folder only. Rows F1, F2, F3, F6, F9, F12, F15, F21 and F24.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from services.memory import MemoryBucket
from services.trail import make_event, pack

from trailscan.errors import NotFoundError
from trailscan.ingest import pipeline
from trailscan.ingest import run as loading
from trailscan.ingest.plan import SourcePlan
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.store.compact import compact_store
from trailscan.store.reader import StoreReader

BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)
KEY = (
    "AWSLogs/o-exampleorg1/{account}/CloudTrail/us-east-1/{when:%Y/%m/%d}/"
    "{account}_CloudTrail_us-east-1_{when:%Y%m%dT%H%MZ}_{number:016d}.json.gz"
)
ACCOUNTS = ("000000000001", "111122223333", "999999999999")


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


class Seen(NamedTuple):
    """An event as the model knows it: its id, and which of several contents it has."""

    number: int
    variant: str


class LogFile(NamedTuple):
    """What the model knows of a log file: its events; None when it cannot be read."""

    events: frozenset[Seen] | None


class Loads(RuleBasedStateMachine):
    """A trail, a store, and loads that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.trail, self.store = MemoryBucket("trail"), MemoryBucket("store")
        self.files: dict[str, LogFile] = {}
        self.delivered: set[Seen] = set()
        self.must: set[Seen] = set()
        self.today, self.number = BEGINNING, 0
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(loading, "open_bucket", lambda *_: self.store)
        self.patch.setattr(loading, "open_source", lambda uri, _: SourcePlan(uri, self.trail, ""))
        self.patch.setattr(pipeline, "_COMMIT_LOG_FILES", 2)

    def teardown(self) -> None:
        """In the end one load without a fault has everything that can be read."""
        self.allow()
        self.load()
        present = [file.events for file in self.files.values() if file.events is not None]
        assert set().union(*present) <= set(self.by_ledger())
        self.patch.undo()

    # what happens to the trail

    def put(self, key: str, events: list[Seen], *, broken: bool = False) -> None:
        """Deliver a log file, or another under its name."""
        records = [
            make_event(
                one.number, userAgent=one.variant, eventTime=f"{when(one):%Y-%m-%dT%H:%M:%SZ}"
            )
            for one in events
        ]
        data = pack(records)
        self.trail.objects[key] = data[:-9] if broken else data
        self.files[key] = LogFile(None if broken else frozenset(events))
        if not broken:
            self.delivered |= set(events)

    @initialize()
    def begin(self) -> None:
        """The first load, which looks 30 days back from its day whatever there is."""
        self.deliver(0, ACCOUNTS[1], copies=False, broken=False)
        self.load()

    @rule(
        days=st.integers(0, 28),
        account=st.sampled_from(ACCOUNTS),
        copies=st.booleans(),
        broken=st.booleans(),
    )
    def deliver(self, days: int, account: str, *, copies: bool, broken: bool) -> None:
        """A log file comes, late by up to 28 days; with copies of an event that was before."""
        self.number += 1
        events = [Seen(self.number, "first")]
        if copies and self.delivered:
            events.append(sorted(self.delivered)[self.number % len(self.delivered)])
        key = KEY.format(account=account, when=self.today - timedelta(days), number=self.number)
        self.put(key, events, broken=broken)

    @rule(at=st.integers(0, 99))
    def contradict(self, at: int) -> None:
        """A log file comes with an event of a known id and another content."""
        known = sorted(self.delivered)[at % len(self.delivered)]
        self.number += 1
        key = KEY.format(account=ACCOUNTS[0], when=self.today, number=self.number)
        self.put(key, [known._replace(variant=f"variant {self.number}")])

    @rule(at=st.integers(0, 99), broken=st.booleans())
    def replace(self, at: int, *, broken: bool) -> None:
        """A log file of the last 28 days is another now, perhaps one that cannot be read."""
        recent = f"{self.today - timedelta(28):%Y%m%d}"
        keys = [key for key in sorted(self.files) if key[-39:-31] >= recent]
        if keys:
            self.number += 1
            self.put(keys[at % len(keys)], [Seen(self.number, "first")], broken=broken)

    @rule(at=st.integers(0, 99))
    def delete(self, at: int) -> None:
        """A log file is deleted; what was loaded of it stays."""
        if self.files:
            key = sorted(self.files)[at % len(self.files)]
            del self.files[key], self.trail.objects[key]

    @rule(days=st.integers(1, 20))
    def wait(self, days: int) -> None:
        """Days pass, perhaps without a load."""
        self.today += timedelta(days)

    # what happens to loads

    def run(self, skew: int = 0) -> Any:
        """One load, by a clock that may be wrong by a day."""
        now = self.today + timedelta(hours=3, days=skew)
        return run_load(["s3://trail"], "s3://store", LoadOptions(), now)

    def expect(self, hidden: set[str] | None = None) -> None:
        """Whoever saw all of the trail, but what is hidden or unreadable, has all of its events."""
        without = (hidden or set()) | self.trail.unread
        for key, file in self.files.items():
            if key not in without and file.events is not None:
                self.must |= file.events

    @rule(skew=st.integers(-1, 1))
    def load(self, skew: int = 0) -> None:
        """A load without a fault is complete unless a log file cannot be used.

        One of more than 30 days ago is on record, and may not be tried again.
        """
        summary = self.run(skew)
        self.expect()
        broken = [key for key, file in self.files.items() if file.events is None]
        old = f"{self.today - timedelta(30):%Y%m%d}"
        if not broken:
            assert summary.complete or self.trail.unread
        elif max(key[-39:-31] for key in broken) >= old:
            assert not summary.complete

    @rule(account=st.sampled_from(ACCOUNTS))
    def load_with_a_failing_listing(self, account: str) -> None:
        """A load that cannot list an account says so, and has the others."""
        self.trail.unlisted = f"AWSLogs/o-exampleorg1/{account}/CloudTrail/us-east-1/"
        summary = self.run()
        hidden = {key for key in self.files if key.startswith(self.trail.unlisted)}
        self.trail.unlisted = None
        self.expect(hidden)
        assert not (hidden and summary.complete)

    @rule(at=st.integers(0, 99))
    def refuse(self, at: int) -> None:
        """A log file cannot be read from now on."""
        if self.files:
            self.trail.unread.add(sorted(self.files)[at % len(self.files)])

    @rule()
    def allow(self) -> None:
        """Whatever could not be read can be."""
        self.trail.unread.clear()

    @rule(account=st.sampled_from(ACCOUNTS), listed=st.booleans())
    def refuse_for_long(self, account: str, *, listed: bool) -> None:
        """For longer than the look-back a log file, or its account's listing, is refused."""
        self.deliver(20, account, copies=False, broken=False)
        for _ in range(2):
            if listed:
                self.trail.unread.add(max(self.files, key=lambda key: key[-24:]))
                self.run()
                self.expect()
            else:
                self.load_with_a_failing_listing(account)
            self.wait(20)
            self.deliver(0, ACCOUNTS[self.number % 3], copies=False, broken=False)

    @rule(at=st.integers(1, 25), after=st.booleans())
    def load_and_die(self, at: int, *, after: bool) -> None:
        """A load is killed at one of its writes."""
        self.deliver(at % 20, ACCOUNTS[at % 3], copies=True, broken=False)
        died = self.at_change(at, die, after=after)
        try:
            self.run()
        except Killed:
            assert died()
        finally:
            self.at_change(0, die, after=after)

    @rule(at=st.integers(1, 25), after=st.booleans(), dies=st.booleans())
    def load_twice_at_once(self, at: int, *, after: bool, dies: bool) -> None:
        """In the middle of a load another runs from beginning to end; then the first goes on."""
        self.deliver(at % 20, ACCOUNTS[at % 3], copies=True, broken=False)

        def other() -> None:
            self.at_change(0, other, after=after)
            self.deliver(at % 7, ACCOUNTS[at % 2], copies=True, broken=False)
            self.run()
            self.expect()
            if dies:
                raise Killed

        self.at_change(at, other, after=after)
        try:
            self.run()
        except Killed:
            return
        finally:
            self.at_change(0, other, after=after)

    @rule(at=st.integers(0, 12), after=st.booleans(), dies=st.booleans())
    def compact(self, at: int, *, after: bool, dies: bool) -> None:
        """Data files are merged; in the middle a load runs, or it is killed and done again."""

        def meanwhile() -> None:
            self.at_change(0, meanwhile, after=after)
            if dies:
                raise Killed
            self.load()

        self.at_change(at, meanwhile, after=after)
        with contextlib.suppress(Killed):
            compact_store(self.store, "s3://store", self.today)
        self.at_change(0, meanwhile, after=after)
        assert self.must <= set(self.by_ledger())
        compact_store(self.store, "s3://store", self.today)
        assert StoreReader(self.store, "s3://store").strays == ()

    def at_change(self, step: int, action: Any, *, after: bool) -> Any:
        """Let something happen at the n-th change of the store; 0 for never."""
        counted = itertools.count(1)  # data files are written by several threads
        happened: list[bool] = []

        def call() -> None:
            if next(counted) == step:
                happened.append(True)
                action()

        name = "after_change" if after else "before_change"
        self.store.before_change = self.store.after_change = lambda: None
        if step:
            setattr(self.store, name, call)
        return lambda: bool(happened)

    # what holds after every step

    def by_ledger(self) -> list[Seen]:
        """The events that a reader sees who follows the ledger."""
        try:
            reader = StoreReader(self.store, "store")
        except NotFoundError:
            return []
        return rows_of(reader.events(None, ["event_id", "user_agent"]))

    def by_glob(self) -> list[Seen]:
        """The events that a reader sees who looks at the folder only."""
        found: list[Seen] = []
        for one in self.store.list_objects("events/"):
            file = pq.ParquetFile(pa.BufferReader(self.store.read(one.key)))
            found += rows_of(file.read(["event_id", "user_agent"], use_threads=False))
        return found

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        """At least what must be there, at most what was delivered, each once."""
        for events in (self.by_ledger(), self.by_glob()):
            counted = Counter(events)
            assert not [one for one, times in counted.items() if times > 1]
            assert self.must <= set(counted) <= self.delivered

    @invariant()
    def no_log_file_is_done_twice(self) -> None:
        """Each version of a log file is on record once as done, once as rejected for a reason."""
        try:
            rows = StoreReader(self.store, "store").log_files(None, ["key", "etag", "reason"])
        except NotFoundError:
            return
        counted = Counter(zip(*rows.to_pydict().values(), strict=True))
        assert not [one for one, times in counted.items() if times > 1]


def die() -> None:
    """As kill -9 does."""
    raise Killed


def when(event: Seen) -> datetime:
    """When an event was: events lie on a few days."""
    return BEGINNING + timedelta(days=event.number % 3, seconds=event.number)


def rows_of(table: pa.Table) -> list[Seen]:
    """Rows as the model knows them."""
    rows = zip(table["event_id"].to_pylist(), table["user_agent"].to_pylist(), strict=True)
    return [Seen(int(event_id[-12:]), variant) for event_id, variant in rows]


Loads.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
test_loads_lose_and_double_nothing = Loads.TestCase
