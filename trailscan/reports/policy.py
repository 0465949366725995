"""One policy: every version of its text, who wrote it, and how two of them differ."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trailscan.errors import NotFoundError
from trailscan.numbers import counted
from trailscan.organizations.access_changes import of_texts
from trailscan.organizations.policies import compare_policies
from trailscan.organizations.versions import follow_policies
from trailscan.reports.changes import read_changes
from trailscan.reports.missing import Question, missing
from trailscan.reports.policies import COLUMNS, summary
from trailscan.table import Column, Table, rows_of
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trailscan.organizations.access.change import AccessChange
    from trailscan.organizations.policies import PolicyDifference
    from trailscan.organizations.versions import PolicyStep
    from trailscan.store.reader import StoreReader

_SHOWN = 5
_COLUMNS = (
    *(one for one in COLUMNS if one.name not in ("policy_id", "policy_name")),
    Column("text", "Text", "text", detail=True, of="after"),
)


@dataclass(frozen=True, slots=True)
class Version:
    """One text of a policy.

    Attributes:
        number: from 1, in the order in which the log has them.
        since: when it was written (UTC).
        text: as it was written.
        principal: who wrote it.
        event_id: of the call that wrote it.
        what: how it differs from the one before, in words.
    """

    number: int
    since: datetime
    text: str
    principal: str
    event_id: str
    what: str


@dataclass(frozen=True, slots=True)
class PolicyHistory:
    """A policy in the log of a store.

    Attributes:
        policy_id: such as `p-examplepolicy`.
        name: its last name that the log has; None if it has none.
        policy_type: such as `SERVICE_CONTROL_POLICY`; None if the log does not have it.
        versions: of its text, in order of time.
        steps: its whole life, one row a version, attachment or deletion, with the texts.
    """

    policy_id: str
    name: str | None
    policy_type: str | None
    versions: tuple[Version, ...]
    steps: Table

    def at(self, when: datetime) -> Version | None:
        """The version in force at an instant; None if the log has none by then."""
        return next((one for one in reversed(self.versions) if one.since <= when), None)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts of a policy.

    Attributes:
        before: the earlier version; None if the later one is the first that the log has.
        after: the later one.
        difference: statement by statement; None without an earlier one.
        access: what accounts may do afterwards, the policy taken by itself; None without an
            earlier one.
    """

    before: Version | None
    after: Version
    difference: PolicyDifference | None
    access: AccessChange | None


def compare(policy: PolicyHistory, before: Version | None, after: Version) -> Comparison:
    """How two versions of a policy differ, in words and in what they permit or enforce."""
    if before is None:
        return Comparison(None, after, None, None)
    difference = compare_policies(before.text, after.text)
    access = of_texts(before.text, after.text, policy.policy_type or "")
    return Comparison(before, after, difference, access)


def policy_history(store: StoreReader, policy: str) -> PolicyHistory:
    """All that the log of a store has of one policy.

    Args:
        store: where the log is.
        policy: its id, or its name as it was at any time, in upper or lower case.

    Raises:
        NotFoundError: the log has no such policy, or several of the name.
    """
    every = [
        step
        for step in follow_policies(read_changes(store))
        if step.change.target_id and step.change.category in ("policy", "resource_policy")
    ]
    wanted = policy.strip().casefold()
    ids = {one.change.target_id for one in every if wanted in _names_of(one)}
    if len(ids) != 1:
        raise _not_one(policy, every, sorted(filter(None, ids)))
    (policy_id,) = ids
    mine = [step for step in every if step.change.target_id == policy_id]
    named = [step.change.target_name for step in mine if step.change.target_name]
    types = [step.policy_type for step in mine if step.policy_type]
    return PolicyHistory(
        policy_id=policy_id or "",
        name=named[-1] if named else None,
        policy_type=types[-1] if types else None,
        versions=tuple(_versions(mine)),
        steps=_steps(store, policy_id or "", mine),
    )


def _names_of(step: PolicyStep) -> set[str]:
    """The id and the name of a step's policy, in lower case."""
    return {(text or "").casefold() for text in (step.change.target_id, step.change.target_name)}


def _not_one(policy: str, every: Sequence[PolicyStep], ids: Sequence[str]) -> NotFoundError:
    """The error for a policy that is not there, or not alone."""
    if ids:
        return NotFoundError(f"{len(ids)} policies have the name {policy!r}: {', '.join(ids)}")
    known = sorted({step.change.target_id or "" for step in every})
    some = f": {', '.join(known[:_SHOWN])}{' …' if len(known) > _SHOWN else ''}" if known else ""
    return NotFoundError(
        f"no policy {policy!r} in the log of this store",
        f"it has {counted(len(known), 'policy', 'policies')}{some}",
    )


def _versions(steps: Sequence[PolicyStep]) -> list[Version]:
    """The texts among the steps of a policy."""
    return [
        Version(
            number=step.version or 0,
            since=step.change.event.event_time,
            text=step.after,
            principal=step.change.principal.display,
            event_id=step.change.event.event_id,
            what=summary(step),
        )
        for step in steps
        if step.after is not None
    ]


def _steps(store: StoreReader, policy_id: str, steps: Sequence[PolicyStep]) -> Table:
    """The steps of a policy as a report."""
    return replace(
        Table("policies", _COLUMNS, rows_of(_COLUMNS, steps), Window()),
        title=f"Policy {policy_id}",
        incomplete=missing(store, Question.of_events(Window(), ())),
    )
