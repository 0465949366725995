"""Removing the events of days long past from a store, with a commit that says so.

The commit comes first: from then on no reader looks for what is removed after it. What stays is
which log files were read, with their hashes and counts, so that no load reads them again; rejects;
and the results of validations.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from trailscan.store.ledger import Counts, Draft, Ledger
from trailscan.store.pruned import Pruned
from trailscan.store.reader import StoreReader
from trailscan.store.rejects import who_accepts
from trailscan.store.strays import is_pruned
from trailscan.window import Window

if TYPE_CHECKING:
    from datetime import date

    from trailscan.buckets import Bucket
    from trailscan.store.ledger import Commit


def plan_prune(bucket: Bucket, place: str, before: date, because: str, now: datetime) -> Pruned:
    """The tombstone of what pruning a store would remove.

    Raises:
        NotFoundError: there is no store.
        StoreError: the store is damaged.
    """
    store = StoreReader(bucket, place)
    days = Window(None, datetime.combine(before, time(), UTC))
    events = store.events(days, ["event_id"], ordered=False).num_rows
    return Pruned(before, events, who_accepts(), because, now)


def prune_store(bucket: Bucket, tombstone: Pruned) -> int:
    """Commit a tombstone and remove what it names; again removes what was left over.

    Returns:
        How many data files were removed.

    Raises:
        TrailscanError: the store could not be written, or a data file could not be removed.
    """

    def draft(commits: tuple[Commit, ...], _: int) -> Draft:
        held = any(tombstone.removes(file) for commit in commits for file in commit.files)
        return Draft("", (), Counts(), {}, is_news=held, pruned=tombstone if held else None)

    ledger = Ledger(bucket)
    ledger.settle()
    ledger.append(draft, uuid.uuid4().hex, tombstone.at)
    paths = [
        found.key
        for found in bucket.list_objects("events/")
        if is_pruned(found.key, ledger.commits)
    ]
    for path in paths:
        bucket.delete(path)
    return len(paths)
