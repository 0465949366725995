"""Excerpts of policies for one line of text: values that are short, visible and unambiguous."""

from __future__ import annotations

import re

import msgspec

MAX_WORDS = 400
"""The longest description of a difference, in characters."""

SHOWN_CHARACTERS = 100
"""The longest part of one text that is shown: an ARN of a role fits."""

_ROOM_FOR_REST = 30  # "… and 123,456 more changes"
_MARKS = re.compile(r"[\s,;()'\"\\…]")  # characters of the words around a text


def text_of(value: object) -> str:
    """A text as it is, any other value as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def excerpt(text: str) -> str:
    r"""The start of a text, quoted if it could be taken for the words around it: `'a; b\x1b'`."""
    start = text[:SHOWN_CHARACTERS]
    plain = start and start.isprintable() and not _MARKS.search(start)
    return f"{start if plain else repr(start)}{'…' if len(text) > len(start) else ''}"


def limited(parts: list[str]) -> str:
    """As many changes as fit into `MAX_WORDS` characters, and how many more there are."""
    room = MAX_WORDS - _ROOM_FOR_REST
    text = parts[0] if len(parts[0]) <= room else f"{parts[0][:room]}…"
    for shown, part in enumerate(parts[1:], 1):
        longer = f"{text}; {part}"
        if len(longer) > room:
            more = len(parts) - shown
            return f"{text} … and {more:,} more change{'s' if more > 1 else ''}"
        text = longer
    return text
