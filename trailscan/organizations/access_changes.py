"""What a call on policies or accounts lets the accounts under it do, compared with before.

What stands beside a policy decides what it means: where the log has the attachments on the way to
the root, they do. FullAWSAccess stands at every level unless it was detached (AWS Organizations
user guide, `orgs_manage_policies_scps_evaluation`). Where the log has no attachment, or not the
text of a policy that is attached, a text is compared by itself.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from trailscan.organizations.access.change import AccessChange, Answer
from trailscan.organizations.access.decide import FULL_ACCESS as FULL_ACCESS_TEXT
from trailscan.organizations.access.decide import decide, decide_update
from trailscan.organizations.access.directions import compare_settings
from trailscan.organizations.in_force import FULL_ACCESS, attached, path_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trailscan.organizations.access.statements import Kind
    from trailscan.organizations.state import Organization

Levels = tuple[tuple[str, ...], ...]
Attachment = tuple[str, str]
"""The id of a policy and that of its target."""

SAME = AccessChange("same")
KINDS: dict[str, Kind] = {"SERVICE_CONTROL_POLICY": "scp", "RESOURCE_CONTROL_POLICY": "rcp"}
"""The types of policy that permit and deny, and how a decision calls them."""

_MOST_TARGETS = 50
_NO_SETTINGS = "{}"


def unknown(reason: str) -> AccessChange:
    """An answer that cannot be given, with the reason."""
    return AccessChange("unknown", reason=reason)


def of_text(state: Organization, policy_id: str, policy_type: str, text: str) -> AccessChange:
    """What a new text of a policy changes, wherever it is attached.

    Args:
        state: before the call.
        policy_id: of the policy.
        policy_type: such as `SERVICE_CONTROL_POLICY`; empty if it is not known.
        text: the new one.
    """
    known = state.policies.get(policy_id)
    before = None if known is None else known.content
    if before is None:
        return unknown("the previous text is not in the store")
    if before == text:
        return SAME
    kind = KINDS.get(policy_type)
    if kind is None:
        return _of_settings(policy_type, before, text)
    found = []
    for target in _targets(state, policy_id)[:_MOST_TARGETS]:
        old = _levels(state, target, policy_type)
        new = _levels(state, target, policy_type, replaced={policy_id: text})
        if old is not None and new is not None:
            found.append(SAME if _is_exempt(state, target, kind) else _decided(old, new, kind))
    return _joined(found) if found else _updated(before, text, kind)


def of_attachment(state: Organization, attachment: Attachment, *, attaches: bool) -> AccessChange:
    """What attaching a policy to a target, or detaching it, changes.

    Args:
        state: before the call.
        attachment: the policy and its target.
        attaches: whether the policy is attached.
    """
    policy_id, target = attachment
    policy_type = _type_of(state, policy_id)
    kind = KINDS.get(policy_type)
    text = _text_of(state, policy_id, kind or "scp")
    if text is None:
        return unknown("the text of the policy is not in the store")
    if kind is None:
        sides = (_NO_SETTINGS, text) if attaches else (text, _NO_SETTINGS)
        return _of_settings(policy_type, *sides)
    if _is_exempt(state, target, kind):
        return SAME
    without = _levels(state, target, policy_type, without=attachment)
    with_it = _levels(state, target, policy_type, added=attachment)
    if without is None or with_it is None:
        full = FULL_ACCESS_TEXT[kind]
        without, with_it = ((full,),), ((full, text),)
    return _decided(*((without, with_it) if attaches else (with_it, without)), kind)


def of_move(state: Organization, account: str, source: str, destination: str) -> AccessChange:
    """What it changes for an account to be under another parent.

    Args:
        state: before the call.
        account: its id.
        source: its parent before the call.
        destination: its parent afterwards.
    """
    old, new = path_from(state, source), path_from(state, destination)
    if not any(True for _ in attached(state, {*old, *new})):
        return unknown("no policy attached on the old or the new path is in the store")
    found = []
    for policy_type, kind in KINDS.items():
        if not _is_exempt(state, account, kind):
            before = _levels(state, source, policy_type)
            after = _levels(state, destination, policy_type)
            if before is None or after is None:
                return unknown("the text of a policy on the path is not in the store")
            found.append(_decided(before, after, kind))
    return _joined(found)


def of_type(state: Organization, policy_type: str, *, enables: bool) -> AccessChange:
    """What it changes to switch a policy type; an SCP type begins with FullAWSAccess everywhere."""
    if enables:
        return SAME
    pairs = [one for one, is_attached in state.attachments.items() if is_attached]
    mine = sorted(one for one in pairs if _type_of(state, one[0]) == policy_type)
    if not mine:
        return unknown("no attached policy of this type is in the store")
    kind = KINDS.get(policy_type)
    if kind is None:
        return _joined([of_attachment(state, one, attaches=False) for one in mine])
    found = []
    for target in list(dict.fromkeys(target for _, target in mine))[:_MOST_TARGETS]:
        before = _levels(state, target, policy_type)
        if before is None:
            return unknown("the text of an attached policy is not in the store")
        after = tuple((FULL_ACCESS_TEXT[kind],) for _ in before)
        found.append(SAME if _is_exempt(state, target, kind) else _decided(before, after, kind))
    return _joined(found)


def _type_of(state: Organization, policy_id: str) -> str:
    if policy_id == FULL_ACCESS:
        return "SERVICE_CONTROL_POLICY"
    return (state.policy_type_of(policy_id) or "").upper()


def _text_of(state: Organization, policy_id: str, kind: Kind) -> str | None:
    known = state.policies.get(policy_id)
    if known is not None and known.content is not None:
        return str(known.content)
    return FULL_ACCESS_TEXT[kind] if policy_id.endswith("FullAWSAccess") else None


def _targets(state: Organization, policy_id: str) -> list[str]:
    ever = state.attached_ever.get(policy_id, ())
    return sorted(target for target in ever if state.attachments.get((policy_id, target)))


def _is_exempt(state: Organization, target: str, kind: Kind) -> bool:
    """Whether a target is the management account, which no SCP restricts."""
    organizations = state.organizations.values()
    return kind == "scp" and any(one.management_account_id == target for one in organizations)


def _levels(
    state: Organization,
    target: str,
    policy_type: str,
    *,
    replaced: dict[str, str] | None = None,
    without: Attachment | None = None,
    added: Attachment | None = None,
) -> Levels | None:
    """The texts at each level from a target to the root; None if one is not in the log."""
    path = path_from(state, target)
    kind = KINDS[policy_type]
    pairs = {one for one in attached(state, path) if one != without}
    pairs |= {added} if added else set()
    pairs |= {
        (FULL_ACCESS, node)
        for node in path
        if kind == "scp"
        and state.attachments.get((FULL_ACCESS, node)) is not False
        and (FULL_ACCESS, node) != without
    }
    levels: dict[str, list[str]] = {node: [] for node in path}
    for policy_id, node in sorted(pairs):
        if _type_of(state, policy_id) == policy_type:
            text = (replaced or {}).get(policy_id) or _text_of(state, policy_id, kind)
            if text is None:
                return None
            levels[node].append(text)
    return tuple(tuple(sorted(texts)) for texts in levels.values())


@lru_cache(maxsize=1024)
def _decided(before: Levels, after: Levels, kind: Kind) -> AccessChange:
    return decide(before, after, kind)


@lru_cache(maxsize=1024)
def _updated(before: str, after: str, kind: Kind) -> AccessChange:
    return decide_update(before, after, kind)


@lru_cache(maxsize=1024)
def _of_settings(policy_type: str, before: str, after: str) -> AccessChange:
    """What a text that permits nothing enforces less, or more."""
    if not policy_type:
        return unknown("the type of the policy is not in the store")
    found = compare_settings(policy_type, before, after)
    return AccessChange(
        found.kind,
        reason=found.reason or "" if found.kind == "unknown" else "",
        opened=tuple(str(one) for one in found.changes if one.direction == "more"),
        closed=tuple(str(one) for one in found.changes if one.direction == "less"),
        enforces=True,
    )


def _joined(changes: Sequence[AccessChange]) -> AccessChange:
    """The answer for several targets together."""
    different = [one for one in dict.fromkeys(map(_Key, changes)) if one.change.kind != "same"]
    if not different:
        return changes[0] if changes else SAME
    if len(different) == 1:
        return different[0].change
    for one in different:
        if one.change.kind == "unknown":
            return one.change
    every = [one.change for one in different]
    kinds = {one.kind for one in every}
    kind: Answer = "both" if len(kinds) > 1 or "both" in kinds else every[0].kind
    shown = []
    for verdict in ("allowed", "denied"):
        of_verdict = (one for each in every for one in each.witnesses if one.after == verdict)
        shown += [one for one in [next(of_verdict, None)] if one is not None]
    return AccessChange(
        kind,
        tuple(shown),
        opened=tuple(dict.fromkeys(text for one in every for text in one.opened)),
        closed=tuple(dict.fromkeys(text for one in every for text in one.closed)),
        enforces=every[0].enforces,
    )


class _Key:
    """An answer that equals another one of the same words."""

    def __init__(self, change: AccessChange) -> None:
        self.change = change
        self._key = change.kind, change.reason, change.opened, change.closed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)
