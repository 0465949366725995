"""Rows of a listing in the order of keys, in files on the local disk and not in memory.

Rows are sorted in runs of some ten megabytes. Each run is a file of blocks, of which only some are
in memory at a time. It has no name any more, so that nothing is left behind however the program
ends.
"""

from __future__ import annotations

import heapq
import sys
import tempfile
import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.errors import TrailscanError
from trailscan.inventory.columns import ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

_RUN_BYTES = 32 * 1024 * 1024
_BLOCK = 4096
_BLOCKS = 4
"""How many blocks of each run are in memory: listings read on from where the last one ended."""
_FEW = 65_536
_SURROGATES, _BEHIND_SURROGATES = 0xD800, 0xE000
_BEHIND_SLASH = "0"
"""The character behind `/`: keys behind a folder are not before its name that ends in it."""

Row = tuple[Any, ...]
"""The values of a row in the order of `ROWS`: rows of a key in order, the newest last."""

_KEY, _MARKER = 0, len(ROWS.names) - 1


class _Run:
    """Some rows in order, one a key, in a file."""

    def __init__(self, table: pa.Table) -> None:
        self._count = table.num_rows
        self._firsts: list[str] = table["key"].take(list(range(0, self._count, _BLOCK))).to_pylist()
        self._file = _written(table)
        self._lock = threading.Lock()
        self._blocks: OrderedDict[int, pa.Table] = OrderedDict()

    def _block(self, number: int) -> pa.Table:
        """A block of rows, one of the last few or read from the file."""
        with self._lock:
            found = self._blocks.pop(number, None)
            if found is None:
                found = pa.Table.from_batches([self._file.get_batch(number)])
            self._blocks[number] = found
            if len(self._blocks) > _BLOCKS:
                self._blocks.popitem(last=False)
            return found

    def find(self, key: str, start: int = 0, *, behind: bool = False) -> int:
        """The position of the first row whose key is not before a key, or that is behind it."""
        bisect = bisect_right if behind else bisect_left
        number = bisect(self._firsts, key) - 1
        if number < 0:
            return start
        keys = self._block(number)["key"].chunk(0)
        at = bisect(range(len(keys)), key, key=lambda at: keys[at].as_py())
        return max(start, number * _BLOCK + at)

    def tables(self, start: int, end: int) -> Iterator[pa.Table]:
        """The rows from a position to another, block by block."""
        while start < end:
            number, within = divmod(start, _BLOCK)
            found = self._block(number).slice(within, end - start)
            yield found
            start += found.num_rows

    def rows(self, start: int, count: int) -> list[Row]:
        """Some rows from a position on."""
        tables = self.tables(start, min(start + count, self._count))
        return [row for table in tables for row in _values(table)]

    def part(self, prefix: str, after: str | None) -> tuple[int, int]:
        """From where to where rows have keys that begin with a prefix and are behind a key."""
        at = self.find(prefix)
        if after is not None:
            at = self.find(after, at, behind=True)
        return at, self.find(_end_of(prefix), at) if prefix else self._count

    def here(self, prefix: str) -> Iterator[Row]:
        """The rows directly below a prefix, and its folders as rows of nothing but a key."""
        at, block = self.find(prefix), 1
        while rows := self.rows(at, block):
            at, block = at + len(rows), min(_BLOCK, 2 * block)
            for number, row in enumerate(rows):
                key: str = row[_KEY]
                if not key.startswith(prefix):
                    return
                slash = key.find("/", len(prefix))
                if slash < 0:
                    yield row
                    continue
                folder = key[: slash + 1]
                yield (folder,)
                begin = at - len(rows) + number
                at, block = self.find(folder[:-1] + _BEHIND_SLASH, begin), 1
                break


def _written(table: pa.Table) -> pa.ipc.RecordBatchFileReader:
    """Rows in a file without a name, in blocks."""
    try:
        with tempfile.NamedTemporaryFile(prefix="trailscan-inventory-", delete=False) as file:
            path = Path(file.name)
            try:
                with pa.ipc.new_file(file, table.schema) as writer:
                    writer.write_table(table.combine_chunks(), _BLOCK)
                file.flush()
                return pa.ipc.open_file(pa.OSFile(file.name))
            finally:
                path.unlink()
    except OSError as error:
        why = error.strerror or str(error)
        raise TrailscanError(
            f"{tempfile.gettempdir()}: {why}",
            "an inventory needs some 200 bytes an object there; TMPDIR names another folder",
        ) from None


