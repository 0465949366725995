"""What was refused, to whom, and why: one row a refusal."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from trailscan.reports.attestation import ATTESTATION, UNCHECKED, with_attestation
from trailscan.reports.changes import read_changes
from trailscan.reports.notes import count, looked_at
from trailscan.table import Column, Table

if TYPE_CHECKING:
    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

COLUMNS = (
    Column("event_time", "When (UTC)", "instant"),
    Column("principal", "Who", "text", most_width=30),
    Column("event_name", "Action", "text", least_width=100),
    Column("target", "Target", "id", least_width=120, most_width=20),
    Column("reason", "Why", "text", wide=True),
    Column("severity", "Severity", "text"),
    Column("source_ip_address", "From", "text", least_width=130, most_width=16),
    Column("client", "With", "text", least_width=160, most_width=13),
    Column("event_id", "Event", "id", least_width=100, short=8),
    Column("description", "What", "text", detail=True),
    Column("category", "Category", "text", detail=True),
    Column("target_name", "Target name", "text", detail=True),
    Column("target_type", "Target type", "text", detail=True),
    Column("recipient_account_id", "Account", "id", detail=True),
    Column("principal_kind", "Kind of principal", "text", detail=True),
    Column("principal_arn", "ARN", "text", detail=True),
    Column("principal_certain", "Principal certain", "flag", detail=True),
    Column("error_code", "Error", "text", detail=True),
    Column("error_message", "Error message", "text", detail=True),
    Column("user_agent", "User agent", "text", detail=True),
    Column("log_file", "Log file", "text", detail=True),
    Column("record_index", "Record", "count", detail=True),
    *ATTESTATION,
)

_EXPLICIT = re.compile(r"with an explicit deny in (an? )([a-z -]+?)(?: policy)?(?=[:.]|$)")
_IMPLICIT = re.compile(r"because no ([a-z -]+?) policy allows")
"""The two forms of AWS's access denied messages (IAM user guide, `troubleshoot_access-denied`)."""


def denied_report(store: StoreReader, wanted: ChangeFilter) -> Table:
    """The wanted changes that were denied, in order of time and event id.

    A call can fail for other reasons than missing permission; those are counted in a note.
    """
    seen = read_changes(store, reads=wanted.reads)
    asked = replace(wanted, outcome=())
    matching = [change for change in seen if asked.holds(change)]
    found = [change for change in matching if change.outcome == "denied"]
    failed = sum(change.outcome == "failed" for change in matching)
    said = [f"{count(failed, 'other call')} failed for other reasons"] if failed else []
    table = Table(
        name="denied",
        columns=COLUMNS,
        rows=tuple(_row(change) for change in found),
        window=wanted.window,
        notes=looked_at(store, replace(asked, outcome=("denied",)), found, seen, *said),
    )
    return with_attestation(store, table)


def reason(error_code: str | None, error_message: str | None) -> str:
    """Why a call was denied, as far as AWS tells the caller."""
    message = error_message or ""
    if found := _EXPLICIT.search(message):
        return f"explicit deny in {found[1]}{_policy(found[2])}"
    if found := _IMPLICIT.search(message):
        return f"no {found[1]} policy allows it"
    return message or error_code or "not told"


def _policy(kind: str) -> str:
    """A kind of policy with its last word, which AWS leaves out of some."""
    return kind if kind.endswith(("policy", "boundary")) else f"{kind} policy"


def _row(change: Change) -> tuple[object, ...]:
    """A refusal in the order of `COLUMNS`."""
    event, who = change.event, change.principal
    return (
        event.event_time,
        who.display,
        change.action,
        change.target_id,
        reason(event.error_code, event.error_message),
        change.severity,
        event.source_ip_address,
        change.client,
        event.event_id,
        change.description,
        change.category,
        change.target_name,
        change.target_type,
        event.recipient_account_id,
        who.kind,
        who.arn,
        who.certain,
        event.error_code,
        event.error_message,
        event.user_agent,
        str(change.where._replace(record_index=None)),
        change.where.record_index,
        *UNCHECKED,
    )
