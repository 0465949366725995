"""Commits are whole or absent: killed at any write, raced by others, found half done."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import trailscan as ts
from trailscan.buckets import LocalBucket
from trailscan.errors import StoreError
from trailscan.store import ledger as ledger_module

WRITES = ("write", "write_new", "delete")


class Killed(BaseException):
    """Stands for kill -9: nothing may catch it."""


def killing(monkeypatch, at: int, *, after: bool):
    """Let the process die before or after its n-th change of the disk."""
    counted = itertools.count(1)  # data files are written by several threads

    def wrap(original):
        def call(self, *args):
            dies = next(counted) == at
            if dies and not after:
                raise Killed
            result = original(self, *args)
            if dies:
                raise Killed
            return result

        return call

    for name in WRITES:
        monkeypatch.setattr(LocalBucket, name, wrap(getattr(LocalBucket, name)))


def ids_by_glob(store: Path) -> list[str]:
    """What a reader sees that looks at the folder only."""
    if not (store / "events").exists():
        return []
    return sorted(pq.read_table(store / "events")["event_id"].to_pylist())


def ids_by_ledger(store: Path) -> list[str]:
    """What a reader sees that follows the ledger."""
    return sorted(ts.open(str(store)).events()["event_id"])


@pytest.mark.parametrize("after", [False, True])
def test_a_load_killed_at_any_write_is_recovered_by_the_next(
    logs, load, event, packed, tmp_path, after
):
    """Whatever write a load dies at, loading again gives each event once, for every reader."""
    days = [event(n, eventTime=f"2026-11-{10 + n}T00:00:00Z") for n in range(4)]
    folder = logs(packed(days))
    expected = sorted(one["eventID"] for one in days)
    died = 0
    for at in range(1, 40):
        store = tmp_path / f"store-{at}"
        with pytest.MonkeyPatch.context() as patch:
            killing(patch, at, after=after)
            try:
                load(folder, store=store)
            except Killed:
                died += 1
            else:
                break
        seen = ids_by_glob(store)
        assert len(seen) == len(set(seen))
        assert load(folder, store=store).complete
        assert ids_by_glob(store) == ids_by_ledger(store) == expected
    assert died >= 8


def test_a_claim_is_finished_by_another_load_without_the_source(
    logs, load, event, packed, tmp_path, monkeypatch
):
    """A commit that was claimed and not carried out is finished even if its source is gone."""
    folder = logs(packed([event(1)]))
    with monkeypatch.context() as patch:
        killing(patch, 4, after=False)  # 1 marker, 2 run, 3 intent, 4 the first data file
        with pytest.raises(Killed):
            load(folder)
    for path in folder.iterdir():
        path.unlink()
    load(folder)
    assert ids_by_ledger(tmp_path / "store") == [event(1)["eventID"]]


def test_a_broken_protocol_fails_the_same_check(logs, load, event, packed, tmp_path, monkeypatch):
    """The control: without the claim, a reader of the folder sees events twice."""
    folder = logs(packed([event(1)]))

    def unclaimed(self, commit, files):
        for path, data in files.items():
            self._bucket.write(path, data)
        self._bucket.write_new(ledger_module.ledger_path(commit.seq), b"")
        return True

    with monkeypatch.context() as patch:
        patch.setattr(ledger_module.Ledger, "try_commit", unclaimed)
        killing(patch, 4, after=False)
        with pytest.raises(Killed):
            load(folder)
    changed = folder / "first.json.gz"
    changed.write_bytes(packed([event(1), event(2)]))
    load(folder)
    seen = ids_by_glob(tmp_path / "store")
    assert len(seen) != len(set(seen))


def test_loads_at_once_keep_each_event_once(logs, load, event, packed, tmp_path):
    """Several loads of one source into one store end in the same events as one."""
    folder = logs(*(packed([event(n)]) for n in range(30)))
    with ThreadPoolExecutor(4) as pool:
        summaries = list(pool.map(lambda _: load(folder), range(4)))
    assert sum(summary.kept for summary in summaries) == 30
    expected = sorted(event(n)["eventID"] for n in range(30))
    assert ids_by_glob(tmp_path / "store") == ids_by_ledger(tmp_path / "store") == expected


def test_a_spent_claim_that_reappears_publishes_nothing(logs, load, event, packed, tmp_path):
    """An intent whose commit exists is withdrawn, whoever wrote it again."""
    folder = logs(packed([event(1)]))
    load(folder)
    ledger = ledger_module.Ledger(LocalBucket(tmp_path / "store"))
    (commit,) = ledger.refresh()
    assert ledger.try_commit(commit, {}) is False
    assert ids_by_glob(tmp_path / "store") == [event(1)["eventID"]]


def test_a_changed_ledger_is_noticed(logs, load, event, packed, tmp_path):
    """Each commit names the digest of the one before: a rewritten one breaks the chain."""
    folder = logs(packed([event(1)]))
    load(folder)
    (folder / "b.json.gz").write_bytes(packed([event(2)]))
    load(folder)
    first = tmp_path / "store" / "_ledger" / "00000001.json"
    first.write_bytes(first.read_bytes().replace(b'"kept": 1', b'"kept": 7'))
    with pytest.raises(StoreError, match="ledger is broken"):
        ts.open(str(tmp_path / "store"))
