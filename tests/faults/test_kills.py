"""Loads that die: rows F12 and F15 of the fault model, with broken protocols as controls.

`python tests/services/kills.py --kills 500` does the same for longer.
"""

from __future__ import annotations

import itertools
import random
import signal
from datetime import UTC, datetime
from functools import partial

import pytest
from services import kills

from trailscan.ingest.run import LoadOptions, run_load


@pytest.mark.parametrize("sessions", [False, True], ids=["users", "sessions"])
def test_no_event_is_lost_or_doubled_by_kills_at_any_moment(tmp_path, sessions):
    """F12, F15: three loads into one store, killed 40 times: every event is there once.

    Of sessions, so is every record that issued their credentials.
    """
    store, rng = str(tmp_path / "store"), random.Random(1)
    outcome = kills.run_round(tmp_path / "round", store, 40, rng, sessions=sessions)
    assert (outcome.is_right, outcome.kills) == (True, 40), outcome


def test_no_event_is_lost_or_doubled_in_a_real_s3_server(tmp_path, ceph_bucket):
    """F12, F15: the same, 20 times, with the store in Ceph's S3 server."""
    store = f"s3://{ceph_bucket}/store"
    outcome = kills.run_round(tmp_path / "round", store, 20, random.Random(2), sessions=True)
    assert (outcome.is_right, outcome.kills) == (True, 20), outcome


@pytest.mark.parametrize("protocol", ["unclaimed", "commit_first"])
def test_a_broken_protocol_fails_the_same_check(tmp_path, protocol):
    """The control: commits without a claim, or before their data, are found out."""
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        outcome = kills.run_round(
            folder, str(folder / "store"), 20, random.Random(attempt), protocol
        )
        if not outcome.is_right:
            return
    pytest.fail("a broken protocol was not found out")


def exhaust(tmp_path, hook, stores, *, after: bool) -> int:
    """Kill loads at their first, second, third … step until one ends by itself."""
    trail = kills.Trail(tmp_path / "trail", random.Random(3), sessions=True)
    trail.folder.mkdir()
    trail.deliver(2)  # two commits of some days each, and one of issuing records
    expected = sorted(trail.expected)
    options = LoadOptions(trace_share=kills.ENOUGH)
    for step in itertools.count(1):
        store = stores(step)
        process = kills.start_load(trail.folder, store, hook=partial(hook, step, after=after))
        process.join(60)
        if process.exitcode == 0:
            return step
        assert process.exitcode == -signal.SIGKILL
        seen = kills.ids_by_glob(store)
        assert len(seen) == len(set(seen)), f"step {step}"
        assert run_load([str(trail.folder)], store, options, datetime.now(UTC)).complete
        assert sorted(kills.ids_by_glob(store)) == sorted(kills.ids_by_ledger(store)) == expected
    return 0


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_load_killed_at_any_call_that_changes_the_disk_is_recovered(tmp_path, after):
    """F12: SIGKILL before and after each fsync, link, rename, unlink and mkdir of a load."""
    steps = exhaust(
        tmp_path, kills.die_at_disk_call, lambda step: str(tmp_path / f"store-{step}"), after=after
    )
    assert steps > 60


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_load_killed_at_any_write_to_s3_is_recovered(tmp_path, s3, after):
    """F12: SIGKILL before and after each PUT and DELETE of a load."""
    steps = exhaust(tmp_path, kills.die_at_request, lambda step: f"s3://store/{step}", after=after)
    assert steps > 12


def test_loads_at_once_in_a_real_s3_server_keep_each_event_once(tmp_path, ceph_bucket):
    """F15: four loads begun at once all end well, and every event is there once."""
    trail = kills.Trail(tmp_path / "trail", random.Random(4), sessions=True)
    trail.folder.mkdir()
    trail.deliver(15)
    store = f"s3://{ceph_bucket}/store"
    running = [kills.start_load(trail.folder, store) for _ in range(4)]
    for process in running:
        process.join(60)
    assert [process.exitcode for process in running] == [0, 0, 0, 0]
    expected = sorted(trail.expected)
    assert sorted(kills.ids_by_glob(store)) == sorted(kills.ids_by_ledger(store)) == expected
