"""The files of a page: its templates, style and programs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template

_PAGE = Path(__file__).parent / "page"


@cache
def read_file(name: str) -> str:
    """The text of a file of the page."""
    return (_PAGE / name).read_text(encoding="utf-8")


@cache
def template(name: str) -> Template:
    """A template of the page: it escapes every value, and fails if one is not given."""
    from jinja2 import (  # noqa: PLC0415  # start-up
        Environment,
        FileSystemLoader,
        StrictUndefined,
    )

    return Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    ).get_template(name)
