"""Log files read and scanned ahead, in the order of the plan: in threads, and in processes if many.

    fetching (up to 256 connections) -> scanning (one a processor) -> results

A load begins in one process, so that a small one starts at once. When it has met so many log
files that more processes pay, it starts a worker process for each processor, and hands over as
soon as they are ready. Both are only a few results ahead of what is taken, and the bytes under way
are limited.
"""

from __future__ import annotations

import os
import pickle
from contextlib import ExitStack
from functools import partial
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING, Any

from trailscan.ingest.connections import FETCHERS, Connections, Slowed
from trailscan.ingest.issuing import HELD_BYTES
from trailscan.ingest.processes import FEW, Batch, Processes, default_processes
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.room import Room
from trailscan.ingest.scan import Fetched, Scanned, Scanner, read_planned
from trailscan.ingest.scan_work import ScanWork, row_of, scanned_there
from trailscan.ingest.worker import ROOM_OF_BATCH
from trailscan.parallel import grouped, in_order, workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trailscan.ingest.job import Job
    from trailscan.ingest.plan import PlannedFile, SourcePlan

_PROCESSORS = os.cpu_count() or 1
_MIB = 1024 * 1024
_FETCHED_BYTES = 64 * _MIB
_SCANNED_BYTES = 64 * _MIB
"""What may be in memory of log files that wait to be scanned, and of events that wait then."""
_GROUP = 16  # log files a task, so that passing tasks between threads costs little
_GROUP_BYTES = 8 * _MIB
_BATCH = 64  # log files a message to a process
_BATCHES = 7  # that a process has, begun or not: work for as long as a commit takes
_MANY = 5000
"""How many log files are expected of a source if worker processes start at once."""


