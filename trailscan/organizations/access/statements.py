"""Reads the text of a service or resource control policy into statements.

The grammar is IAM's (IAM user guide, `reference_policies_grammar`), as far as SCPs and RCPs use it
(AWS Organizations user guide, `orgs_manage_policies_scps_syntax` and
`orgs_manage_policies_rcps_syntax`). A text that AWS would refuse is never guessed at.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

from trailscan.errors import DecodeError
from trailscan.events.event import decode_object
from trailscan.organizations.access.budget import Undecidable

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["scp", "rcp"]
Quantifier = Literal["", "any", "all"]
Operator = Literal[
    "string", "string_fold", "like", "arn", "binary", "bool", "address", "null",
    "number=", "number<", "number<=", "number>", "number>=",
    "date=", "date<", "date<=", "date>", "date>=",
]  # fmt: skip

_OPERATORS: dict[str, tuple[Operator, bool]] = {
    "stringequals": ("string", False),
    "stringnotequals": ("string", True),
    "stringequalsignorecase": ("string_fold", False),
    "stringnotequalsignorecase": ("string_fold", True),
    "stringlike": ("like", False),
    "stringnotlike": ("like", True),
    "arnequals": ("arn", False),
    "arnnotequals": ("arn", True),
    "arnlike": ("arn", False),
    "arnnotlike": ("arn", True),
    "binaryequals": ("binary", False),
    "bool": ("bool", False),
    "ipaddress": ("address", False),
    "notipaddress": ("address", True),
    "null": ("null", False),
    "numericequals": ("number=", False),
    "numericnotequals": ("number=", True),
    "numericlessthan": ("number<", False),
    "numericlessthanequals": ("number<=", False),
    "numericgreaterthan": ("number>", False),
    "numericgreaterthanequals": ("number>=", False),
    "dateequals": ("date=", False),
    "datenotequals": ("date=", True),
    "datelessthan": ("date<", False),
    "datelessthanequals": ("date<=", False),
    "dategreaterthan": ("date>", False),
    "dategreaterthanequals": ("date>=", False),
}
"""Each operator's comparison and whether it is negated (`reference_policies_elements_condition_operators`)."""  # noqa: E501

_QUANTIFIERS: dict[str, Quantifier] = {"foranyvalue:": "any", "forallvalues:": "all"}
_IF_EXISTS = "ifexists"
_POLICY = frozenset({"Version", "Id", "Statement"})
_ACTIONS = "Action", "NotAction"
_RESOURCES = "Resource", "NotResource"
_PRINCIPALS = "Principal", "NotPrincipal"
_STATEMENT = frozenset({"Sid", "Effect", "Condition", *_ACTIONS, *_RESOURCES, *_PRINCIPALS})
_WITH_VARIABLES = "2012-10-17"
_VERSIONS = _WITH_VARIABLES, "2008-10-17"
_EFFECTS = "Allow", "Deny"
_SHOWN = 40
_VARIABLE = re.compile(r"\$\{\s*([^},\s]+)")

MOST_CHARACTERS = 40_960
"""The longest text that is read: four times what AWS accepts (the quotas of AWS Organizations)."""


