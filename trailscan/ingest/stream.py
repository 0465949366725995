"""Sources that are read once, from beginning to end: named pipes and devices."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from trailscan.errors import AccessError
from trailscan.location import STANDARD_INPUT, parse_s3_uri
from trailscan.trail.gunzip import MAX_INFLATED_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence


def is_stream(uri: str) -> bool:
    """Whether a source is read once, from its beginning to its end: a named pipe or a device."""
    if parse_s3_uri(uri):
        return False
    try:
        mode = Path(uri).expanduser().stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def read_stream(uri: str) -> bytes:
    """What comes out of a stream, up to one byte more than a log file may have.

    Raises:
        AccessError: it cannot be read.
    """
    try:
        with Path(uri).expanduser().open("rb") as stream:
            return stream.read(MAX_INFLATED_BYTES + 1)
    except OSError as error:
        raise AccessError(f"{uri}: {error.strerror}") from None


def read_streams(sources: Sequence[str], standard_input: bytes | None) -> list[tuple[str, bytes]]:
    """The sources that can be read only once, with what came out of them.

    Raises:
        AccessError: one cannot be read.
    """
    found = [(uri, read_stream(uri)) for uri in sources if is_stream(uri)]
    return found if standard_input is None else [(STANDARD_INPUT, standard_input), *found]
