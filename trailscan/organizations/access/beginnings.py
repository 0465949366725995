"""Divides all texts into classes by how they begin, if every pattern ends in its only wildcard.

Most actions of policies are so. Nothing needs to be read character by character then: a text is a
member of what it begins with, and the longest beginning decides for all the others.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import deque
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from trailscan.organizations.access import patterns as token
from trailscan.organizations.access.automaton import Automaton
from trailscan.organizations.access.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trailscan.organizations.access.patterns import Token

    Universe = tuple[tuple[Token, ...], ...]

_LAST = "\U0010ffff"
_TEXTS_A_UNIT = 50
_SHORT = 100


def beginning(pattern: Sequence[Token]) -> str | None:
    """What a text must begin with to match a pattern; None if that is not all."""
    *fixed, last = pattern or (token.NEVER,)
    if last != token.MANY or min(fixed, default=0) < 0 or max(fixed, default=0) >= token.FOLD:
        return None
    return "".join(map(chr, fixed))


class Beginnings:
    """All patterns of one dimension at once, as `Automaton` has them.

    Args:
        sets: what the texts begin with -> the sets that those texts belong to, one bit each.
        universe: the texts that are possible at all.
        budget: what the work is counted in.
    """

    def __init__(
        self, sets: Mapping[str, int], universe: Sequence[tuple[Token, ...]], budget: Budget
    ) -> None:
        self._budget = budget
        self._possible = tuple(universe)
        self._universe = Automaton((), universe, budget)
        self._sets: dict[str, int] = {"": 0}
        around: list[str] = [""]
        for one in sorted(sets):
            budget.spend()
            while not one.startswith(around[-1]):
                around.pop()
            self._sets[one] = self._sets[around[-1]] | sets[one]
            around.append(one)
        self._lengths = sorted({len(one) for one in self._sets}, reverse=True)

    def sets_of(self, text: str) -> int | None:
        """The sets that a text is a member of by a pattern; None if it is not possible."""
        if not self._is_possible(text):
            return None
        sets = self._sets
        return next(sets[one] for length in self._lengths if (one := text[:length]) in sets)

    def _is_possible(self, text: str) -> bool:
        if len(text) > _SHORT or not text.isascii():
            return self._universe.sets_of(text) is not None
        self._budget.spend()
        return _is_short_possible(self._possible, text)

    def classes(self, texts: Mapping[str, int]) -> dict[int, str]:
        """The combinations of sets that occur, each with a short example.

        Args:
            texts: texts that are told apart from all others; no example is one of them.
        """
        named = sorted({*self._sets, *texts})
        found: dict[int, str] = {}
        for one in sorted(self._sets, key=lambda each: (len(each), each)):
            sets = self._sets[one]
            if sets not in found and (text := self._example(one, named, texts)) is not None:
                found[sets] = text
        return found

    def _example(self, start: str, named: Sequence[str], texts: Mapping[str, int]) -> str | None:
        """A text that has a beginning and no longer one, and is none of the texts."""
        queue = deque([start])
        while queue:
            word = queue.popleft()
            if word and word not in texts and self._is_possible(word):
                return word
            following = self._following(word, named)
            if (text := self._universe.completed(word, following)) is not None:
                return text
            queue.extend(longer for char in following if (longer := word + char) not in self._sets)
        return None

    def _following(self, word: str, named: Sequence[str]) -> str:
        """The characters that stand behind a beginning in the beginnings and texts."""
        first = bisect_left(named, word)
        last = bisect_left(named, word + _LAST, first)
        self._budget.spend(1 + (last - first) // _TEXTS_A_UNIT)
        at = len(word)
        return "".join(dict.fromkeys(one[at] for one in named[first:last] if len(one) > at))

    def settle(self) -> None:
        """Counts no further steps."""
        self._budget = Budget(sys.maxsize)
        self._universe.settle()


@cache
def _automaton(universe: Universe) -> Automaton:
    return Automaton((), universe, Budget(sys.maxsize))


@lru_cache(maxsize=8192)
def _is_short_possible(universe: Universe, text: str) -> bool:
    """Whether a text is possible: the names of actions recur in all policies."""
    return _automaton(universe).sets_of(text) is not None
