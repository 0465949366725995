"""Sentences: the templates of operations filled with the values of an event.

A template is parsed once. `moved {account}[ from {source}]` has literal texts, names of values, and
optional parts in brackets, which are left out if none of their values is known.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trailscan.organizations.context import SentenceContext
    from trailscan.organizations.resources import Resource

_PART = re.compile(r"\[(?P<optional>[^]]*)\]|\{(?P<name>\w+)\}|(?P<text>[^[{]+)")


class _Name(str):
    """The name of a value."""

    __slots__ = ()


class _Optional(tuple[str | _Name, ...]):
    """Parts that are included or left out together."""

    __slots__ = ()


_Part = str | _Name | _Optional


@lru_cache(maxsize=512)
def _parts(template: str) -> tuple[_Part, ...]:
    """The parts of a template: texts, names, and optional parts of both."""
    parts: list[_Part] = []
    for found in _PART.finditer(template):
        if found["optional"] is not None:
            parts.append(_Optional(_parts(found["optional"])))  # type: ignore[arg-type]  # brackets do not nest
        else:
            parts.append(found["text"] or _Name(found["name"]))
    return tuple(parts)


@lru_cache(maxsize=512)
def placeholders(*templates: str) -> tuple[str, ...]:
    """The names of the values that some templates use, in the order in which they appear."""
    names: dict[str, None] = {}
    for part in (part for template in templates for part in _parts(template)):
        inner = part if isinstance(part, _Optional) else (part,)
        names |= {str(one): None for one in inner if isinstance(one, _Name)}
    return tuple(names)


def fill(template: str, call: SentenceContext) -> str:
    """The sentence about a call.

    Values are never parsed as templates: an OU named `{account}` is shown under just that name.
    """
    texts = []
    for part in _parts(template):
        kind = type(part)
        if kind is str:
            texts.append(part)
        elif kind is _Name:
            texts.append(_shown(call, part, call.value(part)))  # type: ignore[arg-type]  # it is a name
        else:
            texts.append(_optional(call, part))  # type: ignore[arg-type]  # it is optional
    return "".join(texts)  # type: ignore[arg-type]  # texts all


def _optional(call: SentenceContext, parts: _Optional) -> str:
    """An optional part; empty if none of its values is known."""
    values = {part: call.value(part) for part in parts if type(part) is _Name}
    for value in values.values():
        if value is not None and (type(value) is str or value.id is not None):  # type: ignore[union-attr]  # else a resource
            return "".join(
                [
                    _shown(call, part, values[part]) if type(part) is _Name else part
                    for part in parts
                ]
            )
    return ""


def _shown(call: SentenceContext, name: str, value: Resource | str | None) -> str:
    """A value, or the words for its being unknown."""
    if isinstance(value, str):
        return value
    if value is not None and value.id is not None:
        return str(value)
    return call.unknown(name)
