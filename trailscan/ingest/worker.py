"""A process that works on log files for another one, until that one closes the connection.

It gets a `Setup`, then batches: lists of rows of a listing. It answers each in the order they came
with a `Done`, or with the exception that ended it. Its own interpreter, connections and threads do
the work; the store is no business of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from concurrent.futures import Future
from functools import partial
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from trailscan.buckets import Bucket, ObjectInfo
from trailscan.ingest.connections import Connections, Slowed
from trailscan.ingest.garbage import collect_rarely
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = tuple[ObjectInfo, Any]
"""A log file as it is listed, and what else its work needs to know of it."""

ROOM_OF_BATCH = 8 * 1024 * 1024
"""What the events of a batch may take; those of further log files are left to whoever asked."""


class Work(Protocol):
    """What is done with each log file, in two steps."""

    def read(self, bucket: Bucket, row: Row) -> Any:
        """Read a log file, in one of many threads."""
        ...

    def finish(self, read: Any, room: Room) -> Any:
        """The values to send back of a log file that was read; one thread makes them all."""
        ...


class Setup(NamedTuple):
    """What a worker process needs before its first batch.

    Attributes:
        bucket: opens itself again in another process.
        work: makes the work, which shares the turns of large log files.
        least: reads under way at first.
        most: reads under way at most.
        reads_a_second: what one processor can handle.
    """

    bucket: Bucket
    work: Callable[[LargeOneAtATime], Work]
    least: int
    most: int
    reads_a_second: int


class Done(NamedTuple):
    """The answer to a batch: values of each log file in its order, and what S3 said so far."""

    values: list[Any]
    slowed: Slowed


class Worker:
    """Answers batches from a connection.

    Args:
        connection: to the process that asks.
        setup: what to do, and where.
        large: held while a large log file is inflated, by one process at a time.
    """

    def __init__(self, connection: Connection, setup: Setup, large: LargeOneAtATime) -> None:
        self._connection = connection
        self._is_remote = setup.bucket.is_remote
        self._large = large
        self._work = setup.work(large)
        self._read = partial(self._work.read, setup.bucket)
        self._connections = Connections(setup.bucket, setup.least, setup.most, setup.reads_a_second)
        self._begun: SimpleQueue[list[Future[list[Any]]] | list[Row]] = SimpleQueue()

    def run(self) -> None:
        """Answer batches; the process ends when nobody asks any more."""
        threading.Thread(target=self._receive, daemon=True).start()
        while True:
            batch = self._begun.get()
            try:
                answer: Done | Exception = self._finish(batch)
            except Exception as error:  # noqa: BLE001  # raised where the batch came from
                answer = error
            self._connection.send(answer)

    def _receive(self) -> None:
        """Begin to read each batch as it comes."""
        try:
            while True:
                self._begun.put(self._begin(self._connection.recv()))
        except (EOFError, OSError):
            os._exit(0)

    def _begin(self, rows: list[Row]) -> list[Future[list[Any]]] | list[Row]:
        """Begin to read a batch; what is on the local disk is read when its turn comes."""
        if not self._is_remote:
            return rows
        size, read = self._connections.group, self._connections.read_group
        groups = [rows[at : at + size] for at in range(0, len(rows), size)]
        return [self._connections.submit(read, self._read, group) for group in groups]

    def _finish(self, batch: list[Future[list[Any]]] | list[Row]) -> Done:
        """Work on a batch in its order."""
        room = Room(ROOM_OF_BATCH)
        values = [found for some in batch for found in self._finish_some(some, room)]
        return Done(values, self._connections.slowed)

    def _finish_some(self, some: Future[list[Any]] | Row, room: Room) -> Iterator[Any]:
        """Work on some log files that were read, or on one of the local disk."""
        if isinstance(some, Future):
            for read in some.result():
                yield self._work.finish(read, room)
            return
        with self._large.turn(some[0].size):
            found = self._work.finish(self._read(some), room)
        yield found


def main(descriptor: int, shared: int) -> None:
    """Work for the process at the other end of a descriptor.

    Args:
        descriptor: of the connection.
        shared: of the file that processes lock while they inflate a large log file.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # the other process decides when to end
        signal.signal(number, signal.SIG_IGN)
    _be_patient()
    connection = Connection(descriptor)
    try:
        setup: Setup = connection.recv()
        collect_rarely()
        worker = Worker(connection, setup, LargeOneAtATime(shared=shared))
        connection.send(None)
        worker.run()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.exit(0)


def _be_patient() -> None:
    """Let Linux interrupt a thread of this process less often: a fifth as many switches."""
    if hasattr(os, "SCHED_BATCH"):
        with contextlib.suppress(OSError):  # a container may not allow it
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
