"""Whether a server keeps the promise that every commit rests on: `If-None-Match: *`.

Of several that create one object at once, one must win. Some S3-like servers let all of them
(s3rver, pys3local), or now and then some (OpenStack Swift).
"""

from __future__ import annotations

import contextlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from trailscan.errors import AlreadyExistsError, TrailscanError

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.buckets.base import Bucket

WRITERS = 8


class Probe(NamedTuple):
    """What became of an object that several wrote at once.

    Attributes:
        key: of the object.
        winners: how many were told that they created it; 1 on a server that can be relied on.
        unread: why it could not be read; None when it was.
        left: why it could not be removed, and so is still there; None when it is gone.
    """

    key: str
    winners: int
    unread: TrailscanError | None
    left: TrailscanError | None


def probe_conditional_writes(bucket: Bucket) -> Probe:
    """Create one object by several writers at once, count the winners, read it, remove it.

    Raises:
        TrailscanError: it could not be written at all.
    """
    key = f"_probe/{uuid.uuid4().hex}"
    with ThreadPoolExecutor(WRITERS) as writers:
        wins = list(writers.map(lambda _: _creates(bucket, key), range(WRITERS)))
    unread, left = _error(lambda: bucket.read(key)), _error(lambda: bucket.delete(key))
    return Probe(key, sum(wins), unread, left)


def _error(action: Callable[[], object]) -> TrailscanError | None:
    """The error that something ends in, or None."""
    try:
        action()
    except TrailscanError as error:
        return error
    return None


def _creates(bucket: Bucket, key: str) -> bool:
    """Whether this writer is told that it created the object."""
    with contextlib.suppress(AlreadyExistsError):
        bucket.write_new(key, b"written by trailscan to see if If-None-Match holds; remove it\n")
        return True
    return False
