"""Requests at the edges of a pair of policies: what its texts name, what they just do not, and absence."""

from __future__ import annotations

import base64
import ipaddress
import json
import random
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from organizations.access.pairs import BOOLEANS, Levels, Pair, full_access, text_of

from trailscan.organizations.access.evaluate import Request, evaluate

Value = str | tuple[str, ...] | None
ACTION = re.compile(r"[a-z0-9-]+:[a-z0-9]+", re.IGNORECASE)
PRINCIPAL = "aws:principalarn"
BOOLEAN_KEYS = {key.lower() for key in BOOLEANS}
USUAL = Request(
    "arn:aws:iam::111122223333:role/ordinary", "s3:ListBucket", "arn:aws:s3:::ordinary", {}
)


def as_list(value: object) -> list:
    """One value, or the list that it is."""
    return value if isinstance(value, list) else [value]


def statements_of(*sides: Levels) -> list[dict]:
    """Every different statement of some levels."""
    found = [
        each
        for side in sides
        for level in side
        for text in level
        for each in as_list(json.loads(text)["Statement"])
    ]
    return list({json.dumps(each, sort_keys=True): each for each in found}.values())


def conditions_in(statement: dict) -> Iterator[tuple[str, str, list]]:
    """Every operator, key in lower case and list of values of a statement."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key.lower(), as_list(values)


def around_text(pattern: str) -> Iterator[str]:
    """Members of a pattern, and texts just beside it."""
    text = pattern.replace("${aws:PrincipalTag/env}", "prod").replace("${*}", "*")
    text = text.replace("${?}", "?").replace("${$}", "$")
    for many, one in (("", "x"), ("a", "b"), ("a/b-", "-")):
        yield text.replace("*", many).replace("?", one)
    member = text.replace("*", "a").replace("?", "b")
    yield from (member + "x", member[:-1], member.swapcase())
    yield text


def around_number(text: str) -> Iterator[str]:
    """The number, and its neighbours."""
    for step in (-1, 0, 1):
        yield f"{float(text) + step:g}"
    yield text


def around_date(text: str) -> Iterator[str]:
    """The instant, a second before and after it, and epoch time."""
    if text.isdigit():
        yield from (str(int(text) + step) for step in (-1, 0, 1))
        return
    instant = datetime.fromisoformat(text if "T" in text else f"{text}T00:00:00+00:00")
    for step in (-1, 0, 1):
        moved = instant + timedelta(seconds=step)
        yield from (moved.isoformat(), str(int(moved.timestamp())))


def around_network(text: str) -> Iterator[str]:
    """The first and last address of a block, and the ones just outside."""
    network = ipaddress.ip_network(text, strict=False)
    make, most = type(network[0]), 2**network.max_prefixlen - 1
    for number in (int(network[0]) - 1, int(network[0]), int(network[-1]), int(network[-1]) + 1):
        yield str(make(min(max(number, 0), most)))


def around(operator: str, text: str) -> Iterator[str]:
    """Values at the edges of what an operator compares with."""
    if "Numeric" in operator:
        yield from around_number(text)
    elif "Date" in operator:
        yield from around_date(text)
    elif "IpAddress" in operator:
        yield from around_network(text)
    elif "Bool" in operator:
        yield from ("true", "false")
    elif "Binary" in operator:
        yield from (text, base64.b64encode(b"other").decode())
    elif "Null" in operator:
        yield "some"
    else:
        yield from around_text(text)


class Sampler:
    """Requests for a pair: each is aimed at one of its statements and then misses a little."""

    def __init__(self, pair: Pair, seed: int):
        self.chance = random.Random(seed)
        self.kind = pair.kind
        self.statements = statements_of(pair.before, pair.after)
        self.actions = [
            each for each in self.texts_of("Action", USUAL.action) if ACTION.fullmatch(each)
        ]
        self.resources = [
            each for each in self.texts_of("Resource", USUAL.resource) if each.count(":") >= 5
        ] + ["*"]
        self.values = self.values_by_key()
        self.values.setdefault(PRINCIPAL, [USUAL.principal])
        self.aims = [self.aim_at(each) for each in self.statements]

    def texts_of(self, name: str, usual: str) -> list[str]:
        """Values around those of Action and NotAction, or of Resource and NotResource."""
        texts = {
            value
            for each in self.statements
            for element in (name, f"Not{name}")
            for pattern in as_list(each.get(element, []))
            for value in around_text(pattern)
        }
        return sorted({text for text in texts if text} | {usual})

    def values_by_key(self) -> dict[str, list[Value]]:
        """Values around those of each key; several at once for keys with set operators only."""
        texts: dict[str, set[str]] = {}
        operators: dict[str, set[str]] = {}
        for each in self.statements:
            for operator, key, values in conditions_in(each):
                operators.setdefault(key, set()).add(operator)
                found = {near for value in values for near in around(operator, str(value))}
                texts.setdefault(key, set()).update(found - {""})
            for variable in ("aws:principaltag/env", "aws:resourceorgid"):
                if f"${{{variable}" in json.dumps(each).lower():
                    texts.setdefault(variable, set()).update({"prod", "dev", "o-exampleorg1"})
        return {
            key: self.of_key(key, found, operators.get(key, set())) for key, found in texts.items()
        }

    def of_key(self, key: str, texts: Iterable[str], operators: set[str]) -> list[Value]:
        """The values of a key: single ones, pairs where the key is multivalued, and absence."""
        single = sorted(texts)
        if key in BOOLEAN_KEYS:
            single = ["false", "true"]
        if key == PRINCIPAL:
            return [
                text for text in single if text.startswith("arn:aws:iam:") and "*" not in text
            ] + [USUAL.principal]
        if any(":" in each for each in operators) and all(
            ":" in each or each == "Null" for each in operators
        ):
            count = min(len(single), 12)
            several = [tuple(self.chance.sample(single, min(2, count))) for _ in range(12)]
            return [*((text,) for text in single), *several, tuple(single[:3]), None]
        return [*single, None, None]

    def aim_at(self, statement: dict) -> tuple[list[str], list[str], dict[str, list[Value]]]:
        """The actions, resources and values of keys for which parts of a statement match."""
        bare = {"Effect": "Deny", "Action": "*", "Resource": "*"} | (
            {"Principal": "*"} if self.kind == "rcp" else {}
        )
        keys: dict[str, list[Value]] = {}
        for key in {key for _, key, _ in conditions_in(statement)}:
            condition: dict = {}
            for operator, name, values in conditions_in(statement):
                if name == key:
                    condition.setdefault(operator, {})[key] = values
            part = bare | {"Condition": condition}
            requests = [(each, self.request(context={key: each})) for each in self.values[key]]
            keys[key] = self.hitting(part, requests)
        return (
            self.hitting_element(bare, statement, "Action", self.actions),
            self.hitting_element(bare, statement, "Resource", self.resources),
            keys,
        )

    def hitting_element(
        self, bare: dict, statement: dict, name: str, values: list[str]
    ) -> list[Value]:
        """The actions or resources for which that element of a statement matches."""
        part = {key: value for key, value in bare.items() if key != name}
        part |= {key: statement[key] for key in (name, f"Not{name}") if key in statement}
        requests = [(each, self.request(**{name.lower(): each})) for each in values]
        return self.hitting(part, requests)

    def hitting(self, statement: dict, requests: list[tuple[Value, Request]]) -> list[Value]:
        """The values with whose requests a Deny statement applies."""
        levels = [[full_access(self.kind), text_of([statement])]]
        return [
            value for value, request in requests if evaluate(levels, request, self.kind) == "denied"
        ]

    @staticmethod
    def request(
        action: str = USUAL.action,
        resource: str = USUAL.resource,
        context: dict[str, Value] | None = None,
    ) -> Request:
        """A request with the keys that have a value; the principal is one of them."""
        present = {key: value for key, value in (context or {}).items() if value is not None}
        principal = present.pop(PRINCIPAL, USUAL.principal)
        return Request(str(principal), action, resource, present)

    def draw(self) -> Request:
        """One request, aimed at a statement in most of its parts."""
        actions, resources, keys = self.chance.choice(self.aims)
        context = {
            key: self.pick(keys.get(key, values), values) for key, values in self.values.items()
        }
        return self.request(
            self.pick(actions, self.actions), self.pick(resources, self.resources), context
        )

    def pick(self, aimed: list, values: list) -> Value:
        """One of the values that hit, or now and then any."""
        return self.chance.choice(values if not aimed or self.chance.random() < 0.1 else aimed)


def moves(pair: Pair, count: int, seed: int = 0) -> Iterator[tuple[Request, str]]:
    """The requests, of so many, that are decided otherwise after than before: `more` or `less`."""
    sampler = Sampler(pair, seed)
    for _ in range(count):
        request = sampler.draw()
        before, after = (evaluate(side, request, pair.kind) for side in (pair.before, pair.after))
        if before != after:
            yield request, "more" if after == "allowed" else "less"
