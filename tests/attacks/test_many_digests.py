"""Digests that a stranger plants, in any number: memory does not grow with them."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import textwrap

import pytest
from signed import ACCOUNTS, SIGNING, body_of, digest_folder, load, log_file_key, validate

from trailscan.ingest.validation import digests

MB = 1024 * 1024
MOST = 600 * MB
PROGRAM = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path

    sys.path.insert(0, sys.argv[1])
    from signed import validate

    found = validate(Path(sys.argv[2]), Path(sys.argv[3]))
    print(found.outcome, found.digests.total())
    print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def planted(log_files: int, padding: int) -> bytes:
    """An unsigned digest with any number of log files and spaces."""
    one = {"s3Bucket": "b", "s3Object": "k", "hashValue": "0" * 64, "hashAlgorithm": "SHA-256"}
    fields = {
        "awsAccountId": ACCOUNTS[1],
        "digestStartTime": "2026-11-25T08:00:00Z",
        "digestEndTime": "2026-11-25T09:00:00Z",
        "digestS3Bucket": "b",
        "digestS3Object": "k",
        "digestPublicKeyFingerprint": "ff",
        "previousDigestSignature": None,
        "logFiles": [one] * log_files,
    }
    return gzip.compress(json.dumps(fields).encode().ljust(padding), 9, mtime=0)


def plant(archive, count, log_files, padding=0):
    """Plant digests beside those of an account."""
    data = planted(log_files, padding)
    for number in range(count):
        trail = f"t{number:05}_us-east-1"
        name = f"{ACCOUNTS[1]}_CloudTrail-Digest_us-east-1_{trail}_20261125T090000Z.json.gz"
        (archive / digest_folder(ACCOUNTS[1]) / name).write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "log_files", "padding"), [(60, 0, 30_000_000), (40, 150_000, 0), (3000, 120, 0)]
)
def test_memory_does_not_grow_with_planted_digests(archive, tmp_path, count, log_files, padding):
    """Spaces, log files that do not exist, or sheer number: below 600 MB, and the rest is judged."""
    load(archive, tmp_path / "S")
    plant(archive, count, log_files, padding)
    tests = str(digests.__file__).rpartition("/trailscan/")[0] + "/tests"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), tests, str(archive), str(tmp_path / "S")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    outcome, memory = done.stdout.splitlines()
    assert outcome == f"tampered {24 + count}"
    assert int(memory) * 1024 < MOST


def test_a_proved_digest_is_read_again_when_only_its_head_was_held(archive, monkeypatch):
    """Whatever room digests have, the verdicts are the same."""
    changed = archive / log_file_key(ACCOUNTS[1], 3)
    changed.write_bytes(SIGNING.packed(body_of(ACCOUNTS[1], 3, "charlie")))
    for sidecar in archive.rglob("*.metadata.json"):
        sidecar.unlink()
    plant(archive, 3, 2)
    expected = validate(archive)
    for name in ("ROOM", "_SMALL"):
        monkeypatch.setattr(digests, name, 0)
        found = validate(archive)
        assert dict(found.digests) == dict(expected.digests)
        assert found.outcome == expected.outcome == "tampered"
        assert [(one.verdict, one.key) for one in found.findings] == [
            (one.verdict, one.key) for one in expected.findings
        ]
        assert ("modified", str(changed).removeprefix("/")) in {
            (one.verdict, one.key) for one in found.findings
        }
