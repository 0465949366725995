"""Rules about services and accounts that are put in charge, or cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.fields import text_at
from trailscan.reports.findings.rule import STREAMALERT, Rule, each

if TYPE_CHECKING:
    from trailscan.organizations.changes import Change

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
        adds=("T1098",),
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
        fires="EnableAWSServiceAccess succeeded",
        why="The service sees the organization, and may make a role for itself in every account.",
        false_positives="Setting up a service.",
        events=("EnableAWSServiceAccess",),
        find=each("EnableAWSServiceAccess"),
        adds=("T1098",),
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
        title="The organization's resource policy was written or deleted",
        severity="high",
        fires="PutResourcePolicy or DeleteResourcePolicy succeeded",
        why=(
            "It says what member accounts may do to the organization; CloudTrail hides its text, "
            "so look at it."
        ),
        false_positives="Delegating the management of policies, as planned.",
        events=("PutResourcePolicy", "DeleteResourcePolicy"),
        find=each("PutResourcePolicy", "DeleteResourcePolicy"),
        adds=("T1098",),
    ),
)
