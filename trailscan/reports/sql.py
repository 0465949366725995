"""SQL over a store: DuckDB with a view for each table, which reads the store during the query.

A query sees the views and nothing else. It must be one SELECT: anything that writes, attaches,
loads or sets is refused before it runs. DuckDB itself has no access to files, network, extensions,
Python variables or its own settings.

A view reads the data files of the store one after another, only the columns that the query needs,
and checks each file against the ledger. So a store in S3 works like one on disk, and memory holds
only what the query keeps. A report is built when a query reads its view, and so are the columns of
`events` that no data file has: who made a call, and with what, as in every report.
"""

from __future__ import annotations

import contextlib
import math
import re
from datetime import UTC, tzinfo
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.dataset as ds

from trailscan.location import Location
from trailscan.numbers import counted
from trailscan.reports.catalogue import REPORTS, VIEWS
from trailscan.reports.events import iterate_events
from trailscan.reports.evidence import with_evidence
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.missing import Question, missing
from trailscan.reports.notes import store_notes
from trailscan.rows import CHAIN
from trailscan.store.read_files import SCHEMAS
from trailscan.table import Column, Table
from trailscan.visible import visible
from trailscan.window import Window, in_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from duckdb import DuckDBPyConnection

    from trailscan.reports.catalogue import Report
    from trailscan.rows import Kind
    from trailscan.store.paths import TableName
    from trailscan.store.reader import StoreReader

    Read = Callable[[list[str]], Iterable[pa.Table]]

_CONFINED = {
    "enable_external_access": "false",
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
}
"""The settings of DuckDB that confine a query to the views."""

_LINE_ENDS = re.compile(r"'[^']*'|\s*\n\s*")
"""A value that DuckDB quotes, whose line ends are shown, or a line end of DuckDB's own."""

_WORD = re.compile(r"\w+")
"""What may be the name of a column in a filter."""

_REPEATED = re.compile(r"\n\n(?=LINE |Stack Trace)")
"""Where DuckDB begins to repeat the query, or to tell of its own code."""

_CALLER = ("principal", "principal_kind", "client")
"""The columns of the view `events` that no data file has."""

_WHERE = ("log_file_bucket", "log_file_key", "record_index")
"""The columns that say which event a row is."""

_FOLDED = 40
_SHOWN_COLUMNS = 12
_LARGEST = 2**63 - 1


def run_query(store: StoreReader, query: str, tz: tzinfo = UTC) -> Table:
    """The result of a query over a store.

    Args:
        store: the state in which it was opened.
        query: one SELECT in DuckDB's SQL over `trailscan.reports.catalogue.VIEWS`.
        tz: the zone of times, also inside the query.

    Raises:
        ValueError: the query is not one SELECT, or fails.
        StoreError: the store is damaged.
    """
    import duckdb  # noqa: PLC0415  # heavy

    failures: list[Exception] = []
    with confined(tz) as database:
        for name, view in _views(store, failures).items():
            database.register(name, view)
        try:
            _check(database.extract_statements(query), duckdb.StatementType.SELECT)
            rows = _within_calendar(database, database.sql(query).to_arrow_table())
        except duckdb.Error as error:
            if failures:
                raise failures[0] from None
            said = _LINE_ENDS.sub(_kept_if_quoted, _REPEATED.split(str(error))[0])
            raise ValueError(f"the query cannot be run: {said}") from None
    return with_evidence(store, _to_table(store, rows, tz))


def confined(tz: tzinfo) -> DuckDBPyConnection:
    """A database in memory that reads no files, reaches no network and prints no progress.

    Args:
        tz: the zone of times.
    """
    import duckdb  # noqa: PLC0415  # heavy

    database = duckdb.connect(":memory:", config=dict(_CONFINED))
    database.execute("SET TimeZone = ?", [str(tz)])
    with contextlib.suppress(duckdb.InvalidInputException):  # in Jupyter it may not be changed
        database.execute("SET enable_progress_bar = false")  # it goes to standard output
    database.execute("SET lock_configuration = true")
    return database


