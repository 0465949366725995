"""Whether a server honours `If-None-Match: *`, on which every commit relies.

Only one of several writers may create an object. Some servers like S3 let all of them (s3rver,
pys3local), or sometimes several (OpenStack Swift).
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
    """The result of several writers creating one object at once.

    Attributes:
        key: of the object.
        winners: how many writers got the answer that they created it; 1 on a reliable server.
        unread: why it could not be read; None if it was read.
        left: why it could not be removed; None if it was removed.
    """

    key: str
    winners: int
    unread: TrailscanError | None
    left: TrailscanError | None


def probe_conditional_writes(bucket: Bucket) -> Probe:
    """Let several writers create one object at once, count the winners, read it, remove it.

    Raises:
        TrailscanError: no writer could write it.
    """
    key = f"_probe/{uuid.uuid4().hex}"
    with ThreadPoolExecutor(WRITERS) as writers:
        wins = list(writers.map(lambda _: _creates(bucket, key), range(WRITERS)))
    unread, left = error_of(lambda: bucket.read(key)), error_of(lambda: bucket.delete(key))
    return Probe(key, sum(wins), unread, left)


def error_of(action: Callable[[], object]) -> TrailscanError | None:
    """The error that an action raises, or None."""
    try:
        action()
    except TrailscanError as error:
        return error
    return None


def _creates(bucket: Bucket, key: str) -> bool:
    """Whether this writer gets the answer that it created the object."""
    with contextlib.suppress(AlreadyExistsError):
        bucket.write_new(key, b"written by trailscan to see if If-None-Match holds; remove it\n")
        return True
    return False
