"""The formats of a report by name, and by the suffix of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.render.csv import render_csv
from trailscan.render.html import render_html
from trailscan.render.json import render_json, render_jsonl
from trailscan.render.markdown import render_markdown
from trailscan.render.parquet import render_parquet
from trailscan.render.xlsx import render_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from trailscan.table import Table

FORMATS: Mapping[str, Callable[[Table], str | bytes]] = {
    "csv": render_csv,
    "json": render_json,
    "jsonl": render_jsonl,
    "markdown": render_markdown,
    "html": render_html,
    "xlsx": render_xlsx,
    "parquet": render_parquet,
}
"""Every format but the terminal's, which needs a width. In files, text is UTF-8."""

_SUFFIXES = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
    ".txt": "table",
}


def format_of(path: Path) -> str:
    """The format that the suffix of a file means.

    Raises:
        ValueError: the suffix is unknown.
    """
    try:
        return _SUFFIXES[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_SUFFIXES)
        raise ValueError(f"{path.name} has none of the suffixes {known}; or use --format") from None
