"""Finds who opened the sessions of a store: a load looks for the records that issued them.

First in the log files that the load read, whatever their delivery time. Then, hop by hop, in other
log files of its account, in any region, since AWS STS has an endpoint in each: those delivered
within the minutes after the record, then those of the 48 hours in which it may still be delivered.
That may take a tenth of the bytes that the load read. What is left over stands in the ledger, and
later loads go on from there, also after a load that was killed.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.ingest.candidates import AFTER, LATEST, Candidates
from trailscan.ingest.issuing import IssuingLogFiles, read_log_file, search
from trailscan.ingest.likeliest import Likeliest
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.traced_sessions import Tracing, UntracedSession
from trailscan.location import key_text
from trailscan.sessions.chain import Issuances, chain_behind, needs_tracing
from trailscan.sessions.sought import Sought, all_sought, sought
from trailscan.store.issuances import read_calls, read_issuances
from trailscan.store.reader import StoreReader
from trailscan.store.traced import MOST_PENDING, Pending, Traced
from trailscan.store.untraced import Untraced, read_untraced
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from trailscan.buckets import Bucket
    from trailscan.ingest.issuing import FoundRecords
    from trailscan.ingest.job import Job
    from trailscan.ingest.plan import PlannedFile
    from trailscan.sessions.chain import State
    from trailscan.store.log_file_result import LogFileResult
    from trailscan.store.writer import StoreWriter

ARRIVAL = timedelta(days=4)
"""How long before the log files of a load the calls lie whose issuing records they may hold: these
arrive up to 48 hours late, and a session of GetFederationToken lasts up to 36 hours."""

MARGIN = timedelta(minutes=15)
"""How much earlier than its delivery the name of a log file may say that it was delivered."""

_LOCAL_BYTES = 64 * 1024 * 1024
"""How much may be read of local files whose names do not say when they were delivered."""

_Id = tuple[str, str | None]


def trace_sessions(
    bucket: Bucket, place: str, job: Job, writer: StoreWriter, now: datetime, bytes_read: int
) -> Tracing | None:
    """Trace the sessions of a store after a load; None if there is nothing to look for.

    Args:
        bucket: of the store.
        place: of the store.
        job: the load, with the log files that it read.
        writer: of the store.
        now: the present.
        bytes_read: by the load.

    Raises:
        TrailscanError: the store could not be read or written.
    """
    read, left = job.issuing, read_untraced(writer.commits)
    if read is None or job.stop.is_set() or not (read.keys_read or left.to_trace):
        return None
    return Tracer(StoreReader(bucket, place), job, read, bytes_read).run(writer, now)


class Tracer:
    """Traces the sessions of a store after a load.

    Args:
        reader: of the store.
        job: the load.
        log_files: that the load read.
        bytes_read: by the load.
    """

    def __init__(
        self, reader: StoreReader, job: Job, log_files: IssuingLogFiles, bytes_read: int
    ) -> None:
        self._job, self._log_files = job, log_files
        self._through = len(reader.commits)
        self._untraced = read_untraced(reader.commits)
        self._pending = {one.id: one for one in self._untraced.last.pending}
        window = _window(log_files, self._untraced)
        self._issued = read_issuances(reader, window)
        self._calls = read_calls(reader, window)
        self._still_missing: list[Sought] | None = None
        self._given_up = self._find_given_up()
        recipients = {call.recipient_account_id or "" for call in self._calls}
        self._candidates = Candidates([source for source, _ in job.sources], recipients)
        read = bytes_read + _bytes_of_others(reader, self._untraced, job.load_id)
        self._left = self._untraced.last.bytes_left + int(read * job.trace_share)
        self._local_left = _LOCAL_BYTES
        self._likeliest = Likeliest()
        self._large = LargeOneAtATime()
        self._found: list[LogFileResult] = []
        self._just_found: set[str] = set()
        self._searched: dict[_Id, datetime] = {
            one.id: one.searched for one in self._pending.values() if one.searched
        }
        self._out_of_budget: set[_Id] = set()
        self._result = Tracing(share=job.trace_share)

    def run(self, writer: StoreWriter, now: datetime) -> Tracing:
        """Trace, and add the issuing records found to the store.

        If the user ends the load, what was found so far is added, and a later load goes on.

        Raises:
            TrailscanError: the store could not be written.
        """
        looked, looked_later = set[_Id](), set[_Id]()
        self._search_near(looked, now)
        while self._search_late(looked_later, now):
            self._search_near(looked, now)
        left = None if self._stops else self._left_over()
        if self._found or left:
            self._result.kept = writer.commit_evidence(self._found, now, left).kept
        self._sum_up()
        return self._result

    @property
    def _stops(self) -> bool:
        return self._job.stop.is_set()

    def _missing(self) -> list[Sought]:
        """The issuing records that are not known yet."""
        if self._still_missing is None:
            self._still_missing = all_sought(self._calls, Issuances(self._issued))
        return self._still_missing

    def _wanted(self) -> list[Sought]:
        """The missing records that are looked for in other log files than the load read."""
        return [one for one in self._missing() if one.id not in self._given_up]

    def _find_given_up(self) -> frozenset[_Id]:
        """The records that an earlier attempt looked for everywhere."""
        since, pending = self._untraced.since, self._pending
        missing = [one for one in self._missing() if one.id not in pending]
        return frozenset(one.id for one in missing if since is None or one.called_at < since)

    def _search_near(self, looked: set[_Id], now: datetime) -> None:
        """Search what the load read, and the log files of the minutes after each record.

        Records that an earlier load looked for come last, one after the other.
        """
        new, again = list[Sought](), list[Sought]()
        while not self._stops:
            if missing := [one for one in self._missing() if one.id not in looked]:
                looked |= {one.id for one in missing}
                self._search(missing)
                new += missing
                continue
            wanted = {one.id: one for one in self._wanted() if one.id not in self._searched}
            for one in new:
                if one.id in self._pending:
                    again.append(one)
                elif one.id in wanted:
                    self._propose(one, now)
            new.clear()
            if taken := self._likeliest.take(wanted):
                self._look_near(*taken, wanted.values(), now)
            elif not again:
                return
            elif (one := again.pop(0)).id in wanted:
                self._propose(one, now)

    def _search_late(self, looked: set[_Id], now: datetime) -> bool:
        """Search the log files of the days after each record; returns whether any was found."""
        before, wanted = len(self._issued), self._wanted()
        for one in wanted:
            if self._stops or self._left <= 0:
                break
            if one.id not in looked and one.access_key_id not in self._just_found:
                looked.add(one.id)
                if not self._look_later(one, wanted, now):
                    break
        self._just_found.clear()
        return len(self._issued) > before

    def _search(self, missing: Collection[Sought]) -> None:
        """Search the log files that the load read."""
        key_ids = {one.access_key_id for one in missing}
        for place in self._log_files.find(key_ids):
            again = place.planned if place.stored is None else None
            if again is not None and not self._may_read(again):
                self._out_of_budget |= {one.id for one in missing}
            elif (records := search(place, key_ids, self._large)) is not None:
                self._take(records)

    def _propose(self, one: Sought, now: datetime) -> None:
        """Propose the log files of the minutes after an issuing record.

        A second attempt begins only if the budget is enough for all of them: it would begin with
        the same ones.
        """
        planned = self._unread(self._candidates.near(one))
        if one.id in self._pending and sum(each.info.size for each in planned) > self._left:
            self._out_of_budget.add(one.id)
        elif not self._likeliest.add(one, planned):
            self._searched[one.id] = _until(shifted(one.issued_at, AFTER), now)

    def _look_near(
        self, one: Sought, planned: PlannedFile, wanted: Collection[Sought], now: datetime
    ) -> None:
        """Look for an issuing record, and for the others, in a log file of the minutes after it."""
        if self._unread([planned]):
            if not self._may_read(planned):
                self._out_of_budget.add(one.id)
            elif one.access_key_id in self._read(planned, {each.access_key_id for each in wanted}):
                self._likeliest.found(one, planned.trail.region)
                return
            else:
                self._likeliest.missed(one)
        if self._likeliest.is_last(one) and one.id not in self._out_of_budget:
            self._searched[one.id] = _until(shifted(one.issued_at, AFTER), now)

    def _look_later(self, one: Sought, wanted: Sequence[Sought], now: datetime) -> bool:
        """Look for an issuing record in the log files of the days in which it may arrive.

        Returns:
            Whether the budget was enough.
        """
        start, end = self._searched.get(one.id), shifted(one.issued_at, LATEST)
        if start is None:
            return True
        key_ids = {each.access_key_id for each in wanted}
        for each in self._unread(self._candidates.late(one, Window(start, end))):
            if not self._may_read(each):
                self._out_of_budget.add(one.id)
                self._searched[one.id] = _until(each.trail.delivered or start, now)
                return False
            if one.access_key_id in self._read(each, key_ids):
                return True
        if self._candidates.may_list:
            self._searched[one.id] = _until(end, now)
        return self._candidates.may_list

    def _unread(self, planned: Sequence[PlannedFile]) -> list[PlannedFile]:
        """The log files that the load has not read."""
        has_read = self._log_files.has_read
        return [one for one in planned if not has_read(one.bucket.name, key_text(one.info.key))]

    def _may_read(self, planned: PlannedFile) -> bool:
        """Whether a log file may be read, which counts against the budget."""
        size = planned.info.size
        if planned.trail.delivered is None and not planned.bucket.is_remote:
            self._local_left -= size
            return self._local_left >= 0
        if size > self._left:
            return False
        self._left -= size
        return True

    def _read(self, planned: PlannedFile, key_ids: Collection[str]) -> set[str]:
        """Read a log file for tracing alone; returns which of some access keys it issued."""
        read = read_log_file(self._log_files, planned, self._large)
        if read is None:
            return set()
        self._count(read.place.result.stored_bytes)
        wanted = read.issued.intersection(key_ids)
        records = search(read.place, wanted, self._large) if wanted else None
        found = self._take(records) if records else set()
        self._just_found |= found
        return found

    def _take(self, found: FoundRecords) -> set[str]:
        """Keep what a log file has that is new; returns the access keys that it issued."""
        self._count(found.stored_bytes)
        known = {(one.event_id, one.source) for one in self._issued}
        new = [one for one in found.issued if (one.event_id, one.source) not in known]
        if new:
            self._issued += new
            self._still_missing = None
            self._found.append(found.result)
        return {one.access_key_id for one in new}

    def _count(self, stored_bytes: int) -> None:
        """Count a log file that was read for tracing alone."""
        if stored_bytes:
            self._result.log_files += 1
            self._result.bytes_stored += stored_bytes

    def _left_over(self) -> Traced | None:
        """What later loads look for; None if the ledger says the same."""
        found: dict[_Id, Pending] = {}
        for one in self._wanted():
            searched = self._searched.get(one.id)
            if searched is None or searched < shifted(one.issued_at, LATEST):
                found[one.id] = Pending(one.access_key_id, one.account_id, one.called_at, searched)
        self._pending = dict([*found.items()][:MOST_PENDING])
        self._result.pending = len(self._pending)
        pending = tuple(self._pending.values())
        last = self._untraced.last
        if not self._untraced.to_trace and pending == last.pending:
            return None
        return Traced(self._through, max(self._left, 0) if pending else 0, pending)

    def _sum_up(self) -> None:
        """Count the sessions, and name those that are not traced, each with the reason."""
        issued = Issuances(self._issued)
        sessions: dict[tuple[str, str], str | None] = {}
        for who, when, _ in self._calls:
            if needs_tracing(who):
                chain = chain_behind(who, when, issued)
                missing = sought(who, when, issued)
                name = (who.arn or "an unnamed session", who.access_key_id or "")
                sessions[name] = self._why(chain.state, missing)
        self._result.sessions = len(sessions)
        self._result.untraced = [
            UntracedSession(*name, why) for name, why in sessions.items() if why
        ]

    def _why(self, state: State, missing: Sought | None) -> str | None:
        """Why a session is not traced to its beginning; None if it is."""
        if state in {"direct", "traced"}:
            return None
        if missing is None:
            return f"the records that issued its credentials are {state}"
        if missing.id in self._out_of_budget:
            share = f"{self._job.trace_share * 100:g}% of the bytes of this load"
            return f"looking for its issuing record takes more than {share}; later loads go on"
        account = f"account {missing.account_id}" if missing.account_id else "its account"
        later = "; later loads look again" if missing.id in self._pending else ""
        return f"no issuing record in the log files of {account}{later}"


def _until(searched: datetime, now: datetime) -> datetime:
    """Up to when nothing more is delivered that was not there when it was searched."""
    return min(searched, shifted(now, -MARGIN))


def _window(log_files: IssuingLogFiles, untraced: Untraced) -> Window:
    """The window of event time in which the calls lie whose issuing records may be found."""
    if log_files.keys_read and log_files.earliest is None:
        return Window()
    times = [untraced.earliest, log_files.earliest if log_files.keys_read else None]
    known = [when for when in times if when is not None]
    return Window(shifted(min(known), -ARRIVAL)) if known else Window()


def _bytes_of_others(reader: StoreReader, untraced: Untraced, load_id: str) -> int:
    """The bytes that other loads read whose sessions were not traced: they were killed, say."""
    loads = untraced.to_trace - {load_id}
    files = [
        file
        for commit in untraced.commits
        for file in commit.files
        if commit.load_id in loads and file.table == "log_files"
    ]
    sizes = (rows["bytes"].to_pylist() for rows in reader.read(files, ["bytes"]))
    return sum(size or 0 for rows in sizes for size in rows)


def left_to_read(reader: StoreReader, share: float) -> int:
    """How many bytes the next load may read to trace what earlier loads left over."""
    untraced = read_untraced(reader.commits)
    return untraced.last.bytes_left + int(_bytes_of_others(reader, untraced, "") * share)
