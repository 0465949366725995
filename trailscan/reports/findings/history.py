"""What rules examine: all changes, and the reads that can mean something, in order of time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from trailscan.events.principal import actor_of
from trailscan.organizations.operation import READ, Operation
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.versions import PolicyStep, follow_policies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from trailscan.events.principal import Actor
    from trailscan.organizations.changes import Change
    from trailscan.organizations.severity import Severity

TOGETHER = timedelta(hours=1)
"""The longest gap between two changes of one piece of work."""
SHORTLY = timedelta(minutes=10)
"""The longest gap between two calls of one burst or sweep."""
LONGEST = timedelta(days=1)
"""The longest that one run of changes can last."""


class Hit(NamedTuple):
    """Events for which a rule fires, in order of time, and a sentence about them.

    Attributes:
        changes: the events.
        what: the sentence.
        severity: of this finding; None for that of the rule.
    """

    changes: tuple[Change, ...]
    what: str
    severity: Severity | None = None


@dataclass(frozen=True)
class History:
    """All that rules examine.

    Attributes:
        changes: in order of time; of reads, those that were denied or are discovery.
        tz: the zone of usual hours.
        start: when the history begins; None for the time of the first change.
    """

    changes: Sequence[Change]
    tz: tzinfo = UTC
    start: datetime | None = None

    @cached_property
    def by_action(self) -> Mapping[str, Sequence[Change]]:
        """The changes made through AWS Organizations, by event name."""
        found: defaultdict[str, list[Change]] = defaultdict(list)
        for change in self.changes:
            if change.event.event_source == ORGANIZATIONS.event_source:
                found[change.action].append(change)
        return found

    @cached_property
    def steps(self) -> Sequence[PolicyStep]:
        """The steps in the lives of policies."""
        return tuple(follow_policies(self.changes))

    @cached_property
    def calls(self) -> Sequence[Change]:
        """The calls that changed something or tried to: neither reads nor service events."""
        return tuple(change for change in self.changes if is_call(change))

    def of(self, *actions: str, outcome: str = "succeeded") -> Iterator[Change]:
        """The changes with some event names and an outcome, in order of time."""
        found = [change for action in actions for change in self.by_action.get(action, ())]
        found.sort(key=when)
        return (change for change in found if change.outcome == outcome)


def when(change: Change) -> datetime:
    """The time of a change."""
    return change.event.event_time


def is_call(change: Change) -> bool:
    """Whether a change is a call that alters something, or tried to."""
    operation = change.operation
    return change.category != READ and not (operation and operation.service_event)


def is_discovery(operation: Operation | None) -> bool:
    """Whether an operation is a read that published rules watch as a sign of an intruder."""
    return operation is not None and operation.category == READ and bool(operation.mitre)


def actor(change: Change) -> Actor:
    """Who made a change."""
    return actor_of(change.principal)


def clusters(changes: Iterable[Change], gap: timedelta) -> Iterator[tuple[Change, ...]]:
    """Runs of changes by one actor, with no gap between two changes longer than `gap`.

    A run ends after `LONGEST`, so that what never stops is reported every day. Runs come in the
    order in which they end; the changes must be in order of time.
    """
    runs: dict[Actor, list[Change]] = {}
    ended: list[tuple[Change, ...]] = []
    for change in changes:
        run = runs.setdefault(actor(change), [])
        if run and (when(change) - when(run[-1]) > gap or when(change) - when(run[0]) > LONGEST):
            ended.append(tuple(run))
            run.clear()
        run.append(change)
    ended += [tuple(run) for run in runs.values()]
    return iter(sorted(ended, key=lambda run: when(run[-1])))


def in_words(change: Change) -> str:
    """A sentence that says who did what."""
    return f"{change.principal.display}: {change.description}"
