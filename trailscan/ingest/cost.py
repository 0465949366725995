"""What the S3 requests of a load cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trailscan.ingest.plan import PlannedFile

PRICES = {"list": 0.005 / 1000, "get": 0.0004 / 1000}
"""US dollars a request: S3 Standard in us-east-1 (aws.amazon.com/s3/pricing).

Other regions cost up to twice as much; other storage classes also charge for each GB read.
"""

ASSUMED = "S3 Standard at the prices of us-east-1; data transfer and KMS not included"

TRACE_SHARE = 0.1
"""How many bytes may be read to trace sessions, as a share of those that a load reads."""

TRACE_LEAST = 32 * 1024
"""How many bytes it may read at least, unless the share is 0: otherwise the little loads of a small
trail would be nothing to trace with."""


def trace_budget(share: float, read: int, left: int) -> int:
    """How many bytes a load may read to trace sessions.

    Args:
        share: of the bytes that it reads.
        read: these bytes.
        left: what earlier loads left over.
    """
    return max(int(read * share) + left, TRACE_LEAST if share else 0)


class Planned(NamedTuple):
    """What a load would read: the result of `--dry-run`.

    Attributes:
        log_files: the number of log files.
        stored_bytes: their size as stored.
        list_requests: the number of LIST requests; the load makes them again.
        get_requests: the number of objects to read from S3.
        trace_share: how many bytes it may read to trace sessions, as a share of its own.
        trace_left: how many more, to trace what earlier loads left over.
        trace_waits: whether that is traced without new log files, too.
    """

    log_files: int = 0
    stored_bytes: int = 0
    list_requests: int = 0
    get_requests: int = 0
    trace_share: float = 0.0
    trace_left: int = 0
    trace_waits: bool = False

    def more(self, new: Sequence[PlannedFile], *, from_s3: bool) -> Planned:
        """This plan with more log files."""
        return self._replace(
            log_files=self.log_files + len(new),
            stored_bytes=self.stored_bytes + sum(max(0, one.info.size) for one in new),
            get_requests=self.get_requests + (len(new) if from_s3 else 0),
        )

    @property
    def dollars(self) -> float:
        """The price of the load's requests, and of as many more as tracing may take."""
        more = self.trace_bytes / self.stored_bytes if self.stored_bytes else 0.0
        gets = self.get_requests * (1 + more)
        return self.list_requests * PRICES["list"] + gets * PRICES["get"]

    @property
    def trace_bytes(self) -> int:
        """How many more bytes the load may read to trace sessions."""
        reads = self.log_files or self.trace_waits
        return trace_budget(self.trace_share, self.stored_bytes, self.trace_left) if reads else 0
