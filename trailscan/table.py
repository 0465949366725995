"""The value that every report gives: named, typed columns and rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan import frames
from trailscan.rows import ArrowRows, compact, rows_to_arrow
from trailscan.visible import visible
from trailscan.window import duration_in_words, format_duration, format_instant, in_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import tzinfo

    import pandas as pd
    import polars as pl
    import pyarrow as pa

    from trailscan.rows import Kind, Row
    from trailscan.window import Window


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a report.

    Attributes:
        name: as in JSON and in a frame.
        title: as people read it.
        kind: an aware datetime in the table's zone, a str, a str that identifies, an int, a float,
            a tuple of str, a bool, a tuple of dicts with the keys `CHAIN`, a JSON object or list,
            a timedelta.
        wide: it takes the width that the others leave.
        detail: left out where space is short; always in data.
        rank: where a line is too short for all columns, those of the highest rank are left out
            first; those of rank 0 never, unless a table is asked for that cannot hold them.
        least_width: the narrowest in which its text is useful on a terminal; 0 for a few words.
        most_width: it is folded beyond; 0 for no bound.
        short: how many characters of an id suffice on a terminal; 0 for all.
        of: the value of what a row stands for: a function, or the path of an attribute such as
            `event.error_code`; empty for the attribute with the name of the column.
    """

    name: str
    title: str
    kind: Kind
    wide: bool = False
    detail: bool = False
    rank: int = 0
    least_width: int = 0
    most_width: int = 0
    short: int = 0
    of: Callable[[Any], object] | str = field(default="", compare=False, repr=False)

    def via(self, attribute: str) -> Column:
        """The same column for items that have what it is about as an attribute."""
        if not callable(self.of):
            return replace(self, of=f"{attribute}.{self.of or self.name}")
        of, inner = self.of, attrgetter(attribute)
        return replace(self, of=lambda item: of(inner(item)))


def detail(name: str, title: str, kind: Kind, of: Callable[[Any], object] | str = "") -> Column:
    """A column that is left out where space is short."""
    return Column(name, title, kind, detail=True, of=of)


def row_maker(columns: Iterable[Column]) -> Callable[[object], tuple[object, ...]]:
    """A function that makes a row of an item: the values of the columns in their order."""
    getters = [column.of or column.name for column in columns]
    paths = [of for of in getters if isinstance(of, str)]
    if len(paths) == len(getters) > 1:
        return attrgetter(*paths)  # as below, in a third of the time
    functions = [of if callable(of) else attrgetter(of) for of in getters]
    return lambda item: tuple([of(item) for of in functions])


