"""Merging small data files: fewer of them, and not one answer changes, whatever happens meanwhile."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nights import FIRST, NOW, Archive, event
from services.command import run_command
from services.memory import MemoryBucket
from services.trail import log_file_key, make_event, pack

from trailscan.errors import StoreError, TrailscanError
from trailscan.ingest import run as loading
from trailscan.ingest.plan import SourcePlan
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.reports.catalogue import REPORTS
from trailscan.reports.filter import ChangeFilter
from trailscan.store import compact as compacting
from trailscan.store.check import check_store
from trailscan.store.compact import compact_store, plan_compact
from trailscan.store.ledger import Ledger
from trailscan.store.prune import plan_prune, prune_store
from trailscan.store.reader import StoreReader
from trailscan.store.strays import find_strays

BEGINNING = datetime(2026, 11, 20, tzinfo=UTC)
_COMMITS = re.compile(r" \(commits? [\d to]+\)")
DATA = ("events/", "log_files/", "rejects/", "attestations/", "digests/", "public_keys/")


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


class Trail:
    """A trail in memory and stores that load it, each load an hour after the one before."""

    def __init__(self, *stores: MemoryBucket) -> None:
        self.trail = MemoryBucket("trail")
        self.stores = stores
        self.number = self.hours = 0

    def deliver(self, *records: dict, broken: bool = False) -> None:
        """Deliver a log file."""
        self.number += 1
        key = log_file_key(self.number, day=f"{21 + self.number % 2}")
        data = pack([*records])
        self.trail.objects[key] = data[:-9] if broken else data

    def load(
        self, event_sources: tuple[str, ...] | None = ("organizations.amazonaws.com",)
    ) -> None:
        """Load what is new into every store."""
        self.hours += 1
        now = BEGINNING + timedelta(days=4, hours=self.hours)
        for store in self.stores:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(loading, "open_bucket", lambda *_, store=store: store)
                patch.setattr(
                    loading, "open_source", lambda uri, _: SourcePlan(uri, self.trail, "")
                )
                options = LoadOptions(event_sources=event_sources, trace=False)
                run_load(["s3://trail"], "s3://store", options, now)


def several_loads(*stores: MemoryBucket, loads: int = 4) -> Trail:
    """A trail of some loads: changes, a read-only call, copies, a conflict and rejects."""
    trail = Trail(*stores)
    for number in range(loads):
        read = make_event(100 + number, eventName="ListAccounts", readOnly=True)
        conflict = make_event(0, userAgent=f"other {number}")
        trail.deliver(make_event(number), read, make_event(0), conflict)
        trail.deliver(make_event(50), broken=number % 2 == 0)
        trail.deliver(make_event(60 + number), {**make_event(61), "eventTime": "never"})
        trail.load()
    return trail


def compact(store: MemoryBucket):
    """Compact a store."""
    return compact_store(store, "s3://store", NOW)


def answers(store: MemoryBucket) -> dict[str, object]:
    """Everything that a store can be asked for, without the numbers of its commits."""
    reader = StoreReader(store, "s3://store")
    found: dict[str, object] = {}
    for name, report in REPORTS.items():
        table = report.build(reader, ChangeFilter(reads=True))
        found[name] = (table.rows, table.incomplete, _COMMITS.sub("", str(table.notes)))
    found["arrived"] = reader.events(
        None, ["event_id", "record", "conflict", "arrived"]
    ).to_pylist()
    found["kept"] = reader.log_files().to_pylist()
    found["brought"] = [
        (commit.seq, rows.to_pylist())
        for commit, rows in reader.brought_by(make_event(0)["eventID"], date(2026, 11, 22))
    ]
    found["reads"] = [rows.to_pylist() for _, rows in reader.scan("events", ["event_id"])]
    found["rows"] = [
        rows.to_pylist() for rows in reader.read(reader.files("log_files"), ["key", "kept"])
    ]
    return found


def data_files(store: MemoryBucket) -> list[str]:
    """The data files that lie in a store."""
    return sorted(key for key in store.objects if key.startswith(DATA))


@pytest.fixture
def store():
    """A store of four loads."""
    store = MemoryBucket("store")
    several_loads(store)
    return store


def test_one_data_file_is_left_of_each_table_and_day(store):
    """A dry run says what will be; the ledger still says which commit brought which row."""
    before, expected = data_files(store), answers(store)
    planned = plan_compact(store, "s3://store")
    assert data_files(store) == before
    done = compact(store)
    after = data_files(store)
    days = {key.rpartition("/")[0] for key in before}
    assert {key.rpartition("/")[0] for key in after} == days
    assert len(after) == len(days) == 4  # the events of one day, log files of two, rejects
    assert (planned.merged, planned.into, planned.data_files) == (
        done.merged,
        done.into,
        len(before),
    )
    assert (done.removed, done.commits, done.data_files) == (done.merged, 1, len(after))
    assert 0 < done.bytes_into < done.bytes_merged == planned.bytes_merged
    assert answers(store) == expected
    checked = check_store(store, "s3://store")
    assert (checked.damage, checked.strays, checked.data_files) == ((), (), 4)
    assert checked.head == done.head


def test_what_was_merged_is_merged_again_and_large_files_stay(store, monkeypatch):
    """Nothing to merge makes no commit; each commit merges a limited amount."""
    for name, most in (("_SMALL", 1), ("_MOST_OF_FILE", 1)):
        with monkeypatch.context() as patch:
            patch.setattr(compacting, name, most)
            assert compact(store).merged == 0
    monkeypatch.setattr(compacting, "_MOST_OF_COMMIT", 1)
    assert compact(store).commits == 4
    head = StoreReader(store, "s3://store").head
    again = compact(store)
    assert (again.merged, again.commits, again.removed, again.head) == (0, 0, 0, head)
    trail = Trail(store)
    trail.hours = trail.number = 20
    for number in (70, 71):
        trail.deliver(make_event(number))
    trail.load()
    expected = answers(store)
    assert compact(store).merged == 6
    assert answers(store) == expected
    assert len(data_files(store)) == 4


STEP = st.sampled_from(["load", "all", "compact", "prune", "delivery"])


@given(st.lists(STEP, min_size=2, max_size=7))
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_store_answers_the_same_whenever_it_is_compacted(steps):
    """Law: loads, prunes and compactions in any order; the twin that is never compacted agrees."""
    one, twin = MemoryBucket("one"), MemoryBucket("twin")
    trail = several_loads(one, twin, loads=1)
    for at, step in enumerate([*steps, "compact"]):
        if step == "compact":
            compact(one)
            assert find_strays(one, opened(one)) == ()
        elif step == "prune":
            for store in (one, twin):
                day = date(2026, 11, 22)
                prune_store(store, plan_prune(store, "s3://store", day, "old", NOW))
        elif step == "delivery":
            when = f"2026-11-{21 + at % 3}T01:00:00Z"
            trail.deliver(make_event(200 + at, eventTime=when), make_event(0))
        else:
            trail.load(None if step == "all" else ("organizations.amazonaws.com",))
    assert answers(one) == answers(twin)


def opened(store: MemoryBucket) -> Ledger:
    """The ledger of a store."""
    ledger = Ledger(store)
    ledger.refresh()
    return ledger


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_change_leaves_a_good_store(after):
    """Whatever write or removal it dies at: every answer is there, and the next run finishes it."""
    store = MemoryBucket("store")
    several_loads(store, loads=2)
    expected, objects = answers(store)["arrived"], dict(store.objects)
    for at in range(1, 60):
        store.objects = dict(objects)
        changes = iter(range(1, 1000))

        def die(changes=changes, at=at) -> None:
            if next(changes) == at:
                raise Killed

        setattr(store, "after_change" if after else "before_change", die)
        try:
            compact(store)
            break
        except Killed:
            pass
        finally:
            store.before_change = store.after_change = lambda: None
        reader = StoreReader(store, "s3://store")
        names = ["event_id", "record", "conflict", "arrived"]
        assert reader.events(None, names).to_pylist() == expected
        assert reader.strays == ()
        compact(store)
        assert len(data_files(store)) == 4
        assert check_store(store, "s3://store").damage == ()
    assert at > 10


def test_readers_that_were_open_and_loads_meanwhile_go_on(store):
    """A reader that was opened before two compactions reads what it would have read."""
    reader = StoreReader(store, "s3://store")
    expected = StoreReader(store, "s3://store").events().to_pylist()
    trail = Trail(store)
    trail.hours = 10
    trail.deliver(make_event(300))

    def meanwhile() -> None:
        store.before_change = lambda: None
        trail.load()

    store.before_change = meanwhile
    compact(store)
    assert StoreReader(store, "s3://store").events().num_rows == len(expected) + 1
    compact(store)
    assert len(data_files(store)) == 4
    assert reader.events().to_pylist() == expected
    assert reader.rejects().num_rows == 6
    (lost,) = (key for key in store.objects if key.startswith("events/"))
    del store.objects[lost]
    with pytest.raises(StoreError, match="it is missing"):
        reader.events()


def test_damage_is_found_before_anything_is_merged_or_removed(store, monkeypatch):
    """A data file that is not as committed, or was written wrongly, ends the command."""
    path = next(key for key in data_files(store) if key.startswith("events/"))
    good, before = store.objects[path], data_files(store)
    store.objects[path] = good[:-1] + b"?"
    with pytest.raises(StoreError, match="its content is not what was committed"):
        compact(store)
    assert data_files(store) == before
    store.objects[path] = good

    def write(key, data, original=store.write):
        original(key, data[:-1] + b"?" if key.startswith("events/") else data)

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", write)
        with pytest.raises(StoreError, match="its content is not what was committed"):
            compact(store)
    assert set(before) <= set(data_files(store))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: one["parts"].pop(), "row 10 belongs to no part"),
        (lambda one: one["parts"][0]["ranges"].pop(), "belongs to no part, or to several"),
        (lambda one: one["parts"][0]["ranges"][0].__setitem__(1, 0), "belongs to no part"),
        (lambda one: one["parts"][0].update(path="events/x"), "is no data file"),
        (lambda one: one["file"].update(path="../escaped"), "is not the path of a data file"),
    ],
)
def test_a_commit_that_cannot_have_been_made_is_refused(store, change, why):
    """The ledger says what is wrong; nothing outside the store is touched."""
    compact(store)
    path = "_ledger/00000005.json"
    commit = json.loads(store.objects[path])
    change(next(one for one in commit["compacted"] if one["file"]["table"] == "events"))
    store.objects[path] = json.dumps({**commit, "checksum": ""}).encode()
    with pytest.raises(StoreError, match=why):
        opened(store)


def test_removal_that_fails_is_named_and_done_by_the_next_run(store, monkeypatch):
    """What could not be removed is no stray, and reports read the new data files."""
    expected = answers(store)

    def refuse(path):
        if path.startswith(DATA):
            raise TrailscanError(f"{path} cannot be removed")

    with monkeypatch.context() as patch:
        patch.setattr(store, "delete", refuse)
        with pytest.raises(TrailscanError, match="cannot be removed"):
            compact(store)
    assert answers(store) == expected
    done = compact(store)
    assert (done.merged, done.removed) == (0, 16)
    assert len(data_files(store)) == 4


def test_a_night_is_exported_with_the_same_bytes(tmp_path):
    """Validated nights before and after: only what names the state of the store differs."""
    archive = Archive(tmp_path)
    for number in range(2):
        archive.deliver(FIRST, number, event(FIRST, number))
        archive.sign(FIRST)
        archive.load(checked=True)
    archive.export(FIRST)
    packages = {path: path.read_bytes() for path in archive.packages.rglob("*") if path.is_file()}
    run = run_command("store", "compact", "--store", archive.store, "--format", "json")
    assert run.stderr == b""
    done = json.loads(run.stdout)
    assert (run.returncode, done["dry_run"], done["commits_made"]) == (0, False, 1)
    assert done["merged"] > done["into"] > 3  # also verdicts and keys
    archive.export(FIRST)
    after = {path: path.read_bytes() for path in archive.packages.rglob("*") if path.is_file()}
    assert after == packages
    dry = run_command("store", "compact", "--store", archive.store, "--dry-run")
    assert (
        dry.stdout == f"nothing to merge; the store has {done['data_files']} data files\n".encode()
    )
