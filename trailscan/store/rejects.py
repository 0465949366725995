"""The rejects of a store: which are open, which were accepted, and accepting one."""

from __future__ import annotations

import getpass
import hashlib
import socket
import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trailscan.errors import NotFoundError, TrailscanError
from trailscan.location import Location
from trailscan.store.acceptance import Acceptance
from trailscan.store.known import covers
from trailscan.store.ledger import Commit, Counts, Draft, Ledger
from trailscan.store.paths import NO_DAY
from trailscan.store.reader import check_marker
from trailscan.trail.keys import TrailKey, parse_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime

    from trailscan.buckets import Bucket
    from trailscan.store.reader import StoreReader

SHORT_ID = 12
"""How many characters of an id people see; more are needed only if two rejects share them."""

_ID = 32
_COLUMNS = ["bucket", "key", "etag", "record_index", "reason", "message", "json_path"]
_READING = ["bucket", "key", "etag", "status", "event_sources"]


@dataclass(frozen=True, slots=True)
class StoredReject:
    """A reject that no later reading of its log file made good.

    Attributes:
        id: of the log file's version, and the record's position in it.
        where: the log file, or the record in it.
        etag: of the log file.
        reason: a short stable word.
        message: what is wrong.
        json_path: where in the record.
        first_seen: when it was committed first, by the clock of that machine.
        acceptance: who accepted it and why; None while it is open.
    """

    id: str
    where: Location
    etag: str
    reason: str
    message: str
    json_path: str
    first_seen: datetime
    acceptance: Acceptance | None = None

    @property
    def trail(self) -> TrailKey:
        """What the name of the log file says."""
        return parse_key(self.where.key)

    @property
    def is_log_file(self) -> bool:
        """Whether the whole log file could not be used."""
        return self.where.record_index is None

    @property
    def is_open(self) -> bool:
        """Whether nobody accepted it."""
        return self.acceptance is None


def reject_id(where: Location, etag: str) -> str:
    """The id of a reject: the same whenever the same version of the log file is read."""
    parts = (where.bucket, where.key, etag, str(where.record_index))
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:_ID]


def read_acceptances(commits: Iterable[Commit]) -> dict[str, Acceptance]:
    """The acceptances in force by the id of the reject: the first one, until it is taken back."""
    found: dict[str, Acceptance] = {}
    for commit in commits:
        for acceptance in commit.accepted:
            if acceptance.reopened:
                found.pop(acceptance.reject, None)
            else:
                found.setdefault(acceptance.reject, acceptance)
    return found


def read_rejects(store: StoreReader) -> list[StoredReject]:
    """The rejects of a store, the earliest first, each once.

    A later reading of the log file for the same event sources replaces the earlier one: what it
    could use is no reject any more.
    """
    rows = list(_rows(store))
    if not rows:
        return []
    readings = _readings(store, {(row["bucket"], row["key"]) for _, row in rows})
    accepted = read_acceptances(store.commits)
    found: dict[str, StoredReject] = {}
    for commit, row in rows:
        where = Location(row["bucket"], row["key"], row["record_index"])
        if _is_replaced(commit, row, readings[row["bucket"], row["key"]]):
            continue
        name = reject_id(where, row["etag"])
        first = found[name].first_seen if name in found else commit.committed_at
        said = (row["reason"], row["message"], row["json_path"])
        found[name] = StoredReject(name, where, row["etag"], *said, first, accepted.get(name))
    return list(found.values())


def _rows(store: StoreReader) -> Iterator[tuple[Commit, dict[str, Any]]]:
    """The rows of the rejects, in the order of the ledger, with the commits that added them."""
    for commit, table in store.by_commit("rejects", None, _COLUMNS):
        for row in table.to_pylist():
            yield commit, row


_Readings = dict[tuple[str, str], list[tuple[int, dict[str, Any]]]]


def _readings(store: StoreReader, log_files: set[tuple[str, str]]) -> _Readings:
    """Each time that one of some log files was read or rejected, with the number of the commit."""
    days: set[date] = {parse_key(key).day or NO_DAY for _, key in log_files}
    found: _Readings = defaultdict(list)
    for commit, table in store.by_commit("log_files", days, _READING):
        for row in table.to_pylist():
            if (row["bucket"], row["key"]) in log_files:
                found[row["bucket"], row["key"]].append((commit.seq, row))
    return found


def _is_replaced(
    commit: Commit, row: dict[str, Any], readings: Sequence[tuple[int, dict[str, Any]]]
) -> bool:
    """Whether a later reading of the log file took the place of the one that gave a reject.

    Of two rejected versions of a log file the later one counts.
    """
    for seq, reading in readings:
        if seq <= commit.seq or not covers(reading["event_sources"], commit.event_sources):
            continue
        if reading["status"] == "done" or reading["etag"] != row["etag"]:
            return True
    return False


def accept_reject(
    bucket: Bucket, store: StoreReader, beginning: str, because: str, now: datetime
) -> StoredReject:
    """Record in the ledger that a reject is known, and why; again changes nothing.

    Args:
        bucket: of the store.
        store: the store as it is.
        beginning: of the reject's id.
        because: why it may be left at that.
        now: the present.

    Raises:
        NotFoundError: no reject of the store has such an id.
        TrailscanError: several have, or the store cannot be written.
    """
    return _decide(bucket, store, beginning, because, now, reopened=False)


def reopen_reject(
    bucket: Bucket, store: StoreReader, beginning: str, because: str, now: datetime
) -> StoredReject:
    """Record in the ledger that an acceptance was a mistake: the reject counts again.

    Args:
        bucket: of the store.
        store: the store as it is.
        beginning: of the reject's id.
        because: why it is taken back.
        now: the present.

    Raises:
        NotFoundError: no reject of the store has such an id.
        TrailscanError: several have, or the store cannot be written.
    """
    return _decide(bucket, store, beginning, because, now, reopened=True)


def _decide(
    bucket: Bucket,
    store: StoreReader,
    beginning: str,
    because: str,
    now: datetime,
    *,
    reopened: bool,
) -> StoredReject:
    """Accept or reopen a reject, unless it is so already."""
    reject = find_reject(store, beginning)
    decision = Acceptance(reject.id, who_accepts(), because, now, reopened)

    def draft(commits: tuple[Commit, ...], _: int) -> Draft:
        is_accepted = reject.id in read_acceptances(commits)
        return Draft("", (), Counts(), {}, accepted=(decision,) if is_accepted is reopened else ())

    check_marker(bucket, store.place)
    ledger = Ledger(bucket)
    ledger.settle()
    ledger.append(draft, uuid.uuid4().hex, now)
    return replace(reject, acceptance=read_acceptances(ledger.commits).get(reject.id))


def find_reject(store: StoreReader, beginning: str) -> StoredReject:
    """The reject whose id begins so.

    Raises:
        NotFoundError: there is none.
        TrailscanError: there are several.
    """
    found = [one for one in read_rejects(store) if beginning and one.id.startswith(beginning)]
    if not found:
        raise NotFoundError(
            f"no reject of {store.place} has an ID that begins with {beginning!r}",
            "`trailscan rejects` lists them",
        )
    if len(found) > 1:
        ids = ", ".join(one.id for one in found[:5])
        raise TrailscanError(
            f"{len(found)} rejects have an ID that begins with {beginning!r}: {ids}",
            "give more of the ID",
        )
    return found[0]


def who_accepts() -> str:
    """The user and host, as far as the system tells."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
