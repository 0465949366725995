"""Plots of a store that Jupyter shows by itself and that can be saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from trailscan.render import activity as drawn
from trailscan.render.drawing import Chart, Drawing, Label, render_svg

if TYPE_CHECKING:
    from trailscan.api import Store
    from trailscan.asked import When

_EMPTY = Drawing(1120, 60, (), (Label(560, 30, "No changes", "middle"),))


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot as one SVG document, in light or dark as the viewer prefers."""

    svg: str

    def _repr_svg_(self) -> str:
        """The plot as Jupyter shows it."""
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write the plot to a file, as SVG or as an HTML page.

        Args:
            path: a file whose suffix is `.svg` or `.html`.

        Raises:
            ValueError: it has another suffix.
        """
        path = Path(path)
        if path.suffix not in {".svg", ".html"}:
            raise ValueError(f"{path.name}: a plot is saved as .svg or .html")
        page = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n{self.svg}</html>\n'
        path.write_text(page if path.suffix == ".html" else self.svg, encoding="utf-8")


def activity(store: Store, since: When = None, until: When = None) -> Plot:
    """Changes over time in UTC, stacked by outcome: the plot that an HTML report begins with.

    Args:
        store: an open store.
        since: start of the time range (inclusive).
        until: end of the time range (exclusive).

    Raises:
        ValueError: a bound of the time range cannot be read.
    """
    chart = drawn.activity(store.report("changes", since, until))
    return Plot(render_svg(chart or Chart("activity", "Activity", "UTC", (), _EMPTY, _EMPTY)))
