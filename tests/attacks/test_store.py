"""Somebody touches the store: what is read is what was committed, or the command ends with 5."""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import random
import shutil
import zipfile
from datetime import date

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from services.command import run_command
from services.trail import log_file_key, make_event, pack
from signed import load, validate

import trailscan as ts
from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.errors import StoreError, TrailscanError
from trailscan.export.package import build_package
from trailscan.render.csv import render_csv
from trailscan.render.summary_json import summary_json
from trailscan.reports.changes import changes_report
from trailscan.reports.coverage import coverage_report
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.show import show_event
from trailscan.reports.sql import run_query
from trailscan.reports.store_status import store_status
from trailscan.store.ledger import Commit, encode_commit
from trailscan.store.reader import StoreReader

DAY = date(2026, 11, 25)
TABLES = ("events", "log_files", "rejects", "attestations", "digests")


def open_store(place):
    """The store as it is now."""
    return StoreReader(open_bucket(str(place), AwsOptions()), str(place))


@pytest.fixture(scope="module")
def kept(pristine, tmp_path_factory):
    """A store of three loads and a validation, with a reject: not to be changed."""
    top = tmp_path_factory.mktemp("kept")
    store = top / "S"
    load(pristine, store)
    for night in range(2):
        folder = top / f"night-{night}"
        path = folder / log_file_key(night, time=f"120{night}")
        path.parent.mkdir(parents=True)
        path.write_bytes(
            pack([make_event(500 + night), {"eventSource": "organizations.amazonaws.com"}])
        )
        load(folder, store)
    validate(pristine, store)
    return store


@pytest.fixture
def store(kept, tmp_path):
    """A copy of that store, to be tampered with."""
    return shutil.copytree(kept, tmp_path / "S")


def answers(place, asked_for=None):
    """What commands say of a store, each as text or as the error it ends with.

    Args:
        place: of the store.
        asked_for: the names of some of them; None for every command.
    """

    def query(table):
        return lambda: render_csv(run_query(open_store(place), f"FROM {table}"))

    asked = {
        "changes": lambda: render_csv(changes_report(open_store(place), ChangeFilter())),
        "coverage": lambda: render_csv(coverage_report(open_store(place), ChangeFilter())),
        "status": lambda: summary_json(store_status(open_store(place))),
        "show": lambda: show_event(
            open_store(place), "00000000-0000-4000-8000-000000000001"
        ).to_json(),
        "export": lambda: build_package(open_store(place), DAY).files,
        **{table: query(table) for table in TABLES},
    }
    found = {}
    for name in asked if asked_for is None else asked_for:
        try:
            found[name] = str(asked[name]()).replace(str(place), "S")
        except TrailscanError as error:
            found[name] = error
    return found


@functools.cache
def right_answers(kept):
    """What every command says of the store as it was committed."""
    return answers(kept)


