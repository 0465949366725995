"""The tables that other engines make of a store: DuckDB runs them, and Athena's are as it documents.

Spark runs its own in `tests/spark/test_cluster.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from services.command import run_command

import trailscan as ts
from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.reports.ddl import table_statements
from trailscan.store.marker import ensure_store

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
S3 = "s3://my-bucket/trailscan/"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A store of the sample logs in a folder whose name has quotes and characters of patterns."""
    place = tmp_path_factory.mktemp("ddl") / "it's [a] store*"
    run_load([str(SAMPLES)], str(place), LoadOptions(), datetime(2026, 11, 1, tzinfo=UTC))
    return place


@pytest.mark.parametrize("table", ["events", "log_files"])
def test_duckdb_finds_the_rows_of_a_query_whatever_the_folder_is_called(place, table):
    """Quotes and characters of patterns in the location stand for themselves."""
    done = run_command("sql", "--ddl", "duckdb", "--store", place)
    assert done.returncode == 0
    query = f"select * from {table} order by all"  # noqa: S608  # a table of two
    worked_out = "principal, principal_kind, client"  # columns of the view, not of the files
    own = query.replace("*", f"* exclude ({worked_out})") if table == "events" else query
    expected = ts.open(place).sql(own).to_arrow()
    with duckdb.connect(":memory:") as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(done.stdout.decode())
        day = "event_date" if table == "events" else "delivery_date"
        found = database.sql(query.replace("*", f"* exclude ({day})")).to_arrow_table()
    assert found.num_rows > 10
    assert found.to_pylist() == expected.to_pylist()


def store_at(place: str, *days: str) -> SimpleNamespace:
    """A store as far as its tables are concerned, with an event on each of some days."""
    files = [
        SimpleNamespace(table="events", day=datetime.fromisoformat(day).date(), rows=1)
        for day in days
    ]
    return SimpleNamespace(
        place=place, strays=("x",), superseded_count=2, commits=(SimpleNamespace(files=files),)
    )


def test_athena_projects_the_days_of_each_table():
    """The days of CloudTrail, the folder of each, and what the folders may show are said."""
    text = table_statements(store_at(S3, "2026-11-22"), "athena")
    assert "(now 1 file)" in text
    assert "(now 2 events)" in text
    events, log_files = text.split("\n\n")[1:]
    assert events.splitlines()[:2] == [
        "CREATE EXTERNAL TABLE IF NOT EXISTS `events` (",
        "  `event_time` TIMESTAMP,",
    ]
    assert (
        events.partition("\n)\n")[2]
        == """\
PARTITIONED BY (`event_date` STRING)
STORED AS PARQUET
LOCATION 's3://my-bucket/trailscan/events/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.event_date.type' = 'date',
  'projection.event_date.format' = 'yyyy-MM-dd',
  'projection.event_date.range' = '2013-11-13,NOW',
  'projection.event_date.interval' = '1',
  'projection.event_date.interval.unit' = 'DAYS',
  'storage.location.template' = 's3://my-bucket/trailscan/events/event_date=${event_date}/'
);"""
    )
    assert "'projection.delivery_date.range' = '2013-11-13,NOW'" in log_files
    assert "`rejects` BIGINT" in log_files


def test_a_day_before_cloudtrail_is_projected_too():
    """Log files whose name gives no day are in the folder of 1970."""
    text = table_statements(store_at(S3, "2026-11-22", "1970-01-01"), "athena")
    assert "'projection.event_date.range' = '1970-01-01,NOW'" in text


def test_a_location_is_written_as_hive_reads_it():
    """A quote does not end it; what no statement can name is refused."""
    text = table_statements(store_at("s3://b/it's"), "spark")
    assert "LOCATION 's3://b/it\\'s/events/';" in text
    with pytest.raises(ValueError, match="control characters: 's3://b/a"):
        table_statements(store_at("s3://b/a\nb"), "athena")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--ddl", "athena"), "Athena reads S3 only"),
        (("--ddl", "spark", "select 1"), "give a QUERY or --ddl ENGINE, and not both"),
        ((), "give a QUERY or --ddl ENGINE, and not both"),
        (("--ddl", "presto"), "'presto' is not one of 'athena', 'spark', 'duckdb'"),
    ],
)
def test_what_cannot_be_written_is_a_usage_error(tmp_path, words, said):
    """Exit code 2, and standard error says why."""
    ensure_store(open_bucket(str(tmp_path / "s"), AwsOptions()), str(tmp_path / "s"))
    done = run_command("sql", "--store", tmp_path / "s", *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()
