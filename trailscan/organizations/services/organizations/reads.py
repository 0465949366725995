"""The operations that change nothing."""

from __future__ import annotations

from trailscan.organizations.operation import READ, KnownFrom, Operation

_STRUCTURE = "Shows how the organization is built: its accounts, OUs and who is in charge, which an intruder looks up before going further."
_GUARDRAILS = "Shows which policies hold and where, so also where none does."
_DELEGATES = "Shows which services and accounts have powers over the whole organization."
_ROUTINE = "Only looks up a detail, and changes nothing."
_ELASTIC = ("T1087.004", "T1580")
"""Of the discovery reads in Elastic's rule, which means DescribeOrganizationalUnit but misspells it."""


def _read(
    name: str,
    target: str,
    done: str,
    tried: str,
    known_from: KnownFrom,
    reason: str,
    watched_by: str = "trailscan",
    mitre: tuple[str, ...] = (),
) -> Operation:
    """The record of a read: of severity info, or low if it is watched and was denied or failed."""
    return Operation(
        name, READ, target, done, tried, known_from, "info", reason, "low" if mitre else "info",
        watched_by, mitre,
    )  # fmt: skip


# fmt: off
OPERATIONS = (
    _read("DescribeAccount", "account", "looked up {account}", "look up {account}", "log", _STRUCTURE, "Panther", _ELASTIC),
    _read("DescribeCreateAccountStatus", "account_request", "looked up the status of {account_request}", "look up the status of {account_request}", "model", _ROUTINE),
    _read("DescribeEffectivePolicy", "effective_target", "looked up the effective [{policy_type} ]policy[ of {effective_target}]", "look up the effective [{policy_type} ]policy[ of {effective_target}]", "model", _GUARDRAILS),
    _read("DescribeHandshake", "handshake", "looked up {handshake}[ ({purpose})]", "look up {handshake}", "model", _ROUTINE),
    _read("DescribeOrganization", "organization", "looked up the organization", "look up the organization", "log", _STRUCTURE, "Elastic", _ELASTIC),
    _read("DescribeOrganizationalUnit", "ou", "looked up {ou}", "look up {ou}", "model", _STRUCTURE, "Elastic", _ELASTIC),
    _read("DescribePolicy", "policy", "looked up {policy}", "look up {policy}", "model", _GUARDRAILS),
    _read("DescribeResourcePolicy", "resource_policy", "looked up the organization's delegation policy", "look up the organization's delegation policy", "model", _DELEGATES, "Elastic", _ELASTIC),
    _read("DescribeResponsibilityTransfer", "transfer", "looked up {transfer}", "look up {transfer}", "model", _ROUTINE),
    _read("ListAWSServiceAccessForOrganization", "organization", "listed the services with trusted access", "list the services with trusted access", "model", _DELEGATES, "Elastic", _ELASTIC),
    _read("ListAccounts", "organization", "listed the accounts of the organization", "list the accounts of the organization", "log", _STRUCTURE, "Elastic", _ELASTIC),
    _read("ListAccountsForParent", "parent", "listed the accounts in {parent}", "list the accounts[ in {parent}]", "model", _STRUCTURE, "Elastic", _ELASTIC),
    _read("ListAccountsWithInvalidEffectivePolicy", "organization", "listed the accounts with an invalid effective {policy_type} policy", "list the accounts with an invalid effective [{policy_type} ]policy", "model", _GUARDRAILS),
    _read("ListChildren", "parent", "listed the {child_type} in {parent}", "list the children of {parent}", "model", _STRUCTURE),
    _read("ListCreateAccountStatus", "organization", "listed the requests for accounts", "list the requests for accounts", "model", _ROUTINE),
    _read("ListDelegatedAdministrators", "service", "listed the delegated administrators[ for {service}]", "list the delegated administrators[ for {service}]", "log", _DELEGATES, "Elastic", _ELASTIC),
    _read("ListDelegatedServicesForAccount", "account", "listed the services that {account} administers", "list the services that {account} administers", "model", _DELEGATES, "Elastic", _ELASTIC),
    _read("ListEffectivePolicyValidationErrors", "account", "listed the errors in the effective {policy_type} policy of {account}", "list the errors in the effective [{policy_type} ]policy of {account}", "model", _GUARDRAILS),
    _read("ListHandshakesForAccount", "caller", "listed the handshakes of {caller}", "list the handshakes of {caller}", "log", _ROUTINE),
    _read("ListHandshakesForOrganization", "organization", "listed the handshakes of the organization", "list the handshakes of the organization", "model", _ROUTINE),
    _read("ListInboundResponsibilityTransfers", "transfer", "listed the responsibility transfers to the organization", "list the responsibility transfers to the organization", "model", _ROUTINE),
    _read("ListOrganizationalUnitsForParent", "parent", "listed the OUs in {parent}", "list the OUs[ in {parent}]", "log", _STRUCTURE, "Elastic", _ELASTIC),
    _read("ListOutboundResponsibilityTransfers", "organization", "listed the responsibility transfers from the organization", "list the responsibility transfers from the organization", "model", _ROUTINE),
    _read("ListParents", "child", "looked up the parent of {child}", "look up the parent of {child}", "model", _STRUCTURE),
    _read("ListPolicies", "organization", "listed the {policy_types}", "list the {policy_types}", "model", _GUARDRAILS, "Elastic", _ELASTIC),
    _read("ListPoliciesForTarget", "target", "listed the {policy_types} attached to {target}", "list the policies attached to {target}", "model", _GUARDRAILS),
    _read("ListRoots", "organization", "looked up the organization root", "look up the organization root", "model", _STRUCTURE, "Elastic", _ELASTIC),
    _read("ListTagsForResource", "resource", "listed the tags of {resource}", "list the tags of {resource}", "model", _ROUTINE),
    _read("ListTargetsForPolicy", "policy", "listed the targets of {policy}", "list the targets of {policy}", "model", _GUARDRAILS),
)
