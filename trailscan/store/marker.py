"""The marker of a store, and the check that a server can hold a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from trailscan.buckets.base import list_folder
from trailscan.buckets.conditional import WRITERS, probe_conditional_writes
from trailscan.errors import AlreadyExistsError, NotFoundError, StoreError
from trailscan.store.paths import FORMAT, MARKER
from trailscan.store.reader import check_marker

if TYPE_CHECKING:
    from trailscan.buckets import Bucket

_CONTENT = msgspec.json.encode({"format": FORMAT}) + b"\n"


def ensure_store(bucket: Bucket, place: str) -> None:
    """Create a store in an empty folder or bucket; check the server of an existing one.

    A new store needs a server on which only one of several writers can create an object. At each
    later use the server must refuse a conditional write of the marker with the content that it has,
    since the store may have been copied to another server.

    Raises:
        StoreError: something else is there, or the server lets several writers create one object.
    """
    if not _has_marker(bucket, place):
        _make(bucket, place)
    elif bucket.is_remote and _overwrites(bucket):
        raise _unfit(place, "a second writer created the existing marker")


def _make(bucket: Bucket, place: str) -> None:
    """Create a store where nothing is."""
    folders, objects = list_folder(bucket, "")
    if objects or set(folders) - {"_tmp/", "_probe/"}:
        if _has_marker(bucket, place):  # created meanwhile by another process
            return
        raise StoreError(
            f"{place} is not empty and holds no store; give --store an empty folder or prefix"
        )
    if bucket.is_remote and (winners := probe_conditional_writes(bucket).winners) != 1:
        raise _unfit(place, f"of {WRITERS} writers at once, {winners} created one object")
    try:
        bucket.write_new(MARKER, _CONTENT)
    except AlreadyExistsError:
        check_marker(bucket, place)


def _overwrites(bucket: Bucket) -> bool:
    """Whether the marker, which exists, can be created again; its content stays the same."""
    try:
        bucket.write_new(MARKER, _CONTENT)
    except AlreadyExistsError:
        return False
    return True


def _unfit(place: str, seen: str) -> StoreError:
    return StoreError(
        f"{place} cannot hold a store: its server does not honour If-None-Match ({seen}), so that "
        "two loads would overwrite each other's commits; give --store a folder or another server"
    )


def _has_marker(bucket: Bucket, place: str) -> bool:
    """Whether there is a store; raises if it has another format."""
    try:
        check_marker(bucket, place)
    except NotFoundError:
        return False
    return True
