"""What was refused, to whom, and why: one row a refusal."""

from __future__ import annotations

import re
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted
from trailscan.organizations.refusals import find_refusals
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
from trailscan.reports.notes import Examined, claim_notes, notes_on
from trailscan.table import Column, Table, detail, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.organizations.changes import Change
    from trailscan.organizations.refusals import Refusal
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


class Denied(NamedTuple):
    """A call that was denied, and the policy that AWS names, if it names one."""

    change: Change
    refusal: Refusal | None

    @property
    def reason(self) -> str:
        """Why it was denied: the kind of policy, and which one at least."""
        event = self.change.event
        why = reason(event.error_code, event.error_message)
        return f"{why}: {self.refusal.in_words}" if self.refusal else why


def _of_refusal(name: str) -> Callable[[Denied], object]:
    """A fact about the policy that refused a call."""
    found = attrgetter(name)
    return lambda one: one.refusal and found(one.refusal)


def _of_text(name: str) -> Callable[[Denied], object]:
    """A fact about the call that wrote the text of the policy."""
    found = attrgetter(name)
    return lambda one: one.refusal and one.refusal.written and found(one.refusal.written)


def _attached_to(one: Denied) -> tuple[str, ...]:
    return one.refusal.attached_to if one.refusal else ()


REFUSAL = (
    detail("policy_id", "Policy", "id", of=_of_refusal("policy_id")),
    detail("policy_name", "Policy name", "text", of=_of_refusal("name")),
    detail("policy_kind", "Policy kind", "text", of=_of_refusal("kind")),
    detail("policy_arn", "Policy ARN", "text", of=_of_refusal("arn")),
    detail("policy_version", "Version in force", "count", of=_of_refusal("version")),
    detail("policy_written", "Written (UTC)", "instant", of=_of_text("event.event_time")),
    detail("policy_written_by", "Written by", "text", of=_of_text("principal.display")),
    detail("policy_event_id", "Written in event", "id", of=_of_text("event.event_id")),
    detail("policy_attached_to", "Attached to", "list", of=_attached_to),
)
"""What is known of the policy that refused a call; AWS names one, even if several did."""

COLUMNS = (
    TIME.via("change"),
    PRINCIPAL.via("change"),
    Column("event_name", "Action", "text", most_width=18, of="change.action"),
    Column("target", "Target", "id", most_width=20, rank=5, of="change.target_id"),
    Column("reason", "Why", "text", wide=True, least_width=20),
    Column("severity", "Severity", "text", rank=3, of="change.severity"),
    *(column.via("change") for column in (*ORIGIN, EVENT_ID)),
    detail("description", "What", "text", of="change.description"),
    *REFUSAL,
    *(
        column.via("change")
        for column in (*SUBJECT, RECORDED_IN, *IDENTITY, *CHAIN, *ERROR, *EVIDENCE)
    ),
)


def denied_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """The matching changes that were denied, in order of time and event id.

    A call can fail for other reasons than missing permission; a note counts those.
    """
    examined = read_changes(store, reads=filters.reads)
    any_outcome = replace(filters, outcome=())
    matching = [change for change in examined if any_outcome.match(change)]
    refusals = find_refusals(examined)
    denied = [
        Denied(change, refusals.get(id(change)))
        for change in matching
        if change.outcome == "denied"
    ]
    failed = sum(change.outcome == "failed" for change in matching)
    more = [f"{counted(failed, 'other call')} failed for other reasons"] if failed else []
    more += claim_notes(filters, [one.change for one in denied])
    shown = replace(filters, outcome=("denied",))
    table = Table(
        name="denied",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, denied),
        window=filters.window,
        notes=notes_on(store, shown, len(denied), Examined.of(examined), *more),
    )
    return with_attestation(store, table)
