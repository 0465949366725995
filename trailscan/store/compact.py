"""Merging the small data files of each day into one, so that a store of many loads stays quick.

Nothing that the store says changes. The commit that names the new data files says which of their
rows belong to which data file of an earlier commit (`store.merge`); from then on readers look
there, and then the data files that were merged are removed. A reader that was opened before looks
into the ledger again when it finds one missing.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from trailscan.errors import StoreError
from trailscan.store.data_file import data_file, first_rows
from trailscan.store.ledger import Counts, Draft, Ledger
from trailscan.store.merge import Merge, MergedRows
from trailscan.store.read_files import SCHEMAS, read_checked, read_files, stored_files
from trailscan.store.reader import check_marker
from trailscan.store.strays import replaced_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from trailscan.buckets import Bucket
    from trailscan.store.ledger import Commit
    from trailscan.store.paths import DataFile

_MIB = 1024 * 1024
_SMALL = 4 * _MIB
"""Data files of at least so many bytes stay as they are."""
_MOST_OF_FILE = 16 * _MIB
"""How many bytes of data files are merged into one at most."""
_MOST_OF_COMMIT = 64 * _MIB
"""How many bytes of data files one commit merges at most, unless one new data file has more."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What compacting a store did, or would do.

    Attributes:
        merged: how many data files were merged.
        bytes_merged: their size.
        into: into how many they were merged.
        bytes_into: the size of those; None in a dry run, which does not make them.
        removed: how many data files were removed, also those that an earlier run had left.
        commits: how many commits it took.
        data_files: how many the store has now.
        head: SHA-256 of the newest commit; empty without one.
    """

    merged: int
    bytes_merged: int
    into: int
    bytes_into: int | None
    removed: int
    commits: int
    data_files: int
    head: str


def plan_compact(bucket: Bucket, place: str) -> Compacted:
    """What compacting a store would do.

    Raises:
        NotFoundError: there is no store.
        StoreError: the ledger is damaged.
    """
    check_marker(bucket, place)
    ledger = Ledger(bucket)
    commits = ledger.refresh()
    groups = _groups(commits)
    merged = [file for group in groups for file in _stored(group)]
    size = sum(file.bytes for file in merged)
    now = len(stored_files(commits))
    return Compacted(len(merged), size, len(groups), None, 0, 0, now, ledger.last_sha256)


def compact_store(bucket: Bucket, place: str, now: datetime) -> Compacted:
    """Merge the small data files of each table and day, and remove those that were merged.

    Raises:
        NotFoundError: there is no store.
        StoreError: the store is damaged.
        TrailscanError: the store could not be written, or a data file could not be removed.
    """
    check_marker(bucket, place)
    ledger = Ledger(bucket)
    ledger.settle()
    load_id = uuid.uuid4().hex
    steps = [*iter(lambda: _commit_some(bucket, ledger, load_id, now), ([], []))]
    merged = [file for before, _ in steps for file in before]
    made = [file for _, after in steps for file in after]
    removed = _remove_replaced(bucket, ledger.commits)
    ledger.tidy()
    return Compacted(
        merged=len(merged),
        bytes_merged=sum(file.bytes for file in merged),
        into=len(made),
        bytes_into=sum(file.bytes for file in made),
        removed=removed,
        commits=len(steps),
        data_files=len(stored_files(ledger.commits)),
        head=ledger.last_sha256,
    )


def _groups(commits: Iterable[Commit]) -> list[list[DataFile]]:
    """The data files whose rows are to be merged, each group of one table and day.

    A data file that was merged before stands for those whose rows it has.
    """
    by_day: defaultdict[tuple[str, str], list[DataFile]] = defaultdict(list)
    for commit in commits:
        for file in commit.files:
            if file.stored.bytes < _SMALL:
                by_day[file.table, str(file.day)].append(file)
    return [group for _, files in sorted(by_day.items()) for group in _cut(files)]


def _cut(files: Sequence[DataFile]) -> Iterator[list[DataFile]]:
    """Data files in groups that are not too large and have something to merge."""
    stored = _stored(files)
    ends = accumulate(file.bytes for file in stored)
    place = {file.path: end // _MOST_OF_FILE for file, end in zip(stored, ends, strict=True)}
    for number in sorted(set(place.values())):
        group = [file for file in files if place[file.stored.path] == number]
        if len(_stored(group)) > 1:
            yield group


def _stored(files: Iterable[DataFile]) -> list[DataFile]:
    """The data files in the store that have the rows of some data files, each once."""
    return [*{file.stored.path: file.stored for file in files}.values()]


def _commit_some(
    bucket: Bucket, ledger: Ledger, load_id: str, now: datetime
) -> tuple[list[DataFile], list[DataFile]]:
    """Make one commit; returns what it merged and what it made of it, which is empty at the end."""
    merged: list[DataFile] = []

    def draft(commits: tuple[Commit, ...], seq: int) -> Draft:
        groups = _share(_groups(commits))
        merged[:] = [file for group in groups for file in _stored(group)]
        made = dict(_merge(bucket, group, seq) for group in groups)
        return Draft("", (), Counts(), {}, is_news=bool(made), compacted=made)

    made = ledger.append(draft, load_id, now).compacted
    return merged, [one.file for one in made]


def _share(groups: Sequence[list[DataFile]]) -> Sequence[list[DataFile]]:
    """The first groups, as many as one commit merges."""
    sizes = accumulate(sum(file.bytes for file in _stored(group)) for group in groups)
    return groups[: max(1, sum(size <= _MOST_OF_COMMIT for size in sizes))]


def _merge(bucket: Bucket, files: Sequence[DataFile], seq: int) -> tuple[Merge, bytes]:
    """One data file with the rows of several, of which each is compared with the ledger.

    The rows that have row groups of their own are in those of the new one too.

    Raises:
        StoreError: a data file is not the one that was committed, or the new one differs.
    """
    table, day = files[0].table, files[0].day
    schema = SCHEMAS[table]
    parts = [*read_files(bucket, files, schema.names)]
    firsts = [first_rows(table, rows) for rows in parts]
    total = sum(firsts)
    heads = [rows.slice(0, first) for rows, first in zip(parts, firsts, strict=True)]
    tails = [rows.slice(first) for rows, first in zip(parts, firsts, strict=True)]
    merged = pa.concat_tables([*heads, *tails])
    file, data = data_file(table, day, seq, merged, total)
    written = pq.ParquetFile(pa.BufferReader(data), pre_buffer=False)
    if not written.read(schema.names, use_threads=False).equals(merged):
        raise StoreError(f"a merged data file of {table} does not have the rows of its parts")
    spans = zip(_spans(heads, 0), _spans(tails, total), strict=True)
    ranges = [tuple(one for one in both if one[1]) for both in spans]
    names = [file.path for file in files]
    return Merge(file, tuple(map(MergedRows, names, ranges))), data


def _spans(parts: Sequence[pa.Table], start: int) -> Iterator[tuple[int, int]]:
    """Where each of some tables begins when they stand one behind the other, and its length."""
    for rows in parts:
        yield start, rows.num_rows
        start += rows.num_rows


def _remove_replaced(bucket: Bucket, commits: Sequence[Commit]) -> int:
    """Remove the data files whose rows are in others now; returns how many.

    Raises:
        StoreError: a data file that has their rows is not the one that was committed.
        TrailscanError: a data file cannot be removed.
    """
    replaced = replaced_paths(commits)
    held = [found.key for table in SCHEMAS for found in bucket.list_objects(f"{table}/")]
    left = [path for path in held if path in replaced]
    for file in _having_rows_of(left, commits):
        read_checked(bucket, file)
    for path in left:
        bucket.delete(path)
    return len(left)


def _having_rows_of(paths: Iterable[str], commits: Iterable[Commit]) -> list[DataFile]:
    """The data files that have the rows of some that were replaced."""
    merges = [one for commit in commits for one in commit.compacted or ()]
    parts = {one.file.path: [part.path for part in one.parts] for one in merges}
    held = {file.path: file for commit in commits for file in commit.files}
    names = (name for path in paths for name in parts.get(path, [path]))
    return _stored(held[name] for name in names if name in held)
