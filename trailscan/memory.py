"""Memory that was freed goes back to the system: allocators keep it, and processes add up."""

from __future__ import annotations

import ctypes
import sys


def release_freed() -> None:
    """Give back to the system what was freed and is only kept for later.

    It takes milliseconds: call it after a large piece of work.
    """
    if arrow := sys.modules.get("pyarrow"):  # not every process has imported it
        arrow.default_memory_pool().release_unused()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # glibc's alone
        trim(0)