def flip(path, seed):
    """Flip one bit of a file."""
    rng = random.Random(seed)
    data = bytearray(path.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def check_flips(kept, store, flips, questions=None):
    """Flip one bit at a time: every answer is the right one, or names the damage.

    Args:
        kept: the store as it was committed.
        store: its copy.
        flips: how many bits.
        questions: how many commands are asked after each, any of them; None for all.
    """
    files = sorted(path for path in kept.rglob("*") if path.is_file())
    right, noticed = right_answers(kept), 0
    for seed in range(flips):
        path = store / files[seed % len(files)].relative_to(kept)
        good = path.read_bytes()
        flip(path, seed)
        asked = random.Random(seed).sample(sorted(right), questions or len(right))
        for name, found in answers(store, asked).items():
            if isinstance(found, TrailscanError):
                noticed += 1
                assert found.exit_code == 5
                place = str(path.relative_to(store))
                assert place in str(found), (seed, name, found)
            elif found != right[name] and path.parent.name == "_runs":
                noticed += 1  # no answer about events depends on it, and status names it
                assert (name, path.name in found) == ("status", True), (seed, name, path)
            else:
                assert found == right[name], (seed, name, path)
        path.write_bytes(good)
    return noticed


def test_no_single_bit_of_a_store_changes_an_answer(kept, store):
    """Of any file, by any command: exit code 5 with the name of the file, or the same answer."""
    assert check_flips(kept, store, 20) > 20


@pytest.mark.slow
def test_none_of_many_bits_of_a_store_changes_an_answer(kept, store):
    """The same for 400 bits, spread over every file; any three commands read each."""
    assert check_flips(kept, store, 400, 3) > 200


def test_a_store_that_was_written_whole_has_right_answers(kept):
    """No command ends with an error while nobody touched the store."""
    assert not [one for one in right_answers(kept).values() if isinstance(one, TrailscanError)]
    assert open_store(kept).strays == ()


def events_file(store):
    """The events of the first commit."""
    (path,) = store.glob("events/*/part-00000001-*.parquet")
    return path


def test_a_data_file_that_was_written_anew_is_refused(store):
    """Other rows under the same name, as long as before: exit code 5 with the path."""
    path = events_file(store)
    size = path.stat().st_size
    rows = pq.read_table(path, partitioning=None)
    at = rows.schema.get_field_index("event_name")
    names = pa.array(["AcceptHandshake"] * rows.num_rows)
    padding = {b"padding": b"x" * 100}
    pq.write_table(rows.set_column(at, "event_name", names).replace_schema_metadata(padding), path)
    data = path.read_bytes()
    path.write_bytes(data[:size].ljust(size, b"\0"))
    done = run_command(
        "report", "changes", "--store", store, env={**os.environ, "TRAILSCAN_CACHE": "off"}
    )
    assert done.returncode == 5
    assert b"the store is damaged: " + str(path.relative_to(store)).encode() in done.stderr


def last_commit(store):
    """The newest commit's path and fields."""
    path = max((store / "_ledger").iterdir())
    return path, json.loads(path.read_bytes())


def rewrite(store, **changed):
    """Write the newest commit anew, as somebody who knows the format."""
    path, fields = last_commit(store)
    commit = msgspec.convert({**fields, **changed}, Commit)
    path.write_bytes(encode_commit(commit))


def test_a_last_commit_that_was_removed_is_noticed(store):
    """Data files of a commit that the ledger does not have: every reader ends with 5."""
    path, _ = last_commit(store)
    path.unlink()
    for words in (["status"], ["report", "changes"], ["sql", "SELECT 1"]):
        done = run_command(*words, "--store", store)
        assert (done.returncode, b"the ledger was rolled back" in done.stderr) == (5, True), words


@pytest.mark.parametrize("last", [1, 2])
def test_the_remains_of_a_killed_load_are_no_rollback(store, last):
    """With the intent still there readers go on, and the next load finishes the commit."""
    (ledger,) = store.glob(f"_ledger/*{last:03}.json") if last == 1 else (last_commit(store)[0],)
    later = [path for path in (store / "_ledger").iterdir() if path > ledger]
    for path in later:
        for file in json.loads(path.read_bytes())["files"]:
            (store / file["path"]).unlink()
        path.unlink()
    raw = ledger.read_bytes()
    files = {file["path"]: (store / file["path"]).read_bytes() for file in json.loads(raw)["files"]}
    intent = zipped({"commit.json": raw, **files})
    ledger.unlink()
    (store / "_intent" / f"{ledger.stem}.zip").write_bytes(intent)
    reader = open_store(store)
    assert (reader.strays, len(reader.commits)) == ((), int(ledger.stem) - 1)
    folder = store.parent / "more"
    path = folder / log_file_key(7)
    path.parent.mkdir(parents=True)
    path.write_bytes(pack([make_event(507)]))
    load(folder, store)
    assert ledger.read_bytes() == raw
    assert not list((store / "_intent").iterdir())


def zipped(files, compression=zipfile.ZIP_STORED):
    """A ZIP."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def planted_intents(store):
    """Intents that no load has left, by what is wrong with them."""
    path, fields = last_commit(store)
    seq = fields["seq"] + 1
    head = hashlib.sha256(path.read_bytes()).hexdigest()
    empty = {
        **fields,
        "seq": seq,
        "previous_sha256": head,
        "files": [],
        "counts": {},
        "checksum": "",
    }

    def commit(**changed):
        return {"commit.json": json.dumps({**empty, **changed}).encode()}

    return {
        "no ZIP": b"PK",
        "empty": b"",
        "no commit": zipped({}),
        "another head": zipped(commit(previous_sha256="0" * 64)),
        "another number": zipped(commit(seq=seq + 1)),
        "counts without rows": zipped(commit(counts={"kept": 3})),
        "a file that no commit names": zipped({**commit(), "events/x.parquet": b""}),
        "a path out of the store": zipped({**commit(), "../../x": b""}),
        "compressed": zipped(commit(), zipfile.ZIP_DEFLATED),
        "a file that is missing": zipped(commit(files=fields["files"])),
    }


def files_but_runs(store):
    """The files of a store, without those that record that a load ran."""
    return sorted(
        path for path in store.rglob("*") if path.is_file() and path.parent.name != "_runs"
    )


def test_a_planted_intent_is_refused(store):
    """It is neither committed nor does it write anything: exit code 5, with what to do."""
    seq = last_commit(store)[1]["seq"] + 1
    before = files_but_runs(store)
    intent = store / "_intent" / f"{seq:08}.zip"
    for name, data in planted_intents(store).items():
        intent.write_bytes(data)
        with pytest.raises(
            StoreError, match=f"_intent/{seq:08}.zip is not the beginning"
        ) as raised:
            load(store.parent, store)
        assert "evidence" in raised.value.hint, name
        intent.unlink()
        assert files_but_runs(store) == before, name


def test_a_commit_names_files_of_its_own_store_only(store):
    """A path that leads out of the store, to another commit's file or to another table is refused."""
    _, fields = last_commit(store)
    file = fields["files"][0]
    first = json.loads((store / "_ledger/00000001.json").read_bytes())["files"][0]
    for path in (
        "../victim/x.parquet",
        "/etc/passwd",
        "../fifo",
        first["path"],
        "events/x.parquet",
    ):
        rewrite(store, files=[{**file, "path": path}])
        done = run_command("sql", "select event_id from events", "--store", store)
        assert (done.returncode, b"the ledger is broken" in done.stderr) == (5, True), path


def test_a_pipe_in_the_place_of_a_data_file_does_not_hang(store):
    """What is not a regular file is not read, and the command ends at once."""
    path = events_file(store)
    path.unlink()
    os.mkfifo(path)
    done = run_command("report", "changes", "--store", store)
    assert (done.returncode, b"is not a regular file" in done.stderr) == (5, True)


def test_counts_of_a_commit_are_those_of_its_rows(store):
    """A commit that counts more events than it has is refused."""
    (store / "_ledger/00000004.json").unlink()
    for path in store.glob("*/**/part-00000004-*"):
        path.unlink()
    _, fields = last_commit(store)
    rewrite(store, counts={**fields["counts"], "kept": 4})
    with pytest.raises(StoreError, match=r"it counts .* and has .* rows"):
        open_store(store)


def test_files_that_no_commit_names_are_named_by_status(store):
    """A foreign Parquet file is never read; status names it, with exit code 4."""
    foreign = ["events/event_date=2026-11-25/x.parquet", "more/y.parquet", "z.parquet"]
    for name in foreign:
        (store / name).parent.mkdir(exist_ok=True)
        shutil.copy(events_file(store), store / name)
    assert open_store(store).strays == tuple(sorted(foreign, key=lambda name: "/" in name))
    done = run_command("status", "--store", store)
    assert done.returncode == 4
    text = done.stdout.decode()
    assert "3 files in the store that no commit names" in text
    assert all(name in text for name in foreign)
    incomplete = ts.open(str(store)).report("changes").incomplete
    assert any("3 files in the store that no commit names" in why for why in incomplete)


def replaced_by_a_pipe(path):
    """A named pipe."""
    path.unlink()
    os.mkfifo(path)


def replaced_by_a_link(path):
    """A link to the same bytes outside of the store."""
    outside = path.parents[3] / "outside.parquet"
    shutil.move(path, outside)
    path.symlink_to(outside)


def behind_a_link(path):
    """A folder outside of the store, with the same bytes in it."""
    outside = path.parents[3] / "outside"
    shutil.move(path.parent, outside)
    path.parent.symlink_to(outside)


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (lambda path: path.unlink(), "it is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes, found"),
        (replaced_by_a_pipe, "is not a regular file"),
        (replaced_by_a_link, "it is a link"),
        (behind_a_link, "it is behind a link"),
    ],
)
def test_a_file_that_a_command_does_not_read_is_looked_at(store, tamper, why):
    """Missing, shortened, a pipe or a link: every command ends with 5, whatever it reads."""
    path = events_file(store)
    tamper(path)
    for words in (["status"], ["report", "coverage"], ["report", "changes"]):
        done = run_command(*words, "--store", store)
        assert (done.returncode, why in done.stderr.decode()) == (5, True), (words, done.stderr)
    assert run_command("store", "check", "--store", store).returncode == 5


