"""The values of conditions that are no text: numbers, instants, addresses and booleans.

Formats: IAM user guide, `reference_policies_elements_condition_operators`.
"""

from __future__ import annotations

import ipaddress
import operator
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from trailscan.organizations.access.budget import Undecidable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Family = Literal["number", "date", "address", "bool"]
Address = tuple[int, int]
"""The version of an IP address and its number."""

Bound = Fraction | tuple[Address, Address]
"""What a value is compared with: a number, an instant in seconds, or a range of addresses."""

BOOLEANS = ("true", "false")

_SIGNS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DECIMAL = r"[+-]?(?:\d{{1,{0}}}(?:\.\d{{0,{1}}})?|\.\d{{1,{1}}})(?:[eE][+-]?\d)?"
_NUMBER = re.compile(_DECIMAL.format(18, 12), re.ASCII)
_REQUESTED = re.compile(_DECIMAL.format(28, 28), re.ASCII)
"""Numbers of policies; those of requests are longer, because they can lie between two of them."""
_DATE = re.compile(
    r"\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_DIGITS = 56
"""Enough for a number of a request to be written exactly."""
_FIRST_DAY = "-01-01"
_DAY = len("2026-11-26")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BITS = {4: 32, 6: 128}
_LAST_SECOND = int((datetime(9999, 12, 31, tzinfo=UTC) - _EPOCH).total_seconds())


class Comparison(NamedTuple):
    """A set of values that are no texts: those that compare so with one of the values."""

    family: Family
    sign: str
    values: frozenset[str]

    def members(self, texts: Sequence[str]) -> list[bool]:
        """Whether each of some texts is such a value; one that cannot be read is none."""
        if self.family == "bool":
            wanted = {one.lower() for one in self.values}
            return [text.lower() in wanted for text in texts]
        bounds = [parse_bound(self.family, one) for one in sorted(self.values)]
        return [_is_member(self, text, bounds) for text in texts]


def _is_member(comparison: Comparison, text: str, bounds: Sequence[Bound]) -> bool:
    try:
        value = parse(comparison.family, text)
    except Undecidable:
        return False
    return any(_compares(comparison.sign, value, bound) for bound in bounds)


def _compares(sign: str, value: Fraction | Address, bound: Bound) -> bool:
    if isinstance(value, tuple):
        return isinstance(bound, tuple) and bound[0] <= value <= bound[1]
    return isinstance(bound, Fraction) and _SIGNS[sign](value, bound)


def parse(family: Family, text: str) -> Fraction | Address:
    """The value that a text has in a request.

    Raises:
        Undecidable: it is no value of this family.
    """
    try:
        if family == "number" and _REQUESTED.fullmatch(text):
            return Fraction(text)
        if family == "date" and (_REQUESTED.fullmatch(text) or _DATE.fullmatch(text)):
            return _seconds(text) if _DATE.fullmatch(text) else Fraction(text)
        if family == "address":
            address = ipaddress.ip_address(text)
            return address.version, int(address)
    except (ValueError, OverflowError):
        pass
    raise Undecidable(f"a value is no {family}")


def parse_bound(family: Family, text: str) -> Bound:
    """What a value of a policy is compared as: a number, an instant, or a range of addresses.

    Raises:
        Undecidable: it is no value of this family.
    """
    if family == "bool":
        if text.lower() not in BOOLEANS:
            raise Undecidable("a value is neither true nor false")
        return Fraction(text.lower() == "true")
    if family != "address":
        if not (_NUMBER.fullmatch(text) or (family == "date" and _DATE.fullmatch(text))):
            raise Undecidable(f"a value is no {family}")
        value = parse(family, text)
        return (value, value) if isinstance(value, tuple) else value
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise Undecidable("a value is no range of IP addresses") from None
    first, last = int(network.network_address), int(network.broadcast_address)
    return (network.version, first), (network.version, last)


def _seconds(text: str) -> Fraction:
    when = datetime.fromisoformat(
        text + _FIRST_DAY[len(text) - _DAY :] if len(text) < _DAY else text
    )
    passed = when.replace(tzinfo=when.tzinfo or UTC) - _EPOCH
    return Fraction(passed // timedelta(microseconds=1), 1_000_000)


def examples(family: Family, comparisons: Iterable[Comparison]) -> list[str]:
    """Values of which each that a request can have compares like one of them."""
    texts = {text for one in comparisons for text in one.values}
    bounds = [parse_bound(family, text) for text in sorted(texts)]
    if family == "bool":
        return list(BOOLEANS)
    if family == "address":
        return _addresses([one for one in bounds if isinstance(one, tuple)])
    points = sorted({bound for bound in bounds if isinstance(bound, Fraction)})
    between = [_between(low, high) for low, high in pairwise(points)]
    values = [points[0] - 1, *points, *between, points[-1] + 1]
    return [_shown(family, value) for value in values]


def _between(low: Fraction, high: Fraction) -> Fraction:
    whole = Fraction(low.numerator // low.denominator + 1)
    return whole if whole < high else (low + high) / 2


def _addresses(bounds: Iterable[tuple[Address, Address]]) -> list[str]:
    found = {(4, 0xC0000201), (6, 0x20010DB8 << 96)}  # for documentation: RFC 5737, RFC 3849
    for low, high in bounds:
        version, last = high
        inside = [low, (version, min(low[1] + 10, last)), (version, last)]
        outside = [(version, low[1] - 1), (version, last + 1)]
        found.update(one for one in (*inside, *outside) if 0 <= one[1] < 1 << _BITS[one[0]])
    found |= {(4, 0), (6, 0)}
    return [str(_address(*one)) for one in sorted(found)]


def _address(version: int, number: int) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.IPv4Address(number) if version == 4 else ipaddress.IPv6Address(number)  # noqa: PLR2004  # IPv4


def _shown(family: Family, value: Fraction) -> str:
    if family == "date" and abs(value) < _LAST_SECOND and not 1_000_000 % value.denominator:
        when = _EPOCH + timedelta(microseconds=int(value * 1_000_000))
        return when.isoformat().replace("+00:00", "Z")
    if value.denominator == 1:
        return str(value.numerator)
    with localcontext(prec=_DIGITS):
        return format(Decimal(value.numerator) / Decimal(value.denominator), "f").rstrip("0")
