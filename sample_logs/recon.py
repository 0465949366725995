"""One night, one stolen session of a sandbox role: every operation is tried, every one denied."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import organization as org
from organization import RECON
from records import Call, Outcome, Record, api_call
from stage import SOURCE, moment

if TYPE_CHECKING:
    import random

_ARN = f"arn:aws:organizations::{org.MANAGEMENT}"
_IN_ORGANIZATION = org.ORGANIZATION
_ROOT = f"{_ARN}:root/{_IN_ORGANIZATION}/{org.ROOT}"
_UNIT = f"{_ARN}:ou/{_IN_ORGANIZATION}/{org.OU_WORKLOADS}"
_ACCOUNT = f"{_ARN}:account/{_IN_ORGANIZATION}/{org.AUDIT}"
_POLICY = f"{_ARN}:policy/{_IN_ORGANIZATION}/{org.SCP.lower()}/{org.P_DENY_LEAVE}"
_RESOURCE_POLICY = f"{_ARN}:resourcepolicy/{_IN_ORGANIZATION}/{org.RESOURCE_POLICY}"
_HANDSHAKE = f"{_ARN}:handshake/{_IN_ORGANIZATION}/invite/h-examplevendor02"
_TRANSFER = f"{_ARN}:transfer/{_IN_ORGANIZATION}/billing/inbound/{org.TRANSFER}"

# What the refusal names, in the order of the tries: it looks around first, then it touches.
_TRIES: list[tuple[str, str]] = [
    ("DescribeOrganization", "*"),
    ("ListRoots", "*"),
    ("ListAccounts", "*"),
    ("ListOrganizationalUnitsForParent", _ROOT),
    ("ListAccountsForParent", _ROOT),
    ("ListChildren", _ROOT),
    ("ListParents", _ACCOUNT),
    ("DescribeAccount", _ACCOUNT),
    ("DescribeOrganizationalUnit", _UNIT),
    ("ListPolicies", "*"),
    ("DescribePolicy", _POLICY),
    ("ListPoliciesForTarget", _ROOT),
    ("ListTargetsForPolicy", _POLICY),
    ("DescribeEffectivePolicy", _ACCOUNT),
    ("ListAccountsWithInvalidEffectivePolicy", "*"),
    ("ListEffectivePolicyValidationErrors", _ACCOUNT),
    ("DescribeResourcePolicy", "*"),
    ("ListDelegatedAdministrators", "*"),
    ("ListDelegatedServicesForAccount", _ACCOUNT),
    ("ListAWSServiceAccessForOrganization", "*"),
    ("ListCreateAccountStatus", "*"),
    ("DescribeCreateAccountStatus", "*"),
    ("ListHandshakesForAccount", "*"),
    ("ListHandshakesForOrganization", "*"),
    ("DescribeHandshake", _HANDSHAKE),
    ("ListInboundResponsibilityTransfers", "*"),
    ("ListOutboundResponsibilityTransfers", "*"),
    ("DescribeResponsibilityTransfer", _TRANSFER),
    ("ListTagsForResource", _ACCOUNT),
    ("LeaveOrganization", "*"),
    ("DetachPolicy", _POLICY),
    ("UpdatePolicy", _POLICY),
    ("DeletePolicy", _POLICY),
    ("AttachPolicy", _POLICY),
    ("CreatePolicy", "*"),
    ("DisablePolicyType", _ROOT),
    ("EnablePolicyType", _ROOT),
    ("PutResourcePolicy", "*"),
    ("DeleteResourcePolicy", _RESOURCE_POLICY),
    ("RegisterDelegatedAdministrator", _ACCOUNT),
    ("DeregisterDelegatedAdministrator", _ACCOUNT),
    ("EnableAWSServiceAccess", "*"),
    ("DisableAWSServiceAccess", "*"),
    ("MoveAccount", _ACCOUNT),
    ("RemoveAccountFromOrganization", _ACCOUNT),
    ("CloseAccount", _ACCOUNT),
    ("CreateAccount", "*"),
    ("CreateGovCloudAccount", "*"),
    ("InviteAccountToOrganization", "*"),
    ("AcceptHandshake", _HANDSHAKE),
    ("DeclineHandshake", _HANDSHAKE),
    ("CancelHandshake", _HANDSHAKE),
    ("CreateOrganizationalUnit", _UNIT),
    ("UpdateOrganizationalUnit", _UNIT),
    ("DeleteOrganizationalUnit", _UNIT),
    ("TagResource", _ACCOUNT),
    ("UntagResource", _POLICY),
    ("InviteOrganizationToTransferResponsibility", "*"),
    ("UpdateResponsibilityTransfer", _TRANSFER),
    ("TerminateResponsibilityTransfer", _TRANSFER),
    ("EnableAllFeatures", "*"),
    ("CreateOrganization", "*"),
    ("DeleteOrganization", "*"),
]


def reconnaissance(rng: random.Random) -> list[Record]:
    """Every try of the night; a denied call shows no parameters."""
    when = moment("09-26 02:11:03")
    records = []
    for name, resource in _TRIES:
        call = Call(when, SOURCE, name, org.SANDBOX, read_only=_reads(name))
        error = ("AccessDenied", _refusal(name, resource))
        records.append(api_call(rng, RECON, call, Outcome(error=error)))
        when += timedelta(seconds=rng.randrange(4, 25))
    return records


def _reads(name: str) -> bool:
    return name.startswith(("Describe", "List"))


def _refusal(name: str, resource: str) -> str:
    """Why; of its own account's organization a member may ask, so there its own policy decides."""
    action = f"organizations:{name}"
    denied = f"User: {RECON.identity['arn']} is not authorized to perform: {action}"
    if name == "LeaveOrganization":
        return f"{denied} on resource: * with an explicit deny in a service control policy"
    policy = "identity-based" if name == "DescribeOrganization" else "resource-based"
    return f"{denied} on resource: {resource} because no {policy} policy allows the {action} action"
