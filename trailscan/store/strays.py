"""Files in a store that no commit names: planted there, or left of commits that were taken away.

Whoever may write to a store can remove its newest commits, and the ledger that is left is whole.
The data files of those commits give it away: their names hold the number of their commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.buckets.base import list_folder
from trailscan.errors import StoreError
from trailscan.store.paths import MARKER, commit_of, ledger_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.buckets import Bucket
    from trailscan.store.ledger import Commit, Ledger

_OWN = "_"  # folders of the ledger, which readers of Parquet folders skip


def find_strays(bucket: Bucket, ledger: Ledger) -> tuple[str, ...]:
    """The files of a store that no commit names, without those of a commit that is being made.

    Args:
        bucket: of the store.
        ledger: as it was read last; it is read again when other processes may have added to it.

    Raises:
        StoreError: commits were removed from the ledger.
    """
    held = list(_files(bucket))
    while True:
        strays = _unnamed(held, ledger.commits)
        beyond = [path for path in strays if (commit_of(path) or 0) >= ledger.next_seq]
        if not beyond:
            return strays
        unfinished = ledger.unfinished()
        if unfinished.issuperset(beyond):
            return tuple(path for path in strays if path not in unfinished)
        before = ledger.next_seq
        if len(ledger.refresh()) < before:
            raise _rolled_back(before, beyond)


def _files(bucket: Bucket) -> Iterator[str]:
    """The keys of everything in a store but its marker and its ledger."""
    folders, objects = list_folder(bucket, "")
    yield from (found.key for found in objects if found.key != MARKER)
    for folder in folders:
        if not folder.startswith(_OWN):
            yield from (found.key for found in bucket.list_objects(folder))


def _unnamed(held: Iterable[str], commits: Iterable[Commit]) -> tuple[str, ...]:
    """The keys that no commit names."""
    named = {file.path for commit in commits for file in commit.files}
    return tuple(path for path in held if path not in named)


def _rolled_back(next_seq: int, beyond: list[str]) -> StoreError:
    """The error for a ledger that has lost its last commits."""
    missing = max(commit_of(path) or 0 for path in beyond)
    return StoreError(
        f"the ledger was rolled back: {beyond[0]} belongs to {ledger_path(missing)}, and the last "
        f"commit is {next_seq - 1}",
        "restore the missing commits from a backup, or load again into a new store",
    )
