"""Stores that cannot be written, or only in part: rows F13 to F19 and F23 of the fault model."""

from __future__ import annotations

import errno
import itertools
import json
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from services import stand_in as faults
from services.trail import log_file_key, make_event, pack

from trailscan.errors import NoAnswerError, TrailscanError
from trailscan.ingest.run import LoadOptions, run_load

CHANGES = ("fsync", "link", "replace", "unlink", "mkdir")
"""What changes the disk for good, or makes a change last."""


@pytest.fixture
def days(tmp_path) -> Path:
    """A folder with log files whose events lie on three days."""
    folder = tmp_path / "logs"
    folder.mkdir()
    for number in range(3):
        event = make_event(number, eventTime=f"2026-11-{10 + number}T00:00:00Z")
        (folder / Path(log_file_key(number)).name).write_bytes(pack([event]))
    return folder


def glob_ids(store: Path) -> list[int]:
    """The events that a reader sees who looks at the folder only."""
    if not list(store.rglob("events/**/*.parquet")):
        return []
    return sorted(int(one[-12:]) for one in pq.read_table(store / "events")["event_id"].to_pylist())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_a_disk_that_fails_at_any_step_leaves_the_store_as_it_was_or_whole(
    days, tmp_path, load, ids, number
):
    """F13: no room, an error, a read-only disk: one line, exit code 5, and later a right store."""
    said: set[bool] = set()
    for step in range(1, 60):
        store = tmp_path / f"store-{step}"
        with pytest.MonkeyPatch.context() as patch:
            fail_at(patch, step, number)
            try:
                found = run_load([str(days)], str(store), LoadOptions(), datetime.now(UTC))
            except TrailscanError as error:
                said.add(os.strerror(number) in str(error))
            else:
                if not found.notes:
                    break
                said.add(os.strerror(number) in found.notes[-1])  # the run is not recorded
        seen = glob_ids(store)
        assert len(seen) == len(set(seen))
        assert load(str(days), store=str(store)).code == 0
        assert glob_ids(store) == ids(str(store)) == [0, 1, 2]
    assert (step > 20, said) == (True, {True})


def fail_at(patch: pytest.MonkeyPatch, step: int, number: int) -> None:
    """Let the n-th change of the disk fail with an error of the operating system."""
    counted = itertools.count(1)  # data files are written by several threads

    def wrap(original):
        def call(*args, **options):
            if next(counted) == step:
                raise OSError(number, os.strerror(number))
            return original(*args, **options)

        return call

    for name in CHANGES:
        patch.setattr(os, name, wrap(getattr(os, name)))


