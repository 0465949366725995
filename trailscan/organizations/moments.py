"""The organization before and after each change."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.effects import with_account
from trailscan.organizations.replay import apply
from trailscan.organizations.state import Organization

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.organizations.changes import Change

_CREATIONS = ("CreateAccount", "CreateGovCloudAccount")


class Moment(NamedTuple):
    """A change, and the organization before and after it."""

    change: Change
    before: Organization
    after: Organization


def moments(changes: Iterable[Change]) -> Iterator[Moment]:
    """Each change with the organization before and after it, as far as the changes tell.

    Args:
        changes: all changes in order of time. A new account is in the root until it is moved (API
            reference, CreateAccount); the event that says so is part of the change.
    """
    state = Organization()
    for change in changes:
        before = state
        if change.outcome == "succeeded":
            state = apply(state, change.event)
            if change.action in _CREATIONS:
                state = with_account(state, change.target_id, parent_id=state.only_root())
        yield Moment(change, before, state)
