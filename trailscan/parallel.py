"""Work done ahead in threads, its results taken in order."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")


class InlineExecutor(Executor):
    """Runs work at once, in the thread that submits it.

    Work that is mostly Python takes half the time this way: threads that take turns with the
    interpreter wake each other, which on a virtual machine costs more than the work itself.
    """

    def submit(self, work: Callable[..., Any], /, *values: Any, **named: Any) -> Future[Any]:
        """Run the work; the result or its exception is in the future returned."""
        done: Future[Any] = Future()
        try:
            done.set_result(work(*values, **named))
        except Exception as error:  # noqa: BLE001  # raised by the future's result()
            done.set_exception(error)
        return done


@contextlib.contextmanager
def workers(what: str, count: int) -> Iterator[Executor]:
    """A pool of threads, or an `InlineExecutor` for one; at the end unstarted work is dropped."""
    if count <= 1:
        yield InlineExecutor()
        return
    pool = ThreadPoolExecutor(count, thread_name_prefix=f"trailscan-{what}")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def in_order(
    pool: Executor,
    work: Callable[[Item], Result],
    items: Iterable[Item],
    ahead: int | Callable[[], int],
    weigh: Callable[[Item], int] = lambda _: 0,
    most: int = 0,
) -> Iterator[Result]:
    """The results of some work in the order of its items, at most `ahead` of them waiting.

    If getting an item fails, all work begun before it is given first, then the failure is raised.

    Args:
        pool: the threads.
        work: what is done with each item, in any of them.
        items: taken only as needed.
        ahead: how many items are begun and not yet given; a function if that changes meanwhile.
        weigh: how heavy an item is.
        most: what they weigh together at most, unless one alone weighs more.
    """
    waiting: deque[tuple[Future[Result], int]] = deque()
    failure: Exception | None = None
    source, weight = iter(items), 0
    limit = ahead if callable(ahead) else lambda: ahead
    while True:
        try:
            item = next(source)
        except StopIteration:
            break
        except Exception as error:  # noqa: BLE001  # raised below, whatever it is
            failure = error
            break
        heavy = weigh(item)
        while waiting and weight + heavy > most > 0:
            done, lighter = waiting.popleft()
            weight -= lighter
            yield done.result()
        waiting.append((pool.submit(work, item), heavy))
        weight += heavy
        while waiting and len(waiting) >= limit():
            done, lighter = waiting.popleft()
            weight -= lighter
            yield done.result()
    while waiting:
        yield waiting.popleft()[0].result()
    if failure is not None:
        raise failure


def grouped(
    items: Iterable[Item], size: int, weigh: Callable[[Item], int] = lambda _: 0, most: int = 0
) -> Iterator[list[Item]]:
    """Items in groups, so that passing work to another thread costs little.

    Args:
        items: taken only as needed.
        size: how many items a group has at most.
        weigh: how heavy an item is.
        most: what the items of a group weigh at most, unless one alone weighs more; 0 for no limit.
    """
    group: list[Item] = []
    weight = 0
    for item in items:
        heavy = weigh(item)
        if group and (len(group) == size or weight + heavy > most > 0):
            yield group
            group, weight = [], 0
        group.append(item)
        weight += heavy
    if group:
        yield group


class _Stream(Generic[Result]):
    """An iterator that runs in a thread, a few heavy results ahead of its consumer."""

    def __init__(
        self,
        make: Callable[[], Iterable[Result]],
        buffered: int,
        is_heavy: Callable[[Result], bool],
    ) -> None:
        self._make = make
        self._room = threading.Semaphore(buffered)
        self._is_heavy = is_heavy
        self._results: SimpleQueue[tuple[Result] | Exception | None] = SimpleQueue()
        self._left = False

    def run(self) -> None:
        """Produce the results; wait while the buffer is full."""
        try:
            for result in self._make():
                if self._is_heavy(result):
                    self._room.acquire()
                if self._left:
                    return
                self._results.put((result,))
        except Exception as error:  # noqa: BLE001  # raised where the results are taken
            self._results.put(error)
        else:
            self._results.put(None)

    def take(self) -> Iterator[Result]:
        """The results, as they are produced."""
        while (taken := self._results.get()) is not None:
            if isinstance(taken, Exception):
                raise taken
            if self._is_heavy(taken[0]):
                self._room.release()
            yield taken[0]

    def leave(self) -> None:
        """Let the thread end: nobody consumes the results any more."""
        self._left = True
        self._room.release()


def streams_in_order(
    pool: ThreadPoolExecutor,
    made: Callable[[Item], Iterable[Result]],
    items: Iterable[Item],
    ahead: int,
    buffered: int = 1,
    is_heavy: Callable[[Result], bool] = lambda _: True,
) -> Iterator[Result]:
    """What several iterators give, one iterator after another, `ahead` of them running in threads.

    Args:
        pool: at least `ahead` threads.
        made: makes an iterator of an item, and runs in a thread.
        items: taken only as needed.
        ahead: how many iterators run at once.
        buffered: how many heavy results of each wait to be taken, before a further one.
        is_heavy: whether memory should hold only a few of such results; any number of others waits.
    """
    source = iter(items)
    running: deque[_Stream[Result]] = deque()

    def begin(count: int) -> None:
        for item in islice(source, count):
            stream = _Stream(lambda item=item: made(item), buffered, is_heavy)  # type: ignore[misc]  # a default binds it
            running.append(stream)
            pool.submit(stream.run)

    begin(ahead)
    try:
        while running:
            yield from running[0].take()
            running.popleft()
            begin(1)
    finally:
        for stream in running:
            stream.leave()
