"""Text made harmless for spreadsheets, which run what looks like a formula."""

from __future__ import annotations

from trailscan.visible import visible

FORMULA_STARTS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
"""The first characters of a formula (OWASP ASVS 5, 1.2.10; CWE-1236)."""

_SPACES = " \u00a0\u3000"


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might take a cell for a formula, with or without leading spaces."""
    return text.lstrip(_SPACES)[:1] in tuple(FORMULA_STARTS) if text.strip(_SPACES) else False


def cell(text: str) -> str:
    """Text for a cell of a spreadsheet: visible, and never a formula."""
    shown = visible(text)
    return f"'{shown}" if is_formula(text) or is_formula(shown) else shown
