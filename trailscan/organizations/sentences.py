"""A sentence out of a template of the catalogue and the values of an event.

A template is taken apart once and for all: `moved {account}[ from {source}]` are its literal parts,
its names, and its optional parts, which are said only if a name in them stands for something known.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from trailscan.organizations.things import ROLES, Thing, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    Values = Callable[[str], Thing | str | None]

_PART = re.compile(r"\[(?P<optional>[^]]*)\]|\{(?P<name>\w+)\}|(?P<text>[^[{]+)")


class _Name(str):
    """The name of a value."""

    __slots__ = ()


class _Optional(tuple[str | _Name, ...]):
    """Parts that are said together or not at all."""

    __slots__ = ()


_Part = str | _Name | _Optional


@lru_cache(maxsize=512)
def _parts(template: str) -> tuple[_Part, ...]:
    """A template taken apart: texts, names, and optional parts of both."""
    parts: list[_Part] = []
    for found in _PART.finditer(template):
        if found["optional"] is not None:
            parts.append(_Optional(_parts(found["optional"])))  # type: ignore[arg-type]  # brackets do not nest
        else:
            parts.append(found["text"] or _Name(found["name"]))
    return tuple(parts)


def placeholders(template: str) -> set[str]:
    """The names of the values that a template uses."""
    names: set[str] = set()
    for part in _parts(template):
        inner = part if isinstance(part, _Optional) else (part,)
        names |= {str(one) for one in inner if isinstance(one, _Name)}
    return names


def fill(template: str, values: Values) -> str:
    """The sentence; a part in brackets is left out if nothing in it is known.

    Values are never read as templates: whoever names an OU `{account}` sees just that.
    """
    said = []
    for part in _parts(template):
        kind = type(part)
        if kind is str:
            said.append(part)
        elif kind is _Name:
            said.append(_shown(part, values(part)))  # type: ignore[arg-type]  # it is a name
        else:
            said.append(_optional(part, values))  # type: ignore[arg-type]  # it is optional
    return "".join(said)  # type: ignore[arg-type]  # texts all


def _optional(parts: _Optional, values: Values) -> str:
    """An optional part, or nothing."""
    found = {part: values(part) for part in parts if type(part) is _Name}
    for value in found.values():
        if value is not None and (type(value) is str or value.id is not None):  # type: ignore[union-attr]  # else a thing
            return "".join(
                [_shown(part, found[part]) if type(part) is _Name else part for part in parts]
            )
    return ""


def _shown(name: str, value: Thing | str | None) -> str:
    """A value, or that it is not known."""
    if isinstance(value, str):
        return value
    if value is not None and value.id is not None:
        return str(value)
    if name in ROLES:
        return unknown(name)
    word = name.replace("_", " ")
    return f"unknown {word}" if word.endswith("s") else f"an unknown {word}"
