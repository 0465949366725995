"""What the filters of reports match, what they exclude, and what they refuse."""

from __future__ import annotations

import pytest
from making import MEMBER, call, changes, role, user

from trailscan.reports.filter import ChangeFilter
from trailscan.reports.notes import claim_notes

UNIT, OTHER = "ou-exam-11111111", "ou-exam-22222222"


def unit(name, ou_id):
    """CreateOrganizationalUnit below the root."""
    created = {"organizationalUnit": {"id": ou_id, "name": name}}
    request = {"name": name, "parentId": "r-exam"}
    return call("CreateOrganizationalUnit", request=request, responseElements=created)


def policy(name):
    """CreatePolicy of a service control policy."""
    summary = {"id": "p-guard001", "name": name, "type": "SERVICE_CONTROL_POLICY"}
    request = {"name": name, "type": "SERVICE_CONTROL_POLICY", "content": "{}"}
    created = {"policy": {"policySummary": summary, "content": "{}"}}
    return call("CreatePolicy", request=request, responseElements=created)


CHANGES = changes(
    unit("Workloads", UNIT),
    unit("Sandbox", OTHER),
    policy("guard"),
    call("DetachPolicy", request={"policyId": "p-guard001", "targetId": UNIT}),
    call(
        "MoveAccount",
        request={"accountId": MEMBER, "sourceParentId": UNIT, "destinationParentId": OTHER},
    ),
    call("InviteAccountToOrganization", request={"target": {"id": MEMBER, "type": "ACCOUNT"}},
         responseElements={"handshake": {"id": "h-example1", "action": "INVITE", "parties": [
             {"id": "o-exampleorg1", "type": "ORGANIZATION"}, {"id": MEMBER, "type": "ACCOUNT"}]}}),
    call("CancelHandshake", request={"handshakeId": "h-example1"}),
    call("FuturePolicyCall", request={"policyId": "p-guard001", "targetId": OTHER}),
)  # fmt: skip


def test_a_change_names_everything_that_it_is_about():
    """The policy and where it was, an account and both parents, the parties of a handshake."""
    assert [(one.action, one.target_ids, one.target_names) for one in CHANGES] == [
        ("CreateOrganizationalUnit", (UNIT, "r-exam"), ("Workloads",)),
        ("CreateOrganizationalUnit", (OTHER, "r-exam"), ("Sandbox",)),
        ("CreatePolicy", ("p-guard001",), ("guard",)),
        ("DetachPolicy", ("p-guard001", UNIT), ("guard", "Workloads")),
        ("MoveAccount", (MEMBER, UNIT, OTHER), ("Workloads", "Sandbox")),
        ("InviteAccountToOrganization", (MEMBER, "h-example1", "o-exampleorg1"), ()),
        ("CancelHandshake", ("h-example1", "o-exampleorg1", MEMBER), ()),
        ("FuturePolicyCall", ("p-guard001", OTHER), ("guard", "Sandbox")),
    ]


@pytest.mark.parametrize(
    ("filters", "actions"),
    [
        ({"action": ("DetachPolicy",), "target": ("Workloads",)}, ["DetachPolicy"]),
        ({"action": ("DetachPolicy",), "target": (UNIT,)}, ["DetachPolicy"]),
        ({"target": ("sandbox",), "action": ("MoveAccount",)}, ["MoveAccount"]),
        ({"target": ("o-example*",)}, ["InviteAccountToOrganization", "CancelHandshake"]),
        ({"target": ("guard", "!Workloads", "!Sand*")}, ["CreatePolicy"]),
        ({"contains": ("workloads detached GUARD",)}, ["DetachPolicy"]),
        ({"contains": ("workloads nowhere",)}, []),
        ({"principal": ("!al*",)}, []),
        ({"principal": ("!bob", "!*carol"), "action": ("Move*",)}, ["MoveAccount"]),
        ({"action": ("*Policy", "!Create*")}, ["DetachPolicy"]),
    ],
)  # fmt: skip
def test_filters_match_and_exclude(filters, actions):
    """Any target counts, words in any order, a star is a pattern, and a mark excludes."""
    wanted = ChangeFilter(**filters)
    assert [one.action for one in CHANGES if wanted.match(one)] == actions


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"action": "Detach"}, "no action 'Detach'; did you mean DetachPolicy?"),
        ({"action": "!MoveAcount"}, "no action 'MoveAcount'; did you mean MoveAccount"),
        ({"account": "12"}, "'12' is not a 12-digit account ID"),
        ({"source_ip": "999.1.1.1"}, "'999.1.1.1' is no part of an IP address"),
        ({"severity": "grave"}, "no severity 'grave'; there are: info, low, medium, high, critical"),
        ({"rule": "guardrail-detach"}, "no rule 'guardrail-detach'; did you mean guardrail-detached?"),
        ({"principal": "!"}, "'!' excludes no principal: write it after the !"),
    ],
)  # fmt: skip
def test_a_value_that_nothing_can_have_is_refused(samples, filters, said):
    """The message says what somebody can have meant."""
    with pytest.raises(ValueError, match=r"no|!") as raised:
        samples.report("findings", **filters)
    assert str(raised.value).startswith(said)


def test_a_report_repeats_what_it_excludes(samples):
    """The first note has the filter in words."""
    table = samples.report("changes", principal=["alice", "!gha-*"], action="Move*")
    assert table.notes[0].endswith("with principal alice, not gha-*, action Move*; all times")


def test_targets_of_a_filter_are_those_that_match(samples):
    """With a filter by target the report has no other rows."""
    table = samples.report("targets", target="Workloads", action="DetachPolicy")
    assert [(row["target"], row["target_name"], row["changes"]) for row in table.records()] == [
        ("ou-exam-work3333", "Workloads", 1)
    ]


@pytest.mark.parametrize(
    ("name", "claims"),
    [("kim", 1), ("deploy", 0), ("role deploy", 0), ("assumed-role/deploy", 0), ("!deploy", 0)],
)
def test_a_change_that_only_claims_a_name_is_known_as_such(name, claims):
    """A session's name is a claim; its role, and a user of the same name, are not."""
    filters = ChangeFilter(principal=(name,))
    found = changes(
        call("TagResource", who=role("deploy", "kim")),
        call("TagResource", who=user("kim")),
    )
    matching = [one for one in found if filters.match(one)]
    assert sum(map(filters.match_by_claim, matching)) == claims
    note = (
        "1 of them only claims this name: whoever opened the session chose it, and nothing "
        "vouches for it"
    )
    assert [*claim_notes(filters, matching)] == [note] * claims
