"""Text folded into the lines of a column, where characters may take two cells of a terminal."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMMAND = "$ "
_WORD = re.compile(r"(?:`[^`]+`|\S)+")
"""A word, or a command in backticks with what touches it."""


def length(text: str) -> int:
    """How many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return _cells(text)


@lru_cache(maxsize=10_000)
def _cells(text: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415  # start-up

    return cell_len(text)


def longest(texts: Iterable[str]) -> int:
    """The length of the longest text."""
    return max(map(length, texts), default=0)


def longest_word(texts: Iterable[str]) -> int:
    """The length of the longest word in some texts."""
    return longest({word for text in texts for word in text.split(" ")})


def padded(text: str, width: int, *, right: bool = False) -> str:
    """A text filled with spaces to a width, to its left if it belongs on the right."""
    blank = " " * (width - length(text))
    return f"{blank}{text}" if right else f"{text}{blank}"


def fold(text: str, width: int) -> list[str]:
    """A text in lines of a width, broken at spaces, or where one word is longer than a line."""
    if length(text) <= width:
        return [text]
    lines, line = [], ""
    for word in text.split(" "):
        if line and length(line) + 1 + length(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        while length(line) > width:
            start = _start(line, width)
            lines.append(start)
            line = line[len(start) :]
    return [*lines, line] if line else lines


def fold_note(text: str, width: int) -> list[str]:
    """A line of prose in lines of a width, those after the first indented.

    A command that the line shows after a dollar sign stays whole.
    """
    start = " " * (len(text) - len(text.lstrip(" ")))
    is_command = text.startswith(_COMMAND)
    return [text] if is_command else hang(start, text[len(start) :], width, len(start) + 2)


def hang(head: str, text: str, width: int, indent: int) -> list[str]:
    """A text behind a head in lines of a width, those after the first indented.

    Words and commands in backticks are never broken, so that they can be copied: one that does not
    fit between indent and width begins further to the left, and one that is longer than a line has
    a line of its own.
    """
    if length(head + text) <= width:
        return [head + text]
    lines, line = [], head
    for word in _WORD.findall(text):
        gap = "" if not line or line.endswith(" ") else " "
        if length(line) + length(gap + word) <= width:
            line = f"{line}{gap}{word}"
            continue
        if line.strip():
            lines.append(line.rstrip())
        line = " " * max(min(indent, width - length(word)), 0) + word
    return [*lines, line]


def _start(text: str, width: int) -> str:
    """The longest start of a text that fits a width; at least one character."""
    if text.isascii():
        return text[:width]
    room = width
    for count, char in enumerate(text):
        room -= length(char)
        if room < 0:
            return text[: max(count, 1)]
    return text
