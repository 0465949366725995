"""One event in full as text for a terminal, with every control character made visible."""

from __future__ import annotations

import textwrap
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from trailscan.numbers import counted
from trailscan.render.chain import chain_lines
from trailscan.reports.principals import naming
from trailscan.visible import visible
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.organizations.changes import Change
    from trailscan.reports.show import Shown, ShownRecord

_LABEL = 22


def render_event(shown: Shown) -> str:
    """The event in words, before and after, as recorded, and its evidence."""
    lines: list[str] = []
    for place, record in enumerate(shown.records, 1):
        if len(shown.records) > 1:
            lines.append(f"Record {place} of {len(shown.records)} with the id {shown.event_id}")
        lines += [*_words(shown.event_id, record), "As recorded", *_indented(record.record), ""]
        lines += _evidence(shown, record)
    return "".join(f"{visible(line)}".rstrip() + "\n" for line in lines)


def _words(event_id: str, record: ShownRecord) -> Iterator[str]:
    """What the event did and who did it."""
    yield f"Event {event_id}"
    change = record.change
    if change is None:
        yield "Not an event of AWS Organizations: trailscan has no description of it."
        yield ""
        return
    when = format_instant(change.event.event_time)
    yield f"{when}  {change.action}  {change.outcome}, {change.severity}"
    yield f"{change.principal.display}: {change.description}"
    if record.told_with:
        yield f"Shown together with event {record.told_with}."
    yield ""
    yield from _who(change, record)
    for title, text in (("Before", change.before), ("After", change.after)):
        if text is not None:
            yield title
            yield from _indented(text)
            yield ""


def _who(change: Change, record: ShownRecord) -> Iterator[str]:
    """Who made the call, and how certain that is."""
    who, event = change.principal, change.event
    named = naming(who.rule)
    sure = "certain" if who.certain else "not certain"
    yield "Who"
    yield from _fields(
        ("name", f"{who.name}  ({sure}; named by {named.by}: {named.means})"),
        ("kind", who.kind),
        ("role", who.role),
        ("session", who.session),
        ("permission set", who.permission_set),
        ("through", who.service),
        ("account", who.account_id),
        ("ARN", who.arn),
        ("source IP", event.source_ip_address),
        ("client", f"{change.client}  ({event.user_agent})" if event.user_agent else change.client),
        ("error", event.error_code),
        ("error message", event.error_message),
        ("refused by", record.refusal and record.refusal.in_words),
        ("related events", " ".join(change.related_event_ids) or None),
    )
    yield ""
    yield from session_lines(change)


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


def _evidence(shown: Shown, record: ShownRecord) -> Iterator[str]:
    """Where the record was read, its hashes, and its conflicts."""
    commit, log_file = record.commit, record.log_file or {}
    delivered = log_file.get("delivered")
    others = len(shown.records) - 1
    conflict = f"{counted(others, 'other record')} with this id" if others else "none known"
    yield "Evidence"
    yield from _fields(
        ("log file", str(record.where._replace(record_index=None))),
        ("record", str(record.where.record_index)),
        ("recorded in", record.recipient_account_id),
        ("ETag", record.etag),
        ("SHA-256, uncompressed", record.log_file_sha256),
        ("SHA-256, as stored", log_file.get("stored_sha256")),
        ("SHA-256 of the record", record.record_sha256),
        ("delivered", format_instant(delivered) if delivered else None),
        ("not as delivered", log_file.get("deviations")),
        ("commit", f"{commit.seq} of {format_instant(commit.committed_at)} by {commit.tool}"),
        ("load", commit.load_id),
        ("conflicts", conflict),
        ("copies", _copies(log_file.get("duplicates"))),
        ("attested by digests", record.attested),
    )
    yield ""


def _copies(duplicates: int | None) -> str | None:
    """How many records of the log file were copies; a load counts them and keeps none."""
    if duplicates is None:
        return None
    return f"{counted(duplicates, 'record')} of this log file had been loaded before"


def _fields(*fields: tuple[str, str | None]) -> Iterator[str]:
    """Labels and values, those without a value left out."""
    for label, value in fields:
        if value is not None:
            yield f"  {label:<{_LABEL}} {value}"


def _indented(text: str) -> list[str]:
    """The lines of JSON, every token unchanged, or of any other text."""
    with suppress(msgspec.DecodeError, UnicodeError, RecursionError):
        text = msgspec.json.format(text, indent=2)
    return textwrap.indent(text, "  ").split("\n")