def test_a_commit_that_is_a_link_is_refused(store):
    """The ledger lies inside the store too."""
    path, _ = last_commit(store)
    shutil.move(path, store.parent / "commit.json")
    path.symlink_to(store.parent / "commit.json")
    with pytest.raises(StoreError, match=rf"_ledger/{path.name} is a link"):
        open_store(store)


def test_status_says_what_it_did_not_compare(store):
    """One flipped bit in the events: status names how much it did not read, `store check` finds it."""
    path = events_file(store)
    status = run_command("status", "--store", store)
    files = len(list(store.glob("[a-z]*/**/part-*")))
    found = json.loads(run_command("status", "--store", store, "--format", "json").stdout)
    assert 0 < found["store"]["data_files_not_compared"] < files
    assert "not read, so not compared with the ledger: " in status.stdout.decode()
    done = run_command("store", "check", "--store", store)
    assert (done.returncode, f"{files} data files of 4 commits" in done.stdout.decode()) == (
        0,
        True,
    )
    flip(path, 1)
    flip(last_commit_file(store), 2)
    done = run_command("store", "check", "--store", store, "--format", "json")
    damage = json.loads(done.stdout)["damage"]
    assert (done.returncode, len(damage)) == (5, 2)
    assert f"{path.relative_to(store)}: its content is not what was committed" in damage[0]


