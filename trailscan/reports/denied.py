"""What was refused, to whom, and why: one row a refusal."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from trailscan.numbers import counted
from trailscan.reports.attestation import EVIDENCE, with_attestation
from trailscan.reports.changes import (
    CHAIN,
    ERROR,
    EVENT_ID,
    IDENTITY,
    ORIGIN,
    PRINCIPAL,
    RECORDED_IN,
    SUBJECT,
    TIME,
    read_changes,
)
from trailscan.reports.notes import Examined, notes_on
from trailscan.table import Column, Table, detail, rows_of

if TYPE_CHECKING:
    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

_EXPLICIT = re.compile(r"with an explicit deny in (an? )([a-z -]+?)(?: policy)?(?=[:.]|$)")
_IMPLICIT = re.compile(r"because no ([a-z -]+?) policy allows")
"""The two forms of AWS's access denied messages (IAM user guide, `troubleshoot_access-denied`)."""


def reason(error_code: str | None, error_message: str | None) -> str:
    """Why a call was denied, as far as AWS tells the caller."""
    message = error_message or ""
    if found := _EXPLICIT.search(message):
        return f"explicit deny in {found[1]}{_policy(found[2])}"
    if found := _IMPLICIT.search(message):
        return f"no {found[1]} policy allows it"
    return message or error_code or "no reason given"


def _policy(kind: str) -> str:
    """A kind of policy with its last word, which AWS leaves out of some."""
    return kind if kind.endswith(("policy", "boundary")) else f"{kind} policy"


def _reason(change: Change) -> str:
    return reason(change.event.error_code, change.event.error_message)


COLUMNS = (
    TIME,
    PRINCIPAL,
    Column("event_name", "Action", "text", least_width=100, of="action"),
    Column("target", "Target", "id", least_width=120, most_width=20, of="target_id"),
    Column("reason", "Why", "text", wide=True, of=_reason),
    Column("severity", "Severity", "text"),
    *ORIGIN,
    EVENT_ID,
    detail("description", "What", "text"),
    *SUBJECT,
    RECORDED_IN,
    *IDENTITY,
    *CHAIN,
    *ERROR,
    *EVIDENCE,
)


def denied_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """The matching changes that were denied, in order of time and event id.

    A call can fail for other reasons than missing permission; a note counts those.
    """
    examined = read_changes(store, reads=filters.reads)
    any_outcome = replace(filters, outcome=())
    matching = [change for change in examined if any_outcome.match(change)]
    denied = [change for change in matching if change.outcome == "denied"]
    failed = sum(change.outcome == "failed" for change in matching)
    more = [f"{counted(failed, 'other call')} failed for other reasons"] if failed else []
    shown = replace(filters, outcome=("denied",))
    table = Table(
        name="denied",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, denied),
        window=filters.window,
        notes=notes_on(store, shown, len(denied), Examined.of(examined), *more),
    )
    return with_attestation(store, table)
