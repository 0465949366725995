"""Changes that are told once and kept."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trailscan.api import open as open_store
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.reports import kept
from trailscan.reports.changes import iterate_changes, read_changes

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of its own, and a few changes are many."""
    monkeypatch.setenv("TRAILSCAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(kept, "WORTH_KEEPING", 10)
    return tmp_path / "cache"


@pytest.fixture
def place(tmp_path):
    """A store of the sample logs."""
    place = str(tmp_path / "store")
    run_load([str(SAMPLES)], place, LoadOptions(), NOW)
    return place


def told(place, monkeypatch):
    """The changes of a store, told from the records."""
    with monkeypatch.context() as patched:
        patched.setenv("TRAILSCAN_CACHE", "off")
        return read_changes(open_store(place).reader)


def test_kept_changes_are_the_changes_told(cache, place, monkeypatch):
    """Whole and equal, in a file that only its owner may read."""
    store = open_store(place).reader
    assert kept.kept_changes(store) is None
    first = read_changes(store)
    (file,) = cache.iterdir()
    assert (file.stat().st_mode & 0o777, cache.stat().st_mode & 0o777) == (0o600, 0o700)
    again = list(kept.kept_changes(open_store(place).reader))
    assert first == again == read_changes(store) == told(place, monkeypatch)
    assert len(first) == 155


def test_another_state_of_the_store_has_its_own_changes(cache, place, tmp_path):
    """What was kept of a store before a load is not used after it."""
    before = read_changes(open_store(place).reader)
    record = json.loads(gzip.decompress(next(SAMPLES.rglob("*_CloudTrail_*.gz")).read_bytes()))[
        "Records"
    ][0]
    record |= {"eventSource": "organizations.amazonaws.com", "eventName": "LeaveOrganization"}
    late = tmp_path / "late.json"
    late.write_text(json.dumps({"Records": [record | {"eventID": "late"}]}))
    run_load([str(late)], place, LoadOptions(), NOW)
    store = open_store(place).reader
    assert kept.kept_changes(store) is None
    assert len(read_changes(store)) == len(before) + 1


def test_other_code_has_its_own_changes(cache, place, monkeypatch):
    """What another version told is told anew."""
    read_changes(open_store(place).reader)
    monkeypatch.setattr(kept, "_code", lambda: "another version")
    assert kept.kept_changes(open_store(place).reader) is None


@pytest.mark.parametrize("damage", [b"", b"x", None])
def test_a_damaged_file_is_not_used(cache, place, monkeypatch, damage):
    """Cut, changed or empty: the changes are told from the records."""
    read_changes(open_store(place).reader)
    (file,) = cache.iterdir()
    data = file.read_bytes()
    middle = len(data) // 2
    file.write_bytes(
        data[:middle] + (damage or b"") if damage is None else data[:middle] + damage * 40
    )
    store = open_store(place).reader
    assert kept.kept_changes(store) is None
    assert read_changes(store) == told(place, monkeypatch)


def test_nothing_is_kept_of_a_few_changes_or_where_nobody_wants_it(cache, place, monkeypatch):
    """A small store, a reader that stops early, a switch: no file."""
    next(iterate_changes(open_store(place).reader))
    assert not cache.exists()
    monkeypatch.setattr(kept, "WORTH_KEEPING", 1000)
    read_changes(open_store(place).reader)
    assert not cache.exists()
    monkeypatch.setattr(kept, "WORTH_KEEPING", 10)
    monkeypatch.setenv("TRAILSCAN_CACHE", "off")
    read_changes(open_store(place).reader)
    assert not Path("off").exists()


def test_a_cache_that_cannot_be_written_costs_nothing(cache, place):
    """A file where the folder should be: the report is made all the same."""
    cache.write_text("in the way")
    assert len(read_changes(open_store(place).reader)) == 155


def test_a_number_that_only_json_can_hold_is_told_and_not_kept(cache, tmp_path):
    """An integer beyond 64 bits in a request ends no report."""
    record = {
        "eventTime": "2026-11-22T12:00:00Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "Novelty",
        "requestParameters": {"huge": 2**70},
    }
    records = [{**record, "eventID": f"e{number}"} for number in range(20)]
    (tmp_path / "huge.json").write_text(json.dumps({"Records": records}))
    run_load([str(tmp_path / "huge.json")], str(tmp_path / "s"), LoadOptions(), NOW)
    changes = read_changes(open_store(str(tmp_path / "s")).reader)
    assert {change.event.request["huge"] for change in changes} == {2**70}
    assert not cache.exists()


def test_the_export_tells_its_changes_from_the_records(cache, place, monkeypatch):
    """What is kept, whoever wrote it, decides nothing in a compliance package."""
    from datetime import date

    from trailscan.export.package import build_package

    before = build_package(open_store(place).reader, date(2026, 10, 17)).files["changes.csv"]
    read_changes(open_store(place).reader)
    monkeypatch.setattr(kept, "kept_changes", lambda _: iter(()))
    monkeypatch.setattr("trailscan.reports.changes.kept_changes", lambda _: iter(()))
    assert read_changes(open_store(place).reader) == []
    after = build_package(open_store(place).reader, date(2026, 10, 17)).files["changes.csv"]
    assert after == before
