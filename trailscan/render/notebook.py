"""Reports and policies as Jupyter shows them: HTML without programs, every text escaped."""

from __future__ import annotations

import difflib
from dataclasses import replace
from datetime import UTC
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trailscan.numbers import counted
from trailscan.render.event import session_lines
from trailscan.render.page_data import cell_text
from trailscan.render.templates import read_file, template
from trailscan.render.tones import tone
from trailscan.visible import visible
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trailscan.reports.show import Shown, ShownRecord
    from trailscan.reports.status import Status
    from trailscan.table import Column, Evidence, Table

    Lines = list[tuple[str, str]]
    Facts = Sequence[tuple[str, str]]

ROWS_SHOWN = 100
"""How many rows Jupyter shows of a report."""

_RECORD_CHARACTERS = 6_000
_RECORDS_SHOWN = 3
_DIFFED_LINES = 2_000
_CONTEXT = 8
"""How many equal lines are shown before and after one that differs."""


class _Record(NamedTuple):
    """A record behind a row, as shown."""

    where: str
    said: str
    record: str


def table_html(table: Table, total: int | None = None, facts: Facts = ()) -> str:
    """A report: a table that scrolls, its evidence behind each row, and what it may lack.

    Args:
        table: its first rows.
        total: how many rows the report has; None for those of the table.
        facts: what stands above it, each with its label.
    """
    total = len(table.rows) if total is None else total
    shown = [place for place, column in enumerate(table.columns) if not column.detail]
    columns = [table.columns[place] for place in shown]
    more = total - len(table.rows)
    hidden = len(table.columns) - len(shown)
    notes = [
        *table.notes,
        *([f"{counted(more, 'more row')}: to_frame() has all"] if more > 0 else []),
        *([f"{counted(hidden, 'more column')}: to_frame() has all"] if hidden else []),
    ]
    evidence = table.evidence() if table.evidence and table.rows else ()
    return _page(
        title=f"{table.title or table.name}, {table.window.told_in(table.tz)}",
        incomplete=table.incomplete,
        facts=facts,
        columns=[{"title": visible(column.title), "kind": column.kind} for column in columns],
        rows=[list(_cells(columns, [row[place] for place in shown])) for row in table.rows],
        evidence=[list(_records(one)) for one in evidence],
        notes=notes,
    )


def text_html(title: str, texts: Sequence[Lines], notes: Sequence[str] = ()) -> str:
    """Texts with marked lines, such as what `difference` gives, under a title."""
    return _page(title=title, texts=[("", lines) for lines in texts], notes=notes)


def lines_html(title: str, lines: Sequence[str]) -> str:
    """Lines of text under a title."""
    return text_html(title, [[("same", visible(line)) for line in lines]])


def status_html(status: Status) -> str:
    """What a store holds: counts, what was asked for, completeness, and a row an account."""
    asked = [
        (f"Read from {one.uri}", "; ".join(window.told_in(UTC) for window in one.windows))
        for one in status.asked
    ]
    facts = [
        ("Events", f"{status.totals.kept:,}"),
        ("Log files", f"{status.totals.log_files:,}"),
        ("Open rejects", f"{len(status.rejects):,}"),
        *asked,
    ]
    table = replace(status.accounts, title=f"Store {status.place}", incomplete=status.incomplete)
    said = () if status.incomplete else ("complete: everything that was asked for was read",)
    return table_html(replace(table, notes=said), facts=facts)


def event_html(shown: Shown) -> str:
    """An event: what it did, before and after, the sessions behind it, its record and evidence."""
    return "\n".join(_event(shown, record) for record in shown.records)


