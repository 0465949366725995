"""What calls on policies and accounts change, with what the log has of what stands beside them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from making import MANAGEMENT, MEMBER, call, changes, denied, write_policy

MINUTE = timedelta(minutes=1)
OU, OTHER_OU, ROOT = "ou-exam-11111111", "ou-exam-22222222", "r-exam"
GUARD, OTHER, FULL = "p-guard001", "p-guard002", "p-FullAWSAccess"
SECOND = "444455556666"
MANY = [f"ou-exam-{at:08}" for at in range(60)]
DEEP, THIRD, RCP_ID = "ou-exam-33333333", "p-guard003", "p-perimeter"
IN_OU = call("CreateOrganizationalUnit", request={"parentId": ROOT, "name": "w"},
    responseElements={"organizationalUnit": {"id": OU, "name": "w"}})  # fmt: skip

IN_DEEP = call("CreateOrganizationalUnit", request={"parentId": OU, "name": "d"},
    responseElements={"organizationalUnit": {"id": DEEP, "name": "d"}})  # fmt: skip
FOUNDED = call("CreateOrganization", responseElements={"organization": {"id": "o-exampleorg1",
    "managementAccountId": MANAGEMENT}})  # fmt: skip


def text(*actions, effect="Deny"):
    """A policy's text."""
    one = {"Effect": effect, "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [one]})


def create(*actions, policy_id=GUARD, effect="Deny"):
    """A policy made."""
    return write_policy("CreatePolicy", text(*actions, effect=effect), policy_id=policy_id)


def perimeter(*actions):
    """A resource control policy made."""
    one = {"Effect": "Deny", "Principal": "*", "Action": list(actions), "Resource": "*"}
    content = json.dumps({"Version": "2012-10-17", "Statement": [one]})
    kind = "RESOURCE_CONTROL_POLICY"
    return write_policy("CreatePolicy", content, policy_id=RCP_ID, policy_type=kind)


def only(policy_id, target):
    """A policy attached in place of FullAWSAccess."""
    return attach(policy_id, target), attach(FULL, target, "DetachPolicy")


def move(source, destination, account=MEMBER):
    """An account moved, after everything else."""
    request = {"accountId": account, "sourceParentId": source, "destinationParentId": destination}
    return call("MoveAccount", 2 * MINUTE, request=request)


def attach(policy_id, target, name="AttachPolicy", after=MINUTE):
    """A policy attached, or detached."""
    return call(name, after, request={"policyId": policy_id, "targetId": target})


def detach(policy_id, target):
    """A policy detached, after everything else."""
    return attach(policy_id, target, "DetachPolicy", 2 * MINUTE)


def update(*actions, effect="Deny"):
    """The guard's text replaced, after everything else."""
    content = text(*actions, effect=effect)
    return call("UpdatePolicy", 2 * MINUTE, request={"policyId": GUARD, "content": content})


def switch(name, kind="SERVICE_CONTROL_POLICY"):
    """A policy type switched on or off."""
    return call(name, 2 * MINUTE, request={"rootId": ROOT, "policyType": kind})


def place(account, parent):
    """An account moved into an OU, before anything else."""
    request = {"accountId": account, "sourceParentId": ROOT, "destinationParentId": parent}
    return call("MoveAccount", request=request)


MOVE = move(OU, OTHER_OU)
RENAME = call("UpdatePolicy", 2 * MINUTE, request={"policyId": GUARD, "name": "new"})

CASES = [
    ("a text by itself", [create("a:B", "c:D"), update("a:B")], "more", ""),
    ("a text whose policy another repeats", [create("a:B", "c:D"), create("c:*", policy_id=OTHER),
        attach(GUARD, OU), attach(OTHER, OU), update("a:B")], "same", ""),
    ("another name", [create("a:B"), RENAME], "same", ""),
    ("a text that is not known", [update("a:B")], "unknown", "the previous text is not in the store"),
    ("an allow list with full access beside it",
        [create("s3:*", effect="Allow"), attach(GUARD, OU), update("s3:*", "ec2:*", effect="Allow")],
        "same", ""),
    ("an allow list alone", [create("s3:*", effect="Allow"), attach(GUARD, OU),
        attach(FULL, OU, "DetachPolicy"), update("s3:*", "ec2:*", effect="Allow")], "more", ""),
    ("attached", [create("a:B"), attach(GUARD, OU, after=2 * MINUTE)], "less", ""),
    ("attached where the root denies it", [IN_OU, create("a:B"), create("a:*", policy_id=OTHER),
        attach(OTHER, ROOT), attach(GUARD, OU, after=2 * MINUTE)], "same", ""),
    ("attached to the management account",
        [FOUNDED, create("a:B"), attach(GUARD, MANAGEMENT, after=2 * MINUTE)], "same", ""),
    ("an RCP attached to the management account",
        [FOUNDED, perimeter("s3:*"), attach(RCP_ID, MANAGEMENT, after=2 * MINUTE)], "same", ""),
    ("an RCP attached", [IN_OU, perimeter("s3:*"), attach(RCP_ID, OU, after=2 * MINUTE)], "less", ""),
    ("an RCP detached", [IN_OU, perimeter("s3:*"), attach(RCP_ID, OU), detach(RCP_ID, OU)], "more", ""),
    ("the management account moved out of reach", [FOUNDED, IN_OU, create("a:B"), perimeter("s3:*"),
        attach(GUARD, OU), attach(RCP_ID, OU), move(OU, ROOT, MANAGEMENT)], "same", ""),
    ("moved below the OU", [IN_OU, IN_DEEP, create("a:B"), attach(GUARD, OU), move(OU, DEEP)],
        "same", ""),
    ("moved below, where more is denied", [IN_OU, IN_DEEP, create("a:B"),
        create("c:D", policy_id=OTHER), attach(GUARD, OU), attach(OTHER, DEEP), move(OU, DEEP)],
        "less", ""),
    ("moved up", [IN_OU, IN_DEEP, create("a:B"), create("c:D", policy_id=OTHER), attach(GUARD, OU),
        attach(OTHER, DEEP), move(DEEP, OU)], "more", ""),
    ("moved away from an allow list",
        [IN_OU, create("s3:*", effect="Allow"), *only(GUARD, OU), move(OU, ROOT)], "more", ""),
    ("an allow list attached where nothing was allowed", [IN_OU, create("s3:*", effect="Allow"),
        attach(FULL, OU, "DetachPolicy"), attach(GUARD, OU, after=2 * MINUTE)], "more", ""),
    ("full access attached beside an allow list", [IN_OU, create("s3:*", effect="Allow"),
        *only(GUARD, OU), attach(FULL, OU, after=2 * MINUTE)], "more", ""),
    ("a second allow list below a narrower one", [IN_OU, IN_DEEP, create("s3:Get*", effect="Allow"),
        create("s3:Get*", "ec2:*", policy_id=OTHER, effect="Allow"),
        create("s3:*", policy_id=THIRD, effect="Allow"), *only(GUARD, OU), *only(THIRD, DEEP),
        attach(OTHER, DEEP, after=2 * MINUTE)], "same", ""),
    ("attached, of unknown text", [attach(GUARD, OU)], "unknown",
        "the text of the policy is not in the store"),
    ("detached", [create("a:B"), attach(GUARD, OU), detach(GUARD, OU)], "more", ""),
    ("full access detached", [create("s3:*", effect="Allow"), attach(GUARD, OU), detach(FULL, OU)],
        "less", ""),
    ("moved out of reach", [create("a:B"), attach(GUARD, OU), MOVE], "more", ""),
    ("moved into reach", [create("a:B"), attach(GUARD, OTHER_OU), MOVE], "less", ""),
    ("moved between the same policies",
        [create("a:B"), attach(GUARD, OU), attach(GUARD, OTHER_OU), MOVE], "same", ""),
    ("moved, and nothing is known", [MOVE], "unknown",
        "no policy attached on the old or the new path is in the store"),
    ("moved with a policy of its own that denies the same", [create("a:B"), create("a:B",
        policy_id=OTHER), attach(GUARD, OU), attach(OTHER, MEMBER), MOVE], "same", ""),
    ("a text that only all known accounts below are denied otherwise", [IN_OU, place(MEMBER, OU),
        create("a:B", "c:D"), create("c:*", policy_id=OTHER), attach(GUARD, ROOT),
        attach(OTHER, OU), update("a:B")], "more", ""),
    ("a text that one account below is not denied otherwise", [IN_OU, place(MEMBER, OU),
        place(SECOND, ROOT), create("a:B", "c:D"), create("c:*", policy_id=OTHER),
        attach(GUARD, ROOT), attach(OTHER, OU), update("a:B")], "more", ""),
    ("attached where only all known accounts are denied it", [IN_OU, place(MEMBER, OU), create("a:B"),
        create("a:*", policy_id=OTHER), attach(OTHER, MEMBER), attach(GUARD, OU, after=2 * MINUTE)],
        "less", ""),
    ("a text on more targets than paths are compared", [create("a:B", "c:D"),
        *(attach(GUARD, one) for one in MANY), update("a:B")], "more", ""),
    ("a text on the last of many targets", [create("a:B", "c:D"),
        create("c:D", policy_id=OTHER), *(attach(GUARD, one) for one in MANY),
        *(attach(OTHER, one) for one in MANY[:-1]), update("a:B")], "more", ""),
    ("a text on many different paths", [create("a:B", "c:D"),
        *(one for at, target in enumerate(MANY) for one in (attach(GUARD, target),
            create(f"e:F{at}", policy_id=f"p-many{at:04}"), attach(f"p-many{at:04}", target))),
        update("a:B")], "more", ""),
    ("a text that allows on too many different paths", [create("c:D", effect="Allow"),
        *(one for at, target in enumerate(MANY) for one in (attach(GUARD, target),
            create(f"e:F{at}", policy_id=f"p-many{at:04}"), attach(f"p-many{at:04}", target))),
        update("a:B", effect="Allow")], "unknown",
        "60 paths with different policies are more than the 50 that are compared"),
    ("a text beside one that is not known", [create("a:B", "c:D"), attach(GUARD, OU),
        attach(OTHER, OU), attach(GUARD, OTHER_OU), attach(FULL, OTHER_OU, "DetachPolicy"),
        update("a:B")], "more", ""),
    ("a text that is hidden on each of more targets than are compared", [create("a:B", "c:D"),
        create("c:*", policy_id=OTHER), *(attach(one, f"ou-exam-{at:08}") for at in range(201)
            for one in (GUARD, OTHER)), update("a:B")], "unknown",
        "the policy is attached to 201 targets, more than the 200 whose policies are compared"),
    ("a text that opens on one path and closes on another", [create("a:B", "c:D"),
        create("c:*", policy_id=OTHER), create("e:*", policy_id=THIRD), attach(GUARD, OU),
        attach(OTHER, OU), attach(GUARD, OTHER_OU), attach(THIRD, OTHER_OU),
        update("a:B", "e:F")], "both", ""),
    ("a text that cannot be read, again", [write_policy("CreatePolicy", "{}", policy_id=GUARD),
        attach(GUARD, OU), call("UpdatePolicy", 2 * MINUTE, request={"policyId": GUARD,
        "content": "{}"})], "same", ""),
    ("a type disabled", [create("a:B"), attach(GUARD, OU), switch("DisablePolicyType")], "more", ""),
    ("RCPs disabled", [IN_OU, perimeter("s3:*"), attach(RCP_ID, OU),
        switch("DisablePolicyType", "RESOURCE_CONTROL_POLICY")], "more", ""),
    ("a type disabled that only the management account has",
        [FOUNDED, create("a:B"), attach(GUARD, MANAGEMENT), switch("DisablePolicyType")], "same", ""),
    ("a type disabled of which one text cannot be read", [IN_OU, create("a:B"), attach(GUARD, OU),
        write_policy("CreatePolicy", "{}", policy_id=OTHER), attach(OTHER, OTHER_OU),
        switch("DisablePolicyType")], "more", ""),
    ("attached beside a text that cannot be read", [IN_OU, create("a:B"),
        write_policy("CreatePolicy", "{}", policy_id=OTHER), attach(OTHER, OU),
        attach(GUARD, OU, after=2 * MINUTE)], "unknown", "the policy has no Statement"),
    ("a type disabled of which nothing is known", [switch("DisablePolicyType")], "unknown",
        "no attached policy of this type is in the store"),
    ("a type enabled", [switch("EnablePolicyType")], "same", ""),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "kind", "reason"), [pytest.param(*one[1:], id=one[0]) for one in CASES]
)
def test_what_stands_beside_decides(events, kind, reason):
    """The last call permits more, less or the same, and a request shows it."""
    change = changes(*events)[-1]
    assert (change.access_change, change.access_change_reason) == (kind, reason or None)
    assert (change.witness is not None) == (kind in {"more", "less", "both"})


