"""Lines on standard error: text for people, or with `--log-format json` one object a line."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

LogFormat = Literal["text", "json"]
Level = Literal["debug", "info", "warning", "error"]

_PREFIX = "trailscan: "


@dataclass(slots=True)
class _Log:
    """How this process writes its lines: a process runs one command."""

    form: LogFormat = "text"


_LOG = _Log()


def choose_log_format(form: LogFormat) -> None:
    """Write the lines that follow in this form."""
    _LOG.form = form


def log(level: Level, message: str, *more: str, **fields: object) -> None:
    """Write one message on standard error, with nothing in it that a terminal would obey.

    Args:
        level: how much it matters.
        message: what happened, in one line; it may begin with the name of the program.
        more: further lines of the message.
        fields: what a program reads in it; text for people leaves them out.
    """
    message = message.removeprefix(_PREFIX)
    if _LOG.form == "json":
        lines = [line_of(level, message, *more, **fields)]
    else:
        lines = [visible(line) for line in (f"{_PREFIX}{message}", *more)]
    write_lines(*lines)


def write_lines(*lines: str) -> None:
    """Write lines on standard error, if anybody can be told; folded where it is a terminal."""
    with suppress(OSError):
        for line in folded(lines, sys.stderr):
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def folded(lines: Iterable[str], stream: TextIO) -> Iterable[str]:
    """Lines of text for people, none wider than the terminal on which they are written."""
    if _LOG.form == "json" or not stream.isatty():
        return lines
    from trailscan.render.fold import fold_note

    with suppress(OSError):  # of a stream that has no width
        if width := os.get_terminal_size(stream.fileno()).columns:
            return [part for line in lines for part in fold_note(line, width)]
    return lines


def is_json() -> bool:
    """Whether each line is a JSON object."""
    return _LOG.form == "json"


def line_of(level: Level, message: str, *more: str, **fields: object) -> str:
    """A message as one JSON object in ASCII: `time`, `level`, `message` and `fields`."""
    text = "\n".join([message, *(line.strip() for line in more)])
    when = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": when, "level": level, "message": text, "fields": fields})


def signal_line(text: str) -> bytes:
    """A message that a signal handler writes by itself."""
    line = line_of("warning", text) if _LOG.form == "json" else f"\n{_PREFIX}{text}"
    return f"{line}\n".encode()
