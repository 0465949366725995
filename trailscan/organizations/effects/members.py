"""Effects on the organization itself, its accounts and its OUs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from trailscan.organizations.effects.base import caller, put, put_account, roots
from trailscan.organizations.fields import enum_at, text_at, time_at
from trailscan.organizations.state import (
    AccountRequest,
    Membership,
    Organization,
    OrganizationalUnit,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trailscan.events.event import Event
    from trailscan.organizations.state import AccountStatus

_STATUS = "details.createAccountStatus"


def create_organization(state: Organization, event: Event) -> Organization:
    """CreateOrganization: the caller becomes its management account."""
    told = Membership(
        text_at(event, "response.organization.masterAccountId") or caller(event),
        enum_at(event, "response.organization.featureSet", "request.featureSet"),
    )
    identifier = text_at(event, "response.organization.id")
    if not identifier:
        return state
    made = replace(state, organizations=state.organizations.insert(identifier, told))
    return put_account(
        made, told.management_account_id, status="active", joined_at=event.event_time
    )


def delete_organization(state: Organization, event: Event) -> Organization:
    """Its only account is then the one that called."""
    organizations = state.organizations
    for identifier, one in state.organizations.items():
        if one.management_account_id == caller(event):
            organizations = organizations.insert(identifier, replace(one, deleted=True))
    return replace(state, organizations=organizations)


def create_account(state: Organization, event: Event) -> Organization:
    """CreateAccount and CreateGovCloudAccount: asked for, its id not known yet."""
    identifier = text_at(event, "response.createAccountStatus.id")
    if not identifier:
        return state
    request = AccountRequest(text_at(event, "request.accountName"))
    return replace(state, requests=state.requests.insert(identifier, request))


def create_account_result(state: Organization, event: Event) -> Organization:
    """A new account stands in the root (API reference, CreateAccount)."""
    if enum_at(event, f"{_STATUS}.state") != "succeeded":
        return state
    asked = state.requests.get(text_at(event, f"{_STATUS}.id"), AccountRequest())
    return put_account(
        state,
        text_at(event, f"{_STATUS}.accountId"),
        name=text_at(event, f"{_STATUS}.accountName") or asked.name,
        parent_id=state.only_root(),
        status="active",
        joined_method="created",
        joined_at=time_at(event, f"{_STATUS}.completedTimestamp") or event.event_time,
        govcloud_id=text_at(event, f"{_STATUS}.govCloudAccountId"),
    )


def close_account(state: Organization, event: Event) -> Organization:
    """CloseAccount."""
    return put_account(state, text_at(event, "request.accountId"), status="closed")


def close_account_result(state: Organization, event: Event) -> Organization:
    """CloseAccountResult."""
    if enum_at(event, "details.closeAccountStatus.state") != "succeeded":
        return state
    return put_account(
        state, text_at(event, "details.closeAccountStatus.accountId"), status="closed"
    )


def joined(state: Organization, event: Event) -> Organization:
    """AccountJoinedOrganization."""
    return put_account(
        state,
        text_at(event, "details.accountId", "details.*.accountId"),
        status="active",
        joined_method=enum_at(event, "details.joinedMethod", "details.*.joinedMethod"),
        joined_at=time_at(event, "details.joinedTime", "details.*.joinedTime") or event.event_time,
    )


def departure_method(event: Event) -> str | None:
    """left, removed or cleaned: AWS's texts give the member two names, and no example."""
    names = ("departureMethod", "departedMethod")
    paths = [f"details.{place}{name}" for place in ("", "*.") for name in names]
    return enum_at(event, *paths)


def departed(state: Organization, event: Event) -> Organization:
    """AccountDepartedOrganization."""
    names = ("departureTime", "departedTime")
    paths = [f"details.{place}{name}" for place in ("", "*.") for name in names]
    return _gone(
        state,
        text_at(event, "details.accountId", "details.*.accountId"),
        departure_method(event),
        event,
        *paths,
    )


def _gone(
    state: Organization, account_id: str | None, method: str | None, event: Event, *times: str
) -> Organization:
    """An account is no member any more; whatever was attached to it went with it."""
    status: AccountStatus = "departed"
    return put_account(
        state,
        account_id,
        status=status,
        departed_method=method,
        departed_at=time_at(event, *times) or event.event_time,
    )


def leave(state: Organization, event: Event) -> Organization:
    """LeaveOrganization: the caller left."""
    return _gone(state, caller(event), "left", event)


def remove(state: Organization, event: Event) -> Organization:
    """RemoveAccountFromOrganization."""
    return _gone(state, text_at(event, "request.accountId"), "removed", event)


def move(state: Organization, event: Event) -> Organization:
    """MoveAccount."""
    source = text_at(event, "request.sourceParentId")
    destination = text_at(event, "request.destinationParentId")
    moved = put_account(state, text_at(event, "request.accountId"), parent_id=destination)
    return replace(moved, roots=roots(state, source, destination))


def create_unit(state: Organization, event: Event) -> Organization:
    """CreateOrganizationalUnit."""
    parent = text_at(event, "request.parentId")
    units = put(
        state.units,
        text_at(event, "response.organizationalUnit.id"),
        OrganizationalUnit(),
        name=text_at(event, "response.organizationalUnit.name", "request.name"),
        parent_id=parent,
    )
    return replace(state, units=units, roots=roots(state, parent))


def update_unit(state: Organization, event: Event) -> Organization:
    """UpdateOrganizationalUnit: another name."""
    units = put(
        state.units,
        text_at(event, "request.organizationalUnitId"),
        OrganizationalUnit(),
        name=text_at(event, "request.name", "response.organizationalUnit.name"),
    )
    return replace(state, units=units)


def delete_unit(state: Organization, event: Event) -> Organization:
    """DeleteOrganizationalUnit: its name is kept."""
    identifier = text_at(event, "request.organizationalUnitId")
    return replace(state, units=put(state.units, identifier, OrganizationalUnit(), deleted=True))


def control_tower(state: Organization, event: Event) -> Organization:
    """Names of accounts and OUs: Control Tower's lifecycle events have them in clear.

    Forms: AWS Control Tower user guide, "Lifecycle events".
    """
    for status in event.details.values():
        if isinstance(status, dict) and str(status.get("state", "")).upper() == "SUCCEEDED":
            for account in _objects(status, "account", "accounts"):
                state = put_account(
                    state, _text(account, "accountId"), name=_text(account, "accountName")
                )
            for unit in _objects(status, "organizationalUnit", "organizationalUnits"):
                name = _text(unit, "organizationalUnitName")
                known = put(
                    state.units,
                    _text(unit, "organizationalUnitId"),
                    OrganizationalUnit(),
                    name=name,
                )
                state = replace(state, units=known)
    return state


def _objects(status: Mapping[str, object], one: str, several: str) -> list[dict[str, object]]:
    """The objects under either of two names."""
    listed = status.get(several)
    found = [status.get(one), *(listed if isinstance(listed, list) else ())]
    return [each for each in found if isinstance(each, dict)]


def _text(value: Mapping[str, object], name: str) -> str | None:
    found = value.get(name)
    return found if isinstance(found, str) else None
