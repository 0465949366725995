"""What is still to be traced in a store: its calls, and the bytes that may be read for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.store.untraced import Untraced, read_untraced
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from trailscan.ingest.issuing import IssuingLogFiles
    from trailscan.store.reader import StoreReader

ARRIVAL = timedelta(days=4)
"""How long before the log files of a load the calls lie whose issuing records they may hold: these
arrive up to 48 hours late, and a session of GetFederationToken lasts up to 36 hours."""


def window_to_trace(log_files: IssuingLogFiles, untraced: Untraced) -> Window:
    """The window of event time in which the calls lie whose issuing records may be found."""
    if log_files.keys_read and log_files.earliest is None:
        return Window()
    times = [untraced.earliest, log_files.earliest if log_files.keys_read else None]
    known = [when for when in times if when is not None]
    return Window(shifted(min(known), -ARRIVAL)) if known else Window()


def bytes_of_others(reader: StoreReader, untraced: Untraced, load_id: str) -> int:
    """The bytes that other loads read whose sessions were not traced: they were killed, say."""
    loads = untraced.to_trace - {load_id}
    files = [
        file
        for commit in untraced.commits
        for file in commit.files
        if commit.load_id in loads and file.table == "log_files"
    ]
    sizes = (rows["bytes"].to_pylist() for rows in reader.read(files, ["bytes"]))
    return sum(size or 0 for rows in sizes for size in rows)


def left_to_read(reader: StoreReader, share: float) -> tuple[int, bool]:
    """How many bytes the next load may read to trace what earlier loads left over.

    Returns:
        These bytes, and whether it traces even if it reads no new log file.
    """
    untraced = read_untraced(reader.commits)
    left = untraced.last.bytes_left + int(bytes_of_others(reader, untraced, "") * share)
    return left, bool(untraced.to_trace)
