"""Findings: every rule fires on the least example and stays quiet on its neighbour."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest
from making import (
    MANAGEMENT,
    MEMBER,
    START,
    call,
    changes,
    denied,
    role,
    root,
    service_event,
    user,
    write_policy,
)

from trailscan.reports.changes import read_changes
from trailscan.reports.findings.history import Actor, History
from trailscan.reports.findings.reads import first_sweeps, worth_reading
from trailscan.reports.findings.report import baseline_notes, find
from trailscan.reports.findings.rules import RULES

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def text(*actions, effect="Deny", **more):
    """A policy of one statement."""
    statement = {"Sid": "S", "Effect": effect, "Action": list(actions), "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def fired(*events, tz=UTC):
    """What rules find in some events: the rule's id and how many events it is made of."""
    found = find(History(changes(*events), tz))
    return [(one.rule.id, len(one.hit.changes)) for one in found]


def rules_of(*events):
    """The rules that fire."""
    return {name for name, _ in fired(*events)}


def on(operation, **request):
    """A call with a request."""
    return call(operation, request=request)


CREATED = write_policy("CreatePolicy", text("iam:*", "organizations:LeaveOrganization"))
TAG_POLICY = write_policy("CreatePolicy", "{}", policy_id="p-tags0001", policy_type="TAG_POLICY")
DETACH = {"policyId": "p-guard001", "targetId": "ou-exam-11111111"}
GUARDDUTY = {"servicePrincipal": "guardduty.amazonaws.com"}
RAM = {"servicePrincipal": "ram.amazonaws.com"}
INVITE = {"handshake": {"id": "h-examplehs1", "action": "INVITE"}}
OTHER_AGREEMENT = {"handshake": {"id": "h-examplehs1", "action": "ENABLE_ALL_FEATURES"}}
GUEST = user(accountId=MEMBER)
READS = (
    "ListAccounts",
    "ListRoots",
    "ListPolicies",
    "DescribeOrganization",
    "ListDelegatedAdministrators",
)
BUSY = [call("TagResource", number * 12 * HOUR) for number in range(40)]
"""Twenty days on which people change something at noon and at midnight, UTC."""


def moved(parent):
    """An account moved."""
    ends = {"sourceParentId": "ou-exam-11111111", "destinationParentId": parent}
    return on("MoveAccount", accountId=MEMBER, **ends)


def looked(names, who=None, step=MINUTE):
    """Reads, one after another."""
    return [call(name, place * step, who) for place, name in enumerate(names)]


def tried(times, step=MINUTE):
    """Denied calls, one after another."""
    return [denied("ListAccounts", place * step) for place in range(times)]


DISMANTLED = [
    CREATED,
    call("DetachPolicy", MINUTE, request=DETACH),
    call("DisablePolicyType", 2 * MINUTE, request={"rootId": "r-exam", "policyType": "TAG_POLICY"}),
]

