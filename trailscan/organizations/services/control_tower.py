"""AWS Control Tower: its lifecycle events have the names of accounts and OUs in clear.

Form: AWS Control Tower user guide, "Lifecycle events".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.effects import with_account, with_ou
from trailscan.organizations.operation import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trailscan.events.event import Event
    from trailscan.organizations.state import Organization


def _names(state: Organization, event: Event) -> Organization:
    """The state with the names of accounts and OUs that an event gives."""
    for status in event.details.values():
        if isinstance(status, dict) and str(status.get("state", "")).upper() == "SUCCEEDED":
            for account in _objects(status, "account", "accounts"):
                name = _text(account, "accountName")
                state = with_account(state, _text(account, "accountId"), name=name)
            for ou in _objects(status, "organizationalUnit", "organizationalUnits"):
                name = _text(ou, "organizationalUnitName")
                state = with_ou(state, _text(ou, "organizationalUnitId"), name=name)
    return state


def _objects(status: Mapping[str, object], one: str, several: str) -> list[dict[str, object]]:
    """The objects under either of two names."""
    listed = status.get(several)
    found = [status.get(one), *(listed if isinstance(listed, list) else ())]
    return [each for each in found if isinstance(each, dict)]


def _text(value: Mapping[str, object], name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) else None


CONTROL_TOWER = Service("controltower.amazonaws.com", effect=_names, reported=False)
"""Events that only give names; none of them is reported as a change."""
