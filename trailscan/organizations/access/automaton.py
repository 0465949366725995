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
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    from trailscan.organizations.access.patterns import Token

_ACCEPTING = (
    ({token.ONE}, {token.MANY}),
    ({token.ONE, token.ONE_PART}, {token.MANY, token.MANY_PART}),
    ({token.ONE, token.ONE_PART, token.NAME}, {token.MANY, token.MANY_PART, token.MANY_NAME}),
)
"""The classes that a colon, an upper-case letter and any other character belong to."""
_LOOPS = _ACCEPTING[-1][1]
_NAMES = "xyzabcdefghijklmnopqrstuvw-1234567890"
_OTHERS = "XYZABCDEFGHIJKLMNOPQRSTUVW_~+=@"
_RARE = 0x4E00  # where a character is sought that no pattern has
_CHARACTERS_A_UNIT = 20
_BITS_A_UNIT = 200_000  # that are compared with each character
_BITS_A_WORK = 5_000  # that each group is compared with


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
        self._tokens: list[Token] = []
        self._exact: dict[Token, int] = {}
        self._classes: dict[Token, int] = {}
        self._of_char: dict[str, tuple[int, int]] = {}
        self._start = 0
        by_sets: dict[int, list[tuple[Token, ...]]] = {}
        for one, sets in patterns:
            by_sets.setdefault(sets, []).append(one)
        self._universe = self._group(0, universe)
        self._groups = [self._group(sets, members) for sets, members in by_sets.items()]
        self._wild = [tuple(map(self._bits_of, kinds)) for kinds in _ACCEPTING]
        self._loops = self._bits_of(_LOOPS)
        self._names = self._bits_of({token.NAME, token.MANY_NAME})
        self._parts = self._names | self._bits_of({token.ONE_PART, token.MANY_PART})
        self._any_case = self._universe.span & ~self._names & self._bits_of(self._classes)
        self._spelled = {one: _spellings(one) for one in self._exact}
        self._fixed = self._ends = self._endless = 0
        for bits in self._exact.values():
            self._fixed |= bits
        for one in self._groups:
            self._ends |= one.ends
            self._endless |= one.endless
        self._unit = 1 + len(self._tokens) * len(self._exact) // _BITS_A_UNIT
        self._group_units = len(self._groups) * (1 + len(self._tokens) // _BITS_A_WORK) // 8
        self._sets_of_ends: dict[int, int] = {}
        self._settled: dict[int, tuple[int, int]] = {}
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
            self._tokens.append(token.NEVER)
            last = first + len(member)
            span |= ((1 << (last - first + 1)) - 1) << first
            ends |= 1 << last
            if member and member[-1] == token.MANY:
                endless |= 1 << (last - 1)
        return Group(sets, span, ends, endless)

    def _bits_of(self, kinds: Iterable[Token]) -> int:
        bits = 0
        for kind in kinds:
            bits |= self._classes.get(kind, 0)
        return bits

    def _step(self, state: int, char: str) -> int:
        """The state after one more character; 0 if no possible text begins like this."""
        once, stay = self._of_char.get(char) or self._masks(char)
        following = (state & once) << 1 | state & stay
        following |= (following & self._loops) << 1
        if following & self._endless or not following & self._universe.span:
            return self._reduced(following)
        return following

    def _masks(self, char: str) -> tuple[int, int]:
        """The positions that a character moves on from, and those that it stays at."""
        lower = char.lower()
        once, stay = self._wild[0 if char == ":" else 1 if char != lower else 2]
        once |= self._exact.get(ord(char), 0)
        if len(lower) == 1:
            once |= self._exact.get(token.FOLD + ord(lower), 0)
        found = self._of_char[char] = once, stay
        return found

    def _reduced(self, state: int) -> int:
        """A state without what cannot matter any more: it keeps the automaton small."""
        if not state & self._universe.span:
            return 0
        if at := state & self._endless:
            gone, instead = self._settled.get(at) or self._settle(at)
            state = state & ~gone | instead
        return state

    def _settle(self, at: int) -> tuple[int, int]:
        """What wildcards at the ends of patterns make superfluous, and what stands for it."""
        self._budget.spend(self._group_units)
        gone = instead = sets = 0
        for one in self._groups:
            if mine := at & one.endless:
                sets |= one.sets
                lowest = mine & -mine
                gone |= one.span
                instead |= lowest | lowest << 1
        for one in self._groups:
            if not at & one.endless and not one.sets & ~sets:
                gone |= one.span
        found = self._settled[at] = gone, instead
        return found

    def sets_at(self, state: int) -> int | None:
        """The sets that a text which led here is a member of; None if it is not possible."""
        if not state & self._universe.ends:
            return None
        at = state & self._ends
        found = self._sets_of_ends.get(at)
        if found is None:
            self._budget.spend(self._group_units // 4)
            found = 0
            for one in self._groups:
                if at & one.ends:
                    found |= one.sets
            self._sets_of_ends[at] = found
        return found

    def sets_of(self, text: str) -> int | None:
        """The sets that a text is a member of by a pattern; None if it is not possible."""
        return self.sets_at(self._after(text))

    def _after(self, text: str) -> int:
        """The state after a text; 0 if no possible text begins like this."""
        self._budget.spend(self._unit * (1 + len(text) // _CHARACTERS_A_UNIT))
        state = self.start
        masks, loops, special = self._of_char, self._loops, self._endless
        possible = self._universe.span
        for char in text:
            once, stay = masks.get(char) or self._masks(char)
            state = (state & once) << 1 | state & stay
            state |= (state & loops) << 1
            if state & special or not state & possible:
                state = self._reduced(state)
                if not state:
                    return 0
        return state

    def settle(self) -> None:
        """Counts no further steps."""
        self._budget = Budget(sys.maxsize)

    def classes(self, texts: Mapping[str, int]) -> dict[int, str]:
        """The combinations of sets that occur, each with a short example, if possible not empty.

        Args:
            texts: texts that are told apart from all others; no example is one of them.
        """
        found: dict[int, str] = {}
        taken: dict[int, str] = {}
        queue = deque([(self.start, "")])
        seen = {self.start}
        while queue:
            state, word = queue.popleft()
            if (sets := self.sets_at(state)) is not None:
                if word in texts:
                    taken.setdefault(sets, word)
                elif not found.get(sets):
                    found[sets] = word
            for char, following in self._moves(state, seen):
                if following not in seen:
                    seen.add(following)
                    queue.append((following, word + char))
        before: dict[int, list[int]] = {}
        for sets in [one for one in taken if one not in found]:
            other = self._longer(taken[sets], sets, texts)
            if other is None:
                before = before or self._before()
                other = self._another(sets, before, texts)
            if other is not None:
                found[sets] = other
        return found

    def _longer(self, word: str, sets: int, texts: Mapping[str, int]) -> str | None:
        """A text of some sets that has one character more than another; None if none is found."""
        longer = (f"{word[:at]}{_NAMES[0]}{word[at:]}" for at in range(len(word), -1, -1))
        return next((one for one in longer if one not in texts and self.sets_of(one) == sets), None)

    def _moves(self, state: int, seen: Container[int] = ()) -> list[tuple[str, int]]:
        """A character of each kind that a state tells apart, and the state after it.

        Args:
            state: the state.
            seen: states whose moves are known. Characters that no wildcard leads to are left out if
                the state without what waits for them is one of these: all others move it alike.
        """
        loops, special, possible = self._loops, self._endless, self._universe.span
        waiting = state & self._fixed & ~((state & loops) << 1)
        masks = self._of_char
        alike = waiting and state & ~waiting in seen
        found = []
        chars = [*(self._named(waiting) if alike else self._chars(state))]
        self._budget.spend(self._unit * len(chars))
        for char in chars:
            once, stay = masks.get(char) or self._masks(char)
            following = (state & once) << 1 | state & stay
            following |= (following & loops) << 1
            if following & special or not following & possible:
                following = self._reduced(following)
            if following:
                found.append((char, following))
        return found

    def completed(self, word: str, without: str) -> str | None:
        """A possible text that a text begins, of which the next character is none of some.

        Args:
            word: the beginning.
            without: the characters.
        """
        state = self._after(word)
        queue = deque(
            (following, word + char)
            for char in self._chars(state, without)
            if char not in without and (following := self._step(state, char))
        )
        seen = set()
        while queue:
            state, longer = queue.popleft()
            self._budget.spend(self._unit)
            if self.sets_at(state) is not None:
                return longer
            for char, following in self._moves(state):
                if following not in seen:
                    seen.add(following)
                    queue.append((following, longer + char))
        return None

    def _another(
        self, sets: int, before: Mapping[int, list[int]], texts: Mapping[str, int]
    ) -> str | None:
        """A text of some sets that is none of the texts."""
        last = {state for state in before if self.sets_at(state) == sets}
        useful, behind = set(last), list(last)
        while behind:
            for one in before[behind.pop()]:
                if one not in useful:
                    useful.add(one)
                    behind.append(one)
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
                following = self._step(state, char)
                longer = word + char
                at = following, longer if longer in prefixes else None
                if following in useful and at not in seen:
                    seen.add(at)
                    queue.append((following, longer))
        return None

    def _before(self) -> dict[int, list[int]]:
        """All states, each with those that lead to it."""
        before: dict[int, list[int]] = {self.start: []}
        queue = deque([self.start])
        while queue:
            state = queue.popleft()
            for _, following in self._moves(state):
                if following not in before:
                    before[following] = []
                    queue.append(following)
                before[following].append(state)
        return before

    def _named(self, state: int) -> dict[str, None]:
        """The characters that patterns have at some positions."""
        found: dict[str, None] = {}
        if state.bit_count() > len(self._exact):
            for one, bits in self._exact.items():
                if state & bits:
                    found.update(self._spelled[one])
            return found
        while state:
            lowest = state & -state
            found.update(self._spelled[self._tokens[lowest.bit_length() - 1]])
            state ^= lowest
        return found

    def _chars(self, state: int, avoided: str = "") -> Iterator[str]:
        """One character of each kind that the state tells apart, if possible none to avoid."""
        named = self._named(state & self._fixed)
        yield from named
        if state & self._parts and ":" not in named:
            yield ":"
        if avoided:
            named.update(dict.fromkeys(avoided))
        if state & self._names:
            yield from _first(_NAMES, named)
        if state & self._any_case:
            yield from _first(_OTHERS, named) or _first(
                map(chr, range(_RARE, sys.maxunicode)), named
            )


def _spellings(one: Token) -> dict[str, None]:
    """The characters that a token stands for, one of each kind."""
    char = chr(one % token.FOLD)
    return dict.fromkeys((*token.capitals(char), char) if one >= token.FOLD else (char,))


def _first(chars: Iterable[str], named: Mapping[str, None]) -> tuple[str, ...]:
    """The first character that is not named, if there is one."""
    for char in chars:
        if char not in named:
            return (char,)
    return ()
