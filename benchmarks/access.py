"""Time decisions about changes of policies, on generated pairs and on long ones.

    python benchmarks/access.py [--pairs 1000]

The pairs are those of the property tests: every operator, up to six statements a side, and changes
that split, merge, narrow, widen, add and remove. The long ones have 10,240 characters a side: in
one kind an action is removed, in the other every statement gets another exemption. Times are of
the processor: a decision waits for nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.organizations.access.sides import Levels
    from trailscan.organizations.access.statements import Kind

    Pair = tuple[Levels, Levels, Kind]

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

LONGEST = 10_240
SERVICES = ("ec2", "s3", "iam", "kms", "rds", "lambda", "config", "guardduty")
VERBS = ("Create", "Delete", "Put", "Update", "Attach", "Disable")
NOUNS = ("Policy", "Role", "Key", "Bucket", "Rule", "Trail", "Instance", "Group", "Function")


def generated(count: int) -> Iterator[Pair]:
    """The pairs of the property tests."""
    from organizations.access.pairs import make_pair

    for seed in range(count):
        pair = make_pair(seed)
        yield pair.before, pair.after, pair.kind


def long(count: int) -> Iterator[Pair]:
    """Pairs of texts that are as long as AWS allows, of which the second lacks an action."""
    from trailscan.organizations.access.decide import FULL_ACCESS

    for seed in range(count):
        rng = random.Random(seed)
        statements: list[dict[str, Any]] = []
        while len(json.dumps(statements)) < LONGEST - 700:
            statements.append(statement(rng))
        before = text(statements)
        statements[rng.randrange(len(statements))]["Action"].pop()
        full = FULL_ACCESS["scp"]
        yield [[full, before]], [[full, text(statements)]], "scp"


def exempting(count: int) -> Iterator[Pair]:
    """The long pairs, with a role that every statement exempts in the second text instead."""
    for before, ((full, _),), kind in long(count):
        policy = json.loads(before[0][1])
        for one in policy["Statement"]:
            one.setdefault("Condition", {})["ArnNotLike"] = {
                "aws:PrincipalArn": ["arn:aws:iam::*:role/Admin", "arn:aws:iam::*:role/BreakGlass*"]
            }
        yield before, [[full, json.dumps(policy)]], kind


def statement(rng: random.Random) -> dict[str, Any]:
    """A statement that denies some actions, of which some have a wildcard."""
    actions = [
        f"{rng.choice(SERVICES)}:{rng.choice(VERBS)}{rng.choice(NOUNS)}{rng.choice(('', '*'))}"
        for _ in range(rng.randint(2, 8))
    ]
    exempt = {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/{rng.choice(NOUNS)}*"}}
    found = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    return {**found, "Condition": exempt} if rng.random() < 1 / 2 else found


def text(statements: list[dict[str, Any]]) -> str:
    """A policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def measured(name: str, pairs: Iterable[Pair]) -> None:
    """Print how long each decision took, and how many of them are unknown."""
    from trailscan.organizations.access.decide import decide

    times, kinds = [], Counter[str]()
    for before, after, kind in list(pairs):
        began = time.process_time()
        found = decide(before, after, kind)
        times.append(1_000 * (time.process_time() - began))
        kinds[found.kind] += 1
    times.sort()
    figures = times[len(times) // 2], times[len(times) * 99 // 100], times[-1]
    print(
        f"{len(times):6}", *(f"{one:8.1f}" for one in figures), f"{kinds['unknown']:8}  {name}",
    )  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=1_000)
    given = parser.parse_args()
    print(f"{'pairs':>6} {'median':>8} {'p99':>8} {'max ms':>8} {'unknown':>8}")
    measured("generated", generated(given.pairs))
    measured("of 10,240 characters, one action less", long(given.pairs // 5))
    measured("of 10,240 characters, every statement changed", exempting(given.pairs // 5))


if __name__ == "__main__":
    main()
