"""Worlds so small that every request in them is tried: a decision misses none that moves."""

from __future__ import annotations

import copy
import json
import random
from itertools import combinations, product

import pytest
from organizations.access.pairs import COMPARISONS, TEXTUAL, full_access

from trailscan.organizations.access.decide import decide
from trailscan.organizations.access.evaluate import Request, evaluate

USUAL = Request("arn:aws:iam::111122223333:role/x", "s3:GetObject", "arn:aws:s3:::b/k", {})
FAMILIES = {
    "strings": (
        TEXTUAL,
        ["a", "A", "a*", "*", "?", "ab", "*b", "a?", "aB", "b*a", "?*", ""],
        ["".join(letters) for count in (1, 2, 3) for letters in product("aAb", repeat=count)],
    ),
    "numbers": (
        [f"Numeric{name}" for name in COMPARISONS],
        ["1", "2", "2.5", "-1", "1.0"],
        ["-2", "-1", "0", "1", "1.5", "2", "2.25", "2.5", "3", "1.0"],
    ),
    "dates": (
        [f"Date{name}" for name in COMPARISONS],
        ["2026-01-01T00:00:00Z", "1767225600", "2026-01-01", "2026-01-02T00:00:00Z"],
        ["2025-12-31T23:59:59Z", "1767225600", "1767225601", "2026-01-02T00:00:00Z", "2027-01-01"],
    ),
    "addresses": (
        ["IpAddress", "NotIpAddress"],
        ["10.0.0.0/30", "10.0.0.0/31", "10.0.0.2/31", "10.0.0.3", "0.0.0.0/0", "::/0", "::/127"],
        ["9.255.255.255", "10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "::1", "::2"],
    ),
    "booleans": (["Bool"], ["true", "false"], ["true", "false"]),
    "arns": (
        ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
        [
            "*",
            "arn:aws:sns:*:1:a",
            "arn:aws:sns:e?:1:a*",
            "arn:aws:*:eu:*:*",
            "arn:aws:sns:eu:1:a:b",
        ],
        [f"arn:aws:{each}" for each in ("sns:eu:1:a", "sns:us:1:ab", "sqs:eu:2:c", "sns:eu:1:a:b")],
    ),
}
"""The operators of a family, values in policies, and all the values that requests have."""
ACTIONS = ["aa:Xx", "aa:*", "bb:Yy", "*", "aa:X*", "bb:*"]
RESOURCES = ["*", "arn:aws:aa:::r1", "arn:aws:aa:::r*"]


def text(*statements):
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def wrong(before, after, requests, kind="scp"):
    """What a decision says and misses, if it misses a request that moves; else None."""
    moved = set()
    for request in requests:
        old, new = (evaluate(side, request, kind) for side in (before, after))
        if old != new:
            moved.add("more" if new == "allowed" else "less")
    change = decide(before, after, kind)
    says = {"both": {"more", "less"}, "same": set()}.get(change.kind, {change.kind})
    return None if moved <= says else (change.kind, moved, before, after)


def make_condition(chance, operators, values, *, several):
    """One or two operators on the one key of the world."""
    condition = {}
    for _ in range(chance.choice([1, 1, 1, 2])):
        operator = chance.choice(operators)
        if several:
            operator = chance.choice(["ForAnyValue:", "ForAllValues:"]) + operator
        operator += chance.choice(["", "", "IfExists"])
        most = min(3, len(values))
        condition[operator] = {"aws:k": chance.sample(values, chance.randint(1, most))}
    if chance.random() < 0.15:
        condition["Null"] = {"aws:k": chance.choice(["true", "false"])}
    return condition


def conditions_and_requests(seed):
    """The conditions of two policies, one to four Denies each, and every request of their world."""
    chance = random.Random(seed)
    operators, values, world = FAMILIES[chance.choice(sorted(FAMILIES))]
    several = chance.random() < 0.35
    before = [
        make_condition(chance, operators, values, several=several)
        for _ in range(chance.randint(1, 3))
    ]
    after = copy.deepcopy(before)
    after[chance.randrange(len(after))] = make_condition(chance, operators, values, several=several)
    if chance.random() < 0.5:
        after.append(make_condition(chance, operators, values, several=several))
    if operators is TEXTUAL and not several:
        world = ["", *world]
    found = [None, *world, *(map(list, combinations(world, 2)) if several else ())]
    contexts = [{} if each is None else {"aws:k": each} for each in found]
    requests = [Request(USUAL.principal, USUAL.action, USUAL.resource, each) for each in contexts]
    return before, after, requests


def check_conditions(seeds):
    """Try the decision about the conditions of some seeds."""
    for seed in seeds:
        *sides, requests = conditions_and_requests(seed)
        deny = {"Effect": "Deny", "Action": "*", "Resource": "*"}
        before, after = (
            [[full_access("scp"), text(*({**deny, "Condition": each} for each in side))]]
            for side in sides
        )
        assert wrong(before, after, requests) is None


def make_statement(chance, kind):
    """An Allow or a Deny of some actions."""
    effect = chance.choice(["Allow", "Allow", "Deny"]) if kind == "scp" else "Deny"
    statement = {"Effect": effect} | ({"Principal": "*"} if kind == "rcp" else {})
    statement[chance.choice(["Action", "Action", "NotAction"])] = chance.sample(ACTIONS, 2)
    resource = chance.choice(RESOURCES)
    element = "Resource" if resource == "*" else chance.choice(["Resource", "NotResource"])
    operator = chance.choice(["StringEquals", "StringNotEquals", "StringEqualsIfExists"])
    return statement | {element: resource, "Condition": {operator: {"aws:k": "v"}}}


def levels_before_and_after(seed):
    """One to three levels, and the same after a policy came, went, moved or changed."""
    chance = random.Random(seed)
    kind = chance.choice(["scp", "scp", "rcp"])

    def policy():
        return text(*(make_statement(chance, kind) for _ in range(chance.randint(1, 3))))

    before = [
        [policy(), *([full_access(kind)] if kind == "rcp" or chance.random() < 0.6 else [])]
        for _ in range(chance.randint(1, 3))
    ]
    after = copy.deepcopy(before)
    level = chance.choice(after)
    change = chance.choice(["come", "go", "move", "change"])
    gone = level.pop(0) if change != "come" else None
    if change in {"come", "change"}:
        level.insert(0, policy())
    elif change == "move":
        chance.choice(after).append(gone)
    return before, after, kind


def check_levels(seeds):
    """Try the decision about the levels of some seeds."""
    requests = [
        Request(USUAL.principal, action, f"arn:aws:aa:::{resource}", context)
        for action in ("aa:Xx", "aa:Xz", "aa:Zz", "bb:Yy", "bb:Ww", "cc:Cc")
        for resource in ("r1", "r2", "s")
        for context in ({}, {"aws:k": "v"}, {"aws:k": "w"})
    ]
    for seed in seeds:
        before, after, kind = levels_before_and_after(seed)
        assert wrong(before, after, requests, kind) is None


def test_no_value_of_a_key_is_missed():
    """All operators of a family on one key, with one value, several or none."""
    check_conditions(range(250))


def test_no_request_is_missed_under_several_levels():
    """Policies that come, go, move or change at one of up to three levels."""
    check_levels(range(150))


@pytest.mark.slow
def test_no_value_of_a_key_is_missed_at_length():
    """Many more small worlds."""
    check_conditions(range(250, 1_500))


@pytest.mark.slow
def test_no_request_is_missed_under_several_levels_at_length():
    """Many more hierarchies."""
    check_levels(range(150, 700))
