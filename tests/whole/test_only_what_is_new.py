"""A load does what is new and nothing else: no earlier data file is read for it."""

from __future__ import annotations

import pytest
from services.trail import make_event, pack
from typer.testing import CliRunner

import trailscan as ts
from trailscan.buckets import LocalBucket
from trailscan.cli.app import app
from trailscan.errors import StoreError


@pytest.fixture
def command(tmp_path):
    """Runs `trailscan load` into the store of this test; returns its exit code."""

    def run(source):
        line = ["load", str(source), "--store", str(tmp_path / "store")]
        return CliRunner().invoke(app, line, catch_exceptions=False).exit_code

    return run


@pytest.fixture
def read(monkeypatch):
    """The keys that were read from the local disk so far."""
    keys = []
    original = LocalBucket.read

    def remember(self, key, etag=None):
        keys.append(key)
        return original(self, key, etag)

    monkeypatch.setattr(LocalBucket, "read", remember)
    return keys


def event_on(number, day):
    """The log file of one event of a day in November."""
    return pack([make_event(number, eventTime=f"2026-11-{day}T12:00:00Z")])


def test_a_load_of_one_event_reads_no_older_event(command, logs, read):
    """What an earlier load committed of another day stays unread."""
    assert command(logs(event_on(1, 20))) == 0
    read.clear()
    assert command(logs(event_on(2, 22))) == 0
    assert [key for key in read if key.startswith("events/")] == []


def test_a_damaged_older_data_file_does_not_fail_a_load_that_does_not_need_it(
    command, logs, tmp_path
):
    """The load is committed and ends with 0; whoever needs the file is told."""
    assert command(logs(event_on(1, 20))) == 0
    (data,) = (tmp_path / "store" / "events").rglob("*.parquet")
    data.write_bytes(bytes(data.stat().st_size))
    assert command(logs(event_on(2, 22))) == 0
    commits = ts.open(str(tmp_path / "store")).reader.commits
    assert [commit.counts.kept for commit in commits] == [1, 1]


def test_a_damaged_data_file_of_the_same_day_has_no_answer(command, logs, tmp_path):
    """A load that must compare its events with those of a damaged file says so."""
    assert command(logs(event_on(1, 22))) == 0
    (data,) = (tmp_path / "store" / "events").rglob("*.parquet")
    data.write_bytes(b"damaged")
    with pytest.raises(StoreError, match="the store is damaged"):
        command(logs(event_on(2, 22)))
