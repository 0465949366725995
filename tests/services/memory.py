"""A bucket in memory, which fails and is interrupted where a test says."""

from __future__ import annotations

import hashlib
import pickle
import threading
from typing import TYPE_CHECKING

from trailscan.buckets import ObjectInfo
from trailscan.errors import AlreadyExistsError, ChangedError, NoAnswerError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class MemoryBucket:
    """Objects in memory, as S3 has them.

    Attributes:
        before_change: is called before each write and delete, and may raise.
        after_change: the same, after it.
        unlisted: a folder whose listing fails; None for none.
        unread: keys that cannot be read.
    """

    is_remote = True
    list_requests = 0
    delay = 0.0
    slowed = 0

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[str, bytes] = {}
        self.before_change: Callable[[], None] = lambda: None
        self.after_change: Callable[[], None] = lambda: None
        self.unlisted: str | None = None
        self.unread: set[str] = set()
        self._lock = threading.RLock()

    def __reduce__(self) -> str:
        """It is in the memory of this process, and worker processes cannot have it."""
        raise pickle.PicklingError("a bucket in memory")

    def list_objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every object in a folder behind `after`; half of them, then an error, if it is to fail."""
        with self._lock:
            keys = sorted(self.objects)
        keys = [key for key in keys if key.startswith(folder) and key > (after or "")]
        fails = self.unlisted is not None and folder.startswith(self.unlisted)
        for key in keys[: len(keys) // 2] if fails else keys:
            if key in self.objects:
                yield self._info(key)
        if fails:
            raise NoAnswerError(f"{folder} cannot be listed")

    def list_here(self, folder: str) -> Iterator[str | ObjectInfo]:
        """What is directly in a folder."""
        seen: set[str] = set()
        for key in sorted(self.objects):
            if not key.startswith(folder):
                continue
            inside, slash, _ = key[len(folder) :].partition("/")
            if not slash:
                yield self._info(key)
            elif inside not in seen:
                seen.add(inside)
                yield f"{folder}{inside}/"

    def _info(self, key: str) -> ObjectInfo:
        return ObjectInfo(key, len(self.objects[key]), _etag(self.objects[key]))

    def read(self, key: str, etag: str | None = None) -> bytes:
        """An object's bytes, if it is the version asked for."""
        if key in self.unread:
            raise NoAnswerError(f"{key} cannot be read")
        with self._lock:
            if key not in self.objects:
                raise NotFoundError(f"{key} does not exist")
            data = self.objects[key]
        if etag is not None and _etag(data) != etag:
            raise ChangedError(f"{key} changed")
        return data

    def read_start(self, key: str, etag: str | None, length: int) -> bytes:
        """An object's first bytes."""
        return self.read(key, etag)[:length]

    def write(self, key: str, data: bytes) -> None:
        """Write."""
        self.before_change()
        self.objects[key] = data
        self.after_change()

    def write_new(self, key: str, data: bytes) -> None:
        """Write what is not there."""
        self.before_change()
        with self._lock:
            if key in self.objects:
                raise AlreadyExistsError(f"{key} exists already")
            self.objects[key] = data
        self.after_change()

    def delete(self, key: str) -> None:
        """Remove."""
        self.before_change()
        self.objects.pop(key, None)
        self.after_change()


def _etag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
