"""Finds a concrete request in a region of requests."""

from __future__ import annotations

import re
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.access import examples
from trailscan.organizations.access.boxes import PRINCIPAL_KEY
from trailscan.organizations.access.dimensions import ACTION, PRINCIPAL, RESOURCE, UNIVERSES
from trailscan.organizations.access.patterns import (
    MANY,
    ONE,
    Variable,
    Wildcard,
    expression,
    variables_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trailscan.organizations.access.boxes import Comparand
    from trailscan.organizations.access.dimensions import Dimension, Value
    from trailscan.organizations.access.patterns import Token
    from trailscan.organizations.access.search import Region

_ACCOUNT = 4  # the part of an ARN
_MOST_TRIES = 200
_MOST_VALUES = 8
_FALSE, _TRUE = 1, 2  # the bits of a comparison with a variable


class Space(NamedTuple):
    """The parts of a request, and the comparisons with variables among them."""

    dimensions: Sequence[Dimension]
    comparands: Sequence[Comparand]

    def at(self, name: str) -> int | None:
        """The position of a part; None if nothing asks about it."""
        return next((at for at, one in enumerate(self.dimensions) if one.name == name), None)


def requests(space: Space, region: Region) -> Iterator[dict[str, Value]]:
    """The values of all parts, for requests of a region: none if no variables fit it.

    Several are tried where values depend on each other by variables.
    """
    fixed = _plain(space, region)
    wanted = [
        (one, region[at] == _TRUE)
        for one in space.comparands
        if (at := space.at(one.name)) is not None and region[at] in {_FALSE, _TRUE}
    ]
    if not wanted:
        yield fixed
        return
    keys = sorted({each.key for one, _ in wanted for each in variables_of(one.value)})
    options = [_options(space, region, _part(key), wanted) for key in keys]
    for chosen in islice(product(*options), _MOST_TRIES):
        given = dict(zip(map(_part, keys), chosen, strict=True))
        if (
            found := _fitted(space, region, {**fixed, **given}, frozenset(given), wanted)
        ) is not None:
            yield found


def _part(key: str) -> str:
    return PRINCIPAL if key == PRINCIPAL_KEY else key


def _plain(space: Space, region: Region) -> dict[str, Value]:
    """A value for each part that has nothing to do with variables."""
    names = {one.name for one in space.comparands}
    parts = {
        one.name: (one, bits)
        for one, bits in zip(space.dimensions, region, strict=True)
        if one.name not in names
    }
    found = {
        name: one.value(bits, examples.values(name), present=name in examples.ALWAYS_PRESENT)
        for name, (one, bits) in parts.items()
        if name not in UNIVERSES
    }
    action, bits = parts[ACTION]
    found[ACTION] = examples.action(action.known(bits)) or action.value(bits)
    resource, bits = parts[RESOURCE]
    where = found.get("aws:requestedregion")
    suggested = examples.resources(str(found[ACTION]), where if isinstance(where, str) else None)
    found[RESOURCE] = _with_account(resource, bits, resource.value(bits, suggested))
    principal, bits = parts[PRINCIPAL]
    named = principal.value(bits, examples.PRINCIPALS)
    found[PRINCIPAL] = _with_account(principal, bits, named)
    return found


def _with_account(dimension: Dimension, bits: int, value: Value) -> Value:
    """An ARN with an account id of twelve digits, if that belongs to the same classes."""
    parts = value.split(":") if isinstance(value, str) else []
    if len(parts) <= _ACCOUNT or not parts[_ACCOUNT]:
        return value
    account = parts[_ACCOUNT]
    parts[_ACCOUNT] = examples.ACCOUNT
    for _ in range(2):
        if dimension.has_text(bits, ":".join(parts)):
            return ":".join(parts)
        parts[_ACCOUNT] = account.replace("X", "0").ljust(len(examples.ACCOUNT), "0")
    return value


def _options(
    space: Space, region: Region, part: str, wanted: Sequence[tuple[Comparand, bool]]
) -> Sequence[Value]:
    """Values that the key of a variable could have, the most promising first."""
    at = space.at(part)
    if at is not None:
        values = space.dimensions[at].values(region[at])
        single = [one for one in values if not isinstance(one, tuple)]
        return [*sorted(single, key=lambda one: one is None)][:_MOST_VALUES]
    compared = [space.at(one.dimension) for one, _ in wanted if len(one.value) == 1]
    near = [
        value
        for at in compared
        if at is not None
        for value in space.dimensions[at].values(region[at])
        if isinstance(value, str)
    ]
    return [*dict.fromkeys([*near[:_MOST_VALUES], *examples.values(part), "other"]), None]


def _fitted(
    space: Space,
    region: Region,
    values: Mapping[str, Value],
    given: frozenset[str],
    wanted: Sequence[tuple[Comparand, bool]],
) -> dict[str, Value] | None:
    """The values with those parts changed that are compared with variables; None if none fit."""
    found = dict(values)
    for part in sorted({one.dimension for one, _ in wanted}):
        at = space.at(part)
        if at is None:
            return None
        mine = [(one, true) for one, true in wanted if one.dimension == part]
        exact: list[Value] = [_substituted(one, found) for one, true in mine if true]
        known = space.dimensions[at].values(region[at])[:_MOST_VALUES]
        candidates = [*exact, found.get(part), *known, "other"]
        if part in given:
            candidates = [found[part]]
        for value in candidates:
            text = value if isinstance(value, str) else None
            inside = value is None or (
                text is not None and space.dimensions[at].has_text(region[at], text)
            )
            if value is None and not region[at] & 1:
                continue
            if inside and all(_matches(one, text, found) == true for one, true in mine):
                found[part] = value
                break
        else:
            return None
    return found


def _substituted(one: Comparand, values: Mapping[str, Value]) -> str | None:
    """A text that a value with variables stands for; None if a variable has no value."""
    parts = []
    for piece in one.value:
        if isinstance(piece, Variable):
            text = _resolved(piece, values)
            if text is None:
                return None
            parts.append(text)
        else:
            parts.append("x" if isinstance(piece, Wildcard) else piece)
    return "".join(parts)


def _resolved(variable: Variable, values: Mapping[str, Value]) -> str | None:
    value = values.get(_part(variable.key))
    return value if isinstance(value, str) else variable.default


def _matches(one: Comparand, text: str | None, values: Mapping[str, Value]) -> bool:
    """Whether a text is what a value with variables stands for."""
    if text is None:
        return False
    tokens: list[Token] = []
    for piece in one.value:
        if isinstance(piece, Wildcard):
            tokens.append(MANY if piece.sign == "*" else ONE)
        elif isinstance(piece, Variable):
            resolved = _resolved(piece, values)
            if resolved is None:
                return False
            tokens += map(ord, resolved)
        else:
            tokens += map(ord, piece)
    flags = re.DOTALL | (re.IGNORECASE if one.fold else 0)
    return re.fullmatch(expression(tokens), text, flags) is not None
