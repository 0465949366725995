"""What becomes of policies: edited by many hands, tried and given up, undone at night."""

from __future__ import annotations

from typing import TYPE_CHECKING

import organization as org
from organization import ALICE, BEN, CLOUDFORMATION, DANA, GITHUB
from records import java_stamp
from stage import Policy, Stage, moment

if TYPE_CHECKING:
    import random

    from records import Record

_TYPES = (org.SCP, org.RCP, org.TAGS, org.BACKUP)


def policy_edits(rng: random.Random) -> list[Record]:
    """One policy's life, one backup policy's short one, one night, one move."""
    stage = Stage(rng)
    _sandbox_limits(stage)
    _backup_tried(stage)
    _delegation_policy_gone_at_night(stage)
    stage.move(GITHUB, "10-27 09:10:44", org.ACQUIRED, org.OU_TEST, org.OU_PRODUCTION)
    return stage.records


def _sandbox_limits(stage: Stage) -> None:
    """Made by one pipeline, loosened in the console, reformatted by the next run, renamed."""
    policy = Policy(
        org.P_SANDBOX, org.SCP, "sandbox-limits", "What a sandbox may not", org.SANDBOX_LIMITS
    )
    stage.create_policy(GITHUB, "09-12 09:30:14", policy)
    stage.attach(GITHUB, "09-12 09:30:16", policy.id, org.OU_SANDBOX)
    stage.update_policy(ALICE, "09-18 15:42:51", policy, org.SANDBOX_LIMITS_LESS)
    stage.update_policy(GITHUB, "09-21 07:10:03", policy, org.SANDBOX_LIMITS_REFORMATTED)
    stage.rename_policy(GITHUB, "09-24 07:12:20", policy, "sandbox-guardrails")


def _backup_tried(stage: Stage) -> None:
    """A stack makes a backup policy that does not fit, and is deleted with it."""
    policy = Policy(org.P_BACKUP, org.BACKUP, "daily-backup", "A copy each night", org.DAILY_BACKUP)
    stage.policy_type(ALICE, "09-28 08:02:12", "EnablePolicyType", org.BACKUP, *_TYPES)
    stage.create_policy(CLOUDFORMATION, "09-28 08:10:30", policy)
    stage.attach(CLOUDFORMATION, "09-28 08:10:34", policy.id, org.OU_PRODUCTION)
    _validated(stage, "09-28 08:12:01", "INVALID")
    _looked_into(stage)
    stage.detach(CLOUDFORMATION, "09-30 09:20:11", policy.id, org.OU_PRODUCTION)
    stage.delete_policy(CLOUDFORMATION, "09-30 09:20:15", policy.id)
    _validated(stage, "09-30 09:21:44", "VALID")
    stage.policy_type(ALICE, "09-30 09:40:26", "DisablePolicyType", org.BACKUP, *_TYPES)


def _looked_into(stage: Stage) -> None:
    kind: Record = {"policyType": org.BACKUP}
    account: Record = {"accountId": org.WORKLOADS}
    stage.look(BEN, "09-29 08:15:10", "ListAccountsWithInvalidEffectivePolicy", kind)
    stage.look(BEN, "09-29 08:15:42", "ListEffectivePolicyValidationErrors", account | kind)
    wish = {**kind, "targetId": org.WORKLOADS}
    stage.look(BEN, "09-29 08:16:20", "DescribeEffectivePolicy", wish)
    unit: Record = {"organizationalUnitId": org.OU_PRODUCTION}
    stage.look(BEN, "09-29 08:17:03", "DescribeOrganizationalUnit", unit)


def _validated(stage: Stage, when: str, state: str) -> None:
    time = java_stamp(moment(when))
    path = [org.ORGANIZATION, org.ROOT, org.OU_WORKLOADS, org.OU_PRODUCTION, org.WORKLOADS, ""]
    error: Record = {
        "accountPath": "/".join(path),
        "evaluationTimestamp": time,
        "errorCode": "ELEMENTS_TOO_MANY",
        "errorMessage": "'daily_rule' exceeds the allowed maximum limit 10",
        "pathToError": "plans/daily/rules/daily_rule",
        "contributingPolicies": [org.P_BACKUP],
    }
    details: Record = {
        "accountId": org.WORKLOADS,
        "policyType": org.BACKUP,
        "state": state,
        "requestTimestamp": time,
        "info": "All validation errors listed",
        "validationErrors": [error] if state == "INVALID" else [],
    }
    stage.service(when, "EffectivePolicyValidation", details, reads=True)


def _delegation_policy_gone_at_night(stage: Stage) -> None:
    """The break-glass user's other deeds of that night, and their repair."""
    unit, name = org.OU_HOSTILE, org.HOSTILE_LONG_UNIT_NAME
    stage.call(DANA, "10-17 01:06:10", "DeleteResourcePolicy")
    stage.create_unit(DANA, "10-17 01:09:30", unit, name, org.OU_SANDBOX)
    stage.delete_unit(ALICE, "10-17 07:58:05", unit)
    stage.put_resource_policy(BEN, "10-17 08:14:09")
    stage.look(BEN, "10-17 08:14:30", "DescribeResourcePolicy")
    account: Record = {"accountId": org.AUDIT}
    stage.look(BEN, "10-17 08:15:02", "ListDelegatedServicesForAccount", account)
