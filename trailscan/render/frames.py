"""Frames of pandas that come from reports, as Jupyter shows them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from trailscan.visible import visible

if TYPE_CHECKING:
    import pandas as pd

MARK = "trailscan"
"""The key in `attrs` of a frame that comes from a report; its value is the report's name."""

_STYLE = (
    ".trailscan-frame { overflow-x: auto; }"
    ".trailscan-frame table.dataframe th, .trailscan-frame table.dataframe td"
    " { text-align: left !important; white-space: nowrap; }"
)


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
    shown: str | None = frame._repr_html_()  # type: ignore[operator]  # Jupyter's
    if shown is None or MARK not in frame.attrs:
        return shown
    seen = "\n".join(map(visible, shown.split("\n")))
    return f'<div class="trailscan-frame"><style>{_STYLE}</style>\n{seen}\n</div>'


def register_frames() -> None:
    """Have IPython show marked frames so, when this process runs IPython; it is not imported."""
    python = sys.modules.get("IPython")
    shell = python.get_ipython() if python is not None else None
    if shell is not None:
        formatter = shell.display_formatter.formatters["text/html"]
        formatter.for_type_by_name("pandas", "DataFrame", frame_html)
