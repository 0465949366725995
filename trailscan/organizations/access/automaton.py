"""Divides all texts into classes that no pattern tells apart.

A set of patterns is one nondeterministic automaton, held in the bits of an integer: one bit for
each position in each pattern (the Shift-And method of Baeza-Yates and Gonnet, extended by
wildcards). Its deterministic form is built only as far as texts reach it.
"""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.access import patterns as token
from trailscan.organizations.access.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from trailscan.organizations.access.patterns import Token

_LOOPS = frozenset({token.MANY, token.MANY_PART, token.MANY_NAME})
_NAMES = "xyzabcdefghijklmnopqrstuvw-1234567890"
_OTHERS = "XYZABCDEFGHIJKLMNOPQRSTUVW_~+=@"
_RARE = 0x4E00  # where a character is sought that no pattern has
_BITS_A_UNIT = 200_000  # that are compared with each character
_BITS_A_WORK = 5_000  # that each group is compared with


def _accepts(kind: Token, char: str) -> bool:
    """Whether a class of characters has one."""
    if kind in {token.ONE_PART, token.MANY_PART}:
        return char != ":"
    if kind in {token.NAME, token.MANY_NAME}:
        return char != ":" and char == char.lower()
    return kind != token.NEVER


class Group(NamedTuple):
    """Patterns that occur in the same sets.

    Attributes:
        sets: the sets, one bit each.
        span: the bits of the patterns' positions.
        ends: the bits of the positions behind their last tokens.
        endless: the bits of wildcards at their ends; from there on everything is a member.
    """

    sets: int
    span: int
    ends: int
    endless: int


