"""How policies evolved: each version of a text, each attachment, what every update changed.

The text before an update is not in its event: it is that of the last event of the policy that had
one. A policy whose text was never seen before an update has nothing to be compared with.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.policies import PolicyDifference, compare_policies
from trailscan.organizations.values import policy_type, text_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.organizations.changes import Change

_SUMMARY = "response.policy.policySummary"


class _Verb(NamedTuple):
    """What an operation did, and what it tried to do."""

    done: str
    tried: str


VERBS = {
    "CreatePolicy": _Verb("created", "create"),
    "UpdatePolicy": _Verb("updated", "update"),
    "AttachPolicy": _Verb("attached", "attach"),
    "DetachPolicy": _Verb("detached", "detach"),
    "DeletePolicy": _Verb("deleted", "delete"),
    "EnablePolicyType": _Verb("type enabled", "enable the type"),
    "DisablePolicyType": _Verb("type disabled", "disable the type"),
    "PutResourcePolicy": _Verb("resource policy written", "write the resource policy"),
    "DeleteResourcePolicy": _Verb("resource policy deleted", "delete the resource policy"),
}
"""The operations by which policies evolve."""


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
        after: the text after it, if it gave one.
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


@dataclass(slots=True)
class _Policy:
    """What is known of a policy at a moment."""

    kind: str | None = None
    name: str | None = None
    description: str | None = None
    texts: list[str] = field(default_factory=list)

    @property
    def version(self) -> int | None:
        return len(self.texts) or None


def follow_policies(changes: Iterable[Change]) -> Iterator[PolicyStep]:
    """The steps in the lives of all policies, in the order of the changes.

    Args:
        changes: all there are, in order of time: what is left out cannot be compared with.
    """
    policies: dict[str, _Policy] = {}
    for change in changes:
        if change.action in VERBS:
            known = policies.setdefault(change.target_id or "", _Policy())
            yield _step(change, known if change.target_id else _Policy())


def _step(change: Change, known: _Policy) -> PolicyStep:
    """One step; tells what it changed to what is known."""
    verb = VERBS[change.action]
    known.kind = policy_type(change.event) or known.kind
    if change.outcome != "succeeded":
        return PolicyStep(change, f"tried to {verb.tried}", known.kind, known.version)
    step = PolicyStep(change, verb.done, known.kind, known.version)
    if change.action in ("CreatePolicy", "UpdatePolicy"):
        return _text_step(step, known)
    return step


def _text_step(step: PolicyStep, known: _Policy) -> PolicyStep:
    """A policy created or updated: its text, its name and its description."""
    event = step.change.event
    after = text_at(event, "response.policy.content", "request.content")
    name = text_at(event, f"{_SUMMARY}.name", "request.name")
    description = text_at(event, f"{_SUMMARY}.description", "request.description")
    before = known.texts[-1] if known.texts else None
    told = _named_step(replace(step, after=after), known, name, description)
    if after is not None and after != before:
        told = _new_text(told, known, before, after)
    known.name, known.description = name or known.name, description or known.description
    return replace(told, version=known.version)


def _named_step(
    step: PolicyStep, known: _Policy, name: str | None, description: str | None
) -> PolicyStep:
    """An update by what it changed besides the text, if anything."""
    if step.change.action == "CreatePolicy":
        return step
    if name and known.name and name != known.name:
        return replace(step, step="renamed", renamed_from=known.name)
    if description and known.description and description != known.description:
        return replace(step, step="description changed")
    request = step.change.event.request
    before = {
        "content": known.texts,
        "name": known.name,
        "description": known.description,
    }
    unknown = any(member in request and not value for member, value in before.items())
    return step if unknown else replace(step, step="nothing changed")


def _new_text(step: PolicyStep, known: _Policy, before: str | None, after: str) -> PolicyStep:
    """A step that gave another text than the last."""
    same_as = known.texts.index(after) + 1 if after in known.texts else None
    known.texts.append(after)
    if before is None:
        return step
    difference = compare_policies(before, after)
    words = "only reformatted" if difference.same else "text changed"
    return replace(step, step=words, before=before, difference=difference, same_as=same_as)
