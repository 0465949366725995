"""Memory: whatever log files inflate to, and whatever they claim, one large one is in it."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
import textwrap
import zlib

import pytest
from services.trail import log_file_key

MB = 1024 * 1024
FILES = 8
SIZE = 128 * MB
MOST = 700 * MB
"""With all eight in memory at once it would be one gigabyte and more."""

BODY = zlib.compressobj(wbits=31)
SPACES = b"".join([*(BODY.compress(b" " * MB) for _ in range(SIZE // MB)), BODY.flush()])
FORMS = {
    "two members": SPACES + gzip.compress(b"{}", mtime=0),
    "a trailer that lies": SPACES[:-4] + (2).to_bytes(4, "little"),
}
DIGEST = (
    "AWSLogs/{0}/CloudTrail-Digest/us-east-1/2026/11/22/"
    "{0}_CloudTrail-Digest_us-east-1_audit_us-east-1_20261122T130404Z.json.gz"
)
ACCOUNT = "111122223333"

PROGRAM = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path

    from trailscan.ingest import read_ahead
    from trailscan.ingest.run import LoadOptions, run_load
    from trailscan.ingest.validation import run, unit
    from trailscan.ingest.validation.run import ValidateOptions, run_validate

    read_ahead._GROUP, read_ahead._PROCESSORS = 1, 8
    run._PROCESSORS = unit._PROCESSORS = 8
    what, source, store = sys.argv[1:]
    now = datetime(2026, 11, 23, tzinfo=UTC)
    if what == "load":
        print(run_load([source], store, LoadOptions(), now).rejected_log_files)
    else:
        options = ValidateOptions(ask_aws=False)
        print(run_validate(source, None, options, now).log_files.total())
    status = Path("/proc/self/status").read_text()
    print(status.partition("VmHWM:")[2].split()[0])
"""


def digest(keys: list[str]) -> bytes:
    """A digest that names log files; that nobody signed it keeps nobody from reading them."""
    named = [
        {
            "s3Bucket": "trail",
            "s3Object": key,
            "hashValue": hashlib.sha256(b"{}").hexdigest(),
            "hashAlgorithm": "SHA-256",
            "newestEventTime": "2026-11-22T12:05:00Z",
            "oldestEventTime": "2026-11-22T12:05:00Z",
        }
        for key in keys
    ]
    fields = {
        "awsAccountId": ACCOUNT,
        "digestStartTime": "2026-11-22T12:04:04Z",
        "digestEndTime": "2026-11-22T13:04:04Z",
        "digestS3Bucket": "trail",
        "digestS3Object": DIGEST.format(ACCOUNT),
        "digestPublicKeyFingerprint": "0" * 32,
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": "2026-11-22T12:05:00Z",
        "oldestEventTime": "2026-11-22T12:05:00Z",
        "previousDigestS3Bucket": None,
        "previousDigestS3Object": None,
        "previousDigestHashValue": None,
        "previousDigestHashAlgorithm": None,
        "previousDigestSignature": None,
        "logFiles": named,
    }
    return gzip.compress(json.dumps(fields, separators=(",", ":")).encode(), mtime=0)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", ["load", "validate"])
def test_eight_large_log_files_are_in_memory_one_at_a_time(tmp_path, what, form):
    """Eight threads, eight log files of 130 kB that inflate to 128 MB each: each is read."""
    source = tmp_path / "trail"
    names = [log_file_key(number).replace("o-exampleorg1/", "") for number in range(FILES)]
    objects = {**dict.fromkeys(names, FORMS[form]), DIGEST.format(ACCOUNT): digest(names)}
    for key, data in objects.items():
        (source / key).parent.mkdir(parents=True, exist_ok=True)
        (source / key).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), what, source, tmp_path / "store"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    count, peak = (int(line) for line in done.stdout.split())
    assert count == FILES
    assert peak * 1024 < MOST
