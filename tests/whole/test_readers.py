"""The store is plain Parquet: other readers see its rows without trailscan."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
PARTITIONS = {"events": ["event_date"], "log_files": ["delivery_date"], "rejects": []}
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    """A store of two commits: the sample logs, and log files that cannot be read."""
    folder = tmp_path_factory.mktemp("readers")
    broken = folder / "broken"
    broken.mkdir()
    (broken / "empty.json.gz").write_bytes(b"")
    (broken / "odd.json").write_bytes(
        b'{"Records":[{"eventSource":"organizations.amazonaws.com"}]}'
    )
    place = folder / "store"
    for source in (SAMPLES, broken):
        run_load([str(source)], str(place), LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    return place


@pytest.fixture(scope="module")
def expected(store) -> dict[str, Rows]:
    """The rows of each table, as trailscan reads them."""
    opened = ts.open(str(store)).reader
    tables = {
        "events": opened.events(),
        "log_files": opened.log_files(),
        "rejects": opened.rejects(),
    }
    return {name: in_order(table.to_pylist()) for name, table in tables.items()}


def with_pandas(folder: Path) -> Rows:
    """`pd.read_parquet`; it turns what is missing into NaN and partitions into categories."""
    frame = pd.read_parquet(folder, dtype_backend="pyarrow")
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def with_pyarrow(folder: Path) -> Rows:
    """`pyarrow.dataset`, partitions by name."""
    return ds.dataset(folder, partitioning="hive").to_table().to_pylist()


def with_polars(folder: Path) -> Rows:
    """`pl.read_parquet` of a folder."""
    return pl.read_parquet(folder).to_dicts()


def with_duckdb(folder: Path) -> Rows:
    """`read_parquet` with a glob."""
    with duckdb.connect() as database:
        found = database.sql("from read_parquet(?)", params=[f"{folder}/**/*.parquet"])
        return found.to_arrow_table().to_pylist()


READERS = {
    "pandas": with_pandas,
    "pyarrow": with_pyarrow,
    "polars": with_polars,
    "duckdb": with_duckdb,
}


@pytest.mark.parametrize("table", PARTITIONS)
@pytest.mark.parametrize("name", READERS)
def test_a_reader_sees_every_row_and_value(store, expected, name, table):
    """All columns of all tables have the same values for whoever reads the folder unaided."""
    read: Callable[[Path], Rows] = READERS[name]
    found = read(store / table)
    days = [{key: as_day(row.pop(key)) for key in PARTITIONS[table]} for row in found]
    if table == "events":
        times = [row["event_time"].astimezone(UTC).date() for row in found]
        assert [day["event_date"] for day in days] == times
    assert in_order(found) == expected[table]


def test_the_tables_are_worth_reading(expected):
    """What is compared is not nothing."""
    assert {name: len(rows) for name, rows in expected.items()} == {
        "events": 467,
        "log_files": 818,
        "rejects": 2,
    }


@pytest.mark.parametrize("name", ["duckdb", "polars", "pyarrow"])
def test_a_day_is_found_by_its_folder(store, name):
    """A condition on the partition column is one on days."""
    day, folder = date(2026, 10, 17), store / "events"
    if name == "duckdb":
        query = "select count(*) from read_parquet(?) where event_date = ?"
        with duckdb.connect() as database:
            row = database.execute(query, [f"{folder}/*/*.parquet", day]).fetchone()
        found = row[0] if row else None
    elif name == "polars":
        lazy = pl.scan_parquet(folder, try_parse_hive_dates=True)
        found = lazy.filter(pl.col("event_date") == day).collect().height
    else:
        dataset = ds.dataset(folder, partitioning="hive")
        found = dataset.count_rows(filter=ds.field("event_date") == day.isoformat())
    assert found == len(ts.open(str(store)).events("2026-10-17", "2026-10-18")) > 0


def as_day(value: object) -> date:
    """A partition's day, which readers give as text, date or category."""
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def in_order(rows: Iterable[dict[str, Any]]) -> Rows:
    """Rows in one order, their times as instants."""
    plain = [{name: as_plain(value) for name, value in row.items()} for row in rows]
    return sorted(plain, key=repr)


def as_plain(value: object) -> object:
    """A value as Python has it."""
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    return value.astimezone(UTC) if isinstance(value, datetime) else value
