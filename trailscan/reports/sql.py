"""The store as tables for SQL: DuckDB over views that read the store as they are asked.

A query sees the views and nothing else. It is one SELECT: whatever writes, attaches, loads or sets
is refused before it runs; and DuckDB itself is shut off from files, network, extensions, Python's
variables and its own settings before it sees the query.

A view is a pyarrow data set whose scanner reads data files of the store one after another, only the
columns that the query needs, each checked against the ledger as in any other reading. So a store in
S3 can be queried as one on disk, and memory holds what the query keeps.
"""

from __future__ import annotations

import math
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.dataset as ds

from trailscan.events.schema import EVENTS
from trailscan.reports.changes import COLUMNS, changes_report
from trailscan.reports.evidence import with_evidence
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.notes import count, store_notes
from trailscan.store.attestations import ATTESTATIONS, DIGESTS
from trailscan.store.layout import LOG_FILES, REJECTS
from trailscan.table import Column, Kind, Table
from trailscan.visible import visible
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trailscan.store.paths import TableName
    from trailscan.store.reader import StoreReader

    Read = Callable[[list[str]], Iterator[pa.Table]]

VIEWS = {
    "events": "one row an event, as recorded and with its evidence",
    "changes": "one row a change, as `trailscan report changes`",
    "log_files": "one row for each time a log file was read or rejected",
    "rejects": "one row for each record or log file that could not be used",
    "attestations": "one row a verdict on a log file; of several the last counts",
    "digests": "one row a verdict on a digest; of several the last counts",
}
"""What a query can ask."""

_SHUT = {
    "enable_external_access": "false",
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
}
"""DuckDB's settings under which a query reaches nothing but the views."""

_FOLDED = 40
_SHOWN_COLUMNS = 12
_LARGEST = 2**63 - 1


def run_query(store: StoreReader, query: str, tz: tzinfo = UTC) -> Table:
    """What a query finds in a store.

    Args:
        store: as it was when it was opened.
        query: one SELECT over `VIEWS`, in DuckDB's SQL.
        tz: the zone of times, and of what the query makes of them.

    Raises:
        ValueError: the query is not one SELECT, or cannot be run.
        StoreError: the store is damaged.
    """
    import duckdb  # noqa: PLC0415  # heavy

    failures: list[Exception] = []
    with duckdb.connect(":memory:", config=dict(_SHUT)) as database:
        for name, view in _views(store, failures).items():
            database.register(name, view)
        database.execute("SET TimeZone = ?", [str(tz)])
        database.execute("SET lock_configuration = true")
        try:
            _check(database.extract_statements(query), duckdb.StatementType.SELECT)
            rows = database.sql(query).to_arrow_table()
        except duckdb.Error as error:
            if failures:
                raise failures[0] from None
            raise ValueError(f"the query cannot be run: {error}") from None
    return with_evidence(store, _to_table(store, rows, tz))


def _check(statements: Sequence[Any], select: object) -> None:
    """Make sure that a query only asks.

    Raises:
        ValueError: it is no single SELECT.
    """
    if len(statements) != 1:
        raise ValueError(f"expected one SELECT, found {len(statements)} statements")
    if statements[0].type != select:
        raise ValueError(
            f"expected a SELECT, found {statements[0].type.name}: a store is only read"
        )


def _views(store: StoreReader, failures: list[Exception]) -> dict[str, ds.Dataset]:
    """The views by name; what goes wrong while one is read is kept in `failures`."""
    changes: list[pa.Table] = []

    def read_changes(columns: list[str]) -> Iterator[pa.Table]:
        if not changes:
            changes.append(changes_report(store, ChangeFilter()).to_arrow())
        yield changes[0].select(columns)

    def reads(table: TableName) -> Read:
        return lambda columns: (rows for _, rows in store.scan(table, columns))

    schema = Table("changes", COLUMNS, (), Window()).to_arrow().schema
    return {
        "events": _View(EVENTS, reads("events"), failures),
        "changes": _View(schema, read_changes, failures),
        "log_files": _View(LOG_FILES, reads("log_files"), failures),
        "rejects": _View(REJECTS, reads("rejects"), failures),
        "attestations": _View(ATTESTATIONS, reads("attestations"), failures),
        "digests": _View(DIGESTS, reads("digests"), failures),
    }


