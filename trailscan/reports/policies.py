"""How each policy evolved: one row a version, attachment or deletion."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from trailscan.organizations.fields import text_at
from trailscan.organizations.versions import PolicyStep, follow_policies
from trailscan.reports.attestation import ATTESTATION, UNCHECKED, with_attestation
from trailscan.reports.changes import read_changes
from trailscan.reports.notes import count, looked_at
from trailscan.table import Column, Table

if TYPE_CHECKING:
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

COLUMNS = (
    Column("policy_id", "Policy", "id", least_width=100, most_width=18),
    Column("policy_name", "Name", "text", most_width=24),
    Column("event_time", "When (UTC)", "instant"),
    Column("step", "Step", "text", most_width=16),
    Column("version", "Version", "count", least_width=110),
    Column("summary", "What", "text", wide=True),
    Column("principal", "Who", "text", least_width=130, most_width=24),
    Column("outcome", "Outcome", "text", least_width=140),
    Column("severity", "Severity", "text", least_width=150),
    Column("event_id", "Event", "id", least_width=120, short=8),
    Column("policy_type", "Type", "text", detail=True),
    Column("target", "Attached to or detached from", "id", detail=True),
    Column("same_as_version", "Same text as version", "count", detail=True),
    Column("text_sha256", "SHA-256 of the text", "text", detail=True),
    Column("description", "In words", "text", detail=True),
    Column("event_name", "Action", "text", detail=True),
    Column("principal_certain", "Principal certain", "flag", detail=True),
    Column("log_file", "Log file", "text", detail=True),
    Column("record_index", "Record", "count", detail=True),
    *ATTESTATION,
)


def policies_report(store: StoreReader, wanted: ChangeFilter) -> Table:
    """The steps in each policy's life, policy by policy in the order in which they appear.

    All of the store's history is compared, whatever the filter: a text before the window is what a
    text in it is compared with. Steps of no single policy (its type switched, a refusal that names
    none) stand at the end.
    """
    seen = read_changes(store)
    steps = list(follow_policies(seen))
    appeared: dict[str | None, int] = {}
    for step in steps:
        if step.change.target_id is not None and step.change.category == "policy":
            appeared.setdefault(step.change.target_id, len(appeared))
    found = [step for step in steps if wanted.holds(step.change)]
    found.sort(key=lambda step: appeared.get(step.change.target_id, len(appeared)))
    policies = len({step.change.target_id for step in found} & appeared.keys())
    said = [f"steps of {count(policies, 'policy', 'policies')}"] if found else []
    table = Table(
        name="policies",
        columns=COLUMNS,
        rows=tuple(_row(step) for step in found),
        window=wanted.window,
        notes=looked_at(store, wanted, [step.change for step in found], seen, *said),
    )
    return with_attestation(store, table)


def summary(step: PolicyStep) -> str:
    """What a step did, in words."""
    said = []
    if step.difference is not None:
        said.append(step.difference.in_words)
    if step.renamed_from is not None:
        said.append(f"was called {step.renamed_from}")
    if step.same_as is not None:
        said.append(f"the text of version {step.same_as} again")
    if step.step == "updated":
        said.append("the text before was not seen")
    return "; ".join(said) or step.change.description


def _row(step: PolicyStep) -> tuple[object, ...]:
    """A step in the order of `COLUMNS`."""
    change = step.change
    event = change.event
    attached = change.action in ("AttachPolicy", "DetachPolicy")
    single = change.category in ("policy", "resource_policy")
    return (
        change.target_id if single else None,
        change.target_name if single else None,
        event.event_time,
        step.step,
        step.version,
        summary(step),
        change.principal.display,
        change.outcome,
        change.severity,
        event.event_id,
        step.kind,
        text_at(event, "request.targetId") if attached else None,
        step.same_as,
        None if step.after is None else hashlib.sha256(step.after.encode()).hexdigest(),
        change.description,
        change.action,
        change.principal.certain,
        str(change.where._replace(record_index=None)),
        change.where.record_index,
        *UNCHECKED,
    )
