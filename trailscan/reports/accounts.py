"""Each account's life: created or invited, joined, moved, closed, departed: one row an account."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from trailscan.organizations.fields import enum_at, text_at
from trailscan.organizations.resources import type_of
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.services.organizations.accounts import (
    departure_method,
    joining_method,
)
from trailscan.reports.changes import read_changes
from trailscan.reports.notes import count, looked_at
from trailscan.reports.tally import tally
from trailscan.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

COLUMNS = (
    Column("account_id", "Account", "id"),
    Column("account_name", "Name", "text", least_width=120, most_width=20),
    Column("state", "State", "text", most_width=12),
    Column("life", "Life", "text", wide=True),
    Column("last", "Last change (UTC)", "instant", least_width=110),
    Column("severity", "Gravest", "text", least_width=130),
    Column("joined_how", "Joined how", "text", detail=True),
    Column("invited", "Invited (UTC)", "instant", detail=True),
    Column("invited_by", "Invited by", "text", detail=True),
    Column("created_by", "Created by", "text", detail=True),
    Column("joined", "Joined (UTC)", "instant", detail=True),
    Column("parent_id", "Parent", "id", detail=True),
    Column("parent", "Parent in words", "text", detail=True),
    Column("moves", "Moves", "count", detail=True),
    Column("closed", "Closed (UTC)", "instant", detail=True),
    Column("closed_by", "Closed by", "text", detail=True),
    Column("departed", "Departed (UTC)", "instant", detail=True),
    Column("departed_how", "Departed how", "text", detail=True),
    Column("departed_by", "Departed by", "text", detail=True),
    Column("refused", "Denied or failed", "count", detail=True),
    Column("event_ids", "Events", "list", detail=True),
)

STATES = ("unknown", "invited", "member", "closing", "departed")
"""What an account can be, as far as the log tells; `closing`: closed, and not yet out."""


@dataclass(slots=True)
class _Life:
    """What is known of an account."""

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
    changes: list[Change] = field(default_factory=list)


def accounts_report(store: StoreReader, wanted: ChangeFilter) -> Table:
    """The accounts that a wanted change is about, by id.

    The filter chooses the accounts. Of each its whole life until the window's end is told: what
    came before the window is part of it.
    """
    until = replace(wanted.window, start=None)
    seen = [change for change in read_changes(store) if change.event.event_time in until]
    lives = account_lives(seen)
    found = {name: life for name, life in lives.items() if any(map(wanted.holds, life.changes))}
    matching = [
        change for life in found.values() for change in life.changes if wanted.holds(change)
    ]
    said = [f"of {count(len(found), 'account')}"] if found else []
    return Table(
        name="accounts",
        columns=COLUMNS,
        rows=tuple(_row(found[name], wanted.tz) for name in sorted(found)),
        window=wanted.window,
        notes=looked_at(store, wanted, matching, seen, *said),
    )


def account_lives(changes: Iterable[Change]) -> dict[str, _Life]:
    """What changes in order of time tell of each account's life, by account id."""
    lives: dict[str, _Life] = {}
    for change in changes:
        account_id = _account(change)
        if account_id is None or change.action not in _STEPS:
            continue
        life = lives.setdefault(account_id, _Life(account_id))
        life.changes.append(change)
        life.name = change.target_name or life.name
        if change.outcome == "succeeded":
            _STEPS[change.action](life, change)
        else:
            life.refused += 1
    return lives


def _account(change: Change) -> str | None:
    """The account that a change is about; of an accepted invitation the one that accepted."""
    if change.event.event_source != ORGANIZATIONS.event_source:
        return None
    if change.action == "AcceptHandshake":
        purpose = enum_at(change.event, "response.handshake.action")
        return change.event.user_identity.account_id if purpose == "invite" else None
    return change.target_id if type_of(change.target_id) == "account" else None


def _tell(life: _Life, change: Change, words: str) -> None:
    life.steps.append((change.event.event_time, f"{words} by {change.principal.name}"))


def _invite(life: _Life, change: Change) -> None:
    life.invited = change
    if life.state != "member":
        life.state = "invited"
    _tell(life, change, "invited")


def _create(life: _Life, change: Change) -> None:
    life.created, life.state, life.joined_how = change, "member", "created"
    _tell(life, change, "created")


def _accept(life: _Life, change: Change) -> None:
    life.state, life.joined_how = "member", "invited"
    _begin(life, change)
    _tell(life, change, "invitation accepted")


def _join(life: _Life, change: Change) -> None:
    """AWS's own word for it that an account joined, which comes after what made it join."""
    how = joining_method(change.event)
    life.state, life.joined_how = "member", how or life.joined_how
    _begin(life, change)
    life.steps.append((change.event.event_time, f"joined ({how})" if how else "joined"))


def _begin(life: _Life, change: Change) -> None:
    """A membership begins: an end before it is past."""
    life.joined = change
    life.closed = life.departed = life.departed_how = None


def _move(life: _Life, change: Change) -> None:
    life.parent_id = text_at(change.event, "request.destinationParentId")
    life.parent = change.after
    life.state = "member" if life.state == "unknown" else life.state
    life.moves += 1
    _tell(life, change, f"moved to {life.parent or 'an unknown parent'}")


def _close(life: _Life, change: Change) -> None:
    life.closed, life.state = change, "closing"
    _tell(life, change, "closed")


def _leave(life: _Life, change: Change) -> None:
    _depart(life, change, "left")
    _tell(life, change, "left")


def _remove(life: _Life, change: Change) -> None:
    _depart(life, change, "removed")
    _tell(life, change, "removed")


def _departed(life: _Life, change: Change) -> None:
    """AWS's own word for it that an account departed, which comes after what made it depart."""
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


def _row(life: _Life, tz: tzinfo) -> tuple[object, ...]:
    """An account in the order of `COLUMNS`."""
    told = (f"{when.astimezone(tz):%Y-%m-%d} {words}" for when, words in life.steps)
    return (
        life.account_id,
        life.name,
        life.state,
        "; ".join(told) or None,
        life.changes[-1].event.event_time,
        tally(life.changes).severity,
        life.joined_how,
        _when(life.invited),
        _who(life.invited),
        _who(life.created),
        _when(life.joined or life.created),
        life.parent_id,
        life.parent,
        life.moves,
        _when(life.closed),
        _who(life.closed),
        _when(life.departed),
        life.departed_how,
        _who(life.departed),
        life.refused,
        tuple(change.event.event_id for change in life.changes),
    )


def _when(change: Change | None) -> datetime | None:
    return None if change is None else change.event.event_time


def _who(change: Change | None) -> str | None:
    return None if change is None else change.principal.display
