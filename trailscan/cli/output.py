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

if TYPE_CHECKING:
    from trailscan.cli.options import Format, SummaryFormat
    from trailscan.ingest.summary import LoadSummary
    from trailscan.ingest.validation.summary import ValidationSummary
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

    if not quiet:
        for line in lines:
            typer.echo(visible(line), err=True)


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
        write_text(summary_text(summary), None)


def write_table(
    table: Table, form: Format | None, output: Path | None, *, quiet: bool, no_color: bool
) -> None:
    """A report in some format, on stdout or in a file that is whole or absent."""
    chosen = _form(form, output)
    if chosen == "table":
        answer: str | bytes = _as_table(table, to_file=output is not None, no_color=no_color)
    else:
        from trailscan.render.formats import FORMATS

        answer = FORMATS[chosen](table)
    if isinstance(answer, str):
        write_text(answer, output)
    elif output is not None:
        _write_file(answer, output)
    elif sys.stdout.isatty():
        raise typer.BadParameter(
            f"{chosen} is a binary format; use --output FILE", param_hint="--format"
        )
    else:
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    if chosen != "table" or output is not None:
        say(*table.remarks, quiet=quiet)


def _form(form: Format | None, output: Path | None) -> str:
    """The format, by its name or by the suffix of the file."""
    if form is not None or output is None:
        return form or "table"
    from trailscan.cli.options import usage
    from trailscan.render.formats import format_of

    with usage("--output"):
        return format_of(output)


def _as_table(table: Table, *, to_file: bool, no_color: bool) -> str:
    """A table as wide as the terminal; colored only there."""
    from trailscan.render.terminal import render_terminal

    terminal = sys.stdout.isatty() and not to_file
    width = shutil.get_terminal_size((_WIDTH_IN_FILES, 24)).columns
    wide = max(width, _NARROWEST) if terminal or "COLUMNS" in os.environ else _WIDTH_IN_FILES
    return render_terminal(table, width=wide, color=terminal and not no_color)


def write_text(text: str, output: Path | None) -> None:
    """Text on stdout or in a file that is whole or absent."""
    data = text if text.endswith("\n") or not text else f"{text}\n"
    if output is None:
        sys.stdout.write(data)
        sys.stdout.flush()
    else:
        _write_file(data.encode(), output)


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