CASES = {
    "account-left": ([on("LeaveOrganization")], [denied("LeaveOrganization")]),
    "account-tried-to-leave": ([denied("LeaveOrganization")], [on("LeaveOrganization")]),
    "account-removed": (
        [on("RemoveAccountFromOrganization", accountId=MEMBER)],
        [denied("RemoveAccountFromOrganization")],
    ),
    "account-closed": ([on("CloseAccount", accountId=MEMBER)], [denied("CloseAccount")]),
    "account-departed-unexplained": (
        [service_event("AccountDepartedOrganization", accountId=MEMBER, departureMethod="LEFT")],
        [
            call("RemoveAccountFromOrganization", request={"accountId": MEMBER}),
            service_event("AccountDepartedOrganization", MINUTE, accountId=MEMBER),
        ],
    ),
    "organization-deleted": ([on("DeleteOrganization")], [denied("DeleteOrganization")]),
    "account-invited": (
        [on("InviteAccountToOrganization", target={"id": MEMBER, "type": "ACCOUNT"})],
        [denied("InviteAccountToOrganization")],
    ),
    "account-joined-from-outside": (
        [call("AcceptHandshake", who=GUEST, responseElements=INVITE)],
        [
            call("AcceptHandshake", who=GUEST, responseElements=OTHER_AGREEMENT),
            service_event("AccountJoinedOrganization", accountId=MEMBER, joinedMethod="CREATED"),
            service_event(
                "AccountJoinedOrganization", accountId=MANAGEMENT, joinedMethod="INVITED"
            ),
        ],
    ),
    "account-moved-to-root": ([moved("r-exam")], [moved("ou-exam-22222222")]),
    "guardrail-detached": (
        [CREATED, on("DetachPolicy", **DETACH)],
        [
            TAG_POLICY,
            on("DetachPolicy", **(DETACH | {"policyId": "p-tags0001"})),
            on("DetachPolicy", **(DETACH | {"policyId": "p-FullAWSAccess"})),
            denied("DetachPolicy"),
        ],
    ),
    "guardrail-weakened": (
        [CREATED, write_policy("UpdatePolicy", text("iam:*"), MINUTE)],
        [CREATED, write_policy("UpdatePolicy", text("iam:*", "organizations:*"), MINUTE)],
    ),
    "guardrail-deleted": (
        [CREATED, on("DeletePolicy", policyId="p-guard001")],
        [TAG_POLICY, on("DeletePolicy", policyId="p-tags0001"), denied("DeletePolicy")],
    ),
    "policy-type-disabled": (
        [on("DisablePolicyType", rootId="r-exam", policyType="TAG_POLICY")],
        [on("EnablePolicyType", rootId="r-exam", policyType="TAG_POLICY")],
    ),
    "effective-policy-invalid": (
        [service_event("EffectivePolicyValidation", accountId=MEMBER, state="INVALID")],
        [service_event("EffectivePolicyValidation", accountId=MEMBER, state="VALID")],
    ),
    "delegated-administrator-added": (
        [on("RegisterDelegatedAdministrator", accountId=MEMBER, **RAM)],
        [denied("RegisterDelegatedAdministrator")],
    ),
    "delegated-administrator-removed": (
        [on("DeregisterDelegatedAdministrator", accountId=MEMBER, **RAM)],
        [on("DeregisterDelegatedAdministrator", accountId=MEMBER, **GUARDDUTY)],
    ),
    "trusted-access-added": (
        [on("EnableAWSServiceAccess", **RAM)],
        [denied("EnableAWSServiceAccess")],
    ),
    "trusted-access-removed": (
        [on("DisableAWSServiceAccess", **RAM)],
        [on("DisableAWSServiceAccess", **GUARDDUTY)],
    ),
    "resource-policy-changed": (
        [on("PutResourcePolicy", content="HIDDEN_DUE_TO_SECURITY_REASONS")],
        [denied("PutResourcePolicy"), on("DescribeResourcePolicy")],
    ),
    "root-user-change": (
        [call("TagResource", who=root())],
        [denied("TagResource", who=root()), call("ListRoots", who=root()), on("TagResource")],
    ),
    "change-without-mfa": (
        [call("TagResource", who=user(sessionContext=None))],
        [
            on("TagResource"),
            call("ListRoots", who=user(sessionContext=None)),
            call("TagResource", who=role("pipeline", "run-1")),
        ],
    ),
    "first-time-principal": (
        [on("TagResource"), call("TagResource", 14 * DAY, user("mallory"))],
        [
            on("TagResource"),
            call("TagResource", 13 * DAY, user("mallory")),
            call("TagResource", 14 * DAY, user("mallory")),
            call("TagResource", 15 * DAY),
        ],
    ),
    "unusual-hour": (
        [*BUSY, call("TagResource", 20 * DAY + 6 * HOUR)],
        [*BUSY, call("TagResource", 20 * DAY + HOUR)],
    ),
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
    "guardrail-off-then-account-out": (
        [CREATED, call("DetachPolicy", request=DETACH), call("LeaveOrganization", 23 * HOUR)],
        [CREATED, call("DetachPolicy", request=DETACH), call("LeaveOrganization", 25 * HOUR)],
    ),
}


