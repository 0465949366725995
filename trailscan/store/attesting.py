"""Writing what a validation found: only what the store does not say already, whole or not at all.

The rows go through the same ledger as a load's: claim, publish, commit. Validating again what has
not changed adds no commit.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from trailscan.events.schema import to_table
from trailscan.store.attestations import ATTESTATIONS, DIGESTS, PUBLIC_KEYS
from trailscan.store.ledger import Commit, Counts, Ledger
from trailscan.store.paths import NO_DAY
from trailscan.store.reader import check_marker, read_files, select_files
from trailscan.store.writer import data_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
"""How many of the first columns say what a row is about."""
_BODY = DIGESTS.get_field_index("body")  # the last column, which the hash stands for


@dataclass(slots=True)
class Found:
    """The rows of a validation, in the order of the schemas, by the day of their partition."""

    attestations: list[tuple[date, Row]] = field(default_factory=list)
    digests: list[tuple[date, Row]] = field(default_factory=list)
    public_keys: list[Row] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.attestations) + len(self.digests) + len(self.public_keys)

    def tables(self) -> Iterator[tuple[TableName, list[tuple[date, Row]]]]:
        """Each table with its rows and their days."""
        yield "attestations", self.attestations
        yield "digests", self.digests
        yield "public_keys", [(NO_DAY, row) for row in self.public_keys]


class AttestationWriter:
    """Adds what validations found to a store that is there.

    Raises:
        NotFoundError: there is no store.
        StoreError: it is damaged, or of another format.
    """

    def __init__(self, bucket: Bucket, place: str, tool: str, run_id: str) -> None:
        check_marker(bucket, place)
        self._bucket = bucket
        self._tool = tool
        self._run_id = run_id
        self._ledger = Ledger(bucket)

    def write(self, found: Found, now: datetime) -> int:
        """Add the rows that the store does not end in already; how many those were.

        Raises:
            TrailscanError: the store could not be written.
        """
        while True:
            commits = self._ledger.settle()
            seq = self._ledger.next_seq
            files: dict[DataFile, bytes] = {}
            for table, rows in found.tables():
                files |= self._files(commits, table, rows, seq)
            if not files:
                return 0
            made = Commit(
                seq=seq,
                previous_sha256=self._ledger.last_sha256,
                load_id=self._run_id,
                tool=self._tool,
                committed_at=now.astimezone(UTC),
                event_sources="",
                sources=(),
                counts=Counts(),
                files=tuple(files),
            )
            done = self._ledger.try_commit(made, {file.path: files[file] for file in files})
            if done or self._ledger.settle()[seq - 1].load_id == self._run_id:
                return sum(file.rows for file in files)

    def _files(
        self, commits: tuple[Commit, ...], table: TableName, rows: list[tuple[date, Row]], seq: int
    ) -> dict[DataFile, bytes]:
        """The data files of what is new in a table."""
        by_day: defaultdict[date, list[Row]] = defaultdict(list)
        known = self._known(commits, table, {day for day, _ in rows})
        size = _IDENTITY[table]
        for day, row in rows:
            told = row[:_BODY] if table == "digests" else row
            if known.get(row[:size]) != told:
                known[row[:size]] = told
                by_day[day].append(row)
        partitioned = table != "public_keys"
        return dict(
            data_file(table, day if partitioned else None, seq, to_table(new, _SCHEMAS[table]))
            for day, new in sorted(by_day.items())
        )

    def _known(
        self, commits: tuple[Commit, ...], table: TableName, days: Iterable[date]
    ) -> dict[Row, Row]:
        """What the store says last of each thing."""
        columns = _SCHEMAS[table].names[: _BODY if table == "digests" else None]
        files = select_files(commits, table, days if table != "public_keys" else None)
        known: dict[Row, Row] = {}
        for part in read_files(self._bucket, files, columns):
            values: list[list[Any]] = [part[name].to_pylist() for name in columns]
            for row in zip(*values, strict=True):
                known[row[: _IDENTITY[table]]] = row
        return known
