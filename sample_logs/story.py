"""Sixty days of an organization: what people, a pipeline and AWS services changed in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import organization as org
from control_tower import managed_account
from organization import ALICE, BEN, CONTROL_TOWER, DANA, PIPELINE
from records import java_stamp
from stage import Handshake, Policy, Stage, moment

if TYPE_CHECKING:
    import random

    from records import Record

_PRODUCTION = ("Production", org.OU_PRODUCTION)
_ORG_ARN = f"arn:aws:organizations::{org.MANAGEMENT}"


def organization_changes(rng: random.Random) -> list[Record]:
    """Every change, and every attempt at one, in the order of the story."""
    stage = Stage(rng)
    policies = _policies()
    _organization_prepared(stage)
    _units_built(stage)
    _accounts_placed(stage)
    _guardrails_set(stage, policies)
    _tag_policy_refused_then_attached(stage, policies["tags"])
    _administration_delegated(stage)
    _account_created(stage)
    _account_request_fails(stage)
    _account_invited(stage)
    _invitations_that_lead_nowhere(stage)
    _experiment(stage, policies["trial"])
    _members_leave(stage)
    _account_closed(stage)
    _probing(stage)
    _break_glass_at_night(stage, policies)
    _root_user_goes_further(stage)
    _repair(stage, policies)
    _last_days(stage, policies)
    return stage.records


def _policies() -> dict[str, Policy]:
    return {
        "leave": Policy(
            org.P_DENY_LEAVE,
            org.SCP,
            "deny-leave-organization",
            "Members stay until we let them go",
            org.DENY_LEAVE,
        ),
        "regions": Policy(
            org.P_REGIONS, org.SCP, "region-guardrail", "Work only where we look", org.REGIONS
        ),
        "guardrail": Policy(
            org.P_GUARDRAIL,
            org.SCP,
            "aws-guardrails-ExAmPl",
            "Control Tower preventive controls",
            org.GUARDRAIL,
        ),
        "perimeter": Policy(
            org.P_PERIMETER, org.RCP, "data-perimeter", "Data for our organization", org.PERIMETER
        ),
        "tags": Policy(
            org.P_COST_TAGS, org.TAGS, "cost-centre", "One spelling of CostCentre", org.COST_TAGS
        ),
        "trial": Policy(org.P_TRIAL, org.SCP, "trial-deny-all", "Trial only", org.TRIAL),
    }


def _organization_prepared(stage: Stage) -> None:
    stage.policy_type(ALICE, "09-01 09:02:11", "EnablePolicyType", org.SCP, org.SCP)
    stage.policy_type(ALICE, "09-01 09:03:40", "EnablePolicyType", org.RCP, org.SCP, org.RCP)
    stage.trust(ALICE, "09-01 09:11:05", "cloudtrail.amazonaws.com")
    stage.trust(ALICE, "09-01 09:12:52", "config.amazonaws.com")
    stack_sets = "member.org.stacksets.cloudformation.amazonaws.com"
    alice = org.on_behalf(ALICE, "cloudformation.amazonaws.com")
    stage.trust(alice, "09-01 09:26:30", stack_sets)


def _units_built(stage: Stage) -> None:
    units = [
        (org.OU_SECURITY, "Security", org.ROOT),
        (org.OU_WORKLOADS, "Workloads", org.ROOT),
        (org.OU_PRODUCTION, "Production", org.OU_WORKLOADS),
        (org.OU_TEST, "NonProd", org.OU_WORKLOADS),
        (org.OU_SANDBOX, "Sandbox", org.ROOT),
        (org.OU_SUSPENDED, "Suspended", org.ROOT),
    ]
    for second, (unit, name, parent) in enumerate(units, start=10):
        stage.create_unit(PIPELINE, f"09-02 10:01:{second}", unit, name, parent)


def _accounts_placed(stage: Stage) -> None:
    places = [
        (org.LOG_ARCHIVE, org.OU_SECURITY),
        (org.AUDIT, org.OU_SECURITY),
        (org.WORKLOADS, org.OU_PRODUCTION),
        (org.SANDBOX, org.OU_SANDBOX),
    ]
    for second, (account, unit) in enumerate(places, start=40):
        stage.move(PIPELINE, f"09-02 10:01:{second}", account, org.ROOT, unit)


def _guardrails_set(stage: Stage, policies: dict[str, Policy]) -> None:
    stage.create_policy(PIPELINE, "09-04 13:20:07", policies["leave"])
    stage.attach(PIPELINE, "09-04 13:20:09", org.P_DENY_LEAVE, org.OU_WORKLOADS)
    stage.attach(PIPELINE, "09-04 13:20:10", org.P_DENY_LEAVE, org.OU_SANDBOX)
    stage.create_policy(PIPELINE, "09-04 13:20:12", policies["regions"])
    stage.attach(PIPELINE, "09-04 13:20:14", org.P_REGIONS, org.OU_WORKLOADS)
    stage.create_policy(CONTROL_TOWER, "09-06 07:41:33", policies["guardrail"])
    stage.attach(CONTROL_TOWER, "09-06 07:41:36", org.P_GUARDRAIL, org.OU_SECURITY)
    stage.create_policy(BEN, "09-07 14:05:19", policies["perimeter"])
    stage.attach(BEN, "09-07 14:09:02", org.P_PERIMETER, org.OU_PRODUCTION)


def _tag_policy_refused_then_attached(stage: Stage, tags: Policy) -> None:
    stage.create_policy(BEN, "09-08 08:30:00", tags)
    request: Record = {"policyId": tags.id, "targetId": org.ROOT}
    error = (
        "PolicyTypeNotEnabledException",
        "You can't attach a policy of this type: it is not enabled on this root.",
    )
    stage.call(BEN, "09-08 08:31:27", "AttachPolicy", request, error=error)
    stage.policy_type(
        ALICE, "09-08 08:44:10", "EnablePolicyType", org.TAGS, org.SCP, org.RCP, org.TAGS
    )
    stage.attach(BEN, "09-08 08:47:55", tags.id, org.ROOT)


def _administration_delegated(stage: Stage) -> None:
    guard_duty = "guardduty.amazonaws.com"
    alice = org.on_behalf(ALICE, guard_duty)
    stage.trust(alice, "09-10 11:15:20", guard_duty)
    stage.delegate(alice, "09-10 11:15:22", org.AUDIT, guard_duty, "Register")
    stage.delegate(ALICE, "09-10 11:31:08", org.AUDIT, "config.amazonaws.com", "Register")
    stage.put_resource_policy(BEN, "09-11 15:02:44")


def _account_created(stage: Stage) -> None:
    request_id = "car-examplepayments0915000000000001"
    asked, done = "09-15 12:10:04", "09-15 12:10:09"
    stage.create_account(CONTROL_TOWER, asked, request_id)
    stage.account_created(asked, done, request_id, {"accountId": org.PAYMENTS})
    stage.joined("09-15 12:10:10", org.PAYMENTS, "CREATED")
    stage.move(CONTROL_TOWER, "09-15 12:11:30", org.PAYMENTS, org.ROOT, org.OU_PRODUCTION)
    stage.records.append(
        managed_account(stage.rng, "09-15 12:29:51", ("payments", org.PAYMENTS), _PRODUCTION)
    )
    stage.tag(PIPELINE, "09-15 12:40:12", org.PAYMENTS, Owner="payments", CostCentre="4200")


def _account_request_fails(stage: Stage) -> None:
    request_id = "car-exampledatalake0917000000000002"
    asked, done = "09-17 16:20:30", "09-17 16:21:18"
    stage.create_account(ALICE, asked, request_id, {"key": "Owner", "value": "data"})
    stage.account_created(asked, done, request_id, {"failureReason": "EMAIL_ALREADY_EXISTS"})


def _account_invited(stage: Stage) -> None:
    handshake = Handshake(
        "h-exampleacquired1", {"type": "ACCOUNT", "id": org.ACQUIRED}, moment("09-21 09:40:00")
    )
    stage.invite(ALICE, "09-21 09:40:00", handshake, "Welcome. Please accept this week.")
    stage.answer(org.ACQUIRED_OWNER, "09-22 07:55:41", "AcceptHandshake", handshake, "ACCEPTED")
    stage.shared_with(org.MANAGEMENT)
    stage.joined("09-22 07:55:43", org.ACQUIRED, "INVITED")
    stage.move(ALICE, "09-22 08:20:15", org.ACQUIRED, org.ROOT, org.OU_TEST)


def _invitations_that_lead_nowhere(stage: Stage) -> None:
    vendor = Handshake(
        "h-examplevendor02",
        {"type": "EMAIL", "id": "accounts@vendor.example.com"},
        moment("09-23 13:00:09"),
    )
    stage.invite(ALICE, "09-23 13:00:09", vendor, "Joint project")
    stage.answer(ALICE, "09-25 10:31:50", "CancelHandshake", vendor, "CANCELED")
    stranger = Handshake(
        "h-examplestrange3",
        {"type": "ACCOUNT", "id": org.SANDBOX},
        moment("09-27 22:14:00"),
        org.OTHER_ORGANIZATION,
        "101010101010",
    )
    stage.answer(org.FATIMA, "09-28 06:58:33", "DeclineHandshake", stranger, "DECLINED")


def _experiment(stage: Stage, trial: Policy) -> None:
    unit = org.OU_EXPERIMENT
    stage.create_unit(ALICE, "09-30 23:58:20", unit, org.HOSTILE_UNIT_NAME, org.OU_SANDBOX)
    stage.tag(ALICE, "09-30 23:59:07", unit, Purpose=org.HOSTILE_TAG_VALUE)
    stage.rename_unit(ALICE, "10-01 08:05:00", unit, "Research")
    stage.move(ALICE, "10-01 08:12:31", org.ANALYTICS, org.ROOT, unit)
    stage.create_policy(ALICE, "10-01 08:20:02", trial)
    stage.attach(ALICE, "10-01 08:21:14", trial.id, unit)
    stage.detach(ALICE, "10-05 09:00:45", trial.id, unit)
    stage.delete_policy(ALICE, "10-05 09:01:30", trial.id)
    error = (
        "OrganizationalUnitNotEmptyException",
        "The specified organizational unit (OU) is not empty.",
    )
    request: Record = {"organizationalUnitId": unit}
    stage.call(ALICE, "10-05 09:03:11", "DeleteOrganizationalUnit", request, error=error)
    stage.move(ALICE, "10-05 09:04:02", org.ANALYTICS, unit, org.ROOT)
    stage.untag(ALICE, "10-05 09:05:16", unit, "Purpose")
    stage.delete_unit(ALICE, "10-05 09:06:00", unit)


def _members_leave(stage: Stage) -> None:
    stage.departed("09-20 03:00:12", org.CLOSED_EARLIER, "CLEANED")
    stage.refused_by_scp(org.CHEN, "10-07 17:45:50", "LeaveOrganization")
    stage.call(org.PARTNER_ROOT, "10-09 05:12:09", "LeaveOrganization")
    stage.departed("10-09 05:12:11", org.PARTNER, "LEFT")
    stage.call(
        ALICE, "10-12 14:00:25", "RemoveAccountFromOrganization", {"accountId": org.ANALYTICS}
    )
    stage.departed("10-12 14:00:27", org.ANALYTICS, "REMOVED")


def _account_closed(stage: Stage) -> None:
    stage.move(ALICE, "10-14 09:30:44", org.LEGACY, org.ROOT, org.OU_SUSPENDED)
    stage.call(ALICE, "10-14 09:33:12", "CloseAccount", {"accountId": org.LEGACY})
    stage.account_closed("10-14 09:33:12", "10-14 09:35:40", org.LEGACY)


def _probing(stage: Stage) -> None:
    root = f"{_ORG_ARN}:root/{org.ORGANIZATION}/{org.ROOT}"
    policy = f"{_ORG_ARN}:policy/{org.ORGANIZATION}/service_control_policy/{org.P_REGIONS}"
    stage.denied(org.SCANNER, "10-16 21:07:14", "DisablePolicyType", root)
    stage.denied(org.SCANNER, "10-16 21:07:16", "DetachPolicy", policy)


def _break_glass_at_night(stage: Stage, policies: dict[str, Policy]) -> None:
    stage.denied(DANA, "10-17 01:02:55", "DeletePolicy", _guardrail_arn())
    stage.update_policy(DANA, "10-17 01:04:10", policies["leave"], org.DENY_LEAVE_WEAKENED)
    stage.detach(DANA, "10-17 01:05:33", org.P_REGIONS, org.OU_WORKLOADS)
    guard_duty = "guardduty.amazonaws.com"
    stage.delegate(DANA, "10-17 01:07:21", org.AUDIT, guard_duty, "Deregister")
    stage.trust(DANA, "10-17 01:08:02", guard_duty, on=False)


def _guardrail_arn() -> str:
    return f"{_ORG_ARN}:policy/{org.ORGANIZATION}/service_control_policy/{org.P_GUARDRAIL}"


def _root_user_goes_further(stage: Stage) -> None:
    kinds = (org.SCP, org.RCP, org.TAGS)
    stage.policy_type(org.MANAGEMENT_ROOT, "10-17 01:22:37", "DisablePolicyType", org.RCP, *kinds)
    when = "10-17 01:30:05"
    stage.service(when, "EffectivePolicyValidation", _invalid_tags(when), reads=True)


def _invalid_tags(when: str) -> Record:
    time = java_stamp(moment(when))
    path = [org.ORGANIZATION, org.ROOT, org.OU_WORKLOADS, org.OU_PRODUCTION, org.WORKLOADS, ""]
    error = {
        "accountPath": "/".join(path),
        "evaluationTimestamp": time,
        "errorCode": "ELEMENTS_TOO_MANY",
        "errorMessage": "'costcentre' exceeds the allowed maximum limit 10",
        "pathToError": "tags/costcentre",
        "contributingPolicies": [org.P_COST_TAGS],
    }
    return {
        "accountId": org.WORKLOADS,
        "policyType": org.TAGS,
        "state": "INVALID",
        "requestTimestamp": time,
        "info": "All validation errors listed",
        "validationErrors": [error],
    }


def _repair(stage: Stage, policies: dict[str, Policy]) -> None:
    guard_duty = "guardduty.amazonaws.com"
    kinds = (org.SCP, org.TAGS, org.RCP)
    stage.policy_type(ALICE, "10-17 07:34:49", "EnablePolicyType", org.RCP, *kinds)
    stage.attach(BEN, "10-17 07:40:18", org.P_PERIMETER, org.OU_PRODUCTION)
    stage.update_policy(PIPELINE, "10-17 07:52:06", policies["leave"], org.DENY_LEAVE)
    stage.attach(PIPELINE, "10-17 07:52:08", org.P_REGIONS, org.OU_WORKLOADS)
    stage.attach(PIPELINE, "10-17 07:52:09", org.P_DENY_LEAVE, org.ROOT)
    stage.trust(BEN, "10-17 08:10:27", guard_duty)
    stage.delegate(BEN, "10-17 08:11:40", org.AUDIT, guard_duty, "Register")


def _last_days(stage: Stage, policies: dict[str, Policy]) -> None:
    stage.update_policy(PIPELINE, "10-22 10:15:01", policies["regions"], org.REGIONS_WIDER)
    stage.rename_unit(PIPELINE, "10-26 15:00:38", org.OU_TEST, "Test")
    stage.untag(PIPELINE, "10-30 16:45:30", org.PAYMENTS, "Owner")
