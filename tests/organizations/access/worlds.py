"""Seeded paths of policies before and after a change, and requests near what they are about.

Made for the simulator: more hostile than the pairs of the laws (variables in every place, mixed
case, values that look alike, several levels), and without anything from the package.
"""

from __future__ import annotations

import copy
import ipaddress
import json
import random
import re
from datetime import UTC, datetime

from organizations.access.simulator import instant, listed, number

ACTIONS = [
    *(
        "ec2:RunInstances",
        "ec2:Run*",
        "ec2:*",
        "EC2:runinstances",
        "s3:GetObject",
        "s3:Get*",
        "s3:*",
    ),
    *(
        "s3:*Object",
        "s3:?etObject",
        "iam:Create*",
        "iam:CreateUser",
        "iam:CreateRole",
        "sts:AssumeRole",
    ),
    *(
        "*",
        "iam:*Role*",
        "s3:PutObject",
        "organizations:LeaveOrganization",
        "*:*",
        "ec2:Stop?nstances",
    ),
]
RESOURCES = [
    *("*", "arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:s3:::a*", "arn:aws:s3:::*"),
    *("arn:aws:s3:::?/x", "arn:aws:s3:::${aws:username}/*", "arn:aws:s3:::lit${*}x"),
    *("arn:aws:s3:::${aws:PrincipalTag/t, 'd'}/x", "arn:aws:iam::*:role/adm*"),
    *("arn:aws:iam::111122223333:role/x", "arn:aws:iam::*:role/path/*/x", "arn:*:iam::*:*"),
]
PRINCIPALS = [
    *("arn:aws:iam::111122223333:role/admin", "arn:aws:iam::111122223333:user/u"),
    *("arn:aws:iam::222233334444:role/x", "arn:aws:iam::222233334444:role/adm"),
    *("arn:aws:iam::111122223333:root", "arn:aws:iam::222233334444:role/a/b/adm-x"),
    "arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
]
TRUSTED = [
    *("*", {"AWS": "*"}, {"AWS": "111122223333"}, {"AWS": ["arn:aws:iam::222233334444:root"]}),
    {"AWS": ["111122223333", "arn:aws:iam::222233334444:role/x"]},
]
STRINGS = [
    *("a", "b", "ab", "A", "aa*", "a*", "?", "a?b", "eu-west-1", "eu-west-2", "EU-west-1"),
    *("eu-*", "", "${aws:username}", "${*}", "x${aws:username}*", "*"),
    "${aws:PrincipalTag/t,'a'}",
]
ARNS = [
    *("arn:aws:iam::111122223333:role/admin", "arn:aws:iam::*:role/adm*", "arn:aws:iam::*:role/*"),
    *("arn:aws:iam::222233334444:*", "arn:aws:iam::*:role/?/b/*", "*", "arn:aws:iam::*:root"),
    *("arn:*:iam::*:user/${aws:username}", "arn:aws:iam::*:ROLE/admin"),
]
NETWORKS = [
    *("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "10.1.2.3/32", "0.0.0.0/0", "2001:db8::/32"),
    *("2001:db8::1", "2001:DB8:0:0::/64", "::/0", "192.168.0.0/24", "192.168.1.0/24"),
    *("192.168.0.0/23", "0.0.0.0/1", "128.0.0.0/1"),
]
NUMBERS = ["1", "1.0", "10", "-3", "0", "100", 5, "3600", "3600.5"]
DATES = [
    *("2026-01-01T00:00:00Z", "2026-01-01", "1767225600", "2025-06-01T12:00:00Z"),
    "2027-01-01T00:00:00Z",
]
BINARY = ["YQ==", "Yg==", "YWI="]
PATHS = ["o-a/r-a/*", "o-a/*", "o-a/r-a/ou-a/*", "o-b/*", "a", "b"]
COMPARISONS = [
    *("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
]
TEXTUAL = [
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"),
    *("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
]
ARN_OPERATORS = [
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "StringLike",
    "StringNotLike",
]
SEVERAL = ["aws:TagKeys", "aws:PrincipalOrgPaths"]
FAMILIES = [
    (3, TEXTUAL, ["aws:RequestedRegion", "aws:PrincipalTag/t", "aws:username"], STRINGS),
    (1, ARN_OPERATORS, ["aws:PrincipalArn", "aws:SourceArn"], ARNS),
    (1, [f"Numeric{one}" for one in COMPARISONS], ["s3:max-keys", "aws:MultiFactorAuthAge"], NUMBERS),
    (1, [f"Date{one}" for one in COMPARISONS], ["aws:CurrentTime", "aws:TokenIssueTime"], DATES),
    (1, ["Bool"], ["aws:SecureTransport", "aws:ViaAWSService"], ["true", "false", True, "True"]),
    (1, ["BinaryEquals"], ["kms:Bin"], BINARY),
    (2, ["IpAddress", "NotIpAddress"], ["aws:SourceIp", "aws:VpcSourceIp"], NETWORKS),
    (2, [f"{each}:{one}" for each in ("ForAnyValue", "ForAllValues") for one in TEXTUAL], SEVERAL, PATHS),
]  # fmt: skip
"""How often a family of conditions is chosen, its operators, keys and values."""
FULL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def some(chance, values, most=3):
    """One to some of the values."""
    return chance.sample(values, chance.randint(1, min(most, len(values))))


def make_condition(chance):
    """An operator, a key and its values."""
    every = [key for _, _, keys, _ in FAMILIES for key in keys]
    if chance.random() < 0.08:
        return "Null", chance.choice(every), [chance.choice(["true", "false", True, False])]
    _, operators, keys, values = chance.choices(FAMILIES, [one[0] for one in FAMILIES])[0]
    key = chance.choice(keys)
    key = key if chance.random() < 0.8 else chance.choice([key.upper(), key.lower()])
    return chance.choice(operators) + chance.choice(["", "", "IfExists"]), key, some(chance, values)


def add_condition(chance, statement):
    """Gives a statement a condition; one on the same operator and key is left as it is."""
    name, key, values = make_condition(chance)
    keys = statement.setdefault("Condition", {}).setdefault(name, {})
    if not any(one.lower() == key.lower() for one in keys):
        keys[key] = values


def make_statement(chance, kind):
    """A statement with up to three conditions."""
    effect = chance.choice(["Deny", "Deny", "Allow"]) if kind == "scp" else "Deny"
    statement = {
        "Effect": effect,
        **({"Principal": chance.choice(TRUSTED)} if kind == "rcp" else {}),
    }
    statement[chance.choice(["Action", "Action", "Action", "NotAction"])] = some(chance, ACTIONS)
    resource = chance.choice(["Resource"] * 4 + ["NotResource"])
    statement[resource] = some(chance, RESOURCES) if chance.random() < 0.6 else "*"
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        add_condition(chance, statement)
    return statement


def make_policy(chance, kind):
    """A policy of up to four statements."""
    version = "2012-10-17" if chance.random() < 0.85 else "2008-10-17"
    statements = [make_statement(chance, kind) for _ in range(chance.randint(1, 4))]
    return {"Version": version, "Statement": statements}


def swap(chance, statements, at, kind):
    """An element becomes its opposite."""
    one = chance.choice(["Action", "Resource"])
    old, new = (one, f"Not{one}") if one in statements[at] else (f"Not{one}", one)
    statements[at][new] = statements[at].pop(old)


def split(chance, statements, at, kind):
    """One statement becomes two, each with some of the actions or resources."""
    for name in ("Action", "Resource"):
        values = listed(statements[at].get(name, []))
        if len(values) > 1:
            cut = chance.randint(1, len(values) - 1)
            statements.append(copy.deepcopy(statements[at]) | {name: values[cut:]})
            statements[at][name] = values[:cut]
            return


def change_condition(chance, statements, at, kind):
    """A condition is dropped, gets another IfExists or loses a value."""
    conditions = statements[at].get("Condition") or {"Null": {}}
    name = chance.choice(list(conditions))
    way = chance.choice(["drop", "exists", "value"])
    other = name.removesuffix("IfExists") if name.endswith("IfExists") else f"{name}IfExists"
    if way == "drop":
        conditions.pop(name)
    elif way == "exists" and name != "Null" and other not in conditions:
        conditions[other] = conditions.pop(name)
    elif way == "value" and name != "Null":
        values = chance.choice(list(conditions[name].values()))
        del values[1:]


def drop(chance, statements, at, kind):
    """A statement is removed, but not the last one."""
    if len(statements) > 1:
        statements.pop(at)


def add(chance, statements, at, kind):
    """A statement is added."""
    statements.append(make_statement(chance, kind))


def reorder(chance, statements, at, kind):
    """The statements change places."""
    chance.shuffle(statements)


def change_actions(chance, statements, at, kind):
    """A statement is about other actions."""
    one = statements[at]
    one["Action" if "Action" in one else "NotAction"] = some(chance, ACTIONS)


def one_more_condition(chance, statements, at, kind):
    """A statement gets a condition."""
    add_condition(chance, statements[at])


def turn(chance, statements, at, kind):
    """An effect becomes its opposite; RCPs have no Allow."""
    if kind == "scp":
        statements[at]["Effect"] = "Allow" if statements[at]["Effect"] == "Deny" else "Deny"


WAYS = [
    *(swap, split, change_condition, drop, add, reorder, change_actions),
    *(one_more_condition, turn),
]
"""How people change policies."""


def mutated(chance, policy, kind):
    """A policy after one to three changes."""
    found = copy.deepcopy(policy)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(found["Statement"]))
        chance.choice(WAYS)(chance, found["Statement"], at, kind)
    if chance.random() < 0.15:
        found["Version"] = chance.choice(["2012-10-17", "2008-10-17"])
    return found


def make_world(seed):
    """The kind of policies, and their levels before and after an update, attachment or detachment."""
    chance = random.Random(seed)
    kind = chance.choice(["scp", "scp", "scp", "rcp"])
    principal = {"Principal": "*"} if kind == "rcp" else {}
    full = {"Version": "2012-10-17", "Statement": [FULL | principal]}
    before = []
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        beside = [full] if kind == "rcp" or chance.random() < 0.8 else []
        before.append(
            [*beside, *(make_policy(chance, kind) for _ in range(chance.choice([1, 1, 2])))]
        )
    after = copy.deepcopy(before)
    level = chance.choice(after)
    at = chance.randrange(level[0] == full, len(level))
    way = chance.choice(["update"] * 6 + ["attach", "detach"])
    if way == "update":
        level[at] = mutated(chance, level[at], kind)
    elif way == "attach":
        level.append(make_policy(chance, kind))
    elif len(level) > 1:
        level.pop(at)
    return kind, before, after


def filled(chance, text):
    """A text that a pattern stands for, or nearly."""

    def variable(match):
        name = match[1]
        return name if name in {"*", "?", "$"} else chance.choice([name, "u", "a", "d", match[0]])

    parts = re.split(r"(\$\{[^}]*\})", text)
    for at, part in enumerate(parts):
        if part.startswith("${"):
            parts[at] = re.sub(r"\$\{([^}]*)\}", variable, part)
        else:
            stars = re.sub(r"\*", lambda _: chance.choice(["", "x", "/", "zz", "a/b", "b"]), part)
            parts[at] = re.sub(r"\?", lambda _: chance.choice("abxz/"), stars)
    found = "".join(parts)
    if chance.random() < 0.1:
        found = found.swapcase()
    return found + ("q" if chance.random() < 0.1 else "")  # fmt: skip


def near(chance, name, wanted):
    """A value of a request near one that an operator wants."""
    wanted = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
    name = name.rpartition(":")[2]
    if name.startswith("Numeric"):
        return f"{number(wanted) + chance.choice([0, 1, -1, 0.25, -0.25]):g}"
    if name.startswith("Date"):
        moved = instant(wanted) + chance.choice([0, 1, -1, 86_400])
        return datetime.fromtimestamp(moved, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if "IpAddress" in name:
        block = ipaddress.ip_network(wanted, strict=False)
        last = 2**block.max_prefixlen - 1
        moved = int(chance.choice([block[0], block[-1]])) + chance.choice([0, 1, -1])
        return str(type(block[0])(max(0, min(moved, last))))
    if name.startswith("Bool"):
        return chance.choice(["true", "false"])
    if name.startswith("Binary"):
        return chance.choice([*BINARY, "eg=="])
    return filled(chance, wanted)


def conditions_of(statements):
    """Each key in lower case -> the operators and values that it is compared with."""
    found = {}
    for one in statements:
        for name, keys in one.get("Condition", {}).items():
            for key, values in keys.items():
                found.setdefault(key.lower(), []).extend((name, value) for value in listed(values))
    for variable in ("aws:username", "aws:PrincipalTag/t"):
        if f"${{{variable}" in json.dumps(statements):
            found.setdefault(variable.lower(), []).append(("StringLike", "a"))
    return found


def make_value(chance, key, wanted):
    """A value of a key, or several; None if it is absent."""
    comparing = [(name, value) for name, value in wanted if name != "Null"] or [("StringLike", "a")]
    if chance.random() < 0.25:
        return None
    if key in {one.lower() for one in SEVERAL}:
        return [near(chance, *chance.choice(comparing)) for _ in range(chance.randint(1, 3))]
    return near(chance, *chance.choice(comparing))


def make_principal(chance, wanted):
    """Who asks: somebody that the policies name, or one of the usual."""
    text = filled(chance, str(chance.choice(wanted)[1])) if wanted else ""
    named = re.fullmatch(r"arn:aws:iam::\d{12}:(role|user)/[\w/+=,.@-]+", text, re.ASCII)
    return text if named and chance.random() < 0.7 else chance.choice(PRINCIPALS)


def make_requests(seed, levels, count):
    """Requests near the statements of all levels."""
    chance = random.Random(seed)
    statements = [one for level in levels for policy in level for one in policy["Statement"]]
    wanted = conditions_of(statements)
    for _ in range(count):
        one = chance.choice(statements)
        action = filled(chance, chance.choice(listed(one.get("Action", ACTIONS))))
        resource = filled(chance, chance.choice(listed(one.get("Resource", RESOURCES))))
        values = {key: make_value(chance, key, found) for key, found in wanted.items()}
        values.pop("aws:principalarn", None)
        yield {
            "principal": make_principal(chance, wanted.get("aws:principalarn", [])),
            "action": action if ":" in action else chance.choice(["ec2:RunInstances", "foo:Bar"]),
            "resource": resource if resource.count(":") >= 5 else "*",
            "context": {key: value for key, value in values.items() if value is not None},
        }
