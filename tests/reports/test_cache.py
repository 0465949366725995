"""The changes of a large store, in a file in the user's cache directory."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from trailscan.api import open as open_store
from trailscan.cli.app import app
from trailscan.errors import TrailscanError
from trailscan.export.package import build_package
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.csv import render_csv
from trailscan.render.json import render_jsonl
from trailscan.reports import cache as caching
from trailscan.reports.changes import iterate_changes, read_changes
from trailscan.rows import ArrowRows

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A cache of its own, and a few changes are many."""
    monkeypatch.setenv("TRAILSCAN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(caching, "LEAST_CHANGES", 10)
    return tmp_path / "cache"


@pytest.fixture
def place(tmp_path):
    """A store of the sample logs."""
    place = str(tmp_path / "store")
    run_load([str(SAMPLES)], place, LoadOptions(), NOW)
    return place


def uncached(place):
    """The changes of a store, read from the records."""
    return list(iterate_changes(open_store(place).reader, cache=False))


def is_read(place, what="changes"):
    """Whether the cache of a store is read."""
    store = open_store(place).reader
    return caching._read(caching._file(store, what)) is not None


def test_cached_changes_are_the_changes(cache, place):
    """Whole and equal, in a file that only its owner may read."""
    assert not is_read(place)
    first = read_changes(open_store(place).reader)
    (file,) = cache.iterdir()
    assert (file.stat().st_mode & 0o777, cache.stat().st_mode & 0o777) == (0o600, 0o700)
    assert is_read(place)
    assert first == read_changes(open_store(place).reader) == uncached(place)
    assert len(first) == 155


def test_the_cache_is_a_parquet_table_behind_its_hash(cache, place):
    """One row a change."""
    read_changes(open_store(place).reader)
    (file,) = cache.iterdir()
    table = pq.read_table(pa.BufferReader(file.read_bytes()[32:]))
    assert (table.num_rows, table.column_names) == (155, ["change"])


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"since": "2026-10-17", "until": "2026-10-18"},
        {"arrived_since": "2026-11-23T00:00:01Z"},
        {"principal": "alice", "tz": "Europe/Paris"},
        {"contains": "policy", "since": "2026-09-30", "severity": ("high", "critical")},
    ],
)
def test_cached_rows_are_the_rows_of_the_report(cache, place, asked):
    """From the cache a report has the same rows, notes, texts and frames as from the records."""
    told = open_store(place).report("changes", **asked)
    assert not isinstance(told.rows, ArrowRows)
    assert is_read(place, "rows")
    kept = open_store(place).report("changes", **asked)
    assert isinstance(kept.rows, ArrowRows)
    assert kept == told
    assert render_csv(kept) == render_csv(told)
    assert render_jsonl(kept) == render_jsonl(told)
    assert kept.to_arrow().equals(told.to_arrow())
    assert list(kept.rows[1:3]) == list(told.rows[1:3])
    assert list(kept.rows[::-1]) == list(told.rows[::-1])


def test_a_damaged_cache_of_rows_is_not_used(cache, place):
    """Its hash is of the state of the store, the code and the content, as that of changes."""
    told = open_store(place).report("changes")
    (file,) = cache.glob("*.rows")
    data = file.read_bytes()
    file.write_bytes(data[:-40] + b"x" * 40)
    assert not is_read(place, "rows")
    assert open_store(place).report("changes") == told


def test_a_load_reads_no_changes(cache, tmp_path):
    """The first report does, once there is a question."""
    words = ["load", str(SAMPLES), "--store", str(tmp_path / "store")]
    assert CliRunner().invoke(app, words).exit_code == 0
    assert not cache.exists()
    assert len(read_changes(open_store(str(tmp_path / "store")).reader)) == 155
    assert cache.exists()


def test_another_state_of_the_store_has_its_own_changes(cache, place, tmp_path):
    """What was cached before a load is not used after it."""
    before = read_changes(open_store(place).reader)
    record = json.loads(gzip.decompress(next(SAMPLES.rglob("*_CloudTrail_*.gz")).read_bytes()))[
        "Records"
    ][0]
    record |= {"eventSource": "organizations.amazonaws.com", "eventName": "LeaveOrganization"}
    late = tmp_path / "late.json"
    late.write_text(json.dumps({"Records": [record | {"eventID": "late"}]}))
    run_load([str(late)], place, LoadOptions(), NOW)
    assert not is_read(place)
    assert len(read_changes(open_store(place).reader)) == len(before) + 1


def test_other_code_has_its_own_changes(cache, place, monkeypatch):
    """What another version cached is not used."""
    read_changes(open_store(place).reader)
    monkeypatch.setattr(caching, "_code", lambda _: "another version")
    assert not is_read(place)


@pytest.mark.parametrize("damage", [b"", b"x", None])
def test_a_damaged_file_is_not_used(cache, place, damage):
    """Cut, changed or empty: the changes are read from the records."""
    read_changes(open_store(place).reader)
    (file,) = cache.iterdir()
    data = file.read_bytes()
    middle = len(data) // 2
    file.write_bytes(b"" if damage is None else data[:middle] + damage * 40)
    assert not is_read(place)
    assert read_changes(open_store(place).reader) == uncached(place)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_not_used(cache, place, mode):
    """Whoever can write it could decide what a report says."""
    read_changes(open_store(place).reader)
    (file,) = cache.iterdir()
    file.chmod(mode)
    assert not is_read(place)
    file.chmod(0o644)
    assert is_read(place)