def _kept_if_quoted(found: re.Match[str]) -> str:
    """A quoted value as it is; a blank instead of a line end."""
    return found[0] if found[0].startswith("'") else " "


def _within_calendar(database: Any, rows: pa.Table) -> pa.Table:
    """The rows, with text as DuckDB writes it where a column has times that Python cannot hold.

    Instants become UTC: others may be within the calendar there, and beyond it in the zone.
    """
    for place, column in enumerate(rows.columns):
        if pa.types.is_timestamp(column.type) and column.type.tz is not None:
            utc = column.cast(pa.timestamp(column.type.unit, tz="UTC"))
            rows = rows.set_column(place, rows.column_names[place], utc)
    beyond = [place for place, column in enumerate(rows.columns) if not _is_held(column)]
    if beyond:
        those = rows.select(beyond).rename_columns([f"c{place}" for place in beyond])
        texts = database.from_arrow(those).select("COLUMNS(*)::VARCHAR").to_arrow_table()
        for place, text in zip(beyond, texts.columns, strict=True):
            rows = rows.set_column(place, rows.column_names[place], text)
    return rows


def _is_held(column: pa.ChunkedArray) -> bool:
    """Whether Python can hold every value of a column."""
    try:
        column.to_pylist()
    except (OverflowError, ValueError):
        return False
    return True


def _check(statements: Sequence[Any], select: object) -> None:
    """Make sure that a query only reads.

    Raises:
        ValueError: it is not one SELECT.
    """
    if len(statements) != 1:
        raise ValueError(f"expected one SELECT, found {len(statements)} statements")
    if statements[0].type != select:
        raise ValueError(
            f"expected a SELECT, found {statements[0].type.name}: a query can only read"
        )


def _views(store: StoreReader, failures: list[Exception]) -> dict[str, ds.Dataset]:
    """The views by name; an error while one is read is added to `failures`."""
    views = {name: _report_view(store, report, failures) for name, report in REPORTS.items()}
    for table, columns in SCHEMAS.items():
        if table in VIEWS:
            views[table] = _View(columns, partial(_read, store, table), failures)
    views["events"] = _events_view(store, failures)
    return views


def _events_view(store: StoreReader, failures: list[Exception]) -> ds.Dataset:
    """The events as recorded; who made each is found out when a query asks for it."""
    fields = [pa.field(name, pa.string()) for name in _CALLER]
    schema = pa.schema([*SCHEMAS["events"], *fields])
    callers = cache(lambda: _callers(store))

    def read(columns: list[str]) -> Iterator[pa.Table]:
        if not set(columns) & set(_CALLER):
            return _read(store, "events", columns)
        stored = [name for name in columns if name not in _CALLER]
        rows = _read(store, "events", [*dict.fromkeys([*stored, *_WHERE])])
        return (_with_callers(each, callers()).select(columns) for each in rows)

    return _View(schema, read, failures)


def _callers(store: StoreReader) -> dict[Location, tuple[str, ...]]:
    """The values of `_CALLER` by where an event was read, with one object for equal ones."""
    values: dict[tuple[str, ...], tuple[str, ...]] = {}
    return {
        one.where: values.setdefault(found, found)
        for one in iterate_events(store, Window())
        for found in [(one.principal.display, one.principal.kind, one.client)]
    }


def _with_callers(rows: pa.Table, callers: dict[Location, tuple[str, ...]]) -> pa.Table:
    """Rows of events with the columns of `_CALLER`."""
    places = zip(*(rows[name].to_pylist() for name in _WHERE), strict=True)
    found = [callers[Location(*place)] for place in places]
    for at, name in enumerate(_CALLER):
        rows = rows.append_column(name, pa.array([one[at] for one in found], pa.string()))
    return rows


