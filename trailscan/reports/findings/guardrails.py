"""Rules about policies that end, weaken or break: what they forbade is possible again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.access.change import words
from trailscan.organizations.fields import enum_at
from trailscan.reports.findings.history import Hit, in_words
from trailscan.reports.findings.rule import DF00TECH, SURVIVAL_KIT, Rule, each

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.organizations.access.change import AccessChange
    from trailscan.organizations.changes import Change
    from trailscan.organizations.versions import PolicyStep
    from trailscan.reports.findings.history import History

NO_GUARDRAILS = frozenset({"tag", "backup", "AI services opt-out", "chatbot", "upgrade rollout"})
"""Types of policy that forbid nothing; a policy of unknown type is taken for a guardrail."""


def detached(history: History) -> Iterator[Hit]:
    """Guardrails detached, but for those that only allow, and those that others repeat there."""
    for step in history.steps:
        is_loss = step.change.case not in ("only_allows", "still_denied")
        if step.change.action == "DetachPolicy" and _is_guardrail(step) and is_loss:
            yield Hit((step.change,), in_words(step.change))


def weakened(history: History) -> Iterator[Hit]:
    """Guardrails whose new text permits what was denied, with a request that shows it."""
    for step in _updated_guardrails(history):
        access = step.change.access
        if access is not None and access.kind in {"more", "both"}:
            yield Hit(
                (step.change,),
                f"{_who_and_what(step, 'loosened')}: {words(access)}{_shown(access)}",
            )


def changed_somehow(history: History) -> Iterator[Hit]:
    """Guardrails with a new text of which nobody can tell whether it permits more."""
    for step in _updated_guardrails(history):
        access = step.change.access
        if access is not None and access.kind == "unknown":
            yield Hit((step.change,), f"{_who_and_what(step, 'changed')}: {words(access)}")


def _updated_guardrails(history: History) -> Iterator[PolicyStep]:
    for step in history.steps:
        if step.change.action == "UpdatePolicy" and _is_guardrail(step):
            yield step


def _who_and_what(step: PolicyStep, verb: str) -> str:
    """Who did something to which policy."""
    name = f"{step.change.target_name or 'policy'} ({step.change.target_id})"
    return f"{step.change.principal.display} {verb} {name}"


def _shown(access: AccessChange) -> str:
    """The request that was denied and is allowed, if the policies permit at all."""
    found = next((one for one in access.witnesses if one.after == "allowed"), None)
    if found is None:
        return ""
    context = "".join(f", {key} {_value(value)}" for key, value in found.context.items())
    return f" (shown by {found.action} on {found.resource} by {found.principal}{context})"


def _value(value: str | list[str]) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def deleted(history: History) -> Iterator[Hit]:
    """Guardrails deleted, but for those that another policy in force has replaced."""
    for step in history.steps:
        is_loss = step.change.case != "replaced"
        if step.change.action == "DeletePolicy" and _is_guardrail(step) and is_loss:
            yield Hit((step.change,), in_words(step.change))


def _is_guardrail(step: PolicyStep) -> bool:
    return step.change.outcome == "succeeded" and step.kind not in NO_GUARDRAILS


def became_invalid(change: Change) -> bool:
    """Whether an effective policy became invalid."""
    return enum_at(change.event, "details.state") == "invalid"


GUARDRAILS = (
    Rule(
        id="guardrail-detached",
        title="A guardrail was detached",
        severity="high",
        fires=(
            "DetachPolicy of a policy that can forbid something succeeded: not of a tag, backup, "
            "AI services opt-out, chatbot or upgrade policy, not of one that only allows, not "
            "where other policies deny the same"
        ),
        why="What it forbade is possible at once in every account below.",
        false_positives="Replacing one policy by another, experiments, a pipeline's clean-up.",
        events=("DetachPolicy",),
        find=detached,
        references=(SURVIVAL_KIT, "Landing Zone Accelerator revert-scp-changes"),
    ),
    Rule(
        id="guardrail-weakened",
        title="A guardrail was weakened",
        severity="high",
        fires=(
            "UpdatePolicy gave a text with which some request is allowed that was denied before, "
            "or, for a policy that permits nothing, that enforces less; a request that shows it "
            "is named"
        ),
        why="The policy is still attached and looks as if it still held.",
        false_positives="An exception that was agreed upon.",
        events=("UpdatePolicy",),
        find=weakened,
        adds=("T1666", "T1685"),
        references=("Landing Zone Accelerator revert-scp-changes",),
    ),
    Rule(
        id="guardrail-changed",
        title="A guardrail changed, and nobody can tell how",
        severity="medium",
        fires=(
            "UpdatePolicy gave a text that cannot be compared with the one before: the previous "
            "text is not in the store, a text is no policy, or policy variables leave it open"
        ),
        why="It may permit what was denied.",
        false_positives="A policy that is older than the store; load the log files from before.",
        events=("UpdatePolicy",),
        find=changed_somehow,
    ),
    Rule(
        id="guardrail-deleted",
        title="A guardrail was deleted",
        severity="medium",
        fires="DeletePolicy succeeded, of the same policies as guardrail-detached",
        why="It was detached before, and cannot simply be attached again.",
        false_positives="Clean-up of policies that are attached nowhere.",
        events=("DeletePolicy",),
        find=deleted,
        references=(SURVIVAL_KIT, "easttimor/aws-incident-response"),
    ),
    Rule(
        id="policy-type-disabled",
        title="A policy type was disabled",
        severity="critical",
        fires=(
            "DisablePolicyType succeeded; high for backup, AI services opt-out and security "
            "services, medium for tag, chat and upgrade policies"
        ),
        why="One call detaches all policies of the type in the whole organization.",
        false_positives="A type that was tried out and is not used.",
        events=("DisablePolicyType",),
        find=each("DisablePolicyType"),
        references=(SURVIVAL_KIT, DF00TECH),
    ),
    Rule(
        id="allow-list-lifted",
        title="An allow list was lifted",
        severity="high",
        fires="AttachPolicy of FullAWSAccess succeeded",
        why="It can only be attached where it was not: what the allow list left out is possible.",
        false_positives="Giving up an allow list in favor of denials, as planned.",
        events=("AttachPolicy",),
        find=each("AttachPolicy", where=lambda change: change.case == "allow_list_lifted"),
    ),
    Rule(
        id="everything-denied",
        title="A policy that denies everything was attached",
        severity="high",
        fires="AttachPolicy to an OU or root of a policy that denies every action, unconditionally",
        why="Every account below stops, and with it those who would respond to an incident.",
        false_positives="An OU for suspended accounts.",
        events=("AttachPolicy",),
        find=each("AttachPolicy", where=lambda change: change.case == "everything_denied"),
        adds=("T1531",),
    ),
    Rule(
        id="effective-policy-invalid",
        title="An account's policies add up to something invalid",
        severity="medium",
        fires="EffectivePolicyValidation says that an effective policy became invalid",
        why="The policies may not work as they are meant to.",
        false_positives="A mistake that is already being repaired.",
        events=("EffectivePolicyValidation",),
        find=each("EffectivePolicyValidation", where=became_invalid),
    ),
)
