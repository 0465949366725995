"""A document of several reports on one page: as HTML that runs no program, and as Markdown."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trailscan.render.html import column_style
from trailscan.render.markdown import code_lines, inline, table_lines
from trailscan.render.page_data import cell_text
from trailscan.render.templates import read_file, template
from trailscan.render.tones import tone
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.table import Table

MOST_ROWS = 1000
"""How many rows of a report a document shows; the files beside it have all."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document.

    Attributes:
        title: its heading.
        about: a sentence on what it shows; may be empty.
        table: its report; None for a part that only says something.
        facts: values with their names.
        text: of several lines, shown as it is.
    """

    title: str
    about: str = ""
    table: Table | None = None
    facts: tuple[tuple[str, str], ...] = ()
    text: str = ""

    @property
    def shown(self) -> Table | None:
        """The report without the rows that are too many."""
        table = self.table
        return None if table is None else replace(table, rows=table.rows[:MOST_ROWS])

    @property
    def remark(self) -> str:
        """What a reader should know below the rows."""
        if self.table is None:
            return ""
        more = len(self.table.rows) - MOST_ROWS
        if more > 0:
            return f"{more:,} more rows are in the files beside this page."
        return "" if self.table.rows else "None."


@dataclass(frozen=True, slots=True)
class Document:
    """Several reports with what they say together.

    Attributes:
        kind: what sort of document it is, in a word or two.
        title: its heading.
        asked: what it is about, in a line.
        verdict: the most important sentence.
        reasons: why the verdict is not a good one; empty if it is.
        facts: numbers with their names.
        sections: its parts.
    """

    kind: str
    title: str
    asked: str
    verdict: str
    reasons: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


def render_document_html(document: Document) -> str:
    """One self-contained page without any program; every text is escaped."""
    from markupsafe import Markup  # noqa: PLC0415  # start-up

    parts = list(_parts(document))
    columns = "".join(
        f"#{name}{{{column_style(section.table.columns)}}}"
        for name, section in parts
        if section.table
    )
    files = "".join(map(read_file, ("theme.css", "style.css", "document.css")))
    style = f"{files}{columns}"
    return template("document.html").render(
        policy=f"default-src 'none'; style-src {_hash(style)}; base-uri 'none'; form-action 'none'",
        style=Markup(style),  # noqa: S704  # the package's own, and escaped titles
        kind=visible(document.kind),
        title=visible(document.title),
        asked=visible(document.asked),
        verdict=visible(document.verdict),
        reasons=[visible(one) for one in document.reasons],
        facts=[(visible(name), visible(text)) for name, text in document.facts],
        sections=[_section(name, section) for name, section in parts],
    )


def _parts(document: Document) -> Iterator[tuple[str, Section]]:
    """The sections, each with the name that its element has."""
    for number, section in enumerate(document.sections, 1):
        yield f"part{number}", section


def _section(name: str, section: Section) -> dict[str, object]:
    """A section as the template takes it."""
    table = section.shown
    columns = table.columns if table else ()
    return {
        "name": name,
        "title": visible(section.title),
        "about": visible(section.about),
        "remark": visible(section.remark),
        "facts": [(visible(name), visible(text)) for name, text in section.facts],
        "lines": [visible(line) for line in section.text.split("\n")] if section.text else [],
        "titles": [visible(column.title) for column in columns if not column.detail],
        "rows": [
            [
                (cell_text(value), tone(column, value) or "", column.short)
                for column, value in zip(columns, row, strict=True)
                if not column.detail
            ]
            for row in (table.rows if table else ())
        ],
    }


def _hash(text: str) -> str:
    """A style as a Content-Security-Policy names it."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def render_document_markdown(document: Document) -> str:
    """The document for an issue or a wiki (GitHub's flavor)."""
    lines = [f"# {inline(document.title)}", "", inline(document.asked), ""]
    lines += [f"**{inline(document.verdict)}**", ""]
    lines += [f"- {inline(reason)}" for reason in document.reasons]
    lines += [""] if document.reasons else []
    lines += _fact_lines(document.facts)
    for section in document.sections:
        lines += ["", f"## {inline(section.title)}", ""]
        table = section.shown
        parts = [
            [inline(section.about)] if section.about else [],
            table_lines(table) if table and table.rows else [],
            _fact_lines(section.facts) if section.facts else [],
            code_lines(section.text) if section.text else [],
            [inline(section.remark)] if section.remark else [],
        ]
        lines += "\n\n".join("\n".join(part) for part in parts if part).split("\n")
    return "".join(f"{line}\n" for line in lines)


def _fact_lines(facts: Iterable[tuple[str, str]]) -> list[str]:
    """Values with their names as the lines of a table."""
    rows = [f"| {inline(name)} | {inline(text)} |" for name, text in facts]
    return ["| | |", "| --- | --- |", *rows]
