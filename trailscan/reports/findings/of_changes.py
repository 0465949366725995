"""Rules that fire for a single change: accounts, guardrails, delegations."""

from __future__ import annotations

from trailscan.reports.findings import detectors as d
from trailscan.reports.findings.rule import (
    AWS_CIRT,
    DF00TECH,
    ELASTIC,
    STREAMALERT,
    SURVIVAL_KIT,
    Rule,
)

ACCOUNTS = (
    Rule(
        id="account-left",
        title="An account left the organization",
        severity="critical",
        fires="LeaveOrganization succeeded",
        why=(
            "Guardrails, central logging and central security services no longer hold for it. It "
            "is how a stolen account is taken out of sight."
        ),
        false_positives="A sale or a migration to another organization, announced beforehand.",
        events=("LeaveOrganization",),
        find=d.each("LeaveOrganization"),
        references=(
            f"{ELASTIC} defense_evasion_organizations_leave_organization",
            "Stratus Red Team aws.defense-evasion.organizations-leave",
            AWS_CIRT,
        ),
    ),
    Rule(
        id="account-tried-to-leave",
        title="An account tried to leave the organization",
        severity="critical",
        fires="LeaveOrganization was denied or failed",
        why="A blocked try is as strong a sign as a successful one: somebody wants out of control.",
        false_positives="A developer who tries out what a policy forbids.",
        events=("LeaveOrganization",),
        find=d.each("LeaveOrganization", outcomes=("denied", "failed")),
        references=(
            f"{ELASTIC} defense_evasion_organizations_leave_organization",
            "Panther AttemptToLeaveOrg",
        ),
    ),
    Rule(
        id="account-removed",
        title="An account was removed from the organization",
        severity="critical",
        fires="RemoveAccountFromOrganization succeeded",
        why="No policy of the organization restricts it any more, and its logs stop coming.",
        false_positives="A planned divestiture or migration.",
        events=("RemoveAccountFromOrganization",),
        find=d.each("RemoveAccountFromOrganization"),
        references=(
            "Google SecOps aws_account_leaving_or_removed_from_organization",
            SURVIVAL_KIT,
        ),
    ),
    Rule(
        id="account-closed",
        title="An account was closed",
        severity="critical",
        fires="CloseAccount succeeded, or its result was seen without the request",
        why="Everything in it stops, and is deleted for good after 90 days.",
        false_positives="Clean-up of accounts that nobody needs.",
        events=("CloseAccount", "CloseAccountResult"),
        find=d.each("CloseAccount", "CloseAccountResult"),
        references=(f"{ELASTIC} impact_aws_account_closed",),
    ),
    Rule(
        id="account-departed-unexplained",
        title="An account departed, and no call in the log says why",
        severity="high",
        fires=(
            "AccountDepartedOrganization without a LeaveOrganization, "
            "RemoveAccountFromOrganization, CloseAccount or DeleteOrganization of it in the 120 "
            "days before"
        ),
        why=(
            "The call is in a log that was not read, or the account went by accepting another "
            "organization's invitation."
        ),
        false_positives="An account closed before the store's history begins, or by its own user.",
        events=("AccountDepartedOrganization",),
        find=d.departed_unexplained,
        references=(AWS_CIRT, f"{SURVIVAL_KIT} #35"),
    ),
    Rule(
        id="organization-deleted",
        title="The organization was deleted",
        severity="critical",
        fires="DeleteOrganization succeeded",
        why="Every policy, delegation and service integration ends with it.",
        false_positives="A first try that is thrown away.",
        events=("DeleteOrganization",),
        find=d.each("DeleteOrganization"),
        references=(DF00TECH,),
    ),
    Rule(
        id="account-invited",
        title="A foreign account was invited",
        severity="medium",
        fires="InviteAccountToOrganization succeeded",
        why="An account that an attacker controls gets the organization's shared resources.",
        false_positives="Mergers, and accounts that were made outside.",
        events=("InviteAccountToOrganization",),
        find=d.each("InviteAccountToOrganization"),
        references=("Datadog InviteAccountToOrganization", "TrailDiscover"),
    ),
    Rule(
        id="account-joined-from-outside",
        title="An invited account joined",
        severity="medium",
        fires=(
            "an invitation was accepted, or AccountJoinedOrganization says so of an account whose "
            "acceptance was not seen; not for the management account itself"
        ),
        why="What was done in it before it came is in no log of the organization.",
        false_positives="Mergers, and accounts that were made outside.",
        events=("AcceptHandshake", "AccountJoinedOrganization"),
        find=d.joined_from_outside,
        references=(SURVIVAL_KIT, "AWS Security Reference Architecture"),
    ),
    Rule(
        id="account-moved-to-root",
        title="An account was moved out of all OUs",
        severity="medium",
        fires="MoveAccount to the organization root succeeded",
        why="The policies of the OU it was in no longer hold for it; only those of the root do.",
        false_positives="The step before an account is removed or closed.",
        events=("MoveAccount",),
        find=d.each("MoveAccount", where=d.into_root),
        references=("MITRE DET0155",),
    ),
)

