"""Finding an event by the beginning of its ID."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from trailscan.errors import NotFoundError, TrailscanError
from trailscan.events.schema import strings
from trailscan.numbers import counted
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from trailscan.store.reader import StoreReader

_SHOWN = 10
_MOMENT = timedelta(microseconds=1)


def whole_id(store: StoreReader, start: str) -> str:
    """The only event ID with this beginning, or the ID itself; upper or lower case.

    Raises:
        NotFoundError: no event ID has this beginning.
        TrailscanError: several have.
    """
    start = start.strip()
    lower = start.casefold()
    found = store.events(
        columns=["event_id"],
        where=lambda rows: pc.starts_with(pc.utf8_lower(rows["event_id"]), lower),
        filter_columns=("event_id",),
    )
    ids = sorted(set(found["event_id"].to_pylist()))
    exact = [one for one in ids if one.casefold() == lower]
    if len(ids) == 1 or len(exact) == 1:
        return str((exact or ids)[0])
    if not ids or not start:
        events = sum(file.rows for file in store.files("events"))
        raise NotFoundError(
            f"no event ID begins with {start!r} among {counted(events, 'event')} in {store.place}",
            "give an event ID or its first characters",
        )
    shown = ", ".join(ids[:_SHOWN]) + (" …" if len(ids) > _SHOWN else "")
    raise TrailscanError(
        f"{len(ids):,} event IDs begin with {start!r}: {shown}", "give more of its characters"
    )


def with_id(event_id: str) -> Callable[[pa.Table], pa.Array]:
    """Selects the events with an ID."""
    ids = strings([event_id])
    return lambda rows: pc.is_in(rows["event_id"], value_set=ids)


def times_of(store: StoreReader, event_id: str) -> Window:
    """The window from the first to the last event with an ID."""
    found = store.events(
        columns=["event_time"], where=with_id(event_id), filter_columns=("event_id",)
    )
    times = sorted(found["event_time"].to_pylist())
    return Window(times[0], shifted(times[-1], _MOMENT))
