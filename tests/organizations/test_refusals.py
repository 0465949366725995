"""Which policy refused a call: named by AWS, and known by the log before it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from making import MEMBER, call, changes, denied, user, write_policy

from trailscan.organizations.refusals import find_refusals

MINUTE = timedelta(minutes=1)
OU, ROOT = "ou-exam-11111111", "r-exam"
ARN = "arn:aws:organizations::111122223333:policy/o-exampleorg1/service_control_policy/p-guard001"
SAYS = "User: x is not authorized to perform: y on resource: * with an explicit deny in a "
MADE = [
    call("MoveAccount", request={
        "accountId": MEMBER, "sourceParentId": ROOT, "destinationParentId": OU
    }),
    write_policy("CreatePolicy", '{"Statement": []}', MINUTE),
    write_policy("UpdatePolicy", '{"Statement": [1]}', 2 * MINUTE, who=user("bob")),
    call("AttachPolicy", 3 * MINUTE, request={"policyId": "p-guard001", "targetId": OU}),
    call("AttachPolicy", 3 * MINUTE, request={"policyId": "p-guard001", "targetId": ROOT}),
    call("AttachPolicy", 3 * MINUTE, request={"policyId": "p-guard001", "targetId": "ou-exam-9"}),
]  # fmt: skip


def refused(kind, arn, *before, after=10 * MINUTE):
    """What is known of the policy that refused a member to leave."""
    message = f"{SAYS}{kind}: {arn}" if arn else f"{SAYS}{kind}"
    leave = denied("LeaveOrganization", after, errorMessage=message, who=user(accountId=MEMBER))
    told = changes(*before, leave, write_policy("UpdatePolicy", "{}", 20 * MINUTE))
    (change,) = (one for one in told if one.action == "LeaveOrganization")
    return find_refusals(told).get(id(change))


def test_the_policy_is_told_as_it_was_at_that_moment():
    """Its name, the text in force, who wrote that last, and where on the path it was attached."""
    found = refused("service control policy", ARN, *MADE)
    assert found.in_words == (
        "at least SCP guard (p-guard001), version 2 of 2026-11-02 by bob, attached to "
        "OU ou-exam-11111111 and organization root r-exam"
    )
    assert (found.kind, found.arn, found.policy_id) == (
        "service control policy", ARN, "p-guard001",
    )  # fmt: skip
    assert found.written.action == "UpdatePolicy"


def test_what_the_log_does_not_have_is_not_told():
    """A policy without a text, a path or a name is told by its id."""
    found = refused("service control policy", ARN)
    assert found.in_words == "at least SCP p-guard001, whose text is not in the log"
    assert (found.version, found.written, found.attached_to) == (None, None, ())


@pytest.mark.parametrize(
    ("kind", "arn", "words"),
    [
        (
            "permissions boundary",
            "arn:aws:iam::222233334444:policy/team/boundary",
            "at least permissions boundary arn:aws:iam::222233334444:policy/team/boundary",
        ),
        (
            "identity-based policy",
            "arn:aws:iam::222233334444:policy/no-orgs.",
            "at least identity-based policy arn:aws:iam::222233334444:policy/no-orgs",
        ),
        (
            "resource control policy",
            "arn:aws:organizations::111122223333:policy/o-ex/resource_control_policy/p-rcp00001",
            "at least RCP p-rcp00001, whose text is not in the log",
        ),
        (
            "service control policy",
            "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess",
            "at least SCP FullAWSAccess (p-FullAWSAccess), whose text is not in the log",
        ),
    ],
)
def test_each_kind_of_policy_is_named(kind, arn, words):
    """Policies of the organization by their ids, those of IAM by their ARNs."""
    assert refused(kind, arn).in_words == words


def test_a_message_without_an_arn_names_no_policy():
    """Before 2026, and across organizations, AWS tells the kind alone."""
    assert refused("service control policy", None) is None


def test_only_a_denial_has_a_refusal():
    """A call that failed for another reason was refused by no policy."""
    failed = call("LeaveOrganization", errorCode="X", errorMessage=f"{SAYS}policy: {ARN}")
    assert find_refusals(changes(failed)) == {}
