"""Calls that only look at the organization: a pipeline's plan, people, services, a probe."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import organization as org
from records import Call, Caller, Outcome, Record, api_call, service
from stage import SOURCE, moment

if TYPE_CHECKING:
    import random
    from datetime import datetime

Look = tuple[str, Record | None]

_FILTER: Record = {"filter": org.SCP}
_PLAN: list[Look] = [
    ("DescribeOrganization", None),
    ("ListRoots", None),
    ("ListOrganizationalUnitsForParent", {"parentId": org.ROOT}),
    ("ListOrganizationalUnitsForParent", {"parentId": org.OU_WORKLOADS}),
    ("ListPolicies", _FILTER),
    ("DescribePolicy", {"policyId": org.P_DENY_LEAVE}),
    ("DescribePolicy", {"policyId": org.P_REGIONS}),
    ("ListTargetsForPolicy", {"policyId": org.P_DENY_LEAVE}),
    ("ListTagsForResource", {"resourceId": org.AUDIT}),
    ("ListAWSServiceAccessForOrganization", None),
]
_CONSOLE: list[Look] = [
    ("DescribeOrganization", None),
    ("ListAccounts", None),
    ("ListPoliciesForTarget", {"targetId": org.ROOT, **_FILTER}),
    ("ListParents", {"childId": org.SANDBOX}),
    ("ListHandshakesForOrganization", None),
]
_STACK_SETS: list[Look] = [
    ("ListAccountsForParent", {"parentId": org.OU_WORKLOADS}),
    ("ListChildren", {"parentId": org.OU_WORKLOADS, "childType": "ORGANIZATIONAL_UNIT"}),
    ("DescribeAccount", {"accountId": org.WORKLOADS}),
]
_CONFIG: list[Look] = [
    ("DescribeOrganization", None),
    ("ListAccounts", {"maxResults": 20}),
    ("ListDelegatedAdministrators", {"servicePrincipal": "config.amazonaws.com"}),
]
_GUARD_DUTY: list[Look] = [("DescribeOrganization", None)]
# Who looks at what, every how many days, beginning on which day, at what hour.
_ROUNDS: list[tuple[Caller, str, list[Look], int, int, int]] = [
    (org.PIPELINE, org.MANAGEMENT, _PLAN, 5, 2, 10),
    (org.ALICE, org.MANAGEMENT, _CONSOLE, 6, 0, 9),
    (org.STACK_SETS, org.MANAGEMENT, _STACK_SETS, 7, 1, 4),
    (org.CONFIG, org.AUDIT, _CONFIG, 7, 3, 6),
    (service("guardduty.amazonaws.com"), org.MANAGEMENT, _GUARD_DUTY, 9, 4, 2),
]
_DAYS = 60


def organization_reads(rng: random.Random) -> list[Record]:
    """Every read-only call of the story."""
    records = [
        record
        for caller, account, looks, every, first, hour in _ROUNDS
        for day in range(first, _DAYS, every)
        for record in _round(rng, caller, account, looks, _start(rng, day, hour))
    ]
    return [*records, *_denied_reads(rng), _invitations_seen(rng)]


def _start(rng: random.Random, day: int, hour: int) -> datetime:
    begin = moment(f"09-01 {hour:02}:00:00") + timedelta(days=day)
    return begin + timedelta(seconds=rng.randrange(3300))


def _round(
    rng: random.Random, caller: Caller, account: str, looks: list[Look], start: datetime
) -> list[Record]:
    records = []
    for second, (name, request) in enumerate(looks):
        when = start + timedelta(seconds=second)
        call = Call(when, SOURCE, name, account, read_only=True)
        records.append(api_call(rng, caller, call, Outcome(request)))
    return records


def _invitations_seen(rng: random.Random) -> Record:
    """The sandbox's owner finds the stranger's invitation before it is declined."""
    call = Call(
        moment("09-28 06:57:50"), SOURCE, "ListHandshakesForAccount", org.SANDBOX, read_only=True
    )
    return api_call(rng, org.FATIMA, call, Outcome({"filter": {"actionType": "INVITE"}}))


def _denied_reads(rng: random.Random) -> list[Record]:
    records = []
    for second, name in enumerate(["DescribeOrganization", "ListAccounts", "ListRoots"], start=40):
        message = (
            f"User: {org.SCANNER.identity['arn']} is not authorized to perform: "
            f"organizations:{name} on resource: * because no resource-based policy allows the "
            f"organizations:{name} action"
        )
        when = moment(f"10-16 21:06:{second}")
        call = Call(when, SOURCE, name, org.SANDBOX, read_only=True)
        outcome = Outcome(error=("AccessDenied", message))
        records.append(api_call(rng, org.SCANNER, call, outcome))
    return records
