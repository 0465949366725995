"""The compliance package: whole, repeatable, and honest about what is missing."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from services.command import run_command

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"


def trailscan(*words: object):
    """Run the command; gives exit code, stdout and stderr."""
    done = run_command(
        *words,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the sample logs."""
    place = tmp_path_factory.mktemp("export") / "store"
    assert trailscan("load", SAMPLES, "--store", place)[0] == 0
    return place


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a package by path, without who made it and when, and the seal over that."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    seal = ("run.json", "checkpoint", "signature", "proof/")
    return {path: data for path, data in files.items() if not path.startswith(seal)}


def test_a_package_is_accepted_by_sha256sum_and_is_the_same_each_time(store, tmp_path):
    """The manifest holds, and a second export of the day changes nothing."""
    code, out, err = trailscan("export", "--for", "2026-10-01", "--to", tmp_path, "--store", store)
    assert (code, out.strip()) == (0, str(tmp_path / "export-2026-10-01"))
    assert err == (
        "export-2026-10-01: complete; 4 changes (1 high); 1 finding (1 high); "
        "19 log files, not checked; written\n"
    )
    package = Path(out.strip())
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "manifest-sha256.txt"],
        cwd=package,
        check=True,
    )
    before = contents(package)
    listed = [line.split("  ")[1] for line in before["manifest-sha256.txt"].decode().splitlines()]
    assert sorted([*listed, "manifest-sha256.txt"]) == sorted(before)
    again = trailscan("export", "--for", "2026-10-01", "--to", tmp_path, "--store", store)
    assert again[2].endswith("; unchanged\n")
    other = tmp_path / "other"
    trailscan("export", "--for", "2026-10-01", "--to", other, "--store", store)
    assert contents(other / "export-2026-10-01") == before == contents(package)


def test_the_files_of_a_package_agree(store, tmp_path):
    """Changes, records, log files and statement count the same things."""
    trailscan("export", "--for", "2026-10-01", "--to", tmp_path, "--store", store)
    files = contents(tmp_path / "export-2026-10-01")
    statement = json.loads(files["statement.json"])
    changes = list(csv.DictReader(io.StringIO(files["changes.csv"].decode())))
    exact = pq.read_table(io.BytesIO(files["changes.parquet"]))
    assert len(changes) == exact.num_rows == statement["counts"]["changes"] > 0
    lines = [json.loads(line) for line in files["records.jsonl"].splitlines()]
    assert len(lines) == statement["counts"]["records_of_the_day"]
    assert {line["record"]["eventTime"][:10] for line in lines} == {"2026-10-01"}
    log_files = list(csv.DictReader(io.StringIO(files["log_files.csv"].decode())))
    assert len(log_files) == statement["log_files"]["done"]
    assert all(len(row["sha256"] or row["stored_sha256"]) == 64 for row in log_files)
    assert {row["log_file"] for row in changes} <= {f"/{row['key']}" for row in log_files}
    places = {(line["log_file"], line["position"], line["record"]["eventID"]) for line in lines}
    assert {
        (row["log_file_name"], int(row["record_index"]), row["event_id"]) for row in changes
    } <= places
    assert statement["complete"] is True


def test_a_day_without_log_files_makes_a_package_that_does_not_claim_to_be_complete(
    store, tmp_path
):
    """Nothing proves nothing: exit code 4, and the reasons in the statement."""
    code, _, err = trailscan("export", "--for", "2027-01-01", "--to", tmp_path, "--store", store)
    statement = json.loads((tmp_path / "export-2027-01-01" / "statement.json").read_text())
    assert (code, statement["complete"]) == (4, False)
    assert statement["incomplete_because"] == [
        "the store holds no log file delivered for this day",
        "the store holds no log file delivered after this day",
    ]
    assert "incomplete: the store holds no log file" in err


def test_a_package_that_was_altered_is_never_overwritten(store, tmp_path):
    """What was exported once stays; a numbered supplement says what differs, and is not repeated."""
    trailscan("export", "--for", "2026-10-01", "--to", tmp_path, "--store", store)
    old = tmp_path / "export-2026-10-01" / "changes.csv"
    old.write_text("another")
    _, out, err = trailscan("export", "--for", "2026-10-01", "--to", tmp_path, "--store", store)
    assert out.strip() == str(tmp_path / "export-2026-10-01.1")
    assert err.endswith("; supplement written\n")
    assert old.read_text() == "another"
    statement = json.loads((tmp_path / "export-2026-10-01.1" / "statement.json").read_text())
    assert (statement["supplement"]["to"], statement["supplement"]["because"]) == (
        "export-2026-10-01",
        "changes.csv of export-2026-10-01 is not what was exported.",
    )
    again = trailscan("export", "--for", "2026-10-01", "--to", tmp_path, "--store", store)
    assert again[2].endswith("; unchanged\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "export-2026-10-01",
        "export-2026-10-01.1",
        "log",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give --for DAY or --since DAY"),
        (["--for", "2026-10-01", "--until", "2026-10-02"], "--until belongs to --since"),
        (["--since", "2026-10-02", "--until", "2026-10-01"], "2026-10-01 is before 2026-10-02"),
        (["--for", "2026-10-01", "--fail-on", "dire"], "no severity 'dire'"),
        (["--for", "2026-10-01", "--lock-days", "3"], "need --to s3://"),
        (["--period", "2026-Q5"], "'2026-Q5' is not a period"),
        (["--for", "2026-10-01", "--tickets", "/dev/null"], "no column 'id'"),
        (["--for", "2026-10-01", "--pseudonyms", "/dev/null"], "at least 16 bytes"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(store, tmp_path, words, said):
    """Exit code 2, what is wrong, and nothing written."""
    code, _, err = trailscan("export", *words, "--to", tmp_path / "new", "--store", store)
    assert code == 2
    assert said in err
    assert not (tmp_path / "new").exists()


def test_a_night_is_loaded_validated_exported_and_reported_in_one_command(tmp_path):
    """Exit code 3 for --fail-on, and the summary as JSON for another program."""
    told = tmp_path / "told.json"
    words = (
        "--fail-on",
        "high",
        "--require",
        "attested",
        "--notify",
        f"sh -c 'cat > {told}'",
        "--zip",
    )
    where = ("--to", tmp_path / "packages", "--store", tmp_path / "store", "--offline")
    days = ("--since", "2026-10-01", "--until", "2026-10-02")
    code, out, err = trailscan("export", *days, "--load-from", SAMPLES, *words, *where)
    assert code == 3
    said = json.loads(told.read_text())
    assert [(one["name"], one["complete"], one["worst"]) for one in said["packages"]] == [
        ("export-2026-10-01", True, "high"),
        ("export-2026-10-02", True, None),
    ]
    assert said["exit_code"] == 3
    assert err.splitlines()[-1] == (
        "export-2026-10-02: complete; 0 changes; 0 findings; 15 log files, 15 attested; written"
    )
    packages = tmp_path / "packages"
    assert out.splitlines() == [str(packages / one["name"]) for one in said["packages"]]
    assert sorted(path.name for path in packages.glob("*.zip")) == [
        "export-2026-10-01.zip",
        "export-2026-10-02.zip",
    ]