class SortedRows:
    """Rows of a listing; add all of them, then read."""

    def __init__(self) -> None:
        self._waiting: list[pa.Table] = []
        self._bytes = 0
        self._runs: list[_Run] = []
        self.repeated = 0

    def add(self, rows: pa.Table) -> None:
        """Add rows in any order."""
        if rows.num_rows:
            self._waiting.append(rows)
            self._bytes += rows.nbytes
        if self._bytes >= _RUN_BYTES:
            self.finish()

    def finish(self) -> None:
        """Write what waits; call it when all rows are added."""
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting, self._bytes = [], 0
        rows = table.num_rows
        table = _in_order(table)
        self.repeated += rows - table.num_rows
        self._runs.append(_Run(table))

    def below(self, prefix: str, after: str | None = None) -> Iterator[Row]:
        """The newest row of each key that begins with a prefix and is behind another key."""
        parts = [(run, *run.part(prefix, after)) for run in self._runs]
        parts = [part for part in parts if part[1] < part[2]]
        if len(parts) > 1 and sum(end - start for _, start, end in parts) <= _FEW:
            tables = [table for run, start, end in parts for table in run.tables(start, end)]
            return _newest([_rows_of(_in_order(pa.concat_tables(tables)))])
        return _newest([_rows_in(run, start, end) for run, start, end in parts])

    def here(self, prefix: str) -> Iterator[Row]:
        """The newest rows directly below a prefix, and its folders as rows of a key alone."""
        return _newest([run.here(prefix) for run in self._runs])

    def find(self, key: str) -> Row | None:
        """The newest row of a key, or None."""
        found = next(self.below(key), None)
        return found if found is not None and found[_KEY] == key else None


def _in_order(table: pa.Table) -> pa.Table:
    """Rows in the order of keys, of each key the newest."""
    table = table.take(pc.sort_indices(table, sort_keys=[("key", "ascending")]))
    keys = _array(table["key"])
    is_last = pc.not_equal(keys.slice(0, len(keys) - 1), keys.slice(1))
    if len(keys) <= 1 or pc.all(is_last).as_py():
        return table
    order = [(name, "ascending") for name in ROWS.names]
    table = table.take(pc.sort_indices(table, sort_keys=order))
    return table.filter(pa.concat_arrays([_array(is_last), pa.array([True])]))


def _end_of(prefix: str) -> str:
    """A key behind all that begin with a prefix, and before those that do not but are later."""
    last = ord(prefix[-1]) + 1
    if last == _SURROGATES:
        last = _BEHIND_SURROGATES
    return prefix[:-1] + chr(last) if last <= sys.maxunicode else prefix + chr(sys.maxunicode)


def _values(table: pa.Table) -> list[Row]:
    """Some rows as values."""
    return list(zip(*(table[name].to_pylist() for name in ROWS.names), strict=True))


def _rows_of(table: pa.Table) -> Iterator[Row]:
    """The rows of a table as values, some thousand at a time."""
    for at in range(0, table.num_rows, _BLOCK):
        yield from _values(table.slice(at, _BLOCK))


def _rows_in(run: _Run, start: int, end: int) -> Iterator[Row]:
    """The rows of a run from a position to another as values."""
    for table in run.tables(start, end):
        yield from _values(table)


def _array(found: Any) -> pa.Array:
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _newest(streams: list[Iterator[Row]]) -> Iterator[Row]:
    """The last row of each key in several streams in order, unless it says that it is deleted."""
    if not streams:
        return iter(())
    if len(streams) == 1:
        rows = streams[0]
    else:
        groups = groupby(heapq.merge(*streams), key=itemgetter(_KEY))
        rows = (_last(group) for _, group in groups)
    return (row for row in rows if len(row) == 1 or not row[_MARKER])


def _last(group: Iterator[Row]) -> Row:
    """The last of some rows."""
    *_, last = group
    return last
