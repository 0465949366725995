"""The credential of a call, and what else the store has of its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow.compute as pc

from trailscan.events.schema import strings
from trailscan.sessions.credential import Credential, credential_of
from trailscan.window import format_instant

if TYPE_CHECKING:
    from datetime import datetime

    from trailscan.events.event import Event
    from trailscan.store.reader import StoreReader


class Use(NamedTuple):
    """The use of a credential.

    Attributes:
        credential: of a call.
        events: how many events of the store were made with its key.
        first: the time of the first of them; None without a key.
    """

    credential: Credential
    events: int = 0
    first: datetime | None = None

    def to_json(self) -> dict[str, object]:
        """The documented, stable JSON form."""
        one = self.credential
        return {
            "kind": one.kind,
            "access_key_id": one.access_key_id,
            "mfa": one.mfa,
            "since": one.since and format_instant(one.since),
            "from_console": one.from_console,
            "first_seen": self.first and format_instant(self.first),
            "events": self.events,
        }


def use_of(store: StoreReader, event: Event) -> Use:
    """The use of the credential that an event was made with."""
    found = credential_of(event)
    if found.access_key_id is None:
        return Use(found)
    keys = strings([found.access_key_id])
    rows = store.events(
        columns=["event_time"],
        where=lambda rows: pc.is_in(rows["user_identity_access_key_id"], value_set=keys),
        filter_columns=("user_identity_access_key_id",),
    )
    times = rows["event_time"].to_pylist()
    return Use(found, len(times), times[0] if times else None)
