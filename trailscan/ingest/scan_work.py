"""Scanning in worker processes: what of a log file is sent there, and what comes back."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any

from trailscan.ingest.plan import PlannedFile
from trailscan.ingest.scan import Scanned, Scanner, new_result, read_planned

if TYPE_CHECKING:
    from trailscan.buckets import Bucket
    from trailscan.ingest.reading import LargeOneAtATime
    from trailscan.ingest.room import Room
    from trailscan.ingest.scan import Fetched
    from trailscan.ingest.worker import Row
    from trailscan.trail.log_file import Wanted

_FIELDS = (
    *("stored_bytes", "records", "inflated_bytes", "stored_sha256", "sha256", "deviations"),
    *("others", "events", "rejects", "kind", "held_bytes"),
)
"""What a scan adds to the result of a log file: the rest is known from the listing."""

_values = attrgetter(*_FIELDS)


class ScanWork:
    """Scans log files in a worker process.

    Args:
        large: shared by all that scan at the same time.
        wanted: the event sources to keep.
        hash_all: hash the uncompressed bytes of every log file.
        held_bytes: how many bytes of log files that issued credentials are sent back.
    """

    def __init__(
        self, large: LargeOneAtATime, *, wanted: Wanted, hash_all: bool, held_bytes: int
    ) -> None:
        self._scanner = Scanner(wanted, large, hash_all=hash_all)
        self._held = held_bytes

    def read(self, bucket: Bucket, row: Row) -> Fetched:
        """Read a log file; if it cannot be read, its result says why."""
        return read_planned(PlannedFile(bucket, *row))

    def finish(self, read: Fetched, room: Room) -> tuple[Any, ...]:
        """Scan a log file: its result as values only."""
        scanned = self._scanner.scan(read, room)
        size = len(scanned.stored or b"")
        stored = scanned.stored if size <= self._held else None
        self._held -= size if size <= self._held else 0
        return scanned.issued, stored, scanned.was_read, scanned.is_left, _values(scanned.result)


def row_of(planned: PlannedFile) -> Row:
    """What a worker process needs to know of a log file."""
    return planned.info, planned.trail


def scanned_there(planned: PlannedFile, values: tuple[Any, ...]) -> Scanned:
    """The log file that a worker process scanned."""
    issued, stored, was_read, is_left, fields = values
    result = new_result(planned)
    for name, value in zip(_FIELDS, fields, strict=True):
        setattr(result, name, value)
    return Scanned(planned, result, issued, stored, was_read, is_left)
