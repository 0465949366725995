"""What a request consists of, each part divided into the classes that some policies tell apart.

A part is the action, the resource, the principal or one condition key. A class has one bit, and a
set of values is the bits of its classes, so sets are cut and joined in one instruction.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.access import patterns as token
from trailscan.organizations.access.automaton import Automaton
from trailscan.organizations.access.values import Comparison, examples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trailscan.organizations.access.budget import Budget
    from trailscan.organizations.access.patterns import Pattern, Token
    from trailscan.organizations.access.statements import Quantifier

TextSet = frozenset["Pattern"]
Value = str | tuple[str, ...] | None
"""A value of a request; of a key with several values all of them; None: the key is absent."""

ACTION, RESOURCE, PRINCIPAL = "action", "resource", "principal"

_PARTS = (token.ONE_PART, token.MANY_PART)


def _tokens(*parts: str | int) -> tuple[Token, ...]:
    return tuple(
        one for part in parts for one in ([part] if isinstance(part, int) else map(ord, part))
    )


_ACCOUNT = (token.DIGIT,) * 12
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
        _tokens("arn:aws", token.MANY_NAME, ":iam::", *_ACCOUNT, ":root"),
        _tokens("arn:aws", token.MANY_NAME, ":iam::", *_ACCOUNT, ":role/", *_REST),
        _tokens("arn:aws", token.MANY_NAME, ":iam::", *_ACCOUNT, ":user/", *_REST),
        _tokens("arn:aws", token.MANY_NAME, ":sts::", *_ACCOUNT, ":federated-user/", *_REST),
        _tokens("arn:aws", token.MANY_NAME, ":sts::", *_ACCOUNT, ":assumed-role/", *_REST),
    ),
}
"""The texts that are possible. Principals: `reference_policies_condition-keys`, aws:PrincipalArn."""

_ANY_TEXT = (_REST,)


class Term(NamedTuple):
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
    """

    by_sets: dict[int, str]
    exact: bool
    automaton: Automaton | None = None
    texts: Mapping[str, int] = {}

    def sets_of(self, text: str) -> int | None:
        """The sets that a text belongs to; None if the text is not possible or not known."""
        if text in self.texts:
            return self.texts[text]
        if self.automaton is not None:
            return self.automaton.sets_of(text)
        return next((sets for sets, one in self.by_sets.items() if one == text), None)


def classes_of(
    sets: Sequence[TextSet | Comparison], universe: Sequence[tuple[Token, ...]], budget: Budget
) -> Classes:
    """The classes of values that some sets tell apart."""
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
    found: dict[int, str] = {}
    budget.spend(len(values) * len(comparisons) // 20)
    for value in values:
        member = texts.sets_of(value) or 0
        for at, one in enumerate(sets):
            if isinstance(one, Comparison) and one.has(value):
                member |= 1 << at
        found.setdefault(member, value)
    wild = any(
        not isinstance(one, str) for each in sets if isinstance(each, frozenset) for one in each
    )
    return Classes(found, families == {"bool"} or (len(families) == 1 and not wild))


def _classes_of_texts(
    sets: Sequence[TextSet], universe: Sequence[tuple[Token, ...]], budget: Budget
) -> Classes:
    by_pattern: dict[Pattern, int] = {}
    for at, one in enumerate(sets):
        budget.spend(len(one) // 50)
        for member in one:
            by_pattern[member] = by_pattern.get(member, 0) | 1 << at
    wild = [(one, by) for one, by in by_pattern.items() if not isinstance(one, str)]
    automaton = Automaton(sorted(wild), universe, budget)
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


class Dimension:
    """One part of a request.

    Args:
        name: as in `Term.dimension`.
        terms: everything that is asked about it.
        budget: what the work is counted in.

    Attributes:
        name: as given.
        full: the bits of all its classes.
        exact: whether there is no value beside those of the classes.
    """

    def __init__(self, name: str, terms: Iterable[Term], budget: Budget) -> None:
        self.name = name
        every = list(dict.fromkeys(terms))
        self._members = list(dict.fromkeys(one.members for one in every if one.members is not None))
        self._is_key = name not in UNIVERSES
        self._classes = classes_of(self._members, UNIVERSES.get(name, _ANY_TEXT), budget)
        self.exact = self._classes.exact
        self._values: list[tuple[int, int, Value]] = [(0, 0, None)] if self._is_key else []
        several = self._is_key and any(one.quantifier for one in every)
        all_sets = (1 << len(self._members)) - 1
        single = {(sets, all_sets & ~sets): (text,) for sets, text in self._classes.by_sets.items()}
        found = _several(single, budget) if several else single
        for (some, others), texts in found.items():
            self._values.append((some, others, texts if len(texts) > 1 else texts[0]))
        self.full = (1 << len(self._values)) - 1
        self._masks: dict[Term, int] = {}

    def mask(self, term: Term) -> int:
        """The bits of the classes that belong to a term."""
        found = self._masks.get(term)
        if found is None:
            bit = 0 if term.members is None else 1 << self._members.index(term.members)
            found = 0
            for at, (some, others, value) in enumerate(self._values):
                inside = term.absent if value is None else _belongs(term, bit, some, others)
                found |= inside << at
            self._masks[term] = found
        return found

    def value(self, mask: int, suggestions: Iterable[str] = ()) -> Value:
        """A value of one of the classes: absent if it can be, else a suggestion that belongs."""
        if self._is_key and mask & 1:
            return None
        for text in suggestions:
            if (sets := self._classes.sets_of(text)) is not None and self.has(mask, sets):
                return text
        return self._values[(mask & -mask).bit_length() - 1][2]

    def values(self, mask: int) -> list[Value]:
        """One value of each of the classes."""
        return [value for at, (_, _, value) in enumerate(self._values) if mask >> at & 1]

    def has(self, mask: int, sets: int) -> bool:
        """Whether single values that are members of some sets belong to the classes."""
        rest = ((1 << len(self._members)) - 1) & ~sets
        return any(
            some == sets and others == rest and value is not None
            for at, (some, others, value) in enumerate(self._values)
            if mask >> at & 1
        )

    def has_text(self, mask: int, text: str) -> bool:
        """Whether a text belongs to the classes."""
        sets = self._classes.sets_of(text)
        return sets is not None and self.has(mask, sets)


def _belongs(term: Term, bit: int, some: int, others: int) -> bool:
    """Whether values of which some are members, and some are not, meet a term."""
    if term.members is None:
        return not term.negated
    if term.quantifier == "any":
        return bool((others if term.negated else some) & bit)
    if term.quantifier == "all":
        return not (some if term.negated else others) & bit
    return bool(some & bit) != term.negated


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
