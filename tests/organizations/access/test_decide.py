"""Decides pairs of policy texts whose meaning is known."""

from __future__ import annotations

import json
import time

import pytest

from trailscan.organizations.access.change import Witness, words
from trailscan.organizations.access.decide import FULL_ACCESS, decide, decide_update

PROD = "arn:aws:s3:::prod-*"
ORG = "aws:PrincipalOrgID"
REGION = "aws:RequestedRegion"
ARN = "aws:PrincipalArn"
ROLE = "arn:aws:iam::*:role/"
TEAM, OWNER = "aws:PrincipalTag/team", "aws:ResourceTag/team"


def deny(action="*", resource="*", when=None, **others):
    """A Deny statement."""
    found = {"Effect": "Deny", "Action": action, "Resource": resource, **others}
    return {key: value for key, value in found.items() if value} | (
        {"Condition": when} if when else {}
    )


def allow(action="*", resource="*", when=None, **others):
    """An Allow statement."""
    return deny(action, resource, when, **others) | {"Effect": "Allow"}


def but(action, resource="*", when=None):
    """A Deny of everything but some actions."""
    return deny(None, resource, when, NotAction=action)


def outside(resource, action="*"):
    """A Deny on everything but some resources."""
    return deny(action, None, NotResource=resource)


def when(operator, key, *values):
    """A Deny under one condition."""
    return deny(when={operator: {key: list(values)}})


def policy(*statements, version="2012-10-17"):
    """A policy text."""
    return json.dumps({"Version": version, "Statement": list(statements)})


