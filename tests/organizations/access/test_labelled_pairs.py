"""Pairs of guardrails as people change them, each with what changed and why."""

from __future__ import annotations

import json

import pytest

from trailscan.organizations.access.decide import decide_update

ROLE = "arn:aws:iam::*:role/"
REGIONS = ["eu-central-1", "eu-west-1"]
ORGANIZATION = {"aws:PrincipalOrgID": "o-exampleorg1"}


def deny(action="*", resource="*", **condition):
    """A Deny; an operator is written with `__` for its colon."""
    names = {"Action": action} if not isinstance(action, dict) else action
    where = {"Resource": resource} if not isinstance(resource, dict) else resource
    named = {name.replace("__", ":"): keys for name, keys in condition.items()}
    return {"Effect": "Deny", **names, **where, **({"Condition": named} if named else {})}


def allow(*actions):
    """An Allow of some actions everywhere."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


def but(*actions):
    """NotAction."""
    return {"NotAction": list(actions)}


def elsewhere(*resources):
    """NotResource."""
    return {"NotResource": list(resources)}


def outside(*regions, operator="StringNotEquals"):
    """That a request is for none of some regions."""
    return {operator: {"aws:RequestedRegion": list(regions)}}


def unless(*roles, operator="ArnNotLike"):
    """That the principal is none of some roles."""
    return {operator: {"aws:PrincipalArn": [ROLE + one for one in roles]}}


def rcp(statement, principal="*"):
    """A statement of a resource control policy."""
    return {**statement, "Principal": principal}


LEAVE = "organizations:LeaveOrganization"
LOGS = ["cloudtrail:StopLogging", "cloudtrail:DeleteTrail"]
MFA = "aws:MultiFactorAuthPresent"
TEAM, REGION, TAG_KEYS = "aws:PrincipalTag/team", "aws:RequestedRegion", "aws:TagKeys"
ADDRESS, ARN = "aws:SourceIp", "aws:PrincipalArn"
HOME = "arn:aws:s3:::${aws:username}"
NEVER = deny(Null={TEAM: "true"}, StringEquals={TEAM: "x"})

SCPS = [
    (deny(LEAVE), deny("organizations:leaveorganization"), "same", "the case of actions does not count"),
    (deny(LEAVE), deny("organizations:*"), "less", "more actions are denied"),
    (deny(LEAVE), deny("organizations:Leave*"), "less", "any other action that begins so is denied too"),
    (deny(LOGS), deny(LOGS[:1]), "more", "one action is no longer denied"),
    (deny(LOGS), deny([LOGS[1], LOGS[0], LOGS[1]]), "same", "order and repetition do not count"),
    (deny(LOGS), deny("cloudtrail:*"), "less", "both are in the service"),
    (deny("cloudtrail:*"), deny(but("cloudtrail:*")), "both", "the complement: the service opens, the rest closes"),
    (deny(but("iam:*", "sts:*")), deny(but("iam:*")), "less", "sts is excepted no more"),
    (deny(but("iam:*")), deny(but("iam:Get*")), "less", "less is excepted"),
    (deny(but("iam:*")), deny(but("*")), "more", "nothing is outside of everything"),
    (deny("s3:Put*", "arn:aws:s3:::logs/*"), deny("s3:Put*", "arn:aws:s3:::logs*"), "less", "the bucket and its namesakes are denied too"),
    (deny("s3:*", "arn:aws:s3:::logs"), deny("s3:*", "arn:aws:s3:::log?"), "less", "any last letter"),
    (deny("s3:*", "arn:aws:s3:::logs/*"), deny("s3:*", "arn:aws:s3:::logs/a/*"), "more", "only one folder is denied"),
    (deny("s3:*", elsewhere("arn:aws:s3:::a/*", "arn:aws:s3:::b/*")), deny("s3:*", elsewhere("arn:aws:s3:::a/*")), "less", "b is excepted no more"),
    (deny("s3:*", "arn:aws:s3:::a/*"), deny("s3:*", elsewhere("arn:aws:s3:::a/*")), "both", "the complement"),
    (deny(resource="*"), deny(resource=["*", "arn:aws:s3:::a"]), "same", "* has every resource already"),
    (deny(**outside(*REGIONS)), deny(**outside(*REGIONS, "us-east-1")), "more", "one region more is open"),
    (deny(**outside(*REGIONS)), deny(**outside(*reversed(REGIONS))), "same", "order does not count"),
    (deny(**outside(*REGIONS)), deny(**outside("eu-*", operator="StringNotLike")), "more", "other European regions open"),
    (deny(**outside("eu-*")), deny(**outside("eu-*", operator="StringNotLike")), "more", "StringNotEquals takes the asterisk as a character"),
    (deny(**outside(*REGIONS)), deny(**outside(*REGIONS, operator="StringNotEqualsIfExists")), "same", "a negated operator holds without the key anyway"),
    (deny(**outside(*REGIONS)), deny(**outside(*REGIONS), Null={"aws:RequestedRegion": "false"}), "more", "requests without a region open"),
    (deny(**outside(*REGIONS)), deny(but("iam:*"), **outside(*REGIONS)), "more", "a service is excepted"),
    (deny(**outside(*REGIONS)), deny(**outside(*REGIONS, operator="StringEquals")), "both", "the opposite regions"),
    (deny(**outside(*REGIONS)), deny(**outside(*REGIONS, operator="StringNotEqualsIgnoreCase")), "more", "regions in capitals are excepted too"),
    (deny("iam:*", **unless("admin")), deny("iam:*", **unless("admin", "ci")), "more", "one role more is excepted"),
    (deny("iam:*", **unless("admin*")), deny("iam:*", **unless("admin")), "less", "longer names are excepted no more"),
    (deny("iam:*", **unless("admin")), deny("iam:*", **unless("admin", operator="ArnNotEquals")), "same", "ArnEquals and ArnLike behave alike"),
    (deny("iam:*", **unless("admin")), deny("iam:*", **unless("admin", operator="StringNotLike")), "more", "the path of a role can have a colon: role/x:role/admin is excepted too"),
    (deny("iam:*", **unless("admin")), deny("iam:*", **unless("*")), "more", "every role is excepted"),
    (deny("iam:*", **unless("admin")), deny("iam:*"), "less", "no exception is left"),
    (deny(Bool={MFA: "false"}), deny(BoolIfExists={MFA: "false"}), "less", "requests without the key are denied too"),
    (deny(Bool={MFA: "false"}), deny(StringEquals={MFA: "false"}), "same", "the key is spelled in lower case"),
    (deny(Bool={MFA: "false"}), deny(Bool={MFA: "true"}), "both", "the opposite"),
    (deny(BoolIfExists={MFA: "false"}), deny(Null={MFA: "true"}), "more", "an explicit false opens"),
    (deny(Bool={MFA: "false"}), deny(Bool={MFA: ["false", "true"]}), "less", "either value"),
    (deny(NumericGreaterThan={"aws:MultiFactorAuthAge": "3600"}), deny(NumericGreaterThan={"aws:MultiFactorAuthAge": "7200"}), "more", "older sessions are open"),
    (deny(NumericGreaterThan={"aws:MultiFactorAuthAge": "3600"}), deny(NumericGreaterThan={"aws:MultiFactorAuthAge": 3600}), "same", "a number of JSON is the same number"),
    (deny(NumericGreaterThan={"aws:MultiFactorAuthAge": "3600"}), deny(NumericGreaterThanIfExists={"aws:MultiFactorAuthAge": "3600"}), "less", "requests without the key are denied too"),
    (deny(DateGreaterThan={"aws:CurrentTime": "2026-12-31T00:00:00Z"}), deny(DateGreaterThan={"aws:CurrentTime": "2027-12-31T00:00:00Z"}), "more", "a year more is open"),
    (deny(DateGreaterThan={"aws:CurrentTime": "2026-12-31"}), deny(DateGreaterThan={"aws:CurrentTime": "2026-12-31T01:00:00+01:00"}), "same", "one instant in two zones"),
    (deny(NotIpAddress={"aws:SourceIp": "203.0.113.0/24"}), deny(NotIpAddress={"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}), "more", "a second network is open"),
    (deny(NotIpAddress={"aws:SourceIp": "203.0.113.0/24"}), deny(NotIpAddress={"aws:SourceIp": "203.0.113.0/25"}), "less", "half of the network is open no more"),
    (deny(NotIpAddress={"aws:SourceIp": "203.0.113.0/24"}), deny(NotIpAddress={"aws:SourceIp": ["203.0.113.128/25", "203.0.113.0/25"]}), "same", "two halves are the whole"),
    (deny(NotIpAddress={"aws:SourceIp": "203.0.113.0/24"}), deny(NotIpAddress={"aws:SourceIp": "0.0.0.0/0"}), "more", "every IPv4 address is open; IPv6 and none stay denied"),
    (deny(NotIpAddress={"aws:SourceIp": "203.0.113.0/24"}), deny(NotIpAddress={"aws:SourceIp": "203.0.113.0/24"}, BoolIfExists={"aws:ViaAWSService": "false"}), "more", "calls by a service are excepted"),
    (deny("ec2:CreateTags", ForAnyValue__StringEquals={"aws:TagKeys": ["Cost"]}), deny("ec2:CreateTags", ForAnyValue__StringEquals={"aws:TagKeys": ["Cost", "Owner"]}), "less", "a second key is protected"),
    (deny("ec2:CreateTags", ForAnyValue__StringNotEquals={"aws:TagKeys": ["Cost"]}), deny("ec2:CreateTags", ForAllValues__StringNotEquals={"aws:TagKeys": ["Cost"]}), "both", "one wrong key among right ones opens, no key at all closes"),
    (deny("ec2:RunInstances", StringNotEquals={"aws:RequestTag/env": "${aws:PrincipalTag/env}"}), deny("ec2:RunInstances", StringNotEquals={"aws:RequestTag/env": ["${aws:PrincipalTag/env}", "dev"]}), "more", "one value is open to everybody"),
    (deny("ec2:RunInstances", StringNotEquals={"aws:RequestTag/env": "${aws:PrincipalTag/env}"}), deny("ec2:RunInstances", StringNotEqualsIfExists={"aws:RequestTag/env": "${aws:PrincipalTag/env}"}), "less", "without the variable's key the statement was invalid"),
    (deny("s3:*", "arn:aws:s3:::home/${aws:username}/*"), deny("s3:*", "arn:aws:s3:::home/*"), "less", "not only one's own folder"),
    (allow("s3:*", "ec2:*"), allow("s3:*"), "less", "an allow list without a service"),
    (allow("s3:*"), allow("*"), "more", "an allow list of everything"),
    (allow("s3:*"), allow("s3:Get*", "s3:*"), "same", "what is inside adds nothing"),
    (deny("s3:*", HOME), (deny("s3:*", HOME), "2008-10-17"), "both", "a variable becomes text"),
    (deny("s3:*", "arn:aws:s3:::a*"), (deny("s3:*", "arn:aws:s3:::a*"), "2008-10-17"), "same", "no variable: the version does not count"),
    (deny("s3:*", "arn:aws:s3:::${*}"), deny("s3:*", "arn:aws:s3:::*"), "less", "an escaped asterisk is a character"),
    (deny(StringEquals={REGION: "eu-*"}), deny(StringLike={REGION: "eu-*"}), "less", "wildcard counts now"),
    (deny(StringLike={REGION: "eu-central-?"}), deny(StringEquals={REGION: ["eu-central-1", "eu-central-2"]}), "more", "a third opens"),
    (deny(ForAllValues__StringEquals={TAG_KEYS: ["a"]}), deny(ForAnyValue__StringEquals={TAG_KEYS: ["a"]}), "both", "no key opens, a beside b closes"),
    (deny(ForAllValues__StringLike={TAG_KEYS: "*"}), deny(), "same", "all values match, and none too"),
    (deny(ForAnyValue__StringLike={TAG_KEYS: "*"}), deny(), "less", "requests without the key"),
    (deny(ForAnyValue__StringNotLike={TAG_KEYS: "*"}), NEVER, "same", "both never apply"),
    (deny(Null={TEAM: ["true", "false"]}), deny(), "same", "present or absent"),
    (deny(StringNotEqualsIfExists={TEAM: "x"}, Null={TEAM: "false"}), deny(StringNotEquals={TEAM: "x"}, Null={TEAM: "false"}), "same", "present anyway"),
    (deny(StringEqualsIfExists={TEAM: "x"}, Null={TEAM: "true"}), deny(Null={TEAM: "true"}), "same", "absent satisfies IfExists"),
    (deny(BoolIfExists={MFA: "false"}), [deny(Bool={MFA: "false"}), deny(Null={MFA: "true"})], "same", "split in two"),
    (deny(NumericLessThan={"a:n": "10"}, NumericGreaterThan={"a:n": "5"}), deny(NumericLessThan={"a:n": "10"}, NumericGreaterThanEquals={"a:n": "5"}), "less", "5 itself"),
    (deny(NumericLessThan={"a:n": ["5", "10"]}), deny(NumericLessThan={"a:n": "10.0"}), "same", "the larger decides"),
    (deny(NumericNotEquals={"a:n": ["5", "6"]}), deny(NumericNotEquals={"a:n": "5"}), "less", "6 excepted no more"),
    (deny(DateLessThan={"aws:CurrentTime": "2026-01-01T00:00:00Z"}), deny(DateLessThan={"aws:CurrentTime": "1767225600"}), "same", "epoch"),
    (deny(IpAddress={ADDRESS: "2001:db8::/32"}), deny(IpAddress={ADDRESS: ["2001:0DB8::/33", "2001:db8:8000::/33"]}), "same", "two halves of IPv6"),
    (deny(NotIpAddress={ADDRESS: ["0.0.0.0/0", "::/0"]}), deny(Null={ADDRESS: "true"}), "same", "only requests without an address are left"),
    (deny("iam:*", ArnLike={ARN: "*"}), deny("iam:*"), "same", "every principal has an ARN"),
    (deny("*:GetObject"), deny("s3:GetObject"), "more", "other services open"),
    (deny("?3:*"), deny("s3:*"), "more", "other services of such names"),
    ([deny(but("s3:*")), deny("S3:*")], deny(), "same", "complement and set are everything"),
    (deny("s3:*", "arn:aws:s3:::Logs/*"), deny("s3:*", "arn:aws:s3:::logs/*"), "both", "case of resources counts"),
    (deny(stringnotequals={"AWS:PrincipalOrgId": "o-1"}), deny(StringNotEquals={"aws:principalorgid": "o-1"}), "same", "case of keys and operators"),
    (deny(StringNotEquals={"aws:RequestTag/team": "${aws:PrincipalTag/team, 'none'}"}), deny(StringNotEquals={"aws:RequestTag/team": "${aws:PrincipalTag/team}"}), "more", "without default the statement is invalid for untagged"),
    (deny(StringEquals={TEAM: "${aws:PrincipalTag/team}"}), deny(Null={TEAM: "false"}), "same", "equals itself if present"),
    (deny(StringLike={TEAM: "${aws:PrincipalTag/b}*"}), deny(StringEquals={TEAM: "${aws:PrincipalTag/b}"}), "more", "longer ones open"),
    (deny(ArnLike={ARN: "arn:aws:iam::*:role/aws-service-role/*"}), NEVER, "same", "service-linked roles are never restricted"),
    (deny(ArnNotLike={ARN: "arn:aws:iam::*:role/aws-service-role/*"}), deny(), "same", "the exception is for roles that are never restricted"),
    ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], [allow("*"), deny("iam:*")], "same", "two ways to leave iam out"),
    ([deny("a:B", StringEquals={TEAM: "x"}), deny("c:D", StringEquals={TEAM: "y"})], deny(["a:B", "c:D"], StringEquals={TEAM: ["x", "y"]}), "less", "crosswise pairs close"),
    (deny(StringEquals={TEAM: "x", REGION: "r"}), deny(StringEquals={TEAM: "x"}, StringLike={REGION: "r"}), "same", "two operators, all must hold"),
    (deny(StringNotEquals={TEAM: ["x", "y"]}), [deny(StringNotEquals={TEAM: "x"}), deny(StringNotEquals={TEAM: "y"})], "less", "nothing is neither not x nor not y"),
    (deny("s3:*", "arn:*"), deny("s3:*"), "less", "requests without a resource"),
    (deny(BinaryEquals={"a:k": "QmluYXJ5"}), deny(BinaryEquals={"a:k": "QmluYXJ6"}), "both", "other bytes"),
    (deny(StringEquals={TEAM: ""}), deny(Null={TEAM: "true"}), "both", "an empty value is not absence"),
    (deny(StringEqualsIgnoreCase={TEAM: "Ab"}), deny(StringEquals={TEAM: ["ab", "AB", "Ab", "aB"]}), "same", "four spellings"),
    (deny(StringEquals={TEAM: "x"}, StringNotEquals={TEAM: "x"}), NEVER, "same", "contradiction"),
    (deny("s3:GetObject", elsewhere("*")), NEVER, "same", "no resource is outside of all"),
]  # fmt: skip
RCPS = [
    (rcp(deny("s3:*", StringNotEqualsIfExists=ORGANIZATION)), rcp(deny("s3:GetObject", StringNotEqualsIfExists=ORGANIZATION)), "more", "other actions on buckets open"),
    (rcp(deny("s3:*", StringNotEqualsIfExists=ORGANIZATION)), rcp(deny(["s3:*", "sqs:*"], StringNotEqualsIfExists=ORGANIZATION)), "less", "queues are inside the perimeter too"),
    (rcp(deny("s3:*", StringNotEquals=ORGANIZATION)), rcp(deny("s3:*", StringNotLike={"aws:PrincipalOrgID": "o-*"})), "more", "every organization is open"),
    (rcp(deny("s3:*", StringNotEqualsIfExists=ORGANIZATION, BoolIfExists={"aws:PrincipalIsAWSService": "false"})), rcp(deny("s3:*", StringNotEqualsIfExists=ORGANIZATION)), "less", "services are excepted no more"),
    (rcp(deny("s3:*", Bool={"aws:SecureTransport": "false"})), rcp(deny("s3:*", BoolIfExists={"aws:SecureTransport": "false"})), "less", "requests without the key are denied too"),
    (rcp(deny("s3:*")), rcp(deny("s3:*"), {"AWS": "*"}), "same", "both mean everybody"),
    (rcp(deny("s3:*")), rcp(deny("s3:*"), {"AWS": "111122223333"}), "more", "only one account is denied"),
    (rcp(deny("s3:*"), {"AWS": "111122223333"}), rcp(deny("s3:*"), {"AWS": "arn:aws:iam::111122223333:root"}), "same", "two names of an account"),
    (rcp(deny("s3:*"), {"AWS": ["111122223333", "444455556666"]}), rcp(deny("s3:*"), {"AWS": "*"}), "less", "everybody"),
    (rcp(deny("s3:*"), {"AWS": ["111122223333", "444455556666"]}), [rcp(deny("s3:*"), {"AWS": "arn:aws:iam::444455556666:root"}), rcp(deny("s3:*"), {"AWS": "111122223333"})], "same", "split in two"),
    (rcp(deny("s3:*", StringNotEqualsIfExists={"aws:SourceOrgID": "o-1"}, Null={"aws:SourceAccount": "false"}, Bool={"aws:PrincipalIsAWSService": "true"})), rcp(deny("s3:*", StringNotEqualsIfExists={"aws:SourceOrgID": "o-1"}, Bool={"aws:PrincipalIsAWSService": "true"})), "less", "requests without a source account"),
    (rcp(deny("s3:*", "arn:aws:s3:::a")), rcp(deny("s3:*", ["arn:aws:s3:::a", "arn:aws:s3:::a/*"])), "less", "objects too"),
    (rcp(deny("sts:AssumeRole", StringNotEquals={"aws:PrincipalAccount": ["111122223333"]})), rcp(deny("sts:AssumeRole", StringNotEquals={"aws:PrincipalAccount": ["111122223333"]}), {"AWS": "444455556666"}), "more", "only one other account is denied"),
    (rcp(deny("s3:*", StringNotEquals={"aws:PrincipalOrgID": "o-1"})), rcp(deny("s3:*", ForAllValues__StringNotLike={"aws:PrincipalOrgPaths": "o-1/*"})), "both", "two keys"),
]  # fmt: skip
OPPOSITE = {"more": "less", "less": "more", "both": "both", "same": "same"}


def text(statements):
    """A policy with one statement, with several, or of another version."""
    statements, version = (
        statements if isinstance(statements, tuple) else (statements, "2012-10-17")
    )
    return json.dumps({"Version": version, "Statement": statements})


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected", "reason"),
    [("scp", *one) for one in SCPS] + [("rcp", *one) for one in RCPS],
)
def test_a_guardrail_changed(kind, before, after, expected, reason):
    """Every pair is decided as its reason says, and the reverse change the other way."""
    assert decide_update(text(before), text(after), kind).kind == expected, reason
    assert decide_update(text(after), text(before), kind).kind == OPPOSITE[expected], reason
