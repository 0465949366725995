"""What somebody decided about a reject."""

from __future__ import annotations

from datetime import datetime  # msgspec reads the annotations

import msgspec


class Acceptance(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody's word that a reject is known and no longer makes an answer incomplete.

    Attributes:
        reject: the id of the reject.
        by: who accepted it: user and host.
        because: why.
        at: when, by the clock of the machine.
        reopened: it takes an earlier acceptance back.
    """

    reject: str
    by: str
    because: str
    at: datetime
    reopened: bool = False
