"""Which policy refused a call: AWS names one in the message of an explicit denial.

Since January 2026 the ARN of the policy follows its kind, within one account or organization (AWS
Security Blog, "Enhanced access denied error messages with policy ARNs"). AWS names one policy even
if several deny.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.in_force import attached, path_from
from trailscan.organizations.moments import moments
from trailscan.organizations.policy_types import policy_noun
from trailscan.organizations.resources import named, quoted, type_of
from trailscan.organizations.versions import follow_policies

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trailscan.organizations.changes import Change
    from trailscan.organizations.moments import Moment
    from trailscan.organizations.versions import PolicyStep

_NAMED = re.compile(
    r"with an explicit deny in an? (?P<kind>[a-z -]+?): (?P<arn>arn:[^:\s]*:[a-z]+::[^:\s]*:\S+)"
)
_ORGANIZATIONS = re.compile(r"arn:[^:]*:organizations::[^:]*:policy/(?:.*/)?([a-z0-9_]+)/([^/]+)")


class Refusal(NamedTuple):
    """The policy that refused a call.

    Attributes:
        kind: as AWS says it: service control policy, permissions boundary, …
        arn: of the policy.
        policy_id: of a policy of the organization; None for one of IAM.
        name: as the log has it; of an IAM policy, from its ARN.
        noun: for a policy of its type: SCP.
        version: the text in force then, counted from the first in the log; None if there is none.
        written: the change that wrote this text.
        attached_to: the targets on the account's path to which it was attached, in words.
    """

    kind: str
    arn: str
    policy_id: str | None = None
    name: str | None = None
    noun: str | None = None
    version: int | None = None
    written: Change | None = None
    attached_to: tuple[str, ...] = ()

    @property
    def in_words(self) -> str:
        """What is known of it: `at least SCP stay (p-ex1), version 2 of 2026-11-02 by alice, …`."""
        label = f"{quoted(self.name)} ({self.policy_id})" if self.name else self.policy_id
        if self.policy_id is None:
            return f"at least {self.kind} {self.arn}"
        parts = [f"at least {self.noun or 'policy'} {label}"]
        if self.written is not None:
            when, who = self.written.event.event_time, self.written.principal.name
            parts.append(f"version {self.version} of {when:%Y-%m-%d} by {who}")
        else:
            parts.append("whose text is not in the log")
        if self.attached_to:
            parts.append(f"attached to {' and '.join(self.attached_to)}")
        return ", ".join(parts)


def find_refusals(changes: Iterable[Change]) -> dict[int, Refusal]:
    """By `id` of a change that was denied, the policy that AWS names.

    Args:
        changes: all changes in order of time, because a policy's text and attachments come from
            those before.
    """
    every = list(changes)
    steps = {id(step.change): step for step in follow_policies(every)}
    latest: dict[str, PolicyStep] = {}
    found: dict[int, Refusal] = {}
    for moment in moments(every):
        change = moment.change
        step = steps.get(id(change))
        if step is not None and step.after is not None and change.target_id:
            latest[change.target_id] = step
        if change.outcome == "denied":
            for one in _NAMED.finditer(change.event.error_message or ""):  # the last is AWS's own
                found[id(change)] = _refusal(one["kind"], one["arn"].rstrip(".,;"), moment, latest)
    return found


def _refusal(kind: str, arn: str, moment: Moment, latest: Mapping[str, PolicyStep]) -> Refusal:
    """What is known of a policy at a moment."""
    parts = _ORGANIZATIONS.fullmatch(arn)
    if parts is None:
        return Refusal(kind, arn, name=arn.rpartition("/")[2] or None)
    policy_id, state, step = parts[2], moment.before, latest.get(parts[2])
    path = path_from(state, moment.change.event.user_identity.account_id)
    targets = {target for policy, target in attached(state, path) if policy == policy_id}
    return Refusal(
        kind=kind,
        arn=arn,
        policy_id=policy_id,
        name=state.name_of(policy_id, "policy"),
        noun=policy_noun(parts[1]),
        version=None if step is None else step.version,
        written=None if step is None else step.change,
        attached_to=tuple(str(named(one, type_of(one), state)) for one in path if one in targets),
    )
