"""Each object of a source is in one class: read, known for something else, or named."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from services.command import run_command
from services.trail import make_event, pack

from trailscan.window import Window

CASES = Path(__file__).parent / "cases"
NAME = "111122223333_CloudTrail_us-east-1_20261122T1205Z_ABCDEFGHIJKLMN{:02}.json.gz"
SINCE = datetime(2026, 11, 1, tzinfo=UTC)
REGION = "AWSLogs/111122223333/CloudTrail/us-east-1"


@pytest.fixture
def case(tmp_path):
    """A copy of a case's folder."""
    return lambda name: Path(shutil.copytree(next(CASES.glob(f"{name}-*")), tmp_path / "case"))


def put(folder, key, data):
    """Write an object."""
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def one(number=1):
    """A log file of one event of Organizations."""
    return pack([make_event(number)])


def unrecognised(summary):
    """The messages about objects that were not recognised, or not read, by file name."""
    return {reject.where.key.rpartition("/")[2]: reject.message for reject in summary.rejected}


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("02", "source", {}),
        ("02", "source/CloudTrail-Logs", {}),
        ("06", "source", {}),
        ("09", "source", {"marker": 1}),
        ("14", "CloudTrail-Lake/work", {}),
        ("18", "source", {"config": 1, "vpc_flow_logs": 1}),
    ],
)
def test_log_files_are_found_and_others_told_apart(case, load, name, source, expected):
    """By full key patterns, by names and by first bytes; whatever lies above the source."""
    summary = load(case(name) / source)
    assert (summary.kept, summary.others, summary.complete) == (2, expected, True)


def test_log_files_of_other_suffixes_are_read(case, load):
    """As `*.json.cloudtrail`."""
    summary = load(case("35") / "source")
    assert (summary.done, summary.kept, summary.complete) == (2, 1, True)


@pytest.mark.parametrize(
    "name", ["a.txt", "b.LOG", "c.JSON.GZ", "d", "e.json.cloudtrail", "f.json.1", "g.bak"]
)
@pytest.mark.parametrize("is_packed", [True, False], ids=["gzip", "plain"])
def test_what_a_name_does_not_tell_the_first_bytes_do(load, tmp_path, name, is_packed):
    """Whatever the suffix, gzip and JSON are read."""
    body = one() if is_packed else gzip.decompress(one())
    put(tmp_path, f"in/{name}", body)
    summary = load(tmp_path / "in")
    assert (summary.kept, summary.complete) == (1, True)


