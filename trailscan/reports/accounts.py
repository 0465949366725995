"""Each account's life: created or invited, joined, moved, closed, departed: one row an account."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC
from operator import attrgetter
from typing import TYPE_CHECKING

from trailscan.numbers import counted
from trailscan.organizations.fields import text_at
from trailscan.organizations.resources import type_of
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.services.organizations.accounts import (
    departure_method,
    joining_method,
)
from trailscan.reports.changes import read_changes
from trailscan.reports.notes import Examined, notes_on
from trailscan.reports.tally import all_of, tally
from trailscan.table import Column, Table, detail, rows_of
from trailscan.window import in_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, tzinfo

    from trailscan.organizations.changes import Change
    from trailscan.organizations.severity import Severity
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

STATES = ("unknown", "invited", "member", "closing", "departed")
"""What an account can be, as far as the log tells; `closing`: closed, and not yet out."""


@dataclass(slots=True)
class _Life:
    """What is known of an account.

    Attributes:
        steps: what happened to it, with the time of each.
        tz: the zone of the dates in `story`.
    """

    account_id: str
    state: str = "unknown"
    name: str | None = None
    joined_how: str | None = None
    invited: Change | None = None
    created: Change | None = None
    joined: Change | None = None
    parent_id: str | None = None
    parent: str | None = None
    moves: int = 0
    closed: Change | None = None
    departed: Change | None = None
    departed_how: str | None = None
    refused: int = 0
    steps: list[tuple[datetime, str]] = field(default_factory=list)
    tz: tzinfo = UTC
    group: list[Change] = field(default_factory=list)

    @property
    def story(self) -> str | None:
        """The steps in words, each with its date."""
        told = (f"{in_zone(when, self.tz):%Y-%m-%d} {words}" for when, words in self.steps)
        return "; ".join(told) or None


def _when(step: str) -> Callable[[_Life], datetime | None]:
    """The time of a step in an account's life."""
    change = attrgetter(step)
    return lambda life: (found := change(life)) and found.event.event_time


def _who(step: str) -> Callable[[_Life], str | None]:
    """Who took a step in an account's life."""
    change = attrgetter(step)
    return lambda life: (found := change(life)) and found.principal.display


def _joined(life: _Life) -> datetime | None:
    """When it joined; a created account did when it was created."""
    joined = life.joined or life.created
    return joined.event.event_time if joined else None


def _last(life: _Life) -> datetime:
    return life.group[-1].event.event_time


def _severity(life: _Life) -> Severity:
    return tally(life.group).severity


COLUMNS = (
    Column("account_id", "Account", "id"),
    Column("account_name", "Name", "text", most_width=20, rank=1, of="name"),
    Column("state", "State", "text", most_width=12, rank=2),
    Column("life", "Life", "text", wide=True, least_width=36, of="story"),
    Column("last", "Last change (UTC)", "instant", rank=4, of=_last),
    Column("severity", "Highest severity", "text", rank=3, of=_severity),
    detail("joined_how", "How it joined", "text"),
    detail("invited", "Invited (UTC)", "instant", of=_when("invited")),
    detail("invited_by", "Invited by", "text", of=_who("invited")),
    detail("created_by", "Created by", "text", of=_who("created")),
    detail("joined", "Joined (UTC)", "instant", of=_joined),
    detail("parent_id", "Parent ID", "id"),
    detail("parent", "Parent", "text"),
    detail("moves", "Moves", "count"),
    detail("closed", "Closed (UTC)", "instant", of=_when("closed")),
    detail("closed_by", "Closed by", "text", of=_who("closed")),
    detail("departed", "Departed (UTC)", "instant", of=_when("departed")),
    detail("departed_how", "How it departed", "text"),
    detail("departed_by", "Departed by", "text", of=_who("departed")),
    detail("refused", "Denied or failed", "count"),
    detail("event_ids", "Events", "list", of=all_of("event.event_id")),
)


