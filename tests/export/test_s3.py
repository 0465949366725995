"""Packages in S3: created only if absent, locked, and finished after a kill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from nights import FIRST, Archive
from services.ceph import S3Server

from trailscan.aws.session import AwsOptions
from trailscan.buckets import Protection
from trailscan.errors import TrailscanError
from trailscan.export.options import PackageOptions
from trailscan.export.run import Run, RunOptions, export_nights
from trailscan.export.target import Target, open_target

NAME = f"export-{FIRST}"


def export(archive: Archive, target: Target, now: datetime | None = None) -> list[tuple[str, str]]:
    """Export the first night; gives name and outcome of each package."""
    run = Run(RunOptions(PackageOptions()))
    when = now or datetime.now(UTC)
    made = export_nights(archive.reader(), target, [FIRST], run, when)
    return [(one.package.name, one.outcome) for one in made]


def keys_of(client: Any, bucket: str) -> dict[str, str]:
    """The keys in a bucket with their ETags."""
    found = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {one["Key"]: one["ETag"] for one in found}


def test_a_package_in_s3_is_written_once_and_a_killed_run_is_finished(
    archive: Archive, s3_endpoint: str, s3_client: Any, s3_bucket: str, monkeypatch: Any
):
    """What a killed run left is used; the manifest comes last; a second run changes nothing."""
    archive.load()
    target = open_target(f"s3://{s3_bucket}/nights", AwsOptions(endpoint_url=s3_endpoint))
    write = type(target).write_new

    def killed(self: Any, path: str, data: bytes) -> None:
        """Stop before the manifest, as a kill would."""
        if path.endswith("manifest-sha256.txt"):
            raise KeyboardInterrupt
        write(self, path, data)

    with monkeypatch.context() as patched:
        patched.setattr(type(target), "write_new", killed)
        with pytest.raises(KeyboardInterrupt):
            export(archive, target)
    left = keys_of(s3_client, s3_bucket)
    assert f"nights/{NAME}/manifest-sha256.txt" not in left
    assert export(archive, target) == [(NAME, "written")]
    done = keys_of(s3_client, s3_bucket)
    assert {key: done[key] for key in left} == left
    proofs = ("consistency.json", "inclusion.json", "leaf", "leaves", "rows.json")
    added = ("manifest-sha256.txt", "checkpoint", *(f"proof/{name}" for name in proofs))
    assert done.keys() - left.keys() == {
        "nights/log/000000000000",
        *(f"nights/{NAME}/{name}" for name in added),
    }
    assert export(archive, target) == [(NAME, "unchanged")]
    assert keys_of(s3_client, s3_bucket) == done


def test_what_a_killed_run_left_of_another_night_is_not_overwritten(
    archive: Archive, s3_endpoint: str, s3_client: Any, s3_bucket: str, monkeypatch: Any
):
    """A name that others' bytes have taken is left to them; a supplement says so."""
    archive.load()
    monkeypatch.setattr("trailscan.export.run._PAUSE", 0)
    target = open_target(f"s3://{s3_bucket}", AwsOptions(endpoint_url=s3_endpoint))
    s3_client.put_object(Bucket=s3_bucket, Key=f"{NAME}/changes.csv", Body=b"others'")
    assert export(archive, target) == [(f"{NAME}.1", "supplement written")]
    assert target.read(f"{NAME}/changes.csv") == b"others'"


def test_a_target_that_is_no_uri_is_refused():
    """A folder named s3: is what nobody means."""
    with pytest.raises(TrailscanError, match="neither a path nor an S3 URI"):
        open_target("s3:/bucket/prefix", AwsOptions())


def test_a_locked_package_cannot_be_deleted_on_a_real_server(
    archive: Archive, ceph_s3: S3Server, ceph_bucket: str
):
    """Object Lock: the server refuses to delete any version of its objects."""
    archive.load()
    client = ceph_s3.client()
    bucket = f"{ceph_bucket}-locked"
    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    protection = Protection("COMPLIANCE", until)
    target = open_target(f"s3://{bucket}", AwsOptions(), protection)
    assert export(archive, target) == [(NAME, "written")]
    assert export(archive, target) == [(NAME, "unchanged")]
    versions = client.list_object_versions(Bucket=bucket)["Versions"]
    assert len({one["Key"] for one in versions}) == len(versions) > 10
    for one in versions:
        with pytest.raises(client.exceptions.ClientError) as refused:
            client.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
