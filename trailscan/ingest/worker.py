"""A process that reads and scans log files for another one, until that one closes the connection.

It gets a `Setup`, then batches: lists of rows of a listing. It answers each in the order they came
with a `Done`, or with the exception that ended it. Its own interpreter, connections and threads do
the work; the store is no business of it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from operator import attrgetter
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.buckets import Bucket, ObjectInfo
from trailscan.ingest.connections import Connections, Slowed
from trailscan.ingest.garbage import collect_rarely
from trailscan.ingest.plan import PlannedFile
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.room import Room
from trailscan.ingest.scan import Fetched, Scanned, Scanner, new_result
from trailscan.trail.keys import TrailKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from trailscan.trail.log_file import Wanted

Row = tuple[ObjectInfo, TrailKey]
"""A planned log file without its bucket."""

_FIELDS = (
    *("stored_bytes", "records", "inflated_bytes", "stored_sha256", "sha256", "deviations"),
    *("others", "events", "rejects", "kind", "held_bytes"),
)
"""What a scan adds to the result of a log file: the rest is known from the listing."""

ROOM_OF_BATCH = 8 * 1024 * 1024
"""What the events of a batch may take; those of further log files are left to whoever asked."""

_values = attrgetter(*_FIELDS)


class Setup(NamedTuple):
    """What a worker process needs before its first batch.

    Attributes:
        bucket: opens itself again in another process.
        wanted: the event sources to keep.
        hash_all: hash the uncompressed bytes of every log file.
        least: reads under way at first.
        most: reads under way at most.
        reads_a_second: what one processor can handle.
        held_bytes: how many bytes of log files that issued credentials are sent back.
    """

    bucket: Bucket
    wanted: Wanted
    hash_all: bool
    least: int
    most: int
    reads_a_second: int
    held_bytes: int


class Done(NamedTuple):
    """The answer to a batch: values of each log file in its order, and what S3 said so far."""

    outcomes: list[tuple[Any, ...]]
    slowed: Slowed


def packed(scanned: Scanned, *, hold: bool) -> tuple[Any, ...]:
    """What a worker sends back of a log file: values only."""
    stored = scanned.stored if hold else None
    return scanned.issued, stored, scanned.was_read, scanned.is_left, _values(scanned.result)


def unpacked(planned: PlannedFile, outcome: tuple[Any, ...]) -> Scanned:
    """The log file that a worker scanned."""
    issued, stored, was_read, is_left, values = outcome
    result = new_result(planned)
    for name, value in zip(_FIELDS, values, strict=True):
        setattr(result, name, value)
    return Scanned(planned, result, issued, stored, was_read, is_left)


class Worker:
    """Answers batches from a connection.

    Args:
        connection: to the process that plans and commits.
        setup: what to read and to look for.
        large: held while a large log file is inflated, by one process at a time.
    """

    def __init__(self, connection: Connection, setup: Setup, large: LargeOneAtATime) -> None:
        self._connection = connection
        self._bucket = setup.bucket
        self._held = setup.held_bytes
        self._scanner = Scanner(setup.wanted, large, hash_all=setup.hash_all)
        self._connections = Connections(setup.bucket, setup.least, setup.most, setup.reads_a_second)
        self._begun: SimpleQueue[Iterable[Future[list[Fetched]]] | list[PlannedFile]] = (
            SimpleQueue()
        )

    def run(self) -> None:
        """Answer batches; the process ends when nobody asks any more."""
        threading.Thread(target=self._receive, daemon=True).start()
        while True:
            batch = self._begun.get()
            try:
                answer: Done | Exception = self._scan(batch)
            except Exception as error:  # noqa: BLE001  # raised where the batch came from
                answer = error
            self._connection.send(answer)

    def _receive(self) -> None:
        """Begin to read each batch as it comes."""
        try:
            while True:
                batch = [PlannedFile(self._bucket, *row) for row in self._connection.recv()]
                if not self._bucket.is_remote:
                    self._begun.put(batch)
                    continue
                size = self._connections.group
                groups = [batch[at : at + size] for at in range(0, len(batch), size)]
                read = self._connections.read_group
                self._begun.put([self._connections.submit(read, group) for group in groups])
        except (EOFError, OSError):
            os._exit(0)

    def _scan(self, batch: Iterable[Future[list[Fetched]]] | list[PlannedFile]) -> Done:
        """Scan a batch in its order; what is on the local disk is read here too."""
        outcomes = []
        room = Room(ROOM_OF_BATCH)
        for one in batch:
            for scanned in self._scan_some(one, room):
                size = len(scanned.stored or b"")
                outcomes.append(packed(scanned, hold=size <= self._held))
                self._held -= size if size <= self._held else 0
        return Done(outcomes, self._connections.slowed)

    def _scan_some(
        self, some: Future[list[Fetched]] | PlannedFile, room: Room
    ) -> Iterator[Scanned]:
        """Scan a log file, or some that were read."""
        if isinstance(some, PlannedFile):
            yield self._scanner.read(some, room)
            return
        for fetched in some.result():
            yield self._scanner.scan(fetched, room)


def main(descriptor: int, shared: int) -> None:
    """Work for the process at the other end of a descriptor.

    Args:
        descriptor: of the connection.
        shared: of the file that processes lock while they inflate a large log file.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # the other process decides when to end
        signal.signal(number, signal.SIG_IGN)
    connection = Connection(descriptor)
    try:
        setup: Setup = connection.recv()
        collect_rarely()
        worker = Worker(connection, setup, LargeOneAtATime(shared=shared))
        connection.send(None)
        worker.run()
    except (EOFError, BrokenPipeError, ConnectionResetError):
        sys.exit(0)
