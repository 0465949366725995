"""Reads digests and log files for all units of a validation: in threads, and in processes if many.

It begins in this process, so that a small validation starts at once; worker processes start when
the log files of all units are so many that they pay.
"""

from __future__ import annotations

import os
import pickle
import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from trailscan.ingest.connections import Connections, Slowed
from trailscan.ingest.processes import FEW, Batch, Processes, default_processes, notes_of
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.room import Gate
from trailscan.ingest.validation.hash_work import HashedLogFile, HashWork
from trailscan.parallel import grouped, in_order
from trailscan.parallel import workers as threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Executor

    from trailscan.buckets import Bucket
    from trailscan.ingest.worker import Row

Item = TypeVar("Item")
Result = TypeVar("Result")

LEAST_READERS, MOST_READERS = 4, 128
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
        count: how many threads read in this process; of a bucket in S3, how many do at first.
        workers: how many processes hash log files, from the first one on; 0 and 1 for this one
            alone, None for one a processor if there are many.

    Attributes:
        threads: list, read and hash in this process.
    """

    def __init__(self, bucket: Bucket, count: int, workers: int | None = None) -> None:
        self._bucket = bucket
        self._count = count
        self._stack = ExitStack()
        self._connections = Connections(bucket, count, MOST_READERS) if bucket.is_remote else None
        here = threads("read", count) if self._connections is None else self._connections
        self.threads: Executor = self._stack.enter_context(here)
        self._processes = _processes(bucket, workers)
        if self._processes is not None:
            self._stack.enter_context(self._processes)
        shared = None if self._processes is None else self._processes.shared.fileno()
        self._work = HashWork(LargeOneAtATime(shared=shared))
        self._turns = threading.BoundedSemaphore(_PROCESSORS)
        self._gate = Gate(_BYTES_AHEAD)
        self._starting = threading.Lock()
        self._begins_here = workers is None
        self._few = FEW if self._begins_here else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._starting:
            self._stack.close()

    def notes(self, uri: str) -> list[str]:
        """What the summary says of how the archive of this name was read."""
        slowed = self._connections.slowed if self._connections else Slowed()
        if self._processes is None:
            return notes_of(uri, slowed)
        slowed = slowed.plus(self._processes.slowed)
        return notes_of(uri, slowed, self._processes.failure, self._processes.ended)

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
        size = min(_MOST_IN_A_TASK, 1 + count // (4 * self._count))
        groups = grouped(items, size, weigh, _TASK_BYTES)
        limits = (lambda group: sum(map(weigh, group)), _BYTES_AHEAD)
        return in_order(self.threads, work, groups, self._ahead, *limits)

    def _ahead(self) -> int:
        """How many groups of a unit are begun and not yet taken."""
        return self._connections.limit if self._connections else self._count

    def read_group(self, read: Callable[[Item], Result], group: list[Item]) -> list[Result]:
        """Read a group one after another, in one of the threads."""
        if self._connections is not None:
            return self._connections.read_group(read, group)
        return [*map(read, group)]

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
        read = self.read_group(partial(self._work.read, self._bucket), group)
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
