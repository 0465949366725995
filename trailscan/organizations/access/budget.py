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

    Attributes:
        left: the units that it may still cost.
    """

    def __init__(self, work: int = WORK) -> None:
        self.left = work

    def spend(self, units: int = 1) -> None:
        """Counts some work.

        Raises:
            Undecidable: nothing is left.
        """
        self.left -= units
        if self.left < 0:
            raise Undecidable("too many combinations")
