"""A night or any other window in ten lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted
from trailscan.organizations.severity import SEVERITIES
from trailscan.reports.changes import read_changes
from trailscan.reports.findings.report import find_in
from trailscan.reports.missing import Question, missing
from trailscan.reports.notes import store_notes
from trailscan.store.requests import newest_delivery
from trailscan.table import Column, Table, rows_of
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.reports.findings.report import Finding
    from trailscan.store.reader import StoreReader

_SHOWN = 3


class Line(NamedTuple):
    """One line: what was counted, how many there are, and the most important of them."""

    what: str
    number: int | None
    details: str | None


COLUMNS = (
    Column("what", "What", "text"),
    Column("number", "Number", "count"),
    Column("details", "Details", "text", wide=True, least_width=40),
)


def summary_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """A window in ten lines, always the same ones in the same order."""
    chosen = [one for one in read_changes(store, reads=False) if filters.match(one)]
    found, left_out = find_in(store, filters)
    return Table(
        name="summary",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, _lines(store, filters, chosen, found)),
        window=filters.window,
        notes=(
            filters.times_in_words,
            *([f"{counted(len(left_out), 'finding')} ignored"] if filters.ignore else []),
            *store_notes(store),
        ),
    )


def _lines(
    store: StoreReader, filters: ChangeFilter, chosen: Sequence[Change], found: Sequence[Finding]
) -> list[Line]:
    """The ten lines."""
    reasons = missing(store, Question.of_events(filters.window, filters.account))
    worst = sorted(found, key=lambda one: SEVERITIES.index(one.severity), reverse=True)
    denied = [one for one in chosen if one.outcome == "denied"]
    done = [one for one in chosen if one.outcome == "succeeded"]
    more = [one for one in done if one.access_change in {"more", "both"}]
    newest = newest_delivery(store.commits)
    return [
        Line("reasons why something may be missing", len(reasons), _some(reasons)),
        Line("findings", len(found), _by_severity(one.severity for one in found)),
        Line("gravest findings", min(len(worst), _SHOWN), _some(one.hit.what for one in worst)),
        Line("changes", len(chosen), _by_severity(one.severity for one in chosen)),
        Line("principals", *_most(one.principal.display for one in chosen)),
        Line("actions", *_most(one.action for one in chosen)),
        Line("targets", *_most(one.target_name or one.target_id for one in chosen)),
        Line("denied calls", len(denied), _most(one.principal.display for one in denied)[1]),
        Line("policy changes that permit more", len(more), _some(one.description for one in more)),
        Line("newest log file", None, format_instant(newest, filters.tz) if newest else None),
    ]


def _by_severity(severities: Iterable[str]) -> str | None:
    """`2 critical, 3 high`, the gravest first."""
    counts = Counter(severities)
    known = [name for name in reversed(SEVERITIES) if counts[name]]
    return ", ".join(f"{counts[name]:,} {name}" for name in known) or None


def _most(names: Iterable[str | None]) -> tuple[int, str | None]:
    """How many different names there are, and the most frequent ones."""
    counts = Counter(name for name in names if name is not None)
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return len(counts), _some(f"{name} ({count:,})" for name, count in ranked)


def _some(texts: Iterable[str]) -> str | None:
    """The first texts, and how many more there are."""
    every = list(texts)
    more = [f"and {counted(len(every) - _SHOWN, 'more', 'more')}"] if len(every) > _SHOWN else []
    return "; ".join([*every[:_SHOWN], *more]) or None
