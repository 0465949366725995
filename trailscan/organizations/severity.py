"""How grave each Organizations operation and service event is, and why, a row each.

The levels, for what succeeded:

* `critical`: accounts are gone or out of the organization's control, wholly or for one policy type;
* `high`: a protection falls, or an account gets power over others;
* `medium`: what is controlled, or by what, changes: it should be known who asked for it;
* `low`: housekeeping, without effect on what anyone may do;
* `info`: a read.

A change that was denied or failed is one level less, but not less than `low`. Two keep their level:
leaving the organization, where a blocked try is as strong a sign as a successful one (Elastic), and
service events that only tell what has happened. A read that a published rule watches is `low` when
it is denied.

The levels are our own judgement. Published ones disagree: leaving the organization is low for
Google, medium for Elastic, and has df00tech's highest score, 100. The source of a row says who
published that the event should be watched:

* CIS: the 18 events of "Ensure AWS Organizations changes are monitored";
* MITRE DET0155: the detection strategy of T1666, Modify Cloud Resource Hierarchy;
* Elastic: detection-rules, `organizations_leave_organization`, `aws_account_closed` and
  `organization_discovery_by_rare_user`;
* Datadog: default rules;
* Panther: `NewAWSAccountCreated`, `AccountDiscovery`;
* survival-kit: zoph-io/aws-security-survival-kit;
* incident-response: easttimor/aws-incident-response;
* streamalert: airbnb/streamalert, critical calls;
* LZA: the Landing Zone Accelerator on AWS, which reverts such changes of its policies;
* df00tech: its scores for T1666;
* AWS CIRT: the calls logged when accounts depart, 2026-05-19;
* Prowler: its own additions to its check of the CIS events;
* trailscan: nobody; our own judgement.

A technique stands in a row if one of these, Google SecOps, TrailDiscover or AWS's Threat Technique
Catalog maps the event to it, or maps the event that it results in or from. T1666.A001 and
T1666.A002 are the catalog's, not ATT&CK's.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

Severity = Literal["info", "low", "medium", "high", "critical"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""In ascending order."""

CIS_CONTROL = "CIS AWS Foundations 5.15"
"""Its number in v6.0.0 and v7.0.0; in v1.3.0 to v5.0.0 it is 4.15, with the same 18 events."""


class Assessment(NamedTuple):
    """How grave an operation is, and why.

    Attributes:
        severity: when it succeeded.
        reason: what it makes possible or takes away, in one sentence.
        tried: how grave it is when it was denied or failed.
        mitre: ids of ATT&CK techniques.
        cis: the control of CIS AWS Foundations that asks to watch it; empty if none does.
        source: who published that it should be watched.
    """

    severity: Severity
    reason: str
    tried: Severity
    mitre: tuple[str, ...]
    cis: str
    source: str


UNKNOWN = Assessment(
    "medium",
    "This version of trailscan does not know the event, so it cannot tell what it changes.",
    "medium",
    (),
    "",
    "trailscan",
)
"""For an event name that is in no row."""

_STRUCTURE = "Shows how the organization is built: its accounts, OUs and who is in charge, which an intruder looks up before going further."
_GUARDRAILS = "Shows which policies hold and where, so also where none does."
_DELEGATES = "Shows which services and accounts have powers over the whole organization."
_ROUTINE = "Only looks up a detail, and changes nothing."
_MAPPED = ("T1087.004", "T1580")
"""Of the discovery reads in Elastic's rule, which means DescribeOrganizationalUnit but misspells it."""

