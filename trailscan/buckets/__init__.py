"""Access to objects: list, read and write them, in S3 or on the local disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trailscan.aws.s3 import Protection
from trailscan.buckets.archive import LocalArchive
from trailscan.buckets.base import (
    ARCHIVES,
    UNKNOWN_SIZE,
    Bucket,
    ObjectInfo,
    StoredObject,
    list_folder,
)
from trailscan.buckets.local import LocalBucket
from trailscan.buckets.s3 import OpenedS3, S3Bucket, find_s3, open_s3, open_unlisted
from trailscan.location import parse_s3_uri

if TYPE_CHECKING:
    from trailscan.aws.session import AwsOptions

__all__ = [
    "ARCHIVES",
    "UNKNOWN_SIZE",
    "Bucket",
    "LocalArchive",
    "LocalBucket",
    "ObjectInfo",
    "OpenedS3",
    "Protection",
    "S3Bucket",
    "StoredObject",
    "find_s3",
    "lending",
    "list_folder",
    "open_bucket",
    "open_s3",
    "open_unlisted",
]


def lending(bucket: Bucket) -> Bucket:
    """A bucket for another process of this machine, which lends it credentials.

    Raises:
        AccessError: there are none any more.
    """
    return bucket.lending() if isinstance(bucket, S3Bucket) else bucket


def open_bucket(uri: str, options: AwsOptions) -> Bucket:
    """Open a folder or an `s3://bucket/prefix` as a bucket whose keys start below it.

    Raises:
        TrailscanError: it cannot be reached, or its name cannot be used.
    """
    if parse_s3_uri(uri):
        return open_s3(uri, options)
    return LocalBucket(Path(uri).expanduser().absolute())