def last_commit_file(store):
    """A data file of the newest commit."""
    return store / last_commit(store)[1]["files"][0]["path"]


def test_store_check_names_strays(store):
    """A file that no commit names: exit code 4 with its name."""
    (store / "events" / "x.parquet").write_bytes(b"PAR1")
    done = run_command("store", "check", "--store", store)
    assert (done.returncode, b"events/x.parquet" in done.stderr) == (4, True)


def commit_rows(store, table, rows, day=None):
    """Add a commit with rows, as somebody who knows the format."""
    path, fields = last_commit(store)
    seq = fields["seq"] + 1
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    data = sink.getvalue()
    sha256 = hashlib.sha256(data).hexdigest()
    folder = f"events/event_date={day}" if day else table
    name = f"{folder}/part-{seq:08}-{sha256[:32]}.parquet"
    (store / name).parent.mkdir(parents=True, exist_ok=True)
    (store / name).write_bytes(data)
    file = {
        "table": table,
        "path": name,
        "rows": rows.num_rows,
        "bytes": len(data),
        "sha256": sha256,
    }
    commit = {
        **fields,
        "seq": seq,
        "previous_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "counts": {"kept": rows.num_rows, "records": rows.num_rows} if day else {},
        "files": [{**file, **({"day": str(day)} if day else {})}],
        "checksum": "",
    }
    (store / f"_ledger/{seq:08}.json").write_text(json.dumps(commit))


