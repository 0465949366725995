"""The statements of the policies on a path, before or after a change, without irrelevant ones."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from trailscan.organizations.access.statements import Names, parse_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trailscan.organizations.access.budget import Budget
    from trailscan.organizations.access.statements import Kind, Statement

    Levels = Sequence[Sequence[str]]
    """The texts of the policies attached at each level, from the root down."""

_NOTHING, _NOT_NOTHING = Names(frozenset(), negated=False), Names(frozenset(), negated=True)


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
    """Two sides without what decides nothing about the actions in which they differ.

    Only requests for an action that one side names and the other does not, in statements that are
    otherwise alike, can be decided differently. What none of those actions can match is left out.
    """
    if len(before.levels) != len(after.levels):
        return before, after
    first, second = _in_order(before, after), _in_order(after, before)
    changed: set[str] = set()
    for mine, others in zip(_parts(first), _parts(second), strict=True):
        common = frozenset(mine) & frozenset(others)
        found = _changed(*(_by_rest(part, common) for part in (mine, others)))
        if found is None:
            return before, after
        changed |= found
    related = _Related(changed)
    return related.part_of(first), related.part_of(second)


def _in_order(side: Side, other: Side) -> Side:
    """A side with the levels first that the other has too: their order decides nothing."""
    levels = sorted(side.levels, key=lambda one: one not in other.levels)
    return side._replace(levels=tuple(levels))


def _parts(side: Side) -> tuple[tuple[Statement, ...], ...]:
    return side.denials, *side.levels


def _by_rest(
    statements: Iterable[Statement], without: frozenset[Statement]
) -> dict[Statement, list[frozenset[str]]]:
    """Statements without their actions -> the actions of each that is so."""
    found: dict[Statement, list[frozenset[str]]] = {}
    for one in statements:
        if one not in without:
            rest = replace(one, actions=_NOT_NOTHING if one.actions.negated else _NOTHING)
            found.setdefault(rest, []).append(one.actions.values)
    return found


def _changed(
    mine: dict[Statement, list[frozenset[str]]], others: dict[Statement, list[frozenset[str]]]
) -> set[str] | None:
    """The actions that one of two sides names and the other does not; None if that is no list."""
    found: set[str] = set()
    for rest in mine.keys() | others.keys():
        old, new = mine.get(rest, []), others.get(rest, [])
        if rest.actions.negated and not len(old) == len(new) == 1:
            return None
        found |= frozenset[str]().union(*old) ^ frozenset[str]().union(*new)
    return found


class _Related:
    """Finds actions that could be one of some actions, by their beginnings up to a wildcard.

    Args:
        actions: patterns of the actions.
    """

    def __init__(self, actions: Iterable[str]) -> None:
        self._actions = frozenset(actions)
        self._beginnings = {_beginning(one) for one in actions}
        self._sorted = sorted(self._beginnings)
        self._lengths = sorted({len(one) for one in self._beginnings})
        self._known: dict[Statement, Statement] = {}

    def part_of(self, side: Side) -> Side:
        """A side with the related ones of its actions, and the statements that have any."""
        return Side(self._of(side.denials), tuple(map(self._of, side.levels)))

    def _of(self, statements: Iterable[Statement]) -> tuple[Statement, ...]:
        found = []
        for one in statements:
            related = self._known.get(one)
            if related is None:
                values = frozenset(filter(self._has, one.actions.values))
                related = self._known[one] = (
                    one
                    if len(values) == len(one.actions.values)
                    else replace(one, actions=Names(values, one.actions.negated))
                )
            if related.actions.values or related.actions.negated:
                found.append(related)
        return tuple(found)

    def _has(self, action: str) -> bool:
        """Whether one of the beginnings begins with that of an action, or the other way round."""
        if action in self._actions:
            return True
        beginning = _beginning(action)
        at = bisect_left(self._sorted, beginning)
        if at < len(self._sorted) and self._sorted[at].startswith(beginning):
            return True
        return any(beginning[:length] in self._beginnings for length in self._lengths)


@lru_cache(maxsize=8192)
def _beginning(action: str) -> str:
    """An action up to its first wildcard."""
    return action.replace("?", "*").partition("*")[0]
