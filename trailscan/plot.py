"""Plots of a store: charts that Jupyter shows by itself, made with matplotlib."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from trailscan.api import Store, When

_COLOURS = {"succeeded": "#2a6f97", "failed": "#e09f3e", "denied": "#9e2a2b"}


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: `figure` is matplotlib's, to be changed or saved."""

    figure: Figure

    def _repr_png_(self) -> bytes:
        """The chart as Jupyter shows it."""
        picture = io.BytesIO()
        self.figure.savefig(picture, format="png", dpi=120)
        return picture.getvalue()


def activity(store: Store, since: When = None, until: When = None) -> Chart:
    """Changes a day, stacked by outcome; days are UTC.

    Raises:
        ValueError: a bound of the window cannot be read.
    """
    from matplotlib import dates  # noqa: PLC0415  # heavy
    from matplotlib.figure import Figure  # noqa: PLC0415  # heavy

    counts = _changes_a_day(store.changes(since, until))
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots()
    bottom = counts.sum(axis=1) * 0
    for outcome, colour in _COLOURS.items():
        axes.bar(counts.index, counts[outcome], bottom=bottom, color=colour, label=outcome)
        bottom = bottom + counts[outcome]
    axes.set(title="Changes to the organization", ylabel="changes a day (UTC)")
    axes.spines[["top", "right"]].set_visible(False)
    if len(counts):
        locator = dates.AutoDateLocator()
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        axes.legend(frameon=False, ncols=len(_COLOURS))
    else:
        axes.text(0.5, 0.5, "no changes", transform=axes.transAxes, ha="center")
    return Chart(figure)


def _changes_a_day(changes: pd.DataFrame) -> pd.DataFrame:
    """Numbers of changes, a row a day without holes, a column an outcome."""
    days = changes["event_time"].dt.tz_convert("UTC").dt.tz_localize(None).dt.floor("D")
    counts = changes.groupby([days, "outcome"]).size().unstack(fill_value=0)  # noqa: PD010  # these are sizes
    counts = counts.reindex(columns=list(_COLOURS), fill_value=0)
    return counts.asfreq("D", fill_value=0) if len(counts) else counts
