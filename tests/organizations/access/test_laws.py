"""Laws that hold for every pair of policies, tried on generated ones."""

from __future__ import annotations

import os
import time
from collections import Counter

import pytest
from organizations.access.pairs import FAMILIES, HARMLESS, OTHERS, Pair, make_pair
from organizations.access.requests import conditions_in, moves, statements_of

from trailscan.organizations.access.decide import decide
from trailscan.organizations.access.evaluate import Request, evaluate

SIZE = int(os.environ.get("TRAILSCAN_LAWS", "400"))
DESK, SLOW = range(200), range(SIZE)
NAMES = {change.__name__ for change in HARMLESS}


def decided(pair: Pair):
    """The decision about a pair."""
    return decide(pair.before, pair.after, pair.kind)


def decided_otherwise(pair: Pair, witness) -> bool:
    """Whether a witness is what it says, before and after."""
    request = Request(witness.principal, witness.action, witness.resource, witness.context)
    found = tuple(evaluate(side, request, pair.kind) for side in (pair.before, pair.after))
    return found == (witness.before, witness.after) and witness.before != witness.after


def broken_law(pair: Pair, requests: int) -> tuple[str, object] | None:
    """What is wrong with the decision about a pair, with what shows it."""
    change = decided(pair)
    if change.kind == "unknown":
        return None if change.reason else ("no reason", change)
    shown = {"denied": "less", "allowed": "more"}
    directions = sorted(shown[witness.after] for witness in change.witnesses)
    expected = {"same": [], "both": ["less", "more"]}.get(change.kind, [change.kind])
    if directions != expected:
        return "witnesses", (change.kind, directions)
    false = [each for each in change.witnesses if not decided_otherwise(pair, each)]
    if false:
        return "witness", false[0]
    never = {"more", "less"} - set(directions)
    missed = ((way, request) for request, way in moves(pair, requests) if way in never)
    return next(missed, None) if never else None


def check(seeds: range, requests: int) -> None:
    """Try the laws on the pairs of some seeds."""
    broken = {seed: found for seed in seeds if (found := broken_law(make_pair(seed), requests))}
    assert broken == {}


def kinds(seeds: range) -> Counter[str]:
    """How often each kind of decision is made."""
    return Counter(decided(make_pair(seed)).kind for seed in seeds)


def test_generated_pairs_have_every_operator_and_every_change():
    """Nothing of the language, and no way to change it, is left out of the laws."""
    pairs = [make_pair(seed) for seed in range(1_000)]
    statements = [each for pair in pairs for each in statements_of(pair.before, pair.after)]
    used = {operator for each in statements for operator, _, _ in conditions_in(each)}
    every = {operator for operators, _, _ in FAMILIES for operator in operators}
    assert every <= used
    assert {f"{each}IfExists" for each in every - {"Null"}} <= used
    assert {change for pair in pairs for change in pair.changes} == NAMES | {
        change.__name__ for change in OTHERS
    }
    assert {pair.kind for pair in pairs} == {"scp", "rcp"}
    assert {len(pair.before) for pair in pairs} == {1, 2}


def test_no_request_notices_a_harmless_change():
    """Renaming, reordering, splitting, merging and repeating change no decision."""
    harmless = [pair for seed in range(250) if set((pair := make_pair(seed)).changes) <= NAMES]
    noticed = [(pair, found) for pair in harmless for found in moves(pair, 25)]
    assert noticed == []
    assert len(harmless) > 70


def test_the_guided_requests_find_changes_in_both_directions():
    """The requests are near enough to the edges to find what most changes do."""
    found = Counter(
        tuple(sorted({way for _, way in moves(make_pair(seed), 80)})) for seed in range(60)
    )
    assert min(found[("less",)], found[("more",)], found[("less", "more")]) >= 4


def test_the_decision_obeys_the_laws():
    """Every witness holds, and no guided request moves in a direction that was ruled out."""
    check(DESK, 200)


def test_few_decisions_are_unknown():
    """At most one pair of fifty cannot be decided."""
    assert kinds(DESK)["unknown"] <= len(DESK) / 50


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_the_decision_obeys_the_laws_at_length(part):
    """As many pairs as asked for, and as many guided requests for each."""
    check(SLOW[part::8], SIZE)


@pytest.mark.slow
def test_few_decisions_are_unknown_at_length():
    """At most one pair of fifty, and every decision is made in a second."""
    started = time.perf_counter()
    assert kinds(SLOW)["unknown"] <= len(SLOW) / 50
    assert time.perf_counter() - started < len(SLOW) * 0.05
