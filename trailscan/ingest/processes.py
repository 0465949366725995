"""Worker processes: each works on batches of log files with an interpreter of its own.

They are new interpreters, not forks, and import no program of the user. A batch whose process dies
goes to another one; a batch with which two of them died fails.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections import deque
from concurrent.futures import Executor, Future
from multiprocessing import Pipe
from typing import IO, TYPE_CHECKING, Any, Self

from trailscan.buckets import lending
from trailscan.errors import TrailscanError
from trailscan.ingest.connections import FETCHERS, LEAST_FETCHERS, READS_A_SECOND, Slowed
from trailscan.ingest.worker import Done, Row, Setup, Work
from trailscan.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from trailscan.buckets import Bucket
    from trailscan.ingest.reading import LargeOneAtATime

MOST_PROCESSES = 16
FEW = 2500
"""How many log files are read before worker processes start: a second's work."""

_MOST_DEATHS = 2
"""With how many processes a batch may die before it fails."""


def default_processes() -> int:
    """How many worker processes many log files get: one for each processor, 0 if there is one."""
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    found = min(MOST_PROCESSES, processors or 1)
    return found if found > 1 and sys.executable else 0


class Batch:
    """Log files that one process works on.

    Args:
        rows: what is sent of them.
        result: makes the result of the values that come back, one for each row.
        otherwise: makes it if no process can; None if that is an error.
    """

    def __init__(
        self,
        rows: list[Row],
        result: Callable[[list[Any]], Any],
        otherwise: Callable[[], Any] | None = None,
    ) -> None:
        self.rows = rows
        self.result = result
        self.done: Future[Any] = Future()
        self.deaths = 0
        self._otherwise = otherwise

    def give_up(self) -> None:
        """Make the result without a process."""
        if self._otherwise is None:
            self.done.set_exception(_ended(self))
            return
        try:
            self.done.set_result(self._otherwise())
        except Exception as error:  # noqa: BLE001  # raised by the future's result()
            self.done.set_exception(error)


class _Process:
    """One worker process, and the batches that it has not answered, in order."""

    def __init__(self, setup: bytes, shared: IO[bytes]) -> None:
        self.connection: Connection[Any, Any]
        self.receiver: threading.Thread
        self.connection, theirs = Pipe()
        descriptors = (theirs.fileno(), shared.fileno())
        program = (
            f"import sys; sys.path[:] = {sys.path!r}; "
            f"from trailscan.ingest.worker import main; main{descriptors}"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], pass_fds=descriptors, stdin=subprocess.DEVNULL
        )
        theirs.close()
        self.waiting: deque[Batch] = deque()
        self.sending = threading.Lock()
        self.is_alive, self.is_ready = True, False
        self.slowed = Slowed()
        try:
            self.connection.send_bytes(setup)
        except OSError:  # it ended at once: whoever receives from it sees that
            return