SAME = [
    ("nothing", [deny("a:B")], [deny("a:B")]),
    ("a Sid", [deny("a:B", Sid="X")], [deny("a:B", Sid="Y")]),
    ("order", [deny("a:B"), deny("c:D")], [deny("c:D"), deny("a:B")]),
    ("a list of one", [deny("a:B")], [deny(["a:B"])]),
    ("a split by action", [deny(["a:B", "c:D"])], [deny("a:B"), deny("c:D")]),
    ("a split by value", [when("StringEquals", "k", "a", "b")],
     [when("StringEquals", "k", "a"), when("StringEquals", "k", "b")]),
    ("a split by presence", [deny("a:B")],
     [deny("a:B", when={"Null": {"k": "true"}}), deny("a:B", when={"Null": {"k": "false"}})]),
    ("a merge of resources", [deny("a:B", "arn:aws:s3:::a"), deny("a:B", "arn:aws:s3:::b")],
     [deny("a:B", ["arn:aws:s3:::a", "arn:aws:s3:::b"])]),
    ("the case of an action", [deny("IAM:createuser")], [deny("iam:CreateUser")]),
    ("the case of a key", [when("StringEquals", "aws:requestedregion", "a")],
     [when("StringEquals", REGION, "a")]),
    ("a covered action", [deny("iam:*")], [deny(["iam:*", "iam:CreateUser"])]),
    ("a covered statement", [deny("s3:*")], [deny("s3:*"), deny("s3:Get*", PROD)]),
    ("a covered Allow", [allow(), deny("a:B")], [allow(), allow("s3:*"), deny("a:B")]),
    ("two asterisks", [deny("s3:Get*")], [deny("s3:Get**")]),
    ("?* and *?", [deny("s3:?*")], [deny("s3:*?")]),
    ("*:* and *", [deny("*:*")], [deny("*")]),
    ("no wildcard before the last part of an ARN",
     [when("StringNotLike", ARN, "arn:aws:iam::111122223333:role/Admin*")],
     [when("ArnNotLike", ARN, "arn:aws:iam::111122223333:role/Admin*")]),
    ("negated IfExists", [when("StringNotEquals", REGION, "a")],
     [when("StringNotEqualsIfExists", REGION, "a")]),
    ("a JSON boolean", [when("Bool", "aws:SecureTransport", "false")],
     [deny(when={"Bool": {"aws:SecureTransport": False}})]),
    ("a JSON number", [when("NumericLessThan", "k", "5")], [when("NumericLessThan", "k", 5)]),
    ("another spelling of a number", [when("NumericEquals", "k", "5")],
     [when("NumericEquals", "k", "5.0")]),
    ("another spelling of an instant", [when("DateLessThan", "k", "2026-01-01T00:00:00Z")],
     [when("DateLessThan", "k", "1767225600")]),
    ("Bool of both values", [when("Bool", "k", "true", "false")], [when("Null", "k", "false")]),
    ("two halves of a range", [when("IpAddress", "aws:SourceIp", "10.0.0.0/8")],
     [when("IpAddress", "aws:SourceIp", "10.0.0.0/9", "10.128.0.0/9")]),
    ("bits behind a prefix", [when("IpAddress", "aws:SourceIp", "10.0.0.0/8")],
     [when("IpAddress", "aws:SourceIp", "10.1.2.3/8")]),
    ("ArnLike and ArnEquals", [when("ArnLike", ARN, f"{ROLE}x*")],
     [when("ArnEquals", ARN, f"{ROLE}x*")]),
    ("StringLike without wildcard", [when("StringEquals", "k", "a")],
     [when("StringLike", "k", "a")]),
    ("an escaped asterisk", [when("StringEquals", "k", "*")], [when("StringLike", "k", "${*}")]),
    ("ForAnyValue of the parts", [when("ForAnyValue:StringEquals", "aws:TagKeys", "a", "b")],
     [when("ForAnyValue:StringEquals", "aws:TagKeys", "a"),
      when("ForAnyValue:StringEquals", "aws:TagKeys", "b")]),
    ("ForAllValues with IfExists", [when("ForAllValues:StringEquals", "aws:TagKeys", "a")],
     [when("ForAllValues:StringEqualsIfExists", "aws:TagKeys", "a")]),
    ("an impossible statement", [deny("a:B")],
     [deny("a:B"), deny("c:D", when={"Null": {"k": "true"}, "StringEquals": {"k": "x"}})]),
    ("an impossible number", [deny("a:B")],
     [deny("a:B"), deny("c:D", when={"NumericLessThan": {"k": "1"}, "NumericGreaterThan": {"k": "2"}})]),
    ("NotAction of an Allow that is denied", [allow(), deny("s3:*")],
     [allow(None, NotAction="s3:*")]),
    ("the same variable", [when("StringEquals", OWNER, "${aws:PrincipalTag/team}")],
     [deny(when={"StringEquals": {OWNER: ["${aws:PrincipalTag/team}"]}}, Sid="X")]),
    ("a split beside a variable",
     [deny(["a:B", "c:D"], when={"StringNotEquals": {OWNER: "${aws:PrincipalTag/team}"}})],
     [deny("a:B", when={"StringNotEquals": {OWNER: "${aws:PrincipalTag/team}"}}),
      deny("c:D", when={"StringNotEquals": {OWNER: "${aws:PrincipalTag/team}"}})]),
    ("case folding", [when("StringEqualsIgnoreCase", "k", "Red")],
     [when("StringEqualsIgnoreCase", "k", "rED")]),
    ("service-linked roles", [deny("a:B")],
        [deny("a:B"), when("ArnLike", ARN, "arn:aws:iam::*:role/aws-service-role/*")]),
    ("not anything", [deny("a:B")], [deny("a:B"), but("*")]),
]  # fmt: skip

