"""The catalogue: what each Organizations operation and service event does, a row each.

Sources: the service model of botocore 1.44 (`organizations/2016-11-28`) for operations and their
members; AWS's page "Logging AWS Organizations with CloudTrail" for the service events.

A sentence is a template over the values of the event (see `trailscan.organizations.values`):
`{account}`, `{ou}`, `{policy}`, `{target}` and so on stand for a thing by name and id. What stands
in brackets is said only if the event tells something of it: a denied call tells next to nothing.
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
        source: from where its form is known: `log` (public logs), `page` (an example on AWS's
            page), `model` (no event was ever seen: its members are those of the service model),
            `text` (AWS describes it, without an example).
        service_event: an event of the service itself, not a call.
        result: the service event that tells how it ended; until then it was only asked for.
        asked: in words, past tense, while there is no such event.
    """

    name: str
    category: str
    target: str
    done: str
    tried: str
    source: str
    service_event: bool = False
    result: str = ""
    asked: str = ""


# fmt: off
_CHANGES = (
    Operation("AcceptHandshake", "handshake", "handshake", "accepted {handshake}[ ({purpose})]", "accept {handshake}[ ({purpose})]", "model"),
    Operation("AttachPolicy", "policy", "policy", "attached {policy} to {target}", "attach {policy}[ to {target}]", "log"),
    Operation("CancelHandshake", "handshake", "handshake", "cancelled {handshake}[ ({purpose})]", "cancel {handshake}[ ({purpose})]", "model"),
    Operation("CloseAccount", "account", "account", "closed {account}", "close {account}", "page", result="CloseAccountResult", asked="asked to close {account}; its result was not seen"),
    Operation("CreateAccount", "account", "account", "created {account}", "create an account[ named {name}]", "log", result="CreateAccountResult", asked="asked for a new account[ named {name}] ({request}); its result was not seen"),
    Operation("CreateGovCloudAccount", "account", "account", "created {account} with one in GovCloud[ ({govcloud})]", "create an account[ named {name}] with one in GovCloud", "model", result="CreateAccountResult", asked="asked for a new account[ named {name}] with one in GovCloud ({request}); its result was not seen"),
    Operation("CreateOrganization", "organization", "organization", "created {organization}", "create an organization", "model"),
    Operation("CreateOrganizationalUnit", "ou", "ou", "created OU {made_ou}[ in {parent}]", "create an OU[ named {name}][ in {parent}]", "page"),
    Operation("CreatePolicy", "policy", "policy", "created {policy_kind} {made_policy}", "create a new {policy_kind}[ named {name}]", "log"),
    Operation("DeclineHandshake", "handshake", "handshake", "declined {handshake}[ ({purpose})]", "decline {handshake}[ ({purpose})]", "model"),
    Operation("DeleteOrganization", "organization", "organization", "deleted the organization", "delete the organization", "model"),
    Operation("DeleteOrganizationalUnit", "ou", "ou", "deleted {ou}", "delete {ou}", "model"),
    Operation("DeletePolicy", "policy", "policy", "deleted {policy}", "delete {policy}", "model"),
    Operation("DeleteResourcePolicy", "resource_policy", "resource_policy", "deleted the organization's resource policy", "delete the organization's resource policy", "model"),
    Operation("DeregisterDelegatedAdministrator", "delegation", "account", "deregistered {account} as delegated administrator for {service}", "deregister {account} as delegated administrator[ for {service}]", "model"),
    Operation("DetachPolicy", "policy", "policy", "detached {policy} from {target}", "detach {policy}[ from {target}]", "log"),
    Operation("DisableAWSServiceAccess", "trusted_access", "service", "disabled trusted access for {service}", "disable trusted access for {service}", "model"),
    Operation("DisablePolicyType", "policy_type", "root", "disabled {policy_type} policies in {root}", "disable [{policy_type} ]policies in {root}", "log"),
    Operation("EnableAWSServiceAccess", "trusted_access", "service", "enabled trusted access for {service}", "enable trusted access for {service}", "model"),
    Operation("EnableAllFeatures", "organization", "organization", "began to enable all features[ ({handshake})]", "enable all features", "model"),
    Operation("EnablePolicyType", "policy_type", "root", "enabled {policy_type} policies in {root}", "enable [{policy_type} ]policies in {root}", "model"),
    Operation("InviteAccountToOrganization", "handshake", "invited", "invited {invited} to the organization[ ({handshake})]", "invite {invited} to the organization", "page"),
    Operation("InviteOrganizationToTransferResponsibility", "responsibility_transfer", "invited", "invited {invited} to a transfer of responsibility[ ({handshake})]", "invite {invited} to a transfer of responsibility", "model"),
    Operation("LeaveOrganization", "account", "caller", "{caller} left the organization", "leave the organization with {caller}", "log"),
    Operation("MoveAccount", "account", "account", "moved {account} from {source} to {destination}", "move {account}[ from {source} to {destination}]", "log"),
    Operation("PutResourcePolicy", "resource_policy", "resource_policy", "wrote the organization's {resource_policy} (CloudTrail hides its text)", "write the organization's resource policy", "log"),
    Operation("RegisterDelegatedAdministrator", "delegation", "account", "registered {account} as delegated administrator for {service}", "register {account} as delegated administrator[ for {service}]", "model"),
    Operation("RemoveAccountFromOrganization", "account", "account", "removed {account} from the organization", "remove {account} from the organization", "log"),
    Operation("TagResource", "tag", "resource", "tagged {resource} with {tags}", "tag {resource}[ with {tags}]", "model"),
    Operation("TerminateResponsibilityTransfer", "responsibility_transfer", "transfer", "terminated {transfer}", "terminate {transfer}", "model"),
    Operation("UntagResource", "tag", "resource", "removed the tags {tag_keys} from {resource}", "remove tags[ {tag_keys}] from {resource}", "model"),
    Operation("UpdateOrganizationalUnit", "ou", "ou", "renamed {ou} to {name}", "rename {ou}[ to {name}]", "model"),
    Operation("UpdatePolicy", "policy", "policy", "updated {policy}[: {changed}]", "update {policy}[: {changed}]", "log"),
    Operation("UpdateResponsibilityTransfer", "responsibility_transfer", "transfer", "renamed {transfer}[ to {name}]", "rename {transfer}[ to {name}]", "model"),
)

_SERVICE_EVENTS = (
    Operation("CreateAccountResult", "account", "account", "{account} was created; the request was not seen", "create an account (the request was not seen)", "log", service_event=True),
    Operation("CloseAccountResult", "account", "account", "{account} was closed; the request was not seen", "close {account} (the request was not seen)", "page", service_event=True),
    Operation("AccountJoinedOrganization", "account", "account", "{account} joined the organization[ ({joined})]", "join {account} to the organization", "text", service_event=True),
    Operation("AccountDepartedOrganization", "account", "account", "{account} departed from the organization[ ({departed})]", "part {account} from the organization", "text", service_event=True),
    Operation("EffectivePolicyValidation", "policy", "account", "the effective {policy_type} policy of {account} became {validity}", "validate the effective policy of {account}", "page", service_event=True),
    Operation("ResponsibilityTransferAccepted", "responsibility_transfer", "transfer", "{transfer} was accepted", "accept {transfer}", "text", service_event=True),
    Operation("ResponsibilityTransferTerminated", "responsibility_transfer", "transfer", "{transfer} ended", "end {transfer}", "text", service_event=True),
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
