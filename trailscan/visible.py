"""Invisible characters written out, so that a terminal or browser neither obeys nor hides any."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"[ -~]*")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200a\u202f\u205f\u2800\u3164"
    "\ufe00-\ufe0f\uffa0\ufffc\U0001d159\U000e0100-\U000e01ef]"
)
"""Characters of other categories that show nothing: fillers, variation selectors (Unicode 15,
DerivedCoreProperties.txt, Default_Ignorable_Code_Point), the blank pattern of Braille, a notehead
that is empty, and spaces of unusual width. The no-break and the ideographic space stay."""


def visible(text: str) -> str:
    r"""Text in which every invisible character is written out: `\x1b`, `\u202e`, `\n`.

    Controls, formatting characters (bidi overrides, zero width, tags), line separators, fillers,
    lone surrogates and unassigned characters are replaced; everything else stays.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_shown(char) if is_hidden(char) else char for char in text)


def quoted(text: str) -> str:
    """Text in quotation marks that it cannot leave: those inside are escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{visible(escaped)}"'


def is_hidden(char: str) -> bool:
    """Whether a character is invisible, or controls how others are shown."""
    return unicodedata.category(char) in _HIDDEN or _BLANK.match(char) is not None


def _shown(char: str) -> str:
    names = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(char)
    if char in names:
        return names[char]
    if code <= 0xFF:  # noqa: PLR2004  # two digits are enough
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # the same