MORE = [
    ("a Deny is gone", [deny("a:B"), deny("c:D")], [deny("a:B")]),
    ("a variable without default", [when("StringNotEquals", OWNER, "${aws:PrincipalTag/t, 'x'}")],
        [when("StringNotEquals", OWNER, "${aws:PrincipalTag/t}")]),
    ("NotAction becomes Action", [but("iam:*")], [deny("iam:*")]),
    ("NotResource becomes Resource", [outside(PROD)], [deny("*", PROD)]),
    ("an action escapes", [deny("iam:Create*")], [deny("iam:CreateUser")]),
    ("one more exception", [but(["iam:*"])], [but(["iam:*", "sts:*"])]),
    ("fewer resources", [deny("s3:DeleteBucket")], [deny("s3:DeleteBucket", PROD)]),
    ("one more excepted resource", [outside(PROD)], [outside([PROD, "arn:aws:s3:::dev-*"])]),
    ("a condition", [deny("ec2:*")], [deny("ec2:*", when={"StringEquals": {OWNER: "x"}})]),
    ("one more condition", [when("Bool", "a", "true")],
     [deny(when={"Bool": {"a": "true"}, "StringEquals": {"k": "v"}})]),
    ("one more region", [when("StringNotEquals", REGION, "eu-west-1")],
     [when("StringNotEquals", REGION, "eu-west-1", "us-east-1")]),
    ("a wider exemption", [when("ArnNotLike", ARN, f"{ROLE}BreakGlass")],
     [when("ArnNotLike", ARN, f"{ROLE}*")]),
    ("a wildcard that crosses the parts of an ARN", [when("ArnNotLike", ARN, "arn:aws:iam::*:role/Admin*")],
     [when("StringNotLike", ARN, "arn:aws:iam::*:role/Admin*")]),
    ("no more IfExists", [when("BoolIfExists", "aws:MultiFactorAuthPresent", "false")],
     [when("Bool", "aws:MultiFactorAuthPresent", "false")]),
    ("a smaller range", [when("IpAddress", "aws:SourceIp", "10.0.0.0/8")],
     [when("IpAddress", "aws:SourceIp", "10.0.0.0/9")]),
    ("a wider exempted range", [when("NotIpAddress", "aws:SourceIp", "10.0.0.0/9")],
     [when("NotIpAddress", "aws:SourceIp", "10.0.0.0/8")]),
    ("IPv6 escapes", [when("NotIpAddress", "aws:SourceIp", "10.0.0.0/8")],
     [when("NotIpAddress", "aws:SourceIp", "10.0.0.0/8", "2001:db8::/32")]),
    ("older sessions", [when("NumericGreaterThan", "aws:MultiFactorAuthAge", "900")],
     [when("NumericGreaterThan", "aws:MultiFactorAuthAge", "3600")]),
    ("a bound that no longer belongs", [when("NumericLessThanEquals", "k", "5")],
     [when("NumericLessThan", "k", "5")]),
    ("a later date", [when("DateLessThan", "aws:CurrentTime", "2026-06-01T00:00:00Z")],
     [when("DateLessThan", "aws:CurrentTime", "2026-01-01T00:00:00Z")]),
    ("a Deny becomes an Allow", [deny("iam:*")], [allow("iam:*")]),
    ("an allow list grows", [allow("s3:*")], [allow(["s3:*", "ec2:*"])]),
    ("an allow list loses its condition",
     [allow("s3:*", when={"StringEquals": {REGION: "eu-west-1"}})], [allow("s3:*")]),
    ("an Allow of more resources", [allow("s3:*", PROD)], [allow("s3:*")]),
    ("Allow becomes NotAction", [allow("s3:Get*")], [allow(None, NotAction="iam:*")]),
    ("ForAllValues instead of ForAnyValue negated",
     [when("ForAnyValue:StringNotEquals", "aws:TagKeys", "a")],
     [when("ForAnyValue:StringNotEquals", "aws:TagKeys", "a", "b")]),
    ("all values must match", [when("ForAnyValue:StringEquals", "aws:TagKeys", "a")],
     [deny(when={"ForAllValues:StringEquals": {"aws:TagKeys": "a"},
                 "Null": {"aws:TagKeys": "false"}})]),
    ("one tag key fewer", [when("ForAnyValue:StringEquals", "aws:TagKeys", "a", "b")],
     [when("ForAnyValue:StringEquals", "aws:TagKeys", "a")]),
    ("case matters", [when("StringEqualsIgnoreCase", "k", "Red")],
     [when("StringEquals", "k", "Red")]),
    ("wildcards are no wildcards", [when("StringLike", "k", "r*")],
     [when("StringEquals", "k", "r*")]),
    ("a part of an ARN", [when("StringLike", "aws:SourceArn", "arn:aws:sns:*:topic")],
     [when("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:topic")]),
    ("? instead of *", [deny("s3:Get*")], [deny("s3:Get?")]),
    ("an asterisk inside", [deny("s3:*Object")], [deny("s3:Get*Object")]),
    ("any key", [when("Null", "k", "true", "false")], [when("Null", "k", "true")]),
    ("a variable with a value", [when("StringLike", OWNER, "*")],
     [when("StringEquals", OWNER, "${aws:PrincipalTag/team}")]),
    ("the team itself escapes", [deny("a:B")],
     [deny("a:B", when={"StringNotEquals": {OWNER: "${aws:PrincipalTag/team}"}})]),
    ("its own folder only", [deny("s3:*")],
     [deny("s3:*", None, NotResource="arn:aws:s3:::home/${aws:username}/*")]),
    ("binary", [when("BinaryEquals", "k", "QUI=", "QUM=")], [when("BinaryEquals", "k", "QUI=")]),
    ("a Deny of one of two", [deny(["a:B", "c:*"])], [deny(["a:B", "c:D*"])]),
    ("an exception by principal", [deny("a:B")],
     [deny("a:B", when={"StringNotLike": {ARN: f"{ROLE}admin"}})]),
]  # fmt: skip

