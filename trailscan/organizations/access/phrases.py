"""Puts regions of requests into words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.access import known_actions
from trailscan.organizations.access.dimensions import ACTION, PRINCIPAL, RESOURCE
from trailscan.organizations.access.requests import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trailscan.organizations.access.dimensions import Dimension, Value
    from trailscan.organizations.access.requests import Space
    from trailscan.organizations.access.search import Region

_MOST_PHRASES = 3
_REGION = "aws:requestedregion"
_BEFORE = {RESOURCE: "on", PRINCIPAL: "by", _REGION: "in"}


def phrases(
    space: Space, regions: Sequence[Region], spelling: Callable[[str], str]
) -> tuple[str, ...]:
    """What some regions are about: `ec2:RunInstances in eu-central-1`.

    Args:
        space: the parts of a request.
        regions: the widest first.
        spelling: how an action or a condition key is spelled.
    """
    found = []
    for region in regions[:_MOST_PHRASES]:
        values = next(requests(space, region), None)
        if values is not None:
            found.append(_phrase(space, region, values, spelling))
    if more := len(regions) - len(found):
        found.append(f"and {more} more")
    return tuple(dict.fromkeys(found))


def _phrase(
    space: Space, region: Region, values: dict[str, Value], spelling: Callable[[str], str]
) -> str:
    action, what = spelling(str(values[ACTION])), ""
    where: list[str] = []
    when: list[str] = []
    for dimension, mask in zip(space.dimensions, region, strict=True):
        if dimension.name == ACTION:
            what = _actions(dimension, mask)
        elif mask != dimension.full and dimension.name in values:
            part = _part(dimension.name, values[dimension.name], spelling)
            (when if part.startswith("with") else where).append(part)
    found = " ".join((what or action, *where, *([" and ".join(when)] if when else [])))
    return f"{found}, for example {action}" if what else found


def _actions(dimension: Dimension, mask: int) -> str:
    """How many actions and services a set of actions is about; empty if it is one action."""
    if mask == dimension.full:
        return "every action"
    known = dimension.known(mask)
    service, count = known_actions.services_of(known)
    if count > 1:
        return f"actions of {count} services"
    return f"actions of {service}" if known.bit_count() > 1 else ""


def _part(name: str, value: Value, spelling: Callable[[str], str]) -> str:
    """One part of a request that matters: `in eu-central-1`, `without aws:PrincipalTag/team`."""
    if value is None:
        return f"without {spelling(name)}"
    text = value if isinstance(value, str) else ", ".join(value)
    return f"{_BEFORE[name]} {text}" if name in _BEFORE else f"with {spelling(name)} {text}"
