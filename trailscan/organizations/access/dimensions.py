"""What a request consists of, each part divided into the classes that some policies tell apart.

A part is the action, the resource, the principal or one condition key. A class has one bit, and a
set of values is the bits of its classes, so sets are cut and joined in one instruction.
"""

from __future__ import annotations

from collections import deque
from functools import reduce
from itertools import count
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trailscan.organizations.access import known_actions
from trailscan.organizations.access import patterns as token
from trailscan.organizations.access.automaton import Automaton
from trailscan.organizations.access.beginnings import Beginnings, beginning
from trailscan.organizations.access.statements import Quantifier
from trailscan.organizations.access.values import Comparison, examples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trailscan.organizations.access.budget import Budget
    from trailscan.organizations.access.patterns import Pattern, Token

TextSet = frozenset["Pattern"]
Value = str | tuple[str, ...] | None
"""A value of a request; of a key with several values all of them; None: the key is absent."""

ACTION, RESOURCE, PRINCIPAL = "action", "resource", "principal"

_MOST_KNOWN = 500_000
"""How many known actions, or sets of them, are compared for the sake of examples."""
_PARTS = (token.ONE_PART, token.MANY_PART)


def _tokens(*parts: str | int) -> tuple[Token, ...]:
    return tuple(
        one for part in parts for one in ([part] if isinstance(part, int) else map(ord, part))
    )


_REST = (token.ONE, token.MANY)
_NAMES = (token.NAME, token.MANY_NAME)
UNIVERSES: dict[str, tuple[tuple[Token, ...], ...]] = {
    ACTION: (_tokens(*_NAMES, ":", *_NAMES),),
    RESOURCE: (
        _tokens("*"),
        _tokens(
            "arn:", *_PARTS, ":", *_PARTS, ":", token.MANY_PART, ":", token.MANY_PART, ":", *_REST
        ),
    ),
    PRINCIPAL: (
        _tokens("arn:aws", token.MANY_NAME, ":iam::", *_PARTS, ":root"),
        _tokens("arn:aws", token.MANY_NAME, ":iam::", *_PARTS, ":role/", *_REST),
        _tokens("arn:aws", token.MANY_NAME, ":iam::", *_PARTS, ":user/", *_REST),
        _tokens("arn:aws", token.MANY_NAME, ":sts::", *_PARTS, ":federated-user/", *_REST),
        _tokens("arn:aws", token.MANY_NAME, ":sts::", *_PARTS, ":assumed-role/", *_REST),
    ),
}
"""The texts that are possible (principals: `reference_policies_condition-keys`)."""

_TEXTS = ((token.MANY,),), (_REST,)
"""What a key can have. A key with several values has no empty one: the empty text is none there
(`reference_policies_condition-single-vs-multi-valued-context-keys`, on ForAllValues)."""


