"""A matplotlib figure as plain shapes, which a page can write under its own style and escaping.

matplotlib lays out axes, ticks and bars; its SVG brings style attributes, fonts and colours of its
own, which a page with a strict Content-Security-Policy and two themes can not use. So only places
and paths are taken from it. What a shape means, and any text from a log, is named by the `gid` of
the artist and added afterwards: no hostile text comes near matplotlib's markup or mathematics.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from trailscan.table import in_zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    from trailscan.table import Table

FONT_SIZE = 11
"""In pixels of the page; a figure has 72 of them an inch."""

_SVG = "{http://www.w3.org/2000/svg}"
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_NUMBER = re.compile(r"-?\d+\.\d+")
_ANCHOR = re.compile(r"text-anchor: (\w+)")
_ANGLE = re.compile(r"rotate\((-?[\d.]+)")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an artist stands for.

    Attributes:
        look: class names of the page's style.
        title: what a pointer that rests on it is told.
        picks: what rows it stands for, as the page's program reads it.
        text: what a label says.
    """

    look: str = ""
    title: str = ""
    picks: dict[str, object] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """A closed or open line, and what it means."""

    path: str
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Label:
    """A text at a place: `anchor` is start, middle or end; `angle` in degrees, or none."""

    x: str
    y: str
    anchor: str
    angle: str
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as shapes, in pixels."""

    width: int
    height: int
    shapes: tuple[Shape, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A plot, drawn for a wide and for a narrow page.

    Attributes:
        name: for the page's style.
        title: what it shows.
        summary: the main thing that it shows, in words.
        legend: class names of the page's style, and what they stand for.
        wide: for a desktop.
        narrow: for a telephone.
    """

    name: str
    title: str
    summary: str
    legend: tuple[tuple[str, str], ...]
    wide: Drawing
    narrow: Drawing


def clock(when: datetime, tz: tzinfo) -> datetime:
    """What the clocks of a zone show at an instant, without the zone."""
    return in_zone(when, tz).replace(tzinfo=None)


def event_clocks(table: Table) -> list[datetime]:
    """When the events of a report's rows happened, on the clocks of its zone."""
    whens = (row.get("event_time") for row in table.records())
    return [clock(when, table.tz) for when in whens if isinstance(when, datetime)]


class Sheet:
    """A figure to draw on, and what its artists mean.

    Args:
        width: in pixels.
        height: in pixels.
        left: where the axes begin, in pixels; likewise `right`, `top` and `bottom`.
    """

    def __init__(
        self, width: int, height: int, *, left: int, right: int, top: int, bottom: int
    ) -> None:
        from matplotlib.figure import Figure  # noqa: PLC0415  # heavy

        self.width, self.height = width, height
        self.figure: Figure = Figure(figsize=(width / 72, height / 72), dpi=72)
        inside = (width - left - right, height - top - bottom)
        self.axes = self.figure.add_axes(
            (left / width, bottom / height, inside[0] / width, inside[1] / height)
        )
        self.axes.spines[:].set_visible(False)
        self.axes.tick_params(length=0, labelsize=FONT_SIZE)
        self.axes.set_axisbelow(True)
        self.figure.patch.set_visible(False)
        self.axes.patch.set_visible(False)
        self._meanings: dict[str, Meaning] = {}

    def mean(self, artist: Artist, meaning: Meaning) -> None:
        """Say what an artist stands for."""
        gid = f"meaning-{len(self._meanings)}"
        artist.set_gid(gid)
        self._meanings[gid] = meaning

    def draw(self) -> Drawing:
        """The figure as shapes."""
        from matplotlib import rc_context  # noqa: PLC0415  # heavy

        out = io.BytesIO()
        with rc_context({"svg.fonttype": "none", "svg.hashsalt": "trailscan"}):
            self.figure.savefig(out, format="svg", metadata=_NO_METADATA)
        root = ET.fromstring(out.getvalue())  # noqa: S314  # matplotlib's own output
        shapes: list[Shape] = []
        labels: list[Label] = []
        for element, meaning in self._elements(root, Meaning("line")):
            if element.tag == f"{_SVG}path":
                shapes.append(Shape(_rounded(element.attrib["d"]), meaning))
            else:
                labels.append(_label(element, meaning))
        return Drawing(self.width, self.height, tuple(shapes), tuple(labels))

    def _elements(
        self, inside: ET.Element, meaning: Meaning
    ) -> Iterator[tuple[ET.Element, Meaning]]:
        """The paths and texts of an element, each with the innermost meaning around it."""
        for element in inside:
            if element.tag == f"{_SVG}defs":
                continue
            found = self._meanings.get(element.attrib.get("id", ""), meaning)
            if element.tag in {f"{_SVG}path", f"{_SVG}text"}:
                yield element, found
            yield from self._elements(element, found)


def _label(element: ET.Element, meaning: Meaning) -> Label:
    """A text of matplotlib's SVG, or what it stands for."""
    anchor = _ANCHOR.search(element.attrib.get("style", ""))
    angle = _ANGLE.search(element.attrib.get("transform", ""))
    turned = angle[1] if angle and float(angle[1]) else ""
    text = meaning.text or (element.text or "").replace("\N{MINUS SIGN}", "-")
    return Label(
        _rounded(element.attrib["x"]),
        _rounded(element.attrib["y"]),
        anchor[1] if anchor else "start",
        turned,
        Meaning(meaning.look, meaning.title, meaning.picks, text),
    )


def _rounded(numbers: str) -> str:
    """Coordinates to a tenth of a pixel, without line ends."""
    rounded = _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), numbers)
    return " ".join(rounded.split()).replace(" L ", "L").replace("M ", "M").replace(" z", "z")
