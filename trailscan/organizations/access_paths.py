"""The ways from accounts to the root, and the texts of the policies attached on each.

FullAWSAccess stands at every level unless it was detached (AWS Organizations user guide,
`orgs_manage_policies_scps_evaluation`). What an account or OU has of its own can only restrict what
those above it permit, so accounts without own policies are judged where their OU is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.access.decide import FULL_ACCESS as FULL_ACCESS_TEXT
from trailscan.organizations.in_force import FULL_ACCESS, attached, path_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trailscan.organizations.access.statements import Kind
    from trailscan.organizations.state import Organization

Levels = tuple[tuple[str, ...], ...]
Attachment = tuple[str, str]
"""The id of a policy and that of its target."""

KINDS: dict[str, Kind] = {"SERVICE_CONTROL_POLICY": "scp", "RESOURCE_CONTROL_POLICY": "rcp"}
"""The types of policy that permit and deny, and how a decision calls them."""

_MOST_LEVELS = 10
_MOST_ATTACHED = 150
"""AWS allows 10 policies of each of its 15 types on a root, OU or account (quotas, May 2026)."""

_MOST_BELOW = 200


class Edit(NamedTuple):
    """What is different from the state before a call.

    Attributes:
        replaced: policy id -> another text.
        without: an attachment that is left out.
        added: an attachment that is not in the state.
    """

    replaced: Mapping[str, str] = {}
    without: Attachment | None = None
    added: Attachment | None = None


def type_of(state: Organization, policy_id: str) -> str:
    """The type of a policy, such as `SERVICE_CONTROL_POLICY`; empty if it is not known."""
    if policy_id == FULL_ACCESS:
        return "SERVICE_CONTROL_POLICY"
    return (state.policy_type_of(policy_id) or "").upper()


def text_of(state: Organization, policy_id: str, kind: Kind) -> str | None:
    """The text of a policy, if an event or AWS has it."""
    known = state.policies.get(policy_id)
    if known is not None and known.content is not None:
        return str(known.content)
    return FULL_ACCESS_TEXT[kind] if policy_id.endswith("FullAWSAccess") else None


def is_exempt(state: Organization, target: str, kind: Kind) -> bool:
    """Whether a target is the management account, which no SCP restricts."""
    organizations = state.organizations.values()
    return kind == "scp" and any(one.management_account_id == target for one in organizations)


def paths_below(state: Organization, target: str, policy_type: str) -> list[tuple[str, ...]]:
    """The paths to the root on which the policies of a target are judged.

    That is the target's own, unless every account and OU that is known in it has policies of its
    own: then it is theirs. If those are too many, the target's own stands for all of them.
    """
    if is_exempt(state, target, KINDS[policy_type]):
        return []
    nodes = _below(state, target, policy_type, _MOST_LEVELS)
    return [path_from(state, one) for one in nodes]


def _below(state: Organization, node: str, policy_type: str, levels: int) -> tuple[str, ...]:
    found: list[str] = []
    for child in _children(state, node, KINDS[policy_type]) if levels else ():
        deeper = _below(state, child, policy_type, levels - 1)
        if deeper == (child,) and not _has_own(state, child, policy_type):
            return (node,)
        found += deeper
        if len(found) > _MOST_BELOW:
            return (node,)
    return tuple(found) or (node,)


def _children(state: Organization, node: str, kind: Kind) -> Iterator[str]:
    """The members that are directly in a root or OU, without those that nothing restricts."""
    for child in state.children_ever.get(node, ()):
        account, unit = state.accounts.get(child), state.units.get(child)
        if account is not None:
            is_here = account.parent_id == node and account.status != "departed"
        else:
            is_here = unit is not None and unit.parent_id == node and not unit.deleted
        if is_here and not is_exempt(state, child, kind):
            yield child


def _has_own(state: Organization, node: str, policy_type: str) -> bool:
    """Whether a node has policies of a type, besides FullAWSAccess, or not even that one."""
    own = (one for one, _ in attached(state, (node,)) if one != FULL_ACCESS)
    is_closed = state.attachments.get((FULL_ACCESS, node)) is False
    return (KINDS[policy_type] == "scp" and is_closed) or any(
        type_of(state, one) == policy_type for one in own
    )


def levels_on(
    state: Organization, path: tuple[str, ...], policy_type: str, edit: Edit
) -> Levels | None:
    """The texts at each level of a path; None if the log does not have them.

    It lacks a text, or it lacks detachments: more policies would be attached than AWS allows.
    """
    if any(len(state.attached_at.get(node, ())) > _MOST_ATTACHED for node in path):
        return None
    kind = KINDS[policy_type]
    pairs = {*attached(state, path)}
    if kind == "scp":
        whole = ((FULL_ACCESS, node) for node in path)
        pairs |= {one for one in whole if state.attachments.get(one) is not False}
    if edit.added and edit.added[1] in path:
        pairs.add(edit.added)
    if edit.without:
        pairs.discard(edit.without)
    levels: dict[str, list[str]] = {node: [] for node in path}
    for policy_id, node in sorted(pairs):
        if type_of(state, policy_id) == policy_type:
            text = edit.replaced.get(policy_id) or text_of(state, policy_id, kind)
            if text is None:
                return None
            levels[node].append(text)
    return tuple(tuple(sorted(texts)) for texts in levels.values())
