"""What was left over when sessions were traced, so that a later load goes on from there."""

from __future__ import annotations

from datetime import datetime  # msgspec reads the annotations

import msgspec

MOST_PENDING = 500
"""How many issuing records are looked for again, the newest first; a commit names them all."""


class Pending(msgspec.Struct, frozen=True, omit_defaults=True):
    """An issuing record that later loads look for.

    Attributes:
        access_key_id: that it issued.
        account_id: an account in whose log files it lies.
        called_at: the time of the call behind which it is missing.
        searched: the delivery time up to which all log files that may hold it were searched; None
            if not even those of the minutes after it were.
        tried: short names of the log files of these minutes that were searched already.
    """

    access_key_id: str
    account_id: str | None
    called_at: datetime
    searched: datetime | None = None
    tried: bytes = b""

    @property
    def id(self) -> tuple[str, str | None]:
        """What makes two of them one."""
        return (self.access_key_id, self.account_id)


class Traced(msgspec.Struct, frozen=True):
    """What an attempt to trace left over.

    Attributes:
        through: the last commit whose sessions it looked for.
        bytes_left: how much of what it might read it did not, for later attempts.
        pending: what later loads look for.
    """

    through: int = 0
    bytes_left: int = 0
    pending: tuple[Pending, ...] = ()