# fmt: off
# ruff: noqa: E501  (a table reads best a row a line)
_CHANGES = {
    "AcceptHandshake": Assessment("high", "Agrees to an invitation: the account can thereby leave for another organization, or hand its organization's bills to someone else.", "medium", ("T1666",), CIS_CONTROL, "AWS CIRT"),
    "AttachPolicy": Assessment("medium", "Puts a policy in force on accounts, which can stop their work, or permit what an allow list had kept out.", "low", (), CIS_CONTROL, "LZA"),
    "CancelHandshake": Assessment("low", "Takes back an invitation that nobody had answered yet.", "low", (), "", "Prowler"),
    "CloseAccount": Assessment("critical", "Shuts an account down with everything in it, and after 90 days its resources are deleted for good.", "high", ("T1485", "T1531"), "", "Elastic"),
    "CreateAccount": Assessment("medium", "Adds an account where resources can run up cost, or be kept out of sight.", "low", ("T1136", "T1666", "T1666.A001"), CIS_CONTROL, "MITRE DET0155"),
    "CreateGovCloudAccount": Assessment("medium", "Adds two accounts at once, one of them in GovCloud, where the policies of this organization do not reach.", "low", ("T1136", "T1666", "T1666.A001"), "", "trailscan"),
    "CreateOrganization": Assessment("medium", "Makes the caller's account the management account of a new organization, which no service control policy restricts.", "low", (), "", "Prowler"),
    "CreateOrganizationalUnit": Assessment("low", "Adds an empty OU, which affects nothing until accounts are moved into it.", "low", (), CIS_CONTROL, "CIS"),
    "CreatePolicy": Assessment("low", "Writes a new policy, which restricts nobody until it is attached.", "low", (), CIS_CONTROL, "CIS"),
    "DeclineHandshake": Assessment("low", "Refuses an invitation, so that everything stays as it was.", "low", (), CIS_CONTROL, "CIS"),
    "DeleteOrganization": Assessment("critical", "Ends the organization, and with it every policy, delegation and service integration it had.", "high", ("T1666",), CIS_CONTROL, "df00tech"),
    "DeleteOrganizationalUnit": Assessment("medium", "Takes an emptied OU out of the hierarchy, together with the place where its policies were attached.", "low", ("T1666",), CIS_CONTROL, "df00tech"),
    "DeletePolicy": Assessment("medium", "Destroys a policy that had been detached everywhere, so that it cannot simply be attached again.", "low", (), CIS_CONTROL, "survival-kit"),
    "DeleteResourcePolicy": Assessment("high", "Takes from member accounts all rights over the organization that were delegated to them, for example to a security team.", "medium", (), "", "trailscan"),
    "DeregisterDelegatedAdministrator": Assessment("high", "Takes a service out of the hands of the account that runs it for all others, which can blind GuardDuty, Macie or Access Analyzer.", "medium", (), "", "incident-response"),
    "DetachPolicy": Assessment("high", "Takes a policy off accounts, so that what it forbade can be possible at once.", "medium", ("T1666",), CIS_CONTROL, "survival-kit"),
    "DisableAWSServiceAccess": Assessment("high", "Cuts a service off from the organization, so that, for example, a security service no longer covers new accounts.", "medium", (), "", "streamalert"),
    "DisablePolicyType": Assessment("critical", "Switches off all policies of one type in the whole organization with a single call.", "high", ("T1666",), CIS_CONTROL, "survival-kit"),
    "EnableAWSServiceAccess": Assessment("medium", "Lets a service see the organization, and create a role for itself and act in all its accounts.", "low", (), "", "streamalert"),
    "EnableAllFeatures": Assessment("medium", "Starts the change from shared bills to full control, in which policies can restrict every member account.", "low", (), "", "streamalert"),
    "EnablePolicyType": Assessment("low", "Permits policies of one type to be attached, which restricts nobody before one is.", "low", (), CIS_CONTROL, "streamalert"),
    "InviteAccountToOrganization": Assessment("medium", "Asks a foreign account to join, which can be one that an attacker controls.", "low", ("T1535", "T1666", "T1666.A001"), CIS_CONTROL, "Datadog"),
    "InviteOrganizationToTransferResponsibility": Assessment("medium", "Offers to take over the bills of another organization, which only begins when that one agrees.", "low", (), "", "trailscan"),
    "LeaveOrganization": Assessment("critical", "Takes the account out of the organization, so that its policies and central logging no longer hold there.", "critical", ("T1070", "T1531", "T1562.001", "T1562.008", "T1666", "T1666.A002"), CIS_CONTROL, "Elastic"),
    "MoveAccount": Assessment("medium", "Puts an account under another parent, so that it loses the policies of the old one and gets those of the new one.", "low", ("T1666",), CIS_CONTROL, "MITRE DET0155"),
    "PutResourcePolicy": Assessment("high", "Can give member accounts rights over the organization, and CloudTrail hides which.", "medium", (), "", "trailscan"),
    "RegisterDelegatedAdministrator": Assessment("high", "Gives one account charge of a service for all accounts, and lets it read the whole organization.", "medium", (), "", "trailscan"),
    "RemoveAccountFromOrganization": Assessment("critical", "Puts an account out of the organization, so that no policy of it restricts the account any more.", "high", ("T1562", "T1666"), CIS_CONTROL, "survival-kit"),
    "TagResource": Assessment("low", "Sets labels, which matter only where rules for access or for cost read them.", "low", (), "", "trailscan"),
    "TerminateResponsibilityTransfer": Assessment("medium", "Ends an agreement by which one management account answers for another organization's bills.", "low", (), "", "trailscan"),
    "UntagResource": Assessment("low", "Removes labels, so that rules for access or for cost that read them no longer match.", "low", (), "", "trailscan"),
    "UpdateOrganizationalUnit": Assessment("low", "Renames an OU, and its accounts and policies stay where they are.", "low", (), CIS_CONTROL, "incident-response"),
    "UpdatePolicy": Assessment("high", "Can rewrite a policy while it is in force, so that a protection is emptied without being detached.", "medium", (), CIS_CONTROL, "LZA"),
    "UpdateResponsibilityTransfer": Assessment("low", "Renames an agreement between two management accounts, whose terms stay the same.", "low", (), "", "trailscan"),
}