class Names(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """An element such as `Action`, or `NotAction` if it is negated."""

    values: frozenset[str]
    negated: bool


class Condition(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """One key of one operator: every value is an alternative."""

    operator: Operator
    negated: bool
    quantifier: Quantifier
    if_exists: bool
    key: str
    values: frozenset[str]


class Statement(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """A statement without its `Sid`; equal ones mean the same.

    Attributes:
        allow: its effect.
        actions: in lower case, because IAM ignores the case of actions.
        resources: as written.
        principals: None if the text does not restrict them.
        conditions: all of them must hold.
        variables: whether `${…}` is a variable: only in version 2012-10-17.
    """

    allow: bool
    actions: Names
    resources: Names
    principals: Names | None
    conditions: frozenset[Condition]
    variables: bool

    def variables_named(self) -> Iterator[str]:
        """The condition keys that the policy variables name, as the text spells them."""
        if self.variables:
            for values in (self.resources.values, *(one.values for one in self.conditions)):
                for text in values:
                    if "${" in text:
                        yield from _VARIABLE.findall(text)


class Policy(NamedTuple):
    """A policy.

    Attributes:
        statements: in the order of the text.
        spellings: actions and condition keys in lower case -> as the text spells them.
    """

    statements: tuple[Statement, ...]
    spellings: dict[str, str]


@lru_cache(maxsize=128)
def parse_policy(text: str, kind: Kind) -> Policy:
    """The statements of a policy.

    Raises:
        Undecidable: the text is not JSON, has a member twice, or is no policy of this kind.
    """
    policy = _load(text)
    _known(policy, _POLICY)
    version = policy.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise Undecidable(f"the policy version {_quoted(version)} is not known")
    if "Statement" not in policy:
        raise Undecidable("the policy has no Statement")
    if policy["Statement"] == []:
        raise Undecidable("Statement is empty; AWS refuses the text")
    spellings: dict[str, str] = {}
    statements = []
    for one in _listed(policy["Statement"]):
        read = _recurring(one, kind, variables=version == _WITH_VARIABLES)
        statements.append(read.statement)
        spellings.update(read.spellings)
    return Policy(tuple(statements), spellings)


def _load(text: str) -> dict[str, Any]:
    if len(text) > MOST_CHARACTERS:
        raise Undecidable(f"the text is longer than {MOST_CHARACTERS:,} characters")
    try:
        decode_object(text)
        found = json.loads(text, object_pairs_hook=_object, parse_int=_Number, parse_float=_Number)
    except DecodeError as error:
        raise Undecidable(f"the text is no policy: {error}") from None
    except (ValueError, RecursionError) as error:
        raise Undecidable(f"the text is no policy: {error}") from None
    return found  # type: ignore[no-any-return]  # decode_object saw an object


class _Number(str):
    """A number of the text, with its digits as written."""

    __slots__ = ()

    def __repr__(self) -> str:
        """What no text has as its representation."""
        return f"number {self}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Undecidable(f"the text has the member {_quoted(twice)} twice")
    return found


def _known(found: dict[str, Any], names: frozenset[str]) -> None:
    for name in found:
        if name not in names:
            raise Undecidable(f"the element {_quoted(name)} is not known")


def _quoted(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    shown = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
    return "".join(one if one.isprintable() else "?" for one in f"“{shown}”")


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


class _Read(msgspec.Struct, frozen=True, gc=False):
    """A statement, and how it spells its names."""

    statement: Statement
    spellings: dict[str, str]


_READ: dict[tuple[str, Kind, bool], _Read] = {}
_PARTS: dict[Any, Any] = {}
_MOST_READ = 4_096
_LONGEST_READ = 2_000


def _recurring(found: object, kind: Kind, *, variables: bool) -> _Read:
    """A statement of a text: versions of a policy have most in common."""
    spellings: dict[str, str] = {}
    key = repr(found), kind, variables
    if len(key[0]) > _LONGEST_READ:
        return _Read(_statement(found, kind, spellings, variables=variables), spellings)
    known = _READ.get(key)
    if known is None:
        if len(_READ) >= _MOST_READ:
            _READ.clear()
        statement = _statement(found, kind, spellings, variables=variables)
        known = _READ[key] = _Read(_with_common_parts(statement), spellings)
    return known


def _with_common_parts(one: Statement) -> Statement:
    """An equal statement, of which the parts that other statements have too exist once."""
    if len(_PARTS) >= _MOST_READ:
        _PARTS.clear()
    return msgspec.structs.replace(
        one,
        actions=_PARTS.setdefault(one.actions, one.actions),
        resources=_PARTS.setdefault(one.resources, one.resources),
        conditions=_PARTS.setdefault(one.conditions, one.conditions),
    )


def _statement(
    found: object, kind: Kind, spellings: dict[str, str], *, variables: bool
) -> Statement:
    if not isinstance(found, dict):
        raise Undecidable("a statement is not an object")
    _known(found, _STATEMENT)
    effect = found.get("Effect")
    if effect not in _EFFECTS:
        raise Undecidable(f"the effect {_quoted(effect)} is not known")
    actions = _names(found, *_ACTIONS)
    resources = _names(found, *_RESOURCES)
    if actions is None or resources is None:
        missing = "Resource" if actions else "Action"
        raise Undecidable(f"a statement has no {missing}; AWS refuses the text")
    for action in actions.values:
        if "*" not in action and ":" not in action:
            raise Undecidable(
                f"the action {_quoted(action)} names no service; AWS refuses the text"
            )
    lower = {one.lower(): one for one in actions.values}
    spellings.update(lower)
    statement = Statement(
        allow=effect == "Allow",
        actions=Names(frozenset(lower), actions.negated),
        resources=resources,
        principals=_principals(found, kind),
        conditions=frozenset(_conditions(found.get("Condition", {}), spellings)),
        variables=variables,
    )
    for name in statement.variables_named():
        spellings.setdefault(name.lower(), name)
    return statement


def _names(found: dict[str, Any], name: str, opposite: str) -> Names | None:
    if name in found and opposite in found:
        raise Undecidable(f"a statement has {name} and {opposite}; AWS refuses the text")
    for one in (name, opposite):
        if one in found:
            return Names(_texts(found[one], one), one == opposite)
    return None


def _texts(value: object, name: str) -> frozenset[str]:
    texts = _listed(value)
    if not texts:
        raise Undecidable(f"{name} is empty; AWS refuses the text")
    if any(type(one) is not str for one in texts):
        raise Undecidable(f"{name} is not a text; AWS refuses the text")
    return frozenset(texts)


def _principals(found: dict[str, Any], kind: Kind) -> Names | None:
    """The principals by ARN, account id or `*`; services and providers are no such principals."""
    if kind == "scp":
        if any(name in found for name in _PRINCIPALS):
            raise Undecidable("a service control policy has a Principal; AWS refuses the text")
        return None
    if "Principal" not in found or "NotPrincipal" in found:
        raise Undecidable("a resource control policy needs a Principal; AWS refuses the text")
    value = found["Principal"]
    if not isinstance(value, dict):
        return Names(_texts(value, "Principal"), negated=False)
    by_type = {key: _texts(inner, "Principal") for key, inner in value.items()}
    everybody = any("*" in values for values in by_type.values())
    values = frozenset({"*"}) if everybody else by_type.get("AWS", frozenset())
    return Names(values, negated=False)


def _conditions(found: object, spellings: dict[str, str]) -> list[Condition]:
    if not isinstance(found, dict):
        raise Undecidable("Condition is not an object")
    read: dict[tuple[str, str], Condition] = {}
    for name, keys in found.items():
        if not isinstance(keys, dict):
            raise Undecidable(f"the condition {_quoted(name)} is not an object")
        for key, values in keys.items():
            at = name.lower(), key.lower()
            if at in read:
                raise Undecidable(f"the condition key {_quoted(key)} stands twice")
            spellings[key.lower()] = key
            read[at] = _condition(name, key.lower(), values)
    return list(read.values())


def _condition(name: str, key: str, values: object) -> Condition:
    rest, quantifier = name.lower(), ""
    for prefix, word in _QUANTIFIERS.items():
        if rest.startswith(prefix):
            rest, quantifier = rest.removeprefix(prefix), word
    plain = rest.removesuffix(_IF_EXISTS)
    if plain not in _OPERATORS:
        raise Undecidable(f"the condition operator {_quoted(name)} is not known")
    operator, negated = _OPERATORS[plain]
    if operator == "null" and (quantifier or plain != rest):
        raise Undecidable(f"the condition operator {_quoted(name)} is not known")
    return Condition(operator, negated, quantifier, plain != rest, key, _scalars(values, key))  # type: ignore[arg-type]  # one of the quantifiers


def _scalars(values: object, key: str) -> frozenset[str]:
    """The values of a condition; booleans and numbers can be JSON's own."""
    found = _listed(values)
    if not found:
        raise Undecidable(f"the condition key {_quoted(key)} has no value")
    texts = [json.dumps(one) if isinstance(one, bool) else one for one in found]
    if not all(isinstance(one, str) for one in texts):
        raise Undecidable(f"a value of the condition key {_quoted(key)} is not a text")
    return frozenset(str(one) for one in texts)
