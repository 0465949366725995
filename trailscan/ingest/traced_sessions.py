"""The result of tracing: how many sessions of a store are traced, and which are not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from trailscan.events.role_sessions import ASSUMED
from trailscan.numbers import counted


class UntracedSession(NamedTuple):
    """A session that is not traced to its beginning.

    Attributes:
        arn: of the session.
        access_key_id: that it uses.
        reason: why it is not traced, in words.
    """

    arn: str
    access_key_id: str
    reason: str

    @property
    def line(self) -> str:
        """The session and the reason, in words."""
        return f"{self.arn} ({self.access_key_id}): {self.reason}"

    @property
    def role(self) -> str:
        """The ARN without the name of a role session."""
        found = ASSUMED.fullmatch(self.arn)
        return self.arn[: found.start("session") - 1] if found else self.arn


@dataclass(slots=True)
class Tracing:
    """What a load traced.

    Attributes:
        share: how many bytes could be read for it, as a share of those that the load read.
        sessions: how many sessions of the store need tracing, those of earlier loads included.
        kept: how many issuing records were added to the store.
        log_files: how many log files were read for tracing alone.
        bytes_stored: of these log files.
        pending: how many issuing records later loads look for again.
        untraced: the sessions that are not traced to their beginning.
    """

    share: float = 0.0
    sessions: int = 0
    kept: int = 0
    log_files: int = 0
    bytes_stored: int = 0
    pending: int = 0
    untraced: list[UntracedSession] = field(default_factory=list)

    @property
    def traced(self) -> int:
        """How many sessions are traced to their beginning."""
        return self.sessions - len(self.untraced)

    @property
    def untraced_roles(self) -> list[str]:
        """The sessions that are not traced by role and reason, in words, the most first."""
        found = Counter((one.role, one.reason) for one in self.untraced)
        return [
            f"{counted(number, 'session')} of {role}: {reason}"
            for (role, reason), number in found.most_common()
        ]
