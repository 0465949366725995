"""The plot of activity over time."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from trailscan.render.drawing import (
    Box,
    Chart,
    Drawing,
    Label,
    clock,
    event_clocks,
    short_number,
)
from trailscan.render.tones import order, tone
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trailscan.table import Column, Table

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
_INSTANT = timedelta(microseconds=1)
_YEAR = 12  # months
_START = datetime(1, 1, 1)  # noqa: DTZ001  # the calendar's, a Monday
_END = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001  # the calendar's, as a local time
_WHOLE, _PART, _NARROW = (1120, 190), (660, 385), (350, 190)  # width and height
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 16, 8, 24  # margins around the bars
_LEAST_BAR = 6  # pixels between two bars
_WIDEST_BAR = 120
_LEAST_TICK = 78  # pixels between two labels of the time axis
_MOST_LINES = 4  # of the grid, above 0

_BARS = ((_HOUR, 72), (_DAY, 190), (_WEEK, 110))
"""What a bar may count, shorter than a month, and the most bars of it in one plot."""

_TICKS = tuple((step, 24) for step in (_HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, _WEEK))
"""The same for the labels of the time axis."""

_MONTHS = (1, 3, 6)


class _Rows(NamedTuple):
    """The events of a report.

    Attributes:
        whens: when each happened, a local time of the report's zone, as `first` and `last` are.
        kinds: the value of `column` of each.
        column: the column that colours the bars; None when there is none.
        first: the start of the time shown.
        last: the last instant shown.
    """

    whens: list[datetime]
    kinds: list[str]
    column: Column | None
    first: datetime
    last: datetime


def activity(table: Table, *, beside: bool = False) -> Chart | None:
    """Events by time, stacked by `outcome`, or else by the first column whose values have an order.

    None when the rows are no events, or there are none.

    Args:
        table: any report.
        beside: whether another plot stands beside it on a wide page.
    """
    rows = _rows(table)
    if rows is None:
        return None
    days = Counter(when.date() for when in rows.whens)
    day, most = min(days.items(), key=lambda pair: (-pair[1], pair[0]))
    return Chart(
        "activity",
        "Activity",
        f"{table.tz}; most on {day:%a} {day.isoformat()}: {most:,}",
        tuple((_look(rows, kind), visible(kind)) for kind in _order(rows) if kind),
        _draw(rows, *(_PART if beside else _WHOLE)),
        _draw(rows, *_NARROW),
    )


def _rows(table: Table) -> _Rows | None:
    """The events of a report; the time shown covers the window that was asked for."""
    ordered = sorted(filter(order, table.columns), key=lambda column: column.name != "outcome")
    column = ordered[0] if ordered else None
    rows = [row for row in table.records() if isinstance(row.get("event_time"), datetime)]
    if not rows:
        return None
    whens = event_clocks(table)
    start, end = table.window.start, table.window.end
    shown = [*whens]
    if start is not None:
        shown.append(clock(start, table.tz))
    if end is not None and end != start:
        shown.append(clock(end, table.tz) - _INSTANT)
    kinds = [str(row[column.name] or "") if column else "" for row in rows]
    return _Rows(whens, kinds, column, min(shown), max(shown))


def _order(rows: _Rows) -> list[str]:
    """The kinds there are, in their order, the unknown last."""
    found = set(rows.kinds)
    known = [kind for kind in (order(rows.column) if rows.column else ()) if kind in found]
    return known + sorted(found - set(known))


def _look(rows: _Rows, kind: str) -> str:
    return (tone(rows.column, kind) if rows.column else None) or "plain"


def _draw(rows: _Rows, width: int, height: int) -> Drawing:
    """Bars, one for each span of time that has rows, the worst at the bottom."""
    edges = _edges(rows.first, rows.last, width // _LEAST_BAR)
    last = len(edges) - 2
    counts = Counter(
        (min(bisect_right(edges, when) - 1, last), kind)
        for when, kind in zip(rows.whens, rows.kinds, strict=True)
    )
    totals: Counter[int] = Counter()
    for (span, _), count in counts.items():
        totals[span] += count
    axes = _Axes(width, height, edges[0], edges[-1], max(totals.values()))
    boxes, labels = axes.grid(), axes.labels()
    kinds = _order(rows)
    for span in sorted(totals):
        below = 0
        for kind in kinds:
            if count := counts[span, kind]:
                boxes.append(axes.bar(rows, kind, (edges[span], edges[span + 1]), below, count))
                below += count
    return Drawing(width, height, tuple(boxes), tuple(labels))


class _Axes(NamedTuple):
    """Time from left to right, counts from the bottom up.

    Attributes:
        start: at the left end.
        end: at the right end.
        most: the highest count.
    """

    width: int
    height: int
    start: datetime
    end: datetime
    most: int

    def x(self, when: datetime) -> float:
        """Where a time is."""
        room = self.width - _LEFT - _RIGHT
        return _LEFT + room * ((when - self.start) / (self.end - self.start))

    def y(self, count: int) -> float:
        """Where a count is; the highest line of the grid is at the top."""
        floor = self.height - _BOTTOM
        return floor - (floor - _TOP) * count / self.lines[-1]

    @property
    def lines(self) -> range:
        """The counts that have a line."""
        step = _round_step(self.most / _MOST_LINES)
        return range(0, self.most + step, step)

    def grid(self) -> list[Box]:
        """A line for some counts."""
        room = self.width - _LEFT - _RIGHT
        return [Box(_LEFT, self.y(line), room, 1, "line") for line in self.lines]

    def labels(self) -> list[Label]:
        """The counts of the lines, and some times."""
        counts = [
            Label(_LEFT - 6, self.y(line) + 4, short_number(line), "end") for line in self.lines
        ]
        room = self.width - _LEFT - _RIGHT
        times = [
            Label(self.x(when), self.height - 6, text, "middle")
            for when, text in _ticks(self.start, self.end, room // _LEAST_TICK)
        ]
        return counts + times

    def bar(
        self, rows: _Rows, kind: str, span: tuple[datetime, datetime], below: int, count: int
    ) -> Box:
        """A bar on another one, and the rows it stands for: times compare as their texts do."""
        start, end = span
        room, top = self.x(end) - self.x(start), self.y(below + count)
        wide = min(0.88 * room, _WIDEST_BAR)
        place = (self.x(start) + (room - wide) / 2, top, wide, self.y(below) - top)
        picks: dict[str, object] = {"from": start.isoformat(" "), "to": end.isoformat(" ")}
        if rows.column:
            picks["values"] = {rows.column.name: visible(kind)}
        title = f"{_span(start, end)}: {count:,} {visible(kind)}".rstrip()
        return Box(*place, f"mark {_look(rows, kind)}", title, picks)


def _round_step(least: float) -> int:
    """The least of 1, 2, 5, 10, 20, 50, … that is not below a number."""
    power = 1
    while power * 10 < least:
        power *= 10
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least)


def _edges(
    first: datetime, last: datetime, most: int, steps: Sequence[tuple[timedelta, int]] = _BARS
) -> list[datetime]:
    """Bounds of equal spans of the calendar around two instants.

    Args:
        first: the earliest instant.
        last: the latest.
        most: about how many spans there may be.
        steps: lengths below a month, ascending, each with the most spans of it.
    """
    for step, bound in steps:
        if (last - first) / step <= min(most, bound):
            edges = [_START + (first - _START) // step * step]
            while edges[-1] <= last and edges[-1] != _END:
                edges.append(edges[-1] + step if _END - edges[-1] >= step else _END)
            return edges
    begin, end = _months(first), _months(last)
    years = ceil((end - begin) / _YEAR / most) * _YEAR
    months = next(
        (n for n in ((1,) if steps is _BARS else _MONTHS) if end - begin <= most * n), years
    )
    begin = max(begin - begin % months, _YEAR)
    return [_month(number) for number in range(begin, end + months + 1, months)]


def _months(when: datetime) -> int:
    """The month of an instant, counted from the year 0."""
    return _YEAR * when.year + when.month - 1


def _month(number: int) -> datetime:
    """The start of a month, counted from the year 0, or the calendar's end."""
    year, month = divmod(number, _YEAR)
    return _END if year > _END.year else datetime(year, month + 1, 1)  # noqa: DTZ001  # local


def _ticks(first: datetime, last: datetime, most: int) -> Iterator[tuple[datetime, str]]:
    """The labels of the time axis: what differs from the label before."""
    edges = _edges(first, last, max(most, 2), _TICKS)
    step, before = edges[1] - edges[0], None
    for when in edges:
        if when < first or when > last:
            continue
        year = "" if before and before.year == when.year else f" {when.year}"
        if step >= 365 * _DAY:
            text = f"{when.year}"
        elif step > 4 * _WEEK:
            text = f"{when:%b}{year}"
        elif before and before.date() == when.date():
            text = f"{when:%H:%M}"
        else:
            time = f" {when:%H:%M}" if when.hour else ""
            text = f"{when.day} {when:%b}{year}{time}"
        yield when, text
        before = when


def _span(start: datetime, end: datetime) -> str:
    """A span of time in words."""
    if end - start <= _HOUR:
        return f"{start:%a} {start.date()} {start:%H:%M}"
    if end - start <= _DAY:
        return f"{start:%a} {start.date()}"
    return f"{start.date()} to {(end - _DAY).date()}"
