"""The catalogue: what each Organizations operation and service event does, a row each.

Sources: the service model of botocore 1.44 (`organizations/2016-11-28`) for operations and their
members; AWS's page "Logging AWS Organizations with CloudTrail" for the service events.

A sentence is a template over the values of the event (see `trailscan.organizations.values`):
`{account}`, `{ou}`, `{policy}`, `{target}` and so on stand for a thing by name and id.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

ORGANIZATIONS = "organizations.amazonaws.com"
"""The event source."""


class Operation(NamedTuple):
    """One operation or service event.

    Attributes:
        name: the event name.
        category: what it is about.
        target: which value is its target.
        done: in words, past tense, when it succeeded.
        tried: in words, infinitive, when it did not.
        service_event: an event of the service itself, not a call.
    """

    name: str
    category: str
    target: str
    done: str
    tried: str
    service_event: bool = False


# fmt: off
_CHANGES = (
    Operation("AcceptHandshake", "handshake", "handshake", "accepted {handshake}", "accept {handshake}"),
    Operation("AttachPolicy", "policy", "policy", "attached {policy} to {target}", "attach {policy} to {target}"),
    Operation("CancelHandshake", "handshake", "handshake", "cancelled {handshake}", "cancel {handshake}"),
    Operation("CloseAccount", "account", "account", "closed {account}", "close {account}"),
    Operation("CreateAccount", "account", "account", "created {account}", "create an account"),
    Operation("CreateGovCloudAccount", "account", "account", "created {account} with one in GovCloud", "create an account with one in GovCloud"),
    Operation("CreateOrganization", "organization", "organization", "created {organization}", "create an organization"),
    Operation("CreateOrganizationalUnit", "ou", "ou", "created {ou} in {parent}", "create an OU in {parent}"),
    Operation("CreatePolicy", "policy", "policy", "created {policy_type} {policy}", "create a policy"),
    Operation("DeclineHandshake", "handshake", "handshake", "declined {handshake}", "decline {handshake}"),
    Operation("DeleteOrganization", "organization", "organization", "deleted the organization", "delete the organization"),
    Operation("DeleteOrganizationalUnit", "ou", "ou", "deleted {ou}", "delete {ou}"),
    Operation("DeletePolicy", "policy", "policy", "deleted {policy}", "delete {policy}"),
    Operation("DeleteResourcePolicy", "resource_policy", "resource_policy", "deleted the organization's resource policy", "delete the organization's resource policy"),
    Operation("DeregisterDelegatedAdministrator", "delegation", "account", "deregistered {account} as delegated administrator for {service}", "deregister {account} as delegated administrator for {service}"),
    Operation("DetachPolicy", "policy", "policy", "detached {policy} from {target}", "detach {policy} from {target}"),
    Operation("DisableAWSServiceAccess", "trusted_access", "service", "disabled trusted access for {service}", "disable trusted access for {service}"),
    Operation("DisablePolicyType", "policy_type", "root", "disabled {policy_type} policies in {root}", "disable {policy_type} policies in {root}"),
    Operation("EnableAWSServiceAccess", "trusted_access", "service", "enabled trusted access for {service}", "enable trusted access for {service}"),
    Operation("EnableAllFeatures", "organization", "organization", "began to enable all features ({handshake})", "enable all features"),
    Operation("EnablePolicyType", "policy_type", "root", "enabled {policy_type} policies in {root}", "enable {policy_type} policies in {root}"),
    Operation("InviteAccountToOrganization", "handshake", "invited", "invited {invited} to the organization ({handshake})", "invite {invited} to the organization"),
    Operation("InviteOrganizationToTransferResponsibility", "responsibility_transfer", "invited", "invited {invited} to a transfer of responsibility ({handshake})", "invite {invited} to a transfer of responsibility"),
    Operation("LeaveOrganization", "account", "caller", "{caller} left the organization", "leave the organization with {caller}"),
    Operation("MoveAccount", "account", "account", "moved {account} from {source} to {destination}", "move {account} from {source} to {destination}"),
    Operation("PutResourcePolicy", "resource_policy", "resource_policy", "wrote the organization's resource policy {resource_policy} (CloudTrail hides its text)", "write the organization's resource policy"),
    Operation("RegisterDelegatedAdministrator", "delegation", "account", "registered {account} as delegated administrator for {service}", "register {account} as delegated administrator for {service}"),
    Operation("RemoveAccountFromOrganization", "account", "account", "removed {account} from the organization", "remove {account} from the organization"),
    Operation("TagResource", "tag", "resource", "tagged {resource} with {tags}", "tag {resource}"),
    Operation("TerminateResponsibilityTransfer", "responsibility_transfer", "transfer", "terminated responsibility transfer {transfer}", "terminate responsibility transfer {transfer}"),
    Operation("UntagResource", "tag", "resource", "removed the tags {tag_keys} from {resource}", "remove tags from {resource}"),
    Operation("UpdateOrganizationalUnit", "ou", "ou", "renamed {ou} to {new_name}", "rename {ou}"),
    Operation("UpdatePolicy", "policy", "policy", "updated {policy} ({changed})", "update {policy}"),
    Operation("UpdateResponsibilityTransfer", "responsibility_transfer", "transfer", "renamed responsibility transfer {transfer}", "rename responsibility transfer {transfer}"),
)

_SERVICE_EVENTS = (
    Operation("CreateAccountResult", "account", "account", "{account} was created; the request was not seen", "create an account (the request was not seen)", service_event=True),
    Operation("CloseAccountResult", "account", "account", "{account} was closed; the request was not seen", "close {account} (the request was not seen)", service_event=True),
    Operation("AccountJoinedOrganization", "account", "account", "{account} joined the organization{joined}", "join {account} to the organization", service_event=True),
    Operation("AccountDepartedOrganization", "account", "account", "{account} departed from the organization{departed}", "part {account} from the organization", service_event=True),
    Operation("EffectivePolicyValidation", "policy", "account", "the effective {policy_type} policy of {account} became {validity}", "validate the effective {policy_type} policy of {account}", service_event=True),
    Operation("ResponsibilityTransferAccepted", "responsibility_transfer", "transfer", "responsibility transfer {transfer} was accepted", "accept responsibility transfer {transfer}", service_event=True),
    Operation("ResponsibilityTransferTerminated", "responsibility_transfer", "transfer", "responsibility transfer {transfer} ended", "end responsibility transfer {transfer}", service_event=True),
)

# fmt: on
READ_ONLY_NAMES = frozenset(
    [
        "DescribeAccount",
        "DescribeCreateAccountStatus",
        "DescribeEffectivePolicy",
        "DescribeHandshake",
        "DescribeOrganization",
        "DescribeOrganizationalUnit",
        "DescribePolicy",
        "DescribeResourcePolicy",
        "DescribeResponsibilityTransfer",
        "ListAWSServiceAccessForOrganization",
        "ListAccounts",
        "ListAccountsForParent",
        "ListAccountsWithInvalidEffectivePolicy",
        "ListChildren",
        "ListCreateAccountStatus",
        "ListDelegatedAdministrators",
        "ListDelegatedServicesForAccount",
        "ListEffectivePolicyValidationErrors",
        "ListHandshakesForAccount",
        "ListHandshakesForOrganization",
        "ListInboundResponsibilityTransfers",
        "ListOrganizationalUnitsForParent",
        "ListOutboundResponsibilityTransfers",
        "ListParents",
        "ListPolicies",
        "ListPoliciesForTarget",
        "ListRoots",
        "ListTagsForResource",
        "ListTargetsForPolicy",
    ]
)
"""The operations that change nothing; `readOnly` in the record can be missing or mislead."""

OPERATIONS = MappingProxyType({row.name: row for row in (*_CHANGES, *_SERVICE_EVENTS)})
"""Every operation that changes something, and every service event, by event name."""


def is_read_only(event_name: str) -> bool:
    """Whether an operation changes nothing; of unknown ones, those named Describe… or List…."""
    if event_name in OPERATIONS:
        return False
    return event_name in READ_ONLY_NAMES or event_name.startswith(("Describe", "List"))
