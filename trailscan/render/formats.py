"""The formats of a report by name, and by the suffix of a file; and Parquet, which is Arrow's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.render.csv import render_csv
from trailscan.render.html import render_html
from trailscan.render.json import render_json, render_jsonl
from trailscan.render.markdown import render_markdown
from trailscan.render.slack import render_slack
from trailscan.render.tsv import render_tsv
from trailscan.render.xlsx import render_xlsx
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from trailscan.table import Table


def render_parquet(table: Table) -> bytes:
    """All columns by name: UTC instants, integers, booleans, lists, and texts as recorded.

    The metadata of the file name the report and its window of event time.
    """
    import pyarrow as pa  # noqa: PLC0415  # heavy
    import pyarrow.parquet as pq  # noqa: PLC0415  # heavy

    sink = pa.BufferOutputStream()
    bounds = {"since": table.window.start, "until": table.window.end}
    said = {f"trailscan.{name}": format_instant(when) for name, when in bounds.items() if when}
    rows = table.to_arrow().replace_schema_metadata({"trailscan.report": table.name, **said})
    pq.write_table(rows, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


FORMATS: Mapping[str, Callable[[Table], str | bytes]] = {
    "csv": render_csv,
    "tsv": render_tsv,
    "json": render_json,
    "jsonl": render_jsonl,
    "markdown": render_markdown,
    "html": render_html,
    "xlsx": render_xlsx,
    "parquet": render_parquet,
    "slack": render_slack,
}
"""Every format but the terminal's, which needs a width. In files, text is UTF-8."""

_SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
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
