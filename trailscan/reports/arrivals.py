"""When events arrived: with the last load, or since an instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from trailscan.window import parse_when

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.ledger import Commit
    from trailscan.store.reader import StoreReader
    from trailscan.store.runs import Runs

LAST_LOAD = "last-load"
"""What stands for the beginning of the last load."""

_BEGINNING = datetime.min.replace(tzinfo=UTC)


class Load(NamedTuple):
    """A load: when it began, and whether it came to its end."""

    started: datetime
    ended: bool


def parse_arrival(text: str, now: datetime, tz: tzinfo) -> datetime | str:
    """The instant of `--arrived-since`; `last-load` stays a word until a store is read.

    Raises:
        ValueError: the text is no instant.
    """
    return LAST_LOAD if text.strip() == LAST_LOAD else parse_when(text, now, tz)


def with_arrival(store: StoreReader, filters: ChangeFilter) -> ChangeFilter:
    """The filter with an instant for `last-load`."""
    if filters.arrived_since != LAST_LOAD:
        return filters
    return replace(filters, arrived_since=last_load_start(loads_of(store.commits, store.runs())))


def loads_of(commits: Iterable[Commit], runs: Runs) -> list[Load]:
    """The loads that made commits or are recorded, in order of time."""
    found: dict[str, Load] = {}
    for commit in commits:
        if commit.is_load:
            before = found.get(commit.load_id)
            started = min(commit.committed_at, before.started if before else commit.committed_at)
            ended = not any(source.partial for source in commit.sources)
            found[commit.load_id] = Load(started, ended)
    found |= {run.load_id: Load(run.started, run.ended) for run in runs.found}
    return sorted(found.values())


def last_load_start(loads: list[Load]) -> datetime:
    """The beginning of the last load, or of the first of those before it that did not end.

    Whoever looks at what arrived after each load that ended sees every event, also those of a load
    that was interrupted.
    """
    start = loads[-1].started if loads else _BEGINNING
    for one in reversed(loads[:-1]):
        if one.ended:
            break
        start = one.started
    return start