def test_a_cache_that_is_sealed_and_no_cache_is_named(cache, place, monkeypatch):
    """What only its owner can have written is an error with the file's name, whatever it holds."""
    store = open_store(place).reader
    for what, read in (
        ("changes", lambda: read_changes(store)),
        ("rows", lambda: caching.read_rows(store)),
        ("decisions", lambda: read_changes(store)),
    ):
        file = caching._file(store, what)
        for content in (b"junk", b'{"a":' * 100_000):
            caching._replace(file, content)
            with pytest.raises(TrailscanError, match=rf"{file.path.name} is damaged: "):
                read()
        file.path.unlink()
    caching._replace(file, b"{}")
    monkeypatch.setattr(caching, "_MOST_BYTES", 20)
    assert not is_read(place, "decisions")


def test_a_file_of_somebody_else_is_not_used(cache, place, monkeypatch):
    """A cache in a folder that several people share is its owner's only."""
    read_changes(open_store(place).reader)
    monkeypatch.setattr(caching.os, "getuid", lambda: 4711)
    assert not is_read(place)


def test_a_few_changes_are_not_cached_nor_where_nobody_wants_it(cache, place, monkeypatch):
    """A small store, a reader that stops early, a switch: no file."""
    next(iterate_changes(open_store(place).reader))
    assert not cache.exists()
    monkeypatch.setattr(caching, "LEAST_CHANGES", 1000)
    read_changes(open_store(place).reader)
    assert not cache.exists()
    monkeypatch.setattr(caching, "LEAST_CHANGES", 10)
    monkeypatch.setenv("TRAILSCAN_CACHE", "off")
    read_changes(open_store(place).reader)
    assert not Path("off").exists()


def test_a_cache_that_cannot_be_written_costs_nothing(cache, place):
    """A file where the folder should be: the report is made all the same."""
    cache.write_text("in the way")
    assert len(read_changes(open_store(place).reader)) == 155


def test_a_number_that_only_json_can_hold_is_cached_as_it_is(cache, tmp_path):
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
    for _ in range(2):
        changes = read_changes(open_store(str(tmp_path / "s")).reader)
        assert {change.event.request["huge"] for change in changes} == {2**70}
    assert is_read(str(tmp_path / "s"))


def test_decisions_are_kept_for_later_states_of_the_store(cache, place, tmp_path, monkeypatch):
    """After a load of one new event, no pair of policies is decided again; other code decides."""
    monkeypatch.setattr(caching, "LEAST_DECISIONS", 1)
    first = read_changes(open_store(place).reader)
    record = json.loads(gzip.decompress(next(SAMPLES.rglob("*_CloudTrail_*.gz")).read_bytes()))[
        "Records"
    ][0]
    record |= {"eventSource": "organizations.amazonaws.com", "eventName": "LeaveOrganization"}
    (tmp_path / "late.json").write_text(json.dumps({"Records": [record | {"eventID": "late"}]}))
    run_load([str(tmp_path / "late.json")], place, LoadOptions(), NOW)
    with monkeypatch.context() as patched:
        patched.setattr("trailscan.organizations.access_changes.decide", None)
        patched.setattr("trailscan.organizations.access_changes.decide_update", None)
        later = read_changes(open_store(place).reader)
        assert [one.access for one in later if one.event.event_id != "late"] == [
            one.access for one in first
        ]
        patched.setattr(caching, "_code", lambda _: "another version")
        with pytest.raises(TypeError, match="NoneType"):
            read_changes(open_store(place).reader)


def test_the_export_decides_by_itself(cache, place, monkeypatch):
    """A kept decision, whoever wrote it, says nothing in a compliance package."""
    read_changes(open_store(place).reader)
    monkeypatch.setattr("trailscan.reports.changes.kept_decisions", None)
    assert "changes.csv" in build_package(open_store(place).reader, date(2026, 10, 17)).files


def test_the_export_reads_its_changes_from_the_records(cache, place, monkeypatch):
    """What is cached, whoever wrote it, decides nothing in a compliance package."""
    before = build_package(open_store(place).reader, date(2026, 10, 17)).files["changes.csv"]
    monkeypatch.setattr("trailscan.reports.changes.cached", lambda *_: iter(()))
    assert read_changes(open_store(place).reader) == []
    after = build_package(open_store(place).reader, date(2026, 10, 17)).files["changes.csv"]
    assert after == before


@pytest.mark.parametrize("planted", ["pipe", "link", "folder"])
def test_what_is_no_regular_file_is_not_read(cache, place, planted, tmp_path):
    """A pipe in the place of the cache does not wait, a link is not followed."""
    read_changes(open_store(place).reader)
    (file,) = cache.iterdir()
    kept = file.rename(tmp_path / "kept")
    if planted == "pipe":
        os.mkfifo(file)
    elif planted == "link":
        file.symlink_to(kept)
    else:
        file.mkdir()
    assert not is_read(place)
    assert read_changes(open_store(place).reader) == uncached(place)
