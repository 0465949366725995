"""Room in memory for what was read and waits to be used; many threads may share it."""

from __future__ import annotations

import threading


class NoRoomError(Exception):
    """What was read takes more memory than there is room for now; whoever has room reads it."""


class Room:
    """Bytes that what waits may take together.

    Args:
        most: how many.
    """

    def __init__(self, most: int) -> None:
        self._left = most
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Take some bytes, if there are as many left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True

    def give(self, size: int) -> None:
        """Give bytes back."""
        if size:  # most log files take none
            with self._lock:
                self._left += size
