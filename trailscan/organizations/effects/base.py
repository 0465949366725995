"""What the effects of all operations share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from trailscan.organizations.state import (
    Account,
    Organization,
)

if TYPE_CHECKING:
    from trailscan.events.event import Event
    from trailscan.organizations.state import Map


def put(known: Map, key: str | None, default: object, **told: object) -> Map:
    """A map in which one thing has what an event told of it; what it did not tell stays."""
    if not key:
        return known
    before = known.get(key, default)
    news = {name: value for name, value in told.items() if value is not None}
    return known.insert(key, replace(before, **news))


def put_account(state: Organization, account_id: str | None, **told: object) -> Organization:
    """The state in which an account has what an event told of it."""
    return replace(state, accounts=put(state.accounts, account_id, Account(), **told))


def roots(state: Organization, *ids: str | None) -> Map:
    """The roots, with those among some ids."""
    found = state.roots
    for one in ids:
        if one and one.startswith("r-") and one not in found:
            found = found.insert(one, True)
    return found


def caller(event: Event) -> str | None:
    """The account that called."""
    return event.recipient_account_id or event.user_identity.account_id
