"""A report as Parquet: the exact values, typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.window import format_instant

if TYPE_CHECKING:
    from trailscan.table import Table


def render_parquet(table: Table) -> bytes:
    """All columns by name: UTC instants, integers, booleans, lists, and texts as recorded.

    The metadata of the file name the report and its window of event time.
    """
    import pyarrow as pa  # noqa: PLC0415  # heavy
    import pyarrow.parquet as pq  # noqa: PLC0415  # heavy

    sink = pa.BufferOutputStream()
    rows = table.to_arrow().replace_schema_metadata(_metadata(table))
    pq.write_table(rows, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _metadata(table: Table) -> dict[str, str]:
    """The name and the window of the report."""
    bounds = {"since": table.window.start, "until": table.window.end}
    said = {f"trailscan.{name}": format_instant(when) for name, when in bounds.items() if when}
    return {"trailscan.report": table.name, **said}