def accounts_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """The accounts that a matching change is about, by id.

    The filter chooses the accounts. Each row covers the account's whole life until the end of the
    window: what came before the window is part of it.
    """
    until = replace(filters.window, start=None)
    examined = [change for change in read_changes(store) if change.event.event_time in until]
    lives = account_lives(examined, filters.tz)
    chosen = [life for _, life in sorted(lives.items()) if any(map(filters.match, life.group))]
    matching = sum(filters.match(change) for life in chosen for change in life.group)
    more = [f"of {counted(len(chosen), 'account')}"] if chosen else []
    return Table(
        name="accounts",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, chosen),
        window=filters.window,
        notes=notes_on(store, filters, matching, Examined.of(examined), *more),
    )


def account_lives(changes: Iterable[Change], tz: tzinfo = UTC) -> dict[str, _Life]:
    """What changes in order of time say of each account's life, by account id."""
    lives: dict[str, _Life] = {}
    for change in changes:
        account_id = _account(change)
        if account_id is None or change.action not in _STEPS:
            continue
        life = lives.setdefault(account_id, _Life(account_id, tz=tz))
        life.group.append(change)
        life.name = change.target_name or life.name
        if change.outcome == "succeeded":
            _STEPS[change.action](life, change)
        else:
            life.refused += 1
    return lives


def _account(change: Change) -> str | None:
    """The account that a change is about."""
    if change.event.event_source != ORGANIZATIONS.event_source:
        return None
    return change.target_id if type_of(change.target_id) == "account" else None


def _add_step(life: _Life, change: Change, words: str) -> None:
    life.steps.append((change.event.event_time, f"{words} by {change.principal.name}"))


def _invite(life: _Life, change: Change) -> None:
    life.invited = change
    if life.state != "member":
        life.state = "invited"
    _add_step(life, change, "invited")


def _create(life: _Life, change: Change) -> None:
    life.created, life.state, life.joined_how = change, "member", "created"
    _add_step(life, change, "created")


def _accept(life: _Life, change: Change) -> None:
    """Apply an accepted invitation: of another organization it is the end of a membership."""
    if change.case == "left":
        _depart(life, change, "left")
        _add_step(life, change, "left for another organization")
        return
    life.state, life.joined_how = "member", "invited"
    _begin(life, change)
    _add_step(life, change, "invitation accepted")


def _join(life: _Life, change: Change) -> None:
    """Apply AWS's own event that an account joined, which follows the call that caused it."""
    how = joining_method(change.event)
    life.state, life.joined_how = "member", how or life.joined_how
    _begin(life, change)
    life.steps.append((change.event.event_time, f"joined ({how})" if how else "joined"))


def _begin(life: _Life, change: Change) -> None:
    """Begin a membership: an earlier end no longer counts."""
    life.joined = change
    life.closed = life.departed = life.departed_how = None


def _move(life: _Life, change: Change) -> None:
    life.parent_id = text_at(change.event, "request.destinationParentId")
    life.parent = change.after
    life.state = "member" if life.state == "unknown" else life.state
    life.moves += 1
    _add_step(life, change, f"moved to {life.parent or 'an unknown parent'}")


def _close(life: _Life, change: Change) -> None:
    life.closed, life.state = change, "closing"
    _add_step(life, change, "closed")


def _leave(life: _Life, change: Change) -> None:
    _depart(life, change, "left")
    _add_step(life, change, "left")


def _remove(life: _Life, change: Change) -> None:
    _depart(life, change, "removed")
    _add_step(life, change, "removed")


def _departed(life: _Life, change: Change) -> None:
    """Apply AWS's own event that an account departed, which follows the call that caused it."""
    how = departure_method(change.event)
    if life.departed is None:
        _depart(life, change, how)
    life.departed_how = how or life.departed_how
    life.steps.append((change.event.event_time, f"departed ({how})" if how else "departed"))


def _depart(life: _Life, change: Change, how: str | None) -> None:
    life.departed, life.departed_how, life.state = change, how, "departed"
    life.parent_id = life.parent = None


_STEPS = {
    "InviteAccountToOrganization": _invite,
    "CreateAccount": _create,
    "CreateGovCloudAccount": _create,
    "CreateAccountResult": _create,
    "AcceptHandshake": _accept,
    "AccountJoinedOrganization": _join,
    "MoveAccount": _move,
    "CloseAccount": _close,
    "CloseAccountResult": _close,
    "LeaveOrganization": _leave,
    "RemoveAccountFromOrganization": _remove,
    "AccountDepartedOrganization": _departed,
}
"""What each event does to an account's life."""
