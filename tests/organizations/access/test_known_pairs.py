"""Pairs of policies of which a person can say what changed: the decision says the same."""

from __future__ import annotations

import json

import pytest

from trailscan.organizations.access.decide import decide

OPPOSITE = {"more": "less", "less": "more", "both": "both", "same": "same"}


def levels(*statements, kind="scp", version="2012-10-17"):
    """FullAWSAccess and a policy at one level."""
    principal = {"Principal": "*"} if kind == "rcp" else {}
    full = {"Effect": "Allow", **principal, "Action": "*", "Resource": "*"}
    written = [{"Effect": "Deny", **principal, "Resource": "*"} | each for each in statements]
    for each in written:
        if "NotResource" in each:
            del each["Resource"]
    texts = ({"Version": version, "Statement": one} for one in ([full], written) if one)
    return [list(map(json.dumps, texts))]


def action(*names):
    """A Deny of some actions."""
    return {"Action": list(names)}


def when(operator, values, key="aws:k", **more):
    """A Deny of everything under a condition."""
    return {"Action": "*", "Condition": {operator: {key: values}, **more}}


NOTHING = when("StringEquals", "a", Null={"aws:k": "true"})
"""A Deny whose conditions contradict each other."""
ORGANIZATION = {"aws:PrincipalOrgID": "o-exampleorg1"}
ROLE = "arn:aws:iam::*:role/"
BUCKETS = ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]
FOUR = [
    action(name) | {"Resource": bucket} for name in ("s3:Get*", "s3:Put*") for bucket in BUCKETS
]
"""What one statement on two actions and two resources is if it is split."""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (action("cloudtrail:StopLogging"), action("cloudtrail:S*topLogging"), "less"),
        (action("ec2:RunInstances"), action("ec2:*RunInstances"), "less"),
        (action("s3:*"), action("S3:*"), "same"),
        (action("s3:Get*", "s3:GetObject"), action("s3:Get*"), "same"),
        (action("s3:**"), action("s3:*"), "same"),
        (action("s3:*?"), action("s3:?*"), "same"),
        (action("s3:a*", "s3:*a"), action("s3:a*a"), "more"),
        (action("s3:?????"), action("s3:*"), "less"),
        ({"NotAction": "s3:*"}, action("s3:*"), "both"),
        ({"NotAction": ["s3:*", "iam:*"]}, {"NotAction": "s3:*"}, "less"),
        (action("*"), {"NotAction": "s3:*"}, "more"),
        (action("*") | {"Resource": "arn:aws:s3:::a/*"}, action("*") | {"Resource": "arn:aws:s3:::a*"}, "less"),
        (action("*") | {"Resource": "arn:aws:s3:::a"}, action("*") | {"Resource": "arn:aws:s3:::A"}, "both"),
        (action("*") | {"Resource": "arn:aws:s3:::a"}, action("*") | {"NotResource": "arn:aws:s3:::a"}, "both"),
        (action("*") | {"NotResource": "arn:aws:s3:::a*"}, action("*") | {"NotResource": "arn:aws:s3:::a"}, "less"),
        (when("StringEquals", "a"), when("StringLike", "a"), "same"),
        (when("StringEquals", "a*"), when("StringLike", "a*"), "less"),
        (when("StringEquals", "a*"), when("StringLike", "a${*}"), "same"),
        (when("ArnLike", "*"), when("Null", "false"), "same"),
        (when("ArnNotEquals", "*", "aws:PrincipalArn"), when("StringNotLike", "*", "aws:PrincipalArn"), "same"),
        (when("StringNotLike", "?*"), when("StringNotLike", "*"), "more"),
        (when("StringNotLike", "?*"), when("Null", "true"), "more"),
        (when("StringNotLike", "*"), when("Null", "true"), "same"),
        (when("StringEquals", ["a", ""]), when("StringEquals", "a"), "more"),
        (when("ForAnyValue:StringLike", "*"), when("ForAnyValue:StringLike", "?*"), "same"),
        (when("StringEquals", "a"), when("StringEqualsIgnoreCase", "a"), "less"),
        (when("StringEquals", "a"), when("StringEqualsIfExists", "a"), "less"),
        (when("StringNotEquals", "a"), when("StringNotEqualsIfExists", "a"), "same"),
        (when("StringNotEquals", ["a", "b"]), when("StringNotEquals", ["a"]), "less"),
        (when("StringEquals", ["a", "b"]), when("StringEquals", ["b", "a"]), "same"),
        (when("StringLike", "*"), when("Null", "false"), "same"),
        (when("Null", ["true", "false"]), action("*"), "same"),
        (when("Bool", "true"), when("BoolIfExists", "true"), "less"),
        (when("Bool", "true"), when("Bool", True), "same"),  # noqa: FBT003 -- a JSON boolean
        (when("Bool", "true"), when("Bool", "false"), "both"),
        (when("NumericLessThan", "10"), when("NumericLessThanEquals", "10"), "less"),
        (when("NumericLessThan", "10"), when("NumericLessThan", "10.0"), "same"),
        (when("NumericGreaterThan", "3600"), when("NumericGreaterThan", "900"), "less"),
        (when("NumericEquals", ["1", "2"]), when("NumericEquals", "1"), "more"),
        (when("DateLessThan", "2026-01-01T00:00:00Z"), when("DateLessThan", "1767225600"), "same"),
        (when("DateLessThan", "2026-01-01T00:00:00Z"), when("DateLessThan", "2026-01-01T01:00:00+01:00"), "same"),
        (when("DateLessThan", "2026-01-01"), when("DateLessThan", "2026-01-02"), "less"),
        (when("IpAddress", ["10.0.0.0/25", "10.0.0.128/25"]), when("IpAddress", "10.0.0.0/24"), "same"),
        (when("IpAddress", "10.0.0.0/24"), when("IpAddress", "10.0.0.0/23"), "less"),
        (when("NotIpAddress", "10.0.0.0/24"), when("NotIpAddress", "10.0.0.0/23"), "more"),
        (when("IpAddress", "10.0.0.7/24"), when("IpAddress", "10.0.0.0/24"), "same"),
        (when("IpAddress", ["0.0.0.0/0"]), when("IpAddress", ["0.0.0.0/0", "::/0"]), "less"),
        (when("IpAddress", ["2001:DB8::/32"]), when("IpAddress", ["2001:db8::/32"]), "same"),
        (when("ArnLike", ROLE + "a*", "aws:SourceArn"), when("ArnEquals", ROLE + "a*", "aws:SourceArn"), "same"),
        (when("ArnLike", ROLE + "a", "aws:SourceArn"), when("ArnLike", ROLE + "a*", "aws:SourceArn"), "less"),
        (when("ArnNotLike", ROLE + "*", "aws:PrincipalArn"), when("ArnNotLike", ROLE + "a", "aws:PrincipalArn"), "less"),
        (when("BinaryEquals", "QUI="), when("BinaryEquals", "QUM="), "both"),
        (when("ForAnyValue:StringEquals", ["a"]), when("ForAnyValue:StringEquals", ["a", "b"]), "less"),
        (when("ForAllValues:StringEquals", ["a"]), when("ForAllValues:StringEquals", ["a", "b"]), "less"),
        (when("ForAnyValue:StringEquals", ["a"]), when("ForAllValues:StringEquals", ["a"]), "both"),
        (when("ForAllValues:StringEquals", ["a"]), when("ForAllValues:StringEquals", ["a"], Null={"aws:k": "false"}), "more"),
        (when("ForAllValues:StringNotEquals", ["a"]), when("ForAnyValue:StringNotEquals", ["a"]), "both"),
        (when("StringEquals", "a"), when("StringEquals", "a", Bool={"aws:b": "true"}), "more"),
        (when("StringEquals", "a", StringNotEquals={"aws:k": "a"}), when("StringEquals", "b", StringNotEquals={"aws:k": "b"}), "same"),
        (when("NumericLessThan", "5", NumericGreaterThan={"aws:k": "7"}), when("StringEquals", "a", Null={"aws:k": "true"}), "same"),
        (when("NumericEquals", "1e1"), when("NumericEquals", "010"), "same"),
        (when("NumericEquals", ".5"), when("NumericEquals", "+0.50"), "same"),
        (when("NumericEquals", "-0"), when("NumericEquals", 0), "same"),
        (when("NumericGreaterThan", "0.000000000001", NumericLessThan={"aws:k": "0.000000000002"}), NOTHING, "more"),
        (when("NumericGreaterThan", "999999999999999999"), NOTHING, "more"),
        (when("NumericLessThan", "-999999999999999999"), NOTHING, "more"),
        (when("DateGreaterThan", "2026-01-01T00:00:00.000001Z", DateLessThan={"aws:k": "2026-01-01T00:00:00.000002Z"}), NOTHING, "more"),
        (when("DateLessThan", "2026-01-01T00:00:00"), when("DateLessThan", 1767225600), "same"),
        (when("DateLessThan", "2026-01-01T01:00:00+0100"), when("DateLessThan", "2026-01-01T00:00Z"), "same"),
        (when("Bool", "TRUE"), when("Bool", "true"), "same"),
        (when("BinaryEquals", "QQ=="), when("BinaryEquals", "QR=="), "same"),
        (when("BinaryEquals", "QQ"), NOTHING, "same"),
        (when("IpAddress", "2001:db8::1"), when("IpAddress", "2001:db8:0::1/128"), "same"),
        (when("IpAddress", "::ffff:10.0.0.0/104"), when("IpAddress", "10.0.0.0/8"), "both"),
        (action("*") | {"Resource": "arn:aws:sns:*:topic"}, action("*") | {"Resource": "arn:aws:sns:*:*:topic"}, "same"),
        (action("*") | {"Resource": "arn:aws:s3:::*"}, action("*") | {"Resource": "arn:aws:s3*"}, "less"),
        (when("ArnLike", "arn:aws:s3:::*", "aws:SourceArn"), when("ArnLike", "arn:aws:s3:*", "aws:SourceArn"), "more"),
        (when("ArnLike", ROLE + "*", "aws:SourceArn"), when("StringLike", ROLE + "*", "aws:SourceArn"), "less"),
        (when("ArnEquals", "x", "aws:SourceArn"), NOTHING, "same"),
        (when("ForAnyValue:StringEqualsIfExists", "a"), when("ForAnyValue:StringEquals", "a"), "more"),
        (when("ForAnyValue:StringNotEqualsIfExists", "a"), when("ForAnyValue:StringNotEquals", "a"), "more"),
        (when("ForAllValues:StringEqualsIfExists", "a"), when("ForAllValues:StringEquals", "a"), "same"),
        (when("ForAllValues:StringNotEqualsIfExists", "a"), when("ForAllValues:StringNotEquals", "a"), "same"),
        (when("ForAllValues:StringLike", "*"), action("*"), "same"),
        (when("ForAllValues:StringEquals", "a", Null={"aws:k": "true"}), when("Null", "true"), "same"),
        (when("StringEquals", "${aws:PrincipalTag/x}"), when("StringEquals", "${aws:principaltag/X}"), "same"),
        (when("StringEquals", "${a:b}"), when("StringLike", "${a:b}"), "same"),
        (when("StringEquals", "${a:b, 'x'}"), when("StringEquals", "${a:b,'x'}"), "same"),
        (when("StringEquals", "${a:b, 'x'}"), when("StringEquals", "${a:b}"), "more"),
        (when("StringEquals", "${a:b, ''}"), when("StringEquals", "${a:b}"), "more"),
        (when("StringEquals", ["${a:b}", "z"]), when("StringEquals", "${a:b}"), "more"),
        (when("StringLike", "${a:b}/*"), when("StringLike", "${a:b}/q*"), "more"),
        (when("StringLike", "${a:b}?"), when("StringLike", "${a:b}*"), "less"),
        (when("StringEquals", "${a:b}Q"), when("StringEqualsIgnoreCase", "${a:b}q"), "less"),
        (when("ArnLike", ROLE + "${a:b}/*", "aws:SourceArn"), when("ArnLike", ROLE + "${a:b}*", "aws:SourceArn"), "less"),
        (when("StringEquals", "${aws:k}"), when("Null", "false"), "same"),
        (when("StringNotEquals", "${aws:k}"), NOTHING, "same"),
        (when("StringNotEquals", "${aws:k, 'x'}"), when("Null", "true"), "same"),
        (when("StringNotEquals", "${a:b}"), when("StringNotEqualsIfExists", "${a:b}"), "less"),
        (when("ForAnyValue:StringEquals", ["${a:b}", "z"]), when("ForAnyValue:StringLike", ["z", "${a:b}"]), "same"),
        (when("ForAnyValue:StringEquals", ["${a:b}", "z"]), when("ForAnyValue:StringEquals", "z"), "both"),
        (when("ForAllValues:StringNotEquals", ["${a:b}", "z"]), when("ForAllValues:StringNotEquals", "${a:b}"), "less"),
        (when("StringEqualsIgnoreCase", "ß"), when("StringEquals", "ß"), "more"),
        (when("StringEqualsIgnoreCase", "ŉ"), when("StringEquals", "ŉ"), "same"),
        (action("s3:GetObject", "s3:GetObjectAcl"), action("s3:GetObject*"), "less"),
        (action("*:Delete*"), action("s3:Delete*", "ec2:Delete*"), "more"),
        (action("?3:GetObject"), action("s3:GetObject"), "more"),
        (action("*:*"), action("*"), "same"),
        (action("ec2:*Instances"), action("ec2:*Instance?"), "less"),
        ({"NotAction": ["ec2:Describe*", "ec2:Get*"]}, {"NotAction": "ec2:*"}, "more"),
        ({"NotAction": "*:Get*"}, {"NotAction": ["s3:Get*", "*:Get*"]}, "same"),
        (action("*") | {"Resource": "arn:aws:s3:::a?"}, action("*") | {"Resource": ["arn:aws:s3:::a?", "arn:aws:s3:::ab"]}, "same"),
        (action("*") | {"Resource": "arn:aws:s3:::a*b*"}, action("*") | {"Resource": "arn:aws:s3:::a*"}, "less"),
        (action("*") | {"Resource": "arn:aws:s3:::${aws:username}"}, action("*") | {"Resource": "arn:aws:s3:::*"}, "less"),
        (action("*") | {"NotResource": ROLE + "a*"}, action("*") | {"NotResource": ROLE + "*"}, "more"),
        (when("StringNotEquals", "a", Null={"aws:k": "false"}), when("StringNotEquals", "a"), "less"),
        (when("StringNotEqualsIgnoreCase", "A"), when("StringNotEquals", "a"), "less"),
        (when("StringLike", "a?c"), when("StringLike", ["a?c", "abc"]), "same"),
        (when("StringLike", ["a*", "*a"]), when("StringLike", "a*a"), "more"),
        (when("NumericNotEquals", ["1", "2"]), when("NumericNotEquals", "1"), "less"),
        (when("NumericLessThanEquals", "10", NumericGreaterThanEquals={"aws:k": "10"}), when("NumericEquals", "10"), "same"),
        (when("DateNotEquals", "2026-01-01"), when("DateLessThan", "2026-01-01"), "more"),
        (when("IpAddress", ["10.0.0.0/24", "10.0.1.0/24"]), when("IpAddress", "10.0.0.0/23"), "same"),
        (when("NotIpAddress", ["10.0.0.0/8", "::/0"]), when("NotIpAddress", "10.0.0.0/8"), "less"),
        (when("ForAnyValue:StringLike", "a*"), when("ForAllValues:StringLike", "a*"), "both"),
        (when("ForAllValues:StringEquals", ["a", "b"], Null={"aws:k": "false"}), when("ForAnyValue:StringEquals", ["a", "b"]), "less"),
        (when("StringEquals", "${a:b}"), when("StringLike", "${a:b}*"), "less"),
        (when("StringNotLike", "${a:b}"), when("StringNotLike", "*"), "both"),
    ],
)  # fmt: skip
def test_a_deny_that_changed(before, after, expected):
    """One Deny under FullAWSAccess, there and back."""
    assert decide(levels(before), levels(after), "scp").kind == expected
    assert decide(levels(after), levels(before), "scp").kind == OPPOSITE[expected]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([action("s3:*", "iam:*")], [action("s3:*"), action("iam:*")], "same"),
        ([action("*")], [action("s3:*"), {"NotAction": "s3:*"}], "same"),
        ([action("*")], [action("s3:*"), {"NotAction": ["s3:*", "iam:*"]}], "more"),
        ([action("*")], [when("Null", "true"), when("Null", "false")], "same"),
        ([action("*")], [when("StringEquals", "a"), when("StringNotEquals", "a")], "same"),
        ([action("*")], [when("Bool", "true"), when("Bool", "false")], "more"),
        ([action("*")], [when("NumericLessThan", "5"), when("NumericGreaterThanEquals", "5")], "more"),
        ([action("*")], [when("IpAddress", ["0.0.0.0/1", "128.0.0.0/1", "::/0"])], "more"),
        ([action("s3:*")], [action("s3:*"), when("Bool", "true") | action("s3:Get*")], "same"),
        ([action("*")], [when("ForAllValues:StringEquals", "a"), when("ForAnyValue:StringNotEquals", "a")], "same"),
        ([when("BoolIfExists", "false")], [when("Bool", "false"), when("Null", "true")], "same"),
        ([when("StringNotEquals", ["a", "b"])], [when("StringNotEquals", "a"), when("StringNotEquals", "b")], "less"),
        ([{"NotAction": ["s3:*", "iam:*"]}], [{"NotAction": "s3:*"}, {"NotAction": "iam:*"}], "less"),
        ([action("s3:Get*", "s3:Put*") | {"Resource": BUCKETS}], FOUR, "same"),
        ([action("s3:Get*", "s3:Put*") | {"Resource": BUCKETS}], FOUR[:3], "more"),
    ],
)  # fmt: skip
def test_statements_that_were_split(before, after, expected):
    """Several statements that together are or are not what one was."""
    assert decide(levels(*before), levels(*after), "scp").kind == expected
    assert decide(levels(*after), levels(*before), "scp").kind == OPPOSITE[expected]


