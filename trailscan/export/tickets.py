"""Tickets: which changes somebody had approved, by actor, time and target."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from trailscan.window import parse_day, parse_when

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS = ("id", "actor", "from", "to", "target")
"""The columns that a file of tickets has; others are ignored."""

MATCHED, AFTERWARDS, UNMATCHED = "matched", "approved_afterwards", "unmatched"

RULE = (
    "A ticket covers a change if its actor is the change's principal (in any case, with or without "
    "the role in parentheses) or its principal ARN, its target is the change's target or target "
    "name or is empty or *, and the time lies in [from, to). A day or month in `to` is included. "
    "Of several tickets the one with the earliest `from`, then the lowest ID, counts. A change "
    "before the `from` of a ticket that covers it otherwise is approved_afterwards."
)
"""The rule, as the package says it."""

_MONTH = re.compile(r"\d{4}-\d{2}")
_MOST = 64 * 1024 * 1024  # bytes of a file
_CLAIMED = "the session name is the caller's claim"


class Ticket(NamedTuple):
    """One approval, `[start, end)` in UTC."""

    id: str
    actor: str
    start: datetime
    end: datetime
    target: str

    def concerns(self, row: Mapping[str, object]) -> bool:
        """Whether actor and target are those of a row of the changes, whenever it was."""
        principal = str(row["principal"] or "").casefold()
        actor = self.actor.casefold()
        is_actor = principal == actor or principal.startswith(f"{actor} (")
        if not is_actor and actor != str(row["principal_arn"] or "").casefold():
            return False
        targets = {str(row[name] or "").casefold() for name in ("target", "target_name")}
        return self.target in ("", "*") or self.target.casefold() in targets


class Tickets(NamedTuple):
    """The tickets of a file, in the order in which they are tried, and its SHA-256."""

    tickets: tuple[Ticket, ...]
    sha256: str

    def judge(self, row: Mapping[str, object]) -> tuple[str, str | None, str | None]:
        """State, ticket and rule for a row of the changes."""
        when = row["event_time"]
        assert isinstance(when, datetime)  # noqa: S101  # every change has a time
        found = [one for one in self.tickets if one.concerns(row)]
        inside = [one for one in found if one.start <= when < one.end]
        later = [one for one in found if when < one.start]
        if not inside and not later:
            return UNMATCHED, None, None
        ticket = (inside or later)[0]
        compared = "actor and target" if ticket.target not in ("", "*") else "actor"
        rule = f"{compared}; " + ("in its time" if inside else "before its time")
        if not row["principal_certain"]:
            rule += f"; {_CLAIMED}"
        return MATCHED if inside else AFTERWARDS, ticket.id, rule


def parse_tickets(data: bytes, now: datetime) -> Tickets:
    """Parse a CSV file of tickets.

    Args:
        data: the file: UTF-8, with a header that has the columns `COLUMNS`.
        now: the present, which no date depends on.

    Raises:
        ValueError: it is not such a file; the message names the line.
    """
    if len(data) > _MOST:
        raise ValueError(f"{len(data):,} bytes are more than a file of tickets may have")
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig")), strict=True)
        rows = [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"not CSV in UTF-8: {error}") from None
    lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if lacking:
        raise ValueError(f"no column {lacking[0]!r}; expected id, actor, from, to and target")
    tickets = [_ticket(line, row, now) for line, row in rows]
    order = sorted(tickets, key=lambda one: (one.start, one.id))
    return Tickets(tuple(order), hashlib.sha256(data).hexdigest())


def _ticket(line: int, row: Mapping[str, str | None], now: datetime) -> Ticket:
    """The ticket of a line."""
    values = {name: (row[name] or "").strip() for name in COLUMNS}
    if not values["id"] or not values["actor"]:
        raise ValueError(f"line {line}: a ticket needs an id and an actor")
    try:
        start, end = parse_when(values["from"], now), _end(values["to"], now)
    except ValueError as error:
        raise ValueError(f"line {line}: {error}") from None
    if values["from"][:1].isdigit() and "-" not in values["from"]:
        raise ValueError(f"line {line}: {values['from']!r} is not a date or an ISO instant")
    if end <= start:
        raise ValueError(f"line {line}: the ticket ends before it starts")
    return Ticket(values["id"], values["actor"], start, end, values["target"])


def _end(text: str, now: datetime) -> datetime:
    """The end of a ticket; a date includes its day, and a month its last day."""
    if "-" not in text:
        raise ValueError(f"{text!r} is not a date or an ISO instant")
    if _MONTH.fullmatch(text):
        return (parse_when(text, now) + timedelta(days=31)).replace(day=1)
    try:
        parse_day(text)
    except ValueError:
        return parse_when(text, now)
    return parse_when(text, now) + timedelta(days=1)


def count_states(states: Sequence[object]) -> dict[str, int]:
    """How many changes are in each state."""
    return {state: list(states).count(state) for state in (MATCHED, AFTERWARDS, UNMATCHED)}