class Processes(Executor):
    """Worker processes for one bucket; use it as a context.

    As an executor it has one kind of work, so that what is submitted only makes a `Batch`.

    Args:
        bucket: where the log files are.
        work: makes the work in each process.
        count: how many processes.

    Raises:
        PicklingError: the bucket cannot be opened in another process.

    Attributes:
        shared: the file that is locked while a large log file is in memory.
        ended: how many of them ended early.
        failure: how many could start and why no more; empty if all could.
    """

    def __init__(self, bucket: Bucket, work: Callable[[LargeOneAtATime], Work], count: int) -> None:
        self.count = count
        least, most = max(1, LEAST_FETCHERS // count), max(1, FETCHERS // count)
        self._setup = Setup(bucket, work, least, most, READS_A_SECOND)
        pickle.dumps(self._setup)
        self._processes: list[_Process] = []
        self._lock = threading.Lock()
        self._ends = False
        self.shared: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        self.ended = 0
        self.failure = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends = True
        for one in self._processes:
            one.process.kill()  # all its answers were taken, or none matters
        for one in self._processes:
            one.process.wait()
            one.receiver.join()
            one.connection.close()
        self.shared.close()

    def start(self) -> None:
        """Start the processes, unless they run; `failure` says why some could not start."""
        if self._processes or self.failure or self._ends:
            return
        setup = self._packed_setup()
        for number in range(self.count):
            try:
                one = _Process(setup, self.shared)
            except OSError as error:
                started = f"{number} of {counted(self.count, 'worker process', 'worker processes')}"
                self.failure = f"{started} started: {error.strerror or error}"
                return
            self._processes.append(one)
            one.receiver = threading.Thread(target=self._receive, args=[one], daemon=True)
            one.receiver.start()

    def _packed_setup(self) -> bytes:
        """What each process gets first, with credentials as long as there are any."""
        setup = self._setup
        with contextlib.suppress(TrailscanError):  # who reads without them says what is wrong
            setup = setup._replace(bucket=lending(setup.bucket))
        return pickle.dumps(setup)

    @property
    def have_started(self) -> bool:
        """Whether there is at least one process."""
        return bool(self._processes)

    @property
    def are_alive(self) -> bool:
        """Whether at least one process has started and not ended."""
        return any(one.is_alive for one in self._processes)

    @property
    def are_ready(self) -> bool:
        """Whether all of them wait for work, or have died."""
        return all(one.is_ready or not one.is_alive for one in self._processes)

    @property
    def slowed(self) -> Slowed:
        """What S3 said to all of them."""
        found = [one.slowed for one in self._processes if one.slowed.times]
        return Slowed(sum(one.times for one in found), sum(one.lowest for one in found))

    def submit(self, work: Callable[..., Any], /, *values: Any, **named: Any) -> Future[Any]:
        """Let the process with the least to do work on the batch that `work` returns."""
        batch: Batch = work(*values, **named)
        self._give(batch)
        return batch.done

    def _give(self, batch: Batch) -> None:
        """Send a batch to a process, if one is left that may try."""
        with self._lock:
            alive = [one for one in self._processes if one.is_alive]
            one = min(alive, key=lambda one: len(one.waiting), default=None)
            if one is not None and batch.deaths < _MOST_DEATHS:
                one.sending.acquire()  # before another batch, so that answers come in this order
                one.waiting.append(batch)
            else:
                one = None
        if one is None:
            self._end(batch)
            return
        try:
            one.connection.send(batch.rows)
        except (OSError, ValueError):  # it died: whoever receives from it gives the batch away
            return
        finally:
            one.sending.release()

    def _end(self, batch: Batch) -> None:
        """Let whoever waits for a batch that no process is to try go on."""
        if self._ends:
            batch.done.cancel()
        else:
            batch.give_up()

    def _receive(self, one: _Process) -> None:
        """Take the answers of a process until it ends."""
        try:
            one.connection.recv()
            one.is_ready = True
            while True:
                self._answered(one, one.connection.recv())
        except (EOFError, OSError):
            self._bury(one)

    def _answered(self, one: _Process, answer: Done | Exception) -> None:
        """Give an answer to whoever waits for it."""
        with self._lock:
            batch = one.waiting.popleft()
        if isinstance(answer, Exception):
            batch.done.set_exception(answer)
            return
        one.slowed = answer.slowed
        batch.done.set_result(batch.result(answer.values))

    def _bury(self, one: _Process) -> None:
        """Give the batches of a process that died to others."""
        with self._lock:
            one.is_alive = False
            left, one.waiting = list(one.waiting), deque()
            self.ended += not self._ends
        for number, batch in enumerate(left):
            batch.deaths += number == 0  # the others had not begun
            self._give(batch)


def notes_of(uri: str, slowed: Slowed, failure: str = "", ended: int = 0) -> list[str]:
    """What a summary says of how log files were read.

    Args:
        uri: where they are.
        slowed: how often S3 asked to slow down.
        failure: how many worker processes could start and why no more; empty if all could.
        ended: how many of them ended early.
    """
    notes = []
    if slowed.times:
        notes.append(
            f"S3 asked {counted(slowed.times, 'time')} to slow down: as few as "
            f"{counted(slowed.lowest, 'log file')} of {uri} were read at a time"
        )
    if failure:
        notes.append(failure)
    if ended:
        processes = counted(ended, "worker process", "worker processes")
        notes.append(f"{processes} ended early; others read their log files again")
    return notes


def _ended(batch: Batch) -> TrailscanError:
    """The error for log files that no process is left to read."""
    (first, _), (last, _) = batch.rows[0], batch.rows[-1]
    return TrailscanError(
        f"the worker processes that read {first.key} to {last.key} ended (killed?)",
        "run the same command to resume; with --workers 0 one process reads everything",
    )