class Automaton:
    """All patterns of one dimension at once.

    Args:
        patterns: each with the sets that it belongs to, one bit each.
        universe: the texts that are possible at all.
        budget: what the work is counted in.
    """

    def __init__(
        self,
        patterns: Iterable[tuple[tuple[Token, ...], int]],
        universe: Sequence[tuple[Token, ...]],
        budget: Budget,
    ) -> None:
        self._budget = budget
        self._tokens: list[Token | None] = []
        self._exact: dict[Token, int] = {}
        self._classes: dict[Token, int] = {}
        self._steps: dict[tuple[int, str], int] = {}
        self._of_char: dict[str, tuple[int, int]] = {}
        self._start = 0
        by_sets: dict[int, list[tuple[Token, ...]]] = {}
        for one, sets in patterns:
            by_sets.setdefault(sets, []).append(one)
        self._universe = self._group(0, universe)
        self._groups = [self._group(sets, members) for sets, members in by_sets.items()]
        self._loops = self._bits_of(_LOOPS)
        self._names = self._bits_of(frozenset({token.NAME, token.MANY_NAME}))
        self._parts = self._names | self._bits_of(frozenset({token.ONE_PART, token.MANY_PART}))
        self._endless = 0
        for one in self._groups:
            self._endless |= one.endless
        self._unit = 1 + len(self._tokens) * len(self._exact) // _BITS_A_UNIT
        self._group_units = len(self._groups) * (1 + len(self._tokens) // _BITS_A_WORK) // 8
        self.start = self._reduced(self._start | (self._start & self._loops) << 1)

    def _group(self, sets: int, members: Iterable[tuple[Token, ...]]) -> Group:
        span = ends = endless = 0
        for member in members:
            self._budget.spend(1 + len(member) // 100)
            first = len(self._tokens)
            self._start |= 1 << first
            for at, one in enumerate(member, first):
                table = self._exact if one >= 0 else self._classes
                table[one] = table.get(one, 0) | 1 << at
            self._tokens += member
            self._tokens.append(None)
            last = first + len(member)
            span |= ((1 << (last - first + 1)) - 1) << first
            ends |= 1 << last
            if member and member[-1] == token.MANY:
                endless |= 1 << (last - 1)
        return Group(sets, span, ends, endless)

    def _bits_of(self, kinds: frozenset[Token]) -> int:
        bits = 0
        for kind in kinds:
            bits |= self._classes.get(kind, 0)
        return bits

    def step(self, state: int, char: str) -> int:
        """The state after one more character; 0 if no possible text begins like this."""
        at = state, char
        found = self._steps.get(at)
        if found is None:
            self._budget.spend(self._unit)
            once, stay = self._masks(char)
            found = (state & once) << 1 | state & stay
            found = self._reduced(found | (found & self._loops) << 1)
            self._steps[at] = found
        return found

    def _masks(self, char: str) -> tuple[int, int]:
        """The positions that a character moves on from, and those that it stays at."""
        found = self._of_char.get(char)
        if found is None:
            once = self._exact.get(ord(char), 0)
            lower = char.lower()
            if len(lower) == 1:
                once |= self._exact.get(token.FOLD + ord(lower), 0)
            stay = 0
            for kind, bits in self._classes.items():
                if _accepts(kind, char):
                    once, stay = (once, stay | bits) if kind in _LOOPS else (once | bits, stay)
            found = self._of_char[char] = once, stay
        return found

    def _reduced(self, state: int) -> int:
        """A state without what cannot matter any more: it keeps the automaton small."""
        if not state & self._universe.span:
            return 0
        if state & self._endless:
            self._budget.spend(self._group_units)
            sets = 0
            for one in self._groups:
                if at := state & one.endless:
                    sets |= one.sets
                    lowest = at & -at
                    state = state & ~one.span | lowest | lowest << 1
            for one in self._groups:
                if not state & one.endless and not one.sets & ~sets:
                    state &= ~one.span
        return state

    def sets_at(self, state: int) -> int | None:
        """The sets that a text which led here is a member of; None if it is not possible."""
        if not state & self._universe.ends:
            return None
        self._budget.spend(self._group_units // 4)
        sets = 0
        for one in self._groups:
            if state & one.ends:
                sets |= one.sets
        return sets

    def sets_of(self, text: str, begun: int | None = None) -> int | None:
        """The sets that a text is a member of by a pattern; None if it is not possible.

        Args:
            text: the text, or the rest of it.
            begun: the state after what comes before.
        """
        return self.sets_at(self.after(text, begun))

    def after(self, text: str, begun: int | None = None) -> int:
        """The state after a text; 0 if no possible text begins like this."""
        state = self.start if begun is None else begun
        for char in text:
            state = self.step(state, char)
            if not state:
                return 0
        return state

    def sets_below(self, state: int) -> int | None:
        """The sets that are decided in a state; None if the rest of the text decides."""
        decided = self._universe.span | self._endless | self._endless << 1
        if not state or state & ~decided:
            return None
        sets = 0
        for one in self._groups:
            if state & one.endless:
                sets |= one.sets
        return sets

    def settle(self) -> None:
        """Forgets the steps so far, and counts no further ones."""
        self._steps.clear()
        self._budget = Budget(sys.maxsize)

    def classes(self, texts: Mapping[str, int]) -> dict[int, str]:
        """The combinations of sets that occur, each with a short example, if possible not empty.

        Args:
            texts: texts that are told apart from all others; no example is one of them.
        """
        found: dict[int, str] = {}
        taken: dict[int, None] = {}
        queue = deque([(self.start, "")])
        edges: dict[int, list[int]] = {self.start: []}
        ends: dict[int, list[int]] = {}
        while queue:
            state, word = queue.popleft()
            if (sets := self.sets_at(state)) is not None:
                ends.setdefault(sets, []).append(state)
                if word in texts:
                    taken[sets] = None
                elif not found.get(sets):
                    found[sets] = word
            for char, following in self._moves(state):
                if following not in edges:
                    edges[following] = []
                    queue.append((following, word + char))
                edges[following].append(state)
        for sets in taken:
            if sets not in found and (other := self._another(ends[sets], edges, texts)):
                found[sets] = other
        return found

    def _moves(self, state: int) -> list[tuple[str, int]]:
        """A character of each kind that a state tells apart, and the state after it."""
        loops, special, possible = self._loops, self._endless, self._universe.span
        found = []
        for char in self._chars(state):
            self._budget.spend(self._unit)
            once, stay = self._of_char.get(char) or self._masks(char)
            following = (state & once) << 1 | state & stay
            following |= (following & loops) << 1
            if following & special or not following & possible:
                following = self._reduced(following)
            if following:
                found.append((char, following))
        return found

    def _another(
        self, ends: Sequence[int], edges: Mapping[int, list[int]], texts: Mapping[str, int]
    ) -> str | None:
        """A text that leads to one of some states and is none of the texts."""
        useful, behind = set(ends), list(ends)
        while behind:
            for one in edges[behind.pop()]:
                if one not in useful:
                    useful.add(one)
                    behind.append(one)
        last = set(ends)
        prefixes = {text[:at] for text in texts for at in range(len(text) + 1)}
        chars = "".join(dict.fromkeys("".join(texts)))
        queue = deque([(self.start, "")])
        seen = set()
        while queue:
            state, word = queue.popleft()
            self._budget.spend(self._unit)
            if state in last and word not in texts:
                return word
            for char in dict.fromkeys((*self._chars(state), *self._chars(state, chars))):
                following = self.step(state, char)
                longer = word + char
                at = following, longer if longer in prefixes else None
                if following in useful and at not in seen:
                    seen.add(at)
                    queue.append((following, longer))
        return None

    def _chars(self, state: int, avoided: str = "") -> Iterator[str]:
        """One character of each kind that the state tells apart, if possible none to avoid."""
        named: dict[str, None] = {}
        for one, bits in self._exact.items():
            if state & bits:
                if one >= token.FOLD:
                    named[chr(one - token.FOLD).upper()] = None
                named[chr(one % token.FOLD)] = None
        yield from named
        if state & self._parts and ":" not in named:
            yield ":"
        if avoided:
            named.update(dict.fromkeys(avoided))
        if state & self._names:
            yield from _first(_NAMES, named)
        yield from _first(_OTHERS, named) or _first(map(chr, range(_RARE, sys.maxunicode)), named)


def _first(chars: Iterable[str], named: Mapping[str, None]) -> tuple[str, ...]:
    """The first character that is not named, if there is one."""
    for char in chars:
        if char not in named:
            return (char,)
    return ()
