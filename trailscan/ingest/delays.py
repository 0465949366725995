"""How long after an event CloudTrail delivers the log file that holds it, learnt from log files."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST, LAST = timedelta(minutes=-3), timedelta(minutes=30)
"""How much earlier or later than an event the name of a log file is that mostly holds it: a name is
earlier than the delivery by up to five minutes, which takes two at least and mostly five."""

_MINUTE = timedelta(minutes=1)
_BINS = (LAST - FIRST) // _MINUTE + 1
Shares = np.ndarray[tuple[int], np.dtype[np.float64]]

_BELIEVED = 20.0  # so many delays that were seen weigh as much as what AWS says
_UNUSUAL = 0.02  # of these, spread over all minutes
_SHORTEST, _USUAL, _LONGEST = 2, 5, 15
"""Minutes from an event to the delivery: on average five, mostly not more than fifteen (CloudTrail
user guide, "How CloudTrail works" and "CloudTrail log file examples")."""


class Delays:
    """The minutes from events to the times in the names of log files, and how frequent each is.

    It begins with what AWS says, which counts ever less as delays are seen.
    """

    def __init__(self) -> None:
        self._counts = _expected()

    def add(self, delays: Iterable[timedelta]) -> None:
        """Take note of delays that were seen."""
        for delay in delays:
            if FIRST <= delay <= LAST:
                self._counts[minute(delay)] += 1

    def shares(self) -> Shares:
        """How likely the delay of an event is, by `minute`."""
        around: Shares = np.convolve(self._counts, (0.25, 0.5, 0.25), mode="same")
        around /= around.sum()
        return around


def minute(delay: timedelta) -> int:
    """The number of a delay's minute; of one that is not usual, the nearest."""
    return min(max((delay - FIRST) // _MINUTE, 0), _BINS - 1)


USUAL_MINUTE = minute(timedelta(minutes=_USUAL))
"""The number of the usual delay's minute."""


def _expected() -> Shares:
    """What AWS says, as the number of delays in each minute."""
    minutes = np.arange(_BINS) + FIRST / _MINUTE
    usual = np.interp(minutes, (_SHORTEST - 5, _USUAL, _LONGEST), (0, 1, 0))
    counts: Shares = _BELIEVED * ((1 - _UNUSUAL) * usual / usual.sum() + _UNUSUAL / _BINS)
    return counts
