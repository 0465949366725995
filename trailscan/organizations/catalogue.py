"""The catalogue: the record of every operation, by event source and event name.

The catalogue in use holds `trailscan.organizations.services.SERVICES`; `registered` adds more.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from trailscan.organizations.operation import READ
from trailscan.organizations.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from trailscan.organizations.operation import Operation, Service

    Key = tuple[str | None, str | None]


class Catalogue:
    """The operations of some services.

    Attributes:
        services: by event source.
        operations: by event source and event name.
    """

    def __init__(self, services: Iterable[Service]) -> None:
        self.services: Mapping[str | None, Service] = MappingProxyType(
            {service.event_source: service for service in services}
        )
        self.operations: Mapping[Key, Operation] = MappingProxyType(
            {
                (service.event_source, operation.name): operation
                for service in self.services.values()
                for operation in service.operations
            }
        )

    def operation(self, event_source: str | None, event_name: str | None) -> Operation | None:
        """The record of an operation; None if there is none."""
        return self.operations.get((event_source, event_name))

    def names(self, condition: Callable[[Operation], bool]) -> dict[str, list[str]]:
        """By event source, the sorted names of the operations that meet a condition."""
        return {
            service.event_source: sorted(one.name for one in service.operations if condition(one))
            for service in self.services.values()
        }

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """Every category that a change can have, in alphabetical order."""
        found = {operation.category for operation in self.operations.values()}
        return tuple(sorted(found | {READ, "unknown"}))

    @cached_property
    def results(self) -> frozenset[Key]:
        """The service events that report how a request ended."""
        return frozenset(
            (source, operation.result)
            for (source, _), operation in self.operations.items()
            if operation.result
        )

    @cached_property
    def correlated(self) -> frozenset[Key]:
        """The operations that can be a request, a result, a cause, or have a cause."""
        return self.results | {
            key
            for key, operation in self.operations.items()
            if operation.result or operation.subject or operation.cause
        }


_IN_USE = [Catalogue(SERVICES)]


def catalogue() -> Catalogue:
    """The catalogue in use."""
    return _IN_USE[-1]


def operation(event_source: str | None, event_name: str | None) -> Operation | None:
    """The record of an operation in the catalogue in use; None if there is none."""
    return _IN_USE[-1].operation(event_source, event_name)


@contextmanager
def registered(*services: Service) -> Iterator[Catalogue]:
    """Use a catalogue with more services until the end of the `with` block."""
    more = Catalogue([*catalogue().services.values(), *services])
    _IN_USE.append(more)
    try:
        yield more
    finally:
        _IN_USE.remove(more)
