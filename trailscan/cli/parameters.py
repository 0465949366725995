"""An option as a parameter of a command, as typer reads it."""

from __future__ import annotations

import inspect
from typing import Any


def parameter(name: str, annotation: Any, default: object = None) -> inspect.Parameter:
    """An option that typer reads, as a parameter of a command."""
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )
