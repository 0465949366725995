"""Whether an update of a policy loosened it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.organizations.guardrails import loosened


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
LABEL = "S (Deny iam:*, s3:Put*)"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (policy(deny()), policy(), (f"denial {LABEL} removed",)),
        (policy(deny(), deny("T", Action="ec2:*")), policy(deny()), ("denial T (Deny ec2:*) removed",)),
        (policy(deny(), deny("T")), policy(deny()), ()),
        (policy(deny(), NOT_ACTION | {"Sid": "N"}), policy(deny("R"), NOT_ACTION | {"Sid": "N", "NotAction": "iam:Get*"}), ()),
        (policy(deny()), policy(deny(Effect="Allow")), (f"denial {LABEL} became Allow",)),
        (policy(deny()), policy(deny(Action=["iam:*"])), (f"denial {LABEL} names fewer actions",)),
        (policy(deny()), policy(deny(Action=["IAM:*", "s3:put*", "ec2:*"])), ()),
        (policy(deny()), policy(deny(Action="*")), ()),
        (policy(deny()), policy(deny(Action=["iam:*", "s3:*"])), ()),
        (policy(deny(Action=["s3:*"])), policy(deny(Action=["s3:Put*"])), ("denial S (Deny s3:*) names fewer actions",)),
        (policy(NOT_ACTION), policy(NOT_ACTION | {"NotAction": ["iam:*", "s3:*"]}), ("denial S (Deny all but iam:*) names fewer actions",)),
        (policy(NOT_ACTION), policy(NOT_ACTION | {"NotAction": ["iam:Get*"]}), ()),
        (policy(deny(Action="*")), policy(NOT_ACTION), ("denial S (Deny *) names fewer actions",)),
        (policy(deny()), policy(deny(Resource="arn:aws:s3:::a")), (f"denial {LABEL} names fewer resources",)),
        (policy(deny(Resource="arn:aws:s3:::a")), policy(deny(Resource="arn:aws:s3:::*")), ()),
        (policy(deny(Principal="*")), policy(deny(Principal={"AWS": "1"})), (f"denial {LABEL} names fewer principals",)),
        (policy(deny()), policy(deny(**only("StringEquals", "eu"))), (f"denial {LABEL} holds under more conditions",)),
        (policy(deny(**only("StringEquals", "eu"))), policy(deny()), ()),
        (policy(deny(**only("StringEquals", "eu", "us"))), policy(deny(**only("StringEquals", "eu"))), (f"denial {LABEL} holds under more conditions",)),
        (policy(deny(**only("StringEquals", "eu"))), policy(deny(**only("StringEquals", "eu", "us"))), ()),
        (policy(deny(**only("StringNotEquals", "eu"))), policy(deny(**only("StringNotEquals", "eu", "us"))), (f"denial {LABEL} holds under more conditions",)),
        (policy(deny(**only("StringNotEquals", "eu", "us"))), policy(deny(**only("StringNotEquals", "eu"))), ()),
        (policy(deny(**only("Bool", "true"))), policy(deny(**only("Bool", "false"))), (f"denial {LABEL} holds under more conditions",)),
        (policy(deny(**only("ForAnyValue:StringLikeIfExists", "a*"))), policy(deny(**only("ForAnyValue:StringLikeIfExists", "a*", "b*"))), ()),
        (policy(ALLOW), policy(ALLOW | {"Action": ["s3:*", "iam:*"]}), ("A (Allow s3:*) allows more actions",)),
        (policy(ALLOW), policy(ALLOW | {"Action": ["s3:Get*"]}), ()),
        (policy(ALLOW | only("Bool", "true")), policy(ALLOW), ("A (Allow s3:*) allows more circumstances",)),
        (policy(deny()), policy(deny(), ALLOW), ("A (Allow s3:*) added",)),
        (policy(ALLOW), policy(), ()),
        (policy(deny()), policy(deny(), deny("T")), ()),
        (policy(deny()), json.dumps(json.loads(policy(deny())), indent=4), ()),
        ('{"tags": {"a": 1}}', '{"tags": {}}', ()),
        ("no JSON", policy(), ()),
        (policy(), "[]", ()),
        (policy("no statement", deny()), policy(3), (f"denial {LABEL} removed",)),
    ],
)  # fmt: skip
def test_what_an_update_forbids_no_more(before, after, expected):
    """Each element of a statement, made wider and narrower."""
    assert loosened(before, after) == expected


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
def test_any_text_is_taken_and_loosens_nothing_against_itself(statement):
    """A refused call may have sent anything; the same text twice has loosened nothing."""
    text = json.dumps({"Statement": statement})
    assert loosened(text, text) == ()
    loosened(policy(deny()), text)
    loosened(text, policy(deny()))
