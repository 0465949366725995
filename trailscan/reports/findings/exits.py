"""Rules about accounts that get out after what kept them in was taken away, or they from under it.

A policy counts only if its text was read, it denied the very call by which the account left, and it
was attached on the account's path: to the account, its OUs or the root.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.organizations.access_changes import of_texts
from trailscan.organizations.in_force import denies, path_from, that_deny
from trailscan.organizations.moments import moments
from trailscan.organizations.resources import named
from trailscan.reports.findings.history import Hit, in_words, when
from trailscan.reports.findings.rule import AWS_CIRT, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.organizations.changes import Change
    from trailscan.organizations.moments import Moment
    from trailscan.organizations.state import Policy
    from trailscan.reports.findings.history import History

BEFORE_LEAVING = timedelta(hours=24)
"""The longest time between the end of a guardrail and the departure it made possible."""

_ENDINGS = ("DetachPolicy", "UpdatePolicy", "DisablePolicyType")
_MOVES = ("MoveAccount",)


def off_then_out(history: History) -> Iterator[Hit]:
    """A policy that denied leaving ended, and an account on which it was in force left."""
    return _opened_then_out(history, _ENDINGS)


def moved_then_out(history: History) -> Iterator[Hit]:
    """An account was moved out from under a policy that denied leaving, and left."""
    return _opened_then_out(history, _MOVES)


def exits(history: History) -> Iterator[Change]:
    """The calls by which accounts left by themselves."""
    for change in history.of("LeaveOrganization", "AcceptHandshake"):
        if change.action == "LeaveOrganization" or change.case == "left":
            yield change


def _opened_then_out(history: History, actions: tuple[str, ...]) -> Iterator[Hit]:
    steps = None
    for change in exits(history):
        if steps is None:
            steps = [
                one
                for one in moments(history.changes)
                if one.change.action in actions and one.change.outcome == "succeeded"
            ]
        before = [
            (one.change, policies)
            for one in steps
            if timedelta(0) <= when(change) - when(one.change) <= BEFORE_LEAVING
            and (policies := _opened(one, change))
        ]
        if before:
            last, policies = before[-1]
            yield Hit(
                (*(one for one, _ in before), change),
                f"{in_words(change)}; before that, {in_words(last)}, and {policies} denied leaving",
            )


def _opened(step: Moment, leaving: Change) -> str | None:
    """The policies that denied a call by which an account left, until a step; None if none did."""
    action, account_id = f"organizations:{leaving.action}", leaving.target_id
    before, after = (
        {
            policy_id: state.policies[policy_id].content
            for policy_id, _ in that_deny(
                state, path_from(state, account_id), lambda one: _denies(one, action)
            )
        }
        for state in (step.before, step.after)
    )
    ended = [
        policy_id
        for policy_id, text in before.items()
        if policy_id not in after or _is_looser(text or "", after[policy_id] or "")
    ]
    names = [str(named(policy_id, "policy", step.before)) for policy_id in ended]
    return " and ".join(names) or None


def _is_looser(before: str, after: str) -> bool:
    """Whether a new text of an SCP permits more, or may do so."""
    return of_texts(before, after, "SERVICE_CONTROL_POLICY").kind not in {"same", "less"}


def _denies(policy: Policy, action: str) -> bool:
    """Whether a policy is an SCP that denies an action."""
    is_scp = (policy.type or "").upper() == "SERVICE_CONTROL_POLICY"
    return is_scp and denies(policy.content or "", action)


EXITS = (
    Rule(
        id="guardrail-off-then-account-out",
        version=2,
        title="A guardrail ended, then an account was out",
        severity="critical",
        fires=(
            "an account left by LeaveOrganization or by accepting another organization's "
            "invitation, within 24 hours after an SCP that denied this call, and was attached to "
            "the account, its OU or the root, was detached, weakened or disabled"
        ),
        why="The policy that denied leaving was taken away first.",
        false_positives="A planned exit for which the policy had to be lifted.",
        events=(*_ENDINGS, "LeaveOrganization", "AcceptHandshake"),
        find=off_then_out,
        references=("AWS Cloud Operations blog 2026-03-17", AWS_CIRT),
    ),
    Rule(
        id="moved-then-account-out",
        title="An account was moved out from under the policy that denied leaving, then left",
        severity="critical",
        fires=(
            "an account left by LeaveOrganization or by accepting another organization's "
            "invitation, within 24 hours after MoveAccount took it out from under an SCP that "
            "denied this call"
        ),
        why="For this account the move was the same as detaching the policy.",
        false_positives="A planned exit for which the account was moved to an OU of its own.",
        events=(*_MOVES, "LeaveOrganization", "AcceptHandshake"),
        find=moved_then_out,
        references=(AWS_CIRT,),
    ),
)
