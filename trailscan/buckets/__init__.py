"""The one door to bytes: list, read and write objects, in S3 or on the local disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trailscan.buckets.base import Bucket, ObjectInfo, StoredObject
from trailscan.buckets.local import LocalBucket
from trailscan.buckets.s3 import S3Bucket, S3Place, find_s3, open_s3

if TYPE_CHECKING:
    from trailscan.aws.session import AwsOptions

__all__ = [
    "Bucket",
    "LocalBucket",
    "ObjectInfo",
    "S3Bucket",
    "S3Place",
    "StoredObject",
    "find_s3",
    "open_bucket",
    "open_s3",
]


def open_bucket(place: str, options: AwsOptions) -> Bucket:
    """A folder or an `s3://bucket/prefix` as a bucket whose keys start below it.

    Raises:
        TrailscanError: it cannot be reached, or its name cannot be used.
    """
    if place.startswith("s3://"):
        return open_s3(place, options)
    return LocalBucket(Path(place).expanduser().absolute())
