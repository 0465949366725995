"""One event in full as text for a terminal, with every control character made visible."""

from __future__ import annotations

import sys
import textwrap
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

import msgspec

from trailscan.numbers import counted
from trailscan.render.chain import chain_lines
from trailscan.render.document import Document, Section
from trailscan.render.fold import hang
from trailscan.render.terminal import render_terminal
from trailscan.reports.principals import naming
from trailscan.table import shown_text
from trailscan.visible import visible
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.organizations.changes import Change
    from trailscan.reports.show import Shown, ShownRecord
    from trailscan.sessions.credential import Credential
    from trailscan.table import Table

_NEAREST = 40
"""How many events around it the text shows; JSON has all."""
_LABEL = 22
_WIDTH = 160
"""The width of tables and findings without a terminal."""


def render_event(shown: Shown, tz: tzinfo = UTC, width: int | None = None) -> str:
    """The event in words, who made it, what else they did, its record and its evidence.

    Args:
        shown: the event.
        tz: the zone of times.
        width: of the terminal; None without one, where a value stays on its line. Records are never
            folded.
    """
    lines: list[str] = []
    prose, width = width or sys.maxsize, width or _WIDTH
    for place, record in enumerate(shown.records, 1):
        if len(shown.records) > 1:
            lines.append(f"Record {place} of {len(shown.records)} with the id {shown.event_id}")
        lines += [
            f"Event {shown.event_id}",
            *(line for said in _words(record, tz) for line in _filled(said, prose, indent=0)),
            "",
            *_part("Who", _who(record, tz), prose),
        ]
        if place == 1:
            lines += [*_findings(shown, tz, width), *_around(shown, tz, width)]
        for title, text in _texts(record):
            lines += [title, *_indented(text), ""]
        lines += _part("Evidence", _evidence(shown, record, tz), prose)
    return "".join(f"{visible(line)}".rstrip() + "\n" for line in lines)


def event_document(shown: Shown, tz: tzinfo = UTC) -> Document:
    """The event as a page or a Markdown text."""
    first = shown.records[0]
    when, said, *more = _words(first, tz)
    reasons = (f"{counted(len(shown.records), 'record')} have this ID and differ",)
    sections = [
        Section("Findings that name it", table=shown.findings.in_zone(tz)),
        Section("Around it", " ".join(shown.around.remarks), shown.around.in_zone(tz)),
    ]
    for place, record in enumerate(shown.records, 1):
        of = f" of record {place}" if len(shown.records) > 1 else ""
        if place > 1:
            about = " ".join(_words(record, tz))
            sections.append(Section(f"Who{of}", about, facts=tuple(_who(record, tz))))
        sections += [
            Section(f"{title}{of}", text=_laid_out(text)) for title, text in _texts(record)
        ]
        sections.append(Section(f"Evidence{of}", facts=tuple(_evidence(shown, record, tz))))
    return Document(
        kind="event",
        title=f"Event {shown.event_id}",
        asked=" ".join([when, *more]),
        verdict=said,
        reasons=reasons if len(shown.records) > 1 else (),
        facts=tuple(_who(first, tz)),
        sections=tuple(sections),
    )


def _words(record: ShownRecord, tz: tzinfo) -> list[str]:
    """When it was and how it ended, and what the event did."""
    told = record.change
    change = told or record.event
    when = format_instant(change.event.event_time, tz)
    grade = f", {change.severity}" if told else f" ({change.event.event_source})"
    said = [
        f"{when}  {change.action}  {change.outcome}{grade}",
        f"{change.principal.display}: {change.description}",
    ]
    if told is None:
        said.append("Not an event of AWS Organizations: trailscan has no description of it.")
    if record.told_with:
        said.append(f"Shown together with event {record.told_with}.")
    return said


def _findings(shown: Shown, tz: tzinfo, width: int) -> Iterator[str]:
    """The findings that name it, and whether what it did was undone."""
    yield "Findings"
    for row in shown.findings.in_zone(tz).records():
        what = visible(f"{row['rule']}: {row['what']}")
        yield from hang(f"  {row['severity']}  ", what, width, 2)
        yield from _filled(f"{row['why']}", width, indent=6)
        if row["undone_at"]:
            undone = f"undone {shown_text(row['undone_at'])} by event {row['undone_by']}"
            open_for = shown_text(row["open_for"])
            yield from _filled(f"{undone}, open for {open_for}", width, indent=6)
    if not shown.findings.rows:
        yield "  none names this event"
    yield ""


def _filled(text: str, width: int, indent: int = 2) -> list[str]:
    """A text folded at its spaces, with spaces before each line."""
    return hang(" " * indent, visible(text), width, indent)


def _around(shown: Shown, tz: tzinfo, width: int) -> Iterator[str]:
    """What the same principal, key and address did around it: those nearest to it."""
    table = shown.around.in_zone(tz)
    yield "Around it"
    near = _nearest(table, shown.records[0].event.event.event_time)
    drawn = render_terminal(near, width=max(width - 2, 60), color=False)
    yield from (f"  {line}" for line in drawn.text.split("\n") if line)
    more = len(table.rows) - len(near.rows)
    left_out = f"; the {len(near.rows)} nearest are shown" if more else ""
    yield from _filled(f"{table.notes[0]}{left_out}", width)
    for why in table.incomplete:
        yield from _filled(f"incomplete: {why}", width)
    yield ""


