"""The statements of the policies on a path, before or after a change, without irrelevant ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.access.statements import parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trailscan.organizations.access.budget import Budget
    from trailscan.organizations.access.statements import Kind, Names, Statement

    Levels = Sequence[Sequence[str]]
    """The texts of the policies attached at each level, from the root down."""

_MOST_PAIRS = 1_000
_ANYTHING = "*"


class Side(NamedTuple):
    """The policies before or after a change.

    Attributes:
        denials: the Deny statements of all levels, each once.
        levels: the Allow statements of each level, each once.
    """

    denials: tuple[Statement, ...]
    levels: tuple[tuple[Statement, ...], ...]

    @property
    def meaning(self) -> object:
        """What sides have in common that differ only in how they are written."""
        return frozenset(self.denials), tuple(map(frozenset, self.levels))

    @property
    def statements(self) -> tuple[Statement, ...]:
        """All statements, those of several levels several times."""
        return (*self.denials, *(one for level in self.levels for one in level))


def read_side(levels: Levels, kind: Kind, spellings: dict[str, str], budget: Budget) -> Side:
    """The statements of some texts.

    Args:
        levels: the texts.
        kind: of all the policies.
        spellings: gets how the texts spell actions and keys.
        budget: what the work is counted in.

    Raises:
        Undecidable: a text is no policy of this kind.
    """
    denials: dict[Statement, None] = {}
    allowed = []
    for texts in levels:
        allows: dict[Statement, None] = {}
        for text in texts:
            policy = parse_policy(text, kind)
            budget.spend(len(policy.statements))
            spellings.update(policy.spellings)
            for one in policy.statements:
                (allows if one.allow else denials)[one] = None
        allowed.append(tuple(allows))
    return Side(tuple(denials), tuple(allowed))


def reduced(before: Side, after: Side) -> tuple[Side, Side]:
    """Two sides without the statements of both that deny none of the actions that they differ in.

    Where the sides allow alike, only requests for an action of a Deny statement that one side lacks
    can be decided differently; other Deny statements of both sides decide nothing about them.
    """
    if before.levels != after.levels:
        return before, after
    sides = frozenset(before.denials), frozenset(after.denials)
    changed = [one.actions for one in sides[0] ^ sides[1]]
    common = sides[0] & sides[1]
    unrelated = {one for one in common if not any(_meet(one.actions, each) for each in changed)}
    first, second = (
        side._replace(denials=tuple(one for one in side.denials if one not in unrelated))
        for side in (before, after)
    )
    return first, second


def _meet(names: Names, others: Names) -> bool:
    """Whether two elements could name the same action."""
    if names.negated or others.negated:
        return True
    if not _may_share(_services(names.values), _services(others.values)):
        return False
    if len(names.values) * len(others.values) > _MOST_PAIRS:
        return True
    return any(_overlap(one, other) for one in names.values for other in others.values)


def _services(actions: Iterable[str]) -> set[str]:
    """The services of some actions; `*` for one that has a wildcard there."""
    services = {one.partition(":")[0] for one in actions}
    return {_ANYTHING if "*" in one or "?" in one else one for one in services}


def _may_share(services: set[str], others: set[str]) -> bool:
    return _ANYTHING in services | others or not services.isdisjoint(others)


def _overlap(one: str, other: str) -> bool:
    """Whether the beginnings of two patterns, up to their first wildcards, fit."""
    first, second = (text.replace("?", "*").partition("*") for text in (one, other))
    shorter, longer = sorted((first, second), key=lambda found: len(found[0]))
    return longer[0].startswith(shorter[0]) and bool(shorter[1] or shorter[0] == longer[0])
