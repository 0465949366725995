"""One request under policies, case by case as AWS's user guides say."""

from __future__ import annotations

import json
import time

import pytest

from trailscan.organizations.access.evaluate import Request, evaluate

ROLE = "arn:aws:iam::111122223333:role/admin"
OBJECT = "arn:aws:s3:::logs/2026/a.txt"
ALLOW_ALL = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)


def request(action="s3:GetObject", resource=OBJECT, principal=ROLE, **context):
    """A request; a context key is written with `__` for its colon."""
    named = {key.replace("__", ":"): value for key, value in context.items()}
    return Request(principal, action, resource, named)


def policy(version="2012-10-17", **elements):
    """A policy with one statement, a Deny of everything unless told otherwise."""
    statement = {"Effect": "Deny", "Action": "*", "Resource": "*"} | elements
    for name in ("Action", "Resource"):
        if f"Not{name}" in elements:
            del statement[name]
    return json.dumps({"Version": version, "Statement": [statement]})


def denies(text, asked):
    """Whether a policy denies a request that is allowed otherwise."""
    return evaluate([[ALLOW_ALL, text]], asked, "scp") == "denied"


def holds(condition, context, version="2012-10-17"):
    """Whether a condition holds in a context."""
    return denies(policy(version, Condition=condition), Request(ROLE, "a:B", "*", context))


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("StringEquals", "a*", "a*", True),
        ("StringEquals", "a*", "ab", False),
        ("StringEquals", "a", "A", False),
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", [], "b", False),
        ("StringEquals", "a", None, False),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", "b", False),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringNotEquals", "a", None, True),
        ("StringNotEquals", [], "b", True),
        ("StringEqualsIgnoreCase", "Ab", "aB", True),
        ("StringNotEqualsIgnoreCase", "Ab", "aB", False),
        ("StringLike", "a*c?e", "abbbcde", True),
        ("StringLike", "a*c?e", "abbbce", False),
        ("StringLike", "*", "", True),
        ("StringLike", "*", None, False),
        ("StringLike", "a${*}c", "a*c", True),
        ("StringLike", "a${*}c", "abc", False),
        ("StringLike", "${?}${$}", "?$", True),
        ("StringNotLike", "a*", "b", True),
        ("StringNotLike", "a*", None, True),
        ("NumericEquals", "10", "10.0", True),
        ("NumericEquals", 10, "10", True),
        ("NumericEquals", "ten", "10", False),
        ("NumericNotEquals", "ten", "10", True),
        ("NumericEquals", "1e1", "10", True),
        ("NumericEquals", ".5", "0.50", True),
        ("ForAnyValue:StringEquals", "", [""], False),
        ("ForAllValues:StringEquals", "a", [""], True),
        ("ForAnyValue:StringLike", "a", ["", "a"], True),
        ("DateEquals", "2026-01-01T01:00:00+0100", "1767225600", True),
        ("NumericNotEquals", "10", "11", True),
        ("NumericLessThan", "10", "9.99", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "-1", "0", True),
        ("NumericGreaterThanEquals", ["5", "3"], "3", True),
        ("NumericGreaterThan", "1", None, False),
        ("NumericGreaterThanIfExists", "1", None, True),
        ("DateLessThan", "2026-01-01T00:00:00Z", "2025-12-31T23:59:59Z", True),
        ("DateLessThan", "2026-01-01", "2026-01-01T00:00:00Z", False),
        ("DateEquals", "2026-01-01T01:00:00+01:00", "1767225600", True),
        ("DateGreaterThanEquals", "1767225600", "2026-01-01T00:00:00.5Z", True),
        ("DateNotEquals", "2026-13-01", "2026-01-01", True),
        ("Bool", "true", "TRUE", True),
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("Bool", "true", None, False),
        ("BoolIfExists", "true", None, True),
        ("BinaryEquals", "QUI=", "QUI=", True),
        ("BinaryEquals", "QUI=", "QUM=", False),
        ("BinaryEquals", "?", "?", False),
        ("IpAddress", "203.0.113.0/24", "203.0.113.255", True),
        ("IpAddress", "203.0.113.0/24", "203.0.114.0", False),
        ("IpAddress", "203.0.113.7", "203.0.113.7", True),
        ("IpAddress", "2001:DB8::/32", "2001:db8:ffff::1", True),
        ("IpAddress", "::/0", "203.0.113.7", False),
        ("IpAddress", "0.0.0.0/0", "::1", False),
        ("IpAddress", "203.0.113.0/255.255.255.0", "203.0.113.1", False),
        ("NotIpAddress", ["203.0.113.0/24", "::/0"], "203.0.113.1", False),
        ("NotIpAddress", "203.0.113.0/24", None, True),
        ("ArnLike", "arn:aws:iam::*:role/ad*", "arn:aws:iam::1:role/admin", True),
        ("ArnEquals", "arn:aws:iam::*:role/ad*", "arn:aws:iam::1:role/admin", True),
        ("ArnLike", "arn:*:role/admin", "arn:aws:iam::1:role/admin", False),
        ("ArnLike", "arn:aws:*:*:*:b", "arn:aws:lambda:eu:1:a:b", False),
        ("ArnLike", "arn:aws:*:*:*:a:*", "arn:aws:lambda:eu:1:a:b", True),
        ("ArnLike", "*", "arn:aws:iam::1:role/admin", True),
        ("ArnNotEquals", "arn:aws:iam::1:role/a", "arn:aws:iam::1:role/A", True),
        ("ArnNotLike", "arn:aws:iam::1:*", None, True),
        ("Null", "true", None, True),
        ("Null", "true", "", False),
        ("Null", "false", "x", True),
        ("Null", False, None, False),
        ("Null", ["true", "false"], None, True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a", "b"], None, True),
        ("ForAllValues:StringEquals", ["a", "b"], [], True),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], True),
        ("ForAnyValue:StringEquals", ["a", "b"], None, False),
        ("ForAnyValue:StringEqualsIfExists", ["a", "b"], None, True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a"], False),
        ("ForAnyValue:StringNotEquals", ["a", "b"], None, False),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["a", "d"], False),
        ("StringEquals", "a", ["a", "b"], True),
        ("StringNotEquals", "a", ["a", "b"], False),
    ],
)
def test_each_operator_compares_as_the_user_guide_says(operator, wanted, value, expected):
    """A condition on one key, which the request has or has not."""
    context = {} if value is None else {"AWS:Key": value}
    assert holds({operator: {"aws:key": wanted}}, context) is expected