class Term(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A set of values of one part of a request.

    Attributes:
        dimension: the part: `ACTION`, `RESOURCE`, `PRINCIPAL`, a condition key in lower case, or
            something about variables that is either true or not.
        members: the values, or those that do not belong if it is negated; None: all of them.
        negated: whether `members` are the values that do not belong.
        quantifier: how many values of a key with several must belong; empty: any, and if it is
            negated all.
        absent: whether the absence of the key belongs to it.
    """

    dimension: str
    members: TextSet | Comparison | None
    negated: bool = False
    quantifier: Quantifier = ""
    absent: bool = False


class Classes(NamedTuple):
    """Values of which no set tells the members of one class apart.

    Attributes:
        by_sets: the sets that a class belongs to, one bit each -> an example.
        exact: whether there is no other class.
        automaton: of the patterns, if all sets are sets of texts.
        texts: the texts that are named -> their sets.
        shortest: how long all other texts are at least, if they belong to no set.
    """

    by_sets: dict[int, str]
    exact: bool
    automaton: Automaton | Beginnings | None = None
    texts: Mapping[str, int] = {}
    shortest: int | None = None

    def sets_of(self, text: str) -> int | None:
        """The sets that a text belongs to; None if the text is not possible or not known."""
        if text in self.texts:
            return self.texts[text]
        if self.automaton is not None:
            return self.automaton.sets_of(text)
        if self.shortest is not None:
            return 0 if len(text) >= self.shortest else None
        if 0 in self.by_sets and len(self.by_sets) == 1:
            return 0
        return next((sets for sets, one in self.by_sets.items() if one == text), None)


def classes_of(
    sets: Sequence[TextSet | Comparison], universe: Sequence[tuple[Token, ...]], budget: Budget
) -> Classes:
    """The classes of values that some sets tell apart."""
    if not sets:
        return Classes({0: "example"}, exact=True)
    budget.spend(sum(len(one.values) for one in sets if isinstance(one, Comparison)) // 5)
    texts = _classes_of_texts(
        [one if isinstance(one, frozenset) else frozenset() for one in sets], universe, budget
    )
    comparisons = [one for one in sets if isinstance(one, Comparison)]
    if not comparisons:
        return texts
    families = {one.family for one in comparisons}
    values = [
        value
        for family in sorted(families)
        for value in examples(family, [one for one in comparisons if one.family == family])
    ]
    if families != {"bool"}:
        values += texts.texts
    budget.spend(len(values) * sum(len(one.values) for one in comparisons) // 30)
    members = [texts.sets_of(value) or 0 for value in values]
    for at, one in enumerate(sets):
        if isinstance(one, Comparison):
            has = one.members(values)
            members = [each | has[which] << at for which, each in enumerate(members)]
    found: dict[int, str] = {}
    for each, value in zip(members, values, strict=True):
        found.setdefault(each, value)
    wild = any(
        not isinstance(one, str) for each in sets if isinstance(each, frozenset) for one in each
    )
    return Classes(found, families == {"bool"} or (len(families) == 1 and not wild))


def _classes_of_texts(
    sets: Sequence[TextSet], universe: Sequence[tuple[Token, ...]], budget: Budget
) -> Classes:
    by_pattern: dict[Pattern, int] = {}
    for at, one in enumerate(sets):
        budget.spend(len(one) // 20)
        for pattern in one:
            by_pattern[pattern] = by_pattern.get(pattern, 0) | 1 << at
    wild = [(one, by) for one, by in by_pattern.items() if not isinstance(one, str)]
    if not wild and universe in _TEXTS:
        return _named(by_pattern, shortest=int(universe == _TEXTS[True]))
    begun = {text: sets for one, sets in wild if (text := beginning(one)) is not None}
    automaton: Automaton | Beginnings = (
        Beginnings(begun, universe, budget)
        if len(begun) == len(wild)
        else Automaton(sorted(wild), universe, budget)
    )
    texts: dict[str, int] = {}
    for text in sorted(one for one in by_pattern if isinstance(one, str)):
        also = automaton.sets_of(text)
        if also is not None:
            texts[text] = by_pattern[text] | also
    by_sets: dict[int, str] = {}
    for text, member in texts.items():
        by_sets.setdefault(member, text)
    for member, text in automaton.classes(texts).items():
        by_sets.setdefault(member, text)
    return Classes(by_sets, exact=True, automaton=automaton, texts=texts)


def _named(by_text: Mapping[Pattern, int], shortest: int) -> Classes:
    """The classes of texts, from some length on, if no set has a pattern."""
    texts = {one: by_text[one] for one in sorted(map(str, by_text)) if len(one) >= shortest}
    by_sets: dict[int, str] = {}
    for text, member in texts.items():
        by_sets.setdefault(member, text)
    others = (f"{one}{at or ''}" for at in count() for one in ("example", "other"))
    by_sets[0] = next(one for one in others if one not in texts)
    return Classes(by_sets, exact=True, texts=texts, shortest=shortest)


class Dimension:
    """One part of a request.

    Args:
        name: as in `Term.dimension`.
        terms: everything that is asked about it.
        budget: what the work is counted in.

    Attributes:
        name: as given.
        several: whether the key can have several values.
        full: the bits of all its classes.
        exact: whether there is no value beside those of the classes.
    """

    def __init__(self, name: str, terms: Iterable[Term], budget: Budget) -> None:
        self.name = name
        every = list(dict.fromkeys(terms))
        members = dict.fromkeys(one.members for one in every if one.members is not None)
        self._bits = {one: at for at, one in enumerate(members)}
        self._is_key = name not in UNIVERSES
        self.several = self._is_key and any(one.quantifier for one in every)
        universe = UNIVERSES.get(name, _TEXTS[self.several])
        self._classes = classes_of(list(members), universe, budget)
        self.exact = self._classes.exact
        single = {(sets, self._rest(sets)): (text,) for sets, text in self._classes.by_sets.items()}
        found = _several(single, budget) if self.several else single
        budget.spend(len(found) // 20)
        self._values: list[Value] = [None] if self._is_key else []
        self._at: dict[tuple[int, int], int] = {}
        some, others = [0] * len(members), [0] * len(members)
        for (sets, rest), texts in found.items():
            at = self._at[sets, rest] = len(self._values)
            self._values.append(texts if len(texts) > 1 else texts[0])
            _mark(some, sets, at)
            if self.several:
                _mark(others, rest, at)
        self.full = (1 << len(self._values)) - 1
        self._present = self.full & ~1 if self._is_key else self.full
        self._some = some
        self._known: list[tuple[int, int, int]] | None = None
        self._others = others if self.several else [self._present & ~one for one in some]

    def _rest(self, sets: int) -> int:
        return ((1 << len(self._bits)) - 1) & ~sets

    def mask(self, term: Term) -> int:
        """The bits of the classes that belong to a term."""
        absent = int(self._is_key and term.absent)
        if term.members is None:
            return absent | (0 if term.negated else self._present)
        bit = self._bits[term.members]
        some, others = self._some[bit], self._others[bit]
        if term.negated:
            some, others = others, some
        if term.quantifier == "all" or (term.negated and not term.quantifier):
            return absent | self._present & ~others
        return absent | some

    def value(self, mask: int, suggestions: Iterable[str] = (), *, present: bool = False) -> Value:
        """A value of one of the classes: a suggestion that belongs to them, if there is one.

        Args:
            mask: the classes.
            suggestions: the most welcome first.
            present: whether the key is rather present than absent; otherwise rather absent.
        """
        if self._is_key and mask & 1:
            if not present or mask == 1:
                return None
            mask ^= 1
        for text in suggestions:
            if self.has_text(mask, text):
                return text
        found = self._values[(mask & -mask).bit_length() - 1]
        if isinstance(found, str) and found.endswith(("-", "/")):
            longer = f"{found}example"
            return longer if self.has_text(mask, longer) else found
        return found

    def values(self, mask: int) -> list[Value]:
        """One value of each of the classes."""
        return [value for at, value in enumerate(self._values) if mask >> at & 1]

    def has_text(self, mask: int, text: str) -> bool:
        """Whether a text, as the only value, belongs to the classes."""
        return bool(mask & self._bit(self._classes.sets_of(text)))

    def _bit(self, sets: int | None) -> int:
        """The bit of the class of a single value; 0 if there is none."""
        at = None if sets is None else self._at.get((sets, self._rest(sets)))
        return 0 if at is None else 1 << at

    def known(self, mask: int) -> int:
        """The known actions that belong to some classes of actions."""
        if self._known is None:
            self._known = [
                (self._bit(sets), *_compact(known)) for sets, known in self._divided().items()
            ]
        found = 0
        for bit, first, known in self._known:
            if bit & mask:
                found |= known << first
        return found

    def _divided(self) -> dict[int, int]:
        """The sets that known actions belong to -> those actions; none if that is too much work."""
        sets = [(one, 1 << at) for one, at in self._bits.items() if isinstance(one, frozenset)]
        work = sum(len(known_actions.candidates(one)) for each, _ in sets for one in each)
        if work + len(sets) * len(self._values) > _MOST_KNOWN:
            return {}
        found = {0: known_actions.every()}
        for patterns, bit in sets:
            inside = reduce(or_, map(known_actions.matching, patterns), 0)
            for others, known in [*found.items()] if inside else ():
                if both := known & inside:
                    found[others | bit] = both
                    found[others] = known ^ both
                    if both == known:
                        del found[others]
        return found

    def settle(self) -> None:
        """Makes what it takes to find values small, and free of a decision's budget."""
        if self._classes.automaton is not None:
            self._classes.automaton.settle()


_KEPT: dict[tuple[str, tuple[Term, ...]], tuple[Dimension, int]] = {}
_MOST_KEPT = 256
_MOST_WORK_KEPT = 6_000
"""Parts that took more are made anew each time: the memory of those that are kept is bounded."""


def dimension_of(name: str, terms: Iterable[Term], budget: Budget) -> Dimension:
    """One part of a request: equal ones are made once, and cost each decision the same.

    Args:
        name: as in `Term.dimension`.
        terms: everything that is asked about it.
        budget: what the work is counted in.

    Raises:
        Undecidable: the budget is spent.
    """
    asked = name, tuple(dict.fromkeys(terms))
    kept = _KEPT.get(asked)
    if kept is not None:
        budget.spend(kept[1])
        return kept[0]
    before = budget.left
    found = Dimension(*asked, budget)
    if (work := before - budget.left) <= _MOST_WORK_KEPT:
        found.settle()
        if len(_KEPT) >= _MOST_KEPT:
            _KEPT.pop(next(iter(_KEPT)))
        _KEPT[asked] = found, work
    return found


def _compact(bits: int) -> tuple[int, int]:
    """The position of the lowest bit, and the bits from there on, which take little room."""
    first = max((bits & -bits).bit_length() - 1, 0)
    return first, bits >> first


def _mark(masks: list[int], sets: int, at: int) -> None:
    """Adds a class to the masks of the sets that it belongs to."""
    while sets:
        lowest = sets & -sets
        masks[lowest.bit_length() - 1] |= 1 << at
        sets ^= lowest


def _several(
    single: Mapping[tuple[int, int], tuple[str, ...]], budget: Budget
) -> dict[tuple[int, int], tuple[str, ...]]:
    """The combinations of classes that the values of one key can have together."""
    found = dict(single)
    queue = deque(found)
    while queue:
        some, others = queue.popleft()
        texts = found[some, others]
        for (also, also_not), more in single.items():
            budget.spend()
            both = some | also, others | also_not
            if both not in found:
                found[both] = (*texts, *more)
                queue.append(both)
    return found