BOTH = [
    ("NotAction and Action swap", [deny("iam:*")], [but("iam:*")]),
    ("another action", [deny("a:B")], [deny("c:D")]),
    ("another region", [when("StringNotEquals", REGION, "eu-west-1")],
     [when("StringNotEquals", REGION, "us-east-1")]),
    ("another allow list", [allow("s3:*")], [allow("ec2:*")]),
    ("the negated operator", [when("StringEquals", "k", "a")], [when("StringNotEquals", "k", "a")]),
    ("ForAllValues for ForAnyValue", [when("ForAnyValue:StringEquals", "aws:TagKeys", "a")],
     [when("ForAllValues:StringEquals", "aws:TagKeys", "a")]),
    ("another variable", [when("StringEquals", OWNER, "${aws:PrincipalTag/team}")],
     [when("StringEquals", OWNER, "${aws:PrincipalTag/unit}")]),
    ("overlapping wildcards", [deny("s3:*Object")], [deny("s3:Get*")]),
    ("overlapping ranges", [when("NumericLessThan", "k", "5")],
     [when("NumericGreaterThan", "k", "3")]),
    ("Null the other way", [when("Null", "k", "true")], [when("Null", "k", "false")]),
]  # fmt: skip


def table(pairs):
    """The parameters of a table of pairs."""
    return [pytest.param(policy(*old), policy(*new), id=name) for name, old, new in pairs]


@pytest.mark.parametrize(("before", "after"), table(SAME))
def test_texts_that_mean_the_same(before, after):
    """No request is decided otherwise, in either direction."""
    assert decide_update(before, after, "scp").kind == "same"
    assert decide_update(after, before, "scp").kind == "same"


@pytest.mark.parametrize(("before", "after"), table(MORE))
def test_texts_that_permit_more(before, after):
    """A request was denied and is allowed; read backwards, the update is the opposite."""
    assert decide_update(before, after, "scp").kind in {"more", "both"}
    assert decide_update(after, before, "scp").kind in {"less", "both"}


ALSO_LESS = {
    "NotAction becomes Action",
    "NotResource becomes Resource",
    "all values must match",
}


@pytest.mark.parametrize(
    ("before", "after"), table([one for one in MORE if one[0] not in ALSO_LESS])
)
def test_texts_that_permit_only_more(before, after):
    """Nothing is newly denied."""
    assert decide_update(before, after, "scp").kind == "more"
    assert decide_update(after, before, "scp").kind == "less"


