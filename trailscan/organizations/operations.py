"""The catalogue: what each Organizations operation and service event does, a row each.

Sources: the service model of botocore 1.44 (`organizations/2016-11-28`) for operations and their
members; AWS's page "Logging AWS Organizations with CloudTrail" for the service events.

A sentence is a template over the values of the event: `{account}`, `{ou}`, `{policy}`, `{target}`
and so on stand for a thing by name and id (`trailscan.organizations.things.ROLES`, which also says
where its id sits), others for what the event says of it (`trailscan.organizations.words.WORDS`).
What stands in brackets is said only if it is known: a denied call tells next to nothing. An attempt
is told as `tried to …: denied`, or `: failed (…)` with the reason. How grave each is, and who says
that it should be watched, is in `trailscan.organizations.severity`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

ORGANIZATIONS = "organizations.amazonaws.com"
"""The event source."""

CONTROL_TOWER = "controltower.amazonaws.com"
"""The event source whose lifecycle events name accounts and OUs, where they were loaded."""

READ = "read"
"""The category of what changes nothing."""


class Operation(NamedTuple):
    """One operation or service event.

    Attributes:
        name: the event name.
        category: what it is about.
        target: the role of its subject, one of `trailscan.organizations.things.ROLES`.
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

_READS = (
    Operation("DescribeAccount", READ, "account", "looked up {account}", "look up {account}", "log"),
    Operation("DescribeCreateAccountStatus", READ, "account_request", "looked up how {account_request} goes", "look up how {account_request} goes", "model"),
    Operation("DescribeEffectivePolicy", READ, "target", "looked up the effective [{policy_type} ]policy[ of {target}]", "look up the effective [{policy_type} ]policy[ of {target}]", "model"),
    Operation("DescribeHandshake", READ, "handshake", "looked up {handshake}[ ({purpose})]", "look up {handshake}", "model"),
    Operation("DescribeOrganization", READ, "organization", "looked up the organization", "look up the organization", "log"),
    Operation("DescribeOrganizationalUnit", READ, "ou", "looked up {ou}", "look up {ou}", "model"),
    Operation("DescribePolicy", READ, "policy", "looked up {policy}", "look up {policy}", "model"),
    Operation("DescribeResourcePolicy", READ, "resource_policy", "looked up the organization's resource policy", "look up the organization's resource policy", "model"),
    Operation("DescribeResponsibilityTransfer", READ, "transfer", "looked up {transfer}", "look up {transfer}", "model"),
    Operation("ListAWSServiceAccessForOrganization", READ, "organization", "listed the services with trusted access", "list the services with trusted access", "model"),
    Operation("ListAccounts", READ, "organization", "listed the accounts of the organization", "list the accounts of the organization", "log"),
    Operation("ListAccountsForParent", READ, "parent", "listed the accounts in {parent}", "list the accounts[ in {parent}]", "model"),
    Operation("ListAccountsWithInvalidEffectivePolicy", READ, "organization", "listed the accounts with an invalid effective {policy_type} policy", "list the accounts with an invalid effective [{policy_type} ]policy", "model"),
    Operation("ListChildren", READ, "parent", "listed the {child_type} in {parent}", "list what is in {parent}", "model"),
    Operation("ListCreateAccountStatus", READ, "organization", "listed the accounts asked for", "list the accounts asked for", "model"),
    Operation("ListDelegatedAdministrators", READ, "service", "listed the delegated administrators[ for {service}]", "list the delegated administrators[ for {service}]", "log"),
    Operation("ListDelegatedServicesForAccount", READ, "account", "listed what {account} administers", "list what {account} administers", "model"),
    Operation("ListEffectivePolicyValidationErrors", READ, "account", "listed the errors in the effective {policy_type} policy of {account}", "list the errors in the effective [{policy_type} ]policy of {account}", "model"),
    Operation("ListHandshakesForAccount", READ, "caller", "listed the handshakes of {caller}", "list the handshakes of {caller}", "log"),
    Operation("ListHandshakesForOrganization", READ, "organization", "listed the handshakes of the organization", "list the handshakes of the organization", "model"),
    Operation("ListInboundResponsibilityTransfers", READ, "transfer", "listed the responsibility transfers to the organization", "list the responsibility transfers to the organization", "model"),
    Operation("ListOrganizationalUnitsForParent", READ, "parent", "listed the OUs in {parent}", "list the OUs[ in {parent}]", "log"),
    Operation("ListOutboundResponsibilityTransfers", READ, "organization", "listed the responsibility transfers from the organization", "list the responsibility transfers from the organization", "model"),
    Operation("ListParents", READ, "child", "looked up where {child} is", "look up where {child} is", "model"),
    Operation("ListPolicies", READ, "organization", "listed the [{policy_type} ]policies", "list the [{policy_type} ]policies", "model"),
    Operation("ListPoliciesForTarget", READ, "target", "listed the [{policy_type} ]policies attached to {target}", "list the policies attached to {target}", "model"),
    Operation("ListRoots", READ, "organization", "looked up the organization root", "look up the organization root", "model"),
    Operation("ListTagsForResource", READ, "resource", "listed the tags of {resource}", "list the tags of {resource}", "model"),
    Operation("ListTargetsForPolicy", READ, "policy", "listed what {policy} is attached to", "list what {policy} is attached to", "model"),
)

# fmt: on
OPERATIONS = MappingProxyType({row.name: row for row in (*_CHANGES, *_SERVICE_EVENTS, *_READS)})
"""Every operation and service event, by event name."""

READ_ONLY_NAMES = frozenset(row.name for row in _READS)
"""The operations that change nothing; `readOnly` in the record can be missing or mislead."""


def is_read_only(event_name: str) -> bool:
    """Whether an operation changes nothing; of unknown ones, those named Describe… or List…."""
    row = OPERATIONS.get(event_name)
    return event_name.startswith(("Describe", "List")) if row is None else row.category == READ
