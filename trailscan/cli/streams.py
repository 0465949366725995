"""Standard streams that no narrow encoding, closed pipe or full disk turns into a crash."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from pathlib import Path

_PLAIN = {"─": "-", "│": "|", "└": "`", "…": "...", "–": "-", "—": "--", "→": "->", "×": "x"}  # noqa: RUF001  # the signs that trailscan itself prints
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def prepare_streams() -> None:
    """Let the standard streams replace what their encoding lacks; a closed one takes anything."""
    codecs.register_error("trailscan", _replaced)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # whoever started the process closed it
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # for good
            setattr(sys, name, nowhere)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="trailscan")


def is_full(error: OSError) -> bool:
    """Whether an error is that a disk or another output takes no more."""
    return error.errno in _FULL


def drop_stdout() -> None:
    """Send what is still written to standard output nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _replaced(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that an encoding lacks, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(char, "?") for char in lacking), error.end