def test_a_limit_on_file_size_is_one_line_and_no_half_file(days, tmp_path, load, ids):
    """F13: a file that the operating system cuts short is an error, and is not there."""
    store = tmp_path / "store"
    script = "import sys\nfrom trailscan.cli.app import main\nmain()"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run(
        [sys.executable, "-c", script, "load", str(days), "--store", str(store)],
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.startswith("trailscan: ")
    assert done.stderr.endswith(": File too large\n")
    assert not list(store.rglob("*.parquet")) + list(store.rglob("_tmp/*"))
    assert (load(str(days), store=str(store)).code, ids(str(store))) == (0, [0, 1, 2])


def test_an_error_while_data_files_are_made_leaves_nothing(days, tmp_path, load, monkeypatch, ids):
    """F14: Parquet is made in memory: an error in the middle of it leaves no part of a file."""
    write_table = pq.ParquetWriter.write_table
    written = []

    def fail(self, table, *args, **options):
        written.append(table)
        if len(written) == 2:
            raise pa.ArrowInvalid("made for this test")
        return write_table(self, table, *args, **options)

    store = tmp_path / "store"
    with monkeypatch.context() as patch:
        patch.setattr(pq.ParquetWriter, "write_table", fail)
        with pytest.raises(pa.ArrowInvalid):
            load(str(days))
    assert not list(store.rglob("*.parquet"))
    assert (load(str(days)).code, ids()) == (0, [0, 1, 2])


PLACES = {
    "_intent": "a claim",
    "part-": "a data file",
    "_ledger": "a commit",
    "_store": "the marker",
}


@pytest.mark.parametrize("match", PLACES)
@pytest.mark.parametrize("times", [1, 2])
def test_a_write_whose_answer_is_lost_is_done_once(s3, deliver, load, ids, match, times):
    """F16: a claim, a data file or a commit that was written without us knowing counts once."""
    for number in range(3):
        deliver(number, day=f"2{number}")
    s3.fail("PUT", faults.lost_answer(), match, times=times)
    ended = load(store="s3://store/here")
    assert (ended.code, ended.kept) == (0, 3)
    check_store(s3, [0, 1, 2], ids)


@pytest.mark.parametrize("match", PLACES)
def test_a_store_that_stops_answering_is_whole_at_the_next_load(s3, deliver, load, ids, match):
    """F16, F5: when writes fail for good the load says so; what was begun is finished later."""
    for number in range(3):
        deliver(number)
    s3.fail("PUT", faults.lost_answer(), match)
    with pytest.raises(NoAnswerError, match="error sending request"):
        load(store="s3://store/here")
    s3.heal()
    assert load(store="s3://store/here").code == 0
    check_store(s3, [0, 1, 2], ids)


def test_a_throttled_store_is_written_all_the_same(s3, deliver, load, ids):
    """F5: writes that S3 asks to slow down are repeated."""
    deliver(1)
    s3.fail("PUT", faults.slow_down(), times=3)
    assert load(store="s3://store/here").code == 0
    check_store(s3, [1], ids)


def test_two_writers_refused_at_once_both_try_again(s3, deliver, load, ids):
    """F15: S3 may refuse both of two conditional writes (409); nothing is taken for written."""
    deliver(1)
    conflict = faults.error(409, "ConditionalRequestConflict")
    for match in ("_intent", "_ledger"):
        s3.fail("PUT", conflict, match, times=1)
    assert load(store="s3://store/here").code == 0
    check_store(s3, [1], ids)


def check_store(s3, expected: list[int], ids) -> None:
    """Both readers see the same events, and nothing is left of the work."""
    assert ids("s3://store/here") == expected
    seen: list[int] = []
    for key in s3.keys("store", "here/events/"):
        table = pq.read_table(pa.BufferReader(s3.read("store", key)))
        seen += (int(one[-12:]) for one in table["event_id"].to_pylist())
    assert sorted(seen) == expected
    assert s3.keys("store", "here/_intent/") == []


def test_two_commits_of_one_day_write_over_nothing(s3, deliver, load, tmp_path, ids):
    """F18: data files are named by their content, so no commit replaces another's."""
    for number in range(3):
        deliver(number)
        load()
    files = sorted((tmp_path / "store" / "events").rglob("*.parquet"))
    assert (len(files), len({path.parent for path in files})) == (3, 1)
    assert ids() == [0, 1, 2]


def test_partitions_are_days_that_every_reader_understands(s3, load, tmp_path):
    """F19: no partition is null or odd, whatever records say of account and region."""
    odd = {"recipientAccountId": None, "awsRegion": None, "userIdentity": {}}
    names = ["__HIVE_DEFAULT_PARTITION__", "a/b=c", "", "null"]
    records = [make_event(0, **odd)]
    records += [make_event(n, awsRegion=name) for n, name in enumerate(names, 1)]
    s3.put("trail", log_file_key(1), pack(records))
    assert load().code == 0
    store = tmp_path / "store"
    with duckdb.connect() as database:
        found = database.sql(
            f"select event_date::varchar, count(*) from read_parquet('{store}/events/*/*.parquet', "  # noqa: S608  # our own path
            "hive_partitioning=true) group by all"
        ).fetchall()
    assert found == [("2026-11-22", 5)]


class Step(NamedTuple):
    """One call to the operating system: what it did, and to which path."""

    call: str
    path: str


def test_nothing_is_relied_on_before_it_is_flushed(days, tmp_path, load, monkeypatch):
    """F23: every file and its folder's name reach the disk before the commit that names them.

    Loss of power itself is not tried; the order of calls is what stands for it.
    """
    steps: list[Step] = []
    fsync, link, replace = os.fsync, os.link, os.replace

    def record_fsync(descriptor):
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        steps.append(Step("fsync", str(path)))
        return fsync(descriptor)

    def record(name, original):
        def call(source, target, **options):
            steps.append(Step("name", str(target)))
            assert Step("fsync", str(source)) in steps, f"{target} was named before it was flushed"
            return original(source, target, **options)

        return call

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "link", record("link", link))
    monkeypatch.setattr(os, "replace", record("replace", replace))
    load(str(days))
    store = tmp_path / "store"
    (ledger,) = (store / "_ledger").iterdir()
    intent = store / "_intent" / "00000001.zip"
    committed = steps.index(Step("name", str(ledger)))
    claimed = steps.index(Step("name", str(intent)))
    files = [store / file["path"] for file in json.loads(ledger.read_bytes())["files"]]
    assert len(files) >= 4
    for path in files:
        named = steps.index(Step("name", str(path)))
        flushed = steps.index(Step("fsync", str(path.parent)), named)
        assert claimed < steps.index(Step("fsync", str(intent.parent)), claimed) < named
        assert named < flushed < committed
        parent = path.parent
        while parent != store:
            assert Step("fsync", str(parent.parent)) in steps[:committed]
            parent = parent.parent
    assert Step("fsync", str(ledger.parent)) in steps[committed:]
