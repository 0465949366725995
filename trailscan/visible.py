"""Hostile text made visible: nothing is left that a terminal or a browser would obey or hide."""

from __future__ import annotations

import re
import unicodedata

_PLAIN = re.compile(r"[ -~]*")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str) -> str:
    r"""Text in which everything unseen is written out: `\x1b`, `\u202e`, `\n`.

    Controls, formatting characters (bidi overrides, zero width), line separators, lone surrogates
    and unassigned characters are replaced; all else stays as it is.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_shown(char) if is_hidden(char) else char for char in text)


def is_hidden(char: str) -> bool:
    """Whether a character is not seen where it is shown, or does something there."""
    return unicodedata.category(char) in _HIDDEN


def _shown(char: str) -> str:
    names = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(char)
    if char in names:
        return names[char]
    if code <= 0xFF:  # noqa: PLR2004  # two digits are enough
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # the same
