"""Writing the rows of a validation to a store: only those that changed, whole or not at all.

The rows go through the ledger, as those of a load do. Validating again what has not changed adds no
commit.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trailscan.events.schema import to_table
from trailscan.store.attestations import ATTESTATIONS, DIGESTS, PUBLIC_KEYS
from trailscan.store.ledger import Commit, Counts, Draft, Ledger
from trailscan.store.paths import NO_DAY
from trailscan.store.reader import check_marker, read_files, select_files
from trailscan.store.writer import data_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    import pyarrow as pa

    from trailscan.buckets import Bucket
    from trailscan.store.paths import DataFile, TableName

Row = tuple[object, ...]

_SCHEMAS: dict[TableName, pa.Schema] = {
    "attestations": ATTESTATIONS,
    "digests": DIGESTS,
    "public_keys": PUBLIC_KEYS,
}
_IDENTITY = {"attestations": 2, "digests": 2, "public_keys": 1}
"""How many of the first columns identify a row."""
_BODY = DIGESTS.get_field_index("body")  # the last column, which the hash stands for


@dataclass(slots=True)
class ValidationRows:
    """The rows of a validation, in the order of the schemas, by the day of their partition."""

    attestations: list[tuple[date, Row]] = field(default_factory=list)
    digests: list[tuple[date, Row]] = field(default_factory=list)
    public_keys: list[Row] = field(default_factory=list)

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.attestations) + len(self.digests) + len(self.public_keys)

    def tables(self) -> Iterator[tuple[TableName, list[tuple[date, Row]]]]:
        """Each table with its rows and their days."""
        yield "attestations", self.attestations
        yield "digests", self.digests
        yield "public_keys", [(NO_DAY, row) for row in self.public_keys]


class AttestationWriter:
    """Adds the rows of validations to an existing store.

    Raises:
        NotFoundError: there is no store.
        StoreError: it is damaged, or of another format.
    """

    def __init__(self, bucket: Bucket, place: str, run_id: str) -> None:
        check_marker(bucket, place)
        self._bucket = bucket
        self._run_id = run_id
        self._ledger = Ledger(bucket)

    def write(self, rows: ValidationRows, now: datetime) -> int:
        """Add the rows that differ from the last ones of the store; returns how many there were.

        Raises:
            TrailscanError: the store could not be written.
        """

        def draft(commits: tuple[Commit, ...], seq: int) -> Draft:
            files: dict[DataFile, bytes] = {}
            for table, of_table in rows.tables():
                files |= self._files(commits, table, of_table, seq)
            return Draft("", (), Counts(), files)

        self._ledger.settle()
        return sum(file.rows for file in self._ledger.append(draft, self._run_id, now).files)

    def _files(
        self, commits: tuple[Commit, ...], table: TableName, rows: list[tuple[date, Row]], seq: int
    ) -> dict[DataFile, bytes]:
        """The data files of what is new in a table."""
        by_day: defaultdict[date, list[Row]] = defaultdict(list)
        known = self._known(commits, table, {day for day, _ in rows})
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

    def _known(
        self, commits: tuple[Commit, ...], table: TableName, days: Iterable[date]
    ) -> dict[Row, Row]:
        """The last row of the store for each identity."""
        columns = _SCHEMAS[table].names[: _BODY if table == "digests" else None]
        files = select_files(commits, table, days if table != "public_keys" else None)
        known: dict[Row, Row] = {}
        for part in read_files(self._bucket, files, columns):
            values: list[list[Any]] = [part[name].to_pylist() for name in columns]
            for row in zip(*values, strict=True):
                known[row[: _IDENTITY[table]]] = row
        return known
