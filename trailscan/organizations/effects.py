"""Effects on the state of the organization, for the records of any service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from rpds import HashTrieMap

from trailscan.events.event import Event
from trailscan.organizations.state import Account, Membership, OrganizationalUnit
from trailscan.organizations.undone import Setting

if TYPE_CHECKING:
    from trailscan.organizations.context import SentenceContext
    from trailscan.organizations.operation import BeforeAndAfter, Effect
    from trailscan.organizations.state import Map, Organization


def with_values(
    state: Organization, map_name: str, key: str | None, default: Struct, /, **values: object
) -> Organization:
    """The state in which an entry of a map has the values that an event gives.

    Args:
        state: the state before the event.
        map_name: the map, a field of the state.
        key: the entry; without one, nothing changes.
        default: the entry if there is none yet.
        values: by field; None leaves a field as it was.
    """
    if not key:
        return state
    known: Map = getattr(state, map_name)
    given = {name: value for name, value in values.items() if value is not None}
    entry = replace(known.get(key, default), **given)
    return replace(state, **{map_name: known.insert(key, entry)})


def with_account(state: Organization, account_id: str | None, **values: object) -> Organization:
    """The state in which an account has the values that an event gives."""
    return with_values(state, "accounts", account_id, Account(), **values)


def with_ou(state: Organization, ou_id: str | None, **values: object) -> Organization:
    """The state in which an OU has the values that an event gives."""
    return with_values(state, "units", ou_id, OrganizationalUnit(), **values)


def with_attachment(
    state: Organization, policy_id: str, target_id: str, *, attached: bool
) -> Organization:
    """The state in which a policy is attached to a target, or is not."""
    at = state.attached_at.get(target_id, HashTrieMap())
    ever = state.attached_ever.get(policy_id, HashTrieMap())
    at = at.insert(policy_id, True) if attached else at.discard(policy_id)
    return replace(
        state,
        attachments=state.attachments.insert((policy_id, target_id), attached),
        attached_at=state.attached_at.insert(target_id, at),
        attached_ever=state.attached_ever.insert(policy_id, ever.insert(target_id, True)),
    )


def with_roots(state: Organization, *ids: str | None) -> Organization:
    """The state with the roots among some ids."""
    for one in ids:
        if one and one.startswith("r-") and one not in state.roots:
            state = replace(state, roots=state.roots.insert(one, True))
    return state


def with_member(
    state: Organization, account_id: str | None, organization_id: str | None
) -> Organization:
    """The state in which an account is known to be of an organization, which is ours."""
    if not account_id or not organization_id:
        return state
    if organization_id not in state.organizations:
        known = state.organizations.insert(organization_id, Membership())
        state = replace(state, organizations=known)
    known_account = state.accounts.get(account_id)
    if known_account is not None and known_account.organization_id == organization_id:
        return state
    return with_account(state, account_id, organization_id=organization_id)


def no_effect(state: Organization, _event: Event) -> Organization:
    """The same state: the event reports nothing that the state holds."""
    return state


class Switch(Struct, frozen=True):
    """Something that one operation turns on and another turns off.

    Attributes:
        name: of the map in the state that has whether it is on.
        key: the entry in that map that an event is about; None if the event does not tell.
        on: the word for being on.
        off: the word for being off.
    """

    name: str
    key: Callable[[Event], tuple[str | None, ...] | None]
    on: str
    off: str

    def effect(self, *, on: bool) -> Effect:
        """The effect of turning it on, or off."""

        def turn(state: Organization, event: Event) -> Organization:
            key = self.key(event)
            if key is None:
                return state
            known = getattr(state, self.name).insert(key, on)
            return with_roots(replace(state, **{self.name: known}), *key)

        return turn

    def shown(self, *, on: bool) -> Callable[[SentenceContext], BeforeAndAfter]:
        """The words for what it was, if that is known, and what it is after turning it."""

        def before_and_after(call: SentenceContext) -> BeforeAndAfter:
            was = getattr(call.state, self.name).get(self.key(call.event))
            before = None if was is None else self.on if was else self.off
            return before, self.on if on else self.off

        return before_and_after

    def settings(self, *, on: bool) -> Callable[[SentenceContext], tuple[Setting, ...]]:
        """The setting that turning it changes; none if it was so before."""

        def changed(call: SentenceContext) -> tuple[Setting, ...]:
            key = self.key(call.event)
            if key is None or getattr(call.state, self.name).get(key) is on:
                return ()
            words = (self.off, self.on)
            return (Setting((self.name, *(part or "" for part in key)), words[not on], words[on]),)

        return changed