class ReadAhead:
    """Reads and scans the log files of one source.

    Args:
        source: where they are.
        job: what to look for.
        expected: how many there are, as far as the listings tell so far.

    Attributes:
        slowed: how often S3 asked to slow down.
        ended: how many worker processes ended before the load did.
        failure: how many worker processes could start and why no more; empty if all could.
    """

    def __init__(
        self, source: SourcePlan, job: Job, expected: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._source = source
        self._job = job
        self._expected = expected
        self._scanner = Scanner(job.wanted, LargeOneAtATime(), hash_all=job.hash_all)
        self._room = Room(_SCANNED_BYTES)
        self._stored = self._held = 1
        self.slowed, self.ended, self.failure = Slowed(), 0, ""

    def read_all(self, new: Iterator[PlannedFile]) -> Iterator[list[Scanned]]:
        """The log files in groups, in order; those whose events had no room are scanned now."""
        for group in self._read_ahead(new):
            yield from self._complete(group)

    def _complete(self, group: list[Scanned]) -> Iterator[list[Scanned]]:
        """The log files of a group; one that was left is scanned alone."""
        for is_left, some in groupby(group, lambda scanned: scanned.is_left):
            if is_left:
                yield from ([self._note(self._scanner.read(one.planned))] for one in some)
            else:
                yield [*map(self._note, some)]

    def _note(self, scanned: Scanned) -> Scanned:
        """Remember how much memory the events of log files take."""
        self._stored += scanned.result.stored_bytes
        self._held += scanned.result.held_bytes
        return scanned

    def _held_of(self, planned: PlannedFile) -> int:
        """What a log file is expected to take in memory, as those before it did."""
        size = planned.info.size
        return max(size, size * self._held // self._stored)

    def _read_ahead(self, new: Iterator[PlannedFile]) -> Iterator[list[Scanned]]:
        """The log files in groups, in order."""
        with ExitStack() as stack:
            processes = self._processes(stack)
            if processes is None:
                yield from self._read_here(new)
                return
            if self._job.workers is None:
                yield from self._read_here(self._first(new, processes))
            following = next(new, None)
            if following is None:
                return
            processes.start()
            self.failure = processes.failure
            left = chain([following], new)
            if processes.have_started:
                yield from self._read_there(left, processes)
            else:
                yield from self._read_here(left)

    def _processes(self, stack: ExitStack) -> Processes | None:
        """The worker processes, not started; None if there are to be none."""
        count = default_processes() if self._job.workers is None else self._job.workers
        if count <= 1 or self._source.commit_often:
            return None
        held = 0 if self._job.issuing is None else HELD_BYTES // count
        work = partial(
            ScanWork, wanted=self._job.wanted, hash_all=self._job.hash_all, held_bytes=held
        )
        try:
            processes = stack.enter_context(Processes(self._source.bucket, work, count))
        except pickle.PicklingError:  # its credentials need somebody who types a code
            return None
        large = LargeOneAtATime(shared=processes.shared.fileno())
        self._scanner = Scanner(self._job.wanted, large, hash_all=self._job.hash_all)
        return processes

    def _first(self, new: Iterator[PlannedFile], processes: Processes) -> Iterator[PlannedFile]:
        """The log files to read in this process: a few, and those until the others are ready."""
        for number, planned in enumerate(new):
            yield planned
            if number >= FEW or self._expected() >= _MANY:
                processes.start()
                break
        while not processes.are_ready and (following := next(new, None)) is not None:
            yield following

    def _read_there(
        self, new: Iterable[PlannedFile], processes: Processes
    ) -> Iterator[list[Scanned]]:
        """Read and scan in the worker processes."""
        batches = grouped(new, _BATCH, self._held_of, ROOM_OF_BATCH // 2)
        ahead = _BATCHES * processes.count
        try:
            yield from in_order(
                processes, _batch, batches, ahead, self._held_of_group, _FETCHED_BYTES
            )
        finally:
            self.slowed = self.slowed.plus(processes.slowed)
            self.ended += processes.ended

    def _read_here(self, new: Iterator[PlannedFile]) -> Iterator[list[Scanned]]:
        """Read and scan in threads here; those that scan read the local disk themselves."""
        source = self._source
        count = max(1, _PROCESSORS - 1) if source.is_remote else _PROCESSORS
        with workers("scan", count) as scanners:
            if not source.is_remote:
                size = 1 if source.commit_often else _GROUP
                planned = grouped(new, size, self._held_of, _GROUP_BYTES)
                yield from self._taken(
                    in_order(
                        scanners,
                        self._read_group,
                        planned,
                        4 * count,
                        self._held_of_group,
                        _SCANNED_BYTES,
                    )
                )
                return
            with Connections(source.bucket, most=FETCHERS) as connections:
                fetched = in_order(
                    connections,
                    partial(connections.read_group, read_planned),
                    _groups(new, connections),
                    lambda: 2 * connections.limit,
                    _sizes,
                    _FETCHED_BYTES,
                )
                groups = grouped(chain.from_iterable(fetched), _GROUP, self._weight, _GROUP_BYTES)
                yield from self._taken(
                    in_order(
                        scanners,
                        self._scan_group,
                        groups,
                        2 * count,
                        lambda group: sum(map(self._weight, group)),
                        _SCANNED_BYTES,
                    )
                )
                self.slowed = self.slowed.plus(connections.slowed)

    def _read_group(self, group: list[PlannedFile]) -> list[Scanned]:
        """Read and scan a group of log files, in a thread of the pool."""
        return [self._scanner.read(planned, self._room) for planned in group]

    def _scan_group(self, group: list[Fetched]) -> list[Scanned]:
        """Scan a group of log files, in a thread of the pool."""
        return [self._scanner.scan(fetched, self._room) for fetched in group]

    def _taken(self, groups: Iterable[list[Scanned]]) -> Iterator[list[Scanned]]:
        """Groups that were scanned in threads; what their events took is room for others."""
        for group in groups:
            self._room.give(sum(scanned.result.held_bytes for scanned in group))
            yield group

    def _held_of_group(self, group: list[PlannedFile]) -> int:
        return sum(map(self._held_of, group))

    def _weight(self, fetched: Fetched) -> int:
        return self._held_of(fetched.planned)


def _groups(new: Iterator[PlannedFile], connections: Connections) -> Iterator[list[PlannedFile]]:
    """Groups for one thread each: of one log file until it is known how fast reads are."""
    while group := list(islice(new, connections.group)):
        yield group


def _batch(group: list[PlannedFile]) -> Any:
    """What a process is to scan; its result are the log files that it scanned."""

    def scanned(values: list[Any]) -> list[Scanned]:
        return [scanned_there(*pair) for pair in zip(group, values, strict=True)]

    return Batch([*map(row_of, group)], scanned)


def _sizes(group: list[PlannedFile]) -> int:
    return sum(planned.info.size for planned in group)
