"""One event in full: what it did, its record, and the evidence for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trailscan.location import Location
from trailscan.numbers import counted
from trailscan.organizations.refusals import find_refusals
from trailscan.reports.around import around_report, window_around
from trailscan.reports.attestation import attestation
from trailscan.reports.changes import COLUMNS
from trailscan.reports.credential_use import use_of
from trailscan.reports.events import iterate_events
from trailscan.reports.findings.reads import examine
from trailscan.reports.findings.report import findings_on
from trailscan.reports.lookup import whole_id
from trailscan.reports.principals import naming
from trailscan.store.paths import NO_DAY
from trailscan.table import as_text, row_maker
from trailscan.trail.keys import parse_key
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trailscan.organizations.changes import Change
    from trailscan.organizations.refusals import Refusal
    from trailscan.reports.credential_use import Use
    from trailscan.store.ledger import Commit
    from trailscan.store.reader import StoreReader
    from trailscan.table import Table

AN_HOUR = timedelta(hours=1)
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
        event: who made which call, of whatever service.
        use: of its credential in the store.
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
    event: Change
    use: Use
    refusal: Refusal | None = None

    def to_json(self) -> dict[str, object]:
        """The record, its change and its evidence in the documented, stable JSON form."""
        commit = self.commit
        log_file = self.log_file or {}
        delivered = log_file.get("delivered")
        return {
            "change": self.change and _change_json(self.change),
            "told_with_event_id": self.told_with,
            "called": {
                "principal": self.event.principal.display,
                "description": self.event.description,
                "event_source": self.event.event.event_source,
                "client": self.event.client,
                "outcome": self.event.outcome,
            },
            "credential": self.use.to_json(),
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
    """An event: one record, or several if records with its id contradict each other.

    Attributes:
        event_id: of the event.
        records: all with this id.
        findings: the findings that name it, as `report findings` has them.
        around: what the same principal, key and address did around it.
    """

    event_id: str
    records: tuple[ShownRecord, ...]
    findings: Table
    around: Table

    def __repr__(self) -> str:
        told = next((one.change.description for one in self.records if one.change), "")
        records = counted(len(self.records), "record")
        return f"<trailscan event {self.event_id}: {records}; {told!r}>"

    def to_json(self) -> dict[str, object]:
        """The event in the documented, stable JSON form."""
        return {
            "event_id": self.event_id,
            "records": [one.to_json() for one in self.records],
            "findings": _rows_json(self.findings),
            "around": _rows_json(self.around),
            "around_incomplete": list(self.around.incomplete),
        }


def show_event(store: StoreReader, event_id: str, within: timedelta = AN_HOUR) -> Shown:
    """One event of a store in full.

    Args:
        store: where it is.
        event_id: its id or the beginning of it, in upper or lower case.
        within: how long before and after it the same principal, key and address are followed.

    Raises:
        NotFoundError: no event id has this beginning.
        TrailscanError: several have.
    """
    whole = whole_id(store, event_id)
    window = window_around(store, whole, within)
    examined = examine(store, window=window)
    changes = examined.told
    refusals = find_refusals(changes)
    told_around = list(iterate_events(store, window, changes))
    events = {one.where: one for one in told_around if one.event.event_id == whole}
    records = tuple(
        _shown(store, commit, row, events, changes, refusals)
        for day in sorted({one.event.event_time.date() for one in events.values()})
        for commit, rows in store.brought_by(whole, day)
        for row in rows.to_pylist()
    )
    told = {record.change.event.event_id for record in records if record.change}
    findings = findings_on(examined, {whole, *told})
    return Shown(whole, records, findings, around_report(store, whole, within, told_around))


def _shown(
    store: StoreReader,
    commit: Commit,
    row: dict[str, Any],
    events: dict[Location, Change],
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
    event = events[where]
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
        event=event,
        use=use_of(store, event.event),
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


def _rows_json(table: Table) -> list[dict[str, object]]:
    """The rows of a table as JSON has them."""
    return [_plain(row) for row in table.records()]


def _plain(row: Mapping[str, object]) -> dict[str, object]:
    """A row with its instants and durations as text."""
    return {
        name: as_text(value) if isinstance(value, datetime | timedelta) else value
        for name, value in row.items()
    }


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
    return {**_plain(dict(row)), "named_by": named.by, "naming": named.means}
