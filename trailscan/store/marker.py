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


def ensure_store(bucket: Bucket, uri: str) -> None:
    """Create a store in an empty folder or bucket; check the server of an existing one.

    A new store needs a server on which only one of several writers can create an object. At each
    later use the server must refuse a conditional write of the marker with the content that it has,
    since the store may have been copied to another server.

    Raises:
        StoreError: something else is there, or the server lets several writers create one object.
    """
    if not _has_marker(bucket, uri):
        _make(bucket, uri)
    elif bucket.is_remote and _overwrites(bucket):
        raise _unfit(uri, "a second writer created the existing marker")


def _make(bucket: Bucket, uri: str) -> None:
    """Create a store where nothing is."""
    folders, objects = list_folder(bucket, "")
    if objects or set(folders) - {"_tmp/", "_probe/"}:
        if _has_marker(bucket, uri):  # created meanwhile by another process
            return
        raise StoreError(
            f"{uri} is not empty and holds no store", "give --store an empty folder or prefix"
        )
    if bucket.is_remote and (winners := probe_conditional_writes(bucket).winners) != 1:
        raise _unfit(uri, f"of {WRITERS} writers at once, {winners} created one object")
    try:
        bucket.write_new(MARKER, _CONTENT)
    except AlreadyExistsError:
        check_marker(bucket, uri)


def _overwrites(bucket: Bucket) -> bool:
    """Whether the marker, which exists, can be created again; its content stays the same."""
    try:
        bucket.write_new(MARKER, _CONTENT)
    except AlreadyExistsError:
        return False
    return True


def _unfit(uri: str, seen: str) -> StoreError:
    return StoreError(
        f"{uri} cannot hold a store: its server does not honour If-None-Match ({seen}), so that "
        "two loads would overwrite each other's commits",
        "give --store a folder or another server",
    )


def _has_marker(bucket: Bucket, uri: str) -> bool:
    """Whether there is a store; raises if it has another format."""
    try:
        check_marker(bucket, uri)
    except NotFoundError:
        return False
    return True
