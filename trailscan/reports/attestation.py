"""Whether log files were attested by CloudTrail's digests, in words: what validations found."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from trailscan.events.schema import strings
from trailscan.location import object_uri, parse_uri
from trailscan.store.attestations import judge_row
from trailscan.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from trailscan.store.attestations import Attested
    from trailscan.store.reader import StoreReader

ATTESTATION = (
    Column("attestation", "Attestation", "text", detail=True),
    Column("digest", "Digest", "text", detail=True),
)
"""The last columns of a report whose rows are events: what AWS signed of the log file."""

UNCHECKED = ("unknown", None)
"""Their values in a store that was never validated."""

_RECORD = ("log_file", "event_id", "record_index")
_READ = ["log_file_bucket", "log_file_key", "event_id", "record_index", "log_file_sha256"]

NOT_CHECKED = "not checked"

STATES = {
    "attested": "attested",
    "differs": "NOT as attested: AWS signed for other bytes",
    "unattested": "in no digest",
    "pending": "in no digest yet: it was not due",
    "unproven": "named only by a digest that proves nothing itself",
    "unknown": NOT_CHECKED,
}
"""What the states of `trailscan.store.attestations.Attested` mean."""


def attestation(store: StoreReader, bucket: str, key: str, sha256: str | None) -> str:
    """What CloudTrail's digests say of what was loaded of a log file, in words."""
    return in_words(store.attested(bucket, key, sha256))


def in_words(found: Attested) -> str:
    """The same of what the store said; names the digest, and what has become of the log file."""
    parts = [STATES[found.state]]
    if found.digest_key is not None:
        parts.append(f"digest {found.digest_key.rpartition('/')[2]}")
    if found.verdict is not None and not found.verdict.startswith(("valid/", "pending/")):
        parts.append(f"in the bucket: {found.verdict.partition('/')[0]}")
    return "; ".join(parts)


def count_attested(store: StoreReader, days: Iterable[date] | None = None) -> Counter[str]:
    """How many log files that the store holds are in each state, those of some days or of all."""
    wanted = None if days is None else list(days)
    columns = ["bucket", "key", "sha256", "status"]
    held: dict[tuple[str, str], str | None] = {}
    for row in store.log_files(wanted, columns).to_pylist():
        if row["status"] == "done":
            held[row["bucket"], row["key"]] = row["sha256"]
    return Counter(store.attested(*place, sha256).state for place, sha256 in held.items())


def attested_rows(store: StoreReader, rows: Iterable[dict[str, Any]]) -> list[Attested]:
    """For each row of `LOG_FILES` what the digests say of it."""
    return [store.attested(row["bucket"], row["key"], row["sha256"]) for row in rows]


def with_attestation(store: StoreReader, table: Table) -> Table:
    """The report with what the store knows of the attestation of each row's log file."""
    names = [column.name for column in table.columns]
    if not table.rows or not store.files("attestations"):
        return table
    places = [names.index(name) for name in _RECORD]
    said = _judge(store, [tuple(row[place] for place in places) for row in table.rows])
    rows = tuple(
        (*row[: -len(ATTESTATION)], *found) for row, found in zip(table.rows, said, strict=True)
    )
    return replace(table, rows=rows, notes=(*table.notes, *_note(said)))


def _judge(store: StoreReader, records: list[tuple[Any, ...]]) -> list[tuple[str, str | None]]:
    """State and digest of the log file of each record; a record is told by `_RECORD`."""
    where = {uri: parse_uri(uri) for uri, _, _ in records if uri}
    places = {(found.bucket, found.key) for found in where.values() if found}
    keys = strings(sorted({key for _, key in places}))
    events = store.events(
        columns=_READ,
        where=lambda rows: pc.is_in(rows["log_file_key"], value_set=keys),
        filter_columns=("log_file_key",),
        ordered=False,
    )
    columns = (events[name].to_pylist() for name in _READ)
    hashes: defaultdict[tuple[Any, ...], set[str | None]] = defaultdict(set)
    for bucket, key, event_id, index, sha256 in zip(*columns, strict=True):
        hashes[object_uri(bucket, key), event_id, index].add(sha256)
    rows = store.attestations_of(places)
    found: list[tuple[str, str | None]] = []
    for record in records:
        place = where.get(record[0])
        row = rows.get((place.bucket, place.key)) if place else None
        judged = _worst(judge_row(row, sha256) for sha256 in hashes.get(record) or {None})
        digest = judged.digest_key and place and object_uri(place.bucket, judged.digest_key)
        found.append((judged.state, digest))
    return found


def _worst(judged: Iterable[Attested]) -> Attested:
    """The worst of what is said of a log file that was read in several versions."""
    order = list(STATES)
    return max(judged, key=lambda one: (one.state == "differs", order.index(one.state)))


def _note(said: list[tuple[str, str | None]]) -> Iterator[str]:
    """How many of the rows stand in log files of each state."""
    states = Counter(state for state, _ in said)
    if states:
        told = ", ".join(
            f"{states[state]:,} {words}" for state, words in STATES.items() if states[state]
        )
        yield f"log files of these rows, by CloudTrail's digests: {told}"
