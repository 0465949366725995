"""The same against a real S3 server."""

from __future__ import annotations

import pytest

from trailscan.aws.session import AwsOptions, open_session
from trailscan.buckets import find_s3, list_folder, open_s3
from trailscan.buckets.conditional import probe_conditional_writes
from trailscan.doctor.permissions import S3Resource, needs
from trailscan.doctor.s3 import store_checks
from trailscan.errors import AlreadyExistsError


def test_signed_payer_and_owner_are_accepted(ceph_bucket):
    """The signatures of both libraries hold with the headers in them, for every kind of request."""
    options = AwsOptions(request_payer="requester", expected_bucket_owner="111122223333")
    bucket = open_s3(f"s3://{ceph_bucket}", options)
    bucket.write("folder/key", b"1")
    bucket.write_new("new", b"2")
    with pytest.raises(AlreadyExistsError):
        bucket.write_new("new", b"3")
    assert list_folder(bucket, "")[0] == ["folder/"]
    assert [found.key for found in bucket.list_objects()] == ["folder/key", "new"]
    assert (bucket.read("folder/key"), bucket.read("new")) == (b"1", b"2")
    bucket.delete("new")
    assert find_s3(f"s3://{ceph_bucket}/folder", options).prefix == "folder/"


def test_one_of_eight_writers_wins(ceph_bucket):
    """Ceph honours If-None-Match, and nothing is left of the probe."""
    bucket = open_s3(f"s3://{ceph_bucket}", AwsOptions())
    for _ in range(20):
        probe = probe_conditional_writes(bucket)
        assert (probe.winners, probe.unread, probe.left) == (1, None, None)
    assert list(bucket.list_objects()) == []


def test_doctor_finds_nothing_missing(ceph_bucket):
    """Whoever owns the bucket may do all that a store needs."""
    uri, options = f"s3://{ceph_bucket}/store", AwsOptions()
    needed = {need.sid: need for need in needs("folder", uri, "aws")}
    place = S3Resource.of(uri, "aws")
    checks = list(store_checks(open_session(options), options, uri, place, needed))
    assert [(check.action, check.status) for check in checks] == [
        ("s3:ListBucket", "ok"),
        ("s3:GetObject", "ok"),
        ("s3:PutObject", "ok"),
        ("s3:DeleteObject", "ok"),
    ]
