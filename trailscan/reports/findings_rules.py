"""The rules of findings, as data: what each looks for, and why it deserves a look.

Published detections that each follows stand in its references; a rule without one is our own
judgement. Techniques are those that published rules map its events to (see
`trailscan.organizations.severity`), and what the rule itself adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trailscan.organizations.severity import ASSESSMENTS, CIS_CONTROL, Severity
from trailscan.reports import findings_detectors as d
from trailscan.reports.findings_history import DISCOVERY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trailscan.reports.findings_history import History, Hit


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule.

    Attributes:
        id: stable; filters and suppressions name it.
        version: raised when the rule may fire for other events than before.
        title: what was found.
        severity: of each of its findings.
        fires: for what exactly, in words.
        why: why that deserves a look.
        false_positives: when it is nothing.
        events: the event names that it looks at; empty for all.
        find: the detector.
        adds: techniques besides those of its events.
        references: who published that this should be watched.
    """

    id: str
    version: int = 1
    title: str
    severity: Severity
    fires: str
    why: str
    false_positives: str
    events: tuple[str, ...] = ()
    find: Callable[[History], Iterable[Hit]]
    adds: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def mitre(self) -> tuple[str, ...]:
        """Ids of ATT&CK techniques."""
        found = {technique for name in self.events for technique in ASSESSMENTS[name].mitre}
        return tuple(sorted(found | set(self.adds)))

    @property
    def cis(self) -> str:
        """The control of CIS AWS Foundations that asks to watch one of its events, if any does."""
        return CIS_CONTROL if any(ASSESSMENTS[name].cis for name in self.events) else ""


_ELASTIC = "Elastic detection-rules"
_SURVIVAL = "zoph-io/aws-security-survival-kit"
_STREAMALERT = "airbnb/streamalert critical calls"
_DF00TECH = "df00tech T1666"
_CIRT = "AWS CIRT 2026-05-19, unauthorized account removals"

