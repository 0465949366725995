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
    """The files of a package."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_package_is_accepted_by_sha256sum_and_is_the_same_each_time(store, tmp_path):
    """The manifest holds, and a second export of the day changes nothing."""
    code, out, err = trailscan("export", "--for", "2026-10-01", "--to", tmp_path, "--store", store)
    assert (code, out.strip()) == (0, str(tmp_path / "export-2026-10-01"))
    assert err == "written: 8 files\n"
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
    assert again[2] == "unchanged: 8 files\n"
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
    records = [json.loads(line) for line in files["records.jsonl"].splitlines()]
    assert len(records) == statement["counts"]["records_of_the_day"]
    assert {row["eventTime"][:10] for row in records} == {"2026-10-01"}
    log_files = list(csv.DictReader(io.StringIO(files["log_files.csv"].decode())))
    assert len(log_files) == statement["log_files"]["done"]
    assert all(len(row["sha256"] or row["stored_sha256"]) == 64 for row in log_files)
    assert {row["log_file"] for row in changes} <= {f"/{row['key']}" for row in log_files}
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


def test_a_package_that_differs_is_set_aside_not_overwritten(store, tmp_path):
    """What was exported once stays, under the digest of its manifest."""
    trailscan("export", "--for", "2026-10-01", "--to", tmp_path, "--store", store)
    old = tmp_path / "export-2026-10-01" / "changes.csv"
    old.write_text("another")
    _, _, err = trailscan("export", "--for", "2026-10-01", "--to", tmp_path, "--store", store)
    assert err.startswith("replaced: 8 files\nthe previous package differed and is now ")
    aside = [path for path in tmp_path.iterdir() if ".superseded-" in path.name]
    assert [(path / "changes.csv").read_text() for path in aside] == ["another"]
