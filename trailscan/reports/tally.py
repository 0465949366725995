"""Sums over some changes: how many, how they ended, from where, and between when."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from trailscan.organizations.severity import SEVERITIES, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from trailscan.organizations.changes import Change

Key = TypeVar("Key", bound="Hashable")


class Tally(NamedTuple):
    """What some changes come to; `changes + reads = succeeded + denied + failed`.

    Attributes:
        changes: calls that alter something, or tried to, and service events.
        reads: calls that change nothing.
        severity: of the gravest.
        first: in time.
        last: in time.
    """

    changes: int
    reads: int
    succeeded: int
    denied: int
    failed: int
    severity: Severity
    first: Change
    last: Change


def tally(changes: Sequence[Change]) -> Tally:
    """The sums over changes in order of time, of which there is at least one."""
    outcomes = [change.outcome for change in changes]
    reads = sum(change.category == "read" for change in changes)
    return Tally(
        changes=len(changes) - reads,
        reads=reads,
        succeeded=outcomes.count("succeeded"),
        denied=outcomes.count("denied"),
        failed=outcomes.count("failed"),
        severity=max((change.severity for change in changes), key=SEVERITIES.index),
        first=changes[0],
        last=changes[-1],
    )


def grouped(changes: Iterable[Change], key: Callable[[Change], Key]) -> dict[Key, list[Change]]:
    """The changes by a key, in order; the groups in the order in which they begin."""
    found: defaultdict[Key, list[Change]] = defaultdict(list)
    for change in changes:
        found[key(change)].append(change)
    return dict(found)


def distinct(values: Iterable[str | None]) -> tuple[str, ...]:
    """The different values that there are, sorted."""
    return tuple(sorted({value for value in values if value}))