def test_every_rule_has_a_case():
    """No rule is without an example and a neighbour, and none has two rows."""
    assert [rule.id for rule in RULES] == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_fires_on_its_example_and_not_on_its_neighbour(name):
    """The rule is what tells both apart."""
    example, neighbour = CASES[name]
    assert name in rules_of(*example)
    assert name not in rules_of(*neighbour)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_everything_that_a_reader_needs(rule):
    """Whole sentences, stable ids, techniques or a control wherever the events have them."""
    for said in (rule.title, rule.fires, rule.why, rule.false_positives):
        assert said
        assert said == said.strip()
    assert rule.why.endswith(".")
    assert rule.false_positives.endswith(".")
    assert rule.version >= 1
    assert not {technique for technique in rule.mitre if not technique.startswith("T1")}


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if len(rule.events) == 1], ids=lambda rule: rule.id
)
def test_a_rule_of_one_event_is_as_grave_as_the_event(rule):
    """The severities of findings and of changes agree, but for a departure that has a reason."""
    tried = "LeaveOrganization was denied" in rule.fires
    (change,) = changes(denied(*rule.events) if tried else call(*rule.events))
    if rule.id == "account-departed-unexplained":
        assert (rule.severity, change.severity) == ("high", "critical")
    else:
        assert rule.severity == change.severity


def test_runs_are_one_finding_with_all_their_events():
    """What one principal does in one go is one finding; what others do, or later, is another."""
    mallory = user("mallory", sessionContext=None)
    events = [
        call("TagResource", 0 * MINUTE, mallory),
        call("TagResource", 59 * MINUTE, mallory),
        call("TagResource", 59 * MINUTE, user("eve", sessionContext=None)),
        call("TagResource", 120 * MINUTE, mallory),
    ]
    assert [found for found in fired(*events) if found[0] == "change-without-mfa"] == [
        ("change-without-mfa", 2),
        ("change-without-mfa", 1),
        ("change-without-mfa", 1),
    ]


def test_sessions_of_a_role_are_one_actor():
    """A pipeline whose runs have names of their own is new once."""
    events = [
        call("TagResource"),
        call("TagResource", 15 * DAY, role("pipeline", "run-1")),
        call("TagResource", 16 * DAY, role("pipeline", "run-2")),
    ]
    assert fired(*events) == [("first-time-principal", 1)]


def test_usual_hours_are_those_of_the_zone():
    """An hour is told on the clocks of the zone; the same instants are unusual in any zone."""
    events = [*BUSY, call("TagResource", 20 * DAY + 6 * HOUR)]
    found = find(History(changes(*events), ZoneInfo("Asia/Tokyo")))
    assert [one.hit.what for one in found] == [
        "at 03:00 (Asia/Tokyo) alice: tagged an unknown resource with unknown tags"
    ]


def test_a_sweep_is_found_once_for_each_principal():
    """Whoever looks around every night is told of once."""
    nights = [
        call(name, night * DAY + place * MINUTE)
        for night in range(3)
        for place, name in enumerate(READS)
    ]
    assert fired(*nights) == [("discovery-sweep", 5)]


def test_two_records_of_one_id_are_two_events():
    """Who can write two records with one id hides neither."""
    twice = [
        call("LeaveOrganization", eventID="same"),
        call("LeaveOrganization", MINUTE, eventID="same"),
    ]
    assert fired(*twice) == [("account-left", 1), ("account-left", 1)]


def test_the_findings_of_the_sample_logs(samples):
    """How often each rule fires in the story."""
    frame = samples.report("findings").to_frame()
    assert frame.groupby("rule").size().to_dict() == {
        "account-closed": 1,
        "account-departed-unexplained": 1,
        "account-invited": 2,
        "account-joined-from-outside": 1,
        "account-left": 1,
        "account-moved-to-root": 1,
        "account-removed": 1,
        "account-tried-to-leave": 2,
        "change-without-mfa": 3,
        "delegated-administrator-added": 3,
        "denied-burst": 2,
        "discovery-sweep": 2,
        "effective-policy-invalid": 2,
        "first-time-principal": 13,
        "guardrail-deleted": 1,
        "guardrail-detached": 2,
        "guardrail-weakened": 3,
        "organization-deleted": 1,
        "policy-type-disabled": 2,
        "protections-dismantled": 1,
        "resource-policy-changed": 3,
        "root-user-change": 3,
        "security-service-cut-off": 2,
        "trusted-access-added": 5,
        "unusual-hour": 2,
    }
    assert frame["finding_id"].is_unique


