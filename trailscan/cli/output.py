"""Output of commands: data on stdout or in a file, everything else on stderr."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from trailscan.cli.log import folded, is_json, log, write_lines
from trailscan.cli.pager import page

if TYPE_CHECKING:
    from trailscan.cli.look import Look
    from trailscan.cli.options import SummaryFormat
    from trailscan.ingest.summary import LoadSummary
    from trailscan.ingest.validation.summary import ValidationSummary
    from trailscan.render.terminal import Drawn
    from trailscan.reports.status import Status
    from trailscan.table import Table

_NARROWEST = 60
_WIDTH_IN_FILES = 160


def end(code: int) -> None:
    """End the command with an exit code, unless it is 0."""
    if code:
        raise typer.Exit(code)


def say(*lines: str, quiet: bool = False) -> None:
    """Print lines on stderr, with nothing in them that a terminal would obey."""
    from trailscan.visible import visible

    if quiet or not lines:
        return
    if is_json():
        log("warning", *lines)
    else:
        write_lines(*map(visible, lines))


def write_summary(
    summary: LoadSummary | ValidationSummary | Status, form: SummaryFormat, *, quiet: bool = False
) -> None:
    """A summary on stdout; `quiet` leaves out the text, which is for people."""
    from trailscan.render.json import render_object
    from trailscan.render.summary_json import summary_json
    from trailscan.render.summary_text import summary_text

    if form.value == "json":
        write_text(render_object(summary_json(summary)), None)
    elif not quiet:
        lines = summary_text(summary).splitlines()
        write_text("\n".join(folded(lines, sys.stdout)), None)


def write_table(table: Table, look: Look) -> None:
    """A report on standard output or in a file that is whole or absent, and its notes on stderr."""
    chosen = _form(look)
    shown = _selected(table, look)
    if chosen == "table":
        drawn = _draw(shown, look)
        answer: str | bytes = drawn.text
        left_out = drawn.remarks
    else:
        from trailscan.render.formats import FORMATS

        answer, left_out = FORMATS[chosen](shown), ()
    if isinstance(answer, str):
        write_text(answer, look.output, pager=look.pager)
    elif look.output is not None:
        _write_file(answer, look.output)
    elif sys.stdout.isatty():
        raise typer.BadParameter(
            f"{chosen} is a binary format; use --output FILE", param_hint="--format"
        )
    else:
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    say(*shown.remarks, *left_out, quiet=look.quiet)


def _form(look: Look) -> str:
    """The format: a table on a terminal or as it is to be laid out, else tab-separated lines."""
    from trailscan.cli.options import usage

    with usage("--output"):
        form = look.form
    return form or ("table" if sys.stdout.isatty() or look.layout != "auto" else "tsv")


def _selected(table: Table, look: Look) -> Table:
    """The columns and rows to show; a column that there is not is a usage error."""
    from trailscan.cli.options import usage
    from trailscan.render.select import limit_rows, select_columns, sort_rows

    if look.sort is not None:
        with usage("--sort"):
            table = sort_rows(table, look.sort)
    if look.limit is not None:
        table = limit_rows(table, look.limit)
    if look.columns:
        with usage("--columns"):
            table = select_columns(table, look.columns)
    return table


def _draw(table: Table, look: Look) -> Drawn:
    """A table as wide as the terminal."""
    from trailscan.render.terminal import render_terminal

    terminal = sys.stdout.isatty() and look.output is None
    color = look.colored(terminal=terminal)
    return render_terminal(table, width=width_of(look.output), color=color, layout=look.layout)


def width_of(output: Path | None) -> int:
    """The width of the lines of a terminal or of COLUMNS, or else of a file."""
    return terminal_width(output) or _WIDTH_IN_FILES


def terminal_width(output: Path | None) -> int | None:
    """The width of the lines of a terminal or of COLUMNS; None if there is neither."""
    if not (sys.stdout.isatty() and output is None) and "COLUMNS" not in os.environ:
        return None
    return max(shutil.get_terminal_size((_WIDTH_IN_FILES, 24)).columns, _NARROWEST)


def write_text(text: str, output: Path | None, *, pager: bool = False) -> None:
    """Text on standard output or in a file that is whole or absent.

    Args:
        text: what to write; a line end is added if it has none.
        output: the file; None for standard output.
        pager: show a long text on a terminal in the pager.
    """
    data = text if text.endswith("\n") or not text else f"{text}\n"
    if output is not None:
        _write_file(data.encode(), output)
    elif not (pager and sys.stdout.isatty() and page(data)):
        sys.stdout.write(data)
        sys.stdout.flush()


def _write_file(data: bytes, output: Path) -> None:
    """Write a file that is whole or absent.

    It may hold evidence, so only its owner may read it, as far as the umask allows; a file that is
    replaced keeps its mode.
    """
    staged = None
    try:
        mode = stat.S_IMODE(output.stat().st_mode) if output.is_file() else None
        with tempfile.NamedTemporaryFile(dir=output.parent, delete=False) as file:
            staged = Path(file.name)
            file.write(data)
        if mode is not None:
            staged.chmod(mode)
        staged.replace(output)
    except OSError as error:
        from trailscan.errors import TrailscanError

        if staged is not None:
            staged.unlink(missing_ok=True)
        raise TrailscanError(f"{output} could not be written: {error.strerror}") from None
