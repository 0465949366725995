"""Rules about services and accounts that are put in charge, or cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.fields import text_at
from trailscan.reports.findings.history import Hit, in_words
from trailscan.reports.findings.rule import STREAMALERT, Rule, each

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.organizations.changes import Change
    from trailscan.reports.findings.history import History

SECURITY_SERVICES = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "access-analyzer",
        "auditmanager",
        "cloudtrail",
        "config",
        "config-multiaccountsetup",
        "detective",
        "fms",
        "guardduty",
        "inspector2",
        "macie",
        "malware-protection.guardduty",
        "securityhub",
        "securitylake",
    )
)
"""Services that watch accounts (user guide, "AWS services that you can use with Organizations")."""


def of_security_service(change: Change) -> bool:
    """Whether a change is about a service that watches accounts."""
    return text_at(change.event, "request.servicePrincipal") in SECURITY_SERVICES


def of_other_service(change: Change) -> bool:
    """Whether a change is about any other service."""
    return not of_security_service(change)


def handed_over(history: History) -> Iterator[Hit]:
    """Bills that another organization pays from now on, with what AWS itself reported of it."""
    told = [one for one in history.of("ResponsibilityTransferAccepted") if one.case is None]
    for change in history.of("AcceptHandshake"):
        if change.case == "bills_handed_over":
            after = [one for one in told if change.event.event_id in one.related_event_ids]
            told = [one for one in told if one not in after]
            yield Hit((change, *after), in_words(change))
    for change in told:
        yield Hit((change,), in_words(change))


DELEGATIONS = (
    Rule(
        id="delegated-administrator-added",
        title="A delegated administrator was registered",
        severity="high",
        fires="RegisterDelegatedAdministrator succeeded",
        why="One member account gets charge of a service for all others.",
        false_positives="Setting up a security or tooling account.",
        events=("RegisterDelegatedAdministrator",),
        find=each("RegisterDelegatedAdministrator"),
    ),
    Rule(
        id="delegated-administrator-removed",
        title="A delegated administrator was deregistered",
        severity="high",
        fires="DeregisterDelegatedAdministrator succeeded, for no service that watches accounts",
        why="The account that ran the service for all others no longer does.",
        false_positives="Handing the service over to another account.",
        events=("DeregisterDelegatedAdministrator",),
        find=each("DeregisterDelegatedAdministrator", where=of_other_service),
        references=("easttimor/aws-incident-response",),
    ),
    Rule(
        id="trusted-access-added",
        title="Trusted access was enabled",
        severity="medium",
        fires=(
            "EnableAWSServiceAccess succeeded; high for StackSets, IAM, IAM Identity Center, "
            "Systems Manager and RAM"
        ),
        why="The service sees the organization, and may make a role for itself in every account.",
        false_positives="Setting up a service.",
        events=("EnableAWSServiceAccess",),
        find=each("EnableAWSServiceAccess"),
        references=(STREAMALERT,),
    ),
    Rule(
        id="trusted-access-removed",
        title="Trusted access was disabled",
        severity="high",
        fires="DisableAWSServiceAccess succeeded, for no service that watches accounts",
        why="The service no longer covers the accounts of the organization.",
        false_positives="A service that is not used any more.",
        events=("DisableAWSServiceAccess",),
        find=each("DisableAWSServiceAccess", where=of_other_service),
        references=(STREAMALERT,),
    ),
    Rule(
        id="resource-policy-changed",
        title="The organization's delegation policy was written or deleted",
        severity="high",
        fires="PutResourcePolicy or DeleteResourcePolicy succeeded",
        why=(
            "It says what member accounts may do to the organization; CloudTrail hides its text, "
            "so look at it."
        ),
        false_positives="Delegating the management of policies, as planned.",
        events=("PutResourcePolicy", "DeleteResourcePolicy"),
        find=each("PutResourcePolicy", "DeleteResourcePolicy"),
    ),
    Rule(
        id="bills-handed-over",
        title="The bills were handed over to another organization",
        severity="high",
        fires=(
            "AcceptHandshake of a billing transfer that another organization offered, or "
            "ResponsibilityTransferAccepted of one whose acceptance was not seen and whose bills "
            "ours does not take over"
        ),
        why="Another organization's management account pays the bills, and sees what is used.",
        false_positives="A contract with a reseller or distributor.",
        events=("AcceptHandshake", "ResponsibilityTransferAccepted"),
        find=handed_over,
    ),
)