def _event(shown: Shown, record: ShownRecord) -> str:
    """One record of an event."""
    change = record.change
    facts = [
        ("Log file", str(record.where)),
        ("Digests", record.attested),
        ("Recorded in", record.recipient_account_id),
    ]
    texts: list[tuple[str, Lines]] = []
    title = f"Event {shown.event_id}"
    if change is not None:
        title = f"{change.principal.display}: {change.description}"
        facts = [
            ("When", format_instant(change.event.event_time)),
            ("Action", f"{change.action}: {change.outcome}, {change.severity}"),
            ("Event", shown.event_id),
            ("Access", change.access_in_words or ""),
            ("Source IP", change.event.source_ip_address or ""),
            (
                "Error",
                " ".join(filter(None, (change.event.error_code, change.event.error_message))),
            ),
            *facts,
        ]
        if change.before is not None or change.after is not None:
            lines = difference(change.before, change.after)
            texts.append(("Before and after", near_changes(lines)))
        if sessions := _same(list(session_lines(change))[1:]):
            texts.append(("Sessions", sessions))
    texts.append(("Record", _same(laid_out(record.record).split("\n"))))
    return _page(title=title, facts=[fact for fact in facts if fact[1]], texts=texts)


def _same(lines: Sequence[str]) -> Lines:
    """Lines that are not compared with others, without empty ones."""
    return [("same", visible(line)) for line in lines if line]


def difference(before: str | None, after: str | None) -> Lines:
    """Two texts line by line, JSON laid out: what both have, what was removed, what was added.

    Returns:
        Pairs of `same`, `removed` or `added` and the line with its sign. Beyond 2,000 lines the
        texts stand one after the other.
    """
    old, new = _lines(before), _lines(after)
    if len(old) + len(new) > _DIFFED_LINES:
        return [*(("removed", f"- {one}") for one in old), *(("added", f"+ {one}") for one in new)]
    kinds = {"- ": "removed", "+ ": "added", "  ": "same"}
    compared = difflib.Differ(charjunk=None).compare(old, new)
    return [(kinds[line[:2]], line) for line in compared if line[:2] in kinds]


def near_changes(lines: Lines) -> Lines:
    """The lines that differ with those around them; what is left out is counted in its place."""
    changed = [place for place, (kind, _) in enumerate(lines) if kind != "same"]
    near = {one for place in changed for one in range(place - _CONTEXT, place + _CONTEXT + 1)}
    shown: Lines = []
    for kept, group in groupby(range(len(lines)), lambda place: not near or place in near):
        places = list(group)
        if kept:
            shown += [lines[place] for place in places]
        else:
            shown.append(("same", f"  … {counted(len(places), 'line')} in both"))
    return shown


def laid_out(text: str) -> str:
    """JSON with indentation; any other text as it is."""
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return text


def _lines(text: str | None) -> list[str]:
    """The lines of a text, visible."""
    return [visible(line) for line in laid_out(text or "").split("\n")] if text else []


def _cells(columns: Iterable[Column], row: Iterable[object]) -> Iterator[tuple[str, str]]:
    """The class and the text of each shown value of a row."""
    for column, value in zip(columns, row, strict=True):
        look = tone(column, value) or ""
        yield " ".join(filter(None, [column.kind, "wide" * column.wide, look])), cell_text(value)


def _records(evidence: Sequence[Evidence]) -> Iterator[_Record]:
    """The first records behind a row, with where they were read and what digests say."""
    for one in evidence[:_RECORDS_SHOWN]:
        said = f"record {one.record_index}; {one.attested or 'digests not checked'}"
        text = laid_out(one.record)
        if len(text) > _RECORD_CHARACTERS:
            text = f"{text[:_RECORD_CHARACTERS]}\n… store.record({one.event_id!r}) has all of it"
        shown = "\n".join(map(visible, text.split("\n")))
        yield _Record(visible(one.log_file), visible(said), shown)


def _page(
    title: str,
    *,
    incomplete: Sequence[str] = (),
    facts: Facts = (),
    columns: Sequence[object] = (),
    rows: Sequence[object] = (),
    evidence: Sequence[object] = (),
    texts: Sequence[tuple[str, Lines]] = (),
    notes: Sequence[str] = (),
) -> str:
    """The whole piece of HTML."""
    from markupsafe import Markup  # noqa: PLC0415  # start-up

    return template("notebook.html").render(
        style=Markup(read_file("notebook.css")),  # noqa: S704  # the package's own
        title=visible(title),
        incomplete=[visible(why) for why in incomplete],
        facts=[(visible(label), visible(value)) for label, value in facts],
        columns=columns,
        rows=rows,
        evidence=evidence,
        texts=texts,
        notes=[visible(note) for note in notes],
    )
