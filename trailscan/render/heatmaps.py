"""The plots of who did what, and of the hours of the week."""

from __future__ import annotations

from collections import Counter
from math import ceil, sqrt
from typing import TYPE_CHECKING, NamedTuple

from trailscan.render.drawing import Box, Chart, Drawing, Label, event_clocks, short_number
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trailscan.table import Column, Table

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LEVELS = 5
_MOST_LINES = 12
_MOST_COLUMNS = 12
_MOST_CHARACTERS = 15  # of a column's name
_REST = "\0rest"  # no value of a report can be it: NUL is made visible before


class _Size(NamedTuple):
    """How much room a drawing has, in pixels.

    Attributes:
        width: of all.
        names: of the names beside the lines.
        line: the height of a line.
        top: of the names above the columns.
        right: of what those names need beyond the last column.
        angle: of those names, in degrees.
        characters: how many of a line's name fit.
    """

    width: int
    names: int
    line: int
    top: int
    right: int = 6
    angle: int = 0
    characters: int = 3


class _Cell(NamedTuple):
    """A count, and what it counts."""

    number: int
    title: str
    picks: Mapping[str, object]


class _Grid(NamedTuple):
    """Cells by line and column, and what those are called."""

    lines: Sequence[str]
    columns: Sequence[str]
    cells: Mapping[tuple[int, int], _Cell]
    numbers: bool


def who_by_what(table: Table) -> Chart | None:
    """How often each principal did each kind of thing; None where the rows are no events.

    Beyond the most frequent ones, the others are one line or column together.
    """
    when, who = _named(table.columns, "event_time"), _named(table.columns, "principal")
    what = _named(table.columns, "category", "event_name")
    if when is None or who is None or what is None or not table.rows:
        return None
    whos, whats = (
        [visible(str(row[place] or "unknown")) for row in table.rows] for place in (who, what)
    )
    lines, columns = _frequent(whos, _MOST_LINES), _frequent(whats, _MOST_COLUMNS)
    counts = Counter(
        (_place(lines, line), _place(columns, column))
        for line, column in zip(whos, whats, strict=True)
    )
    names = (table.columns[who].name, table.columns[what].name)
    cells = {
        (line, column): _pair(names, (lines[line], columns[column]), count)
        for (line, column), count in counts.items()
    }
    people = Counter(whos)
    name, most = min(people.items(), key=lambda pair: (-pair[1], pair[0]))
    grid = _Grid(list(map(_called, lines)), list(map(_called, columns)), cells, numbers=True)
    return Chart(
        "who",
        "Who by what",
        f"{len(people):,} principal{'s' * (len(people) != 1)}; most by {name}: {most:,}",
        (),
        _draw(grid, _Size(660, 222, 25, 80, 44, angle=40, characters=31)),
        _draw(grid, _Size(350, 124, 25, 96, 34, angle=60, characters=16)),
    )


def hours_of_the_week(table: Table) -> Chart | None:
    """At which hours of which weekdays the events happened; None when there are no events."""
    found = event_clocks(table)
    if not found:
        return None
    counts = Counter((when.weekday(), when.hour) for when in found)
    hours = ["" if hour % 3 else f"{hour:02d}" for hour in range(24)]
    cells = {cell: _hour(*cell, count) for cell, count in counts.items()}
    grid = _Grid(_DAYS, hours, cells, numbers=False)
    (day, hour), most = min(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return Chart(
        "hours",
        "Hours of the week",
        f"{table.tz}; most on {_DAYS[day]} from {hour:02d}:00: {most:,}",
        (),
        _draw(grid, _Size(480, 34, 38, 20)),
        _draw(grid, _Size(350, 30, 18, 20)),
    )


def _named(columns: Sequence[Column], *names: str) -> int | None:
    """The place of the first of some columns that there is."""
    places = {column.name: place for place, column in enumerate(columns)}
    return next((places[name] for name in names if name in places), None)


def _frequent(texts: Iterable[str], most: int) -> list[str]:
    """The most frequent texts, then what stands for all others if there are any."""
    counted = sorted(Counter(texts).items(), key=lambda pair: (-pair[1], pair[0]))
    if len(counted) <= most:
        return [text for text, _ in counted]
    return [*(text for text, _ in counted[: most - 1]), _REST]


def _place(names: Sequence[str], text: str) -> int:
    return names.index(text) if text in names else len(names) - 1


def _pair(columns: tuple[str, str], values: tuple[str, str], count: int) -> _Cell:
    """The cell of a principal and what it did; it picks rows unless it counts several values."""
    who, what = map(_called, values)
    picks = {} if _REST in values else {"values": dict(zip(columns, values, strict=True))}
    return _Cell(count, f"{who} · {what}: {count:,}", picks)


def _hour(day: int, hour: int, count: int) -> _Cell:
    """The cell of an hour of a weekday."""
    title = f"{_DAYS[day]} {hour:02d}:00 to {(hour + 1) % 24:02d}:00: {count:,}"
    return _Cell(count, title, {"weekday": day, "hour": hour})


def _called(text: str) -> str:
    return "all others" if text == _REST else text


def _shortened(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _draw(grid: _Grid, size: _Size) -> Drawing:
    """Cells, the darker the more, under and beside their names."""
    wide = (size.width - size.names - size.right) / len(grid.columns)
    most = max(cell.number for cell in grid.cells.values())
    boxes, labels = [], _names(grid, size, wide)
    for (line, column), (count, title, picks) in sorted(grid.cells.items()):
        x, y = size.names + column * wide, size.top + line * size.line
        level = ceil(_LEVELS * sqrt(count / most))
        inner = (x + 0.04 * wide, y + 0.06 * size.line, 0.92 * wide, 0.88 * size.line)
        boxes.append(Box(*inner, f"mark level{level}", title, picks))
        if grid.numbers:
            middle = (x + wide / 2, y + size.line / 2 + 4)
            labels.append(Label(*middle, short_number(count), "middle", 0, f"number on{level}"))
    height = size.top + len(grid.lines) * size.line + 6
    return Drawing(size.width, height, tuple(boxes), tuple(labels))


def _names(grid: _Grid, size: _Size, wide: float) -> list[Label]:
    """Names beside the lines and above the columns, slanted where they would touch."""
    lines = [
        Label(
            size.names - 6,
            size.top + (place + 0.5) * size.line + 4,
            _shortened(name, size.characters),
            "end",
            title=name,
        )
        for place, name in enumerate(grid.lines)
    ]
    anchor = "start" if size.angle else "middle"
    columns = [
        Label(
            size.names + (place + 0.5) * wide,
            size.top - 4,
            _shortened(name, _MOST_CHARACTERS),
            anchor,
            -size.angle,
            title=name,
        )
        for place, name in enumerate(grid.columns)
        if name
    ]
    return lines + columns
