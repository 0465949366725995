"""An event of any service as a row: who made which call, on what, and how it ended.

Only the operations of the catalogue have sentences. What another service recorded is told by its
own names, so it can stand beside changes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trailscan.events.client import client
from trailscan.organizations.changes import Change
from trailscan.organizations.operation import READ
from trailscan.organizations.outcome import outcome_by_code
from trailscan.organizations.resources import Resource, each_once, quoted
from trailscan.sessions.chain import chain_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.events.event import Event
    from trailscan.organizations.correlate import OrderedEvent
    from trailscan.sessions.chain import Issuances

OTHER = "other"
"""The category of a call that the catalogue does not have, unless CloudTrail calls it read-only."""

_NAMES_SOMETHING = re.compile(r"(?:name|id|arn|identifier)$", re.IGNORECASE)
_SHOWN = 3


def describe_any(one: OrderedEvent, issued: Issuances) -> Change:
    """An event of any service as a change would be, without anything that only a catalogue knows.

    Args:
        one: the event.
        issued: the records that issued the credentials of sessions.
    """
    event = one.event
    chain = chain_of(event, issued)
    named = list(_named(event))
    resources = each_once(Resource(text) for _, text in named)
    return Change(
        event=event,
        where=one.where,
        log_file_sha256=one.log_file_sha256,
        arrived=one.arrived,
        principal=chain.origin,
        chain=chain,
        client=client(event),
        action=event.event_name or "an unnamed operation",
        category=READ if event.read_only else OTHER,
        description=_in_words(event, named),
        target_id=resources[0].id if resources else None,
        resources=resources,
        outcome=outcome_by_code(event.error_code),
        severity="info",
        known=False,
    )


def _named(event: Event) -> Iterator[tuple[str, str]]:
    """The members of a request that name something, each with its value."""
    for name, value in event.request.items():
        if isinstance(value, str) and value and _NAMES_SOMETHING.search(name):
            yield name, value


def _in_words(event: Event, named: list[tuple[str, str]]) -> str:
    """What was called, on what, and how it failed: `called iam CreateUser: userName mallory`."""
    service = (event.event_source or "an unknown service").removesuffix(".amazonaws.com")
    about = ", ".join(f"{name} {quoted(value)}" for name, value in named[:_SHOWN])
    call = "recorded" if event.event_type == "AwsServiceEvent" else "called"
    said = f"{call} {quoted(service)} {quoted(event.event_name or 'an unnamed operation')}"
    failed = f": {quoted(event.error_code)}" if event.error_code else ""
    return f"{said}{f' with {about}' if about else ''}{failed}"