def _report_view(store: StoreReader, report: Report, failures: list[Exception]) -> ds.Dataset:
    """A report on everything in the store, which is built when a query reads it."""
    module = import_module(report.module)
    build = getattr(module, f"{report.name}_report")
    rows = cache(lambda: build(store, ChangeFilter()).to_arrow())
    schema = Table(report.name, module.COLUMNS, (), Window()).to_arrow().schema
    return _View(schema, lambda columns: [rows().select(columns)], failures)


def _read(store: StoreReader, table: TableName, columns: list[str]) -> Iterator[pa.Table]:
    """Some columns of a table, data file by data file."""
    return (rows for _, rows in store.scan(table, columns))


class _View(ds.Dataset):  # type: ignore[misc]  # pyarrow ships no types
    """A data set that reads the store when DuckDB scans it: the columns that a query needs.

    DuckDB tells the columns and the filter of a query to data sets of pyarrow only. What else it
    takes is a table, with every column in memory, or a stream, which a query can read once and
    whole. So this is a data set by name, of which DuckDB calls `schema` and `scanner`.
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
    ) -> ds.Scanner:
        """A scanner of some columns of the rows that match a filter."""
        shown = self._schema.names if columns is None else columns
        tested = _WORD.findall("" if filter is None else str(filter))
        names = [*dict.fromkeys([*shown, *(name for name in tested if name in self._schema.names)])]
        schema = pa.schema([self._schema.field(name) for name in names])
        return ds.Scanner.from_batches(
            self._batches(names), schema=schema, columns=shown, filter=filter, use_threads=False
        )

    def _batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns once."""
        try:
            for rows in self._read(names):
                yield from rows.to_batches()
        except Exception as error:
            self._failures.append(error)
            raise


def _to_table(store: StoreReader, rows: pa.Table, tz: tzinfo) -> Table:
    """The result as a report, which can be rendered in every form."""
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
        notes=(counted(rows.num_rows, "row"), *said, *store_notes(store)),
        tz=tz,
        incomplete=missing(store, Question(event_source=None)),
        title="Result of a query",
    )


def _unique(names: list[str]) -> list[str]:
    """Names made unique: `a`, `a_1`."""
    made: list[str] = []
    for name in names:
        choices = (f"{name}_{number}" if number else name for number in range(len(names)))
        made.append(next(choice for choice in choices if choice not in made))
    return made


def _column(values: list[Any], of: pa.DataType, tz: tzinfo) -> tuple[Kind, list[object]]:
    """The kind and values of a column; a type without a kind of its own becomes text."""
    some = [value for value in values if value is not None]
    if pa.types.is_timestamp(of) and of.tz is not None:
        return "instant", [value and in_zone(value, tz) for value in values]
    if pa.types.is_boolean(of):
        return "flag", values
    if pa.types.is_integer(of) or (pa.types.is_decimal(of) and of.scale == 0):
        if all(abs(int(value)) <= _LARGEST for value in some):
            return "count", [None if value is None else int(value) for value in values]
    elif pa.types.is_floating(of) or pa.types.is_decimal(of):
        if all(map(math.isfinite, some)):
            return "number", [None if value is None else float(value) for value in values]
    elif pa.types.is_list(of):
        return _list_column(values, of)
    return "text", [None if value is None else _text(value) for value in values]


def _list_column(values: list[Any], of: pa.DataType) -> tuple[Kind, list[object]]:
    """The kind and values of a column of lists: chains of sessions, or lists of texts."""
    if _is_chain(of):
        return "chain", [None if value is None else tuple(value) for value in values]
    return "list", [None if value is None else tuple(map(_text, value)) for value in values]


def _is_chain(of: pa.DataType) -> bool:
    """Whether a type of lists is that of chains of sessions."""
    if not pa.types.is_struct(of.value_type):
        return False
    fields = [of.value_type.field(at) for at in range(of.value_type.num_fields)]
    is_text = all(pa.types.is_string(field.type) for field in fields)
    return is_text and [field.name for field in fields] == [*CHAIN]


def _text(value: object) -> str:
    """A value as text: bytes in hex, structures and lists as JSON."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return str(value)
