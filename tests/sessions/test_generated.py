"""Trails whose truth is known: nobody is named wrongly, in whatever order records arrive."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sessions.organization_trail import START, Trail, put

import trailscan as ts
from trailscan.events.event import decode_event
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.sessions.chain import Issuances, chain_of
from trailscan.sessions.issued import read_issued

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUNDS = int(os.environ.get("TRAILSCAN_TRAILS", "8"))
"""How many calls of each kind a trail has."""

ARRIVALS = int(os.environ.get("TRAILSCAN_ARRIVALS", "1"))
"""How many trails are loaded in several orders of arrival."""

WHO = ("principal", "principal_rule", "principal_certain", "principal_trace", "principal_kind")
"""The columns that say who made a change."""

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def origins(trail: Trail, seed: int) -> dict[str, tuple[str, tuple[object, ...]]]:
    """Who made each call, and the chain, with the records in an order of their own."""
    events = [decode_event(record) for *_, record in trail.records]
    random.Random(seed).shuffle(events)
    issued = Issuances(filter(None, (read_issued(event, "f#0") for event in events)))
    chains = {event.event_id: chain_of(event, issued) for event in events}
    return {
        event_id: (chains[event_id].origin.name, chains[event_id].hops) for event_id in trail.truth
    }


@pytest.mark.parametrize("seed", range(5))
def test_every_origin_is_right_in_every_order_of_arrival(seed):
    """The order of records changes neither names nor chains."""
    trail = Trail(seed, late=0.3).fill(ROUNDS, noise=False, kinds=14)
    first = origins(trail, 0)
    assert len(first) == 14 * ROUNDS
    assert {event_id: name for event_id, (name, _) in first.items()} == trail.truth
    assert all(origins(trail, order) == first for order in range(1, 4))


def told(store: str) -> dict[str, str]:
    """The name of who made each change in a store."""
    changes = ts.open(store).report("changes").records()
    named = {}
    for row in changes:
        chain = row["principal_chain"]
        is_traced = str(row["principal_rule"]).startswith("traced_")
        named[row["event_id"]] = chain[-1]["name"] if is_traced else row["principal"]
    return named


def is_right(said: str, truth: str) -> bool:
    """Whether a principal begins with the name in truth, which is all but a claim."""
    return said.removeprefix("role ").startswith(truth)


def load(source, store, now=NOW, **options):
    """Load a folder."""
    return run_load([str(source)], str(store), LoadOptions(**options), now)


@pytest.mark.parametrize("seed", range(2))
def test_a_load_traces_with_few_more_bytes(tmp_path, seed):
    """Every origin is found and right, for a tenth more bytes at most."""
    trail = Trail(seed).fill(30)
    trail.write(tmp_path / "logs")
    summary = load(tmp_path / "logs", tmp_path / "store")
    names = told(str(tmp_path / "store"))
    wrong = {
        event_id: names[event_id]
        for event_id, truth in trail.truth.items()
        if not is_right(names[event_id], truth)
    }
    lies = [said for said in wrong.values() if not said.startswith(("role ", "root user", "hop"))]
    assert not lies
    assert len(wrong) <= len(trail.truth) // 100
    assert summary.tracing is not None
    assert summary.tracing.bytes_stored <= summary.bytes_stored // 10


File = tuple[str, bytes, datetime]


def arrivals(trail: Trail, rng: random.Random) -> Iterator[list[list[File]]]:
    """The log files of a trail, in the groups in which loads find them, in several orders."""
    files = [*trail.log_files()]
    yield [files]
    by_delivery = sorted(files, key=lambda file: file[2])
    fourth = 1 + len(files) // 4
    yield [by_delivery[at : at + fourth] for at in range(0, len(files), fourth)]
    shuffled = rng.sample(files, len(files))
    yield [shuffled[at::3] for at in range(3)]
    again = [(name.replace("AAAA.json", "BBBB.json"), *more) for name, *more in files]
    both = rng.sample(files + again, 2 * len(files))
    yield [both[at::2] for at in range(2)]
    if trail.seed % 8 == 1:
        yield [[file] for file in rng.sample(files, len(files))]


@pytest.mark.parametrize("seed", range(ARRIVALS))
def test_loads_in_every_order_of_arrival_give_the_same_answers(tmp_path, seed):
    """At once, as delivered, in any order and doubled: the same people by the same records.

    All of them are right, and no two orders differ in chains, rules or what AWS vouches for.
    """
    trail = Trail(seed, late=0.3).fill(1, noise=False, kinds=14)
    answers = []
    for order, groups in enumerate(arrivals(trail, random.Random(seed))):
        logs, store = tmp_path / f"logs-{order}", tmp_path / f"store-{order}"
        for group in groups:
            put(logs, group)
            load(logs, store, regions=frozenset())
        answers.append(answers_of(store))
    first = answers[0]
    for order, other in enumerate(answers):
        assert {one: (first[one], other[one]) for one in first if other[one] != first[one]} == {}, (
            order
        )
    named = {event_id: str(row["principal"]) for event_id, row in first.items()}
    assert {
        one: named[one] for one, who in trail.truth.items() if not is_right(named[one], who)
    } == {}


def answers_of(store: Path) -> dict[str, dict[str, object]]:
    """What a store says of who made each change, without where it was read."""
    return {
        row["event_id"]: {
            "chain": [
                {name: value for name, value in hop.items() if name != "source"}
                for hop in row["principal_chain"]
            ],
            **{name: row[name] for name in WHO},
        }
        for row in ts.open(str(store)).report("changes").records()
    }


def test_late_records_are_found_by_the_loads_that_read_them(tmp_path):
    """Two days of nightly loads name the same people as one load of everything."""
    trail = Trail(7, late=0.3).fill(30)
    logs, once, nightly = (tmp_path / name for name in ("logs", "once", "nightly"))
    for day in range(5):
        trail.write(logs, START + timedelta(days=day + 1))
        load(logs, nightly, START + timedelta(days=day + 1))
    trail.write(logs)
    load(logs, nightly)
    load(logs, once)
    names = told(str(nightly))
    in_reach = {
        event_id
        for event_id, said in told(str(once)).items()
        if is_right(said, trail.truth[event_id])
    }
    assert len(in_reach) > 0.8 * len(trail.truth)
    lost = {one for one in in_reach if not is_right(names[one], trail.truth[one])}
    assert len(lost) <= len(trail.truth) // 100


def test_without_tracing_nothing_is_looked_for(tmp_path):
    """`--no-trace` keeps no issuing record and names roles."""
    trail = Trail(3).fill(2)
    trail.write(tmp_path / "logs")
    summary = load(tmp_path / "logs", tmp_path / "store", trace=False)
    assert summary.tracing is None
    assert summary.kept == len(trail.truth)
    assert len(ts.open(str(tmp_path / "store")).events()) == len(trail.truth)


def test_nothing_that_looks_like_a_secret_is_kept(tmp_path):
    """Issuing records are kept without the session token that they hold."""
    Trail(3).fill(2).write(tmp_path / "logs")
    load(tmp_path / "logs", tmp_path / "store")
    kept = ts.open(str(tmp_path / "store")).events()
    issuing = kept[kept["event_source"] == "sts.amazonaws.com"]
    assert len(issuing)
    text = "".join([*issuing["record"], *issuing["response_elements"]])
    assert "IQoJb3JpZ2lu" not in text
    assert "removed by trailscan" in text
