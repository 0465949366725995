"""Sums over changes: how many, how they ended, how grave, and who, where and when."""

from __future__ import annotations

from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from trailscan.organizations.operation import READ
from trailscan.organizations.severity import SEVERITIES, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from trailscan.organizations.changes import Change

Key = TypeVar("Key", bound="Hashable")


class Tally(NamedTuple):
    """Counts of a group of changes; `changes + reads = succeeded + denied + failed`.

    Attributes:
        group: the changes in order of time; there is at least one.
        changes: how many calls altered something, or tried to, service events included.
        reads: how many calls change nothing.
        severity: the highest.
    """

    group: Sequence[Change]
    changes: int
    reads: int
    succeeded: int
    denied: int
    failed: int
    severity: Severity

    @property
    def first(self) -> Change:
        """The earliest change."""
        return self.group[0]

    @property
    def last(self) -> Change:
        """The latest change."""
        return self.group[-1]


def tally(group: Sequence[Change]) -> Tally:
    """The sums over a group of changes in order of time."""
    outcomes = [change.outcome for change in group]
    reads = sum(change.category == READ for change in group)
    return Tally(
        group=group,
        changes=len(group) - reads,
        reads=reads,
        succeeded=outcomes.count("succeeded"),
        denied=outcomes.count("denied"),
        failed=outcomes.count("failed"),
        severity=max((change.severity for change in group), key=SEVERITIES.index),
    )


def grouped(changes: Iterable[Change], key: Callable[[Change], Key]) -> dict[Key, list[Change]]:
    """The changes by a key, in order; the groups in the order in which they begin."""
    found: defaultdict[Key, list[Change]] = defaultdict(list)
    for change in changes:
        found[key(change)].append(change)
    return dict(found)


def distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    """The different values, sorted, without None."""
    return tuple(sorted({value for value in values if value}))


def all_of(path: str) -> Callable[[Any], tuple[str, ...]]:
    """A function that gives the values of an attribute in a group of changes, in order of time."""
    get = attrgetter(path)
    return lambda item: tuple(map(get, item.group))


def distinct_in(path: str) -> Callable[[Any], tuple[str, ...]]:
    """A function that gives the different values in lists of a group of changes, sorted."""
    get = attrgetter(path)
    return lambda item: distinct(value for change in item.group for value in get(change))


def distinct_of(path: str) -> Callable[[Any], tuple[str, ...]]:
    """A function that gives the different values of an attribute in a group of changes, sorted."""
    get = attrgetter(path)
    return lambda item: distinct(map(get, item.group))
