"""The tables of a store as SQL for Athena, Spark and DuckDB, over the same data files.

An engine that reads the folders of a store knows nothing of its ledger. What it may see besides the
rows that count is said in the comment before the statements.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from trailscan.numbers import counted
from trailscan.store.paths import PARTITION_COLUMNS
from trailscan.store.read_files import SCHEMAS, days_of

if TYPE_CHECKING:
    import pyarrow as pa

    from trailscan.store.paths import TableName
    from trailscan.store.reader import StoreReader

Engine = Literal["athena", "spark", "duckdb"]
TABLES: tuple[TableName, ...] = ("events", "log_files")
"""The tables that other engines get; all others are small, or are made of these."""

_FIRST_DAY = date(2013, 11, 13)
"""No event is older: AWS announced CloudTrail on this day
(aws.amazon.com/about-aws/whats-new/2013/11/13/announcing-aws-cloudtrail)."""

_TYPES = {
    "string": "STRING",
    "bool": "BOOLEAN",
    "int32": "INT",
    "int64": "BIGINT",
    "timestamp[us, tz=UTC]": "TIMESTAMP",
}
"""The types of Hive and Spark, by those of Arrow."""

_S3 = "s3://"
_HEAD = """\
Tables over the store of trailscan, made of its folders: the engine does not read the ledger.
`trailscan sql` shows only what counts. These tables may show more:
files that no commit names (now {strays}),
events of which a later log file has a copy with more members (now {superseded}),
each reading of a log file, where `trailscan sql` shows the last one,
events of days that are being removed by `trailscan store prune`.
"""
_NOTES: dict[Engine, str] = {
    "athena": """\
Athena runs one statement at a time. Days are projected from {first} to today (UTC): no others are
found. Give event_date or delivery_date in WHERE, or Athena looks for the folder of every day.
""",
    "spark": """\
MSCK REPAIR TABLE adds the folders of new days: run it again after each load.
Outside Amazon EMR and AWS Glue, the location of a store in S3 begins with s3a://.
""",
    "duckdb": """\
The views find new days by themselves. For a store in S3: install and load httpfs.
""",
}


def table_statements(store: StoreReader, engine: Engine) -> str:
    """The statements that make the tables of a store in an engine.

    Args:
        store: whose folders the tables are made of.
        engine: whose SQL to write.

    Raises:
        ValueError: the engine cannot read the store where it is.
    """
    place = _place(store.place, engine)
    first = min([_FIRST_DAY, *(day for table in TABLES for day in days_of(store.commits, table))])
    head = (_HEAD + _NOTES[engine]).format(
        strays=counted(len(store.strays), "file"),
        superseded=counted(store.superseded_count, "event"),
        first=first.isoformat(),
    )
    write = _WRITERS[engine]
    return "\n\n".join(
        [
            "\n".join(f"-- {line}" for line in head.splitlines()),
            *(write(table, f"{place}/{table}/", first) for table in TABLES),
        ]
    )


def _place(place: str, engine: Engine) -> str:
    """The location of a store as an engine reads it.

    Raises:
        ValueError: the engine cannot read it there, or SQL cannot name it.
    """
    if not place.startswith(_S3):
        if engine == "athena":
            raise ValueError(f"Athena reads S3 only; the store is at {place}")
        place = str(Path(place).resolve())
    if not place.isprintable():
        raise ValueError(f"SQL cannot name a location with control characters: {place!r}")
    return place.rstrip("/")


def _athena(table: TableName, location: str, first: date) -> str:
    """A table of Athena with partition projection from a first day."""
    column = PARTITION_COLUMNS[table]
    properties = {
        "projection.enabled": "true",
        f"projection.{column}.type": "date",
        f"projection.{column}.format": "yyyy-MM-dd",
        f"projection.{column}.range": f"{first.isoformat()},NOW",
        f"projection.{column}.interval": "1",
        f"projection.{column}.interval.unit": "DAYS",
        "storage.location.template": f"{location}{column}=${{{column}}}/",
    }
    lines = [f"  {_escaped(name)} = {_escaped(value)}" for name, value in properties.items()]
    return "\n".join(
        [
            f"CREATE EXTERNAL TABLE IF NOT EXISTS `{table}` (",
            _columns(SCHEMAS[table]),
            ")",
            f"PARTITIONED BY (`{column}` STRING)",
            "STORED AS PARQUET",
            f"LOCATION {_escaped(location)}",
            "TBLPROPERTIES (",
            ",\n".join(lines),
            ");",
        ]
    )


def _spark(table: TableName, location: str, _: date) -> str:
    """A table of Spark SQL, and the statement that finds its days."""
    column = PARTITION_COLUMNS[table]
    return "\n".join(
        [
            f"CREATE TABLE IF NOT EXISTS `{table}` (",
            f"{_columns(SCHEMAS[table])},",
            f"  `{column}` DATE",
            ")",
            "USING PARQUET",
            f"PARTITIONED BY (`{column}`)",
            f"LOCATION {_escaped(location)};",
            f"MSCK REPAIR TABLE `{table}`;",
        ]
    )


def _duckdb(table: TableName, location: str, _: date) -> str:
    """A view of DuckDB; the location has no patterns, whatever characters it has."""
    fixed = "".join(f"[{one}]" if one in "*?[" else one for one in location)
    pattern = f"{fixed}*/*.parquet".replace("'", "''")
    rows = f"read_parquet('{pattern}', hive_partitioning = true)"
    return f'CREATE OR REPLACE VIEW "{table}" AS\nFROM {rows};'


_WRITERS = {"athena": _athena, "spark": _spark, "duckdb": _duckdb}


def _columns(schema: pa.Schema) -> str:
    """The columns of a table with their types, one a line."""
    types = [_TYPES[str(field.type)] for field in schema]
    pairs = zip(schema.names, types, strict=True)
    return ",\n".join(f"  `{name}` {of}" for name, of in pairs)


def _escaped(text: str) -> str:
    """A text as Hive and Spark write it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
