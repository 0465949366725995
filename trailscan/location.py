"""Locations: the source of a log file, record or value, and the S3 URIs that name them."""

from __future__ import annotations

import re
from typing import NamedTuple

from trailscan.errors import PlaceError, TrailscanError

_S3 = "s3://"
_OTHER_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")

LOCAL = "file"
"""The `bucket` of everything read from the local disk; its key is the absolute path."""

STDIN = "stdin"
"""The `bucket` of standard input; its key is the SHA-256 of what was read."""

STANDARD_INPUT = "-"
"""How a user names standard input as a source."""

EVENT_HISTORY = "event-history"
"""The `bucket` of what LookupEvents answered; its key names account, region and window."""


class Location(NamedTuple):
    """The location of a log file or of one record in it.

    Attributes:
        bucket: S3 bucket name, or `file`, `stdin` or `event-history`.
        key: S3 key, or an absolute path without its leading slash.
        record_index: position in the log file counted from 0, or None for the whole file.
    """

    bucket: str
    key: str
    record_index: int | None = None

    def record(self, index: int) -> Location:
        """The location of one record of this log file."""
        return self._replace(record_index=index)

    @property
    def uri(self) -> str:
        """The log file, such as `s3://bucket/key.json.gz`, or a path."""
        return object_uri(self.bucket, self.key)

    def __str__(self) -> str:
        """The location as people search for it, such as `s3://bucket/key.json.gz#17`."""
        record = "" if self.record_index is None else f"#{self.record_index}"
        return f"{self.uri}{record}"


class RejectLine(NamedTuple):
    """One reject as the summary of a load lists it; somebody may have accepted it before."""

    where: Location
    reason: str
    message: str
    json_path: str = "$"
    accepted: bool = False


class S3Location(NamedTuple):
    """A bucket and a prefix in it, as an S3 URI names them."""

    bucket: str
    prefix: str = ""

    @property
    def folder(self) -> str:
        """The prefix as a folder: empty, or ending in `/`."""
        prefix = self.prefix.rstrip("/")
        return f"{prefix}/" if prefix else ""

    def __str__(self) -> str:
        """The URI, whatever the bucket is called."""
        return f"{_S3}{self.bucket}/{self.prefix}"


def object_uri(bucket: str, key: str) -> str:
    """The URI of an object, `s3://bucket/key`, or the plain path of a local file."""
    if bucket == LOCAL:
        return f"/{key}"
    if bucket == STDIN:
        return f"stdin:{key[:12]}"
    if bucket == EVENT_HISTORY:
        return f"{EVENT_HISTORY}:{key}"
    return f"{_S3}{bucket}/{key}"


def parse_uri(uri: str) -> Location | None:
    """The location of an object by the URI that `object_uri` made of it.

    Returns None for what is neither in S3 nor on the local disk.
    """
    if uri.startswith("/"):
        return Location(LOCAL, uri[1:])
    bucket, slash, key = uri.removeprefix(_S3).partition("/")
    return Location(bucket, key) if slash and uri.startswith(_S3) else None


def parse_s3_uri(uri: str) -> S3Location | None:
    """Bucket and prefix of an `s3://bucket/prefix` URI; None for anything else, such as a path.

    Raises:
        PlaceError: it is a URI of another kind, which as a path would be a place that nobody means.
        TrailscanError: the URI names no bucket.
    """
    if uri.startswith(_S3):
        return parse_bucket(uri)
    if _OTHER_URI.match(uri):
        raise PlaceError(f"{uri!r} is neither a path nor an S3 URI", "expected s3://bucket/prefix")
    return None


def parse_bucket(text: str) -> S3Location:
    """Bucket and prefix of `s3://bucket/prefix`, or of the same text without `s3://`.

    Raises:
        TrailscanError: the text names no bucket.
    """
    bucket, _, prefix = text.removeprefix(_S3).partition("/")
    if not bucket:
        raise TrailscanError(f"{text!r} names no bucket", "expected s3://bucket/prefix")
    return S3Location(bucket, prefix)


def key_text(key: str) -> str:
    """A key as the store holds it: bytes of a file name that are not Unicode are escaped."""
    return key.encode("utf-8", "backslashreplace").decode()