def test_the_request_is_as_json():
    """One request is an object, and two are a list."""
    one, both = ([create("a:B"), update(*new)] for new in (("c:D", "a:B"), ("c:D",)))
    assert changes(*one)[-1].witness == {
        "principal": "arn:aws:iam::111122223333:role/Developer",
        "action": "c:D",
        "resource": "*",
        "context": {},
        "before": "allowed",
        "after": "denied",
    }
    assert [one["action"] for one in changes(*both)[-1].witness] == ["a:B", "c:D"]


def test_a_call_that_failed_changes_nothing():
    """Denied calls, and calls that are not about policies, have no answer."""
    for change in changes(denied("UpdatePolicy"), call("CreateAccount")):
        assert (change.access_change, change.witness, change.access_change_reason) == (None,) * 3


def test_an_update_that_means_the_same_is_low():
    """A split statement permits and denies what one statement did."""
    split = json.loads(text("a:B"))
    split["Statement"] += json.loads(text("c:D"))["Statement"]
    request = {"policyId": GUARD, "content": json.dumps(split)}
    change = changes(create("a:B", "c:D"), call("UpdatePolicy", MINUTE, request=request))[-1]
    assert (change.severity, change.access_change) == ("low", "same")
    assert change.description == "rewrote SCP guard (p-guard001); its meaning is unchanged"
