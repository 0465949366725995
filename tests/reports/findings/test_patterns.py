"""Rules about several events: each fires on its example and stays quiet on its neighbour."""

from __future__ import annotations

import pytest
from firing import CREATED, DAY, DETACH, GUARDDUTY, HOUR, MINUTE, RAM, fired, on, rules_of
from making import START, call, denied

from trailscan.events.principal import Actor
from trailscan.reports.findings.patterns import PATTERNS, first_sweeps

DISMANTLED = [
    CREATED,
    call("DetachPolicy", MINUTE, request=DETACH),
    call("DisablePolicyType", 2 * MINUTE, request={"rootId": "r-exam", "policyType": "TAG_POLICY"}),
]
READS = (
    "ListAccounts",
    "ListRoots",
    "ListPolicies",
    "DescribeOrganization",
    "ListDelegatedAdministrators",
)


def looked(names, who=None, step=MINUTE):
    """Reads, one after another."""
    return [call(name, place * step, who) for place, name in enumerate(names)]


def tried(times, step=MINUTE):
    """Denied calls, one after another."""
    return [denied("ListAccounts", place * step) for place in range(times)]


CASES = {
    "denied-burst": (tried(5), tried(4)),
    "discovery-sweep": (looked(READS), looked(READS[:4])),
    "security-service-cut-off": (
        [on("DisableAWSServiceAccess", **GUARDDUTY)],
        [on("DisableAWSServiceAccess", **RAM), on("EnableAWSServiceAccess", **GUARDDUTY)],
    ),
    "protections-dismantled": (
        [*DISMANTLED, call("DeleteResourcePolicy", 3 * MINUTE)],
        [*DISMANTLED, call("DeleteResourcePolicy", 2 * HOUR)],
    ),
}


def test_every_rule_has_a_case():
    """No rule is without an example and a neighbour."""
    assert [rule.id for rule in PATTERNS] == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_fires_on_its_example_and_not_on_its_neighbour(name):
    """The rule is what tells both apart."""
    example, neighbour = CASES[name]
    assert name in rules_of(*example)
    assert name not in rules_of(*neighbour)


def test_a_sweep_is_found_once_for_each_principal():
    """Whoever looks around every night is told of once."""
    nights = [
        call(name, night * DAY + place * MINUTE)
        for night in range(3)
        for place, name in enumerate(READS)
    ]
    assert fired(*nights) == [("discovery-sweep", 5)]


def test_a_sweep_is_of_ten_minutes_and_of_one_actor():
    """What lies further apart is none; what follows within the ten minutes belongs to it."""

    def sweep(*calls):
        reads = (
            (START + minutes * MINUTE, name, Actor("iam_user", who, None), minutes)
            for minutes, who, name in calls
        )
        return {actor.name: refs for actor, refs in first_sweeps(reads).items()}

    spread = [(3 * place, "alice", name) for place, name in enumerate(READS)]
    assert sweep(*spread) == {}
    near = [(2 * place, "alice", name) for place, name in enumerate(READS)]
    assert sweep(*near, (9, "alice", "ListRoots"), (11, "alice", "ListRoots")) == {
        "alice": [0, 2, 4, 6, 8, 9]
    }
    assert sweep(*near[:3], *[(minutes, "bob", name) for minutes, _, name in near[3:]]) == {}
    assert sweep((-20, "alice", "ListRoots"), *near) == {"alice": [0, 2, 4, 6, 8]}


def test_what_never_stops_is_one_finding_a_day():
    """A program that is refused every five minutes is told of each day, not once with everything."""
    refused = [denied("DescribeAccount", number * 5 * MINUTE) for number in range(3 * 24 * 12)]
    assert [found for found in fired(*refused) if found[0] == "denied-burst"] == [
        ("denied-burst", 289),
        ("denied-burst", 289),
        ("denied-burst", 286),
    ]
