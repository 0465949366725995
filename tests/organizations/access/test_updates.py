"""What a new text of a policy means by itself, element by element."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.organizations.access.change import words
from trailscan.organizations.access.decide import decide_update


def policy(*statements):
    """A text."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def deny(sid="S", **more):
    """A Deny statement."""
    return {"Sid": sid, "Effect": "Deny", "Action": ["iam:*", "s3:Put*"], "Resource": "*", **more}


def only(operator, *values, key="aws:RequestedRegion"):
    """A condition."""
    return {"Condition": {operator: {key: list(values)}}}


NOT_ACTION = {"Sid": "S", "Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*"}
ALLOW = {"Sid": "A", "Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (policy(deny()), policy(), "unknown"),
        (policy(deny(), deny("T", Action="ec2:*")), policy(deny()), "more"),
        (policy(deny(), deny("T")), policy(deny()), "same"),
        (policy(deny(), NOT_ACTION | {"Sid": "N"}), policy(deny("R"), NOT_ACTION | {"Sid": "N", "NotAction": "iam:Get*"}), "same"),
        (policy(deny()), policy(deny(Effect="Allow")), "more"),
        (policy(deny()), policy(deny(Action=["iam:*"])), "more"),
        (policy(deny()), policy(deny(Action=["IAM:*", "s3:put*", "ec2:*"])), "less"),
        (policy(deny()), policy(deny(Action="*")), "less"),
        (policy(deny()), policy(deny(Action=["iam:*", "s3:*"])), "less"),
        (policy(deny(Action=["s3:*"])), policy(deny(Action=["s3:Put*"])), "more"),
        (policy(NOT_ACTION), policy(NOT_ACTION | {"NotAction": ["iam:*", "s3:*"]}), "more"),
        (policy(NOT_ACTION), policy(NOT_ACTION | {"NotAction": ["iam:Get*"]}), "less"),
        (policy(deny(Action="*")), policy(NOT_ACTION), "more"),
        (policy(deny()), policy(deny(Resource="arn:aws:s3:::a")), "more"),
        (policy(deny(Resource="arn:aws:s3:::a")), policy(deny(Resource="arn:aws:s3:::*")), "less"),
        (policy(deny(Principal="*")), policy(deny(Principal={"AWS": "1"})), "unknown"),
        (policy(deny()), policy(deny(**only("StringEquals", "eu"))), "more"),
        (policy(deny(**only("StringEquals", "eu"))), policy(deny()), "less"),
        (policy(deny(**only("StringEquals", "eu", "us"))), policy(deny(**only("StringEquals", "eu"))), "more"),
        (policy(deny(**only("StringEquals", "eu"))), policy(deny(**only("StringEquals", "eu", "us"))), "less"),
        (policy(deny(**only("StringNotEquals", "eu"))), policy(deny(**only("StringNotEquals", "eu", "us"))), "more"),
        (policy(deny(**only("StringNotEquals", "eu", "us"))), policy(deny(**only("StringNotEquals", "eu"))), "less"),
        (policy(deny(**only("Bool", "true"))), policy(deny(**only("Bool", "false"))), "both"),
        (policy(deny(**only("ForAnyValue:StringLikeIfExists", "a*"))), policy(deny(**only("ForAnyValue:StringLikeIfExists", "a*", "b*"))), "less"),
        (policy(ALLOW), policy(ALLOW | {"Action": ["s3:*", "iam:*"]}), "more"),
        (policy(ALLOW), policy(ALLOW | {"Action": ["s3:Get*"]}), "less"),
        (policy(ALLOW | only("Bool", "true")), policy(ALLOW), "more"),
        (policy(deny()), policy(deny(), ALLOW), "same"),
        (policy(ALLOW), policy(), "unknown"),
        (policy(deny()), policy(deny(), deny("T")), "same"),
        (policy(deny()), json.dumps(json.loads(policy(deny())), indent=4), "same"),
        ('{"tags": {"a": 1}}', '{"tags": {}}', "unknown"),
        ("no JSON", policy(), "unknown"),
        (policy(), "[]", "unknown"),
        (policy("no statement", deny()), policy(3), "unknown"),
    ],
)  # fmt: skip
def test_what_an_update_permits_by_itself(before, after, expected):
    """Each element of a statement, made wider and narrower; an unknown answer has a reason."""
    change = decide_update(before, after, "scp")
    assert (change.kind, bool(change.reason)) == (expected, expected == "unknown")
    assert len(change.witnesses) == {"more": 1, "less": 1, "both": 2}.get(expected, 0)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(["Deny", "*"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["Effect", "Action", "NotAction", "Resource", "Principal", "Condition", "Sid"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_text_is_taken_and_opens_nothing_against_itself(statement):
    """A refused call may have sent anything; the same text twice has the same meaning."""
    text = json.dumps({"Statement": statement})
    assert decide_update(text, text, "scp").kind in {"same", "unknown"}
    for sides in ((policy(deny()), text), (text, policy(deny()))):
        assert words(decide_update(*sides, "scp"))