def test_a_finding_names_its_events_and_where_they_were_read(samples):
    """The whole row of the night on which the protections were ended."""
    (row,) = samples.report("findings", rule="protections-dismantled").records()
    where = row.pop("records")
    assert [place.rpartition("_")[0].rpartition("_")[2] for place in where] == [
        "20261017T0110Z",
        *["20261017T0115Z"] * 4,
    ]
    assert [place.rpartition("#")[2] for place in where] == ["4", "0", "7", "6", "3"]
    assert {key: str(value) if key.endswith("time") else value for key, value in row.items()} == {
        "event_time": "2026-10-17 01:08:02+00:00",
        "severity": "critical",
        "rule": "protections-dismantled",
        "what": (
            "break-glass-dana ended 5 protections: DeleteResourcePolicy, "
            "DeregisterDelegatedAdministrator, DetachPolicy, DisableAWSServiceAccess, UpdatePolicy"
        ),
        "why": "One such change can be an accident; three are a plan.",
        "events": 5,
        "last_event_id": "ee6e654d-8b2c-4880-a827-9db4eb59d6d5",
        "finding_id": "09776b0cac3bf39b",
        "title": "Several protections were ended in one go",
        "rule_version": 1,
        "first_event_time": "2026-10-17 01:04:10+00:00",
        "principals": ("break-glass-dana",),
        "targets": ("333344445555", "guardduty.amazonaws.com", "p-exleave1", "p-exregion2"),
        "accounts": ("111122223333",),
        "source_ip_addresses": ("203.0.113.66",),
        "mitre": ("T1562", "T1666"),
        "cis": "CIS AWS Foundations 5.15",
        "references": ("df00tech T1666",),
        "false_positives": "Taking a landing zone down.",
        "event_ids": (
            "5b422002-7ea6-439a-aade-2eb0ca724d24",
            "b53081cf-5e4b-4f59-ad3c-4573932649a0",
            "315dcb6a-f964-4e94-ad91-cb8ed04be099",
            "28c0d84e-900d-4e01-ac19-6e0e40529159",
            "ee6e654d-8b2c-4880-a827-9db4eb59d6d5",
        ),
    }


def test_filters_choose_findings(samples):
    """By rule, by their own severity, by the window of their last event, by any of their events."""

    def rules(**filters):
        return [row["rule"] for row in samples.report("findings", **filters).records()]

    assert set(rules(severity="critical", since="2026-10-17")) == {
        "policy-type-disabled",
        "protections-dismantled",
        "security-service-cut-off",
    }
    assert rules(until="2026-08-03T09:04:00Z") == ["organization-deleted", "root-user-change"]
    assert rules(rule="DENIED-BURST", principal="hyperlink") == ["denied-burst"]
    assert rules(target="p-exregion2", severity="critical") == ["protections-dismantled"]
    with pytest.raises(ValueError, match="no rule 'nope'; there are: account-left, "):
        rules(rule="nope")


def test_no_finding_says_how_much_was_looked_at(samples):
    """An empty answer tells what the rules saw."""
    notes = samples.report("findings", since="2026-10-31").notes
    assert notes[:4] == (
        "0 findings by 0 of 28 rules",
        "made of 0 calls; 2026-10-31T00:00:00Z to now",
        "the rules looked at 155 changes and 181 reads, of all times",
        "none matches of 336 calls, made from 2026-08-03T09:02:11Z to 2026-10-30T16:45:30Z",
    )


def test_a_short_history_is_said(samples):
    """What needs a history says when there is none, and only then."""
    said = "first-time-principal and unusual-hour need 14 days of history"
    assert not [note for note in samples.report("findings").notes if said in note]
    seen = changes(call("TagResource"), call("TagResource", 13 * DAY, user("mallory")))
    assert [note for note in baseline_notes(seen) if said in note]
    assert not list(baseline_notes(changes(call("TagResource"), call("TagResource", 14 * DAY))))


def test_what_is_not_told_would_find_nothing(samples):
    """Only some reads are told in words; with all of them the findings are the same."""
    few = worth_reading(samples.reader)
    everything = read_changes(samples.reader, reads=True)
    assert len(few.changes) < len(everything)
    found = [find(History(changes, UTC, few.start)) for changes in (few.changes, everything)]
    assert [(one.rule.id, one.id, one.hit.what) for one in found[0]] == [
        (one.rule.id, one.id, one.hit.what) for one in found[1]
    ]
    assert few.start == everything[0].event.event_time


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