def archives():
    """Forms of files that are not read, each with a name and with the words that name it."""
    packed, member = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("x.json", b"{}")
    with tarfile.open(fileobj=member, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x.json"))
    tar = member.getvalue()
    return {
        "x.zip": (packed.getvalue(), "a ZIP archive"),
        "zip.json.gz": (packed.getvalue(), "a ZIP archive"),
        "x.tar": (tar, "a tar archive"),
        "x.tar.gz": (gzip.compress(tar), "a tar archive"),
        "x.xz": (b"\xfd7zXZ\x00rest", "compressed with xz"),
        "x.bz2": (b"BZh91AY", "compressed with bzip2"),
        "x.zst": (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
        "x.parquet": (b"PAR1\x00", "a Parquet file"),
        "x.orc": (b"ORC\x00", "an ORC file"),
        "x.csv": (b"eventTime,eventName\n1,2\n", "a CSV file"),
        "history.csv": (b'"Event name","Event time"\n', "a CSV file"),
        "notes.txt": (b"notes", "neither gzip nor JSON"),
        "settings": (b'{"a": 1}', "no CloudTrail records"),
        "packed": (gzip.compress(b"notes"), "expected a JSON object or array"),
    }


@pytest.mark.parametrize("name", archives())
def test_what_is_not_read_is_named_with_what_to_do(load, tmp_path, name):
    """And the neighbour is read."""
    data, words = archives()[name]
    put(tmp_path, f"in/{name}", data)
    put(tmp_path, "in/log.json.gz", one())
    summary = load(tmp_path / "in")
    assert (summary.kept, summary.complete) == (1, False)
    assert words in unrecognised(summary)[name]
    again = load(tmp_path / "in")
    assert (again.known, again.complete) == (1, False)


def test_status_knows_what_was_not_recognised(load, tmp_path):
    """So that the answer is incomplete until the object is gone or accepted."""
    put(tmp_path, "in/notes.txt", b"notes")
    load(tmp_path / "in")
    status = run_command("status", "--store", tmp_path / "store")
    assert status.returncode == 4
    assert b"notes.txt" in status.stdout


def test_markers_of_file_systems_and_jobs_are_told_apart(load, tmp_path):
    """They hold no records, and say nothing about completeness."""
    for name in (".DS_Store", "a/_SUCCESS", "a_$folder$", "Thumbs.db", ".x.json.crc"):
        put(tmp_path, f"in/{name}", b"\x00\x01")
    for name in ("aws-logs-write-test", "AWSLogs/111122223333/ELBAccessLogTestFile"):
        put(tmp_path, f"in/{name}", b"Permission Check Successful")
    put(tmp_path, "in/._x.json.gz", b"\x00\x05\x16\x07\x00\x02")
    put(tmp_path, "in/nothing", b"")
    put(tmp_path, "in/._y.json", gzip.decompress(one()))
    summary = load(tmp_path / "in")
    assert (summary.kept, summary.others, summary.complete) == (1, {"marker": 8, "empty": 1}, True)


LAYOUTS = (
    *("", "2026-11-22", "year=2026/month=11/day=22", "dt=x", "2026/11/22"),
    *("2026", "2026/11", "2026/Nov/22", "2026/W47"),
)


@pytest.mark.parametrize("since", [False, True])
@pytest.mark.parametrize("folder", LAYOUTS)
def test_other_layouts_of_days_are_found(load, tmp_path, folder, since):
    """With a window too, which decides by the names of log files."""
    put(tmp_path, f"in/{REGION}/{folder}/{NAME.format(1)}", one())
    old = NAME.format(2).replace("20261122", "20250101")
    put(tmp_path, f"in/{REGION}/{folder}/{old}", one(2))
    summary = load(tmp_path / "in", window=Window(SINCE if since else None))
    assert (summary.kept, summary.complete) == (1 if since else 2, True)


@pytest.mark.slow
def test_other_layouts_of_days_are_found_in_s3(s3, load):
    """A window takes a LIST request more for the region, its last year and month, and what is odd."""
    for number, folder in enumerate(LAYOUTS, 1):
        key = "/".join(filter(None, [REGION, folder, NAME.format(number)]))
        s3.put_object(Bucket="trail", Key=key, Body=one(number))
    for old in ("2020/01/01", "2026/05/01", "2026/05"):
        s3.put_object(Bucket="trail", Key=f"{REGION}/{old}/x.json.gz", Body=one(99))
    window = Window(SINCE, SINCE + timedelta(days=22))
    walk, days, region, year, month = 5, 1, 1, 1, 1
    odd = len(LAYOUTS) - 4  # all but those in a region, a year, a month and a day
    planned = load("s3://trail", window=window, dry_run=True).planned
    assert planned.list_requests == walk + days + region + year + month + odd
    assert load("s3://trail", window=window).kept == len(LAYOUTS)


def test_linked_folders_are_followed_once(case, load):
    """A folder on another disk is read under the name of its link, and circles come to an end."""
    folder = case("04")
    year = folder / "archive" / "AWSLogs/111111111111/CloudTrail/us-east-1/2026"
    year.mkdir(parents=True)
    (year / "03").symlink_to(folder / "other-disk" / "03")
    (year / "04").symlink_to(folder / "other-disk" / "03")
    (folder / "other-disk" / "03" / "circle").symlink_to(folder / "other-disk")
    (folder / "archive" / "inside").symlink_to(year)
    summary = load(folder / "archive")
    assert (summary.listed, summary.kept, summary.complete) == (1, 2, True)


def test_documents_beside_log_files_are_told_apart_by_name_and_content(load, tmp_path):
    """A load of a checkout is complete, and a log file or an archive with such a name is not lost."""
    put(tmp_path, "in/log.json.gz", one())
    for name in ("README.md", "LICENSE", "make_logs.py"):
        put(tmp_path, f"in/{name}", b"# Sample logs")
    put(tmp_path, "in/hidden.md", one(2))
    summary = load(tmp_path / "in")
    assert (summary.kept, summary.others, summary.complete) == (2, {"document": 3}, True)
    put(tmp_path, "in/packed.py", b"PK\x03\x04")
    assert "ZIP archive" in unrecognised(load(tmp_path / "in"))["packed.py"]


def test_a_link_to_a_folder_above_the_source_is_named(load, tmp_path):
    """It is not followed: it would read everything."""
    put(tmp_path, "in/log.json.gz", one())
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    (tmp_path / "in" / "gone").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "in" / "pipe.json")
    summary = load(tmp_path / "in")
    assert (summary.kept, summary.unrecognised, summary.complete) == (1, 3, False)
    assert unrecognised(summary) == {
        "up": f"it is a link to {tmp_path}, which holds the source; its content was not read",
        "gone": "it is a link to nothing; its content was not read",
        "pipe.json": "it is a named pipe; its content was not read",
    }


@pytest.mark.parametrize("name", ["c.json", "c", NAME.format(1)])
def test_of_a_link_out_of_the_source_nothing_is_kept(load, tmp_path, name):
    """Whoever may write into a folder must not read with the eyes of whoever loads it."""
    put(tmp_path, "secret.txt", b'{"password": "hunter2"}\n{"more": "hunter2"}\n')
    put(tmp_path, "in/log.json.gz", one())
    (tmp_path / "in" / name).symlink_to(tmp_path / "secret.txt")
    summary = load(tmp_path / "in")
    assert (summary.kept, summary.complete) == (1, False)
    assert "secret.txt" in unrecognised(summary)[name]
    files = [path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert not any(b"hunter2" in data for data in files)


def test_a_link_to_a_log_file_is_read(load, tmp_path):
    """As in archives that keep contents apart from names."""
    put(tmp_path, "contents/SHA256-1", one())
    put(tmp_path, "in/note.json", gzip.decompress(one(2)))
    (tmp_path / "in" / NAME.format(1)).symlink_to(tmp_path / "contents" / "SHA256-1")
    (tmp_path / "in" / "again.json").symlink_to(tmp_path / "in" / "note.json")
    summary = load(tmp_path / "in")
    assert (summary.kept, summary.done, summary.complete) == (2, 3, True)


def test_500_nested_folders_are_read(load, tmp_path):
    """What is deep is listed without its folders."""
    folder = tmp_path / "in"
    folder.mkdir()
    before = Path.cwd()
    try:
        os.chdir(folder)
        for _ in range(500):
            Path("d").mkdir()
            os.chdir("d")
        Path("log.json.gz").write_bytes(one())
    finally:
        os.chdir(before)
    assert load(folder).kept == 1


def test_an_object_larger_than_memory_is_not_read(load, tmp_path):
    """The size in the listing decides."""
    put(tmp_path, "in/log.json.gz", one())
    for name in ("big.json", "big"):
        with (tmp_path / "in" / name).open("wb") as file:
            file.write(b"{")
            file.truncate(12 * 1024**3)
    summary = load(tmp_path / "in")
    assert (summary.kept, summary.rejected_log_files, summary.unrecognised) == (1, 1, 1)
    assert set(unrecognised(summary).values()) == {
        "it has 12,884,901,888 bytes, expected at most 268,435,456"
    }


def test_a_source_without_log_files_is_incomplete(load, tmp_path):
    """Where something stood and nothing was read, nothing is proved."""
    put(tmp_path, "in/AWSLogs/111122223333/Config/x.json", b"{}")
    put(tmp_path, "in/.DS_Store", b"x")
    summary = load(tmp_path / "in")
    assert (summary.without_log_files, summary.complete) == ([str(tmp_path / "in")], False)
    (tmp_path / "empty").mkdir()
    assert load(tmp_path / "empty").complete


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/fd")
def test_process_substitution_is_a_source(case, tmp_path):
    """`trailscan load <(cat base.json)`."""
    base = case("05") / "base.json"
    command = f"{sys.executable} -m trailscan load <(cat {base}) --store {tmp_path}/store"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert (done.returncode, b"kept 2" in done.stdout) == (0, True), done.stderr


def test_a_named_pipe_is_read_as_a_stream(tmp_path):
    """As standard input is, and known again by its content."""
    from threading import Thread

    os.mkfifo(tmp_path / "pipe")
    for expected in (1, 0):
        writer = Thread(target=(tmp_path / "pipe").write_bytes, args=(one(),))
        writer.start()
        done = run_command(
            "load", tmp_path / "pipe", "--store", tmp_path / "store", "--format", "json"
        )
        writer.join()
        assert (done.returncode, json.loads(done.stdout)["log_files"]["done"]) == (0, expected)


def test_the_european_cloud_is_in_the_default_scope(load, tmp_path):
    """Each partition that botocore knows has its region, and the summary says so."""
    from trailscan.render.summary_text import summary_text

    folder = "AWSLogs/o-exampleeu01/111122223333/CloudTrail/eusc-de-east-1/2026/11/20"
    name = "111122223333_CloudTrail_eusc-de-east-1_20261120T0815Z_ABCDEFGH12345678.json.gz"
    data = gzip.compress((CASES / "european-cloud.json").read_bytes())
    put(tmp_path, f"in/{folder}/{name}", data)
    summary = load(tmp_path / "in")
    assert (summary.kept, summary.complete) == (1, True)
    assert "eusc-de-east-1" in summary_text(summary)


def test_standard_input_is_a_source_in_the_ledger(tmp_path):
    """The ledger says that it was read; it requests no window, so that it hides no missing one."""
    store = tmp_path / "store"
    done = run_command("load", "-", "--store", store, stdin=one())
    assert done.returncode == 0
    (commit,) = (store / "_ledger").iterdir()
    assert json.loads(commit.read_bytes())["sources"] == [{"uri": "-", "stream": True}]
    text = run_command("status", "--store", store).stdout.decode()
    assert "1 log file from standard input; read" in text
    put(tmp_path, f"in/{REGION}/2026/11/22/{NAME.format(2)}", one())
    run_command("load", tmp_path / "in", "--store", store, "--since", "2026-11-01")
    done = run_command("report", "changes", "--store", store, "--since", "2026-01-01")
    assert (done.returncode, b"never requested" in done.stdout + done.stderr) == (4, True)
