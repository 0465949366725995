"""Hostile text made harmless: what a terminal would obey, what a spreadsheet would run."""

from __future__ import annotations

import re
import unicodedata

FORMULA_STARTS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
"""What makes a spreadsheet take a cell for a formula (OWASP ASVS 5, 1.2.10; CWE-1236)."""

_PLAIN = re.compile(r"[ -~]*")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACES = " \u00a0\u3000"


def visible(text: str) -> str:
    r"""Text in which everything unseen is written out: `\x1b`, `\u202e`, `\n`.

    Controls, formatting characters (bidi overrides, zero width), line separators, lone surrogates
    and unassigned characters are replaced; all else stays as it is.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_shown(char) if _is_hidden(char) else char for char in text)


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN


def _shown(char: str) -> str:
    names = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(char)
    if char in names:
        return names[char]
    if code <= 0xFF:  # noqa: PLR2004  # two digits are enough
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004  # the same


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might take a cell for a formula, white space before it or not."""
    return text.lstrip(_SPACES)[:1] in tuple(FORMULA_STARTS) if text.strip(_SPACES) else False


def cell(text: str) -> str:
    """Text for a cell of a spreadsheet: visible, and never a formula."""
    shown = visible(text)
    return f"'{shown}" if is_formula(text) or is_formula(shown) else shown
