"""Room in memory for what was read, or is to be, and waits to be used; threads may share it."""

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


class Gate:
    """Lets so much be under way as has room together; what needs more is under way alone.

    Args:
        most: the room.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._left = threading.Condition()

    def enter(self, weight: int) -> None:
        """Wait until there is room."""
        with self._left:
            self._left.wait_for(lambda: not self._inside or self._inside + weight <= self._most)
            self._inside += weight

    def leave(self, weight: int) -> None:
        """Make room for others."""
        with self._left:
            self._inside -= weight
            self._left.notify_all()
