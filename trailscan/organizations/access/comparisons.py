"""The condition operators of IAM policies: a value of a policy compared with one of a request.

One row per operator, after the page `reference_policies_elements_condition_operators` of the IAM
User Guide. A value that is not of the type of its operator (`NumericEquals` with a word) matches
nothing, so that the negated operator is true for it.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


Context = dict[str, tuple[str, ...]]
"""The values of every context key that is present; the keys in lower case."""


class UnresolvedError(Exception):
    """A policy variable has no value in the request, and no default."""


class _Wild(Enum):
    """The two wildcards of a pattern."""

    ONE = "?"
    MANY = "*"


Tokens = tuple["str | _Wild", ...]
"""A text, one character or wildcard after the other."""


class Run(msgspec.Struct, frozen=True, gc=False):
    """Characters and `?`: `text` has as many, and `expression` what they mean if any is `?`.

    The searches are those of Python's texts and regular expressions, and no run has an asterisk:
    none of them goes back, however long a policy's values are.
    """

    text: str
    expression: re.Pattern[str] | None

    def fits(self, value: str, start: int) -> bool:
        """Whether a value has the run from a position on."""
        if self.expression is None:
            return value.startswith(self.text, start)
        return self.expression.match(value, start) is not None

    def find(self, value: str, start: int, end: int) -> int:
        """The first position of the run between two positions of a value; -1 if there is none."""
        if self.expression is None:
            return value.find(self.text, start, end)
        found = self.expression.search(value, start, end)
        return found.start() if found else -1


Pattern = tuple[Run, ...]
"""The runs between the asterisks of a pattern."""

_WILDCARDS = {wild.value: wild for wild in _Wild}
_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"'([^']*)'")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d)?", re.ASCII)
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_ARN_PARTS = 6
_SHORT = 200
_ANY_ARN = ((Run("", None), Run("", None)),)
"""The parts of a lone `*`."""


def read_pattern(
    text: str, context: Context, *, variables: bool, wildcards: bool = True
) -> Pattern:
    """Read a pattern, with the values of the policy variables in it.

    Variables exist since Version 2012-10-17, and before that `${` is plain text. `${*}`, `${?}` and
    `${$}` are the characters themselves; a variable's value is plain text, whatever is in it.

    Raises:
        UnresolvedError: A variable has neither a value nor a default.
    """
    if not variables or "${" not in text:
        if len(text) > _SHORT:
            return _runs(_plain(text, wildcards=wildcards))
        return _plain_pattern(text, wildcards=wildcards)
    tokens = _tokens(text, context, variables=variables, wildcards=wildcards)
    return _runs(tokens)


@lru_cache(maxsize=2048)
def _plain_pattern(text: str, *, wildcards: bool) -> Pattern:
    """A short pattern without variables, which is the same in every request."""
    return _runs(_plain(text, wildcards=wildcards))


def _runs(tokens: Iterable[str | _Wild]) -> Pattern:
    """The runs between asterisks."""
    return tuple(map(_run, _split(tokens, _Wild.MANY)))


def _run(tokens: Tokens) -> Run:
    """One run; `?` is any character, a line's end too."""
    text = "".join("?" if one is _Wild.ONE else str(one) for one in tokens)
    if _Wild.ONE not in tokens:
        return Run(text, None)
    wanted = "".join("." if one is _Wild.ONE else re.escape(str(one)) for one in tokens)
    return Run(text, re.compile(wanted, re.DOTALL))


def _tokens(
    text: str, context: Context, *, variables: bool, wildcards: bool
) -> Iterator[str | _Wild]:
    """The characters and wildcards of a pattern in their order."""
    position = 0
    for found in _VARIABLE.finditer(text) if variables else ():
        yield from _plain(text[position : found.start()], wildcards=wildcards)
        yield from _resolved(found[1], context)
        position = found.end()
    yield from _plain(text[position:], wildcards=wildcards)


def _plain(text: str, *, wildcards: bool) -> Iterator[str | _Wild]:
    """The characters of a text without variables, as wildcards where they are some."""
    for character in text:
        yield _WILDCARDS.get(character, character) if wildcards else character


def _resolved(variable: str, context: Context) -> str:
    """The value of a policy variable; a key with several values cannot be one."""
    if variable in {"*", "?", "$"}:
        return variable
    name, comma, rest = variable.partition(",")
    default = _DEFAULT.fullmatch(rest.strip())
    if comma and default is None:
        raise UnresolvedError(variable)
    values = context.get(name.strip().lower(), ())
    if len(values) == 1:
        return values[0]
    if default is None or values:
        raise UnresolvedError(variable)
    return default[1]


def matches_pattern(pattern: Pattern, value: str) -> bool:
    """Whether a whole value matches a pattern: `*` any characters or none, `?` any one character.

    The runs between the asterisks are looked for from left to right, each as early as it fits.
    """
    first, *others = pattern
    if not others:
        return len(value) == len(first.text) and first.fits(value, 0)
    *middle, last = others
    if len(first.text) + len(last.text) > len(value) or not first.fits(value, 0):
        return False
    position, end = len(first.text), len(value) - len(last.text)
    for run in middle:
        start = run.find(value, position, end)
        if start < 0:
            return False
        position = start + len(run.text)
    return last.fits(value, end)


def _split(
    tokens: Iterable[str | _Wild], separator: str | _Wild, most: int = -1
) -> tuple[Tokens, ...]:
    """The parts of a text between separators, of which so many count."""
    parts: list[list[str | _Wild]] = [[]]
    for token in tokens:
        if token == separator and len(parts) - 1 != most:
            parts.append([])
        else:
            parts[-1].append(token)
    return tuple(tuple(part) for part in parts)


