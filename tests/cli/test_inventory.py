"""`load --inventory` as a command, with the inventory and the log files in S3."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from services.command import run_command
from services.inventory import inventory, row
from services.trail import log_file_key, make_event, pack

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs"
ACCOUNT = "AWSLogs/o-exampleorg1/121212121212"
TRAIL = "example-organization-trail"


def publish(client: Any, bucket: str, rows: list[dict[str, Any]], form: str = "CSV") -> None:
    """Put an inventory with these rows into the bucket."""
    for key, data in inventory(bucket, rows, form, files=2).items():
        client.put_object(Bucket=bucket, Key=key, Body=data)


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
    publish(s3_client, bucket, rows, form)
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


def validated(endpoint: str, store: Path, *words: str) -> tuple[int, dict[str, Any]]:
    """Load a bucket by its inventory and validate; gives exit code and validation."""
    folder = f"inventory/{TRAIL}/all/2026-11-25T01-00Z"
    inventory = ("--inventory", f"s3://{TRAIL}/{folder}/manifest.json", "--endpoint-url", endpoint)
    window = ("--since", "2026-09-18", "--until", "2026-10-21", "--no-trace", "--format", "json")
    keys = ("--validate", "--offline", "--public-keys", SAMPLES / "public-keys.json")
    where = (f"s3://{TRAIL}/AWSLogs", "--store", store)
    done = run_command("load", *where, *inventory, *window, *keys, *words)
    (found,) = json.loads(done.stdout)["validations"]
    return done.returncode, found


@pytest.fixture
def attested(s3_client) -> Iterator[list[dict[str, Any]]]:
    """A bucket with log files and their digests in a chain, and the rows of its inventory."""
    paths = sorted((SAMPLES / ACCOUNT).rglob("*.json.gz"))
    data = {path.relative_to(SAMPLES).as_posix(): path.read_bytes() for path in paths}
    s3_client.create_bucket(Bucket=TRAIL)
    signed = json.loads(next((SAMPLES / ACCOUNT).rglob("*.metadata.json")).read_bytes())["Metadata"]
    for key in sorted(data, reverse=True):  # each digest has the signature of the one before
        metadata = {}
        if "Digest" in key:
            metadata = dict(signed)
            signed["signature"] = json.loads(gzip.decompress(data[key]))["previousDigestSignature"]
        s3_client.put_object(Bucket=TRAIL, Key=key, Body=data[key], Metadata=metadata)
    yield [row(TRAIL, key, stored) for key, stored in data.items()]
    for one in s3_client.list_objects_v2(Bucket=TRAIL)["Contents"]:
        s3_client.delete_object(Bucket=TRAIL, Key=one["Key"])
    s3_client.delete_bucket(Bucket=TRAIL)


def test_what_an_inventory_has_is_validated(attested, s3_client, s3_endpoint, tmp_path):
    """Digests are read by their keys; what is archived is not proved, and what is gone is missing."""
    publish(s3_client, TRAIL, attested)
    code, found = validated(s3_endpoint, tmp_path / "first")
    assert (code, found["outcome"]) == (0, "valid")
    log_files = found["log_files"]["total"]
    assert found["log_files"]["verdicts"] == {"valid": log_files}
    assert found["hashes_from_load"] == log_files > 20

    first = next(one for one in attested if "CloudTrail/" in one["Key"] and "/09/25/" in one["Key"])
    data = s3_client.get_object(Bucket=TRAIL, Key=first["Key"])["Body"].read()
    s3_client.put_object(Bucket=TRAIL, Key=first["Key"], Body=data, StorageClass="GLACIER")
    first["StorageClass"] = "GLACIER"
    publish(s3_client, TRAIL, attested)
    code, found = validated(s3_endpoint, tmp_path / "archived")
    assert (code, found["outcome"]) == (4, "incomplete")
    assert found["log_files"]["verdicts"] == {"unread": 1, "valid": log_files - 1}

    s3_client.delete_object(Bucket=TRAIL, Key=first["Key"])
    code, found = validated(s3_endpoint, tmp_path / "gone", "--restored")
    assert (code, found["outcome"]) == (3, "tampered")
    assert found["log_files"]["verdicts"] == {"missing": 1, "valid": log_files - 1}
