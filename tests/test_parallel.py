"""Work done ahead in threads, its results taken in order."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.parallel import grouped, in_order, streams_in_order, workers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """Four threads."""
    with ThreadPoolExecutor(4) as threads:
        yield threads


@given(items=st.lists(st.integers(), max_size=30), ahead=st.integers(1, 40))
def test_results_come_in_the_order_of_their_items(
    pool: ThreadPoolExecutor, items: list[int], ahead: int
) -> None:
    """Law: for any items and any number ahead, the results are those of a plain loop."""
    assert list(in_order(pool, lambda item: item * 2, items, ahead)) == [item * 2 for item in items]


def test_a_slow_item_is_waited_for(pool: ThreadPoolExecutor) -> None:
    """Results that are ready early wait for their turn."""

    def work(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    assert list(in_order(pool, work, [0.05, 0.0, 0.02, 0.0], 4)) == [0.05, 0.0, 0.02, 0.0]


def test_work_is_done_at_the_same_time(pool: ThreadPoolExecutor) -> None:
    """As many items as there are ahead are worked on together: a barrier of all of them opens."""
    barrier = threading.Barrier(4, timeout=5)
    assert sorted(in_order(pool, lambda item: barrier.wait(), range(4), 4)) == [0, 1, 2, 3]


def test_items_are_taken_only_as_needed(pool: ThreadPoolExecutor) -> None:
    """An endless source is fine: no more items are taken than results given and those ahead."""
    taken = []

    def source() -> Iterator[int]:
        for item in range(1_000_000):
            taken.append(item)
            yield item

    results = in_order(pool, lambda item: item, source(), 3)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert taken == [0, 1, 2, 3, 4, 5, 6]


def test_nothing_begins_before_the_first_result_is_asked_for(pool: ThreadPoolExecutor) -> None:
    """Making the iterator starts no work."""
    begun: list[int] = []
    in_order(pool, begun.append, [1, 2, 3], 3)
    assert begun == []


def test_a_failure_of_work_is_raised_at_its_turn(pool: ThreadPoolExecutor) -> None:
    """Results before a failure are given, then it is raised as it was."""
    given_out: list[int] = []

    def collect() -> None:
        given_out.extend(in_order(pool, lambda item: 6 // item, [1, 2, 3], 3))
        given_out.extend(in_order(pool, lambda item: 6 // item, [3, 2, 0, 1], 4))

    with pytest.raises(ZeroDivisionError):
        collect()
    assert given_out == [6, 3, 2, 2, 3]


def test_a_failure_of_the_source_comes_after_all_work_begun(pool: ThreadPoolExecutor) -> None:
    """A listing that fails on its second page loses nothing of its first."""

    def source() -> Iterator[int]:
        yield from (1, 2, 3)
        raise OSError("page 2 failed")

    given_out: list[int] = []

    def collect() -> None:
        given_out.extend(in_order(pool, lambda item: item, source(), 8))

    with pytest.raises(OSError, match=r"^page 2 failed$"):
        collect()
    assert given_out == [1, 2, 3]


@given(weights=st.lists(st.integers(0, 9), max_size=30), most=st.integers(1, 12))
def test_what_is_begun_weighs_no_more_than_allowed(
    pool: ThreadPoolExecutor, weights: list[int], most: int
) -> None:
    """Law: items begun and not yet given weigh at most so much together, or are one alone."""
    begun = 0
    taken: list[int] = []

    def source() -> Iterator[int]:
        for weight in weights:
            taken.append(weight)
            yield weight

    for given_out in in_order(pool, lambda item: item, source(), 40, lambda item: item, most):
        waiting = taken[begun:]
        assert given_out == waiting[0]
        assert sum(waiting[:-1]) <= most or len(waiting) <= 2
        begun += 1
    assert begun == len(weights)


@given(streams=st.lists(st.lists(st.integers(), max_size=6), max_size=8), ahead=st.integers(1, 4))
def test_streams_are_given_one_after_another(
    pool: ThreadPoolExecutor, streams: list[list[int]], ahead: int
) -> None:
    """Law: whatever runs ahead, the results are those of the streams in a row."""
    given_out = list(streams_in_order(pool, iter, streams, ahead))
    assert given_out == [item for stream in streams for item in stream]


def test_a_stream_waits_when_nobody_takes_its_results(pool: ThreadPoolExecutor) -> None:
    """Each stream is a few results ahead and no more, and ends when it is left."""
    made: dict[int, int] = {0: 0, 1: 0}

    def stream(number: int) -> Iterator[int]:
        for item in range(1_000_000):
            made[number] = item
            yield item

    results = streams_in_order(pool, stream, [0, 1], 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    results.close()  # type: ignore[attr-defined]  # it is a generator
    with ThreadPoolExecutor(1) as other:
        other.submit(pool.submit(int).result).result(5)
    assert max(made.values()) < 10


def test_a_stream_does_not_wait_with_light_results(pool: ThreadPoolExecutor) -> None:
    """While nobody takes results, it makes all up to the second heavy one: here those of 2 and 5."""
    made: list[int] = []
    stopped = threading.Event()

    def stream(item: int) -> Iterator[int]:
        for number in range(9):
            if item:
                made.append(number)
                if number == 5:
                    stopped.set()
            yield number

    heavy = streams_in_order(pool, stream, [0, 1], 2, is_heavy=lambda number: number % 3 == 2)
    assert next(heavy) == 0
    assert stopped.wait(5)
    time.sleep(0.05)
    assert made == [0, 1, 2, 3, 4, 5]
    assert list(heavy) == [*range(1, 9), *range(9)]


def test_a_failure_of_a_stream_is_raised_at_its_turn(pool: ThreadPoolExecutor) -> None:
    """What came before a failure is given, in the streams before it too."""

    def stream(number: int) -> Iterator[int]:
        yield number
        if number == 1:
            raise OSError("page 2 failed")

    given_out: list[int] = []

    def collect() -> None:
        given_out.extend(streams_in_order(pool, stream, [0, 1, 2], 3))

    with pytest.raises(OSError, match=r"^page 2 failed$"):
        collect()
    assert given_out == [0, 1]


@given(items=st.lists(st.integers(), max_size=30), ahead=st.integers(1, 40))
def test_one_worker_is_whoever_asks(items: list[int], ahead: int) -> None:
    """Law: without threads the results are the same, and are made in the thread that asks."""
    asked: set[int] = set()

    def work(item: int) -> int:
        asked.add(threading.get_ident())
        return item * 2

    with workers("test", 1) as here:
        assert list(in_order(here, work, items, ahead)) == [item * 2 for item in items]
    assert asked <= {threading.get_ident()}


@pytest.mark.parametrize("count", [1, 3])
def test_a_failure_of_a_worker_is_raised_at_its_turn(count: int) -> None:
    """What came before it is given first, with threads and without."""

    def work(item: int) -> int:
        if item == 2:
            raise OSError("item 2")
        return item

    given_out: list[int] = []
    with workers("test", count) as pool, pytest.raises(OSError, match=r"^item 2$"):
        given_out.extend(in_order(pool, work, range(5), 2))
    given_out.clear()
    with workers("test", count) as pool:
        results = in_order(pool, work, range(5), 4)
        given_out += [next(results), next(results)]
        with pytest.raises(OSError, match=r"^item 2$"):
            next(results)
    assert given_out == [0, 1]


@given(
    items=st.lists(st.integers(0, 9), max_size=30), size=st.integers(1, 5), most=st.integers(0, 20)
)
def test_groups_hold_all_items_in_order_within_their_limits(
    items: list[int], size: int, most: int
) -> None:
    """No group has too many items or, if it has several, too heavy ones; none is cut early."""
    groups = list(grouped(items, size, lambda item: item, most))
    assert [item for group in groups for item in group] == items
    for group in groups:
        assert 0 < len(group) <= size
        assert len(group) == 1 or sum(group) <= most or not most
    for group, following in itertools.pairwise(groups):
        assert len(group) == size or 0 < most < sum(group) + following[0]
