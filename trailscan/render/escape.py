"""Text made harmless for spreadsheets, which run what looks like a formula."""

from __future__ import annotations

import re

from trailscan.visible import visible

FORMULA_STARTS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
"""The first characters of a formula (OWASP ASVS 5, 1.2.10; CWE-1236)."""

_SPACES = " \u00a0\u3000"
_AFTER_A_SEPARATOR = re.compile(rf'([;\t][{_SPACES}]*)(?="*[{re.escape(FORMULA_STARTS)}])')
"""Where a formula begins in a spreadsheet that takes `;` or a tab for the separator of cells, as
Excel does in many countries: there the quotation marks around a cell do not protect it."""


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might take a cell for a formula, with or without leading spaces."""
    return text.lstrip(_SPACES)[:1] in tuple(FORMULA_STARTS) if text.strip(_SPACES) else False


def cell(text: str) -> str:
    """Text for a cell of a spreadsheet: visible, and never a formula."""
    shown = visible(text)
    return f"'{shown}" if is_formula(text) or is_formula(shown) else shown


def csv_cell(text: str) -> str:
    """Text for a cell of a CSV file: as `cell`, wherever a program may split the line into cells.

    An apostrophe stands before what would be a formula at the beginning of the text, after a
    semicolon, or after a tab.
    """
    return _AFTER_A_SEPARATOR.sub(r"\1'", cell(text))
