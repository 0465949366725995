"""Patterns that end in their only wildcard, divided as all other patterns are."""

from __future__ import annotations

import random

import pytest

from trailscan.organizations.access.automaton import Automaton
from trailscan.organizations.access.beginnings import Beginnings, beginning
from trailscan.organizations.access.budget import Budget
from trailscan.organizations.access.dimensions import ACTION, PRINCIPAL, RESOURCE, UNIVERSES
from trailscan.organizations.access.patterns import MANY, NEVER, pattern, pieces

UNIVERSE = {**UNIVERSES, "a key": ((MANY,),)}
PIECES = {
    ACTION: ("a", "b", "ab", ":", "A", "*", ""),
    RESOURCE: ("a", "arn:", "arn:aws:s3:::", ":", "b", "*", ""),
    PRINCIPAL: ("a", "arn:aws:iam::1:role/", "arn:aws:iam::1", ":", "role/", "*"),
    "a key": ("a", "b", "ab", ""),
}


def both(name, beginnings, texts):
    """What each of the two says about some beginnings and texts: classes and members."""
    read = {one: pieces(f"{one}*", wildcards=True, variables=False) for one in beginnings}
    wild = [(pattern(read[one]), sets) for one, sets in beginnings.items()]
    found = [
        Automaton(sorted(wild), UNIVERSE[name], Budget()),
        Beginnings(beginnings, UNIVERSE[name], Budget()),
    ]
    named = {one: 0 for one in texts if found[0].sets_of(one) is not None}
    return [(each, each.classes(named), named) for each in found]


@pytest.mark.parametrize("name", UNIVERSE)
def test_classes_are_those_of_the_automaton(name):
    """The same sets occur together, each example is in its class, and each text is in the same."""
    rng = random.Random(name)

    def word():
        return "".join(rng.choices(PIECES[name], k=rng.randint(0, 4))).replace("*", "")

    for _ in range(60):
        beginnings = {word(): 1 << at for at in range(rng.randint(1, 6))}
        texts = [word() for _ in range(8)]
        (old, expected, named), (new, classes, _) = both(name, beginnings, texts)
        assert classes.keys() == expected.keys(), (beginnings, texts)
        for sets, example in classes.items():
            assert (new.sets_of(example), old.sets_of(example)) == (sets, sets)
            assert example not in named
        assert [*map(new.sets_of, texts)] == [*map(old.sets_of, texts)]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ((ord("a"), MANY), "a"),
        ((MANY,), ""),
        ((), None),
        ((NEVER,), None),
        ((ord("a"), MANY, ord("b")), None),
        ((MANY, ord("a"), MANY), None),
        (pattern(pieces("a", wildcards=False, variables=False), fold=True), None),
    ],
)
def test_what_a_text_must_begin_with(tokens, expected):
    """A pattern is a beginning only if its one wildcard is its end and its case counts."""
    assert beginning(tokens) == expected