def _nearest(table: Table, when: datetime) -> Table:
    """The rows nearest to a time, in their order."""

    def distance(place: int) -> float:
        at = table.rows[place][0]
        return abs((at - when).total_seconds()) if isinstance(at, datetime) else 0.0

    places = sorted(range(len(table.rows)), key=distance)[:_NEAREST]
    return replace(table, rows=tuple(table.rows[place] for place in sorted(places)))


def _texts(record: ShownRecord) -> Iterator[tuple[str, str]]:
    """The sessions behind the call, before and after, and the record, each with its title."""
    change = record.change
    sessions = list(session_lines(change))[1:-1] if change else []
    if sessions:
        yield "Sessions", "\n".join(line.removeprefix("  ") for line in sessions)
    if change and change.before is not None:
        yield "Before", change.before
    if change and change.after is not None:
        yield "After", change.after
    yield "As recorded", record.record


def _part(title: str, facts: Iterable[tuple[str, str]], width: int) -> Iterator[str]:
    """A title, labels and values, and an empty line."""
    yield title
    for label, value in facts:
        yield from hang(f"  {label:<{_LABEL}} ", visible(value), width, _LABEL + 3)
    yield ""


def _facts(*facts: tuple[str, str | None]) -> Iterator[tuple[str, str]]:
    """Labels and values, those without a value left out."""
    return ((label, value) for label, value in facts if value is not None)


def _who(record: ShownRecord, tz: tzinfo) -> Iterator[tuple[str, str]]:
    """Who made the call, how certain that is, and with what credential."""
    change, use = record.change or record.event, record.use
    credential = use.credential
    who, event = change.principal, change.event
    named = naming(who.rule)
    sure = "certain" if who.certain else "not certain"
    first = format_instant(use.first, tz) if use.first else None
    since = format_instant(credential.since, tz) if credential.since else None
    return _facts(
        ("name", f"{who.name}  ({sure}; named by {named.by}: {named.means})"),
        ("kind", who.kind),
        ("role", who.role),
        ("session", who.session),
        ("permission set", who.permission_set),
        ("through", who.service),
        ("account", who.account_id),
        ("ARN", who.arn),
        ("credential", credential.in_words),
        ("MFA", _mfa(change, credential)),
        ("session since", since),
        ("this key", first and f"{counted(use.events, 'event')} in the store, the first {first}"),
        ("source IP", event.source_ip_address),
        ("client", f"{change.client}  ({event.user_agent})" if event.user_agent else change.client),
        ("error", event.error_code),
        ("error message", event.error_message),
        ("refused by", record.refusal and record.refusal.in_words),
        ("related events", " ".join(change.related_event_ids) or None),
    )


def _mfa(change: Change, credential: Credential) -> str | None:
    """Whether MFA was used; at the beginning of a chain of sessions if not by the last one."""
    if credential.kind in {"aws_service", "not_recorded"}:
        return None
    said = credential.mfa_in_words
    behind = change.chain.with_mfa and not credential.mfa
    return f"{said}; at the beginning of the chain of sessions: yes" if behind else said


_TRACES = {
    "untraced": "not traced further: the store has no record that issued these credentials",
    "ambiguous": "not traced further: several records issued these credentials",
    "contradicted": "not traced further: the record that issued these credentials contradicts them",
    "circular": "not traced: the sessions issued each other",
}


def session_lines(change: Change) -> Iterator[str]:
    """The sessions behind a call as a drawing, each with the record that issued it."""
    chain, who = change.chain, change.event.user_identity
    unknown = _TRACES.get(chain.state)
    if not chain.hops and unknown is None:
        return
    yield "Sessions"
    yield f"  {who.arn or who.principal_id or 'this call'}"
    yield from (f"  {line}" for line in chain_lines(chain.evidence))
    indent = " " * (2 + 3 * len(chain.hops))
    yield from (f"{indent}{line}" for line in (unknown, *chain.contradictions) if line)
    yield ""


def _evidence(shown: Shown, record: ShownRecord, tz: tzinfo) -> Iterator[tuple[str, str]]:
    """Where the record was read, its hashes, and its conflicts."""
    commit, log_file = record.commit, record.log_file or {}
    delivered = log_file.get("delivered")
    others = len(shown.records) - 1
    conflict = f"{counted(others, 'other record')} with this id" if others else "none known"
    return _facts(
        ("log file", str(record.where._replace(record_index=None))),
        ("record", str(record.where.record_index)),
        ("recorded in", record.recipient_account_id),
        ("ETag", record.etag),
        ("SHA-256, uncompressed", record.log_file_sha256),
        ("SHA-256, as stored", log_file.get("stored_sha256")),
        ("SHA-256 of the record", record.record_sha256),
        ("delivered", format_instant(delivered, tz) if delivered else None),
        ("not as delivered", log_file.get("deviations")),
        ("commit", f"{commit.seq} of {format_instant(commit.committed_at, tz)} by {commit.tool}"),
        ("load", commit.load_id),
        ("conflicts", conflict),
        ("copies", _copies(log_file.get("duplicates"))),
        ("attested by digests", record.attested),
    )


def _copies(duplicates: int | None) -> str | None:
    """How many records of the log file were copies; a load counts them and keeps none."""
    if duplicates is None:
        return None
    return f"{counted(duplicates, 'record')} of this log file had been loaded before"


def _laid_out(text: str) -> str:
    """JSON with indentation, every token unchanged, or any other text."""
    with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
        return msgspec.json.format(text, indent=2)
    return text


def _indented(text: str) -> list[str]:
    """The lines of a text, laid out."""
    return textwrap.indent(_laid_out(text), "  ").split("\n")
