"""What sentences and the other functions of an operation's record read: one call in its context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from trailscan.organizations.resources import Resource, Role, resource_in_role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.events.event import Event
    from trailscan.organizations.state import Organization

_Found = TypeVar("_Found")


class SentenceContext:
    """One call, the event that reports how it ended, and the organization as it was before.

    Attributes:
        event: the call.
        outcome_event: the service event that reports how the call ended, or the call itself.
        cause: of a service event, the call that caused it; None if none is known.
        state: the organization before the call.
    """

    __slots__ = (
        "_found",
        "_resources",
        "_roles",
        "_values",
        "cause",
        "event",
        "outcome_event",
        "state",
    )

    def __init__(
        self,
        event: Event,
        outcome_event: Event,
        state: Organization,
        roles: Mapping[str, Role],
        values: Mapping[str, Value],
        cause: Event | None = None,
    ) -> None:
        self.event = event
        self.outcome_event = outcome_event
        self.state = state
        self.cause = cause
        self._roles = roles
        self._values = values
        self._resources: dict[str, Resource] = {}
        self._found: dict[object, object] = {}

    def once(self, find: Callable[[SentenceContext], _Found]) -> _Found:
        """What a function finds about the call; it is asked once, however often it is needed."""
        if find not in self._found:
            self._found[find] = find(self)
        return cast("_Found", self._found[find])

    def value(self, name: str) -> Resource | str | None:
        """The value of a name in a sentence; None if it is not known."""
        value = self._values.get(name)
        return value(self) if value is not None else self.resource(name)

    def unknown(self, name: str) -> str:
        """What a sentence says if the value of a name is not known."""
        if name in self._roles:
            return self._roles[name].unknown_words
        noun = name.replace("_", " ")
        return f"unknown {noun}" if noun.endswith("s") else f"an unknown {noun}"

    def resource(self, role: str) -> Resource:
        """The resource in a role; only the result of a request has a new account's id."""
        found = self._resources.get(role)
        if found is None:
            found = self._resources[role] = self._find(self._roles[role])
        return found

    def resources(self, names: Iterable[str]) -> list[Resource]:
        """The resources among some names in sentences, as far as they are known."""
        found = [self.resource(name) for name in names if name in self._roles]
        return [one for one in found if one.id or one.name]

    def _find(self, role: Role) -> Resource:
        early = resource_in_role(self.event, role, self.state)
        if self.outcome_event is self.event:
            return early
        late = resource_in_role(self.outcome_event, role, self.state)
        if late.id is None:
            return early
        return late if late.name or not early.name else late._replace(name=early.name)


Value = Callable[[SentenceContext], str | None]
"""Finds a value that is not a resource, in words."""
