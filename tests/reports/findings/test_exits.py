"""Rules about exits: a policy counts only if it was read, denied leaving and was on the path."""

from __future__ import annotations

import json

import pytest
from firing import HOUR, MINUTE, fired, text
from making import MEMBER, call, changes, service_event, user, write_policy

from trailscan.reports.findings.exits import EXITS, off_then_out
from trailscan.reports.findings.history import History

OU, OTHER, ROOT = "ou-exam-11111111", "ou-exam-22222222", "r-exam"
GUARD = "p-guard001"
STAY = write_policy("CreatePolicy", text("organizations:Leave*", "organizations:AcceptHandshake"))
USERS = write_policy("CreatePolicy", text("iam:*"))


def attach(target, name="AttachPolicy", after=MINUTE, policy=GUARD):
    """A policy attached, or detached."""
    return call(name, after, request={"policyId": policy, "targetId": target})


def move(source, destination, after=MINUTE):
    """The member moved."""
    ends = {"sourceParentId": source, "destinationParentId": destination}
    return call("MoveAccount", after, request={"accountId": MEMBER, **ends})


def leave(after=3 * HOUR):
    """The member leaves."""
    return call("LeaveOrganization", after, user(accountId=MEMBER), recipientAccountId=MEMBER)


def accept(after=3 * HOUR):
    """The member leaves by accepting another organization's invitation."""
    parties = [{"type": "ORGANIZATION", "id": "o-otherorg99"}]
    handshake = {"id": "h-example02", "action": "INVITE", "parties": parties}
    response = {"handshake": handshake}
    return call("AcceptHandshake", after, user(accountId=MEMBER), responseElements=response)


def update(content, after=HOUR):
    """The policy's text replaced."""
    return write_policy("UpdatePolicy", content, after)


IN_OU = move(ROOT, OU)
CAME = service_event("AccountJoinedOrganization", accountId=MEMBER, joinedMethod="CREATED")
DETACHED = attach(OU, "DetachPolicy", HOUR)
EXEMPT = text(
    "organizations:Leave*", Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}}
)
DISABLED = call(
    "DisablePolicyType", HOUR, request={"rootId": ROOT, "policyType": "SERVICE_CONTROL_POLICY"}
)
OFF, MOVED = "guardrail-off-then-account-out", "moved-then-account-out"


def sequences(*events):
    """The rules about exits that fire, and how many events each is made of."""
    return [found for found in fired(*events) if found[0] in (OFF, MOVED)]


def test_every_rule_is_tested_here():
    """Two rules, each with examples and neighbors below."""
    assert [rule.id for rule in EXITS] == [OFF, MOVED]


@pytest.mark.parametrize(
    ("events", "rule"),
    [
        ([STAY, IN_OU, attach(OU), DETACHED, leave()], OFF),
        ([STAY, IN_OU, attach(ROOT), attach(ROOT, "DetachPolicy", HOUR), leave()], OFF),
        ([STAY, attach(MEMBER), attach(MEMBER, "DetachPolicy", HOUR), leave()], OFF),
        ([STAY, IN_OU, attach(OU), update(text("iam:*")), leave()], OFF),
        ([STAY, IN_OU, attach(OU), update(EXEMPT), leave()], OFF),
        ([STAY, IN_OU, attach(OU), DISABLED, leave()], OFF),
        ([STAY, CAME, IN_OU, attach(OU), DETACHED, accept()], OFF),
        ([STAY, IN_OU, attach(OU), move(OU, OTHER, HOUR), leave()], MOVED),
        ([STAY, CAME, IN_OU, attach(OU), move(OU, ROOT, HOUR), accept()], MOVED),
    ],
)
def test_what_let_an_account_out_and_its_exit_are_one_story(events, rule):
    """Detached, weakened, disabled, or left behind: then the account went."""
    assert sequences(*events) == [(rule, 2)]


@pytest.mark.parametrize(
    "events",
    [
        [IN_OU, attach(OU), DETACHED, leave()],
        [USERS, IN_OU, attach(OU), DETACHED, leave()],
        [STAY, IN_OU, attach(OTHER), attach(OTHER, "DetachPolicy", HOUR), leave()],
        [STAY, IN_OU, DETACHED, leave()],
        [STAY, IN_OU, attach(OU), DETACHED, leave(26 * HOUR)],
        [STAY, IN_OU, attach(OU), attach(ROOT), DETACHED, leave()],
        [STAY, IN_OU, attach(OU), update(json.dumps(json.loads(STAY.request["content"]))), leave()],
        [STAY, IN_OU, attach(ROOT), move(OU, OTHER, HOUR), leave()],
        [
            STAY,
            IN_OU,
            attach(OU),
            DETACHED,
            call("RemoveAccountFromOrganization", 3 * HOUR, request={"accountId": MEMBER}),
        ],
    ],
    ids=[
        "text not read",
        "denied something else",
        "on another OU",
        "never attached",
        "more than a day before",
        "still denied by the root's",
        "the same meaning",
        "moved below the root's",
        "the management account is under no SCP",
    ],
)
def test_nothing_is_claimed_that_was_not_read(events):
    """Without the text, the attachment or the path there is no such story."""
    assert sequences(*events) == []


def test_a_new_account_is_in_the_root():
    """Until it is moved, the policies of the root are those on its path."""
    status = {"id": "car-1", "state": "SUCCEEDED", "accountId": MEMBER}
    made = call("CreateAccount", responseElements={"createAccountStatus": {"id": "car-1"}})
    result = service_event("CreateAccountResult", MINUTE, createAccountStatus=status)
    off = attach(ROOT, "DetachPolicy", HOUR)
    assert sequences(STAY, made, result, attach(ROOT), off, leave()) == [(OFF, 2)]


def test_the_story_names_the_policy_and_who_took_it_away():
    """One sentence says who left, what ended before, and what it had denied."""
    history = History(changes(STAY, IN_OU, attach(OU), DETACHED, leave()))
    (hit,) = off_then_out(history)
    assert hit.what == (
        f"alice: account {MEMBER} left the organization; before that, alice: detached SCP guard "
        f"({GUARD}) from OU {OU}, and SCP guard ({GUARD}) denied leaving"
    )
