"""Which log file to read next: the one that finds the most issuing records for its bytes."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from trailscan.ingest.delays import USUAL_MINUTE, Delays, minute
from trailscan.location import key_text
from trailscan.trail.keys import parse_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from trailscan.ingest.plan import PlannedFile
    from trailscan.sessions.issued import Issued
    from trailscan.sessions.sought import Sought
    from trailscan.trail.keys import TrailKey

_Id = tuple[str, str | None]
_Numbers = np.ndarray[Any, np.dtype[Any]]

_REQUEST = 1024  # a request costs as much as so many bytes
_PAIRS_AT_ONCE = 20_000  # of so many, one log file is chosen before all are weighed again
_PRIOR = 4.0  # so many records of a role count as much as those of all roles
_ELSEWHERE = 0.001  # the other copy of a record lies in another region
_SAME_FILE_TIME = 3.0  # it is delivered at the same time, as against any other
_NOWHERE = 0.05  # so many records of a role are nowhere, as long as nothing is known
_ANYBODY = ""
_STRANGER = 0.2  # so many root sessions are asked for in an account where none was found
_ROUNDS = 3
_TINY = 1e-300
_DIGEST = 4
_MOST_TRIED = 64


class Likeliest:
    """Chooses among the log files that may hold issuing records, for all records together.

    A record lies in one of its log files with a chance that follows from the delays and regions of
    what was found, of its role above all. Each log file that was read without finding it makes the
    others likelier, and also that it lies nowhere; a role of which nothing is found so comes last.
    Of all log files the next is the one with the most expected finds a byte.

    Attributes:
        delays: from events to log files.
    """

    def __init__(self) -> None:
        self.delays = Delays()
        self._sought: dict[_Id, int] = {}
        self._files: list[PlannedFile] = []
        self._number_of: dict[tuple[str, str], int] = {}
        self._sizes, self._is_read = array("d"), array("b")
        self._role_of = array("i")
        self._record, self._file, self._place = array("i"), array("i"), array("i")
        self._minute, self._copy, self._tried = array("i"), array("d"), array("b")
        self._asker = array("i")
        self._roles: defaultdict[str, int] = _numbered()
        self._places: defaultdict[str, int] = _numbered()
        self._found_in: Counter[tuple[int, int]] = Counter()
        self._askers: defaultdict[str, int] = _numbered()
        self._askers[_ANYBODY] = 0
        self._asked_in: Counter[int] = Counter()
        self._known: set[tuple[str, str]] = set()
        self._believed: _Numbers = np.zeros((0, 0))
        self._next: list[int] = []
        self._unreadable: set[int] = set()

    def add(
        self,
        one: Sought,
        files: Iterable[PlannedFile],
        has_read: Callable[[PlannedFile], bool],
        tried: bytes = b"",
    ) -> None:
        """Propose the log files that may hold an issuing record.

        Args:
            one: the record.
            files: that may hold it.
            has_read: whether the load has read a log file.
            tried: what `tried` said of it after an earlier load.
        """
        self._sought[one.id] = record = len(self._sought)
        self._role_of.append(self._roles[_role(one)])
        other = _parsed(one.beside) if one.beside else None
        earlier = {tried[at : at + _DIGEST] for at in range(0, len(tried), _DIGEST)}
        for planned in files:
            number = self._number(planned)
            self._is_read[number] |= has_read(planned)
            delivered = planned.trail.delivered
            self._record.append(record)
            self._file.append(number)
            self._place.append(self._places[planned.trail.region or ""])
            self._asker.append(self._askers[_asker(planned.trail)] if one.is_root else 0)
            self._minute.append(minute(delivered - one.issued_at) if delivered else USUAL_MINUTE)
            self._copy.append(_copy_weight(planned.trail, other))
            self._tried.append(bool(earlier) and _digest(planned) in earlier)
        self._next.clear()

    def take(self, wanted: Mapping[_Id, Sought], most: int) -> PlannedFile | None:
        """The log file to read next; None if none is left, or only larger ones.

        Args:
            wanted: the records that are still missing; nothing is read for others.
            most: the bytes that may be read.
        """
        while self._next or self._rank(wanted, most):
            number = self._next.pop()
            if self._sizes[number] <= most and not self._is_read[number]:
                self._is_read[number] = 1
                return self._files[number]
        return None

    def fail(self, planned: PlannedFile) -> set[_Id]:
        """Take note that a log file could not be read; returns the records that it may hold."""
        number = self._number(planned)
        self._unreadable.add(number)
        record, file = self._pairs()
        held = set(record[file == number].tolist())
        return {one for one, at in self._sought.items() if at in held}

    def unfinished(self) -> set[_Id]:
        """The records for which log files are left that were not read."""
        record, file = self._pairs()
        left = set(record[self._is_open(file)].tolist())
        return {one for one, number in self._sought.items() if number in left}

    def tried(self, one: _Id) -> bytes:
        """The log files that were read for a record, so that no later load reads them again."""
        record, file = self._pairs()
        closed = (record == self._sought.get(one, -1)) & ~self._is_open(file)
        closed &= ~np.isin(file, list(self._unreadable))
        files = [self._files[number] for number in file[closed]]
        return b"".join(sorted(map(_digest, files))[:_MOST_TRIED])

    def learn(self, issued: Issued) -> None:
        """Take note of the region and role of an issuing record that was found."""
        trail = _parsed(issued.source)
        roles = [_role_name(issued.session_arn)]
        if issued.caller.account_id not in (None, issued.account_id):
            is_copy = issued.caller.type != "AWSAccount"
            roles = [_copy_name(issued.caller.account_id)] if is_copy else roles
        for role in roles:
            if (issued.access_key_id, role) not in self._known:
                self._known.add((issued.access_key_id, role))
                self._found_in[self._roles[role], self._places[trail.region or ""]] += 1
                if issued.is_root:
                    self._asked_in[self._askers[_asker(trail)]] += 1

    def _number(self, planned: PlannedFile) -> int:
        """The number of a log file."""
        name = planned.bucket.name, key_text(planned.info.key)
        if name not in self._number_of:
            self._number_of[name] = len(self._files)
            self._files.append(planned)
            self._sizes.append(0 if is_free(planned) else max(planned.info.size, 0))
            self._is_read.append(0)
        return self._number_of[name]

    def _pairs(self) -> tuple[_Numbers, _Numbers]:
        """Each record with each log file that may hold it, by their numbers."""
        return np.array(self._record, np.int32), np.array(self._file, np.int32)

    def _is_open(self, file: _Numbers) -> _Numbers:
        """Whether the log file of a pair was not yet read for its record."""
        is_read: _Numbers = np.array(self._is_read, bool)[file] | np.array(self._tried, bool)
        return ~is_read

    def _rank(self, wanted: Mapping[_Id, Sought], most: int) -> bool:
        """Find the likeliest log files, the best last; returns whether there are any."""
        if not self._record:
            return False
        file = self._pairs()[1]
        sessions = np.array([wanted[one].sessions if one in wanted else 0 for one in self._sought])
        chances = self._chances(sessions > 0) * sessions[self._pairs()[0]]
        sizes = np.array(self._sizes)
        finds = np.bincount(file, chances, len(sizes))
        worth = np.where(sizes <= most, finds / (sizes + _REQUEST), 0)
        best = np.argsort(worth, kind="stable")[-(1 + len(file) // _PAIRS_AT_ONCE) :]
        self._next = [int(number) for number in best if worth[number] > 0]
        return bool(self._next)

    def _chances(self, is_wanted: _Numbers) -> _Numbers:
        """How likely each record lies in each of its log files.

        Where those lie that are still missing tells as much of a role as where others were found;
        it follows from what is to be computed, so that it takes several rounds, from the last ones.

        Args:
            is_wanted: whether a record is still missing.
        """
        record, file = self._pairs()
        role, place = np.array(self._role_of), np.array(self._place)
        of_role = role[record] * len(self._places) + place
        copy, delay = np.array(self._copy), self.delays.shares()[np.array(self._minute)]
        asked = np.array([self._asked_in[one] + _STRANGER for one in self._askers.values()])
        asked[0] = 1  # only root sessions are asked for in other accounts
        delay = delay * asked[np.array(self._asker)]
        is_open, is_missing = self._is_open(file), is_wanted[record]
        found = self._found()
        missing = found.sum(1) + np.bincount(role, is_wanted, len(found))
        if self._believed.shape != found.shape:
            self._believed = found.copy()
        chances: _Numbers = np.zeros(len(file))
        for _ in range(_ROUNDS):
            share = _with_prior(self._believed)
            weight = np.where(
                copy > 0, copy * (delay + (copy > 1)), delay * share[role[record], place]
            )
            weight /= np.maximum(np.bincount(record, weight, len(role)), _TINY)[record]
            left = np.bincount(record, weight * is_open, len(role))
            exists = ((self._believed.sum(1) + 1) / (missing + 1 + _NOWHERE))[role]
            chance = exists / (exists * left + 1 - exists)
            chances = weight * is_open * is_missing * chance[record]
            expected = np.bincount(of_role, chances, found.size)
            self._believed = found + expected.reshape(found.shape)
        return chances

    def _found(self) -> _Numbers:
        """How many records of each role were found in each place."""
        found = np.zeros((len(self._roles), len(self._places)))
        for (role, place), number in self._found_in.items():
            found[role, place] = number
        return found


def _with_prior(believed: _Numbers) -> _Numbers:
    """The share of each place in the records of a role, which begins with that of all roles."""
    whole = believed.sum(0) + 0.5
    shares: _Numbers = (believed + _PRIOR * whole / whole.sum()) / (
        believed.sum(1, keepdims=True) + _PRIOR
    )
    return shares


def is_free(planned: PlannedFile) -> bool:
    """Whether a log file does not count against the bytes that may be read for tracing."""
    return planned.trail.delivered is None and not planned.bucket.is_remote


def _numbered() -> defaultdict[str, int]:
    """Numbers for names, from 0 on."""
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    return numbers


def _copy_weight(trail: TrailKey, other: TrailKey | None) -> float:
    """How likely a log file holds the other copy of a record; 0 if no copy is known."""
    if other is None:
        return 0.0
    if trail.region != other.region:
        return _ELSEWHERE
    return _SAME_FILE_TIME if trail.delivered == other.delivered else 1.0


def _parsed(source: str) -> TrailKey:
    """The name of the log file of a record, by where it was read."""
    return parse_key(source.partition("/")[2].rpartition("#")[0])


def _digest(planned: PlannedFile) -> bytes:
    """A short name of a log file."""
    name = f"{planned.bucket.name}/{key_text(planned.info.key)}"
    return hashlib.blake2b(name.encode(), digest_size=_DIGEST).digest()


def _asker(trail: TrailKey) -> str:
    """The account in whose log files the request for a root session was recorded."""
    return f"account {trail.account_id}"


def _role(one: Sought) -> str:
    """What records that are looked for have in common with others that were found."""
    return _copy_name(one.account_id) if one.is_copy else _role_name(one.arn)


def _role_name(arn: str | None) -> str:
    return (arn or "").rpartition("/")[0]


def _copy_name(account_id: str | None) -> str:
    return f"copy of {account_id}"
