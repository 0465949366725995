"""How each policy evolved: one row a version, attachment or deletion."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from trailscan.numbers import counted
from trailscan.organizations.fields import text_at
from trailscan.organizations.versions import PolicyStep, follow_policies
from trailscan.reports.attestation import EVIDENCE, with_attestation
from trailscan.reports.changes import ACCESS, ACTION, CERTAIN, TARGETS, TIME, read_changes
from trailscan.reports.notes import Examined, notes_on
from trailscan.table import Column, Table, detail, rows_of

if TYPE_CHECKING:
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader


def summary(step: PolicyStep) -> str:
    """What a step did, in words."""
    parts = []
    if step.difference is not None:
        parts.append(step.difference.in_words)
        if not step.difference.same:
            parts += filter(None, [step.change.access_in_words])
    if step.renamed_from is not None:
        parts.append(f"renamed from {step.renamed_from}")
    if step.same_as is not None:
        parts.append(f"same text as version {step.same_as}")
    if step.step == "updated":
        parts.append("previous text not in the store")
    return "; ".join(parts) or step.change.description


def _text_sha256(step: PolicyStep) -> str | None:
    return None if step.after is None else hashlib.sha256(step.after.encode()).hexdigest()


def _attached_to(step: PolicyStep) -> str | None:
    """The target of an attachment or detachment."""
    attached = step.change.action in ("AttachPolicy", "DetachPolicy")
    return text_at(step.change.event, "request.targetId") if attached else None


def _policy_id(step: PolicyStep) -> str | None:
    return step.change.target_id if _is_of_one_policy(step) else None


def _policy_name(step: PolicyStep) -> str | None:
    return step.change.target_name if _is_of_one_policy(step) else None


def _is_of_one_policy(step: PolicyStep) -> bool:
    return step.change.category in ("policy", "resource_policy")


COLUMNS = (
    Column("policy_id", "Policy", "id", most_width=18, rank=4, of=_policy_id),
    Column("policy_name", "Name", "text", most_width=24, least_width=16, of=_policy_name),
    TIME.via("change"),
    Column("step", "Step", "text", most_width=16, rank=3),
    Column("version", "Version", "count", rank=5),
    Column("summary", "What", "text", wide=True, least_width=28, of=summary),
    Column("principal", "Who", "text", most_width=24, rank=1, of="change.principal.display"),
    Column("outcome", "Outcome", "text", rank=6, of="change.outcome"),
    Column("severity", "Severity", "text", rank=7, of="change.severity"),
    Column("event_id", "Event", "id", short=8, rank=2, of="change.event.event_id"),
    detail("policy_type", "Type", "text", of="kind"),
    detail("target", "Attached to or detached from", "id", of=_attached_to),
    *(column.via("change") for column in TARGETS),
    detail("same_as_version", "Same text as version", "count", of="same_as"),
    detail("text_sha256", "SHA-256 of the text", "text", of=_text_sha256),
    detail("description", "Description", "text", of="change.description"),
    *(column.via("change") for column in (ACTION, *ACCESS, CERTAIN, *EVIDENCE)),
)


def policies_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """The steps in each policy's life, policy by policy in the order in which they appear.

    The whole history is compared, whatever the filter: a text in the window is compared with the
    one before it. Steps that belong to no single policy (a policy type switched on or off, a denied
    call that names none) come last.
    """
    examined = read_changes(store)
    steps = list(follow_policies(examined))
    appeared: dict[str | None, int] = {}
    for step in steps:
        if step.change.target_id is not None and step.change.category == "policy":
            appeared.setdefault(step.change.target_id, len(appeared))
    matching = [step for step in steps if filters.match(step.change)]
    matching.sort(key=lambda step: appeared.get(step.change.target_id, len(appeared)))
    policies = len({step.change.target_id for step in matching} & appeared.keys())
    more = [f"steps of {counted(policies, 'policy', 'policies')}"] if matching else []
    table = Table(
        name="policies",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, matching),
        window=filters.window,
        notes=notes_on(store, filters, len(matching), Examined.of(examined), *more),
    )
    return with_attestation(store, table)
