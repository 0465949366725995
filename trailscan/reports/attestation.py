"""What CloudTrail's digests attest of the log files behind rows, as validations found it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from trailscan.location import object_uri
from trailscan.store.attestations import judge_row
from trailscan.table import detail

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from trailscan.location import Location
    from trailscan.rows import Row
    from trailscan.store.reader import StoreReader
    from trailscan.table import Table


NOT_CHECKED = "not checked"

STATES = {
    "attested": "attested",
    "differs": "NOT as attested: AWS signed other bytes",
    "unattested": "in no digest",
    "pending": "in no digest yet: the digest was not due",
    "unproven": "named only by a digest that could not be proved",
    "unknown": NOT_CHECKED,
}
"""What the states of `trailscan.store.attestations.Attested` mean."""


ARRIVED = detail("arrived", "Arrived (UTC)", "instant")
EVIDENCE = (
    ARRIVED,
    detail("log_file", "Log file", "text", of="where.uri"),
    detail("record_index", "Record index", "count", of="where.record_index"),
    detail("attestation", "Attestation", "text", of="log_file_sha256"),
    detail("digest", "Digest", "text", of="where"),
)
"""The last columns of a report with one change a row.

Of a change the last two give what is looked up: `with_attestation` replaces it by what was found.
"""


_LOG_FILE = -2
"""Where a row without its last two columns has the log file."""


def attestation(store: StoreReader, where: Location, sha256: str | None) -> str:
    """What CloudTrail's digests say of a log file, which digest, and what became of the file."""
    found = store.attested(where.bucket, where.key, sha256)
    parts = [STATES[found.state]]
    if found.digest_key is not None:
        parts.append(f"digest {found.digest_key.rpartition('/')[2]}")
    if found.verdict is not None and not found.verdict.startswith(("valid/", "pending/")):
        parts.append(f"in the bucket: {found.verdict.partition('/')[0]}")
    return "; ".join(parts)


def count_attested(store: StoreReader, days: Iterable[date]) -> Counter[str]:
    """How many log files of some delivery days are in each state."""
    held: dict[tuple[str, str], str | None] = {}
    for row in store.log_files(list(days), ["bucket", "key", "sha256", "status"]).to_pylist():
        if row["status"] == "done":
            held[row["bucket"], row["key"]] = row["sha256"]
    return Counter(store.attested(*place, sha256).state for place, sha256 in held.items())


def with_attestation(store: StoreReader, table: Table) -> Table:
    """The report with what digests say of the log file of each row.

    Args:
        store: what validations found.
        table: its last columns are `EVIDENCE`.
    """
    rows = attested_rows(store, table.rows)
    return replace(table, rows=rows, notes=(*table.notes, *attestation_notes(store, rows)))


def attested_rows(store: StoreReader, rows: Sequence[Row]) -> tuple[Row, ...]:
    """Rows whose last columns are `EVIDENCE`, with what digests say of the log file of each."""
    if not store.files("attestations"):
        unknown = ("unknown", None)
        return tuple([(*row[:-2], *unknown) for row in rows])
    made: list[Row] = []
    log_files: list[tuple[str | None, Location]] = [row[-2:] for row in rows]  # type: ignore[misc]
    found = store.attestations_of({(where.bucket, where.key) for _, where in log_files})
    for row, (sha256, where) in zip(rows, log_files, strict=True):
        judged = judge_row(found.get((where.bucket, where.key)), sha256)
        digest = judged.digest_key and object_uri(where.bucket, judged.digest_key)
        shown = list(row[:-2])
        if judged.copy_of is not None:
            shown[_LOG_FILE] = object_uri(where.bucket, judged.copy_of)
        made.append((*shown, judged.state, digest))
    return tuple(made)


def attestation_notes(store: StoreReader, rows: Sequence[Row]) -> tuple[str, ...]:
    """How many such rows are from log files in each state; nothing before the first validation."""
    if not (rows and store.files("attestations")):
        return ()
    counts = Counter(row[-2] for row in rows)
    said = ", ".join(f"{counts[one]:,} {words}" for one, words in STATES.items() if counts[one])
    return (f"log files of these rows, by CloudTrail's digests: {said}",)
