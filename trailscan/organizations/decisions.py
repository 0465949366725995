"""Decisions about policies, each made once; those of an earlier run can be given."""

from __future__ import annotations

import hashlib
from contextvars import ContextVar
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trailscan.organizations.access.change import AccessChange

_MOST = 20_000


class Decisions:
    """The decisions of a run.

    Args:
        given: decisions of an earlier run, by the name of their question.

    Attributes:
        used: the decisions that were asked for, by the name of their question.
        made: how many of them were not given.
    """

    def __init__(self, given: Mapping[str, AccessChange] | None = None) -> None:
        self.used: dict[str, AccessChange] = {}
        self.made = 0
        self._given = given or {}
        self._known: dict[tuple[object, ...], AccessChange] = {}

    def answer(
        self, question: tuple[object, ...], decide: Callable[[], AccessChange]
    ) -> AccessChange:
        """The answer to a question.

        Args:
            question: what the answer depends on, as values that JSON has.
            decide: finds the answer.
        """
        found = self._known.get(question)
        if found is None:
            name = hashlib.sha256(msgspec.json.encode(question)).hexdigest()
            found = self._given.get(name)
            if found is None:
                found = decide()
                self.made += 1
            if len(self._known) >= _MOST:
                self._known.clear()
                self.used.clear()
            self._known[question] = self.used[name] = found
        return found


CURRENT: ContextVar[Decisions] = ContextVar("decisions", default=Decisions())  # noqa: B039  # shared on purpose
"""The decisions of what is being described; those of the process if nobody set others."""