@pytest.mark.parametrize(
    ("wanted", "context", "expected"),
    [
        ("team-${aws:PrincipalTag/team}", {"aws:principaltag/TEAM": "red"}, True),
        ("team-${aws:PrincipalTag/team}", {"aws:PrincipalTag/team": "blue"}, False),
        ("team-${aws:PrincipalTag/team, 'red'}", {}, True),
        ("team-${aws:PrincipalTag/team, 'red'}", {"aws:PrincipalTag/team": "blue"}, False),
        ("team-${aws:PrincipalTag/team}", {}, False),
    ],
)
def test_a_policy_variable_has_its_value_from_the_request(wanted, context, expected):
    """The value, or else the default; without either the statement does not apply."""
    assert holds({"StringEquals": {"s3:prefix": wanted}}, {"s3:prefix": "team-red"} | context) is (
        expected
    )


def test_a_statement_with_an_unresolved_variable_does_not_apply():
    """It does not apply even if the operator is negated, unless that ends in IfExists."""
    context = {"s3:prefix": "x"}
    assert not holds({"StringNotEquals": {"s3:prefix": "${aws:username}"}}, context)
    assert holds({"StringNotEqualsIfExists": {"s3:prefix": "${aws:username}"}}, context)
    assert not denies(policy(NotResource="arn:aws:s3:::${aws:username}/*"), request())


def test_the_value_of_a_variable_is_plain_text():
    """An asterisk in a tag matches an asterisk only."""
    text = policy(Resource="arn:aws:s3:::${aws:PrincipalTag/bucket}/*")
    tagged = {"aws:PrincipalTag/bucket": "*"}
    assert not denies(text, Request(ROLE, "s3:GetObject", OBJECT, tagged))
    assert denies(text, Request(ROLE, "s3:GetObject", "arn:aws:s3:::*/a", tagged))


@pytest.mark.parametrize(
    "principal",
    [
        "arn:aws:iam::111122223333:role/aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM",
        "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForAmazonSSM/ssm",
    ],
)
def test_service_linked_roles_are_not_restricted(principal):
    """Neither SCPs nor RCPs affect what a service does by its own role."""
    request_ = Request(principal, "s3:GetObject", OBJECT, {})
    assert evaluate([[policy(Action="*")]], request_, "scp") == "allowed"
    assert evaluate([[]], request_, "scp") == "allowed"


