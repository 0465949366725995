"""How policies evolved: each version of a text, each attachment, what every update changed.

The text before an update is not in its event: it is what the events before it left.
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
    """One step in the life of a policy, or of all policies of a type.

    Attributes:
        change: the call.
        step: what it did, as `text changed`; `tried to …` if it was denied or failed.
        kind: the type of policy as people call it, as far as the log tells.
        version: of the text after it, counted from the first that the log has; None while it has
            none.
        before: the text before it, if it changed the text and the log has it.
        after: the text after it, if it created or changed one.
        difference: between both.
        same_as: the version that had this very text before.
        renamed_from: the name before, if it changed the name.
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


def follow_policies(changes: Iterable[Change]) -> Iterator[PolicyStep]:
    """The steps in the lives of all policies, in the order of the changes.

    Args:
        changes: all there are, in order of time: what is left out cannot be compared with.
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
    """One step; adds a new text to those that the policy had."""
    did, tried_to = verbs
    done = change.outcome == "succeeded"
    kind = policy_type_label(new.type) or policy_type_at(change.event)
    step = PolicyStep(change, did if done else f"tried to {tried_to}", kind)
    if done and did == _UPDATED:
        step = _updated(step, old, new)
    if done and new.content is not None and new.content != old.content:
        step = _new_text(step, old.content, new.content, texts)
    return replace(step, version=len(texts) or None)


def _updated(step: PolicyStep, old: Policy, new: Policy) -> PolicyStep:
    """An update by what it changed besides the text, if anything is known to have changed."""
    renamed_from = old.name if old.name != new.name else None
    if renamed_from:
        return replace(step, step="renamed", renamed_from=renamed_from)
    if old.description and old.description != new.description:
        return replace(step, step="description changed")
    given = step.change.event.request.keys() & {"content", "name", "description"}
    known = given and all(getattr(old, member) is not None for member in given)
    return replace(step, step="nothing changed") if known else step


def _new_text(step: PolicyStep, before: str | None, after: str, texts: list[str]) -> PolicyStep:
    """A step that gave another text than the last."""
    same_as = texts.index(after) + 1 if after in texts else None
    texts.append(after)
    if before is None:
        return replace(step, after=after)
    difference = compare_policies(before, after)
    words = "only reformatted" if difference.same else "text changed"
    return replace(
        step, step=words, before=before, after=after, difference=difference, same_as=same_as
    )
