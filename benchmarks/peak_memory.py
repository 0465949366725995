"""The memory of all processes of a load together, from what Linux says of each."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple


class Memory(NamedTuple):
    """The peak of all processes of a load in MB: shared pages counted once, and in each."""

    together: float
    resident: float


def peak_memory() -> Memory:
    """The peak of `trailscan load`, looked at ten times a second."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "trailscan", "load", "s3://trail", "--since", "2026-09-01"]
        process = subprocess.Popen(
            [*words, "--store", f"{folder}/store", "--format", "json"], stdout=subprocess.DEVNULL
        )
        found = [Memory(0.0, 0.0)]
        ended = threading.Event()

        def look() -> None:
            while not ended.wait(0.1):
                found.append(_memory_of(process.pid))

        watcher = threading.Thread(target=look)
        watcher.start()
        code = process.wait()
        ended.set()
        watcher.join()
    if code:
        sys.exit(f"trailscan load ended with {code}")
    return Memory(*(max(values) for values in zip(*found, strict=True)))


def _memory_of(pid: int) -> Memory:
    """The memory of a process and its children now."""
    together = resident = 0.0
    with contextlib.suppress(OSError):  # one that ended meanwhile has no memory
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        values = {name: text for name, _, text in (line.partition(":") for line in lines[1:])}
        together = int(values["Pss"].split()[0]) / 1024
        resident = int(values["Rss"].split()[0]) / 1024
        for child in children:
            more = _memory_of(int(child))
            together, resident = together + more.together, resident + more.resident
    return Memory(together, resident)
