"""Events -> states: the fold. What each operation does to a state is in `effects`.

A call that was denied or failed changes nothing.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from trailscan.organizations.effects import agreements, members, policies
from trailscan.organizations.operations import CONTROL_TOWER, ORGANIZATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from trailscan.events.event import Event
    from trailscan.organizations.state import Organization

    Transition = Callable[[Organization, Event], Organization]


def replay(initial: Organization, events: Iterable[Event]) -> Organization:
    """The state after some events, which must be in order of time."""
    for event in events:
        initial = apply(initial, event)
    return initial


def apply(state: Organization, event: Event) -> Organization:
    """The state after one event; the same object if the event changes nothing that is kept."""
    if event.error_code or event.event_name is None:
        return state
    if event.event_source == ORGANIZATIONS:
        step = TRANSITIONS.get(event.event_name)
    elif event.event_source == CONTROL_TOWER:
        step = members.control_tower
    else:
        return state
    return state if step is None else step(state, event)


TRANSITIONS: Mapping[str, Transition] = MappingProxyType(
    {
        "AcceptHandshake": agreements.handshake,
        "AccountDepartedOrganization": members.departed,
        "AccountJoinedOrganization": members.joined,
        "AttachPolicy": policies.attach,
        "CancelHandshake": agreements.handshake,
        "CloseAccount": members.close_account,
        "CloseAccountResult": members.close_account_result,
        "CreateAccount": members.create_account,
        "CreateAccountResult": members.create_account_result,
        "CreateGovCloudAccount": members.create_account,
        "CreateOrganization": members.create_organization,
        "CreateOrganizationalUnit": members.create_unit,
        "CreatePolicy": policies.write_policy,
        "DeclineHandshake": agreements.handshake,
        "DeleteOrganization": members.delete_organization,
        "DeleteOrganizationalUnit": members.delete_unit,
        "DeletePolicy": policies.delete_policy,
        "DeleteResourcePolicy": policies.delete_resource_policy,
        "DeregisterDelegatedAdministrator": agreements.deregister,
        "DetachPolicy": policies.detach,
        "DisableAWSServiceAccess": agreements.disable_access,
        "DisablePolicyType": policies.disable_type,
        "EffectivePolicyValidation": agreements.nothing,
        "EnableAWSServiceAccess": agreements.enable_access,
        "EnableAllFeatures": agreements.handshake,
        "EnablePolicyType": policies.enable_type,
        "InviteAccountToOrganization": agreements.handshake,
        "InviteOrganizationToTransferResponsibility": agreements.handshake,
        "LeaveOrganization": members.leave,
        "MoveAccount": members.move,
        "PutResourcePolicy": policies.put_resource_policy,
        "RegisterDelegatedAdministrator": agreements.register,
        "RemoveAccountFromOrganization": members.remove,
        "ResponsibilityTransferAccepted": agreements.transfer,
        "ResponsibilityTransferTerminated": agreements.transfer,
        "TagResource": agreements.tag,
        "TerminateResponsibilityTransfer": agreements.transfer,
        "UntagResource": agreements.untag,
        "UpdateOrganizationalUnit": members.update_unit,
        "UpdatePolicy": policies.write_policy,
        "UpdateResponsibilityTransfer": agreements.transfer,
    }
)
"""Every operation that changes something and every service event, by event name."""
