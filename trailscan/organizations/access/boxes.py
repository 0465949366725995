"""Turns statements into boxes: products of one set for each part of a request.

A condition with a policy variable compares two values of the request. It becomes a part of its own
that is either true or not, with rules that name what it can never be; whoever finds a request must
find values that make it so. A statement with a variable that has no value does not apply, unless
its operator is …IfExists (IAM user guide, `reference_policies_variables`).
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from contextlib import suppress
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from trailscan.organizations.access.budget import Undecidable
from trailscan.organizations.access.dimensions import ACTION, PRINCIPAL, RESOURCE, Term
from trailscan.organizations.access.patterns import (
    MANY,
    Variable,
    Wildcard,
    pattern,
    pieces,
    variables_of,
)
from trailscan.organizations.access.values import Comparison, parse_bound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trailscan.organizations.access.budget import Budget
    from trailscan.organizations.access.dimensions import TextSet
    from trailscan.organizations.access.patterns import Pattern, Piece
    from trailscan.organizations.access.statements import Condition, Names, Statement

PRINCIPAL_KEY = "aws:principalarn"
"""The condition key that is the principal of the request."""

Product = tuple[Term, ...]
"""What a request must meet in every part that is named."""

_SERVICE_LINKED = (
    "arn:*:iam::*:role/aws-service-role/*",
    "arn:*:sts::*:assumed-role/AWSServiceRoleFor*",
)
UNRESTRICTED: Product = (
    Term(
        PRINCIPAL,
        frozenset(
            pattern(pieces(one, wildcards=True, variables=False), arn=True)
            for one in _SERVICE_LINKED
        ),
    ),
)
"""Service-linked roles: neither SCPs nor RCPs affect them (AWS Organizations user guide)."""

_MOST_PRODUCTS = 200
_SHORT = 100
_STEPS_A_UNIT = 50
_ANY = Wildcard("*")
_ACCOUNT_DIGITS = 12


class Comparand(NamedTuple):
    """A value with variables that a part of the request is compared with.

    Attributes:
        dimension: the part.
        value: what the value consists of.
        fold: whether case is ignored.
        arn: whether it is compared as an ARN.
    """

    dimension: str
    value: tuple[Piece, ...]
    fold: bool
    arn: bool

    @property
    def name(self) -> str:
        """A name for whether the part has the value; no condition key has such a name."""
        return f"${self!r}"

    @property
    def is_itself(self) -> bool:
        """Whether the value is that of the part itself, which every value of it equals."""
        key = PRINCIPAL_KEY if self.dimension == PRINCIPAL else self.dimension
        return not self.arn and _without_defaults(self).value == (Variable(key, None),)

    def term(self, *, true: bool) -> Term:
        """Whether the part has the value."""
        return Term(self.name, None, negated=not true, absent=not true)


class Boxes(NamedTuple):
    """What a statement applies to: any of the products.

    Attributes:
        products: of which a request must meet one.
        comparands: every comparison with a variable in them.
    """

    products: tuple[Product, ...]
    comparands: frozenset[Comparand]


def boxes_of(statement: Statement) -> Boxes:
    """What a statement applies to.

    Raises:
        Undecidable: a value cannot be read, or variables make too many combinations.
    """
    comparands: set[Comparand] = set()
    actions = _set(map(_plain, statement.actions.values))
    alternatives: list[list[Product]] = [[(Term(ACTION, actions, statement.actions.negated),)]]
    alternatives.append(_resources(statement.resources, statement.variables, comparands))
    if statement.principals is not None:
        alternatives.append([(_principals(statement.principals),)])
    alternatives += [
        _condition(one, statement.variables, comparands)
        for one in sorted(statement.conditions, key=repr)
    ]
    count = 1
    for each in alternatives:
        count *= len(each)
    if count > _MOST_PRODUCTS:
        raise Undecidable("too many combinations")
    products = tuple(
        tuple(term for part in chosen for term in part) for chosen in product(*alternatives)
    )
    return Boxes(products, frozenset(comparands))


def _plain(value: str, *, wildcards: bool = True, fold: bool = False, arn: bool = False) -> Pattern:
    """What a value without variables stands for; short ones recur and are kept."""
    if len(value) <= _SHORT:
        return _short(value, wildcards, fold, arn)
    return pattern(pieces(value, wildcards=wildcards, variables=False), fold=fold, arn=arn)


@lru_cache(maxsize=4096)
def _short(value: str, wildcards: bool, fold: bool, arn: bool) -> Pattern:  # noqa: FBT001  # a key
    return pattern(pieces(value, wildcards=wildcards, variables=False), fold=fold, arn=arn)


def _resolved(comparands: Iterable[Comparand], *, absent: bool = False) -> list[tuple[Term, ...]]:
    """What makes every variable without a default have a value, or one of them none."""
    keys = {
        each.key
        for one in comparands
        for each in variables_of(one.value)
        if each.default is None and each.key != PRINCIPAL_KEY
    }
    terms = [Term(key, None, negated=absent, absent=absent) for key in sorted(keys)]
    return [(one,) for one in terms] if absent else [tuple(terms)]


def impossible(comparands: Sequence[Comparand], budget: Budget) -> list[Product]:
    """What no request can be.

    Equal to a variable where not even a wildcard would match; equal to a variable that has no
    value, and no default; equal to a variable that has a value, and not to the same variable
    with another default; or equal to a value, and not to a wider one with the same variables.

    Raises:
        Undecidable: the budget is spent.
    """
    alike: dict[Comparand, list[Comparand]] = {}
    for one in comparands:
        alike.setdefault(_without_defaults(one), []).append(one)
    found: list[Product] = [
        (one.term(true=True), other.term(true=False), *_present(one))
        for group in alike.values()
        if len(group) > 1
        for one, other in zip(group, [*group[1:], group[0]], strict=True)
    ]
    if found:
        found += [
            (one.term(true=True), *absent)
            for one in comparands
            for absent in _resolved([one], absent=True)
        ]
    found += [
        (one.term(true=True), other.term(true=False))
        for one in comparands
        for other in comparands
        if one != other and _implies(one, other, budget)
    ]
    return found + [
        (
            one.term(true=True),
            Term(
                one.dimension,
                frozenset({pattern(one.value, fold=one.fold, arn=one.arn)}),
                negated=True,
                absent=True,
            ),
        )
        for one in comparands
    ]


def _implies(one: Comparand, other: Comparand, budget: Budget) -> bool:
    """Whether all that has a value also has another, whatever the variables are.

    True only if the wildcards of the other cover what it does not have itself: between the parts of
    an ARN they cover no variable and no colon.
    """
    if one.dimension != other.dimension or one.arn != other.arn or one.fold > other.fold:
        return False
    if not set(variables_of(other.value)) <= set(variables_of(one.value)):
        return False
    given, wanted = (_symbols(each, fold=other.fold) for each in (one, other))
    budget.spend(2 + len(given) * len(wanted) // _STEPS_A_UNIT)
    reached = {0}
    for symbol in (*given, None):
        for at in range(len(wanted)):
            if at in reached and wanted[at] == _ANY:
                reached.add(at + 1)
        if symbol is None:
            break
        opaque = other.arn and (symbol == ":" or isinstance(symbol, Variable))
        reached = {
            after
            for at in reached
            if at < len(wanted)
            for after in _after(wanted[at], symbol, at, opaque=opaque)
        }
    return len(wanted) in reached


def _after(wanted: Piece, symbol: Piece, at: int, *, opaque: bool) -> list[int]:
    """Where a pattern goes on behind one more symbol."""
    if wanted == _ANY:
        return [] if opaque else [at]
    one = wanted == Wildcard("?") and not opaque
    single = symbol == Wildcard("?") or (isinstance(symbol, str))
    return [at + 1] if wanted == symbol or (one and single) else []


def _symbols(one: Comparand, *, fold: bool) -> tuple[Piece, ...]:
    """The characters, wildcards and variables of a value."""
    return tuple(
        symbol
        for piece in one.value
        for symbol in ((piece.lower() if fold else piece) if isinstance(piece, str) else [piece])
    )


def _without_defaults(one: Comparand) -> Comparand:
    return one._replace(
        value=tuple(
            each._replace(default=None) if isinstance(each, Variable) else each
            for each in one.value
        )
    )


def _present(one: Comparand) -> tuple[Term, ...]:
    """That every variable of a value has a value in the request."""
    (known,) = _resolved([_without_defaults(one)])
    return known


def _resources(names: Names, variables: bool, comparands: set[Comparand]) -> list[Product]:  # noqa: FBT001  # of the version
    if not (variables and _have_variables(names.values)):
        return [(Term(RESOURCE, _set(map(_plain, names.values)), names.negated),)]
    values = [pieces(one, wildcards=True, variables=True) for one in sorted(names.values)]
    return _texts(
        [Comparand(RESOURCE, one, fold=False, arn=False) for one in values],
        Term(RESOURCE, None, names.negated),
        comparands,
    )


def _texts(values: list[Comparand], term: Term, comparands: set[Comparand]) -> list[Product]:
    """A part that has one of some values, of which some can have variables, or none of them."""
    (known,) = _resolved(values)
    own = any(one.is_itself for one in values)
    fixed = (
        None
        if own
        else _set(
            pattern(one.value, fold=one.fold, arn=one.arn)
            for one in values
            if not variables_of(one.value)
        )
    )
    varied = [one for one in values if variables_of(one.value) and not own]
    comparands.update(varied)
    if term.negated:
        none = tuple(one.term(true=False) for one in varied)
        return [(replace(term, members=fixed), *none, *known)]
    found: list[Product] = [(one.term(true=True), *known) for one in varied]
    if fixed != frozenset() or term.absent or not varied:
        found.append((replace(term, members=fixed), *known))
    return found


def _have_variables(values: Iterable[str]) -> bool:
    return any("${" in one for one in values)


def _set(members: Iterable[Pattern]) -> TextSet | None:
    """A set of texts; None if all texts are members."""
    found = frozenset(members)
    return None if (MANY,) in found else found


def _principals(names: Names) -> Term:
    """Principals by ARN or account id; an account stands for everybody in it."""
    found: set[Pattern] = set()
    for one in names.values:
        account = one.removesuffix(":root").rpartition(":")[2]
        whole = len(account) == _ACCOUNT_DIGITS and account.isdecimal()
        if whole and (one == account or one.endswith(":root")):
            found.add(
                pattern(pieces(f"arn:*:*::{account}:*", wildcards=True, variables=False), arn=True)
            )
        else:
            found.add(_plain(one))
    return Term(PRINCIPAL, _set(found), names.negated)


def _condition(one: Condition, variables: bool, comparands: set[Comparand]) -> list[Product]:  # noqa: FBT001  # of the version
    dimension = PRINCIPAL if one.key == PRINCIPAL_KEY else one.key
    if one.operator == "null":
        return _null(dimension, one)
    absent = one.if_exists or one.quantifier == "all" or (one.negated and not one.quantifier)
    term = Term(dimension, None, one.negated, one.quantifier, absent)
    if one.operator not in {"string", "string_fold", "like", "arn", "binary"}:
        return [(replace(term, members=_comparison(one)),)]
    like = one.operator in {"like", "arn"}
    fold, arn = one.operator == "string_fold", one.operator == "arn"
    texts = _bytes_of(one.values) if one.operator == "binary" else one.values
    if one.operator == "binary" or not (variables and _have_variables(texts)):
        members = _set(_plain(value, wildcards=like, fold=fold, arn=arn) for value in texts)
        return [(replace(term, members=members),)]
    values = [
        Comparand(dimension, pieces(value, wildcards=like, variables=True), fold=fold, arn=arn)
        for value in sorted(texts)
    ]
    mixed = one.quantifier == ("any" if one.negated else "all")
    if mixed and dimension != PRINCIPAL and any(variables_of(each.value) for each in values):
        raise Undecidable("a policy variable among the values of a key with several values")
    found = _texts(values, term, comparands)
    if one.if_exists and any(variables_of(each.value) for each in values):
        found.append((Term(dimension, None, negated=True, absent=True),))
        found += _resolved(values, absent=True)
    return found


def _bytes_of(values: Iterable[str]) -> frozenset[str]:
    """Values in base64 as a request spells them; one that is not base64 equals nothing."""
    found = set()
    for value in values:
        with suppress(ValueError):
            found.add(b64encode(b64decode(value, validate=True)).decode())
    return frozenset(found)


def _null(dimension: str, one: Condition) -> list[Product]:
    wanted = {value.lower() for value in one.values}
    if not wanted <= {"true", "false"}:
        raise Undecidable("a value of Null is neither true nor false")
    return [(Term(dimension, None, negated="false" not in wanted, absent="true" in wanted),)]


def _comparison(one: Condition) -> Comparison:
    if one.operator in {"bool", "address"}:
        found = Comparison(one.operator, "=", one.values)
    else:
        family = "number" if one.operator.startswith("number") else "date"
        found = Comparison(family, one.operator.removeprefix(family), one.values)  # type: ignore[arg-type]  # the same
    for value in found.values:
        parse_bound(found.family, value)
    return found