def test_a_variable_is_plain_text_in_the_old_version():
    """`${*}` is a wildcard in braces in 2008-10-17, and an asterisk in 2012-10-17."""
    deny = when("StringLike", "${*}")
    old, new = (levels(deny, version=version) for version in ("2008-10-17", "2012-10-17"))
    assert decide(old, new, "scp").kind == "both"


def test_a_data_perimeter_with_another_organization():
    """Requests of the old organization are denied now, and those of the new one no more."""
    deny = {"Action": "*", "Condition": {"StringNotEqualsIfExists": ORGANIZATION}}
    other = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorg2"}}
    found = decide(levels(deny, kind="rcp"), levels(deny | {"Condition": other}, kind="rcp"), "rcp")
    assert found.kind == "both"


def test_a_level_without_an_allow_denies_everything():
    """FullAWSAccess taken from one of two levels is a loss, and given to it a gain."""
    full = levels()[0][0]
    closed = [[full], []]
    assert decide([[full], [full]], closed, "scp").kind == "less"
    assert decide(closed, [[full], [full]], "scp").kind == "more"


FULL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
EUROPE = {"Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}}


def deny(*names):
    """A Deny of some actions on everything."""
    return {"Effect": "Deny", "Action": list(names), "Resource": "*"}


def allow(*names, **more):
    """An Allow of some actions on everything, or of all but some."""
    return {
        "Effect": "Allow",
        "Resource": "*",
        **({"Action": list(names)} if names else {}),
        **more,
    }


def path(*levels):
    """One policy at each level."""
    return [[json.dumps({"Version": "2012-10-17", "Statement": one})] for one in levels]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (path([FULL, deny("s3:*")], [FULL]), path([FULL], [FULL, deny("s3:*")]), "same"),
        (path([FULL], [allow("s3:*")]), path([FULL], [allow("s3:*"), allow("ec2:Describe*")]), "more"),
        (path([allow("s3:*", "ec2:*")], [allow("s3:*", "iam:*")]), path([allow("s3:*", "ec2:*")], [allow("s3:*")]), "same"),
        (path([allow("s3:*", "ec2:*")], [allow("s3:*", "iam:*")]), path([allow("s3:*", "iam:*")], [allow("s3:*", "ec2:*")]), "same"),
        (path([allow("s3:*", **EUROPE)], [FULL]), path([allow("s3:*")], [allow("*", **EUROPE)]), "same"),
        (path([FULL, deny("s3:*")], [FULL, deny("s3:Get*")]), path([FULL, deny("s3:*")], [FULL]), "same"),
        (path([FULL, deny("s3:Get*")], [FULL, deny("s3:*")]), path([FULL, deny("s3:Get*")], [FULL]), "more"),
        (path([FULL], [FULL]), path([FULL], [allow(NotAction="iam:*")]), "less"),
        (path([allow(NotAction="iam:*")]), path([allow(NotAction="iam:*"), allow("iam:Get*")]), "more"),
        (path([allow(NotAction="iam:*"), allow("iam:*")]), path([FULL]), "same"),
        (path([allow("s3:*", "iam:*")], [FULL]), path([allow("s3:*")], [FULL, deny("iam:*")]), "less"),
    ],
)  # fmt: skip
def test_a_path_that_changed(before, after, expected):
    """What is allowed at every level and denied at none, there and back."""
    assert decide(before, after, "scp").kind == expected
    assert decide(after, before, "scp").kind == OPPOSITE[expected]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([["111122223333", "444455556666"]], [["111122223333"], ["444455556666"]], "same"),
        ([["arn:aws:iam::111122223333:role/x"]], [["111122223333"]], "less"),
        ([["*"]], [["111122223333"], ["444455556666"]], "more"),
        ([["111122223333", "*"]], [["*"]], "same"),
        ([["arn:aws:iam::111122223333:role/x"]], [["arn:aws:iam::111122223333:role/X"]], "both"),
    ],
)
def test_principals_of_a_resource_control_policy(before, after, expected):
    """A Deny for some principals, in one statement or several, there and back."""
    sides = [
        levels(*({"Action": "s3:*", "Principal": {"AWS": one}} for one in each), kind="rcp")
        for each in (before, after)
    ]
    assert decide(*sides, "rcp").kind == expected
    assert decide(*reversed(sides), "rcp").kind == OPPOSITE[expected]
