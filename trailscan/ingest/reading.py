"""Reading and inflating an object of a source, for a load and for a validation alike."""

from __future__ import annotations

import contextlib
import fcntl
import threading
import time
from typing import TYPE_CHECKING, TypeVar

from trailscan.errors import DecodeError, NoAnswerError
from trailscan.location import object_uri
from trailscan.memory import release_freed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trailscan.buckets import Bucket, ObjectInfo

Item = TypeVar("Item")

LARGE = 24 * 1024 * 1024
"""What inflates to more than this many bytes is large: one such log file is in memory at a time."""

_PAUSES = (0.2, 1.0)
"""Seconds before an object that came with another length than listed is requested again."""


def read_listed(
    bucket: Bucket,
    info: ObjectInfo,
    read: Callable[[str, str | None], Item],
    length: Callable[[Item], int],
) -> Item:
    """An object as it was listed, all of it; a proxy's error page has another length.

    Args:
        bucket: names the object in the error.
        info: the object's row in the listing; a size of 0 or less means that it is not known.
        read: reads the object of a key and ETag.
        length: the number of bytes of what `read` returned.

    Raises:
        NoAnswerError: every attempt returned another number of bytes.
    """
    found = read(info.key, info.etag or None)
    for pause in _PAUSES:
        if info.size <= 0 or length(found) == info.size:
            return found
        time.sleep(pause)
        found = read(info.key, info.etag or None)
    if length(found) == info.size:
        return found
    raise NoAnswerError(
        f"{object_uri(bucket.name, info.key)}: expected {info.size:,} bytes, received "
        f"{length(found):,} (is a proxy altering responses?)"
    )


class LargeOneAtATime:
    """Lets many threads inflate log files, but only one of them a large one.

    How large a log file is shows only when it is inflated. The length in its gzip trailer is the
    claim of whoever wrote the file, so it decides nothing here.

    Args:
        large: what inflates to more bytes is large; None for `LARGE`.
        shared: descriptor of a file that processes which scan together lock meanwhile; None for
            threads of one process alone. The system takes the lock from a process that dies.
    """

    def __init__(self, large: int | None = None, shared: int | None = None) -> None:
        self._large = large
        self._shared = shared
        self._lock = threading.RLock()
        self._depth = 0

    @contextlib.contextmanager
    def turn(self, size: int) -> Iterator[None]:
        """Wait for the turn of a log file that is large as it is stored; of others it is always."""
        if size <= self._most:
            yield
            return
        with self._lock, self._alone():
            yield

    def run(self, work: Callable[[int | None], Item]) -> Item:
        """The result of some work on a log file.

        Args:
            work: gets the number of bytes to which the log file may inflate (None for the limit of
                any log file), and raises `DecodeError` with `inflates_too_large` if it has more.
        """
        try:
            return work(self._most)
        except DecodeError as error:
            if error.reason != "inflates_too_large":
                raise
        with self._lock, self._alone():
            try:
                return work(None)
            except DecodeError as error:
                raise error.with_traceback(None) from None  # its frames hold the log file

    @property
    def _most(self) -> int:
        """How many bytes are not large."""
        return LARGE if self._large is None else self._large

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other process is at a large log file; what it took is given back then."""
        self._depth += 1
        if self._shared is not None:
            fcntl.lockf(self._shared, fcntl.LOCK_EX)
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                release_freed()
                if self._shared is not None:
                    fcntl.lockf(self._shared, fcntl.LOCK_UN)
