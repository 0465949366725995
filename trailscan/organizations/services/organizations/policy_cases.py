"""What calls on policies can be about: a new look or a new meaning, more or less that is denied.

Only what the log has is judged: a policy whose previous text is not known is taken to change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.fields import enum_at, omitted, text_at
from trailscan.organizations.in_force import (
    FULL_ACCESS,
    attached,
    denials,
    denied_on,
    denies_everything,
    path_from,
)
from trailscan.organizations.operation import Case
from trailscan.organizations.resources import named, type_of
from trailscan.organizations.services.organizations.policy_access import updated_access
from trailscan.organizations.state import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trailscan.organizations.context import SentenceContext

_MINOR = frozenset({"TAG_POLICY", "CHATBOT_POLICY", "UPGRADE_ROLLOUT_POLICY"})
_PROTECTING = frozenset(
    {
        "AISERVICES_OPT_OUT_POLICY",
        "BACKUP_POLICY",
        "GUARDDUTY_POLICY",
        "INSPECTOR_POLICY",
        "NETWORK_SECURITY_DIRECTOR_POLICY",
        "SECURITYHUB_CSPM_POLICY",
        "SECURITYHUB_POLICY",
    }
)
"""Types of policy by what is lost without them; every other type restricts what accounts may do."""

_DENYING = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
_SHOWN = 3
_MOST_TARGETS = 100  # of a deleted policy that are compared


def policy_before(call: SentenceContext) -> Policy:
    """What is known of the policy before the call."""
    known: Policy = call.state.policies.get(_policy_id(call), Policy())
    return known


def _policy_id(call: SentenceContext) -> str:
    return text_at(call.event, "request.policyId") or ""


def _target_id(call: SentenceContext) -> str:
    return text_at(call.event, "request.targetId") or ""


def _policy_type(call: SentenceContext) -> str:
    """The type of the policy, or the type that is switched."""
    given = text_at(call.event, "request.policyType")
    return (given or call.state.policy_type_of(_policy_id(call)) or "").upper()


def _is_type(types: frozenset[str]) -> Callable[[SentenceContext], bool]:
    return lambda call: _policy_type(call) in types


def _keeps_meaning(call: SentenceContext) -> bool:
    """Whether an update leaves what a policy says, as far as the log can tell."""
    if not call.event.request or omitted(call.event):
        return False
    content, before = text_at(call.event, "request.content"), policy_before(call).content
    return content is None or (before is not None and updated_access(call).kind == "same")


def _is_reformatted(call: SentenceContext) -> bool:
    """Whether an update changes nothing but how a policy is written."""
    content, before = text_at(call.event, "request.content"), policy_before(call)
    others = (
        text_at(call.event, f"request.{name}") in (None, getattr(before, name))
        for name in ("name", "description")
    )
    return _keeps_meaning(call) and content not in (None, before.content) and all(others)


def _is_full_access(call: SentenceContext) -> bool:
    return _policy_id(call) == FULL_ACCESS


def _only_allows(call: SentenceContext) -> bool:
    """Whether an SCP denies nothing: without it less is possible."""
    content = policy_before(call).content
    return _is_full_access(call) or (
        _policy_type(call) == "SERVICE_CONTROL_POLICY"
        and content is not None
        and '"Allow"' in content
        and not denials(content)
    )


def _stops_everything(call: SentenceContext) -> bool:
    """Whether a policy that denies everything is attached to more than one account."""
    is_node = _target_id(call).startswith(("ou-", "r-"))
    return is_node and denies_everything(policy_before(call).content or "")


def _is_still_denied(call: SentenceContext) -> bool:
    """Whether other policies deny the same to what the policy is detached from."""
    lost, attachment = denials(policy_before(call).content or ""), _attachment(call)
    if not lost:
        return False
    path = path_from(call.state, attachment[1])
    return lost <= denied_on(call.state, path, _policy_type(call), without=attachment)


def _attachment(call: SentenceContext) -> tuple[str, str]:
    return _policy_id(call), _target_id(call)


def _has_successor(call: SentenceContext) -> bool:
    """Whether other policies deny the same wherever the deleted one had been attached."""
    lost = denials(policy_before(call).content or "")
    targets = call.state.attached_ever.get(_policy_id(call), ())
    if not lost or not 0 < len(targets) <= _MOST_TARGETS:
        return False
    paths = (path_from(call.state, target) for target in targets)
    return all(lost <= denied_on(call.state, path, _policy_type(call)) for path in paths)


def _was_disabled(call: SentenceContext) -> bool:
    """Whether a type was switched off before."""
    root = text_at(call.event, "request.rootId")
    return call.state.policy_types.get((root, _policy_type(call))) is False


def detached_by_type(call: SentenceContext) -> str | None:
    """What switching a type off detaches, as far as the log knows the attachments."""
    kind = _policy_type(call)
    found = [
        f"{named(policy, 'policy', call.state)} from {named(target, type_of(target), call.state)}"
        for (policy, target), is_attached in sorted(call.state.attachments.items())
        if is_attached and (call.state.policy_type_of(policy) or "").upper() == kind
    ]
    return few(found)


def few(texts: list[str]) -> str | None:
    """The first few of some texts, and how many more there are; None if there are none."""
    if not texts:
        return None
    if len(texts) > _SHOWN:
        return f"{', '.join(texts[:_SHOWN])} and {len(texts) - _SHOWN:,} more"
    *first, last = texts
    return f"{', '.join(first)} and {last}" if first else last


def _lost_by_moving(call: SentenceContext) -> Iterator[str]:
    """The policies on the old path that deny what nothing denies on the new one."""
    source = path_from(call.state, text_at(call.event, "request.sourceParentId"))
    new = path_from(call.state, text_at(call.event, "request.destinationParentId"))
    if not source or not new:
        return
    for kind in _DENYING:
        still = denied_on(call.state, new, kind)
        for policy_id in sorted({policy for policy, _ in attached(call.state, source)}):
            policy = call.state.policies.get(policy_id)
            if policy and policy.type == kind and denials(policy.content or "") - still:
                yield policy_id


def lost_by_moving(call: SentenceContext) -> str | None:
    """The policies that no longer deny something to a moved account, in words."""
    return few([str(named(one, "policy", call.state)) for one in _lost_by_moving(call)])


def _became_valid(call: SentenceContext) -> bool:
    return enum_at(call.event, "details.state") == "valid"


# fmt: off
UPDATED = (
    Case("reformatted", "its text only looks different: whatever was denied or allowed before, still is", _is_reformatted, "low",
        "Changes how a policy is written and nothing that it does, as pipelines do on every run.",
        done="{rewrote} {policy}; its meaning is unchanged"),
    Case("same_meaning", "only its name or description changes, or nothing", _keeps_meaning, "low",
        "Changes what a policy is called or described as, and nothing that it says."),
    Case("minor", "it is a tag, chat or upgrade policy", _is_type(_MINOR), "medium",
        "Rewrites a policy that takes no permission from anybody."),
)
ATTACHED = (
    Case("allow_list_lifted", "it is FullAWSAccess", _is_full_access, "high",
        "Lifts the allow list that stood there, since FullAWSAccess can only be attached where it was not.",
        done="attached {policy} to {target}, which lifts the allow list there",
        tried="attach {policy}[ to {target}], which would lift the allow list there"),
    Case("everything_denied", "it denies everything, to an OU or root", _stops_everything, "high",
        "Stops every account below, also those who would respond to an incident.",
        done="attached {policy} to {target}: it denies everything there",
        tried="attach {policy}[ to {target}], which denies everything"),
)
DETACHED = (
    Case("only_allows", "it denies nothing, like FullAWSAccess", _only_allows, "medium",
        "Leaves possible only what other policies allow, which can stop work but permits nothing new.",
        done="detached {policy} from {target}: only what other SCPs allow there remains possible"),
    Case("still_denied", "other policies deny the same there", _is_still_denied, "low",
        "Takes a policy off whose Deny statements others repeat, as when one replaces it.",
        done="detached {policy} from {target}, where other policies still deny the same"),
    Case("minor", "it is a tag, chat or upgrade policy", _is_type(_MINOR), "medium",
        "Takes off a policy that takes no permission from anybody."),
)
DELETED = (
    Case("replaced", "other policies deny the same wherever it had been attached", _has_successor, "low",
        "Removes a policy that another one in force has replaced.",
        done="deleted {policy}; where it had been attached, other policies deny the same"),
)
TYPE_ENABLED = (
    Case("enabled_again", "it was disabled before", _was_disabled, "low",
        "Looks like a repair and is none, since the policies that were attached before do not come back.",
        done="enabled {policy_types} in {root} again; what was attached before does not come back[: {starts_with}]"),
)
TYPE_DISABLED = (
    Case("minor", "the type is tag, chat or upgrade policies", _is_type(_MINOR), "medium",
        "Switches off policies that take no permission from anybody."),
    Case("protecting", "the type is backup, AI services opt-out, GuardDuty, Inspector, Security Hub or Network Security Director", _is_type(_PROTECTING), "high",
        "Switches off backups, opt-outs or security services that policies turn on everywhere."),
)
VALIDATED = (
    Case("valid", "it became valid again", _became_valid, "info",
        "Gives the all-clear after an effective policy had been invalid.",
        done="the effective {policy_type} policy of {account} became valid"),
)
MOVED = (
    Case("out_of_reach", "a policy denies something at the old place that nothing denies at the new one", lambda call: any(_lost_by_moving(call)), "high",
        "Takes an account out from under a policy, which for that account is the same as detaching it.",
        done="moved {account} from {source} to {destination}, out of the reach of {lost}"),
)
