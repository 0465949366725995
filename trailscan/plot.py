"""Interactive charts of a store that Jupyter shows by itself and that can be saved.

    import trailscan as ts

    store = ts.demo()
    ts.plot.activity(store, since="2026-01-01").save("activity.html")

They need the extra `notebook`; without it, `activity` still draws a picture.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailscan.errors import TrailscanError
from trailscan.render import activity as drawn
from trailscan.render.drawing import Chart, Drawing, Label, render_svg
from trailscan.window import format_instant

if TYPE_CHECKING:
    from types import ModuleType

    from trailscan.api import Store
    from trailscan.reports.show import Shown
    from trailscan.window import When

__all__ = [
    "Picture",
    "Plot",
    "accounts",
    "activity",
    "hours",
    "policies",
    "sessions",
    "who_by_what",
]

_EMPTY = Drawing(1120, 60, (), (Label(560, 30, "No changes", "middle"),))
_LIBRARIES = {"altair", "vl_convert"}
_VEGA_LITE = "5.21"
"""The version that draws: JupyterLab 4 has version 5 built in, and asks the network for newer."""

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
_VEGA_LITE_TYPE = "application/vnd.vegalite.v5+json"
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<div id="chart"></div>
<script>{scripts}</script>
<script>vegaEmbed("#chart", {spec}, {{mode: "vega-lite", actions: false}})</script>
</html>
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A plot as one SVG document, in light or dark as the viewer prefers."""

    svg: str

    def _repr_svg_(self) -> str:
        """The plot as Jupyter shows it."""
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the plot to a file, as SVG or as an HTML page.

        Args:
            path: a file whose suffix is `.svg` or `.html`.

        Returns:
            The path of the file.

        Raises:
            ValueError: it has another suffix.
        """
        path = Path(path)
        if path.suffix not in {".svg", ".html"}:
            raise ValueError(f"{path.name}: a plot is saved as .svg or .html")
        page = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n{self.svg}</html>\n'
        path.write_text(page if path.suffix == ".html" else self.svg, encoding="utf-8")
        return path


@dataclass(frozen=True, slots=True)
class Plot:
    """An interactive chart: Jupyter shows it without a network, GitHub shows a picture of it.

    Attributes:
        name: what it shows.
        chart: the chart of altair, to be changed further.
    """

    name: str
    chart: Any = field(repr=False)

    @property
    def spec(self) -> dict[str, Any]:
        """The chart in Vega-Lite 5."""
        return {**self.chart.to_dict(), "$schema": _SCHEMA}

    @property
    def svg(self) -> str:
        """The chart as an SVG document."""
        text: str = _converter().vegalite_to_svg(self.spec, vl_version=_VEGA_LITE)
        return text

    def png(self, scale: float = 2) -> bytes:
        """The chart as a PNG picture.

        Args:
            scale: how many pixels of the picture make one of the chart.
        """
        how = {"vl_version": _VEGA_LITE, "scale": scale}
        data: bytes = _converter().vegalite_to_png(self.spec, **how)
        return data

    @property
    def html(self) -> str:
        """The chart as a page that carries its programs: it is interactive without a network."""
        spec = json.dumps(self.spec).replace("<", "\\u003c")  # no text can end the script
        scripts = _converter().javascript_bundle(vl_version=_VEGA_LITE)
        return _PAGE.format(title=self.name, scripts=scripts, spec=spec)

    def save(self, path: str | Path) -> Path:
        """Write the chart to a file; an HTML page stays interactive.

        Args:
            path: a file whose suffix is `.svg`, `.png` or `.html`.

        Returns:
            The path of the file.

        Raises:
            ValueError: it has another suffix.
        """
        path = Path(path)
        match path.suffix:
            case ".svg":
                path.write_text(self.svg, encoding="utf-8")
            case ".png":
                path.write_bytes(self.png())
            case ".html":
                path.write_text(self.html, encoding="utf-8")
            case _:
                raise ValueError(f"{path.name}: a chart is saved as .svg, .png or .html")
        return path

    def _repr_mimebundle_(self, **_kinds: object) -> dict[str, Any]:
        """The chart for JupyterLab, and a picture for whoever shows no Vega-Lite, as GitHub."""
        return {_VEGA_LITE_TYPE: self.spec, "image/png": self.png(1), "text/plain": repr(self)}


def activity(store: Store, since: When = None, until: When = None) -> Plot | Picture:
    """Changes over time by outcome, with who and what below.

    Drag over the time to filter who and what; click a name or an outcome to choose it. Without
    the extra `notebook` it is a picture: the one that an HTML report begins with.

    Args:
        store: an open store.
        since: start of the time range (inclusive).
        until: end of the time range (exclusive).

    Raises:
        ValueError: a bound of the time range cannot be read.
    """
    table = store.report("changes", since, until)
    try:
        return Plot("activity", _charts().activity(table))
    except TrailscanError:
        chart = drawn.activity(table)
        return Picture(
            render_svg(chart or Chart("activity", "Activity", "UTC", (), _EMPTY, _EMPTY))
        )


def who_by_what(store: Store, since: When = None, until: When = None) -> Plot:
    """How often each principal called each operation, as a matrix.

    Args:
        store: an open store.
        since: start of the time range (inclusive).
        until: end of the time range (exclusive).

    Raises:
        ValueError: a bound of the time range cannot be read.
        TrailscanError: altair is not installed.
    """
    return Plot("who_by_what", _charts().who_by_what(store.report("changes", since, until)))


def hours(store: Store, since: When = None, until: When = None) -> Plot:
    """In which hours of which weekdays changes are made, in UTC.

    Args:
        store: an open store.
        since: start of the time range (inclusive).
        until: end of the time range (exclusive).

    Raises:
        ValueError: a bound of the time range cannot be read.
        TrailscanError: altair is not installed.
    """
    return Plot("hours", _charts().hours(store.report("changes", since, until)))


def accounts(store: Store, since: When = None, until: When = None) -> Plot:
    """A line for the life of each account with a change in the time range, with its steps.

    Args:
        store: an open store.
        since: start of the time range (inclusive).
        until: end of the time range (exclusive).

    Raises:
        ValueError: a bound of the time range cannot be read.
        TrailscanError: altair is not installed.
    """
    table = store.report("accounts", since, until)
    times = [when for row in table.records() if isinstance(when := row["last"], datetime)]
    return Plot(
        "accounts", _charts().accounts(table, table.window.end or max(times, default=_EPOCH))
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def policies(store: Store, since: When = None, until: When = None) -> Plot:
    """The steps of each policy over time, coloured by what accounts may do afterwards.

    Args:
        store: an open store.
        since: start of the time range (inclusive).
        until: end of the time range (exclusive).

    Raises:
        ValueError: a bound of the time range cannot be read.
        TrailscanError: altair is not installed.
    """
    return Plot("policies", _charts().policies(store.report("policies", since, until)))


def sessions(store: Store, event_id: str) -> Plot:
    """The chain of sessions behind a call: who opened each, with the record that says so.

    Args:
        store: an open store.
        event_id: of the call, or the beginning of it.

    Raises:
        NotFoundError: no event id has this beginning.
        TrailscanError: several have, or altair is not installed.
    """
    call, hops = _chain(store.show(event_id))
    return Plot("sessions", _charts().sessions(call, hops))


def _chain(shown: Shown) -> tuple[dict[str, object], tuple[dict[str, object], ...]]:
    """A call and the records that issued its credentials, as `trailscan.table.CHAIN` names them.

    Raises:
        TrailscanError: it is no event of a service that trailscan describes.
    """
    record = shown.records[0]
    change = record.change
    if change is None:
        raise TrailscanError(
            f"event {shown.event_id} has no chain of sessions", "give an event of AWS Organizations"
        )
    call: dict[str, object] = {
        "name": f"{change.action} by {change.principal.name}",
        "kind": change.principal.kind,
        "arn": change.event.user_identity.arn,
        "event_id": shown.event_id,
        "event_time": format_instant(change.event.event_time),
        "source": str(record.where),
    }
    return call, tuple(dict(hop) for hop in change.chain.evidence)


def _charts() -> ModuleType:
    """The charts.

    Raises:
        TrailscanError: altair is not installed.
    """
    return _extra("trailscan.render.charts")


def _converter() -> ModuleType:
    """What draws charts outside of a browser.

    Raises:
        TrailscanError: vl-convert is not installed.
    """
    return _extra("vl_convert")


def _extra(name: str) -> ModuleType:
    """A module that needs the extra `notebook`.

    Raises:
        TrailscanError: the extra is not installed.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in _LIBRARIES:
            raise
        raise TrailscanError(
            f"charts need {error.name}, which is not installed",
            "install it with `pip install 'trailscan[notebook]'`",
        ) from None


def __dir__() -> list[str]:
    """The charts and what they are: what completion offers."""
    return list(__all__)
