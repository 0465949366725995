"""A sentence out of a template of the catalogue and the values of an event."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trailscan.organizations.values import Thing

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = Thing | str | None

_OPTIONAL = re.compile(r"\[([^]]*)\]")
_NAME = re.compile(r"\{(\w+)\}")


def placeholders(template: str) -> set[str]:
    """The names of the values that a template needs."""
    return set(_NAME.findall(template))


def fill(template: str, values: Mapping[str, Value]) -> str:
    """The sentence; a part in brackets is left out if nothing in it is known.

    Values are never read as templates: whoever names an OU `{account}` sees just that.
    """

    def optional(part: re.Match[str]) -> str:
        return part[1] if any(_is_known(values[name]) for name in _NAME.findall(part[1])) else ""

    return _NAME.sub(lambda found: _shown(found[1], values), _OPTIONAL.sub(optional, template))


def _is_known(value: Value) -> bool:
    return value is not None and (isinstance(value, str) or value.id is not None)


def _shown(name: str, values: Mapping[str, Value]) -> str:
    """A value, or that it is not known."""
    value = values[name]
    if isinstance(value, Thing) and (value.id or value.type):
        return str(value)
    if isinstance(value, str):
        return value
    word = name.replace("_", " ")
    return f"unknown {word}" if word.endswith("s") else f"an unknown {word}"
