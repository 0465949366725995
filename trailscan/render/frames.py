"""Frames of pandas that come from reports, as Jupyter shows them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trailscan.visible import visible

if TYPE_CHECKING:
    import pandas as pd

MARK = "trailscan"
"""The key in `attrs` of a frame that comes from a report; its value is the report's name."""

_CHARACTERS = 120
"""What a cell shows of a text: pandas cuts sentences after 50 characters."""

_STYLE = (
    ".trailscan-frame { overflow-x: auto; }"
    ".trailscan-frame table.dataframe { width: max-content; }"
    ".trailscan-frame table.dataframe th, .trailscan-frame table.dataframe td"
    " { text-align: left !important; vertical-align: top; max-width: 26em; white-space: normal;"
    " overflow-wrap: anywhere; }"
)
"""Left-aligned; no column is narrower than its text, and a long text has several lines."""


def mark_frame(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """A frame that Jupyter shows left-aligned, with times and names unbroken.

    Args:
        frame: the rows of a report.
        name: of the report.
    """
    frame.attrs[MARK] = name
    return frame


def frame_html(frame: pd.DataFrame) -> str | None:
    """A marked frame in HTML; any other as pandas shows it."""
    import pandas as pd  # noqa: PLC0415  # heavy

    if MARK not in frame.attrs:
        return _html(frame)
    most = pd.get_option("display.max_colwidth")
    with pd.option_context("display.max_colwidth", most and max(most, _CHARACTERS)):
        shown = _html(frame)
    if shown is None:
        return None
    seen = "\n".join(map(visible, shown.split("\n")))
    return f'<div class="trailscan-frame"><style>{_STYLE}</style>\n{seen}\n</div>'


def _html(frame: pd.DataFrame) -> str | None:
    """A frame as pandas shows it."""
    shown: str | None = frame._repr_html_()  # type: ignore[operator]  # Jupyter's
    return shown


def register_frames() -> None:
    """Have IPython show marked frames so, when this process runs IPython; it is not imported."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python is not None else None
    if shell is not None:
        formatter = shell.display_formatter.formatters["text/html"]
        formatter.for_type_by_name("pandas", "DataFrame", frame_html)
