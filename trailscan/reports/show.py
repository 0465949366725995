"""One event in full: what it did, its record, and the evidence for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from trailscan.errors import NotFoundError, TrailscanError
from trailscan.events.schema import strings
from trailscan.location import Location
from trailscan.numbers import counted
from trailscan.organizations.changes import with_undone
from trailscan.organizations.refusals import find_refusals
from trailscan.reports.attestation import attestation
from trailscan.reports.changes import COLUMNS, FILTER_COLUMNS, maybe_changes, read_changes
from trailscan.reports.principals import naming
from trailscan.store.paths import NO_DAY
from trailscan.table import as_text, row_maker
from trailscan.trail.keys import parse_key
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from trailscan.organizations.changes import Change
    from trailscan.organizations.refusals import Refusal
    from trailscan.store.ledger import Commit
    from trailscan.store.reader import StoreReader

_SHOWN = 10
_COLUMNS = [column for column in COLUMNS if column.name not in ("attestation", "digest")]
"""Those of `report changes`; what AWS signed of the log file is part of the evidence."""


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """One record of an event, and the evidence for it.

    Attributes:
        record: as it was written, JSON text.
        where: the log file and the position in it.
        etag: of the log file.
        log_file_sha256: hex, of its uncompressed bytes, as digests attest it.
        record_sha256: hex, of the record's content, whatever its spacing and order.
        conflict: whether another record of the same account and id was in the store before it.
        recipient_account_id: the account whose trail recorded it.
        commit: the one that added it to the store.
        log_file: the log file's row of `LOG_FILES` when it was read; None if there is none.
        attested: what CloudTrail's digest files say of the log file.
        change: what it did; None for an event from another source than Organizations.
        told_with: the id of the event in whose row reports show it, if not its own.
        refusal: the policy that AWS names as the one that denied it.
    """

    record: str
    where: Location
    etag: str
    log_file_sha256: str | None
    record_sha256: str
    conflict: bool
    recipient_account_id: str
    commit: Commit
    log_file: dict[str, Any] | None
    attested: str
    change: Change | None
    told_with: str | None
    refusal: Refusal | None = None

    def to_json(self) -> dict[str, object]:
        """The record, its change and its evidence in the documented, stable JSON form."""
        commit = self.commit
        log_file = self.log_file or {}
        delivered = log_file.get("delivered")
        return {
            "change": self.change and _change_json(self.change),
            "told_with_event_id": self.told_with,
            "refused_by": self.refusal and _refusal_json(self.refusal),
            "record": json.loads(self.record),
            "evidence": {
                "log_file": str(self.where._replace(record_index=None)),
                "record_index": self.where.record_index,
                "etag": self.etag,
                "log_file_sha256": self.log_file_sha256,
                "stored_sha256": log_file.get("stored_sha256"),
                "record_sha256": self.record_sha256,
                "delivered": delivered and format_instant(delivered),
                "deviations": log_file.get("deviations"),
                "duplicates_in_log_file": log_file.get("duplicates"),
                "conflict": self.conflict,
                "commit": commit.seq,
                "load_id": commit.load_id,
                "committed_at": format_instant(commit.committed_at),
                "tool": commit.tool,
                "attested": self.attested,
            },
        }


@dataclass(frozen=True, slots=True)
class Shown:
    """An event: one record, or several if records with its id contradict each other."""

    event_id: str
    records: tuple[ShownRecord, ...]

    def __repr__(self) -> str:
        told = next((one.change.description for one in self.records if one.change), "")
        records = counted(len(self.records), "record")
        return f"<trailscan event {self.event_id}: {records}; {told!r}>"

    def to_json(self) -> dict[str, object]:
        """The event in the documented, stable JSON form."""
        return {"event_id": self.event_id, "records": [one.to_json() for one in self.records]}


def show_event(store: StoreReader, event_id: str) -> Shown:
    """One event of a store in full.

    Args:
        store: where it is.
        event_id: its id or the beginning of it, in upper or lower case.

    Raises:
        NotFoundError: no event id has this beginning.
        TrailscanError: several have.
    """
    whole = _whole_id(store, event_id.strip())
    days = _days(store, whole)
    filter_columns = (*FILTER_COLUMNS, "event_id")
    found = read_changes(store, reads=True, where=_with(whole), filter_columns=filter_columns)
    changes = with_undone(found)
    refusals = find_refusals(changes)
    records = [
        _shown(store, commit, row, changes, refusals)
        for day in days
        for commit, rows in store.brought_by(whole, day)
        for row in rows.to_pylist()
    ]
    return Shown(whole, tuple(records))


def _whole_id(store: StoreReader, start: str) -> str:
    """The only id with this beginning, or the id itself."""
    lower = start.casefold()
    found = store.events(
        columns=["event_id"],
        where=lambda rows: pc.starts_with(pc.utf8_lower(rows["event_id"]), lower),
        filter_columns=("event_id",),
    )
    ids = sorted(set(found["event_id"].to_pylist()))
    exact = [one for one in ids if one.casefold() == lower]
    if len(ids) == 1 or len(exact) == 1:
        return str((exact or ids)[0])
    if not ids or not start:
        events = sum(file.rows for file in store.files("events"))
        raise NotFoundError(
            f"no event ID begins with {start!r} among {counted(events, 'event')} in {store.place}",
            "give an event ID or its first characters",
        )
    shown = ", ".join(ids[:_SHOWN]) + (" …" if len(ids) > _SHOWN else "")
    raise TrailscanError(f"{len(ids):,} event IDs begin with {start!r}: {shown}")


def _days(store: StoreReader, event_id: str) -> list[date]:
    """The UTC days that have records of an event id."""
    found = store.events(columns=["event_time"], where=_is(event_id), filter_columns=("event_id",))
    return sorted({when.astimezone(UTC).date() for when in found["event_time"].to_pylist()})


def _is(event_id: str) -> Callable[[pa.Table], pa.Array]:
    """Selects the events with an id."""
    ids = strings([event_id])
    return lambda rows: pc.is_in(rows["event_id"], value_set=ids)


def _with(event_id: str) -> Callable[[pa.Table], pa.Array]:
    """Selects all that may be changes, on which names depend, and one event."""
    has_id = _is(event_id)
    return lambda rows: pc.or_(maybe_changes(rows), has_id(rows))


def _shown(
    store: StoreReader,
    commit: Commit,
    row: dict[str, Any],
    changes: list[Change],
    refusals: dict[int, Refusal],
) -> ShownRecord:
    """A row of `EVENTS` with its evidence."""
    where = Location(row["log_file_bucket"], row["log_file_key"], row["record_index"])
    own = next((change for change in changes if change.where == where), None)
    told = own or next(
        (change for change in changes if row["event_id"] in change.related_event_ids), None
    )
    log_file = _log_file(store, where, row["log_file_etag"])
    return ShownRecord(
        record=row["record"],
        where=where,
        etag=row["log_file_etag"],
        log_file_sha256=row["log_file_sha256"],
        record_sha256=row["record_sha256"],
        conflict=row["conflict"],
        recipient_account_id=row["recipient_account_id"],
        commit=commit,
        log_file=log_file,
        attested=attestation(store, where, row["log_file_sha256"]),
        change=told,
        told_with=told.event.event_id if told and told is not own else None,
        refusal=refusals.get(id(told)),
    )


def _log_file(store: StoreReader, where: Location, etag: str) -> dict[str, Any] | None:
    """The row of `LOG_FILES` for the last time a log file was read."""
    day = parse_key(where.key).day or NO_DAY
    found: list[dict[str, Any]] = [
        row
        for row in store.log_files([day]).to_pylist()
        if (row["bucket"], row["key"], row["etag"], row["status"])
        == (where.bucket, where.key, etag, "done")
    ]
    return found[-1] if found else None


def _refusal_json(refusal: Refusal) -> dict[str, object]:
    """The policy that refused a call, with the columns of `report denied`."""
    written = refusal.written
    return {
        "policy_id": refusal.policy_id,
        "policy_name": refusal.name,
        "policy_kind": refusal.kind,
        "policy_arn": refusal.arn,
        "policy_version": refusal.version,
        "policy_written": written and format_instant(written.event.event_time),
        "policy_written_by": written and written.principal.display,
        "policy_event_id": written and written.event.event_id,
        "policy_attached_to": list(refusal.attached_to),
    }


def _change_json(change: Change) -> dict[str, object]:
    """A change as `report changes` gives it, and where the name of its principal comes from."""
    row = zip((column.name for column in _COLUMNS), row_maker(_COLUMNS)(change), strict=True)
    named = naming(change.principal.rule)
    plain = {
        name: as_text(value) if isinstance(value, datetime | timedelta) else value
        for name, value in row
    }
    return {**plain, "named_by": named.by, "naming": named.means}
