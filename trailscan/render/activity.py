"""The plot of activity over time."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from trailscan.render.drawing import Chart, Drawing, Meaning, Sheet, clock, event_clocks
from trailscan.render.grades import order, tone
from trailscan.visible import visible

if TYPE_CHECKING:
    from trailscan.table import Column, Table

_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)
_WHOLE, _PART, _NARROW = (1120, 190), (660, 385), (350, 190)  # width and height
_LEAST_BAR = 6  # pixels of a span
_END = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001  # of matplotlib's calendar, on a clock
_MOST_HOURS, _MOST_DAYS, _MOST_WEEKS = 72, 190, 110


@dataclass(frozen=True, slots=True)
class _Rows:
    """What is drawn: times on the clocks of the report's zone, and the kind of each.

    Attributes:
        whens: naive, as are the first and the last that are shown.
        kinds: as many.
        column: of which the kinds are values.
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
    """The events of a report; a window that is asked for is shown whole."""
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
    from matplotlib import dates, ticker  # noqa: PLC0415  # heavy

    sheet = Sheet(width, height, left=34, right=16, top=8, bottom=34)
    edges = _edges(rows.first, rows.last, most=width // _LEAST_BAR)
    _draw_bars(sheet, rows, edges)
    axes = sheet.axes
    axes.set_xlim(dates.date2num(edges[0]), dates.date2num(edges[-1]))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(ticker.MaxNLocator(nbins=4, integer=True, min_n_ticks=1))
    axes.yaxis.grid(visible=True)
    locator = dates.AutoDateLocator(minticks=2, maxticks=3 + width // 110)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    return sheet.draw()


def _draw_bars(sheet: Sheet, rows: _Rows, edges: list[datetime]) -> None:
    """A stack for each span of time that has rows."""
    from matplotlib import dates  # noqa: PLC0415  # heavy

    places = [float(dates.date2num(edge)) for edge in edges]
    last = len(places) - 2
    counts = Counter(
        (min(bisect_right(edges, when) - 1, last), kind)
        for when, kind in zip(rows.whens, rows.kinds, strict=True)
    )
    for span in sorted({span for span, _ in counts}):
        start, end = edges[span], edges[span + 1]
        wide, bottom = places[span + 1] - places[span], 0
        for kind in _order(rows):
            count = counts[span, kind]
            if count:
                (bar,) = sheet.axes.bar(
                    places[span] + 0.06 * wide, count, 0.88 * wide, bottom, align="edge"
                )
                sheet.mean(bar, _meaning(rows, kind, start, end, count))
                bottom += count


def _meaning(rows: _Rows, kind: str, start: datetime, end: datetime, count: int) -> Meaning:
    """What a bar stands for."""
    picks: dict[str, object] = {"from": _text(start), "to": _text(end)}
    if rows.column:
        picks["values"] = {rows.column.name: visible(kind)}
    title = f"{_span(start, end)}: {count:,} {visible(kind)}".rstrip()
    return Meaning(f"mark {_look(rows, kind)}", title, picks)


def _edges(first: datetime, last: datetime, most: int) -> list[datetime]:
    """Bounds of hours, days, weeks, months or years around two instants.

    Args:
        first: the earliest instant.
        last: the latest.
        most: about how many spans there may be.
    """
    hours = (last - first) / _HOUR
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    if hours <= min(most, _MOST_HOURS):
        return _stepped(first.replace(minute=0, second=0, microsecond=0), last, _HOUR)
    if hours / 24 <= min(most, _MOST_DAYS):
        return _stepped(day, last, _DAY)
    if hours / 24 / 7 <= min(most, _MOST_WEEKS) and day.toordinal() > day.weekday():
        return _stepped(day - day.weekday() * _DAY, last, 7 * _DAY)
    begin, end = _months(first), _months(last)
    if end - begin <= most:
        return [_month(number) for number in range(begin, end + 2)]
    begin, step = 12 * first.year, 12 * ceil((end - begin) / 12 / most)
    return [_month(number) for number in range(begin, end + step + 1, step)]


def _stepped(start: datetime, last: datetime, step: timedelta) -> list[datetime]:
    """Instants a step apart, from a start to beyond the last one, or to the calendar's end."""
    edges = [start]
    while edges[-1] <= last:
        if _END - edges[-1] < step:
            return [*edges, _END]
        edges.append(edges[-1] + step)
    return edges


def _months(when: datetime) -> int:
    """The month of an instant, counted from the year 0."""
    return 12 * when.year + when.month - 1


def _month(number: int) -> datetime:
    """The start of a month, counted from the year 0, or the calendar's end."""
    year, month = divmod(number, 12)
    return _END if year > _END.year else datetime(year, month + 1, 1)  # noqa: DTZ001  # on a clock


def _text(when: datetime) -> str:
    """A time as the cells of a page begin: such texts compare as the times do."""
    return when.isoformat(" ")


def _span(start: datetime, end: datetime) -> str:
    """A span of time in words."""
    if end - start <= _HOUR:
        return f"{start:%a} {start.date()} {start:%H:%M}"
    if end - start <= _DAY:
        return f"{start:%a} {start.date()}"
    return f"{start.date()} to {(end - _DAY).date()}"
