"""Replays events: what each does to the state of the organization.

What each operation does to the state is in its record. A call that was denied or failed does
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.catalogue import catalogue

if TYPE_CHECKING:
    from trailscan.events.event import Event
    from trailscan.organizations.operation import Operation, Service
    from trailscan.organizations.state import Organization


def apply(state: Organization, event: Event) -> Organization:
    """The state after one event; the same object if the event changes nothing in it."""
    if event.error_code or event.event_name is None:
        return state
    known = catalogue()
    found: Operation | Service | None = known.operations.get((event.event_source, event.event_name))
    if found is None:
        found = known.services.get(event.event_source)
    return found.effect(state, event) if found is not None and found.effect else state
