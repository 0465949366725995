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


_Part = str | _Name | tuple[str | _Name, ...]


@lru_cache(maxsize=512)
def _parts(template: str) -> tuple[_Part, ...]:
    """A template taken apart: texts, names, and optional parts as tuples of both."""
    parts: list[_Part] = []
    for found in _PART.finditer(template):
        if found["optional"] is not None:
            parts.append(_parts(found["optional"]))  # type: ignore[arg-type]  # brackets do not nest
        else:
            parts.append(found["text"] or _Name(found["name"]))
    return tuple(parts)


def placeholders(template: str) -> set[str]:
    """The names of the values that a template uses."""
    names: set[str] = set()
    for part in _parts(template):
        inner = part if isinstance(part, tuple) else (part,)
        names |= {str(one) for one in inner if isinstance(one, _Name)}
    return names


def fill(template: str, values: Values) -> str:
    """The sentence; a part in brackets is left out if nothing in it is known.

    Values are never read as templates: whoever names an OU `{account}` sees just that.
    """
    said = []
    for part in _parts(template):
        if isinstance(part, tuple):
            said.append(_optional(part, values))
        else:
            said.append(_shown(part, values(part)) if isinstance(part, _Name) else part)
    return "".join(said)


def _optional(parts: tuple[str | _Name, ...], values: Values) -> str:
    """An optional part, or nothing."""
    found = {part: values(part) for part in parts if isinstance(part, _Name)}
    if not any(map(_is_known, found.values())):
        return ""
    return "".join(_shown(part, found[part]) if isinstance(part, _Name) else part for part in parts)


def _is_known(value: Thing | str | None) -> bool:
    return value.id is not None if isinstance(value, Thing) else value is not None


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
