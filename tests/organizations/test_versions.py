"""The steps in the lives of policies."""

from __future__ import annotations

from datetime import timedelta

from making import call, changes, denied, write_policy

from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.versions import follow_policies

MINUTE = timedelta(minutes=1)
ONE, TWO = '{"Statement": []}', '{"Statement": [{"Sid": "S", "Effect": "Deny", "Action": "*"}]}'


def steps(*events):
    """Step, version and kind of each."""
    return [(step.step, step.version, step.kind) for step in follow_policies(changes(*events))]


def update(after, **request):
    """An update that gives some members."""
    return call("UpdatePolicy", after, request={"policyId": "p-guard001", **request})


def test_a_policy_from_its_creation_to_its_end():
    """Versions are counted by texts; each step says what it did."""
    attached = {"policyId": "p-guard001", "targetId": "r-exam"}
    assert steps(
        write_policy("CreatePolicy", ONE),
        call("AttachPolicy", MINUTE, request=attached),
        write_policy("UpdatePolicy", TWO, 2 * MINUTE),
        write_policy("UpdatePolicy", TWO.replace(" ", ""), 3 * MINUTE),
        update(4 * MINUTE, name="guard", description="d"),
        update(5 * MINUTE, name="better"),
        update(6 * MINUTE, description="e"),
        update(7 * MINUTE, name="better", description="e"),
        denied("DetachPolicy", 8 * MINUTE),
        call("DetachPolicy", 9 * MINUTE, request=attached),
        call("DeletePolicy", 10 * MINUTE, request={"policyId": "p-guard001"}),
    ) == [
        ("created", 1, "SCP"),
        ("attached", 1, "SCP"),
        ("text changed", 2, "SCP"),
        ("only reformatted", 3, "SCP"),
        ("updated", 3, "SCP"),
        ("renamed", 3, "SCP"),
        ("description changed", 3, "SCP"),
        ("nothing changed", 3, "SCP"),
        ("tried to detach", None, None),
        ("detached", 3, "SCP"),
        ("deleted", 3, "SCP"),
    ]


def test_a_text_that_comes_back_is_that_of_its_version():
    """Reverting is told, with what it changed against the text before."""
    found = list(
        follow_policies(
            changes(
                write_policy("CreatePolicy", ONE),
                write_policy("UpdatePolicy", TWO, MINUTE),
                write_policy("UpdatePolicy", ONE, 2 * MINUTE),
            )
        )
    )
    assert [(step.version, step.same_as, step.before, step.after) for step in found] == [
        (1, None, None, ONE),
        (2, None, ONE, TWO),
        (3, 1, TWO, ONE),
    ]
    assert found[2].difference.in_words == "removed statement S (Deny *)"


def test_a_policy_whose_creation_was_not_seen_has_nothing_to_be_compared_with():
    """The first text that the log has is version 1; nothing is guessed."""
    found = list(follow_policies(changes(write_policy("UpdatePolicy", TWO))))
    assert [(step.step, step.version, step.difference, step.after) for step in found] == [
        ("updated", 1, None, TWO)
    ]
    assert steps(update(MINUTE, name="better")) == [("updated", None, None)]


def test_a_refused_update_changes_nothing():
    """The next text is compared with the last that held."""
    events = (
        write_policy("CreatePolicy", ONE),
        write_policy("UpdatePolicy", TWO, MINUTE, errorCode="AccessDenied"),
        write_policy("UpdatePolicy", TWO, 2 * MINUTE),
    )
    assert [name for name, _, _ in steps(*events)] == ["created", "tried to update", "text changed"]


def test_types_and_the_resource_policy_have_steps():
    """What concerns all policies of a type, or the organization's own policy."""
    types = {"rootId": "r-exam", "policyType": "TAG_POLICY"}
    assert steps(
        call("EnablePolicyType", request=types),
        call("DisablePolicyType", MINUTE, request=types),
        call("PutResourcePolicy", 2 * MINUTE),
        call("DeleteResourcePolicy", 3 * MINUTE),
        call("MoveAccount", 4 * MINUTE),
    ) == [
        ("type enabled", None, "tag"),
        ("type disabled", None, "tag"),
        ("resource policy written", None, None),
        ("resource policy deleted", None, None),
    ]
    assert sum(one.policy_step is not None for one in ORGANIZATIONS.operations) == 9
