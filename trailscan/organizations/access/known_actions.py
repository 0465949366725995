"""The actions that AWS has, for requests and sentences that name real ones.

They are examples only: actions that AWS adds tomorrow are decided as well. `actions.txt` is written
by `docs/known_actions.py`. A set of known actions is an integer with one bit for each, and with a
bit behind those of each service that is never set.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import cache, lru_cache
from importlib.resources import files
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.access.patterns import MANY, expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trailscan.organizations.access.patterns import Pattern, Token

_LONGEST = 200
"""No name has as many characters, and no pattern of more than twice as many matches one."""
_LAST = "\U0010ffff"
_NO_NAME = "\U0010fffe"
_BARE = "-"
"""What the list has behind the name of an action without a resource."""


class _Known(NamedTuple):
    """All known actions.

    Attributes:
        names: in lower case, sorted; behind those of each service a text that is no name.
        spelled: as AWS spells them, in the same order.
        every: all actions.
        services: the bit behind the actions of each service -> the service.
        behind: all those bits.
        without_resource: those that are about no resource, in lower case.
    """

    names: Sequence[str]
    spelled: Sequence[str]
    every: int
    services: Mapping[int, str]
    behind: int
    without_resource: frozenset[str]


@cache
def _known() -> _Known:
    spelled: list[str] = []
    services: dict[int, str] = {}
    text = files(__package__).joinpath("actions.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        prefix, *found = line.split()
        if prefix != "#":
            spelled += [prefix + one for one in (*found, _NO_NAME)]
            services[1 << len(spelled) - 1] = prefix.removesuffix(":")
    names = [one.lower() for one in spelled]
    behind = sum(services)
    return _Known(
        [one.removesuffix(_BARE) for one in names],
        [one.removesuffix(_BARE) for one in spelled],
        ((1 << len(names)) - 1) ^ behind,
        services,
        behind,
        frozenset(one[:-1] for one in names if one.endswith(_BARE)),
    )


def every() -> int:
    """All known actions."""
    return _known().every


def candidates(pattern: Pattern) -> range:
    """Where actions can be that match a pattern, by its beginning up to a wildcard."""
    prefix = pattern if isinstance(pattern, str) else _beginning(pattern)
    names = _known().names
    low = bisect_left(names, prefix)
    return range(low, bisect_left(names, prefix + _LAST, low))


def matching(pattern: Pattern) -> int:
    """The known actions that match a pattern in lower case."""
    if len(pattern) > 2 * _LONGEST:
        return 0
    return _matching(pattern)


@lru_cache(maxsize=4096)
def _matching(pattern: Pattern) -> int:
    near, names = candidates(pattern), _known().names
    if isinstance(pattern, str):
        return 1 << near.start if near and names[near.start] == pattern else 0
    if len(_beginning(pattern)) == len(pattern) - 1 and pattern[-1] == MANY:
        return ((1 << near.stop) - (1 << near.start)) & _known().every
    matches = re.compile(expression(pattern), re.DOTALL).fullmatch
    found = 0
    for at in near:
        if matches(names[at]):
            found |= 1 << at
    return found & _known().every


def _beginning(pattern: Iterable[Token]) -> str:
    return "".join(map(chr, takewhile(lambda one: one >= 0, pattern)))


def name_of(actions: int) -> str:
    """The first of some known actions, as AWS spells it."""
    return _known().spelled[(actions & -actions).bit_length() - 1]


def services_of(actions: int) -> tuple[str, int]:
    """The first service of some known actions, and how many services they are of.

    What is added to the bits of a service carries over into the bit behind them if any is set.
    """
    known = _known()
    behind = (actions + known.every) & known.behind
    return known.services.get(behind & -behind, ""), behind.bit_count()


def has_resource(action: str) -> bool:
    """Whether an action is about a resource, or is not known."""
    return action.lower() not in _known().without_resource
