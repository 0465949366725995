"""Credentials that a load lends to its worker processes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from services.trail import log_file_key

from trailscan.aws.lent import Borrower, Lent, lend
from trailscan.aws.session import AwsOptions
from trailscan.buckets import lending, open_s3
from trailscan.errors import CredentialsError

SECRET = os.urandom(20).hex()
KEY = log_file_key(1)
READ = """
import pickle, sys
bucket = pickle.load(sys.stdin.buffer)
print(bucket.read(sys.argv[1]).decode(), {"boto3", "botocore"} & set(sys.modules))
"""


def test_a_process_reads_with_lent_credentials_and_without_boto3(s3, monkeypatch):
    """It finds none of its own; a bucket that lends none takes none along."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    s3.put_object(Bucket="trail", Key=KEY, Body=b"what is there")
    bucket = open_s3("s3://trail", AwsOptions())
    assert SECRET.encode() not in pickle.dumps(bucket)
    own = {name: value for name, value in os.environ.items() if "AWS_" not in name}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", READ, KEY],
        input=pickle.dumps(lending(bucket)),
        env={**own, "AWS_EC2_METADATA_DISABLED": "true", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        check=False,
    )
    assert done.stdout.decode() == "what is there set()\n", done.stderr.decode()


def test_credentials_are_lent_for_a_while():
    """Then a session gives them: it is opened once, when it is needed."""
    opened = []

    def session():
        opened.append(1)
        return boto3.Session("own", SECRET, "token", region_name="us-east-1")

    now = datetime.now(UTC)
    lent = Lent("lent", SECRET, None, now + timedelta(minutes=5))
    assert SECRET not in repr(lent)
    given = Borrower(lent, session)()
    assert given == {
        "access_key_id": "lent",
        "secret_access_key": SECRET,
        "token": None,
        "expires_at": lent.until,
    }
    ended = Borrower(lent._replace(until=now), session)
    assert opened == []
    for _ in range(2):
        given = ended()
        assert (given["access_key_id"], given["token"]) == ("own", "token")
        assert given["expires_at"] > now
    assert opened == [1]


class Refused:
    """A session whose role can no longer be assumed."""

    def get_credentials(self):
        """Credentials that renew themselves, if they can."""
        return self

    def get_frozen_credentials(self):
        """They cannot."""
        denied = {"Error": {"Code": "AccessDenied", "Message": "no longer"}}
        raise ClientError(denied, "AssumeRole")


def test_credentials_that_cannot_be_renewed_are_not_lent():
    """The error is one of trailscan, so that a load goes on and says what it could not read."""
    with pytest.raises(CredentialsError, match="AssumeRole operation: no longer"):
        lend(Refused())
