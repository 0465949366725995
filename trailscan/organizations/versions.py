"""The history of policies: each version of a text, each attachment, what every update changed.

An update's event does not have the previous text; it comes from the events before it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trailscan.organizations.policies import PolicyDifference, compare_policies
from trailscan.organizations.policy_types import policy_type_at, policy_type_label
from trailscan.organizations.replay import apply
from trailscan.organizations.state import Organization, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.organizations.changes import Change


_UPDATED = "updated"
"""The step of an operation whose call says what it changed."""


@dataclass(frozen=True, slots=True)
class PolicyStep:
    """One step in the history of a policy, or of all policies of a type.

    Attributes:
        change: the call.
        step: what it did, such as `text changed`; `tried to …` if it was denied or failed.
        kind: the label of the policy type, if the log has it.
        policy_type: the type as AWS names it, if the log has it.
        version: the version of the text after it, counted from the first in the log; None if the
            log has none yet.
        before: the previous text, if the step changed it and the log has it.
        after: the new text, if the step created or changed it.
        difference: between both texts.
        same_as: the earlier version with the same text.
        renamed_from: the previous name, if the step changed it.
    """

    change: Change
    step: str
    kind: str | None = None
    version: int | None = None
    before: str | None = None
    after: str | None = None
    difference: PolicyDifference | None = None
    same_as: int | None = None
    renamed_from: str | None = None
    policy_type: str | None = None


def follow_policies(changes: Iterable[Change]) -> Iterator[PolicyStep]:
    """The steps of all policies, in the order of the changes.

    Args:
        changes: all changes in order of time, because each text is compared with the one before.
    """
    state = Organization()
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for change in changes:
        operation = change.operation
        if operation is None or operation.policy_step is None:
            continue
        state, before = apply(state, change.event), state
        name = change.target_id or ""
        old, new = (one.policies.get(name, Policy()) for one in (before, state))
        yield _step(change, operation.policy_step, old, new, texts[name])


def _step(
    change: Change, verbs: tuple[str, str], old: Policy, new: Policy, texts: list[str]
) -> PolicyStep:
    """One step; a new text is appended to the texts that the policy had."""
    did, tried_to = verbs
    done = change.outcome == "succeeded"
    kind = policy_type_label(new.type) or policy_type_at(change.event)
    step = PolicyStep(change, did if done else f"tried to {tried_to}", kind, policy_type=new.type)
    if done and did == _UPDATED:
        step = _updated(step, old, new)
    if done and new.content is not None and new.content != old.content:
        step = _new_text(step, old.content, new.content, texts)
    return replace(step, version=len(texts) or None)


def _updated(step: PolicyStep, old: Policy, new: Policy) -> PolicyStep:
    """An update, described by what it changed besides the text."""
    renamed_from = old.name if old.name != new.name else None
    if renamed_from:
        return replace(step, step="renamed", renamed_from=renamed_from)
    if old.description and old.description != new.description:
        return replace(step, step="description changed")
    given = step.change.event.request.keys() & {"content", "name", "description"}
    known = given and all(getattr(old, member) is not None for member in given)
    return replace(step, step="nothing changed") if known else step


def _new_text(step: PolicyStep, before: str | None, after: str, texts: list[str]) -> PolicyStep:
    """A step that changed the text; the new text is appended to the texts that the policy had."""
    same_as = texts.index(after) + 1 if after in texts else None
    texts.append(after)
    if before is None:
        return replace(step, after=after)
    difference = compare_policies(before, after)
    words = "only reformatted" if difference.same else "text changed"
    return replace(
        step, step=words, before=before, after=after, difference=difference, same_as=same_as
    )
