"""Which log file to read next: the one that finds the most issuing records for its bytes."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

from trailscan.location import key_text
from trailscan.trail.keys import parse_key
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from trailscan.ingest.plan import PlannedFile
    from trailscan.sessions.sought import Sought

_Id = tuple[str, str | None]
_File = tuple[str, str]

DELAY = timedelta(minutes=5)
"""How long after an event CloudTrail delivers its log file, on average, as its user guide says."""


class _Proposal(NamedTuple):
    """A log file that may hold an issuing record; the smallest is the likeliest."""

    steps: int
    cost: float
    number: int
    one: Sought
    planned: PlannedFile


class Likeliest:
    """Chooses among the log files delivered around issuing records, for all records together.

    First come, for every record, the log files of the usual delay; then those beside them. Among
    these the fewest bytes for a find come first: smaller ones, of regions where more was found,
    that several records may lie in, and not of roles for which nothing was found so far.
    """

    def __init__(self) -> None:
        self._heap: list[_Proposal] = []
        self._left: Counter[_Id] = Counter()
        self._sought_in: dict[_File, set[_Id]] = {}
        self._found_in: Counter[str] = Counter()
        self._found: Counter[str] = Counter()
        self._missed: Counter[str] = Counter()
        self._number = 0

    def add(self, one: Sought, files: Iterable[PlannedFile]) -> bool:
        """Propose the log files that may hold an issuing record; returns whether there are any."""
        region, expected = _expected(one)
        for planned in files:
            self._number += 1
            self._left[one.id] += 1
            delivered = planned.trail.delivered
            steps = round(abs((delivered or expected) - expected) / DELAY)
            if region is not None and planned.trail.region != region:
                steps += 100  # its copy was recorded in another region
            self._sought_in.setdefault(_name(planned), set()).add(one.id)
            heappush(self._heap, _Proposal(steps, 0, self._number, one, planned))
        return self._left[one.id] > 0

    def take(self, wanted: Collection[_Id]) -> tuple[Sought, PlannedFile] | None:
        """The log file to read next, and for which issuing record; None if none is left.

        Args:
            wanted: the records that are still missing; nothing is read for others.
        """
        while self._heap:
            one = heappop(self._heap)
            if one.one.id not in wanted:
                continue
            now = one._replace(cost=self._cost(one, wanted))
            if self._heap and self._heap[0] < now and now.cost > one.cost:
                heappush(self._heap, now)
                continue
            self._left[one.one.id] -= 1
            return one.one, one.planned
        return None

    def is_last(self, one: Sought) -> bool:
        """Whether no log file is left that may hold an issuing record."""
        return self._left[one.id] <= 0

    def found(self, one: Sought, region: str | None) -> None:
        """Take note of a region and a role of which an issuing record was found."""
        self._found_in[region or ""] += 1
        self._found[_role(one)] += 1

    def missed(self, one: Sought) -> None:
        """Take note that a log file did not hold an issuing record."""
        self._missed[_role(one)] += 1

    def _cost(self, one: _Proposal, wanted: Collection[_Id]) -> float:
        """How many bytes are read for a find, at the rate of those so far."""
        region, role = one.planned.trail.region or "", _role(one.one)
        sought = len(self._sought_in[_name(one.planned)].intersection(wanted))
        share = (1 + self._found_in[region]) / (1 + self._found_in.total())
        rate = (1 + self._found[role]) / (1 + self._found[role] + self._missed[role])
        return max(one.planned.info.size, 0) / (share * rate * max(sought, 1))


def _expected(one: Sought) -> tuple[str | None, datetime]:
    """The region of an issuing record, if it is known, and when it was probably delivered."""
    beside = parse_key(one.beside.partition("/")[2].rpartition("#")[0]) if one.beside else None
    if beside is None or beside.delivered is None:
        return None, shifted(one.issued_at, DELAY)
    return beside.region, beside.delivered


def _name(planned: PlannedFile) -> _File:
    return planned.bucket.name, key_text(planned.info.key)


def _role(one: Sought) -> str:
    return (one.arn or "").rpartition("/")[0]