@pytest.mark.parametrize(("before", "after"), table(BOTH))
def test_texts_that_permit_more_and_less(before, after):
    """Each direction has its request, more before less."""
    change = decide_update(before, after, "scp")
    assert change.kind == "both"
    assert [one.after for one in change.witnesses] == ["allowed", "denied"]


def test_a_request_shows_what_an_update_opens():
    """It names a principal, an action, a resource and the keys that matter, and no others."""
    before = policy(when("StringNotEquals", REGION, "eu-west-1"))
    after = policy(when("StringNotEquals", REGION, "eu-west-1", "us-east-1"))
    (witness,) = decide_update(before, after, "scp").witnesses
    assert witness == Witness(
        principal="arn:aws:iam::111122223333:role/Developer",
        action="ec2:RunInstances",
        resource="arn:aws:ec2:us-east-1:111122223333:instance/i-0123456789abcdef0",
        context={REGION: "us-east-1"},
        before="denied",
        after="allowed",
    )


def test_an_action_is_spelled_as_in_the_policy():
    """Where no well-known action belongs, the policy's own is shown."""
    change = decide_update(policy(deny("svc:DoIt")), policy(deny("a:B")), "scp")
    assert [one.action for one in change.witnesses] == ["svc:DoIt", "a:B"]


def test_a_key_with_several_values_is_a_list():
    """Keys that set operators compare have a list, even of one value."""
    before = policy(when("ForAnyValue:StringEquals", "aws:TagKeys", "a"))
    after = policy(when("ForAnyValue:StringEquals", "aws:TagKeys", "a", "b"))
    (witness,) = decide_update(before, after, "scp").witnesses
    assert witness.context == {"aws:TagKeys": ["b"]}


WORDS = [
    (
        [deny("a:B"), deny("cloudtrail:StopLogging")],
        [deny("a:B")],
        "no longer denied: cloudtrail:StopLogging",
    ),
    (
        [deny("ec2:RunInstances")],
        [deny("ec2:RunInstances", when={"StringNotEquals": {REGION: "eu-central-1"}})],
        "no longer denied: ec2:RunInstances in eu-central-1",
    ),
    (
        [deny("iam:CreateUser")],
        [deny("iam:*")],
        "newly denied: actions of iam, for example iam:CreateRole",
    ),
    (
        [deny(["a:B", "c:D"])],
        [deny("a:B"), deny("c:D")],
        "same meaning (2 statements became 3)",
    ),
    ([deny("a:B", Sid="X")], [deny("a:B")], "same meaning (only order, names or spacing differ)"),
    (
        [deny("a:B")],
        [deny("c:D", PROD)],
        "no longer denied: a:B; newly denied: c:D on arn:aws:s3:::prod-example",
    ),
    (
        [deny("a:B", when={"Null": {"k": "false"}})],
        [deny("a:B")],
        "newly denied: a:B without k",
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), WORDS)
def test_what_a_change_means_in_words(old, new, expected):
    """The widest opening first, with what limits it."""
    assert words(decide_update(policy(*old), policy(*new), "scp")) == expected


UNKNOWN = [
    ("{", "the text is no policy: the record is not valid JSON: Input data was truncated"),
    ("[]", "the text is no policy: the record is not a JSON object but an array"),
    (
        '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
        "the text has the member “Version” twice",
    ),
    ('{"Version":"2012-10-17"}', "the policy has no Statement"),
    (policy(deny(), version="2020-01-01"), "the policy version “2020-01-01” is not known"),
    (policy({**deny(), "Effect": "Maybe"}), "the effect “Maybe” is not known"),
    (policy({**deny(), "Colour": "red"}), "the element “Colour” is not known"),
    (
        policy({"Effect": "Deny", "Resource": "*"}),
        "a statement has no Action; AWS refuses the text",
    ),
    (
        policy(deny("StopLogging")),
        "the action “StopLogging” names no service; AWS refuses the text",
    ),
    (policy(when("StringIs", "k", "a")), "the condition operator “StringIs” is not known"),
    (policy(when("NumericEquals", "k", "five")), "a value is no number"),
    (policy(when("IpAddress", "k", "everywhere")), "a value is no range of IP addresses"),
    (
        policy(deny("*", Principal="*")),
        "a service control policy has a Principal; AWS refuses the text",
    ),
]


