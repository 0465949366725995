"""What shares the principal, the access key or the address of an event, and is near it in time."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from trailscan.events.principal import Actor, actor_of
from trailscan.window import Window, duration_in_words, shifted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from trailscan.organizations.changes import Change


class Around(NamedTuple):
    """What a filter asks for: the vicinity of an event.

    Attributes:
        event_id: the event's ID, or its first characters.
        within: how long before and after it.
    """

    event_id: str
    within: timedelta


class Vicinity(NamedTuple):
    """The vicinity of an event.

    Attributes:
        event_id: of the event.
        within: how long before and after it.
        window: of event time.
        principals: who made the call; several if records with this ID contradict each other.
        access_key_ids: of its credentials.
        addresses: that it came from, without names of AWS services.
    """

    event_id: str
    within: timedelta
    window: Window
    principals: frozenset[Actor]
    access_key_ids: frozenset[str]
    addresses: frozenset[str]

    def shared(self, change: Change) -> tuple[str, ...]:
        """What an event shares with it: `principal`, `key`, `address`, or nothing."""
        event = change.event
        same = {
            "principal": actor_of(change.principal) in self.principals,
            "key": event.user_identity.access_key_id in self.access_key_ids,
            "address": event.source_ip_address in self.addresses,
        }
        return tuple(name for name, is_same in same.items() if is_same)

    @property
    def in_words(self) -> str:
        """The vicinity as notes repeat it."""
        return (
            f"the principal, access key or source IP of event {self.event_id}, "
            f"within {duration_in_words(self.within)} of it"
        )


def vicinity_of(event_id: str, records: Iterable[Change], within: timedelta) -> Vicinity:
    """The vicinity of an event.

    Args:
        event_id: of the event.
        records: the event as each of its records has it; at least one.
        within: how long before and after.
    """
    found = list(records)
    times = [one.event.event_time for one in found]
    window = Window(shifted(min(times), -within), shifted(max(times), within))
    keys = (one.event.user_identity.access_key_id for one in found)
    return Vicinity(
        event_id,
        within,
        window,
        frozenset(actor_of(one.principal) for one in found),
        frozenset(key for key in keys if key),
        frozenset(_addresses(found)),
    )


def _addresses(records: Iterable[Change]) -> Iterator[str]:
    """The addresses that calls came from; services call from a name, which many share."""
    for one in records:
        address = one.event.source_ip_address or ""
        try:
            ip_address(address)
        except ValueError:
            continue
        yield address
