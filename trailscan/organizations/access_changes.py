"""What a call on policies or accounts lets the accounts under it do, compared with before.

What stands beside a policy decides what it means: where the log has the attachments on the way to
the root, they do. Where the log has no attachment, or not the text of a policy that is attached, a
text is compared by itself. Where paths are too many to be compared, the answer is that it is not
known. No policy restricts service-linked roles, no SCP the management account, and no RCP the
resources of it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from trailscan.organizations.access.change import AccessChange, Answer
from trailscan.organizations.access.decide import FULL_ACCESS as FULL_ACCESS_TEXT
from trailscan.organizations.access.decide import (
    WRITTEN_ANEW,
    decide,
    decide_update,
    holds,
    permits,
)
from trailscan.organizations.access.directions import compare_settings
from trailscan.organizations.access_paths import (
    KINDS,
    Edit,
    is_exempt,
    levels_on,
    path_of,
    text_of,
    type_of,
)
from trailscan.organizations.decisions import CURRENT
from trailscan.organizations.in_force import attached, path_from, same_statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trailscan.organizations.access.statements import Kind
    from trailscan.organizations.access_paths import Attachment, Levels
    from trailscan.organizations.state import Organization

    Pair = tuple[Levels, Levels]
    """The texts on a path before and after a call."""

SAME = AccessChange("same")
RENAMED = AccessChange("same", note=WRITTEN_ANEW)
"""What a text changes that has the same statements under other names."""

_MOST_TARGETS = 200
_MOST_PATHS = 50
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
    alone = of_texts(before, text, policy_type)
    targets = _targets(state, policy_id)
    is_final = alone is SAME or alone is RENAMED or alone.kind == "unknown"
    if is_final or policy_type not in KINDS or not targets:
        return alone
    kind = KINDS[policy_type]
    only_denies = not (permits(before, kind) or permits(text, kind))
    if only_denies and alone.kind == "same":
        return alone
    pairs = _pairs(state, targets[:_MOST_TARGETS], policy_type, Edit(replaced={policy_id: text}))
    found = _confirmed(alone, pairs, kind) if only_denies else _on_paths(alone, pairs, kind)
    settled = found.kind in {"both", "unknown"} or (only_denies and found.kind == alone.kind)
    if len(targets) > _MOST_TARGETS and not settled:
        return unknown(
            f"the policy is attached to {len(targets):,} targets, more than the {_MOST_TARGETS} "
            "whose policies are compared"
        )
    return found


def of_texts(before: str, after: str, policy_type: str) -> AccessChange:
    """What a new text of a policy changes by itself."""
    if same_statements(before, after):
        return SAME if before == after else RENAMED
    if policy_type in KINDS:
        return _updated(before, after, KINDS[policy_type])
    return _of_settings(policy_type, before, after)


def of_attachment(state: Organization, attachment: Attachment, *, attaches: bool) -> AccessChange:
    """What attaching a policy to a target, or detaching it, changes.

    Args:
        state: before the call.
        attachment: the policy and its target.
        attaches: whether the policy is attached.
    """
    policy_id, target = attachment
    policy_type = type_of(state, policy_id)
    kind = KINDS.get(policy_type)
    text = text_of(state, policy_id, kind or "scp")
    if text is None:
        return unknown("the text of the policy is not in the store")
    if kind is None:
        sides = (_NO_SETTINGS, text) if attaches else (text, _NO_SETTINGS)
        return _of_settings(policy_type, *sides)
    path = path_of(state, target)
    if path is None:
        return SAME
    without = levels_on(state, path, policy_type, Edit(without=attachment))
    with_it = levels_on(state, path, policy_type, Edit(added=attachment))
    if without is None or with_it is None:
        full = FULL_ACCESS_TEXT[kind]
        without, with_it = ((full,),), (tuple(sorted({full, text})),)
    return _decided(without, with_it, kind) if attaches else _decided(with_it, without, kind)


def of_move(state: Organization, account: str, source: str, destination: str) -> AccessChange:
    """What it changes for an account to be under another parent.

    Args:
        state: before the call.
        account: its id.
        source: its parent before the call.
        destination: its parent afterwards.
    """
    if is_exempt(state, account):
        return SAME
    old, new = ((account, *path_from(state, parent)) for parent in (source, destination))
    if not any(True for _ in attached(state, {*old, *new})):
        return unknown("no policy attached on the old or the new path is in the store")
    found = []
    for policy_type, kind in KINDS.items():
        before = levels_on(state, old, policy_type, Edit())
        after = levels_on(state, new, policy_type, Edit())
        if before is None or after is None:
            return unknown("the policies on the path are not all known from the store")
        found.append(_decided(before, after, kind))
    return _joined(found)


def of_type(state: Organization, policy_type: str, *, enables: bool) -> AccessChange:
    """What it changes to switch a policy type; an SCP type begins with FullAWSAccess everywhere."""
    if enables:
        return SAME
    pairs = [one for one, is_attached in state.attachments.items() if is_attached]
    mine = sorted(one for one in pairs if type_of(state, one[0]) == policy_type)
    if not mine:
        return unknown("no attached policy of this type is in the store")
    kind = KINDS.get(policy_type)
    if kind is None:
        return _joined([of_attachment(state, one, attaches=False) for one in mine])
    open_to_all = ((FULL_ACCESS_TEXT[kind],),)
    sides: dict[Pair, None] = {}
    for target in dict.fromkeys(target for _, target in mine):
        path = path_of(state, target)
        if path is None:
            continue
        before = levels_on(state, path, policy_type, Edit())
        if before is None:
            return unknown("the text of an attached policy is not in the store")
        sides[before, open_to_all] = None
    return _on_paths(SAME, sides, kind)


def _targets(state: Organization, policy_id: str) -> list[str]:
    ever = state.attached_ever.get(policy_id, ())
    return sorted(target for target in ever if state.attachments.get((policy_id, target)))


def _pairs(
    state: Organization, targets: Iterable[str], policy_type: str, edit: Edit
) -> Iterator[Pair | None]:
    """The texts on the path of each target, before and after; None if they are not known."""
    for target in targets:
        path = path_of(state, target)
        if path is not None:
            old = levels_on(state, path, policy_type, Edit())
            new = levels_on(state, path, policy_type, edit)
            yield None if old is None or new is None else (old, new)


def _confirmed(alone: AccessChange, pairs: Iterable[Pair | None], kind: Kind) -> AccessChange:
    """The answer for a policy that only denies.

    What stands beside it can hide what its text changes, and can add nothing. So where the
    requests that show what the text changes by itself are decided the same way, nothing else needs
    to be looked at.

    Args:
        alone: what the text changes by itself.
        pairs: the texts on each path.
        kind: of all the policies.
    """
    missing = alone.witnesses
    seen: dict[Pair, None] = {}
    shown: dict[Pair, None] = {}
    for pair in pairs:
        if pair is None:
            return alone
        if pair not in seen:
            seen[pair] = None
            left = tuple(one for one in missing if not holds(one, *pair, kind))
            if left != missing:
                shown[pair], missing = None, left
        if not missing:
            found = _joined([_decided(*one, kind) for one in shown])
            return alone if found.kind == "unknown" else found
    return _on_paths(alone, seen, kind)


def _on_paths(alone: AccessChange, pairs: Iterable[Pair | None], kind: Kind) -> AccessChange:
    """The answer for all distinct texts on some paths; not known if those are too many.

    Args:
        alone: the answer where the texts on a path are not known.
        pairs: the texts on each path.
        kind: of all the policies.
    """
    distinct = dict.fromkeys(pairs)
    if len(distinct) > _MOST_PATHS:
        return unknown(
            f"{len(distinct):,} paths with different policies are more than the {_MOST_PATHS} "
            "that are compared"
        )
    return _joined([alone if one is None else _decided(*one, kind) for one in distinct])


def _decided(before: Levels, after: Levels, kind: Kind) -> AccessChange:
    if before == after:
        return SAME
    question = ("levels", before, after, kind)
    return CURRENT.get().answer(question, lambda: decide(before, after, kind))


def _updated(before: str, after: str, kind: Kind) -> AccessChange:
    question = ("texts", before, after, kind)
    return CURRENT.get().answer(question, lambda: decide_update(before, after, kind))


@lru_cache(maxsize=8192)
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
    """The answer for several targets together: what is not known hides nothing that opens."""
    different = dict.fromkeys(map(_Key, changes))
    every = [one.change for one in different if one.change.kind != "same"]
    if any(one.kind in {"more", "both"} for one in every):
        every = [one for one in every if one.kind != "unknown"]
    if not every:
        return changes[0] if changes else SAME
    first = next((one for one in every if one.kind == "unknown"), every[0])
    if len(every) == 1 or first.kind == "unknown":
        return first
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