_SERVICE_EVENTS = {
    "CreateAccountResult": Assessment("medium", "Tells that a requested account now exists, and under which id, or that it could not be made.", "low", ("T1136", "T1666", "T1666.A001"), "", "Panther"),
    "CloseAccountResult": Assessment("critical", "Tells that the closing of an account is complete, which leaves 90 days to have it reopened.", "high", ("T1485", "T1531"), "", "trailscan"),
    "AccountJoinedOrganization": Assessment("medium", "Tells that the organization has one account more, created by it or invited.", "medium", ("T1666", "T1666.A001"), "", "survival-kit"),
    "AccountDepartedOrganization": Assessment("critical", "Tells that an account is out of the organization's control, because it left, was removed, or was closed some 90 days ago.", "critical", ("T1666", "T1666.A002"), "", "survival-kit"),
    "EffectivePolicyValidation": Assessment("medium", "Tells that the policies of an account add up to something invalid, so that they may not work as meant, or that they are valid again.", "medium", (), "", "trailscan"),
    "ResponsibilityTransferAccepted": Assessment("high", "Tells that one management account now answers for the bills of another organization.", "high", (), "", "trailscan"),
    "ResponsibilityTransferTerminated": Assessment("medium", "Tells that one management account no longer answers for the bills of another organization.", "medium", (), "", "trailscan"),
}

