"""The plots of a report: activity over time, who by what, and the hours of the week.

A report whose rows are events, which says `event_time`, has those for which it has columns. All of
its rows are counted in each of them. Times are told in the report's zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.render.activity import activity
from trailscan.render.heatmaps import hours_of_the_week, who_by_what

if TYPE_CHECKING:
    from trailscan.render.drawing import Chart
    from trailscan.table import Table


def draw_charts(table: Table) -> tuple[Chart, ...]:
    """The plots that a report has columns for; none when it has no rows."""
    who = who_by_what(table)
    charts = (activity(table, beside=who is None), who, hours_of_the_week(table))
    return tuple(chart for chart in charts if chart)