def test_version_2008_has_no_variables():
    """`${aws:username}` is plain text there, and `${*}` a wildcard between braces."""
    literal = {"StringEquals": {"a:b": "${aws:username}"}}
    assert holds(literal, {"a:b": "${aws:username}"}, version="2008-10-17")
    assert holds({"StringLike": {"a:b": "${*}"}}, {"a:b": "${x}"}, version="2008-10-17")
    assert not holds({"StringLike": {"a:b": "${*}"}}, {"a:b": "${x}"})


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        ({"Action": "S3:get*"}, True),
        ({"Action": ["ec2:*", "s3:Put*"]}, False),
        ({"Action": "s?:*Object"}, True),
        ({"NotAction": "s3:*"}, False),
        ({"NotAction": ["ec2:*"]}, True),
        ({"Resource": "arn:aws:s3:::logs/*"}, True),
        ({"Resource": "arn:aws:s3:::LOGS/*"}, False),
        ({"NotResource": "arn:aws:s3:::logs/*"}, False),
        ({"NotResource": []}, True),
        ({"Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/admin"}}}, True),
        ({"Condition": {"Null": {"aws:principalarn": "true"}}}, False),
        ({"Condition": {"Bool": {"a:x": "true"}, "Null": {"a:y": "true"}}}, False),
        ({"Condition": {}}, True),
    ],
)
def test_every_element_of_a_statement_must_match(elements, expected):
    """Actions in letters of any case, resources as spelled; NotAction and NotResource the rest."""
    assert denies(policy(**elements), request()) is expected


def test_every_level_must_allow_and_none_deny():
    """A level without an Allow denies, and a Deny at any level wins."""
    reads = policy(Effect="Allow", Action="s3:Get*")
    no_reads = policy(Action="s3:Get*")
    assert evaluate([[ALLOW_ALL], [reads]], request(), "scp") == "allowed"
    assert evaluate([[ALLOW_ALL], [reads]], request("s3:PutObject"), "scp") == "denied"
    assert evaluate([[ALLOW_ALL], [ALLOW_ALL, no_reads]], request(), "scp") == "denied"
    assert evaluate([[ALLOW_ALL, no_reads], [ALLOW_ALL]], request(), "scp") == "denied"
    assert evaluate([[ALLOW_ALL], []], request(), "scp") == "denied"


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", "denied"),
        ({"AWS": "*"}, "denied"),
        ({"AWS": "111122223333"}, "denied"),
        ({"AWS": ["arn:aws:iam::111122223333:root"]}, "denied"),
        ({"AWS": ROLE}, "denied"),
        ({"AWS": "444455556666"}, "allowed"),
        ({"Service": "s3.amazonaws.com"}, "allowed"),
    ],
)
def test_an_rcp_names_principals(principal, expected):
    """Anybody, an account, or one principal."""
    full = policy(Effect="Allow", Principal="*")
    assert evaluate([[full, policy(Principal=principal)]], request(), "rcp") == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"Statement": []}',
        '{"Statement": [{}]}',
        '{"Version": "2020-01-01", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}',
        '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}',
        '{"Statement": {"Effect": "deny", "Action": "*", "Resource": "*"}}',
        '{"Statement": {"Effect": "Deny", "Action": "*"}}',
        '{"Statement": {"Effect": "Deny", "Action": "*", "NotAction": "*", "Resource": "*"}}',
        '{"Statement": {"Effect": "Deny", "Action": {}, "Resource": "*"}}',
        '{"Statement": {"Effect": [], "Action": "*", "Resource": "*"}}',
        policy(Principal="*"),
        policy(Sid="a", Extra="b"),
        policy(Condition={"StringIs": {"a:b": "c"}}),
        policy(version=[]),
        policy(Condition={":StringEquals": {"a:b": "c"}}),
        policy(Condition={"NullIfExists": {"a:b": "true"}}),
        policy(Condition={"ForSome:StringEquals": {"a:b": "c"}}),
        policy(Condition={"StringEquals": "a"}),
        policy(Condition=[]),
        policy(Condition={"NumericEquals": {"a:b": None}}),
        '{"Statement": {"Effect": "Deny", "Action": "*", "Resource": NaN}}',
    ],
)
def test_a_text_that_is_not_a_policy_is_refused(text):
    """The error is a ValueError, whatever the text."""
    with pytest.raises(ValueError, match=r"."):
        evaluate([[text]], request(), "scp")


def test_patterns_of_strangers_end():
    """Many asterisks against a long value take time in proportion, not by their number."""
    started = time.perf_counter()
    assert not denies(policy(Action="*a" * 2_000 + "b"), request("a" * 20_000))
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("operator", ["ForAnyValue:Stringlike", "foranyvalue:STRINGLIKEIFEXISTS"])
def test_the_case_of_operators_does_not_count(operator):
    """AWS publishes a policy with `ForAnyValue:Stringlike`."""
    condition = {operator: {"aws:TagKeys": ["x*"]}}
    assert holds(condition, {"aws:TagKeys": ["xy", "a"]})
    assert not holds(condition, {"aws:TagKeys": ["a"]})
