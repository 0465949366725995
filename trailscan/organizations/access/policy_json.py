"""Reads the JSON of policies, which strangers may have written."""

from __future__ import annotations

import json
from typing import Any

MAX_CHARACTERS = 512 * 1024
"""The longest text that is read; the longest policy of AWS Organizations has 20,480 characters."""
MAX_DEPTH = 50
"""The deepest nesting that is read; policies have about ten levels."""


def read_policy(text: str) -> dict[str, Any]:
    """Read a JSON object, numbers as the text that spells them.

    Raises:
        ValueError: The text is not JSON or not an object, is too long or nested too deeply, or an
            object has a name twice, which AWS refuses.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the policy has more than {MAX_CHARACTERS:,} characters")
    try:
        found = json.loads(
            text, object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"the policy is not JSON: {error}") from None
    except RecursionError:
        raise ValueError("the policy is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("the policy is not a JSON object")  # noqa: TRY004 -- a bad text, not a bug
    if _depth_exceeds(found, MAX_DEPTH):
        raise ValueError("the policy is nested too deeply")
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a JSON object whose names are all different."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object of the policy has the same name twice")
    return found


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which JSON does not have."""
    raise ValueError(f"the policy is not JSON: {constant}")


def _depth_exceeds(value: dict[str, Any], most: int) -> bool:
    """Whether objects and arrays are nested deeper than allowed."""
    level: list[Any] = [value]
    for _ in range(most):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return bool(level)