@pytest.mark.parametrize(("text", "reason"), UNKNOWN)
def test_texts_that_cannot_be_decided(text, reason):
    """The reason says what cannot be read, whichever side it is on."""
    good = policy(deny("a:B"))
    for change in (decide_update(good, text, "scp"), decide_update(text, good, "scp")):
        assert (change.kind, change.reason, change.witnesses) == ("unknown", reason, ())


def test_a_variable_is_plain_text_in_the_older_version():
    """Version 2008-10-17 has no variables, so a value with `${` is one text like others."""
    one = when("StringEquals", OWNER, "${aws:PrincipalTag/team}")
    old, new = policy(one, version="2008-10-17"), policy(one)
    assert decide_update(old, new, "scp").kind == "both"
    (witness,) = decide_update(
        old, policy(deny("a:B", when={"Null": {"k": "true"}})), "scp"
    ).witnesses[:1]
    assert witness.context[OWNER] == "${aws:PrincipalTag/team}"


PERIMETER = {"Principal": "*"}


def rcp(when):
    """An RCP that denies S3 under a condition."""
    return policy(deny("s3:*", when=when, **PERIMETER))


def test_a_resource_control_policy_stands_beside_full_access():
    """Another organization escapes the perimeter, and ours no longer does."""
    before = rcp({"StringNotEqualsIfExists": {ORG: "o-ours"}})
    after = rcp({"StringNotEqualsIfExists": {ORG: "o-theirs"}})
    change = decide_update(before, after, "rcp")
    assert change.kind == "both"
    assert [one.context for one in change.witnesses] == [{ORG: "o-theirs"}, {ORG: "o-ours"}]


def test_principals_of_a_resource_control_policy():
    """An ARN is one principal, and an account everybody in it."""
    role = "arn:aws:iam::111122223333:role/x"
    everybody = policy(deny("s3:*", Principal="*"))
    account = policy(deny("s3:*", Principal={"AWS": "111122223333"}))
    root = policy(deny("s3:*", Principal={"AWS": "arn:aws:iam::111122223333:root"}))
    one = policy(deny("s3:*", Principal={"AWS": [role]}))
    assert decide_update(everybody, account, "rcp").kind == "more"
    assert decide_update(account, root, "rcp").kind == "same"
    assert decide_update(account, one, "rcp").kind == "more"
    assert decide_update(one, rcp({"ArnEquals": {ARN: role}}), "rcp").kind == "same"


FULL = FULL_ACCESS["scp"]
LEVELS = [
    ("a Deny moves to another level", [[FULL, policy(deny("a:B"))], [FULL]], [[FULL], [FULL, policy(deny("a:B"))]], "same"),
    ("a Deny is repeated below", [[FULL, policy(deny("a:*"))], [FULL]], [[FULL, policy(deny("a:*"))], [FULL, policy(deny("a:B"))]], "same"),
    ("a Deny that stands above too is detached", [[FULL, policy(deny("a:*"))], [FULL, policy(deny("a:B"))]], [[FULL, policy(deny("a:*"))], [FULL]], "same"),
    ("a Deny is detached", [[FULL], [FULL, policy(deny("a:B"))]], [[FULL], [FULL]], "more"),
    ("an allow list at one level", [[FULL], [FULL]], [[FULL], [policy(allow("s3:*"))]], "less"),
    ("allow lists of two levels exclude each other", [[policy(allow("s3:*"))], [FULL]], [[policy(allow("s3:*"))], [policy(allow("ec2:*"))]], "less"),
    ("a second allow list at a level", [[policy(allow("s3:*"))]], [[policy(allow("s3:*")), policy(allow("ec2:*"))]], "more"),
    ("full access beside an allow list is detached", [[FULL, policy(allow("s3:*"))]], [[policy(allow("s3:*"))]], "less"),
    ("nothing is attached", [[FULL], [FULL]], [[FULL], []], "less"),
    ("one level fewer", [[FULL], [FULL, policy(deny("a:B"))], [FULL]], [[FULL], [FULL]], "more"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "kind"), [pytest.param(*one[1:], id=one[0]) for one in LEVELS]
)
def test_policies_of_several_levels(before, after, kind):
    """A request must be allowed at every level and denied at none."""
    opposite = {"more": "less", "less": "more", "same": "same"}
    assert decide(before, after, "scp").kind == kind
    assert decide(after, before, "scp").kind == opposite[kind]


