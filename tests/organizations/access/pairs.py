"""Pairs of policies as people change them: seeded, with every operator and every kind of change."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from trailscan.organizations.access.evaluate import Kind

Statement = dict
Levels = list[list[str]]

ACTIONS = [
    *(
        "*",
        "s3:*",
        "s3:Get*",
        "s3:GetObject",
        "s3:PutObject",
        "S3:getobject",
        "s3:*Object",
        "s3:?etObject",
    ),
    *(
        "ec2:*",
        "ec2:Run*",
        "ec2:RunInstances",
        "ec2:Describe*",
        "iam:*",
        "iam:Create*User",
        "*:Delete*",
    ),
    *("organizations:LeaveOrganization", "cloudtrail:StopLogging", "kms:*crypt", "iam:CreateUser"),
]
RESOURCES = [
    *("arn:aws:s3:::*", "arn:aws:s3:::logs", "arn:aws:s3:::logs/*", "arn:aws:s3:::logs-?/*"),
    *("arn:aws:s3:::*/private/*", "arn:aws:ec2:*:*:instance/*", "arn:aws:iam::*:role/*"),
    *("arn:aws:ec2:eu-central-1:111122223333:instance/*", "arn:aws:iam::*:role/admin*"),
    *("arn:aws:iam::111122223333:role/admin", "arn:aws:s3:::LOGS/*"),
]
STRINGS = {
    "aws:RequestedRegion": [
        "eu-central-1",
        "eu-west-1",
        "us-east-1",
        "eu-*",
        "*-1",
        "EU-central-1",
    ],
    "aws:PrincipalTag/team": ["red", "blue", "r?d", "Red", "*ed", "b*", "r${*}d", "${?}${$}"],
    "aws:ResourceTag/env": ["prod", "dev", "prod-*", "*", "d??"],
    "aws:PrincipalOrgID": ["o-exampleorg1", "o-exampleorg2", "o-*"],
}
NUMBERS = {
    "aws:MultiFactorAuthAge": ["900", 3600, "0", "3600.0"],
    "s3:max-keys": ["10", "100", "10.5", "-1"],
}
DATES = {
    "aws:CurrentTime": ["2026-01-01T00:00:00Z", "2026-06-30T12:00:00Z", "2027-01-01"],
    "aws:TokenIssueTime": ["2026-01-01T01:00:00+01:00", "2025-12-31T23:59:59Z", "1767225600"],
}
BOOLEANS = ["aws:MultiFactorAuthPresent", "aws:SecureTransport", "aws:ViaAWSService"]
ADDRESSES = {
    "aws:SourceIp": [
        *("203.0.113.0/24", "203.0.113.0/25", "203.0.113.128/25", "198.51.100.7"),
        *("2001:db8::/32", "2001:db8:1::/48", "0.0.0.0/0", "::/0", "203.0.113.200/26"),
    ],
}
ARNS = {
    "aws:PrincipalArn": [
        *("arn:aws:iam::*:role/admin", "arn:aws:iam::111122223333:role/admin"),
        *("arn:aws:iam::*:role/adm*", "arn:aws:iam::*:root", "arn:aws:iam::*:user/*"),
    ],
    "aws:SourceArn": ["arn:aws:sns:*:*:topic", "arn:aws:sns:eu-*:111122223333:*"],
}
SEVERAL = {
    "aws:TagKeys": ["CostCenter", "Owner", "Cost*", "owner", "*"],
    "aws:CalledVia": ["cloudformation.amazonaws.com", "athena.amazonaws.com", "*.amazonaws.com"],
}
VARIABLES = {
    "aws:ResourceTag/env": ["${aws:PrincipalTag/env}", "${aws:PrincipalTag/env, 'prod'}"],
    "aws:PrincipalOrgID": ["${aws:ResourceOrgID}"],
}
COMPARISONS = [
    "Equals",
    "NotEquals",
    "LessThan",
    "LessThanEquals",
    "GreaterThan",
    "GreaterThanEquals",
]
TEXTUAL = [
    *("StringEquals", "StringNotEquals", "StringLike", "StringNotLike"),
    *("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
]
FAMILIES: list[tuple[list[str], dict[str, list], int]] = [
    (TEXTUAL, STRINGS, 5),
    ([f"Numeric{name}" for name in COMPARISONS], NUMBERS, 2),
    ([f"Date{name}" for name in COMPARISONS], DATES, 2),
    (["Bool"], {key: ["true", "false", True, False] for key in BOOLEANS}, 3),
    (["BinaryEquals"], {"kms:Nonce": ["QUI=", "QUM="]}, 1),
    (["IpAddress", "NotIpAddress"], ADDRESSES, 3),
    (["ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"], ARNS, 3),
    (TEXTUAL, {"aws:PrincipalArn": ARNS["aws:PrincipalArn"]}, 1),
    (TEXTUAL, {key: ["true", "false"] for key in BOOLEANS} | ADDRESSES, 1),
    (["Null"], {key: ["true", "false"] for key in (*STRINGS, *NUMBERS, *SEVERAL)}, 2),
    (["Null"], {key: ["true", "false"] for key in (*BOOLEANS, *ADDRESSES, *DATES)}, 1),
]
"""The operators of a family, keys with values that they are used with, and how often."""
SET_OPERATORS = ["ForAnyValue:", "ForAllValues:"]


@dataclass(frozen=True)
class Pair:
    """Two policies as levels, and the names of the changes that lead from one to the other."""

    before: Levels
    after: Levels
    kind: Kind
    changes: tuple[str, ...]


def text_of(
    statements: list[Statement], version: str = "2012-10-17", indent: int | None = None
) -> str:
    """A policy as JSON."""
    return json.dumps({"Version": version, "Statement": statements}, indent=indent)


def full_access(kind: Kind) -> str:
    """FullAWSAccess or RCPFullAWSAccess."""
    principal = {"Principal": "*"} if kind == "rcp" else {}
    return text_of([{"Effect": "Allow", **principal, "Action": "*", "Resource": "*"}])


def some(chance: random.Random, values: list, most: int = 3) -> list:
    """One to some of the values."""
    return chance.sample(values, chance.randint(1, min(most, len(values))))


def make_condition(chance: random.Random) -> Statement:
    """One operator with one key."""
    if chance.random() < 0.15:
        key, values = chance.choice(list(SEVERAL.items()))
        operator = chance.choice(SET_OPERATORS) + chance.choice(TEXTUAL)
    elif chance.random() < 0.03:
        key, values = "aws:PrincipalOrgPaths", ["o-a/r-b/ou-c/*", "o-a/*", "o-a/r-b/ou-c/ou-d/"]
        operator = chance.choice(SET_OPERATORS) + chance.choice(["StringLike", "StringNotLike"])
    elif chance.random() < 0.01:
        key, values = chance.choice(list(VARIABLES.items()))
        operator = chance.choice(TEXTUAL)
    else:
        weights = [weight for _, _, weight in FAMILIES]
        operators, keys, _ = chance.choices(FAMILIES, weights)[0]
        operator, (key, values) = chance.choice(operators), chance.choice(list(keys.items()))
    if operator != "Null" and chance.random() < 0.25:
        operator += "IfExists"
    return {operator: {key: some(chance, values)}}


def make_statement(chance: random.Random, kind: Kind, effect: str = "Deny") -> Statement:
    """One statement with up to three conditions."""
    statement: Statement = {"Sid": f"S{chance.randint(0, 999)}", "Effect": effect}
    if kind == "rcp":
        statement["Principal"] = chance.choice(["*", {"AWS": "*"}])
    action = chance.choice(["Action"] * 5 + ["NotAction"])
    statement[action] = ["*"] if chance.random() < 0.08 else some(chance, ACTIONS, 4)
    resources = ["*"] if chance.random() < 0.4 else some(chance, RESOURCES)
    resource = (
        "Resource" if resources == ["*"] else chance.choice(["Resource"] * 6 + ["NotResource"])
    )
    statement[resource] = resources
    broad = "NotAction" in statement or "NotResource" in statement or "*" in statement["Action"]
    for _ in range(chance.choice([1, 1, 2, 3] if broad and effect == "Deny" else [0, 1, 1, 2, 3])):
        merge_condition(statement, make_condition(chance))
    return statement


def merge_condition(statement: Statement, condition: Statement) -> None:
    """Add a condition to a statement; one on the same operator and key is replaced."""
    for operator, keys in condition.items():
        statement.setdefault("Condition", {}).setdefault(operator, {}).update(keys)


def action_element(statement: Statement) -> str:
    """Action or NotAction."""
    return "Action" if "Action" in statement else "NotAction"


def resource_element(statement: Statement) -> str:
    """Resource or NotResource."""
    return "Resource" if "Resource" in statement else "NotResource"


def rename_element(statement: Statement, old: str, new: str) -> None:
    """Write an element under another name."""
    statement[new] = statement.pop(old)


def rename(statements: list[Statement], chance: random.Random) -> None:
    """Give a statement another Sid."""
    chance.choice(statements)["Sid"] = f"Renamed{chance.randint(0, 999)}"


def reorder(statements: list[Statement], chance: random.Random) -> None:
    """Put the statements, and the values in them, into another order."""
    chance.shuffle(statements)
    one = chance.choice(statements)
    chance.shuffle(one[action_element(one)])


def respell(statements: list[Statement], chance: random.Random) -> None:
    """Write actions and keys in other letters; they do not count."""
    one = chance.choice(statements)
    one[action_element(one)] = [
        chance.choice([str.upper, str.lower])(each) for each in one[action_element(one)]
    ]
    for operator, keys in one.get("Condition", {}).items():
        one["Condition"][operator] = {key.lower(): values for key, values in keys.items()}


def split(statements: list[Statement], chance: random.Random) -> None:
    """Write one statement as two, each with some of the actions or resources."""
    at = chance.randrange(len(statements))
    for name in chance.sample(["Action", "Resource"], 2):
        values = statements[at].get(name, [])
        if len(values) > 1:
            cut = chance.randint(1, len(values) - 1)
            other = copy.deepcopy(statements[at])
            statements[at][name], other[name] = values[:cut], values[cut:]
            statements.insert(at + 1, other)
            return


def split_condition(statements: list[Statement], chance: random.Random) -> None:
    """Write one statement as two: once with a key present, once with it absent."""
    at = chance.randrange(len(statements))
    key = chance.choice(["aws:SourceVpc", "aws:SourceVpce"])
    other = copy.deepcopy(statements[at])
    merge_condition(statements[at], {"Null": {key: "true"}})
    merge_condition(other, {"Null": {key: "false"}})
    statements.append(other)


def merge(statements: list[Statement], chance: random.Random) -> None:
    """Write statements that differ in one of Action and Resource as one."""
    for name in chance.sample(["Action", "Resource"], 2):
        for at, one in enumerate(statements):
            for other in statements[at + 1 :]:
                if name in one and name in other and rest_of(one, name) == rest_of(other, name):
                    one[name] = sorted({*one[name], *other[name]})
                    statements.remove(other)
                    return


def rest_of(statement: Statement, name: str) -> Statement:
    """A statement without one element and its Sid."""
    return {key: value for key, value in statement.items() if key not in {name, "Sid"}}


def repeat(statements: list[Statement], chance: random.Random) -> None:
    """Add a statement that another covers: the same with one condition more."""
    one = copy.deepcopy(chance.choice(statements))
    key, operator = chance.choice(list(STRINGS)), chance.choice(["StringEquals", "StringNotLike"])
    if key not in one.get("Condition", {}).get(operator, {}):
        merge_condition(one, {operator: {key: some(chance, STRINGS[key])}})
    statements.append(one)


def add(statements: list[Statement], chance: random.Random) -> None:
    """Add a statement of the same kind."""
    kind: Kind = "rcp" if "Principal" in statements[0] else "scp"
    effect = "Deny" if kind == "rcp" else chance.choice([each["Effect"] for each in statements])
    statements.insert(chance.randint(0, len(statements)), make_statement(chance, kind, effect))


def remove(statements: list[Statement], chance: random.Random) -> None:
    """Remove a statement, but not the last one."""
    if len(statements) > 1:
        statements.pop(chance.randrange(len(statements)))


def change_values(statements: list[Statement], chance: random.Random) -> None:
    """Add or take away a value of Action or Resource."""
    one = chance.choice(statements)
    name, choices = chance.choice(
        [(action_element(one), ACTIONS), (resource_element(one), RESOURCES)]
    )
    if len(one[name]) > 1 and chance.random() < 0.5:
        one[name].pop()
    else:
        one[name].append(chance.choice(choices))


def move_wildcard(statements: list[Statement], chance: random.Random) -> None:
    """Widen or narrow one action or resource by a wildcard behind the name of its service."""
    one = chance.choice(statements)
    values = one[chance.choice([action_element(one), resource_element(one)])]
    at = chance.randrange(len(values))
    service, colon, text = values[at].rpartition(":")
    if "*" in text and chance.random() < 0.4:
        text = text.replace("*", chance.choice(["", "?", "a"]), 1)
    elif colon:
        cut = chance.randrange(len(text) + 1)
        text = text[:cut] + chance.choice("*?") + text[cut:]
    if colon and text:
        values[at] = f"{service}:{text}"


def swap_action(statements: list[Statement], chance: random.Random) -> None:
    """Action becomes NotAction or the reverse."""
    one = chance.choice(statements)
    old = action_element(one)
    rename_element(one, old, "NotAction" if old == "Action" else "Action")


def swap_resource(statements: list[Statement], chance: random.Random) -> None:
    """Resource becomes NotResource or the reverse."""
    one = chance.choice(statements)
    old = resource_element(one)
    rename_element(one, old, "NotResource" if old == "Resource" else "Resource")


def change_if_exists(statements: list[Statement], chance: random.Random) -> None:
    """Add or take away IfExists."""
    conditions = conditions_of(statements)
    if conditions:
        condition, operator = chance.choice(conditions)
        other = (
            operator.removesuffix("IfExists")
            if operator.endswith("IfExists")
            else f"{operator}IfExists"
        )
        if operator != "Null" and other not in condition:
            rename_element(condition, operator, other)


def negate(statements: list[Statement], chance: random.Random) -> None:
    """Replace an operator by its opposite."""
    conditions = conditions_of(statements)
    if conditions:
        condition, operator = chance.choice(conditions)
        other = opposite(operator)
        if other not in condition:
            rename_element(condition, operator, other)


def opposite(operator: str) -> str:
    """The operator that says the reverse, if there is one."""
    if "IpAddress" in operator:
        return (
            operator.replace("NotIp", "Ip")
            if "NotIp" in operator
            else operator.replace("Ip", "NotIp")
        )
    if "Not" in operator:
        return operator.replace("Not", "", 1)
    for word in ("Equals", "Like"):
        for family in ("String", "Numeric", "Date", "Arn"):
            if f"{family}{word}" in operator:
                return operator.replace(f"{family}{word}", f"{family}Not{word}")
    return operator


def conditions_of(statements: list[Statement]) -> list[tuple[Statement, str]]:
    """Every operator in use, with the Condition element that has it."""
    return [
        (each["Condition"], operator)
        for each in statements
        for operator in each.get("Condition", {})
    ]


def change_condition_values(statements: list[Statement], chance: random.Random) -> None:
    """Add, take away or replace a value of a condition."""
    conditions = conditions_of(statements)
    if not conditions:
        return
    condition, operator = chance.choice(conditions)
    key, values = chance.choice(list(condition[operator].items()))
    known = [
        value
        for keys in (STRINGS, NUMBERS, DATES, ADDRESSES, ARNS, SEVERAL)
        for name, listed in keys.items()
        if name.lower() == key.lower()
        for value in listed
    ]
    listed = values if isinstance(values, list) else [values]
    if len(listed) > 1 and chance.random() < 0.5:
        listed.pop()
    elif known and operator != "Null":
        listed.append(chance.choice(known))
    condition[operator][key] = listed


def add_condition(statements: list[Statement], chance: random.Random) -> None:
    """Add a condition to a statement."""
    merge_condition(chance.choice(statements), make_condition(chance))


def remove_condition(statements: list[Statement], chance: random.Random) -> None:
    """Take a condition away."""
    conditions = conditions_of(statements)
    if conditions:
        condition, operator = chance.choice(conditions)
        del condition[operator]


Change = Callable[[list[Statement], random.Random], None]

HARMLESS: list[Change] = [rename, reorder, respell, split, split_condition, merge, repeat]
"""Changes that no request notices."""
OTHERS: list[Change] = [
    *(add, remove, change_values, move_wildcard, swap_action, swap_resource, change_if_exists),
    *(negate, change_condition_values, add_condition, remove_condition),
]


def make_pair(seed: int) -> Pair:
    """The pair of a seed: one to six statements, one to three changes, one or two levels."""
    chance = random.Random(seed)
    kind: Kind = chance.choice(["scp", "scp", "scp", "rcp"])
    effects = ["Deny"] * 4 + ["Allow"] * (kind == "scp" and chance.random() < 0.3) * 3
    statements = [
        make_statement(chance, kind, chance.choice(effects)) for _ in range(chance.randint(1, 6))
    ]
    changed = copy.deepcopy(statements)
    kinds = HARMLESS if chance.random() < 0.3 else HARMLESS + OTHERS * 3
    changes = [chance.choice(kinds) for _ in range(chance.randint(1, 3))]
    for change in changes:
        change(changed, chance)
    version = "2012-10-17" if chance.random() < 0.9 else "2008-10-17"
    allow_list = all(
        any(each["Effect"] == "Allow" for each in side) for side in (statements, changed)
    )
    beside = [] if allow_list else [full_access(kind)]
    other = version if chance.random() < 0.95 else "2012-10-17"
    above = (
        [[full_access(kind), text_of([make_statement(chance, kind)])]]
        if chance.random() < 0.15
        else []
    )
    return Pair(
        [*above, [*beside, text_of(statements, version)]],
        [*above, [*beside, text_of(changed, other, chance.choice([None, 1]))]],
        kind,
        tuple(change.__name__ for change in changes),
    )
