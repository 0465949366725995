"""The object that makes a place a store, and what a place must be able to do to hold one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from trailscan.buckets.conditional import WRITERS, probe_conditional_writes
from trailscan.errors import AlreadyExistsError, NotFoundError, StoreError
from trailscan.store.paths import FORMAT, MARKER
from trailscan.store.reader import check_marker

if TYPE_CHECKING:
    from trailscan.buckets import Bucket

_CONTENT = msgspec.json.encode({"format": FORMAT}) + b"\n"


def ensure_store(bucket: Bucket, place: str) -> None:
    """Make a store where there is nothing; of one in S3, see that its server can hold commits.

    A new store is made only where, of several writers at once, one wins. At each later use one
    conditional write of the marker, with the content that it has, must be refused: a store may have
    been copied to another server.

    Raises:
        StoreError: something else is there, or the server lets several create one object.
    """
    if not _has_marker(bucket, place):
        _make(bucket, place)
    elif bucket.is_remote and _overwrites(bucket):
        raise _unfit(place, "a second writer created the marker that was there")


def _make(bucket: Bucket, place: str) -> None:
    """A new store, where nothing is."""
    folders, objects = bucket.list_folder("")
    if objects or set(folders) - {"_tmp/", "_probe/"}:
        if _has_marker(bucket, place):  # made meanwhile: what was seen stands in a store
            return
        raise StoreError(
            f"{place} is not empty and holds no store; give --store a place of its own"
        )
    if bucket.is_remote and (winners := probe_conditional_writes(bucket).winners) != 1:
        raise _unfit(place, f"of {WRITERS} writers at once, {winners} created one object")
    try:
        bucket.write_new(MARKER, _CONTENT)
    except AlreadyExistsError:
        check_marker(bucket, place)


def _overwrites(bucket: Bucket) -> bool:
    """Whether the marker can be created though it is there; it keeps its content."""
    try:
        bucket.write_new(MARKER, _CONTENT)
    except AlreadyExistsError:
        return False
    return True


def _unfit(place: str, seen: str) -> StoreError:
    return StoreError(
        f"{place} cannot hold a store: its server does not honour If-None-Match ({seen}), so loads "
        "at once would overwrite each other's commits; give --store a folder, or another server"
    )


def _has_marker(bucket: Bucket, place: str) -> bool:
    """Whether a store stands there; raises if it is of another format."""
    try:
        check_marker(bucket, place)
    except NotFoundError:
        return False
    return True