NEARLY = f"arn:aws:s3:::${{aws:username}}{'*b' * 6}*c"
HOSTILE = {
    "wildcards": (policy(deny("s3:" + "*a" * 200)), policy(deny("s3:" + "*b*a" * 100))),
    "question marks": (policy(deny(f"s3:{'?' * 2000}*a")), policy(deny(f"s3:*a{'?' * 2000}"))),
    "statements": (
        policy(*[deny(f"s{at}:*", f"arn:aws:s3:::{at}*") for at in range(400)]),
        policy(*[deny(f"s{at}:*", f"arn:aws:s3:::{at}?") for at in range(400)]),
    ),
    "sets of values": (
        policy(*[when("ForAnyValue:StringLike", "k", f"*{at}*") for at in range(60)]),
        policy(*[when("ForAllValues:StringLike", "k", f"*{at}*") for at in range(60)]),
    ),
    "a long ARN": (
        policy(deny("*", f"arn:aws:s3:::{'x*' * 9000}")),
        policy(deny("*", f"arn:aws:s3:::{'x*' * 9001}")),
    ),
    "numbers": (
        policy(when("NumericLessThan", "k", *map(str, range(4000)))),
        policy(when("NumericLessThan", "k", *(f"{at}.5" for at in range(3000)))),
    ),
    "variables": (
        policy(deny("*", [f"arn:aws:s3:::${{aws:k{at}}}" for at in range(150)])),
        policy(deny("*", [f"arn:aws:s3:::${{aws:k{at}}}" for at in range(149)])),
    ),
    "wildcards behind a variable": (
        policy(when("StringLike", "k", "${aws:username}" + "*a" * 3000)),
        policy(when("StringLike", "k", "${aws:username}" + "*b" * 3000)),
    ),
    "a name that wildcards behind a variable nearly match": (
        policy(deny("*", NEARLY)),
        policy(deny("*", [NEARLY, f"arn:aws:s3:::example{'xb' * 120}"])),
    ),
    "spaces in a variable": (
        policy(when("StringLike", "k", "${" + " " * 20_000 + "aws:a}")),
        policy(when("StringLike", "k", "${aws:a" + " " * 20_000 + "x}")),
    ),
    "beginnings of variables": (
        policy(when("StringLike", "k", "${" * 19_000)),
        policy(when("StringLike", "k", "}" + "${" * 19_000)),
    ),
    "a long run": (
        policy(deny("*", f"arn:aws:s3:::{'a' * 10_000}")),
        policy(deny("*", f"*{'a' * 5_000}b*")),
    ),
    "depth": ('{"a":' * 5000 + "1" + "}" * 5000, policy(deny())),
    "length": (policy(deny("s3:" + "x" * 10_000_000)), policy(deny())),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_ends_soon(name):
    """Whatever the text is, the answer comes in a second of work."""
    started = time.process_time()
    change = decide_update(*HOSTILE[name], "scp")
    assert time.process_time() - started < 2
    assert change.kind != "same"
    assert change.kind != "unknown" or change.reason
