"""Rows of a listing in the order of keys, in files on the local disk and not in memory.

Rows are sorted in runs of some ten megabytes. Each run is a file that is mapped into memory and has
no name any more, so that nothing is left behind however the program ends.
"""

from __future__ import annotations

import heapq
import sys
import tempfile
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

_RUN_BYTES = 64 * 1024 * 1024
_BLOCK = 4096
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
        self._table = _mapped(table)
        self._keys = self._table["key"].chunk(0)

    def find(self, key: str, start: int = 0, *, behind: bool = False) -> int:
        """The position of the first row whose key is not before a key, or that is behind it."""
        low, high = start, len(self._keys)
        while low < high:
            middle = (low + high) // 2
            found = self._keys[middle].as_py()
            if found < key or (behind and found == key):
                low = middle + 1
            else:
                high = middle
        return low

    def rows(self, start: int, count: int) -> list[Row]:
        """Some rows from a position on."""
        return _values(self._table.slice(start, count))

    def part(self, prefix: str, after: str | None) -> pa.Table:
        """The rows whose keys begin with a prefix and are behind a key, still in the file."""
        at = self.find(prefix)
        if after is not None:
            at = self.find(after, at, behind=True)
        end = self.find(_end_of(prefix), at) if prefix else len(self._keys)
        return self._table.slice(at, max(0, end - at))

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


def _mapped(table: pa.Table) -> pa.Table:
    """The same table in a file without a name, mapped into memory."""
    try:
        with tempfile.NamedTemporaryFile(prefix="trailscan-inventory-", delete=False) as file:
            path = Path(file.name)
            try:
                with pa.ipc.new_file(file, table.schema) as writer:
                    writer.write_table(table.combine_chunks())
                file.flush()
                with pa.memory_map(file.name) as mapped:
                    return pa.ipc.open_file(mapped).read_all()
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
        parts = [part for run in self._runs if (part := run.part(prefix, after)).num_rows]
        if len(parts) > 1 and sum(part.num_rows for part in parts) <= _FEW:
            parts = [_in_order(pa.concat_tables(parts))]
        return _newest([_rows_of(part) for part in parts])

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
