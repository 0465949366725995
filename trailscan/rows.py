"""The rows of a report in Arrow: exact, small, and values of Python only when they are taken."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, overload

from trailscan.window import in_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo

    import pyarrow as pa

Kind = Literal[
    "instant", "text", "id", "count", "number", "list", "flag", "chain", "json", "duration"
]
Row = tuple[object, ...]

CHAIN = ("name", "kind", "arn", "event_id", "event_time", "source")
"""What each value of a chain of sessions has, as text or None."""

_EPOCH = datetime.fromtimestamp(0, UTC)


class Coded(NamedTuple):
    """A column as its different values, and the place of each row's value among them."""

    values: list[Any]
    places: list[int]

    def each(self, make: Callable[[list[Any]], Sequence[Any]]) -> list[Any]:
        """What a function makes of the different values, row by row."""
        made = make(self.values)
        return [made[place] for place in self.places]


class ArrowRows(Sequence[Row]):
    """Rows in Arrow.

    Args:
        arrow: the rows, as `rows_to_arrow` makes them.
        kinds: of its columns.
        tz: the zone of instants that are taken.
    """

    def __init__(self, arrow: pa.Table, kinds: Sequence[Kind], tz: tzinfo = UTC) -> None:
        self.arrow = arrow
        self._kinds = kinds
        self._tz = tz

    def __len__(self) -> int:
        return int(self.arrow.num_rows)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        if not isinstance(at, slice):
            return self._rows[at]
        start, stop, step = at.indices(len(self))
        if step != 1:
            return self._rows[at]
        return self._with(self.arrow.slice(start, max(stop - start, 0)))

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._rows == tuple(other)

    def __hash__(self) -> int:
        return hash(self._rows)

    @cached_property
    def _rows(self) -> tuple[Row, ...]:
        return tuple(zip(*(column.each(list) for column in self.columns()), strict=True))

    def columns(self) -> Iterator[Coded]:
        """The columns one after another."""
        for column, kind in zip(self.arrow.columns, self._kinds, strict=True):
            yield _coded(column, kind, self._tz)

    def filter(self, mask: pa.Array) -> ArrowRows:
        """Those rows for which a mask is true."""
        return self._with(self.arrow.filter(mask))

    def _with(self, arrow: pa.Table) -> ArrowRows:
        """Other rows of the same columns."""
        return ArrowRows(arrow, self._kinds, self._tz)

    def in_zone(self, tz: tzinfo) -> ArrowRows:
        """The same rows with the instants of another zone."""
        return ArrowRows(self.arrow, self._kinds, tz)


def rows_to_arrow(columns: Iterable[tuple[str, Kind]], rows: Sequence[Row]) -> pa.Table:
    """Rows in Arrow: UTC instants in microseconds, JSON as text.

    Args:
        columns: name and kind of each.
        rows: with the values of these columns.
    """
    import pyarrow as pa  # noqa: PLC0415  # heavy, and not every form needs it

    types: dict[Kind, pa.DataType] = {
        "instant": pa.timestamp("us", tz="UTC"),
        "duration": pa.duration("us"),
        "count": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "list": pa.list_(pa.string()),
        "chain": pa.list_(pa.struct([(name, pa.string()) for name in CHAIN])),
    }
    named = list(columns)
    schema = pa.schema([(name, types.get(kind, pa.string())) for name, kind in named])
    columns_of: list[Row] = list(zip(*rows, strict=True)) if rows else [()] * len(named)
    for place, (_, kind) in enumerate(named):
        if kind == "json":
            columns_of[place] = tuple(
                None if value is None else compact(value) for value in columns_of[place]
            )
    return pa.Table.from_arrays(
        [pa.array(*one) for one in zip(columns_of, schema.types, strict=True)], schema=schema
    )


def compact(value: object) -> str:
    """A JSON value in one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _coded(column: pa.ChunkedArray, kind: Kind, tz: tzinfo) -> Coded:
    """The values of a column as a report has them."""
    if kind in ("list", "chain"):
        lists = [None if one is None else tuple(one) for one in column.to_pylist()]
        return Coded(lists, list(range(len(lists))))
    encoded = column.dictionary_encode()
    if not encoded.num_chunks:
        return Coded([], [])
    known = encoded.chunk(0).dictionary  # that of all chunks
    places = [at for one in encoded.chunks for at in one.indices.fill_null(len(known)).to_pylist()]
    return Coded([*_values(known, kind, tz), None], places)


def _values(known: pa.Array, kind: Kind, tz: tzinfo) -> list[Any]:
    """Values as a report has them."""
    if kind == "instant":
        since = known.cast("int64").to_pylist()
        return [in_zone(_EPOCH + timedelta(microseconds=one), tz) for one in since]
    found: list[Any] = known.to_pylist()
    return [json.loads(one) for one in found] if kind == "json" else found
