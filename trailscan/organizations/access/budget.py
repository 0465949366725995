"""The work that one decision may cost, and how a decision says that it cannot be made."""

from __future__ import annotations

WORK = 60_000
"""The units of work of one decision: well under a second."""


class Undecidable(Exception):  # noqa: N818  # it is an answer, and no error of anybody
    """Why two sets of policies cannot be compared, in words that can be shown."""


class Budget:
    """Counts the work of one decision.

    Args:
        work: the units that it may cost. Counted and not measured: the same texts always get the
            same answer.
    """

    def __init__(self, work: int = WORK) -> None:
        self._left = work

    def spend(self, units: int = 1) -> None:
        """Counts some work.

        Raises:
            Undecidable: nothing is left.
        """
        self._left -= units
        if self._left < 0:
            raise Undecidable("too many combinations")
