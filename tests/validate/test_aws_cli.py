"""Where `aws cloudtrail validate-logs` has an opinion, ours is the same: one bucket, two programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from trailscan.aws.session import AwsOptions
from trailscan.ingest.validation.run import ValidateOptions, run_validate
from trailscan.window import Window

pytestmark = pytest.mark.slow  # the other program takes its time

REGION = "us-east-1"
ACCOUNT = "111122223333"
SAME = {
    "valid": {"valid"},
    "INVALID: has been moved from its original location": {"moved"},
    "INVALID: invalid format": {"malformed", "modified", "unsigned"},
    "INVALID: not found": {"missing"},
    "INVALID: signature verification failed": {"malformed", "modified", "unsigned"},
    "INVALID: hash value doesn't match": {"modified"},
    "INVALID: unexpected data after end of compressed stream": {"modified"},
}
"""What aws-cli says, and the words that mean the same."""
NOT_LOOKED_AT = {"modified/trailing_bytes", "modified/gzip_members"}
"""What aws-cli does not look for in digests, and so calls valid."""


@pytest.fixture
def cloudtrail(delivered, monkeypatch):
    """A stand-in for CloudTrail and Organizations on loopback; gives what it was asked."""
    keys = delivered.signing.public_keys("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
    times = {"ValidityStartTime": 1767225600, "ValidityEndTime": 1798761600}
    trail = {
        "Name": "audit",
        "S3BucketName": "to be set",
        "TrailARN": f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit",
        "IsOrganizationTrail": True,
    }
    answers = {
        "ListPublicKeys": {"PublicKeyList": [{**keys["PublicKeyList"][0], **times}]},
        "DescribeTrails": {"trailList": [trail]},
        "DescribeOrganization": {"Organization": {"Id": "o-exampleorg1"}},
    }
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(operation)
            body = json.dumps(answers[operation]).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDTRAIL", url)
    monkeypatch.setenv("AWS_ENDPOINT_URL_ORGANIZATIONS", url)
    yield trail
    server.shutdown()
    server.server_close()
    thread.join()


def deliver(s3_client, lab):
    """Put a trail into a bucket of its own."""
    name = lab.bucket.name
    s3_client.create_bucket(Bucket=name)

    def put(item):
        key, one = item
        s3_client.put_object(Bucket=name, Key=key, Body=one.data, Metadata=one.metadata)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, lab.bucket.objects.items()))


def aws_cli(s3_endpoint, lab, *words):
    """What aws-cli says of each key: its own process, as its users start it."""
    done = subprocess.run(
        [
            sys.executable, "-m", "awscli", "cloudtrail", "validate-logs", "--verbose",
            "--region", REGION, "--trail-arn", f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/audit",
            "--start-time", f"{lab.first:%Y-%m-%dT%H:%M:%SZ}",
            "--end-time", f"{lab.end:%Y-%m-%dT%H:%M:%SZ}", *words,
        ],
        capture_output=True,
        check=False,
        env={**os.environ, "AWS_ENDPOINT_URL_S3": s3_endpoint},
    )  # fmt: skip
    said = {}
    for line in (done.stdout + done.stderr).decode().splitlines():
        parts = line.split("\t")
        if len(parts) == 3:
            said[parts[1].removeprefix(f"s3://{lab.bucket.name}/")] = parts[2]
    return said, done.returncode


def ours(s3_endpoint, lab):
    """What we say of each key."""
    options = ValidateOptions(
        window=Window(lab.first, lab.end), every=True, aws=AwsOptions(endpoint_url=s3_endpoint)
    )
    found = run_validate(f"s3://{lab.bucket.name}", None, options, lab.end + timedelta(minutes=10))
    assert found.failures == []
    return {one.key: one for one in found.every}, found.outcome


def disagreements(theirs, mine):
    """The keys on which aws-cli has an opinion that is not ours."""
    found = []
    for key, opinion in theirs.items():
        one = mine.get(key)
        said = one and f"{one.verdict}/{one.reason}"
        if opinion == "valid" and said in NOT_LOOKED_AT and "CloudTrail-Digest" in key:
            continue
        if opinion.startswith("INVALID: public key not found"):
            same = {"unknown_key", "modified"}
        else:
            same = SAME.get(opinion, {"malformed", "modified"})  # the words of a Python error
        if one is None or one.verdict not in same:
            found.append((key, opinion, said))
    return found


def test_the_two_agree_on_every_kind_of_tampering(
    make_lab, kinds, stranger, s3_endpoint, s3_client, cloudtrail
):
    """Every kind of tampering in one trail, one after another: what aws-cli says of a key we say."""
    lab = make_lab(len(kinds), f"trail-{uuid.uuid4().hex[:12]}")
    for number, kind in enumerate(kinds.values()):
        kind(lab.part(number), stranger)
    deliver(s3_client, lab)
    theirs, code = aws_cli(s3_endpoint, lab, "--s3-bucket", lab.bucket.name)
    mine, outcome = ours(s3_endpoint, lab)
    assert disagreements(theirs, mine) == []
    assert (code, outcome) == (1, "tampered")
    bad = {key for key, opinion in theirs.items() if opinion != "valid"}
    assert len(bad) >= 35
    assert {key for key, one in mine.items() if one.severity == "tampered"} > {
        key for key in bad if mine[key].verdict != "unknown_key"
    }


def test_the_two_agree_on_an_organization_trail_with_backfill(
    make_lab, s3_endpoint, s3_client, cloudtrail
):
    """The organization's folder, an account of it, and a digest of what ordinary ones missed."""
    lab = make_lab(1, f"trail-{uuid.uuid4().hex[:12]}", "AWSLogs/o-exampleorg1/")
    cloudtrail["S3BucketName"] = lab.bucket.name
    late = lab.log(5, 0).replace("_000", "_Z00")
    lab.put(late, lab.stored(lab.log(5, 0)), {})
    one = lab.signing.Attested(late, lab.bodies[lab.log(5, 0)], "", "")
    span = (lab.end - timedelta(hours=3), lab.end - timedelta(hours=2))
    backfill = lab.trail.digest(ACCOUNT, REGION, span, [one], generated=lab.end)
    lab.put(backfill.key, backfill.stored, backfill.metadata)
    deliver(s3_client, lab)
    theirs, code = aws_cli(s3_endpoint, lab, "--account-id", ACCOUNT)
    mine, outcome = ours(s3_endpoint, lab)
    assert {key: one.verdict for key, one in mine.items()} == theirs
    assert (code, outcome, len(theirs)) == (0, "valid", 24)
