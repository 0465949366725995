"""The plots of who did what, and of the hours of the week."""

from __future__ import annotations

from collections import Counter
from math import ceil, sqrt
from typing import TYPE_CHECKING, NamedTuple

from trailscan.render.drawing import Chart, Drawing, Meaning, Sheet, event_clocks
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trailscan.table import Column, Table

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LEVELS = 5
_MOST_LINES = 12
_MOST_COLUMNS = 12
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
    """

    width: int
    names: int
    line: int
    top: int
    right: int = 6
    angle: int = 0


class _Grid(NamedTuple):
    """Counts by line and column, and what those are called."""

    lines: Sequence[Meaning]
    columns: Sequence[Meaning]
    cells: Mapping[tuple[int, int], Meaning]
    counts: Mapping[tuple[int, int], int]
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
        (line, column): _pair(names, lines[line], columns[column], count)
        for (line, column), count in counts.items()
    }
    people = Counter(whos)
    name, most = min(people.items(), key=lambda pair: (-pair[1], pair[0]))
    grid = (lines, columns, cells, counts)
    return Chart(
        "who",
        "Who by what",
        f"{len(people):,} principal{'s' * (len(people) != 1)}; most by {name}: {most:,}",
        (),
        _draw(_who_grid(*grid, 31), _Size(660, 222, 25, 80, 44, angle=40)),
        _draw(_who_grid(*grid, 18), _Size(350, 124, 25, 96, 34, angle=60)),
    )


def hours_of_the_week(table: Table) -> Chart | None:
    """At which hours of which weekdays the events happened; None when there are no events."""
    found = event_clocks(table)
    if not found:
        return None
    counts = Counter((when.weekday(), when.hour) for when in found)
    grid = _Grid(
        [Meaning(text=day) for day in _DAYS],
        [Meaning(text="" if hour % 3 else f"{hour:02d}") for hour in range(24)],
        {cell: _hour(*cell, count) for cell, count in counts.items()},
        counts,
        numbers=False,
    )
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


def _pair(names: tuple[str, str], who: str, what: str, count: int) -> Meaning:
    """What a cell of who by what stands for; rows can be picked by names only."""
    said = [_called(text) for text in (who, what)]
    picks: dict[str, object] = {}
    if _REST not in (who, what):
        picks["values"] = dict(zip(names, (who, what), strict=True))
    return Meaning("mark", f"{said[0]} · {said[1]}: {count:,}", picks)


def _hour(day: int, hour: int, count: int) -> Meaning:
    """What a cell of the week stands for."""
    title = f"{_DAYS[day]} {hour:02d}:00 to {(hour + 1) % 24:02d}:00: {count:,}"
    return Meaning("mark", title, {"weekday": day, "hour": hour})


def _called(text: str) -> str:
    return "all others" if text == _REST else text


def _who_grid(
    lines: Sequence[str],
    columns: Sequence[str],
    cells: Mapping[tuple[int, int], Meaning],
    counts: Mapping[tuple[int, int], int],
    characters: int,
) -> _Grid:
    """Who by what, with names that have room for some characters."""
    return _Grid(
        [
            Meaning(title=_called(text), text=_shortened(_called(text), characters))
            for text in lines
        ],
        [Meaning(title=_called(text), text=_shortened(_called(text), 15)) for text in columns],
        cells,
        counts,
        numbers=True,
    )


def _shortened(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _draw(grid: _Grid, size: _Size) -> Drawing:
    """Cells, the darker the more, under and beside their names."""
    height = size.top + len(grid.lines) * size.line + 6
    sheet = Sheet(size.width, height, left=size.names, right=size.right, top=size.top, bottom=6)
    axes, most = sheet.axes, max(grid.counts.values())
    axes.set_xlim(0, len(grid.columns))
    axes.set_ylim(len(grid.lines), 0)
    for (line, column), meaning in sorted(grid.cells.items()):
        count = grid.counts[line, column]
        level = ceil(_LEVELS * sqrt(count / most))
        (cell,) = axes.barh(line + 0.06, 0.92, 0.88, column + 0.04, align="edge")
        look = f"{meaning.look} level{level}"
        sheet.mean(cell, Meaning(look, meaning.title, meaning.picks))
        if grid.numbers:
            text = axes.text(column + 0.5, line + 0.5, "0", ha="center", va="center")
            sheet.mean(text, Meaning(f"number on{level}", text=_number(count)))
    _write_names(sheet, grid, size)
    return sheet.draw()


def _number(count: int) -> str:
    """A count in few characters."""
    return f"{count / 1000:.0f}k" if count >= 1000 else str(count)  # noqa: PLR2004  # a thousand


def _write_names(sheet: Sheet, grid: _Grid, size: _Size) -> None:
    """Names beside the lines and above the columns, aslant where they would touch."""
    axes = sheet.axes
    axes.set_axis_off()
    for place, name in enumerate(grid.lines):
        text = axes.text(-0.15, place + 0.5, "0", ha="right", va="center")
        sheet.mean(text, name)
    for place, name in enumerate(grid.columns):
        if name.text:
            text = axes.text(
                place + 0.5,
                -0.15,
                "0",
                ha="left" if size.angle else "center",
                va="bottom",
                rotation=size.angle,
                rotation_mode="anchor",
            )
            sheet.mean(text, name)
