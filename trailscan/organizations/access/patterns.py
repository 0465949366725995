"""Values with wildcards and policy variables, as sequences of tokens.

`*` stands for any text and `?` for one character. In version 2012-10-17 `${*}`, `${?}` and `${$}`
stand for the characters themselves, and `${key}` or `${key, 'default'}` for the value that a
condition key has in the request (IAM user guide, `reference_policies_variables`). The ARN operators
compare the six parts of an ARN one by one (`reference_policies_elements_condition_operators`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.access.budget import Undecidable

if TYPE_CHECKING:
    from collections.abc import Iterable

Token = int
"""A character by its number, `FOLD` plus it to ignore its case, or one of the classes below."""

Pattern = str | tuple[Token, ...]
"""A text, or tokens if it has wildcards."""

ONE, MANY = -1, -2
"""Any one character; any characters."""
ONE_PART, MANY_PART = -3, -4
"""The same without a colon: a wildcard in one part of an ARN."""
NAME, MANY_NAME = -5, -6
"""What a name in lower case has: anything but a colon and upper-case letters."""
NEVER = -7
"""No character: what has it is a pattern of no text."""
FOLD = 0x200000

_LAST_CASED = 0x20000
_COLONS = 5  # between the parts of an ARN
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_INSIDE = re.compile(r"\s*([^,\s]+)\s*+(?:,\s*'([^']*)'\s*+)?")
_ESCAPED = frozenset({"*", "?", "$"})


class Variable(NamedTuple):
    """A policy variable: a condition key in lower case, and what stands for it if it is absent."""

    key: str
    default: str | None


class Wildcard(NamedTuple):
    """`*` or `?`."""

    sign: str


Piece = str | Variable | Wildcard


def pieces(text: str, *, wildcards: bool, variables: bool) -> tuple[Piece, ...]:
    """The texts, wildcards and variables that a value consists of.

    Raises:
        Undecidable: something in `${…}` is no variable.
    """
    found: list[Piece] = []
    end = 0
    closed = text.rfind("}") + 1 if variables and "${" in text else 0
    for match in _VARIABLE.finditer(text, 0, closed):
        found += _plain(text[end : match.start()], wildcards=wildcards)
        found.append(_variable(match[1]))
        end = match.end()
    found += _plain(text[end:], wildcards=wildcards)
    return tuple(found)


def _variable(inside: str) -> Piece:
    if inside in _ESCAPED:
        return inside
    match = _INSIDE.fullmatch(inside)
    if match is None:
        raise Undecidable("a policy variable cannot be read")
    return Variable(match[1].lower(), match[2])


def _plain(text: str, *, wildcards: bool) -> list[Piece]:
    if not wildcards:
        return [text] if text else []
    return [Wildcard(one) if one in "*?" else one for one in re.split(r"([*?])", text) if one]


def variables_of(value: tuple[Piece, ...]) -> tuple[Variable, ...]:
    """The policy variables of a value, in their order."""
    return tuple(one for one in value if isinstance(one, Variable))


def pattern(value: tuple[Piece, ...], *, fold: bool = False, arn: bool = False) -> Pattern:
    """The texts that a value stands for; a variable stands for any text.

    Args:
        value: what it consists of.
        fold: ignore case.
        arn: a wildcard before the last part does not cross a colon; fewer parts match nothing,
            but for a lone `*`, which matches everything.
    """
    texts = [one for one in value if isinstance(one, str)]
    colons = sum(one.count(":") for one in texts)
    parts = arn and value != (Wildcard("*"),) and not variables_of(value)
    if parts and colons < _COLONS:
        return (NEVER,)
    if not fold and len(texts) == len(value):
        return "".join(texts)
    tokens: list[Token] = []
    colons = 0
    for one in value:
        inside = parts and colons < _COLONS
        if isinstance(one, str):
            colons += one.count(":")
            tokens += [_folded(char) if fold else ord(char) for char in one]
        elif isinstance(one, Wildcard) and one.sign == "?":
            tokens.append(ONE_PART if inside else ONE)
        elif not tokens or tokens[-1] not in {MANY, MANY_PART}:
            tokens.append(MANY_PART if inside else MANY)
        elif not inside:
            tokens[-1] = MANY
    return tuple(tokens)


def _folded(char: str) -> Token:
    lower = char.lower()
    return FOLD + ord(lower) if len(lower) == 1 and lower != char.upper() else ord(char)


def capitals(char: str) -> tuple[str, ...]:
    """A character whose lower case another one is; none if there is no single one."""
    if char.isascii():
        return (char.upper(),)
    return _other_capitals().get(char, ())


@cache
def _other_capitals() -> dict[str, tuple[str, ...]]:
    every = map(chr, range(0x80, _LAST_CASED))
    return {char.lower(): (char,) for char in every if char.lower() not in {char, ""}}


def expression(tokens: Iterable[Token]) -> str:
    """A regular expression for characters, `ONE` and `MANY`.

    It never goes back: each run between wildcards is taken where it first fits.
    """
    runs = [""]
    for one in tokens:
        if one == MANY:
            runs.append("")
        else:
            runs[-1] += "." if one == ONE else re.escape(chr(one))
    first, *middle = runs
    if not middle:
        return first
    last = middle.pop()
    return f"{first}{''.join(f'(?>.*?{run})' for run in middle if run)}.*{last}"