GUARDRAILS = (
    Rule(
        id="guardrail-detached",
        title="A guardrail was detached",
        severity="high",
        fires=(
            "DetachPolicy of a policy that can forbid something succeeded: not of a tag, backup, "
            "AI services opt-out, chatbot or upgrade policy, not of one that allows everything"
        ),
        why="What it forbade is possible at once in every account below.",
        false_positives="Replacing one policy by another, experiments, a pipeline's clean-up.",
        events=("DetachPolicy",),
        find=d.detached,
        references=(SURVIVAL_KIT, "Landing Zone Accelerator revert-scp-changes"),
    ),
    Rule(
        id="guardrail-weakened",
        title="A guardrail was weakened",
        severity="high",
        fires=(
            "UpdatePolicy gave a text that forbids less than the one before: a Deny ended, names "
            "fewer actions or resources, or got a condition; or an Allow gained something"
        ),
        why="The policy is still attached and looks as if it still held.",
        false_positives="An exception that was agreed upon.",
        events=("UpdatePolicy",),
        find=d.weakened,
        adds=("T1562", "T1666"),
        references=("Landing Zone Accelerator revert-scp-changes",),
    ),
    Rule(
        id="guardrail-deleted",
        title="A guardrail was deleted",
        severity="medium",
        fires="DeletePolicy succeeded, of the same policies as guardrail-detached",
        why="It was detached before, and cannot simply be attached again.",
        false_positives="Clean-up of policies that are attached nowhere.",
        events=("DeletePolicy",),
        find=d.deleted,
        references=(SURVIVAL_KIT, "easttimor/aws-incident-response"),
    ),
    Rule(
        id="policy-type-disabled",
        title="A policy type was disabled",
        severity="critical",
        fires="DisablePolicyType succeeded",
        why="One call detaches all policies of the type in the whole organization.",
        false_positives="A type that was tried out and is not used.",
        events=("DisablePolicyType",),
        find=d.each("DisablePolicyType"),
        references=(SURVIVAL_KIT, DF00TECH),
    ),
    Rule(
        id="effective-policy-invalid",
        title="An account's policies add up to something invalid",
        severity="medium",
        fires="EffectivePolicyValidation says that an effective policy became invalid",
        why="The policies may not work as they are meant to.",
        false_positives="A mistake that is already being repaired.",
        events=("EffectivePolicyValidation",),
        find=d.each("EffectivePolicyValidation", where=d.became_invalid),
    ),
)

DELEGATIONS = (
    Rule(
        id="delegated-administrator-added",
        title="A delegated administrator was registered",
        severity="high",
        fires="RegisterDelegatedAdministrator succeeded",
        why="One member account gets charge of a service for all others.",
        false_positives="Setting up a security or tooling account.",
        events=("RegisterDelegatedAdministrator",),
        find=d.each("RegisterDelegatedAdministrator"),
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
        find=d.each("DeregisterDelegatedAdministrator", where=d.of_other_service),
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
        find=d.each("EnableAWSServiceAccess"),
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
        find=d.each("DisableAWSServiceAccess", where=d.of_other_service),
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
        find=d.each("PutResourcePolicy", "DeleteResourcePolicy"),
        adds=("T1098",),
    ),
)
