"""Reads digests and log files for all units of a validation: in threads, and in processes if many.

It begins in this process, so that a small validation starts at once; worker processes start when
the log files of all units are so many that they pay.
"""

from __future__ import annotations

import os
import pickle
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from trailscan.ingest.connections import Slowed
from trailscan.ingest.processes import FEW, Batch, Processes, default_processes, notes_of
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.room import Gate
from trailscan.ingest.validation.hash_work import HashedLogFile, HashWork
from trailscan.parallel import grouped, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from trailscan.buckets import Bucket
    from trailscan.ingest.worker import Row

Item = TypeVar("Item")
Result = TypeVar("Result")

_PROCESSORS = os.cpu_count() or 1
_MIB = 1024 * 1024
_MOST_IN_A_TASK = 16
_TASK_BYTES = _MIB
_BYTES_AHEAD = 64 * _MIB  # as stored, that one unit reads ahead; of worker processes, all units
_BATCH = 64  # log files a message to a process
_BATCH_BYTES = 4 * _MIB
_BATCHES = 4  # of a unit for each process, begun or not


class Readers:
    """Reads for all units of a validation; use it as a context. Many threads may share it.

    Args:
        bucket: the archive.
        threads: read and hash in this process.
        ahead: how many threads there are.
        workers: how many processes hash log files, from the first one on; 0 and 1 for this one
            alone, None for one a processor if there are many.

    Attributes:
        threads: as above.
    """

    def __init__(
        self, bucket: Bucket, threads: Executor, ahead: int, workers: int | None = None
    ) -> None:
        self.threads = threads
        self._bucket = bucket
        self._slowed_before = bucket.slowed
        self._ahead = ahead
        self._turns = threading.BoundedSemaphore(_PROCESSORS)
        self._processes = _processes(bucket, workers)
        shared = None if self._processes is None else self._processes.shared.fileno()
        self._work = HashWork(LargeOneAtATime(shared=shared))
        self._gate = Gate(_BYTES_AHEAD)
        self._starting = threading.Lock()
        self._begins_here = workers is None
        self._few = FEW if self._begins_here else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._starting:
            if self._processes is not None:
                self._processes.__exit__()

    def notes(self, uri: str) -> list[str]:
        """What the summary says of how the archive of this name was read."""
        times, found = self._bucket.slowed - self._slowed_before, self._processes
        slowed = Slowed(times, self._ahead) if times else Slowed()
        if found is None:
            return notes_of(uri, slowed)
        return notes_of(uri, slowed.plus(found.slowed), found.failure, found.ended)

    def in_groups(
        self,
        work: Callable[[list[Item]], list[Result]],
        items: Iterable[Item],
        weigh: Callable[[Item], int],
        count: int,
    ) -> Iterator[list[Result]]:
        """The results of work in threads in the order of its items, in groups if these are many.

        Passing each item to another thread by itself would cost as much as the work.
        """
        size = min(_MOST_IN_A_TASK, 1 + count // (4 * self._ahead))
        groups = grouped(items, size, weigh, _TASK_BYTES)
        limits = (lambda group: sum(map(weigh, group)), _BYTES_AHEAD)
        return in_order(self.threads, work, groups, self._ahead, *limits)

    def hash_all(self, rows: list[Row]) -> Iterator[list[HashedLogFile]]:
        """The hashes of log files in groups, in order."""
        count, left = len(rows), iter(rows)
        self._start_for(count)
        here = self._while(left, handing_over=False)
        yield from self.in_groups(self._hash_group, here, _size, count)
        if self._processes is not None:
            there = self._while(left, handing_over=True)
            batches = grouped(there, _BATCH, _size, _BATCH_BYTES)
            ahead = _BATCHES * self._processes.count
            yield from in_order(self._processes, self._batch, batches, ahead)
            yield from self.in_groups(self._hash_group, left, _size, count)

    def _start_for(self, count: int) -> None:
        """Start the worker processes if there are so many more log files that they pay."""
        with self._starting:
            self._few -= count
            if self._few < 0 and self._processes is not None:
                self._processes.start()

    def _while(self, rows: Iterator[Row], *, handing_over: bool) -> Iterator[Row]:
        """The next log files, while they are handed over to worker processes, or while not."""
        while self._hands_over is handing_over and (row := next(rows, None)) is not None:
            yield row

    @property
    def _hands_over(self) -> bool:
        """Whether log files go to worker processes now: not before they are ready, if it waits."""
        found = self._processes
        if found is None or not found.are_alive:
            return False
        return found.are_ready or not self._begins_here

    def _batch(self, rows: list[Row]) -> Any:
        """What a process is to hash; waits until there is room for it."""
        weight = sum(map(_size, rows))
        self._gate.enter(weight)
        batch = Batch(rows, list, partial(self._hash_group, rows))
        batch.done.add_done_callback(lambda _: self._gate.leave(weight))
        return batch

    def _hash_group(self, group: list[Row]) -> list[HashedLogFile]:
        """Read and hash a group of log files, in a thread of this process.

        One thread a processor hashes: more would take turns with the threads that read.
        """
        read = [self._work.read(self._bucket, row) for row in group]
        with self._turns:
            return [*map(self._work.finish, read)]


def _processes(bucket: Bucket, workers: int | None) -> Processes | None:
    """The worker processes, not started; None if there are to be none."""
    count = default_processes() if workers is None else workers
    if count <= 1:
        return None
    try:
        return Processes(bucket, HashWork, count)
    except pickle.PicklingError:  # its credentials need somebody who types a code
        return None


def _size(row: Row) -> int:
    """The size of a log file as listed; 0 if it is not listed."""
    return row[0].size
