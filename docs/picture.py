"""The picture in the README: a report on the sample logs, as a terminal shows it.

`python docs/write.py` writes it as docs/changes.svg. It uses the fonts of whoever looks at it, so
showing it fetches nothing.
"""

from __future__ import annotations

import io
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME
from rich.text import Text

from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.terminal import render_terminal
from trailscan.reports.changes import changes_report
from trailscan.reports.filter import ChangeFilter
from trailscan.store.reader import StoreReader
from trailscan.window import Window

ROOT = Path(__file__).parent.parent
PICTURE = Path(__file__).parent / "changes.svg"
COMMAND = "trailscan report changes --since 2026-10-16 --until 2026-10-18 --category policy"
WIDTH = 120
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_REMOTE_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def report(*, color: bool) -> str:
    """What the command prints about a store of the sample logs."""
    with tempfile.TemporaryDirectory() as folder:
        now = datetime(2026, 11, 23, tzinfo=UTC)
        run_load([str(ROOT / "sample_logs" / "AWSLogs")], folder, LoadOptions(), now)
        window = Window(datetime(2026, 10, 16, tzinfo=UTC), datetime(2026, 10, 18, tzinfo=UTC))
        reader = StoreReader(open_bucket(folder, AwsOptions()), "trailscan-store")
        table = changes_report(reader, ChangeFilter(window=window, category=("policy",)))
        drawn = render_terminal(table, width=WIDTH, color=color)
        return drawn.text + "\n".join([*table.remarks, *drawn.remarks])


def draw() -> str:
    """The picture as SVG, the same bytes for the same report."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text(f"$ {COMMAND}\n", style="bold"))
    console.print(Text.from_ansi(report(color=True)))
    svg = console.export_svg(title="trailscan", theme=SVG_EXPORT_THEME, unique_id="changes")
    plain = _REMOTE_FONTS.sub("", svg).replace("Fira Code, monospace", FONTS)
    return "\n".join(line.rstrip() for line in plain.splitlines()) + "\n"
