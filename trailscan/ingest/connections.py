"""How many log files are read at a time: as the delay of reads asks, and as S3 allows."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.buckets import Bucket

Item = TypeVar("Item")
Read = TypeVar("Read")

LEAST_FETCHERS, FETCHERS = 8, 256
READS_A_SECOND, MOST_A_SECOND = 3000, 12_000
"""How many log files one process is thought to handle, and how many it may turn out to handle: more
connections than keep it busy only take turns."""

_AT_ONCE = 128  # log files requested at a time, at most a group a task
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


class _Awaited(Future[Any]):
    """The result of some work, which tells whether somebody had to wait for it."""

    def __init__(self, connections: Connections) -> None:
        super().__init__()
        self._connections = connections

    def result(self, timeout: float | None = None) -> Any:
        """The result of the work."""
        self._connections.note_taken(waited=not self.done())
        return super().result(timeout)


class Connections(Executor):
    """Threads that read log files, as many as may be read at a time; use it as a context.

    The fastest read so far tells how far away S3 is: so many reads are under way as give the
    process what it can handle, and more if results are waited for. An answer that asks to slow down
    halves the number, at most once a second; after that it grows by one with every so
    many reads. A thread that is one too many rests after its group.

    Args:
        bucket: counts the answers that ask to slow down.
        least: how many reads are under way at first, and at least until S3 asks to slow down.
        most: how many at most.
        reads_a_second: what this process can handle, as far as is known at first.

    Attributes:
        limit: how many reads may be under way.
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
        self._since = self._taken = self._waited = 0
        self._tasks: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._threads = ThreadPoolExecutor(most, thread_name_prefix="trailscan-fetch")
        self._busy = 0
        self._lock = threading.Lock()
        self._ends = False
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

    def submit(self, work: Callable[..., Any], /, *values: Any, **named: Any) -> Future[Any]:
        """Let a thread do some work when its turn comes."""
        done = _Awaited(self)
        with self._lock:
            if self._ends:
                done.cancel()
                return done
            self._tasks.append((done, partial(work, *values, **named)))
            self._begin()
        return done

    def _begin(self) -> None:
        """Let threads work, as many as there is something for and as may read at a time."""
        for _ in range(min(self.limit - self._busy, len(self._tasks))):
            self._busy += 1
            self._threads.submit(self._work)

    def __exit__(self, *_: object) -> None:
        """Let the threads end with what they have begun; whoever waits for other work goes on."""
        with self._lock:
            self._ends = True
            while self._tasks:
                self._tasks.popleft()[0].cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def note_taken(self, *, waited: bool) -> None:
        """Learn from the one who takes the results in order whether more connections pay."""
        self._taken += 1
        self._waited += waited
        if self._taken >= self.limit:
            if 2 * self._waited > self._taken:
                self._rate = min(MOST_A_SECOND, self._rate * 9 // 8)
            self._taken = self._waited = 0

    def _work(self) -> None:
        """Do what is submitted, in a thread, while there is something and not one too many."""
        while (task := self._next()) is not None:
            done, work = task
            if not done.set_running_or_notify_cancel():
                continue
            try:
                done.set_result(work())
            except Exception as error:  # noqa: BLE001  # raised by the future's result()
                done.set_exception(error)

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        """What a thread is to do now; None if it is to rest."""
        with self._lock:
            if self._tasks and self._busy <= self.limit:
                return self._tasks.popleft()
            self._busy -= 1
            return None

    def read_group(self, read: Callable[[Item], Read], group: list[Item]) -> list[Read]:
        """Read a group of log files, one after another."""
        return [self._timed(read, one) for one in group]

    def _timed(self, read: Callable[[Item], Read], one: Item) -> Read:
        """Read a log file, and learn how long that takes."""
        began = time.monotonic()
        found = read(one)
        now = time.monotonic()
        with self._lock:
            self._adapt(now, now - began)
            self._begin()
        return found

    def _adapt(self, now: float, seconds: float) -> None:
        """Decide how many reads may be under way, after one that took some time."""
        slowed = self._bucket.slowed
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
