"""Sources that are read once, from beginning to end: named pipes and devices."""

from __future__ import annotations

import stat
from pathlib import Path

from trailscan.errors import AccessError
from trailscan.location import parse_s3_uri
from trailscan.trail.log_file import MAX_INFLATED_BYTES


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
