"""Rules about principals: each fires on its example and stays quiet on its neighbour."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from firing import DAY, HOUR, MINUTE, fired, on, rules_of
from making import call, changes, denied, role, root, user

from trailscan.reports.findings.history import History
from trailscan.reports.findings.principals import PRINCIPALS
from trailscan.reports.findings.report import find

BUSY = [call("TagResource", number * 12 * HOUR) for number in range(40)]
"""Twenty days on which people change something at noon and at midnight, UTC."""


CASES = {
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
}


def test_every_rule_has_a_case():
    """No rule is without an example and a neighbour."""
    assert [rule.id for rule in PRINCIPALS] == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_rule_fires_on_its_example_and_not_on_its_neighbour(name):
    """The rule is what tells both apart."""
    example, neighbour = CASES[name]
    assert name in rules_of(*example)
    assert name not in rules_of(*neighbour)


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


def test_programs_are_no_people_at_any_hour():
    """A workflow that an identity provider names is judged by no hour; a person it names is."""
    late = 20 * DAY + 6 * HOUR
    subject = "repo:example/org:ref:refs/heads/main"
    workflow = {"type": "WebIdentityUser", "userName": subject, "principalId": "github:sub"}
    assert "unusual-hour" not in rules_of(*BUSY, call("TagResource", late, workflow))
    person = {**workflow, "type": "SAMLUser", "userName": "kim@example.com"}
    assert "unusual-hour" in rules_of(*BUSY, call("TagResource", late, person))


def test_usual_hours_are_those_of_the_zone():
    """An hour is told on the clocks of the zone; the same instants are unusual in any zone."""
    events = [*BUSY, call("TagResource", 20 * DAY + 6 * HOUR)]
    found = find(History(changes(*events), ZoneInfo("Asia/Tokyo")))
    assert [one.hit.what for one in found] == [
        "at 03:00 (Asia/Tokyo) alice: tagged an unknown resource with unknown tags"
    ]
