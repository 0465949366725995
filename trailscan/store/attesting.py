"""Writing the rows of a validation to a store: only those that changed, whole or not at all.

The rows go through the ledger, as those of a load do. Validating again what has not changed adds no
commit.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

from trailscan.events.schema import to_table
from trailscan.store.attestations import ATTESTATIONS, DIGESTS, PUBLIC_KEYS
from trailscan.store.data_file import data_file
from trailscan.store.ledger import Commit, Counts, Draft, Ledger
from trailscan.store.paths import TableName
from trailscan.store.read_files import read_files, select_files
from trailscan.store.reader import check_marker

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import pyarrow as pa

    from trailscan.buckets import Bucket
    from trailscan.store.paths import DataFile

Row = tuple[object, ...]
ValidationRows = dict[TableName, list[tuple[date, Row]]]
"""The rows of a validation by table, in the order of its schema, each with its partition's day."""

_SCHEMAS: dict[TableName, pa.Schema] = {
    "attestations": ATTESTATIONS,
    "digests": DIGESTS,
    "public_keys": PUBLIC_KEYS,
}
_IDENTITY = {"attestations": 2, "digests": 2, "public_keys": 1}
"""How many of the first columns identify a row."""
_BODY = DIGESTS.get_field_index("body")  # the last column, which the hash stands for


def write_validation(
    bucket: Bucket, uri: str, rows: ValidationRows, run_id: str, now: datetime
) -> int:
    """Add the rows of a validation that differ from the last ones of a store.

    Args:
        bucket: of the store.
        uri: names the store in errors.
        rows: of the validation.
        run_id: random, one for each validation.
        now: the present.

    Returns:
        The number of rows that were added.

    Raises:
        NotFoundError: there is no store.
        TrailscanError: the store is damaged, of another format, or cannot be written.
    """

    def draft(commits: tuple[Commit, ...], seq: int) -> Draft:
        files: dict[DataFile, bytes] = {}
        for table, of_table in rows.items():
            files |= _data_files(bucket, commits, table, of_table, seq)
        return Draft("", (), Counts(), files)

    check_marker(bucket, uri)
    ledger = Ledger(bucket)
    ledger.settle()
    return sum(file.rows for file in ledger.append(draft, run_id, now).files)


def _data_files(
    bucket: Bucket,
    commits: tuple[Commit, ...],
    table: TableName,
    rows: list[tuple[date, Row]],
    seq: int,
) -> dict[DataFile, bytes]:
    """The data files of the rows of a table that are new."""
    by_day: defaultdict[date, list[Row]] = defaultdict(list)
    known = _last_rows(bucket, commits, table, {day for day, _ in rows})
    size = _IDENTITY[table]
    for day, row in rows:
        compared = row[:_BODY] if table == "digests" else row
        if known.get(row[:size]) != compared:
            known[row[:size]] = compared
            by_day[day].append(row)
    partitioned = table != "public_keys"
    return dict(
        data_file(table, day if partitioned else None, seq, to_table(new, _SCHEMAS[table]))
        for day, new in sorted(by_day.items())
    )


def _last_rows(
    bucket: Bucket, commits: tuple[Commit, ...], table: TableName, days: Iterable[date]
) -> dict[Row, Row]:
    """The last row of the store for each identity."""
    columns = _SCHEMAS[table].names[: _BODY if table == "digests" else None]
    files = select_files(commits, table, days if table != "public_keys" else None)
    known: dict[Row, Row] = {}
    for part in read_files(bucket, files, columns):
        values: list[list[Any]] = [part[name].to_pylist() for name in columns]
        for row in zip(*values, strict=True):
            known[row[: _IDENTITY[table]]] = row
    return known
