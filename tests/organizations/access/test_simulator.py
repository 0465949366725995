"""Decisions compared with a simulator of requests that shares no code with the package."""

from __future__ import annotations

import json
import os
from collections import Counter

from organizations.access.simulator import allowed
from organizations.access.worlds import make_requests, make_world

from trailscan.organizations.access.decide import decide

PAIRS = int(os.environ.get("TRAILSCAN_WORLDS", "60"))
REQUESTS = 30 if PAIRS < 1_000 else 100
SHOWN = {"same": set(), "more": {"allowed"}, "less": {"denied"}, "both": {"allowed", "denied"}}


def texts(levels):
    """The policies of each level as texts."""
    return [[json.dumps(policy) for policy in level] for level in levels]


def as_request(witness):
    """The request of a witness."""
    return {
        "principal": witness.principal,
        "action": witness.action,
        "resource": witness.resource,
        "context": witness.context,
    }


def moved(world, request):
    """How a request is decided after a change, if otherwise than before; else None."""
    _, before, after = world
    old, new = allowed(before, request), allowed(after, request)
    return None if old == new else "allowed" if new else "denied"


def wrong(seed, kinds):
    """What the simulator has against a decision; None if nothing."""
    world = make_world(seed)
    kind, before, after = world
    change = decide(texts(before), texts(after), kind)
    kinds[change.kind] += 1
    if change.kind == "unknown":
        return None if change.reason else "no reason"
    shown = {one.after for one in change.witnesses}
    if shown != SHOWN[change.kind]:
        return change
    for one in change.witnesses:
        if moved(world, as_request(one)) != one.after:
            return one
    missed = ((moved(world, one), one) for one in make_requests(seed, before + after, REQUESTS))
    return next((each for each in missed if each[0] not in {None, *shown}), None)


def test_a_simulator_agrees_with_the_decisions():
    """Every witness is confirmed, no request moves in another direction, and few are unknown."""
    kinds = Counter()
    found = {seed: wrong(seed, kinds) for seed in range(PAIRS)}
    assert {seed: one for seed, one in found.items() if one is not None} == {}
    assert min(kinds[one] for one in SHOWN) > 1
    assert kinds["unknown"] <= PAIRS / 20, kinds
