"""How a command shows a report: its form, columns and rows, where it goes, colors and pager."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from trailscan.cli.parameters import parameter

Format = Literal[
    "table", "csv", "tsv", "json", "jsonl", "markdown", "html", "xlsx", "parquet", "slack"
]
"""The formats of a report."""

Layout = Literal["auto", "table", "record"]
Color = Literal["auto", "always", "never"]

_PANEL = "Output"


@dataclass(frozen=True, slots=True)
class Look:
    """How to show a report.

    Attributes:
        format: None: a table on a terminal, tab-separated lines in a pipe.
        output: the file to write; None for standard output.
        columns: the names of those to show; empty for the report's own choice.
        sort: the name of a column, with `:desc` behind it for the reverse order.
        limit: how many rows to show.
        layout: of a table.
        color: `auto`: on a terminal, unless NO_COLOR is set.
        pager: whether a terminal shows a long answer in a pager.
        quiet: leave out the notes.
    """

    format: Format | None = None
    output: Path | None = None
    columns: tuple[str, ...] = ()
    sort: str | None = None
    limit: int | None = None
    layout: Layout = "auto"
    color: Color = "auto"
    pager: bool = True
    quiet: bool = False

    @property
    def form(self) -> str | None:
        """The format, by its name or by the suffix of the file; None if neither says.

        Raises:
            ValueError: the suffix is unknown.
        """
        if self.format is not None or self.output is None:
            return self.format
        from trailscan.render.formats import format_of

        return format_of(self.output)

    def colored(self, *, terminal: bool) -> bool:
        """Whether to use colors on a terminal, or somewhere else."""
        if self.color == "auto":
            plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
            return terminal and not plain
        return self.color == "always"


def _option(kind: Any, *names: str, **more: Any) -> Any:
    """The type of an option of output."""
    return Annotated[kind, typer.Option(*names, rich_help_panel=_PANEL, **more)]


LOOK = (
    parameter(
        "format",
        _option(
            Format | None,
            "--format",
            metavar="FORMAT",
            help="table, csv, tsv, json, jsonl, markdown, html, xlsx, parquet or slack.",
            show_default="table on a terminal, tsv in a pipe",
        ),
    ),
    parameter(
        "output",
        _option(
            Path | None,
            "--output",
            "-o",
            metavar="FILE",
            help="Write to this file; its suffix chooses the format.",
        ),
    ),
    parameter(
        "columns",
        _option(
            list[str] | None,
            "--columns",
            metavar="NAME,…",
            help="Show these columns, in this order; --format json lists their names.",
        ),
    ),
    parameter(
        "sort",
        _option(
            str | None,
            "--sort",
            metavar="COLUMN",
            help="Sort by this column; COLUMN:desc reverses the order.",
        ),
    ),
    parameter(
        "limit",
        _option(int | None, "--limit", min=0, metavar="N", help="Show the first N rows."),
    ),
    parameter(
        "layout",
        _option(
            Layout,
            "--layout",
            metavar="LAYOUT",
            help="table; record: one block a row; auto: a table if its main columns fit.",
        ),
        "auto",
    ),
    parameter(
        "color",
        _option(
            Color,
            "--color",
            metavar="WHEN",
            help="always, never, or auto: on a terminal, unless NO_COLOR is set.",
        ),
        "auto",
    ),
    parameter("no_color", _option(bool, "--no-color", help="As --color never."), default=False),
    parameter(
        "no_pager",
        _option(bool, "--no-pager", help="Do not use a pager (PAGER, or less) for long answers."),
        default=False,
    ),
    parameter(
        "quiet", _option(bool, "--quiet", "-q", help="Print only the result."), default=False
    ),
)
"""The options of output, by their names in `Look` or what these are made of."""


def to_look(given: dict[str, Any]) -> Look:
    """How to show a report, from options that are taken out of all that were given."""
    found = {one.name: given.pop(one.name) for one in LOOK}
    names = [name.strip() for text in found["columns"] or () for name in text.split(",")]
    found["columns"] = tuple(filter(None, names))
    found["pager"] = not found.pop("no_pager")
    if found.pop("no_color") and found["color"] == "auto":
        found["color"] = "never"
    return Look(**found)
