"""Rules that fire for who changes something and when, and for several events together."""

from __future__ import annotations

from trailscan.organizations.services import ORGANIZATIONS
from trailscan.reports.findings import detectors as d
from trailscan.reports.findings.history import is_discovery
from trailscan.reports.findings.rule import AWS_CIRT, DF00TECH, ELASTIC, STREAMALERT, Rule

PRINCIPALS = (
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

PATTERNS = (
    Rule(
        id="denied-burst",
        title="A burst of denied calls",
        severity="medium",
        fires=(
            "5 or more calls of one principal were denied, reads among them, each within 10 "
            "minutes of the one before; what goes on is one finding a day"
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
            "one principal within 10 minutes, which never did so before"
        ),
        why="An intruder maps the organization before going further.",
        false_positives="A new auditor, and the first run of a tool or pipeline.",
        events=tuple(sorted(one.name for one in ORGANIZATIONS.operations if is_discovery(one))),
        find=d.discovery_sweep,
        references=(
            f"{ELASTIC} discovery_organization_discovery_by_rare_user",
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
        references=("easttimor/aws-incident-response", STREAMALERT),
    ),
    Rule(
        id="protections-dismantled",
        title="Several protections were ended in one go",
        severity="critical",
        fires=(
            "one principal ended protections by 3 or more different operations, each within an "
            "hour of the one before: guardrails detached, weakened or deleted, policy types "
            "disabled, the resource policy deleted, services that watch accounts cut off"
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
        references=(DF00TECH,),
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
        references=("AWS Cloud Operations blog 2026-03-17", AWS_CIRT),
    ),
)
