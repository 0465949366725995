"""The command `trailscan` on a terminal of some size, as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from typing import NamedTuple


class Seen(NamedTuple):
    """How a command ended, and what its terminal received, lines ending in a line feed."""

    code: int
    text: str


def on_terminal(*words: object, columns: int = 80, lines: int = 24, **environment: str) -> Seen:
    """Run the command with both outputs on a terminal; without a pager unless one is named."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    left_out = ("COLUMNS", "LINES", "NO_COLOR", "LESS", "FORCE_COLOR")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    process = subprocess.Popen(
        [sys.executable, "-m", "trailscan", *map(str, words)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**inherited, "TERM": "xterm-256color", "PAGER": "", **environment},
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # nobody holds the other end any more
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    return Seen(process.wait(), b"".join(parts).decode().replace("\r\n", "\n"))
