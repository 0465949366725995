"""The pager that shows a long answer on a terminal, as git's does."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress

_LESS = "FRX"
"""Ends at once where all fits, shows colors, and leaves the text on the screen: git's choice."""


def page(text: str) -> bool:
    """Show a text in the pager; False if there is none to use, or the text fits the screen.

    The pager is the program in PAGER, or `less`. An empty PAGER, or `cat`, means none.
    """
    try:
        words = shlex.split(os.environ.get("PAGER", "less"))
    except ValueError:  # a quotation mark that nothing closes
        return False
    if not words or words[0] == "cat" or not shutil.which(words[0]) or _fits(text):
        return False
    environment = {"LESS": _LESS, "LV": "-c", **os.environ}
    data = text.encode(sys.stdout.encoding or "utf-8", errors=sys.stdout.errors or "replace")
    with subprocess.Popen(words, stdin=subprocess.PIPE, env=environment) as pager:
        if pager.stdin is not None:
            with suppress(BrokenPipeError), pager.stdin as pipe:  # it was left before the end
                pipe.write(data)
        while pager.poll() is None:
            with suppress(KeyboardInterrupt):  # that is the pager's to answer
                pager.wait()
    return True


def _fits(text: str) -> bool:
    """Whether a text needs no more lines than the terminal has."""
    columns, lines = shutil.get_terminal_size((80, 24))
    return sum(1 + len(line) // columns for line in text.splitlines()) < lines