def rows_of(columns: Iterable[Column], items: Iterable[object]) -> tuple[tuple[object, ...], ...]:
    """A row for each item."""
    return tuple(map(row_maker(columns), items))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A record behind a row, and where it was read.

    Attributes:
        event_id: of the event that it is.
        record: as it was recorded, JSON text.
        log_file: bucket and key, or the path.
        record_index: its position there, from 0.
        sha256: of the log file's uncompressed bytes, hex, as CloudTrail's digest files attest it.
        attested: what the digest files say of the log file; None: they were not checked.
    """

    event_id: str
    record: str
    log_file: str
    record_index: int
    sha256: str | None = None
    attested: str | None = None


class FailOn(NamedTuple):
    """What `--fail-on` found.

    Attributes:
        severity: the lowest that counts.
        rows: how many rows have it or a higher one.
    """

    severity: str
    rows: int


@dataclass(frozen=True, slots=True)
class Table:
    """A report: rows x columns, the window looked at, and what a reader should know besides.

    Attributes:
        name: as on the command line.
        columns: what the values of a row are.
        rows: a value a column; None where there is none.
        window: of event time.
        notes: what was looked at, and what was not.
        tz: the zone in which instants are told. Arrow and pandas keep UTC: the same instants.
        incomplete: why the answer may lack something; empty when nothing says so.
        title: what it says, for people.
        fail_on: the rows at or above a severity; None if nobody asked.
        evidence: reads, for each row, the records behind it, its own first; None when no record
            stands behind a row. It is read when a form shows it, since records are large.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    window: Window
    notes: tuple[str, ...] = ()
    tz: tzinfo = UTC
    incomplete: tuple[str, ...] = ()
    title: str = ""
    fail_on: FailOn | None = None
    evidence: Callable[[], tuple[tuple[Evidence, ...], ...]] | None = field(
        default=None, compare=False, repr=False
    )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What people should know besides the rows: why it may lack something, then the notes."""
        return (*(f"incomplete: {why}" for why in self.incomplete), *self.notes)

    def __repr__(self) -> str:
        said = self.notes[0] if self.notes else ""
        rows = f"{len(self.rows):,} {'row' if len(self.rows) == 1 else 'rows'}"
        return f"<trailscan table {self.name}: {rows}; {visible(said)}>"

    def in_zone(self, tz: tzinfo) -> Table:
        """The same table with its instants told in a zone, which the titles name."""
        if tz == self.tz:
            return self
        columns = tuple(
            replace(column, title=column.title.replace(f"({self.tz})", f"({tz})"))
            for column in self.columns
        )
        rows = self.rows
        if isinstance(rows, ArrowRows):
            rows = rows.in_zone(tz)
        else:
            rows = tuple(
                tuple(in_zone(value, tz) if isinstance(value, datetime) else value for value in row)
                for row in rows
            )
        return replace(self, columns=columns, rows=rows, tz=tz)

    def records(self) -> list[dict[str, object]]:
        """The rows as dictionaries by column name."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def to_arrow(self) -> pa.Table:
        """The rows as an Arrow table: UTC instants in microseconds, dictionaries of few values."""
        import pyarrow as pa  # noqa: PLC0415  # heavy, and not every form needs it

        rows = self.to_arrow_rows().arrow
        for place, column in enumerate(self.columns):
            if column.kind == "duration":
                spans = rows.column(place).to_pylist()
                texts = [None if span is None else as_text(span) for span in spans]
                rows = rows.set_column(place, column.name, pa.array(texts, pa.string()))
        return frames.with_categories(rows)

    def to_arrow_rows(self) -> ArrowRows:
        """The rows in Arrow, as exact as they are."""
        if isinstance(self.rows, ArrowRows):
            return self.rows
        columns = [(column.name, column.kind) for column in self.columns]
        kinds = [kind for _, kind in columns]
        return ArrowRows(rows_to_arrow(columns, self.rows), kinds, self.tz)

    def to_frame(self) -> pd.DataFrame:
        """The rows as a frame of pandas.

        Returns:
            A column for each of the report, with UTC timestamps, nullable texts, integers and
            booleans (`pd.NA` where there is none), and categories; `severity` is ordered.
        """
        return frames.to_pandas(self.to_arrow())

    def to_polars(self) -> pl.DataFrame:
        """The rows as a frame of Polars.

        Raises:
            TrailscanError: Polars is not installed.
        """
        return frames.to_polars(self.to_arrow())


def as_text(value: object) -> str:
    """A value as text, "" for None: ISO 8601 for times, `; ` between items, JSON for chains."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return format_instant(value, value.tzinfo or UTC)
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, tuple | list) and not (value and isinstance(value[0], dict)):
        return "; ".join(str(item) for item in value)
    return compact(value) if isinstance(value, dict | tuple | list) else str(value)


def shown_text(value: object) -> str:
    """A value as people read it: instants by the clock of their zone, durations in words."""
    if isinstance(value, timedelta):
        return duration_in_words(value)
    return clock_text(value) if isinstance(value, datetime) else as_text(value)


def clock_text(when: datetime) -> str:
    """An instant as the clocks of its zone show it, to the second; UTC needs no offset."""
    clock = when.isoformat(" ")[:19]
    return clock if when.tzinfo is UTC else f"{clock}{when:%z}"