@pytest.mark.parametrize(
    "column", ["record", "event_time", "event_name", "conflict", "record_index"]
)
def test_rows_of_wrong_types_end_with_5(store, column):
    """A data file whose columns have other types, or lack one, is damaged."""
    rows = pq.read_table(events_file(store), partitioning=None)
    at = rows.schema.get_field_index(column)
    other = pa.array([[1]] * rows.num_rows)
    commit_rows(store, "events", rows.set_column(at, column, other), DAY)
    done = run_command("sql", "select * from events", "--store", store)
    assert (done.returncode, b"the store is damaged: events/" in done.stderr) == (5, True)
    done = run_command("report", "changes", "--store", store)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("record", [b"", b"{", b"\xff\xfe", b"[]", b'{"eventTime": 3}', b"null"])
def test_records_that_are_none_end_with_5(store, record):
    """A forged row whose record cannot be decoded is an error of the store, not a traceback."""
    rows = pq.read_table(events_file(store), partitioning=None)
    at = rows.schema.get_field_index("record")
    forged = pa.array([record] * rows.num_rows, pa.binary())
    forged = pa.StringArray.from_buffers(rows.num_rows, *forged.buffers()[1:])
    commit_rows(store, "events", rows.set_column(at, "record", forged), DAY)
    for words in (
        ["report", "changes"],
        ["report", "findings"],
        ["show", "00000000-0000-4000-8000-000000000001"],
    ):
        done = run_command(*words, "--store", store)
        assert (done.returncode, b"the store is damaged" in done.stderr) == (5, True), words


@pytest.mark.parametrize("micro", [2**62, -(2**62)])
def test_times_beyond_the_calendar_end_with_5(store, micro):
    """A forged event of the year 146,000 is an error of the store wherever times are read."""
    rows = pq.read_table(events_file(store), partitioning=None).slice(0, 1)
    at = rows.schema.get_field_index("event_time")
    time = pa.array([micro], pa.int64()).cast(rows.schema.field(at).type)
    commit_rows(store, "events", rows.set_column(at, "event_time", time), DAY)
    found = answers(store, ["changes", "events"])
    assert all("it has times beyond the calendar" in str(answer) for answer in found.values())


@pytest.mark.parametrize(
    ("bounds", "shown"),
    [
        (("2026-11-25T10:00:00Z", "2026-11-20T00:00:00Z"), True),
        (("2026-11-25T10:00:00", None), False),
        (("9999-12-31T23:00:00-14:00", None), False),
    ],
)
def test_requests_of_odd_times_are_shown_or_refused(store, bounds, shown):
    """One that ends before it began, as with an old inventory, is empty; others are damage."""
    since, until = bounds
    sources = [{"uri": "s3://trail", "since": since, "until": until}]
    path, fields = last_commit(store)
    path.write_text(
        json.dumps({**fields, "sources": sources, "event_sources": "all", "checksum": ""})
    )
    for words in (["status"], ["status", "--format", "json"], ["report", "coverage"]):
        done = run_command(*words, "--store", store)
        assert (done.returncode == 5) is not shown, (words, done.stderr)
        assert done.returncode in {0, 4, 5}


@pytest.mark.parametrize("name", ["_store.json", "_intent/00000005.zip", "_ledger/00000005.json"])
def test_a_file_of_any_size_in_the_store_is_not_read_whole(store, tmp_path, name):
    """Three gigabytes of nothing, which take no room on the disk: exit code 5 with the name."""
    path = store / name
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        file.truncate(3 * 2**30)
    with pytest.raises(StoreError, match=f"{name} has more than "):
        load(tmp_path, store)


def test_the_newest_commit_is_named_for_keeping_outside(store, tmp_path):
    """`status --head` and each package have the hash that a rolled-back ledger lacks."""
    path, fields = last_commit(store)
    head = hashlib.sha256(path.read_bytes()).hexdigest()
    done = run_command("status", "--head", "--store", store)
    assert (done.returncode, done.stdout.decode()) == (0, f"{head}\n")
    statement = json.loads(build_package(open_store(store), DAY).files["statement.json"])
    assert statement["store"] == {"commits": fields["seq"], "head_sha256": head}
