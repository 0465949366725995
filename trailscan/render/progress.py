"""The progress of a load, on a terminal or in a notebook."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trailscan.ingest.job import Progress

_PATIENCE = 1.0
"""A load that takes fewer seconds shows no progress in a notebook."""


@contextmanager
def shown_progress(*, wanted: bool, patience: float = 0) -> Iterator[Callable[[Progress], None]]:
    """A bar that shows the progress of a load, and is gone afterwards.

    Args:
        wanted: False shows nothing.
        patience: for how many seconds nothing is shown.
    """
    if not wanted:
        yield lambda *_: None
        return
    from rich import progress as p  # noqa: PLC0415  # start-up
    from rich.console import Console  # noqa: PLC0415  # start-up

    columns = (
        p.SpinnerColumn(),
        p.BarColumn(bar_width=20),
        p.TextColumn("{task.description}"),
        p.TimeRemainingColumn(elapsed_when_finished=True),
    )
    bar = p.Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("listing", total=None)
    began = time.monotonic()

    def tell(now: Progress) -> None:
        seconds = time.monotonic() - began
        if seconds < patience:
            return
        bar.start()
        rate = now.done / max(seconds, 0.001)
        words = f"{now.done:,} log files, {now.stored_bytes / 1e6:,.1f} MB, {rate:,.0f}/s"
        bar.update(task, description=words, completed=now.units, total=now.of_units)

    try:
        if not patience:
            bar.start()
        yield tell
    finally:
        bar.stop()


@contextmanager
def progress_of_call(
    asked: Callable[[Progress], None] | bool | None,  # noqa: FBT001  # what a program passed
) -> Iterator[Callable[[Progress], None]]:
    """The progress of a load that a program began: on its terminal, or in its notebook.

    Args:
        asked: a function that gets it; False for nobody; None or True for whoever can see it.
    """
    if callable(asked):
        yield asked
        return
    wanted = asked is not False and _can_be_shown()
    with shown_progress(wanted=wanted, patience=_PATIENCE) as progress:
        yield progress


def _can_be_shown() -> bool:
    """Whether somebody can see a bar; a notebook needs ipywidgets for that."""
    if in_notebook():
        return find_spec("ipywidgets") is not None
    return sys.stderr.isatty()


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
