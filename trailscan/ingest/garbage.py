"""How often Python looks for garbage in circles, which reading log files does not make."""

from __future__ import annotations

import gc
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_RARELY = (200_000, 50, 100)
"""By default Python looks after 700 objects, and at everything whenever a quarter of it is new."""

_lock = threading.Lock()
_before: list[tuple[int, int, int]] = []
"""How often it did before whoever is inside of `collecting_rarely`; the first is to come back."""


def collect_rarely() -> None:
    """Look rarely until the process ends, and never at what is there already."""
    gc.freeze()
    gc.set_threshold(*_RARELY)


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Look rarely meanwhile; several threads may be inside at a time."""
    with _lock:
        _before.append(gc.get_threshold())
        gc.set_threshold(*_RARELY)
    try:
        yield
    finally:
        with _lock:
            before = _before.pop()
            if not _before:
                gc.set_threshold(*before)
