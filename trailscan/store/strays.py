"""What one listing of a store shows: data files that were changed, and files that no commit names.

A file that no commit names was planted, or is left of commits that were taken away.

Whoever may write to a store can remove its newest commits, and the ledger that is left is whole.
The data files of those commits give it away: their names hold the number of their commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.buckets.base import list_folder
from trailscan.errors import NotFoundError, StoreError
from trailscan.store.paths import MARKER, commit_of, damaged, event_day, ledger_path
from trailscan.store.read_files import stored_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from trailscan.buckets import Bucket, ObjectInfo
    from trailscan.store.ledger import Commit, Ledger

_OWN = "_"  # folders of the ledger, which readers of Parquet folders skip


def find_strays(bucket: Bucket, ledger: Ledger) -> tuple[str, ...]:
    """The files of a store that no commit names, without those of a commit that is being made.

    Args:
        bucket: of the store.
        ledger: as it was read last; it is read again when other processes may have added to it.

    Raises:
        StoreError: commits were removed from the ledger; or a data file is missing, a link, or has
            another size than was committed.
    """
    held = {found.key: found for found in _files(bucket)}
    while True:
        before = ledger.next_seq
        try:
            _check_listed(bucket, held, ledger.commits)
            break
        except StoreError:
            ledger.refresh()
            if ledger.next_seq == before:
                raise
        # Data files may have been merged meanwhile.
        held = {found.key: found for found in _files(bucket)}
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


def _files(bucket: Bucket) -> Iterator[ObjectInfo]:
    """Everything in a store but its marker and its ledger."""
    folders, objects = list_folder(bucket, "")
    yield from (found for found in objects if found.key != MARKER)
    for folder in folders:
        if not folder.startswith(_OWN):
            yield from bucket.list_objects(folder)


def _check_listed(
    bucket: Bucket, held: Mapping[str, ObjectInfo], commits: Iterable[Commit]
) -> None:
    """Check that each data file is there as a file of its own and has its size.

    Raises:
        TrailscanError: one is not.
    """
    for file in stored_files(commits):
        found = held.get(file.path)
        if found is None:
            try:
                bucket.read_start(file.path, None, 1)  # says what is there instead
            except NotFoundError:
                raise damaged(file, "it is missing") from None
            raise damaged(file, "it is behind a link")
        if found.odd:
            raise damaged(file, f"it is {found.odd}")
        if found.size != file.bytes:
            raise damaged(file, f"expected {file.bytes:,} bytes, found {found.size:,}")


def _unnamed(held: Iterable[str], commits: Iterable[Commit]) -> tuple[str, ...]:
    """The keys that no commit names, without data files that are no longer needed."""
    commits = tuple(commits)
    named = {file.path for file in stored_files(commits)} | replaced_paths(commits)
    return tuple(path for path in held if path not in named and not is_pruned(path, commits))


def replaced_paths(commits: Iterable[Commit]) -> set[str]:
    """The paths of data files whose rows are all in others since they were merged."""
    commits = tuple(commits)
    added = {file.path for commit in commits for file in commit.written}
    return added.difference(file.path for file in stored_files(commits))


def is_pruned(path: str, commits: Iterable[Commit]) -> bool:
    """Whether a path is that of a data file that a later commit removed from the store."""
    seq, day = commit_of(path), event_day(path)
    return any(
        day is not None and seq is not None and seq < commit.seq and day < commit.pruned.before
        for commit in commits
        if commit.pruned
    )


def _rolled_back(next_seq: int, beyond: list[str]) -> StoreError:
    """The error for a ledger that has lost its last commits."""
    missing = max(commit_of(path) or 0 for path in beyond)
    return StoreError(
        f"the ledger was rolled back: {beyond[0]} belongs to {ledger_path(missing)}, and the last "
        f"commit is {next_seq - 1}",
        "restore the missing commits from a backup, or load again into a new store",
    )
