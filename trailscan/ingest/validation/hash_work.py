"""Hashing log files, in this process or in worker processes: what is done with each of them."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from trailscan.buckets import ObjectInfo
from trailscan.errors import DecodeError, NotFoundError, TrailscanError
from trailscan.ingest.reading import read_listed
from trailscan.trail.gunzip import MAX_INFLATED_BYTES, inflate
from trailscan.validate.reconcile import Hashed

if TYPE_CHECKING:
    from trailscan.buckets import Bucket
    from trailscan.ingest.reading import LargeOneAtATime
    from trailscan.ingest.room import Room
    from trailscan.ingest.worker import Row

HashedLogFile = tuple[str, Hashed, int]
"""The key of a log file, the result of reading it, and how many bytes were read."""

ReadLogFile = tuple[str, bytes | Hashed]
"""The key of a log file, and its bytes, or the reason why it cannot be read."""


def row_of(key: str, info: ObjectInfo | None) -> Row:
    """What hashing needs to know of a log file: how it is listed, and whether it is at all."""
    return (ObjectInfo(key, 0, ""), False) if info is None else (info, True)


class HashWork:
    """Hashes log files.

    Args:
        large: shared by all that hash at the same time.
    """

    def __init__(self, large: LargeOneAtATime) -> None:
        self._large = large

    def read(self, bucket: Bucket, row: Row) -> ReadLogFile:
        """Read a log file, even if it was replaced after it was listed."""
        info, is_listed = row
        if info.size > MAX_INFLATED_BYTES:
            return info.key, Hashed(problem="inflates_too_large")
        try:
            return info.key, _read(bucket, info, is_listed=is_listed)
        except NotFoundError:
            return info.key, Hashed(absent=True)
        except TrailscanError as error:
            return info.key, Hashed(unread=error.line)

    def finish(self, read: ReadLogFile, room: Room | None = None) -> HashedLogFile:  # noqa: ARG002  # a hash needs none
        """Hash a log file, or say why it cannot be uncompressed."""
        key, stored = read
        if isinstance(stored, Hashed):
            return key, stored, 0
        try:
            hashed = self._large.run(lambda most: hash_log_file(stored, most))
        except DecodeError as error:
            hashed = Hashed(problem=error.reason)
        return key, hashed, len(stored)


def _read(bucket: Bucket, info: ObjectInfo, *, is_listed: bool) -> bytes:
    """The bytes of a log file as it is listed; as it is now, if it is not."""
    if is_listed:
        with contextlib.suppress(NotFoundError):
            return read_listed(bucket, info, bucket.read, len)
    return bucket.read(info.key)


def hash_log_file(stored: bytes, most: int | None = None) -> Hashed:
    """The SHA-256 of a log file's uncompressed bytes, and how it differs from its delivered form.

    Args:
        stored: its bytes as they are stored.
        most: the limit of uncompressed bytes; None for `MAX_INFLATED_BYTES`.

    Raises:
        DecodeError: it cannot be uncompressed within the limit.
    """
    body, deviations = inflate(stored, most)
    return Hashed(hashlib.sha256(body).hexdigest(), worst(deviations))


def worst(deviations: tuple[str, ...]) -> str | None:
    """The first deviation, or None."""
    return next(iter(deviations), None)