_READS = {
    "DescribeAccount": Assessment("info", _STRUCTURE, "low", ("T1087",), "", "Panther"),
    "DescribeCreateAccountStatus": Assessment("info", _ROUTINE, "info", (), "", "trailscan"),
    "DescribeEffectivePolicy": Assessment("info", _GUARDRAILS, "info", (), "", "trailscan"),
    "DescribeHandshake": Assessment("info", _ROUTINE, "info", (), "", "trailscan"),
    "DescribeOrganization": Assessment("info", _STRUCTURE, "low", _MAPPED, "", "Elastic"),
    "DescribeOrganizationalUnit": Assessment("info", _STRUCTURE, "low", _MAPPED, "", "Elastic"),
    "DescribePolicy": Assessment("info", _GUARDRAILS, "info", (), "", "trailscan"),
    "DescribeResourcePolicy": Assessment("info", _DELEGATES, "low", _MAPPED, "", "Elastic"),
    "DescribeResponsibilityTransfer": Assessment("info", _ROUTINE, "info", (), "", "trailscan"),
    "ListAWSServiceAccessForOrganization": Assessment("info", _DELEGATES, "low", _MAPPED, "", "Elastic"),
    "ListAccounts": Assessment("info", _STRUCTURE, "low", _MAPPED, "", "Elastic"),
    "ListAccountsForParent": Assessment("info", _STRUCTURE, "low", _MAPPED, "", "Elastic"),
    "ListAccountsWithInvalidEffectivePolicy": Assessment("info", _GUARDRAILS, "info", (), "", "trailscan"),
    "ListChildren": Assessment("info", _STRUCTURE, "info", (), "", "trailscan"),
    "ListCreateAccountStatus": Assessment("info", _ROUTINE, "info", (), "", "trailscan"),
    "ListDelegatedAdministrators": Assessment("info", _DELEGATES, "low", _MAPPED, "", "Elastic"),
    "ListDelegatedServicesForAccount": Assessment("info", _DELEGATES, "low", _MAPPED, "", "Elastic"),
    "ListEffectivePolicyValidationErrors": Assessment("info", _GUARDRAILS, "info", (), "", "trailscan"),
    "ListHandshakesForAccount": Assessment("info", _ROUTINE, "info", (), "", "trailscan"),
    "ListHandshakesForOrganization": Assessment("info", _ROUTINE, "info", (), "", "trailscan"),
    "ListInboundResponsibilityTransfers": Assessment("info", _ROUTINE, "info", (), "", "trailscan"),
    "ListOrganizationalUnitsForParent": Assessment("info", _STRUCTURE, "low", _MAPPED, "", "Elastic"),
    "ListOutboundResponsibilityTransfers": Assessment("info", _ROUTINE, "info", (), "", "trailscan"),
    "ListParents": Assessment("info", _STRUCTURE, "info", (), "", "trailscan"),
    "ListPolicies": Assessment("info", _GUARDRAILS, "low", _MAPPED, "", "Elastic"),
    "ListPoliciesForTarget": Assessment("info", _GUARDRAILS, "info", (), "", "trailscan"),
    "ListRoots": Assessment("info", _STRUCTURE, "low", _MAPPED, "", "Elastic"),
    "ListTagsForResource": Assessment("info", _ROUTINE, "info", (), "", "trailscan"),
    "ListTargetsForPolicy": Assessment("info", _GUARDRAILS, "info", (), "", "trailscan"),
}

# fmt: on
ASSESSMENTS: Mapping[str, Assessment] = MappingProxyType(_CHANGES | _SERVICE_EVENTS | _READS)
"""Every operation and service event, by event name."""


def assess(event_name: str) -> Assessment:
    """The row of an event; `UNKNOWN` if there is none."""
    return ASSESSMENTS.get(event_name, UNKNOWN)


def at_least(severity: str) -> tuple[Severity, ...]:
    """That severity and all graver ones, in ascending order.

    Raises:
        ValueError: no severity is called that.
    """
    for place, known in enumerate(SEVERITIES):
        if severity.casefold() == known:
            return SEVERITIES[place:]
    raise ValueError(f"{severity!r} is none of {', '.join(SEVERITIES)}")


def severity_of(event_name: str, *, succeeded: bool) -> Severity:
    """How grave an event is, given how it ended."""
    row = assess(event_name)
    return row.severity if succeeded else row.tried
