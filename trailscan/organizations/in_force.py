"""What policies deny where: the Deny statements in force on the way from an account to the root.

Only what the log has is known: policies whose text was read, and attachments and parents that some
event reported. Statements are compared by their canonical forms without `Sid`, so that a statement
that was renamed, reformatted or moved to another policy is the same statement. What decides between
statements that differ is not told here.
"""

from __future__ import annotations

import hashlib
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from trailscan.errors import DecodeError
from trailscan.organizations.policies import (
    Statement,
    compare_policies,
    decoded,
    form_without_sid,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trailscan.organizations.state import Organization, Policy

_MOST_LEVELS = 10
"""OUs can be nested five levels deep; more are a cycle, which no organization can have."""

FULL_ACCESS = "p-FullAWSAccess"
"""The SCP that AWS attaches everywhere, and that allows everything."""


@lru_cache(maxsize=1024)
def denials(text: str) -> frozenset[bytes]:
    """The forms of the Deny statements in a text; of one that cannot be read, none."""
    return frozenset(form_without_sid(one) for one in _statements(text) if _effect(one) == "deny")


@lru_cache(maxsize=1024)
def same_statements(before: str, after: str) -> bool:
    """Whether two texts have the same statements, whatever their `Sid`, order and format."""
    if before == after or compare_policies(before, after).same:
        return True
    try:
        (old, was), (new, now) = decoded(before), decoded(after)
    except DecodeError:
        return False
    return (
        bool(was)
        and _rest(old) == _rest(new)
        and {form_without_sid(one) for one in was} == {form_without_sid(one) for one in now}
    )


@lru_cache(maxsize=1024)
def meaning(text: str) -> str:
    """A name for what a text says, the same for all texts with the same statements."""
    try:
        whole, statements = decoded(text)
    except DecodeError:
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    rest = _rest(whole) if statements else whole
    forms = sorted({form_without_sid(one) for one in statements})
    said = msgspec.json.encode([rest, [form.hex() for form in forms]], order="sorted")
    return hashlib.sha256(said).hexdigest()[:32]


def _rest(policy: dict[str, object]) -> dict[str, object]:
    """A policy without its statements and its `Id`, which decides nothing."""
    return {name: value for name, value in policy.items() if name not in ("Statement", "Id")}


@lru_cache(maxsize=1024)
def denies(text: str, action: str) -> bool:
    """Whether a text has a Deny statement on an action, under whatever condition."""
    return any(_effect(one) == "deny" and _names(one, action) for one in _statements(text))


@lru_cache(maxsize=1024)
def denies_everything(text: str) -> bool:
    """Whether a text denies every action on every resource without any condition."""
    return any(
        _effect(one) == "deny"
        and "*" in _texts(one.value, "Action")
        and "*" in _texts(one.value, "Resource")
        and not _member(one, "Condition")
        for one in _statements(text)
    )


def _statements(text: str) -> list[Statement]:
    try:
        return decoded(text)[1]
    except DecodeError:
        return []


def _member(one: Statement, name: str) -> Any:
    return one.value.get(name) if isinstance(one.value, dict) else None


def _effect(one: Statement) -> str:
    return str(_member(one, "Effect")).casefold()


def _names(one: Statement, action: str) -> bool:
    """Whether a statement is about an action."""
    if _member(one, "NotAction") is not None:
        return not _covered(_texts(one.value, "NotAction"), action)
    return _covered(_texts(one.value, "Action"), action)


def _texts(statement: object, name: str) -> list[str]:
    found = statement.get(name) if isinstance(statement, dict) else None
    values = found if isinstance(found, list) else [found]
    return [one for one in values if isinstance(one, str)]


def _covered(patterns: Iterable[str], action: str) -> bool:
    """Whether one of some patterns with `*` and `?` matches an action, whatever the case."""
    plain = action.casefold()
    return any(fnmatchcase(plain, one.casefold().replace("[", "[[]")) for one in patterns)


def path_from(state: Organization, target: str | None) -> tuple[str, ...]:
    """An account, OU or root and what it is in, up to the root, as far as the log has it."""
    path: list[str] = []
    while target and target not in path and len(path) <= _MOST_LEVELS:
        path.append(target)
        target = _parent(state, target)
    root = state.only_root()
    if root and path and not path[-1].startswith("r-"):
        path.append(root)
    return tuple(path)


def _parent(state: Organization, target: str) -> str | None:
    if target.startswith("r-"):
        return None
    found = state.units.get(target) or state.accounts.get(target)
    return None if found is None else found.parent_id


def attached(state: Organization, path: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Policy and target of each attachment to the nodes of a path."""
    for target in path:
        for policy_id in state.attached_at.get(target, ()):
            yield policy_id, target


def denied_on(
    state: Organization,
    path: Iterable[str],
    policy_type: str | None,
    *,
    without: tuple[str, str] | None = None,
) -> frozenset[bytes]:
    """The forms of the Deny statements of one policy type in force on a path.

    Args:
        state: what is attached where.
        path: from an account or OU to the root.
        policy_type: of the policies that count.
        without: an attachment (policy, target) that is left out.
    """
    found: set[bytes] = set()
    for policy_id, target in attached(state, path):
        policy = state.policies.get(policy_id)
        if policy is None or policy.type != policy_type or (policy_id, target) == without:
            continue
        found |= denials(policy.content or "")
    return frozenset(found)


def that_deny(
    state: Organization, path: Iterable[str], test: Callable[[Policy], bool]
) -> list[tuple[str, str]]:
    """Policy and target of the attachments on a path whose policy passes a test, by id."""
    return sorted(
        (policy_id, target)
        for policy_id, target in attached(state, path)
        if (policy := state.policies.get(policy_id)) is not None and test(policy)
    )
