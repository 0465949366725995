"""How a call ended."""

from __future__ import annotations

import re
from typing import Literal

Outcome = Literal["succeeded", "denied", "failed"]

_DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized", re.IGNORECASE)


def outcome_by_code(error_code: str | None) -> Outcome:
    """The outcome of a call by its error code, never by its response: void calls answer nothing."""
    if not error_code:
        return "succeeded"
    return "denied" if _DENIED.search(error_code) else "failed"
