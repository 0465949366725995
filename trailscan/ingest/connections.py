"""How many log files are read at a time: as the delay of reads asks, and as S3 allows."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from trailscan.ingest.scan import read_planned

if TYPE_CHECKING:
    from trailscan.buckets import Bucket
    from trailscan.ingest.plan import PlannedFile
    from trailscan.ingest.scan import Fetched

LEAST_FETCHERS, FETCHERS = 8, 256
READS_A_SECOND = 6000
"""How many log files the processors of one process can handle; it limits the connections to a fast
server, on which more of them only take turns."""

_AT_ONCE = 256  # log files requested at a time, at most a group a task
_GROUP = 16  # log files a task, so that passing tasks between threads costs little
_PAUSE = 1.0  # seconds in which several requests to slow down are one


class Slowed(NamedTuple):
    """What S3 said of the number of reads: how often it was too high, and the lowest since."""

    times: int = 0
    lowest: int = 0

    def plus(self, other: Slowed) -> Slowed:
        """Both together; the lowest number of those that were slowed."""
        lowest = min((one.lowest for one in (self, other) if one.times), default=0)
        return Slowed(self.times + other.times, lowest)


class Connections:
    """Limits how many reads are under way; threads share it.

    The fastest read so far tells how far away S3 is. An answer that asks to slow down halves the
    number, at most once a second; after that it grows by one with every so many reads.

    Args:
        bucket: counts the answers that ask to slow down.
        least: how many reads are under way at first, and at least until S3 asks to slow down.
        most: how many at most.
        reads_a_second: what the processors of this process can handle.
    """

    def __init__(
        self,
        bucket: Bucket,
        least: int = LEAST_FETCHERS,
        most: int = FETCHERS,
        reads_a_second: int = READS_A_SECOND,
    ) -> None:
        self._bucket = bucket
        self._least = min(least, most)
        self._rate = reads_a_second
        self._ceiling = most
        self._most = most
        self._fastest = 0.0
        self._slowed_before = bucket.slowed
        self._slowed, self._lowest, self._slowed_at = self._slowed_before, most, 0.0
        self._since = 0
        self._busy = 0
        self._free = threading.Condition()
        self.limit = self._least

    @property
    def group(self) -> int:
        """How many log files one thread reads one after another: many where reads are fast."""
        return max(1, min(_GROUP, _AT_ONCE // self.limit)) if self._fastest else 1

    @property
    def slowed(self) -> Slowed:
        """How often S3 asked to slow down, and how few reads were under way then."""
        times = self._bucket.slowed - self._slowed_before
        return Slowed(times, self._lowest) if times else Slowed()

    def read(self, planned: PlannedFile) -> Fetched:
        """Read a log file when its turn comes."""
        with self._free:
            while self._busy >= self.limit:
                self._free.wait()
            self._busy += 1
        began = time.monotonic()
        try:
            return read_planned(planned)
        finally:
            seconds = time.monotonic() - began
            with self._free:
                self._busy -= 1
                self._adapt(seconds)
                self._free.notify(max(1, self.limit - self._busy))

    def read_group(self, group: list[PlannedFile]) -> list[Fetched]:
        """Read a group of log files, one after another."""
        return [self.read(planned) for planned in group]

    def _adapt(self, seconds: float) -> None:
        """Decide how many reads may be under way, after one that took some time."""
        now, slowed = time.monotonic(), self._bucket.slowed
        self._since += 1
        if slowed > self._slowed:
            if now - self._slowed_at >= _PAUSE:
                self._ceiling = max(1, self.limit // 2)
                self._lowest = min(self._lowest, self._ceiling)
                self._slowed_at = now
            self._slowed, self._since = slowed, 0
        elif self._ceiling < self._most and self._since >= self._ceiling:
            self._ceiling, self._since = self._ceiling + 1, 0
        self._fastest = min(self._fastest or seconds, seconds)
        asked = max(self._least, round(self._fastest * self._rate))
        self.limit = min(asked, self._ceiling)
