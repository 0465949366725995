"""`load --inventory` as a command, with the inventory and the log files in S3."""

from __future__ import annotations

import json

import pytest
from services.command import run_command
from services.inventory import inventory, row
from services.trail import log_file_key, make_event, pack


@pytest.fixture
def trail(s3_client, s3_bucket):
    """A bucket with three log files, and the rows of an inventory that has more."""
    objects = {log_file_key(number): pack([make_event(number)]) for number in range(4)}
    rows = [row(s3_bucket, key, data) for key, data in objects.items()]
    rows[3] |= {"StorageClass": "DEEP_ARCHIVE", "Size": 1024**3}
    old = {"IsLatest": False, "VersionId": "1"}
    rows += [
        row(s3_bucket, log_file_key(0), b"older", **old),
        row(s3_bucket, log_file_key(8), IsDeleteMarker=True, Size=None, ETag=None),
        row(s3_bucket, log_file_key(9), b"gone"),
    ]
    for key, data in objects.items():
        s3_client.put_object(Bucket=s3_bucket, Key=key, Body=data)
    return s3_bucket, rows


@pytest.mark.parametrize("form", ["CSV", "Parquet", "ORC"])
def test_what_an_inventory_has_is_loaded_counted_and_named(
    trail, s3_client, s3_endpoint, tmp_path, form
):
    """Vanished and archived log files are named each time; what changed since is refused."""
    bucket, rows = trail
    files = inventory(bucket, rows, form, files=2)
    for key, data in files.items():
        s3_client.put_object(Bucket=bucket, Key=key, Body=data)
    folder = f"inventory/{bucket}/all/2026-11-25T01-00Z"
    manifest = f"s3://{bucket}/{folder}/manifest.json"
    window = ("--since", "2026-11-01", "--until", "2026-11-24", "--format", "json", "--no-trace")
    words = ("load", f"s3://{bucket}/AWSLogs", "--store", tmp_path / "store", *window)
    there = (*words, "--inventory", manifest, "--endpoint-url", s3_endpoint)
    for known in (0, 3):
        done = run_command(*there)
        said = json.loads(done.stdout)
        assert done.returncode == 4  # what is archived was not read
        assert said["log_files"] == {
            "listed": 5,
            "done": 3 - known,
            "known": known,
            "rejected": 0,
            "unread": 0,
        }
        assert said["vanished"] == {"log_files": 1, "keys": [log_file_key(9)]}
        assert said["archived"] == {
            "log_files": 1,
            "objects": {"DEEP_ARCHIVE": 1},
            "bytes": {"DEEP_ARCHIVE": 1024**3},
            "dollars_bulk": pytest.approx(0.0025 + 0.025 / 1000, abs=1e-4),
            "dollars_standard": pytest.approx(0.02 + 0.10 / 1000, abs=1e-4),
        }
        assert (said["rejects"], said["complete"]) == ([], False)
        assert said["notes"][0].endswith("5 objects; left out: 1 older version, 1 delete marker")
    s3_client.put_object(Bucket=bucket, Key=f"{folder}/manifest.checksum", Body=b"0" * 32)
    refused = run_command(*there)
    assert (refused.returncode, refused.stdout) == (5, b"")
    assert b"manifest.checksum says '000" in refused.stderr


def test_then_list_needs_an_inventory(tmp_path):
    """A usage error, and nothing is created."""
    done = run_command("load", "s3://bucket", "--store", tmp_path / "store", "--then-list")
    assert done.returncode == 2
    assert b"--then-list: it needs --inventory" in done.stderr
    assert not (tmp_path / "store").exists()