_ACCOUNTS = (
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
            f"{_ELASTIC} defense_evasion_organizations_leave_organization",
            "Stratus Red Team aws.defense-evasion.organizations-leave",
            _CIRT,
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
            f"{_ELASTIC} defense_evasion_organizations_leave_organization",
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
            _SURVIVAL,
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
        references=(f"{_ELASTIC} impact_aws_account_closed",),
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
        references=(_CIRT, f"{_SURVIVAL} #35"),
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
        references=(_DF00TECH,),
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
        references=(_SURVIVAL, "AWS Security Reference Architecture"),
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

_GUARDRAILS = (
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
        references=(_SURVIVAL, "Landing Zone Accelerator revert-scp-changes"),
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
        references=(_SURVIVAL, "easttimor/aws-incident-response"),
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
        references=(_SURVIVAL, _DF00TECH),
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

_DELEGATIONS = (
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
        references=(_STREAMALERT,),
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
        references=(_STREAMALERT,),
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

_PRINCIPALS = (
    Rule(
        id="root-user-change",
        title="A root user changed the organization",
        severity="high",
        fires="a call by a root user succeeded; what followed within an hour is one finding",
        why="No policy restricts the management account's root user, and nobody should need it.",
        false_positives="The few tasks that only a root user can do.",
        find=d.by_root_user,
        adds=("T1078.004",),
    ),
    Rule(
        id="change-without-mfa",
        title="A change without MFA",
        severity="medium",
        fires=(
            "a call by an IAM user or a root user succeeded, whose session shows no MFA; what "
            "followed within an hour is one finding"
        ),
        why="A stolen password or access key is enough to do the same.",
        false_positives="Programs that use an IAM user's access key, which they should not.",
        find=d.without_mfa,
        adds=("T1078.004",),
    ),
    Rule(
        id="first-time-principal",
        title="A principal changed something for the first time",
        severity="medium",
        fires=(
            "the first change, whatever its outcome, of a user or role that made none before, 14 "
            "days or more after the first event of the store"
        ),
        why="New hands on the organization: a new colleague, a new pipeline, or an intruder.",
        false_positives="New colleagues, new pipelines, and a store whose history is short.",
        find=d.first_time,
        adds=("T1078.004",),
    ),
    Rule(
        id="unusual-hour",
        title="A change at an unusual hour",
        severity="medium",
        fires=(
            "people changed something at an hour of the day around which (an hour before to an "
            "hour after) fewer than 2 % of people's changes lay before, once there are 30 of them "
            "over 14 days; hours are those of --tz"
        ),
        why="Who steals a session often works while its owner sleeps.",
        false_positives="Incidents at night, journeys, colleagues in another time zone.",
        find=d.unusual_hour,
        adds=("T1078.004",),
    ),
)

_PATTERNS = (
    Rule(
        id="denied-burst",
        title="A burst of denied calls",
        severity="medium",
        fires=(
            "5 or more calls of one principal were denied, reads among them, each within 10 "
            "minutes of the one before"
        ),
        why="Somebody tries out what a credential may do.",
        false_positives="A program whose permissions are not set up yet.",
        find=d.denied_burst,
        adds=("T1078.004", "T1580"),
    ),
    Rule(
        id="discovery-sweep",
        title="A principal looked around for the first time",
        severity="medium",
        fires=(
            "5 or more different operations that show how the organization is built, called by "
            "one principal that never did so before, each within 10 minutes of the one before"
        ),
        why="An intruder maps the organization before going further.",
        false_positives="A new auditor, and the first run of a tool or pipeline.",
        events=tuple(sorted(DISCOVERY)),
        find=d.discovery_sweep,
        references=(
            f"{_ELASTIC} discovery_organization_discovery_by_rare_user",
            "Panther AccountDiscovery",
        ),
    ),
    Rule(
        id="security-service-cut-off",
        title="A service that watches accounts was cut off",
        severity="critical",
        fires=(
            "DisableAWSServiceAccess or DeregisterDelegatedAdministrator succeeded for CloudTrail, "
            "Config, GuardDuty, Security Hub, Macie, Inspector, Detective, Access Analyzer, Audit "
            "Manager, Firewall Manager or Security Lake"
        ),
        why="What happens next is not recorded or not noticed.",
        false_positives="Handing the service over to another account within minutes.",
        events=("DisableAWSServiceAccess", "DeregisterDelegatedAdministrator"),
        find=d.each(
            "DisableAWSServiceAccess",
            "DeregisterDelegatedAdministrator",
            where=d.of_security_service,
        ),
        adds=("T1562.008",),
        references=("easttimor/aws-incident-response", _STREAMALERT),
    ),
    Rule(
        id="protections-dismantled",
        title="Several protections were ended in one go",
        severity="critical",
        fires=(
            "one principal ended protections by 3 or more different operations, each within an hour "
            "of the one before: guardrails detached, weakened or deleted, policy types disabled, "
            "the resource policy deleted, services that watch accounts cut off"
        ),
        why="One such change can be an accident; three are a plan.",
        false_positives="Taking a landing zone down.",
        events=(
            "DetachPolicy",
            "UpdatePolicy",
            "DeletePolicy",
            "DisablePolicyType",
            "DeleteResourcePolicy",
            "DisableAWSServiceAccess",
            "DeregisterDelegatedAdministrator",
        ),
        find=d.dismantled,
        adds=("T1562",),
        references=(_DF00TECH,),
    ),
    Rule(
        id="guardrail-off-then-account-out",
        title="A guardrail ended, then an account was out",
        severity="critical",
        fires=(
            "LeaveOrganization or RemoveAccountFromOrganization succeeded within 24 hours after a "
            "guardrail was detached, weakened or deleted, or a policy type disabled"
        ),
        why="The policy that denied leaving was taken away first.",
        false_positives="A planned exit for which the policy had to be lifted.",
        events=(
            "DetachPolicy",
            "UpdatePolicy",
            "DeletePolicy",
            "DisablePolicyType",
            "LeaveOrganization",
            "RemoveAccountFromOrganization",
        ),
        find=d.off_then_out,
        references=("AWS Cloud Operations blog 2026-03-17", _CIRT),
    ),
)

RULES = (*_ACCOUNTS, *_GUARDRAILS, *_DELEGATIONS, *_PRINCIPALS, *_PATTERNS)
"""Every rule, in the order in which they are listed."""