class _View(ds.Dataset):  # type: ignore[misc]  # pyarrow ships no types
    """A data set that reads when it is scanned, as often as it is scanned.

    DuckDB takes any subclass of pyarrow's for one, and asks its scanner for some columns and the
    rows that a filter holds for.
    """

    def __init__(self, schema: pa.Schema, read: Read, failures: list[Exception]) -> None:
        self._schema = schema
        self._read = read
        self._failures = failures

    @property
    def schema(self) -> pa.Schema:
        """All columns."""
        return self._schema

    def scanner(
        self,
        columns: list[str] | None = None,
        filter: ds.Expression | None = None,  # noqa: A002  # pyarrow's name
        **_options: object,
    ) -> _Scan:
        """What gives some columns of the rows that a filter holds for."""
        return _Scan(self, self._schema.names if columns is None else columns, filter)

    def batches(self, columns: list[str], where: ds.Expression | None) -> Iterator[pa.RecordBatch]:
        """Read the view once."""
        named = [] if where is None else [name for name in self._schema.names if name in str(where)]
        try:
            for rows in self._read([*dict.fromkeys([*columns, *named])]):
                chosen = ds.dataset(rows).to_table(columns, filter=where, use_threads=False)
                yield from chosen.to_batches()
        except Exception as error:
            self._failures.append(error)
            raise


class _Scan:
    """One reading of a view."""

    def __init__(self, view: _View, columns: list[str], where: ds.Expression | None) -> None:
        self._view = view
        self._columns = columns
        self._where = where
        self.projected_schema = pa.schema([view.schema.field(name) for name in columns])

    def to_reader(self) -> pa.RecordBatchReader:
        """The rows, read as they are taken."""
        batches = self._view.batches(self._columns, self._where)
        return pa.RecordBatchReader.from_batches(self.projected_schema, batches)


def _to_table(store: StoreReader, rows: pa.Table, tz: tzinfo) -> Table:
    """The result as a report, which has every form."""
    found = [_column(column.to_pylist(), column.type, tz) for column in rows.columns]
    names = _unique(rows.column_names)
    columns = tuple(
        Column(
            name,
            visible(name),
            kind,
            detail=place >= _SHOWN_COLUMNS,
            most_width=_FOLDED if kind == "text" else 0,
        )
        for place, (name, (kind, _)) in enumerate(zip(names, found, strict=True))
    )
    more = len(columns) - _SHOWN_COLUMNS
    said = [f"{more} more columns in csv, json, xlsx and parquet"] if more > 0 else []
    return Table(
        name="sql",
        columns=columns,
        rows=tuple(zip(*(values for _, values in found), strict=True)),
        window=Window(),
        notes=(count(rows.num_rows, "row"), *said, *store_notes(store)),
        tz=tz,
        title="The answer to a query",
    )


def _unique(names: list[str]) -> list[str]:
    """Names of which none stands there twice: `a`, `a_1`."""
    made: list[str] = []
    for name in names:
        choices = (f"{name}_{number}" if number else name for number in range(len(names)))
        made.append(next(choice for choice in choices if choice not in made))
    return made


def _column(values: list[Any], of: pa.DataType, tz: tzinfo) -> tuple[Kind, list[object]]:
    """A column's kind and values, as a report has them; what has no kind of its own is text."""
    some = [value for value in values if value is not None]
    if pa.types.is_timestamp(of) and of.tz is not None:
        return "instant", [value and value.astimezone(tz) for value in values]
    if pa.types.is_boolean(of):
        return "flag", values
    if pa.types.is_integer(of) or (pa.types.is_decimal(of) and of.scale == 0):
        if all(abs(int(value)) <= _LARGEST for value in some):
            return "count", [None if value is None else int(value) for value in values]
    elif pa.types.is_floating(of) or pa.types.is_decimal(of):
        if all(map(math.isfinite, some)):
            return "number", [None if value is None else float(value) for value in values]
    elif pa.types.is_list(of):
        return "list", [None if value is None else tuple(map(_text, value)) for value in values]
    return "text", [None if value is None else _text(value) for value in values]


def _text(value: object) -> str:
    """A value as text: bytes in hex, what has parts as JSON."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return str(value)
