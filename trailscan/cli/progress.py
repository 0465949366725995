"""The progress of a load: a bar on a terminal, elsewhere a line a minute."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trailscan.cli.log import log
from trailscan.ingest.job import Progress
from trailscan.numbers import counted
from trailscan.render.progress import shown_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVERY = 60.0
"""Seconds between two lines."""

VERBOSE_EVERY = 5.0
"""The same with `--verbose`."""


@contextmanager
def show_progress(
    *, quiet: bool, lines: bool, every: float = EVERY
) -> Iterator[Callable[[Progress], None]]:
    """A function that takes the progress of a load, and shows it as long as the context lasts.

    Args:
        quiet: show nothing.
        lines: write lines also where standard error is a terminal.
        every: seconds between two lines.
    """
    if quiet:
        yield lambda *_: None
    elif lines or not sys.stderr.isatty():
        with _lines(every) as tell:
            yield tell
    else:
        with shown_progress(wanted=True) as tell:
            yield tell


@contextmanager
def _lines(every: float) -> Iterator[Callable[[Progress], None]]:
    """Write how far the load is at regular times, also when nothing moves."""
    last = Progress()
    began = time.monotonic()
    ended = threading.Event()

    def tell(now: Progress) -> None:
        nonlocal last
        last = now

    def write() -> None:
        while not ended.wait(every):
            seconds = time.monotonic() - began
            read = f"{counted(last.done, 'log file')} done of {last.listed:,} listed so far"
            log(
                "info",
                f"{read}, {last.stored_bytes / 1e6:,.1f} MB read, {seconds:,.0f} s",
                listed=last.listed,
                done=last.done,
                bytes=last.stored_bytes,
                seconds=round(seconds, 3),
            )

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield tell
    finally:
        ended.set()
        writer.join()
