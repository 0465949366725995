"""Data files that `store compact` merged: where the rows of each are now.

A commit keeps the data files that it added, each under the path that it was committed with, so that
the ledger says of every row which commit brought it. Only where their bytes are changes.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from trailscan.errors import StoreError
from trailscan.store.paths import DataFile, commit_of, ledger_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class MergedRows(msgspec.Struct, frozen=True):
    """The rows of one data file inside the one that it was merged into.

    Attributes:
        path: of the data file, as it was committed.
        ranges: its rows, in its order: the first one of each range, and how many.
    """

    path: str
    ranges: tuple[tuple[int, int], ...]


class Merge(msgspec.Struct, frozen=True):
    """Data files of one table and day that were merged into one.

    Attributes:
        file: the new one.
        parts: the data files whose rows it has, in the order of the ledger.
    """

    file: DataFile
    parts: tuple[MergedRows, ...]


def move_rows(
    merges: Iterable[Merge], files: Sequence[tuple[DataFile, ...]]
) -> dict[int, tuple[DataFile, ...]]:
    """The data files of the commits whose rows some merges moved, by position of the commit.

    Args:
        merges: of one commit.
        files: the data files of each commit before it.

    Raises:
        StoreError: the merges name rows or data files that are not there.
    """
    moved: defaultdict[int, dict[str, DataFile]] = defaultdict(dict)
    for merge in merges:
        _check_rows(merge)
        for part in merge.parts:
            moved[(commit_of(part.path) or 0) - 1][part.path] = _held(merge, part, files)
    return {
        at: tuple(by_path.get(file.path, file) for file in files[at])
        for at, by_path in moved.items()
    }


def _held(merge: Merge, part: MergedRows, files: Sequence[tuple[DataFile, ...]]) -> DataFile:
    """A data file with its new place."""
    seq = commit_of(part.path) or 0
    of_commit = files[seq - 1] if 0 < seq <= len(files) else ()
    file = next((one for one in of_commit if one.path == part.path), None)
    if file is None or (file.table, file.day) != (merge.file.table, merge.file.day):
        raise _broken(merge, f"{part.path!r} is no data file that can be merged into it")
    if sum(count for _, count in part.ranges) != file.rows:
        raise _broken(merge, f"{part.path!r} has {file.rows:,} rows")
    return replace(file, merged=merge.file, ranges=part.ranges)


def _check_rows(merge: Merge) -> None:
    """Check that every row of a merged data file belongs to one part.

    Raises:
        StoreError: a row belongs to none or to several.
    """
    end = 0
    for start, count in sorted(one for part in merge.parts for one in part.ranges):
        if start != end or count < 1:
            raise _broken(merge, f"row {end:,} belongs to no part, or to several")
        end += count
    if end != merge.file.rows:
        raise _broken(merge, f"it has {merge.file.rows:,} rows, and its parts have {end:,}")


def _broken(merge: Merge, why: str) -> StoreError:
    """The error for a merge that cannot have been made."""
    where = ledger_path(commit_of(merge.file.path) or 0)
    return StoreError(f"the ledger is broken at {where}: {merge.file.path}: {why}")
