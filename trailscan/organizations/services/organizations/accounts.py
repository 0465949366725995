"""Operations on the organization itself and on its accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from trailscan.organizations.effects import with_account, with_member, with_roots
from trailscan.organizations.fields import enum_at, text_at, time_at
from trailscan.organizations.operation import BeforeAndAfter, Case, Cause, Operation
from trailscan.organizations.resources import caller
from trailscan.organizations.services.organizations.membership import calling_account
from trailscan.organizations.services.organizations.policy_access import moved_access
from trailscan.organizations.services.organizations.policy_cases import MOVED
from trailscan.organizations.severity import CIS_CONTROL
from trailscan.organizations.state import Account, AccountRequest, Membership
from trailscan.organizations.undone import Setting

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from trailscan.events.event import Event
    from trailscan.organizations.context import SentenceContext
    from trailscan.organizations.state import AccountStatus, Organization

_CREATION = "details.createAccountStatus"
_CLOSURE = "details.closeAccountStatus"
_ACCOUNT = ("details.accountId", "details.*.accountId")

_JOINED_BY = {
    "created": ("CreateAccount", "CreateGovCloudAccount"),
    "invited": ("AcceptHandshake", "CreateOrganization"),
}
_DEPARTED_BY = {
    "left": ("LeaveOrganization", "DeleteOrganization", "AcceptHandshake"),
    "removed": ("RemoveAccountFromOrganization",),
    "cleaned": ("CloseAccount",),
}
"""The calls that can have made an account join or depart, by the method that the event gives
(botocore's texts of CreateAccount, AcceptHandshake, LeaveOrganization, …)."""

_DAY = timedelta(days=1)
_UNTIL_CLEANED = timedelta(days=120)  # a closed account is removed some 90 days later


def joining_method(event: Event) -> str | None:
    """How an account joined: created or invited."""
    return enum_at(event, "details.joinedMethod", "details.*.joinedMethod")


def departure_method(event: Event) -> str | None:
    """How an account departed: left, removed or cleaned.

    AWS's texts give the member two names, and no example.
    """
    return enum_at(event, *_either("departureMethod", "departedMethod"))


def _either(*names: str) -> list[str]:
    """The paths of a detail with several names, at the top or one level below."""
    return [f"details.{above}{name}" for above in ("", "*.") for name in names]


def _requested_account(event: Event) -> str | None:
    return text_at(event, "request.accountId")


def _created_account(event: Event) -> str | None:
    return text_at(event, f"{_CREATION}.accountId")


def _is_cleaned(*, explained: bool) -> Callable[[SentenceContext], bool]:
    """Whether AWS removed an account for good, and whether the log has its closing."""
    return lambda call: (
        departure_method(call.event) == "cleaned" and (call.cause is not None) == explained
    )


def _cause_of_joining(event: Event) -> Cause:
    return Cause(_JOINED_BY.get(joining_method(event) or "", ()), text_at(event, *_ACCOUNT))


def _cause_of_departure(event: Event) -> Cause:
    method = departure_method(event) or ""
    within = _UNTIL_CLEANED if method == "cleaned" else _DAY
    return Cause(_DEPARTED_BY.get(method, ()), text_at(event, *_ACCOUNT), within)


def _create_organization(state: Organization, event: Event) -> Organization:
    """The caller's account becomes the management account."""
    new = Membership(
        text_at(event, "response.organization.masterAccountId") or caller(event),
        enum_at(event, "response.organization.featureSet", "request.featureSet"),
        members_known=True,
    )
    identifier = text_at(event, "response.organization.id")
    if not identifier:
        return state
    created = replace(state, organizations=state.organizations.insert(identifier, new))
    created = with_member(created, new.management_account_id, identifier)
    return with_account(
        created, new.management_account_id, status="active", joined_at=event.event_time
    )


def _delete_organization(state: Organization, event: Event) -> Organization:
    """The caller's account is the only one left in it then."""
    organizations = state.organizations
    for identifier, one in state.organizations.items():
        if one.management_account_id == caller(event):
            organizations = organizations.insert(identifier, replace(one, deleted=True))
    return replace(state, organizations=organizations)


def _create_account(state: Organization, event: Event) -> Organization:
    """The account is only requested; its id is not known yet."""
    identifier = text_at(event, "response.createAccountStatus.id")
    if not identifier:
        return state
    request = AccountRequest(text_at(event, "request.accountName"))
    return replace(state, requests=state.requests.insert(identifier, request))


def _create_account_result(state: Organization, event: Event) -> Organization:
    """A new account is in the root (API reference, CreateAccount)."""
    identifier = text_at(event, f"{_CREATION}.id")
    request = state.requests.get(identifier, AccountRequest())
    state = replace(state, requests=state.requests.discard(identifier))
    if enum_at(event, f"{_CREATION}.state") != "succeeded":
        return state
    return with_account(
        state,
        _created_account(event),
        name=text_at(event, f"{_CREATION}.accountName") or request.name,
        parent_id=state.only_root(),
        status="active",
        joined_method="created",
        joined_at=time_at(event, f"{_CREATION}.completedTimestamp") or event.event_time,
        govcloud_id=text_at(event, f"{_CREATION}.govCloudAccountId"),
        organization_id=_organization(state, event),
    )


def _organization(state: Organization, event: Event) -> str | None:
    """The organization of the management account in whose trail an event is."""
    account: Account = state.accounts.get(event.recipient_account_id, Account())
    return account.organization_id


def _close_account(state: Organization, event: Event) -> Organization:
    return with_account(state, _requested_account(event), status="closed")


def _close_account_result(state: Organization, event: Event) -> Organization:
    if enum_at(event, f"{_CLOSURE}.state") != "succeeded":
        return state
    return with_account(state, text_at(event, f"{_CLOSURE}.accountId"), status="closed")


def _joined(state: Organization, event: Event) -> Organization:
    return with_account(
        state,
        text_at(event, *_ACCOUNT),
        status="active",
        joined_method=joining_method(event),
        joined_at=time_at(event, "details.joinedTime", "details.*.joinedTime") or event.event_time,
        organization_id=_organization(state, event),
    )


def _departed(state: Organization, event: Event) -> Organization:
    when = time_at(event, *_either("departureTime", "departedTime"))
    return _without(
        state, text_at(event, *_ACCOUNT), departure_method(event), when or event.event_time
    )


def _leave(state: Organization, event: Event) -> Organization:
    return _without(state, caller(event), "left", event.event_time)


def _remove(state: Organization, event: Event) -> Organization:
    return _without(state, _requested_account(event), "removed", event.event_time)


def _without(
    state: Organization, account_id: str | None, method: str | None, when: datetime
) -> Organization:
    """The state in which an account is no longer a member."""
    status: AccountStatus = "departed"
    return with_account(state, account_id, status=status, departed_method=method, departed_at=when)


def _move(state: Organization, event: Event) -> Organization:
    source = text_at(event, "request.sourceParentId")
    destination = text_at(event, "request.destinationParentId")
    moved = with_account(state, _requested_account(event), parent_id=destination)
    return with_roots(moved, source, destination)


def _parents(call: SentenceContext) -> BeforeAndAfter:
    """The parents, as in the sentence."""
    source, destination = call.resource("source"), call.resource("destination")
    return (str(source) if source.id else None, str(destination) if destination.id else None)


def _moved(call: SentenceContext) -> tuple[Setting, ...]:
    """The parent that an account left, and its new one."""
    account = _requested_account(call.event)
    source = text_at(call.event, "request.sourceParentId")
    destination = text_at(call.event, "request.destinationParentId")
    if not account or not destination or source == destination:
        return ()
    return (Setting(("parent", account), source, destination),)


def _membership(*, member: bool) -> Callable[[SentenceContext], tuple[Setting, ...]]:
    """That an account is a member of the organization, or no more; none if it was so before."""
    words = ("no member", "member")

    def changed(call: SentenceContext) -> tuple[Setting, ...]:
        account = call.resource("account").id or call.resource("caller").id
        known: Account = call.state.accounts.get(account, Account())
        departed = known.status == "departed"
        if account is None or (known.status is not None and departed != member):
            return ()
        return (Setting(("membership", account), words[not member], words[member]),)

    return changed


# fmt: off
OPERATIONS = (
    Operation("CreateOrganization", "organization", "organization",
        done="created {organization}", tried="create an organization",
        known_from="model", severity="medium", watched_by="Prowler",
        reason="Makes the caller's account the management account of a new organization, which no service control policy restricts.",
        subject=calling_account, effect=_create_organization),
    Operation("DeleteOrganization", "organization", "organization",
        done="deleted the organization[ {organization_id}]", tried="delete the organization",
        known_from="model", severity="critical", watched_by="df00tech", mitre=("T1666",), cis=CIS_CONTROL,
        reason="Ends the organization, and with it every policy, delegation and service integration it had.",
        subject=calling_account, effect=_delete_organization),
    Operation("CreateAccount", "account", "account",
        done="created {account}[ ({access})]", tried="create an account[ named {name}][ ({access})]",
        known_from="log", severity="medium", watched_by="MITRE DET0155", mitre=("T1136.003", "T1666", "T1666.A001"), cis=CIS_CONTROL,
        reason="Adds an account where resources can run up cost, or be kept out of sight.",
        result="CreateAccountResult", pending="requested a new account[ named {name}] ({request}[; {access}]); no result in the log",
        request_id=("response.createAccountStatus.id",), effect=_create_account),
    Operation("CreateGovCloudAccount", "account", "account",
        done="created {account} and GovCloud account[ {govcloud}][ ({access})]",
        tried="create an account[ named {name}] and a GovCloud account[ ({access})]",
        known_from="model", severity="medium", mitre=("T1136.003", "T1666", "T1666.A001"),
        reason="Adds two accounts at once, one of them in GovCloud, where the policies of this organization do not reach.",
        result="CreateAccountResult", pending="requested a new account[ named {name}] and a GovCloud account ({request}[; {access}]); no result in the log",
        request_id=("response.createAccountStatus.id",), effect=_create_account),
    Operation("CreateAccountResult", "account", "account",
        done="{account} was created; no request in the log", tried="create an account (no request in the log)",
        known_from="log", severity="medium", watched_by="Panther", mitre=("T1136.003", "T1666", "T1666.A001"),
        reason="Tells that a requested account now exists, and under which id, or that it could not be made.",
        service_event=True,
        request_id=(f"{_CREATION}.id",), status=_CREATION, subject=_created_account, effect=_create_account_result),
    Operation("CloseAccount", "account", "account",
        done="closed {account}", tried="close {account}",
        known_from="page", severity="critical", watched_by="Elastic", mitre=("T1485", "T1531"),
        reason="Shuts an account down with everything in it, and after 90 days its resources are deleted for good.",
        result="CloseAccountResult", pending="requested to close {account}; no result in the log",
        request_id=("request.accountId",), subject=_requested_account, effect=_close_account),
    Operation("CloseAccountResult", "account", "account",
        done="{account} was closed; no request in the log", tried="close {account} (no request in the log)",
        known_from="page", severity="critical", mitre=("T1485", "T1531"),
        reason="Tells that the closing of an account is complete, which leaves 90 days to have it reopened.",
        service_event=True, request_id=(f"{_CLOSURE}.accountId",), status=_CLOSURE, effect=_close_account_result),
    Operation("AccountJoinedOrganization", "account", "account",
        done="{account} joined the organization[ ({joined})]", tried="join {account} to the organization",
        known_from="text", severity="medium", severity_of_attempt="medium", watched_by="survival-kit", mitre=("T1666", "T1666.A001"),
        reason="Tells that the organization has one account more, created by it or invited.",
        service_event=True, cause=_cause_of_joining, effect=_joined, settings=_membership(member=True)),
    Operation("AccountDepartedOrganization", "account", "account",
        done="{account} departed from the organization[ ({departed})]", tried="remove {account} from the organization",
        known_from="text", severity="critical", severity_of_attempt="critical", watched_by="survival-kit", mitre=("T1666", "T1666.A002"),
        reason="Tells that an account is out of the organization's control, because it left or was removed.",
        service_event=True, cause=_cause_of_departure, effect=_departed, settings=_membership(member=False), cases=(
            Case("cleaned", "a closed account is removed for good, and the log has its closing", _is_cleaned(explained=True),
                "low", "Ends what the closing began 90 days before, without anybody's doing.",
                done="{account} was permanently removed, 90 days after it was closed"),
            Case("cleaned_unexplained", "a closed account is removed for good, and the log does not have its closing", _is_cleaned(explained=False),
                "medium", "Ends an account whose closing, 90 days before, was in no log that was read.",
                done="{account} was permanently removed, 90 days after it was closed; its closing is not in the log"),
        )),
    Operation("LeaveOrganization", "account", "caller",
        done="{caller} left the organization", tried="leave the organization as {caller}",
        known_from="log", severity="critical", severity_of_attempt="critical", watched_by="Elastic", mitre=("T1531", "T1666", "T1666.A002", "T1685", "T1685.002"), cis=CIS_CONTROL,
        reason="Takes the account out of the organization, so that its policies and central logging no longer hold there.",
        subject=calling_account, effect=_leave, settings=_membership(member=False)),
    Operation("RemoveAccountFromOrganization", "account", "account",
        done="removed {account} from the organization", tried="remove {account} from the organization",
        known_from="log", severity="critical", watched_by="survival-kit", mitre=("T1666", "T1685"), cis=CIS_CONTROL,
        reason="Puts an account out of the organization, so that no policy of it restricts the account any more.",
        subject=_requested_account, effect=_remove, settings=_membership(member=False)),
    Operation("MoveAccount", "account", "account",
        done="moved {account} from {source} to {destination}", tried="move {account}[ from {source} to {destination}]",
        known_from="log", severity="medium", watched_by="MITRE DET0155", mitre=("T1666",), cis=CIS_CONTROL,
        reason="Puts an account under another parent, so that it loses the policies of the old one and gets those of the new one.",
        effect=_move, before_and_after=_parents, cases=MOVED, access_change=moved_access, settings=_moved),
)
