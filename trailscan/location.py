"""Where a thing was read: bucket, key, record and JSON path."""

from __future__ import annotations

from typing import NamedTuple

LOCAL = "file"
"""The `bucket` of everything read from the local disk; its key is the absolute path."""

STDIN = "stdin"
"""The `bucket` of standard input; its key is the SHA-256 of what was read."""

EVENT_HISTORY = "event-history"
"""The `bucket` of what LookupEvents answered; its key names account, region and window."""


class Location(NamedTuple):
    """Where a log file, a record or a value stands.

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

    def __str__(self) -> str:
        """A form to show and to search for, such as `s3://bucket/key.json.gz#17`."""
        place = "" if self.record_index is None else f"#{self.record_index}"
        return f"{object_uri(self.bucket, self.key)}{place}"


def object_uri(bucket: str, key: str) -> str:
    """The URI of an object, `s3://bucket/key`, or the plain path of a local file."""
    if bucket == LOCAL:
        return f"/{key}"
    if bucket == STDIN:
        return f"stdin:{key[:12]}"
    if bucket == EVENT_HISTORY:
        return f"{EVENT_HISTORY}:{key}"
    return f"s3://{bucket}/{key}"


def parse_uri(uri: str) -> Location | None:
    """What `object_uri` gave the URI of; None for what is neither in S3 nor a file."""
    if uri.startswith("/"):
        return Location(LOCAL, uri[1:])
    bucket, slash, key = uri.removeprefix("s3://").partition("/")
    return Location(bucket, key) if slash and uri.startswith("s3://") else None


def key_text(key: str) -> str:
    """A key as it is kept in the store: a file name that is no Unicode is shown by its bytes."""
    return key.encode("utf-8", "backslashreplace").decode()
