"""Against a real S3 server: metadata come with the bytes, what is deleted is missing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from trailscan.ingest.validation.run import ValidateOptions, run_validate


def test_a_trail_in_ceph_is_validated(ceph_s3, ceph_bucket, make_lab):
    """The signatures in the metadata of objects, and then a log file deleted."""
    lab = make_lab(1, ceph_bucket)
    client = ceph_s3.client()
    for key, one in lab.bucket.objects.items():
        client.put_object(Bucket=ceph_bucket, Key=key, Body=one.data, Metadata=one.metadata)
    options = ValidateOptions(public_keys=lab.keys, ask_aws=False)
    now = lab.end + timedelta(minutes=10)
    found = run_validate(f"s3://{ceph_bucket}", None, options, now)
    assert found.outcome == "valid"
    assert found.digests == Counter({("valid", "signature"): 8})
    client.delete_object(Bucket=ceph_bucket, Key=lab.log(3, 0))
    found = run_validate(f"s3://{ceph_bucket}", None, options, now)
    assert [(one.verdict, one.reason, one.key) for one in found.findings] == [
        ("missing", "deleted", lab.log(3, 0))
    ]
