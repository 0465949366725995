"""Plots as boxes and labels, and the SVG that the page and the notebooks show of them.

A shape names its look by classes of `page/plot.css`: the page's Content-Security-Policy allows no
style attribute, and the two themes share one drawing.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from trailscan.render.templates import read_file, template
from trailscan.window import in_zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from trailscan.table import Table

_CHARACTER = 6.5  # pixels of one in the font of a plot, about
_SWATCH = 14  # pixels of a colour in a legend, and the space after it
_GAP = 16  # pixels between two entries of a legend


class Box(NamedTuple):
    """A rectangle, in pixels.

    Attributes:
        look: class names of the style.
        title: the tooltip.
        picks: the rows that it stands for, as the page's program reads it; empty for none.
    """

    x: float
    y: float
    width: float
    height: float
    look: str
    title: str = ""
    picks: Mapping[str, object] = {}


class Label(NamedTuple):
    """A text whose baseline is at a point, in pixels.

    Attributes:
        anchor: start, middle or end: the part of the text that is at the point.
        angle: clockwise, in degrees.
        look: class names of the style.
        title: the tooltip.
    """

    x: float
    y: float
    text: str
    anchor: str = "start"
    angle: int = 0
    look: str = ""
    title: str = ""


class Drawing(NamedTuple):
    """A picture of some width and height, in pixels."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    labels: tuple[Label, ...]


class Chart(NamedTuple):
    """A plot, drawn for a wide and for a narrow page.

    Attributes:
        name: a class name of the style.
        title: what it shows.
        summary: the main thing that it shows, in words.
        legend: class names of the style, and what they stand for.
        wide: for a desktop.
        narrow: for a telephone.
    """

    name: str
    title: str
    summary: str
    legend: tuple[tuple[str, str], ...]
    wide: Drawing
    narrow: Drawing


def render_svg(chart: Chart) -> str:
    """The wide drawing as one SVG file with its title, legend and style."""
    from markupsafe import Markup  # noqa: PLC0415  # start-up

    boxes, labels, x = [], [], float(chart.wide.width)
    for look, name in reversed(chart.legend):
        x -= _SWATCH + _CHARACTER * len(name) + _GAP
        boxes.append(Box(x, -17, 10, 10, f"mark {look}"))
        labels.append(Label(x + _SWATCH, -8, name))
    style = Markup(read_file("theme.css") + read_file("plot.css"))  # noqa: S704  # the package's own
    return template("chart.svg").render(chart=chart, boxes=boxes, labels=labels, style=style)


def clock(when: datetime, tz: tzinfo) -> datetime:
    """The local time of an instant in a zone, without the zone."""
    return in_zone(when, tz).replace(tzinfo=None)


def event_clocks(table: Table) -> list[datetime]:
    """The event times of a report's rows, as local times of its zone."""
    whens = (row.get("event_time") for row in table.records())
    return [clock(when, table.tz) for when in whens if isinstance(when, datetime)]


def short_number(count: int) -> str:
    """A count in few characters: 950, 1.5k, 20k, 3M."""
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if count >= size:
            return f"{round(count / size, 1):g}{unit}"
    return str(count)