def _matches_arn(parts: tuple[Pattern, ...], value: str) -> bool:
    """Whether an ARN matches: each of its six parts by itself; a lone `*` matches every value."""
    if parts == _ANY_ARN:
        return True
    found = value.split(":", _ARN_PARTS - 1)
    return len(parts) == len(found) == _ARN_PARTS and all(
        matches_pattern(part, text) for part, text in zip(parts, found, strict=True)
    )


def _number(text: str) -> Fraction | None:
    """The number that a text spells in decimal."""
    return Fraction(text) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=2048)
def _date(text: str) -> Fraction | None:
    """The seconds since 1970 of an ISO 8601 date (four digits: a year) or an epoch time."""
    found = _DATE.fullmatch(text)
    if not found:
        return _number(text)
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    iso = f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    try:
        instant = datetime.fromisoformat(iso + (zone or "Z"))
    except ValueError:
        return None
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return since.days * 86_400 + since.seconds + Fraction(fraction or 0)


def _boolean(text: str) -> bool | None:
    """True or false, in letters of any case."""
    return {"true": True, "false": False}.get(text.lower())


def _bytes(text: str) -> bytes | None:
    """The bytes that a text has in base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


@lru_cache(maxsize=2048)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The addresses of a CIDR block, or the one address that a text is."""
    address, slash, length = text.partition("/")
    if "%" in address or (slash and not (length.isascii() and length.isdigit())):
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


@lru_cache(maxsize=2048)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The one address that a text is."""
    try:
        return None if "%" in text else ipaddress.ip_address(text)
    except ValueError:
        return None


@dataclass(frozen=True)
class Operator:
    """How an operator reads a value of a policy and compares it with one of a request."""

    read: Callable[[str, Context, bool], Any]
    matches: Callable[[Any, str], bool]
    negated: bool = False


def _typed(
    read_policy: Callable[[str], Any],
    read_request: Callable[[str], Any],
    compare: Callable[[Any, Any], bool],
    negated: bool = False,  # noqa: FBT001, FBT002 -- a cell of the table of operators
) -> Operator:
    """An operator on values of a type, for which policy variables are plain text.

    Args:
        read_policy: Reads the value of the policy; None if it is not of the type.
        read_request: Reads the value of the request; None if it is not of the type.
        compare: Compares the value of the policy with the value of the request.
        negated: Whether the operator holds where the comparison does not.
    """

    def matches(wanted: Any, text: str) -> bool:
        value = read_request(text)
        return wanted is not None and value is not None and compare(wanted, value)

    return Operator(lambda text, _context, _variables: read_policy(text), matches, negated)


def _exact(text: str, context: Context, variables: bool) -> Pattern:  # noqa: FBT001 -- as Operator.read
    """A pattern in which wildcards are plain characters."""
    return read_pattern(text, context, variables=variables, wildcards=False)


def _like(text: str, context: Context, variables: bool) -> Pattern:  # noqa: FBT001 -- as Operator.read
    """A pattern with wildcards."""
    return read_pattern(text, context, variables=variables)


def _arn_like(text: str, context: Context, variables: bool) -> tuple[Pattern, ...]:  # noqa: FBT001 -- as Operator.read
    """The patterns of the parts of an ARN."""
    tokens = _tokens(text, context, variables=variables, wildcards=True)
    return tuple(map(_runs, _split(tokens, ":", _ARN_PARTS - 1)))


def _in_lower_case(text: str, context: Context, variables: bool) -> Pattern:  # noqa: FBT001 -- as Operator.read
    """A pattern in which wildcards are plain characters, in lower case."""
    tokens = _tokens(text, context, variables=variables, wildcards=False)
    return (Run("".join(map(str, tokens)).lower(), None),)


def _matches_in_lower_case(pattern: Pattern, value: str) -> bool:
    """Whether a value matches, whatever the case of its letters."""
    return matches_pattern(pattern, value.lower())


_ORDER: dict[str, tuple[Callable[[Any, Any], bool], bool]] = {
    "Equals": (operator.eq, False),
    "NotEquals": (operator.eq, True),
    "LessThan": (operator.gt, False),
    "LessThanEquals": (operator.ge, False),
    "GreaterThan": (operator.lt, False),
    "GreaterThanEquals": (operator.le, False),
}
"""How the value of the policy, on the left, compares with the value of the request."""

_STRINGS_AND_ARNS = {
    "StringEquals": Operator(_exact, matches_pattern),
    "StringNotEquals": Operator(_exact, matches_pattern, negated=True),
    "StringEqualsIgnoreCase": Operator(_in_lower_case, _matches_in_lower_case),
    "StringNotEqualsIgnoreCase": Operator(_in_lower_case, _matches_in_lower_case, negated=True),
    "StringLike": Operator(_like, matches_pattern),
    "StringNotLike": Operator(_like, matches_pattern, negated=True),
    "ArnEquals": Operator(_arn_like, _matches_arn),
    "ArnLike": Operator(_arn_like, _matches_arn),
    "ArnNotEquals": Operator(_arn_like, _matches_arn, negated=True),
    "ArnNotLike": Operator(_arn_like, _matches_arn, negated=True),
}

OPERATORS: dict[str, Operator] = {
    **_STRINGS_AND_ARNS,
    "Bool": _typed(_boolean, _boolean, operator.eq),
    "BinaryEquals": _typed(_bytes, _bytes, operator.eq),
    "IpAddress": _typed(_network, _address, operator.contains),
    "NotIpAddress": _typed(_network, _address, operator.contains, negated=True),
    **{f"Numeric{name}": _typed(_number, _number, *how) for name, how in _ORDER.items()},
    **{f"Date{name}": _typed(_date, _date, *how) for name, how in _ORDER.items()},
}
"""Every operator but `Null`, without `IfExists` and set operators."""
