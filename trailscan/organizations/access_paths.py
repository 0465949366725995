"""The ways from accounts to the root, and the texts of the policies attached on each.

FullAWSAccess stands at every level unless it was detached (AWS Organizations user guide,
`orgs_manage_policies_scps_evaluation`). What an account or OU has of its own can only restrict what
those above it permit: whatever changes for an account changes for an account without own policies
in the same OU, so policies are judged where they are attached. Such an account can exist, or be
made, whether or not an event has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.access.decide import FULL_ACCESS as FULL_ACCESS_TEXT
from trailscan.organizations.in_force import FULL_ACCESS, path_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trailscan.organizations.access.statements import Kind
    from trailscan.organizations.state import Organization

Levels = tuple[tuple[str, ...], ...]
Attachment = tuple[str, str]
"""The id of a policy and that of its target."""

KINDS: dict[str, Kind] = {"SERVICE_CONTROL_POLICY": "scp", "RESOURCE_CONTROL_POLICY": "rcp"}
"""The types of policy that permit and deny, and how a decision calls them."""

_MOST_ATTACHED = 10
"""AWS allows 10 policies of a type on a root, OU or account (quotas, May 2026).

FullAWSAccess is one more where no event says that it was detached.
"""


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


def is_exempt(state: Organization, target: str) -> bool:
    """Whether a target is the management account: no SCP restricts it, no RCP its resources."""
    organizations = state.organizations.values()
    return any(one.management_account_id == target for one in organizations)


def path_of(state: Organization, target: str) -> tuple[str, ...] | None:
    """The path to the root on which the policies of a target are judged; None: nothing binds it."""
    return None if is_exempt(state, target) else path_from(state, target)


def levels_on(
    state: Organization, path: tuple[str, ...], policy_type: str, edit: Edit
) -> Levels | None:
    """The texts at the levels of a path; None if the log does not have them.

    It lacks a text, or it lacks detachments: more policies would be attached than AWS allows.
    Levels of the same texts are one, and a level of FullAWSAccess alone restricts nothing: it is
    left out unless there is no other.
    """
    full = (FULL_ACCESS_TEXT[KINDS[policy_type]],)
    levels = set()
    for node in path:
        texts = _texts_at(state, node, policy_type, edit)
        if texts is None:
            return None
        levels.add(texts)
    return tuple(sorted(levels - {full})) or (full,)


def _texts_at(
    state: Organization, node: str, policy_type: str, edit: Edit
) -> tuple[str, ...] | None:
    """The texts of the policies of one type attached to a node."""
    kind = KINDS[policy_type]
    ids = dict.fromkeys(state.attached_at.get(node, ()))
    if kind == "scp" and state.attachments.get((FULL_ACCESS, node)) is not False:
        ids[FULL_ACCESS] = None
    if edit.added and edit.added[1] == node:
        ids[edit.added[0]] = None
    if edit.without and edit.without[1] == node:
        ids.pop(edit.without[0], None)
    texts: list[str] = []
    for policy_id in ids:
        if type_of(state, policy_id) == policy_type:
            text = edit.replaced.get(policy_id) or text_of(state, policy_id, kind)
            if text is None or len(texts) > _MOST_ATTACHED:
                return None
            texts.append(text)
    return tuple(sorted(texts))
