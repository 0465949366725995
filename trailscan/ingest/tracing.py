"""Finds who opened the sessions of a store: a load looks for the records that issued them.

First in the log files that the load read, whatever their delivery time. Then, hop by hop, in other
log files of its account, in any region, since AWS STS has an endpoint in each: those delivered
within the minutes after the record, then those of the 48 hours in which it may still be delivered.
That may take a tenth of the bytes that the load read. What is left over stands in the ledger, and
later loads go on from there, also after a load that was killed.
"""

from __future__ import annotations

from datetime import timedelta
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from trailscan.ingest.candidates import AFTER, LATEST, Candidates
from trailscan.ingest.cost import trace_budget
from trailscan.ingest.issuing import IssuingLogFiles, read_log_file, search
from trailscan.ingest.likeliest import Likeliest, is_free
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.to_trace import bytes_of_others, window_to_trace
from trailscan.ingest.traced_sessions import Tracing, UntracedSession
from trailscan.location import key_text
from trailscan.sessions.chain import Issuances, chain_behind, needs_tracing
from trailscan.sessions.sought import AllSought, Sought, sought
from trailscan.store.issuances import read_calls, read_issuances
from trailscan.store.reader import StoreReader
from trailscan.store.requests import newest_delivery
from trailscan.store.traced import MOST_PENDING, Pending, Traced
from trailscan.store.untraced import read_untraced
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from trailscan.buckets import Bucket
    from trailscan.ingest.issuing import FoundRecords
    from trailscan.ingest.job import Job
    from trailscan.ingest.plan import PlannedFile
    from trailscan.sessions.chain import State
    from trailscan.store.log_file_result import LogFileResult
    from trailscan.store.writer import StoreWriter

MARGIN = timedelta(minutes=15)
"""How much earlier than the newest log file one may be named that is delivered after it."""

_STEP = timedelta(hours=1)

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
    newest = newest_delivery(writer.commits, [source.uri for source, _ in job.sources])
    seen = shifted(min(now, newest or now), -MARGIN)
    return Tracer(StoreReader(bucket, place), job, read, bytes_read, seen).run(writer, now)


class Tracer:
    """Traces the sessions of a store after a load.

    Args:
        reader: of the store.
        job: the load.
        log_files: that the load read.
        bytes_read: by the load.
        seen: up to when what was delivered is there: nothing is given up before, however late the
            load or a copy of the bucket is.
    """

    def __init__(
        self,
        reader: StoreReader,
        job: Job,
        log_files: IssuingLogFiles,
        bytes_read: int,
        seen: datetime,
    ) -> None:
        self._job, self._log_files, self._seen = job, log_files, seen
        self._through = len(reader.commits)
        self._untraced = read_untraced(reader.commits)
        self._pending = {one.id: one for one in self._untraced.last.pending}
        window = window_to_trace(log_files, self._untraced)
        self._issued = read_issuances(reader, window)
        self._calls = read_calls(reader, window)
        self._sought = AllSought(self._calls, self._issued)
        self._still_missing: list[Sought] | None = None
        self._given_up = self._find_given_up()
        recipients = {call.recipient_account_id or "" for call in self._calls}
        self._candidates = Candidates([source for source, _ in job.sources], recipients)
        read = bytes_read + bytes_of_others(reader, self._untraced, job.load_id)
        last = self._untraced.last.bytes_left
        self._left = trace_budget(job.trace_share, read, last)
        self._advance = self._left - last - int(read * job.trace_share)
        self._local_left = _LOCAL_BYTES
        self._likeliest = Likeliest()
        self._large = LargeOneAtATime()
        self._found: list[LogFileResult] = []
        self._searched: dict[_Id, datetime] = {
            one.id: one.searched for one in self._pending.values() if one.searched
        }
        self._out_of_budget: set[_Id] = set()
        self._unread: set[_Id] = set()
        self._result = Tracing(share=job.trace_share)

    def run(self, writer: StoreWriter, now: datetime) -> Tracing:
        """Trace, and add the issuing records found to the store.

        If the user ends the load, what was found so far is added, and a later load goes on.

        Raises:
            TrailscanError: the store could not be written.
        """
        self._learn()
        looked = set[_Id]()
        self._search_near(looked)
        while self._search_late():
            self._search_near(looked)
        left = None if self._stops else self._left_over()
        if self._found or left:
            self._result.kept = writer.commit_evidence(self._found, now, left).kept
        self._sum_up()
        return self._result

    def _learn(self) -> None:
        """Learn where issuing records lie from those of earlier loads and what the load read."""
        for one in self._issued:
            self._likeliest.learn(one)
        for place in self._log_files.sample() if self._wanted() else ():
            if (records := search(place, (), self._large)) is not None:
                self._likeliest.delays.add(records.delays)

    @property
    def _stops(self) -> bool:
        return self._job.stop.is_set()

    def _missing(self) -> list[Sought]:
        """The issuing records that are not known yet."""
        if self._still_missing is None:
            self._still_missing = self._sought.missing()
        return self._still_missing

    def _wanted(self) -> list[Sought]:
        """The missing records that are looked for in other log files than the load read."""
        return [one for one in self._missing() if one.id not in self._given_up]

    def _find_given_up(self) -> frozenset[_Id]:
        """The records that an earlier attempt looked for everywhere."""
        since, pending = self._untraced.since, self._pending
        missing = [one for one in self._missing() if one.id not in pending]
        return frozenset(one.id for one in missing if since is None or one.called_at < since)

    def _search_near(self, looked: set[_Id]) -> None:
        """Search what the load read, and the log files of the minutes after each record."""
        new, wanted = list[Sought](), dict[_Id, Sought]()
        while not self._stops:
            if missing := [one for one in self._missing() if one.id not in looked]:
                looked |= {one.id for one in missing}
                self._search(missing)
                new += missing
                continue
            wanted = {one.id: one for one in self._wanted() if one.id not in self._searched}
            for one in new:
                if one.id in wanted:
                    self._propose(one)
            new.clear()
            planned = self._likeliest.take(wanted, max(self._left, 0))
            if planned is None:
                break
            if not self._may_read(planned):
                self._out_of_budget |= wanted.keys()
            elif not self._has_read(planned):
                self._read_for(planned, wanted.values())
        unfinished = self._likeliest.unfinished()
        self._out_of_budget |= unfinished & wanted.keys()
        for one in wanted.values():
            end = shifted(one.issued_at, AFTER)
            left = one.id in self._out_of_budget or self._could_not_read(one)
            if end <= self._seen and not left:
                self._searched[one.id] = end

    def _search_late(self) -> bool:
        """Search the log files of the days after each record, until one is found.

        Of all records the hour that was delivered first comes first: a log file is read once for
        all, and none waits for one that is never found.

        Returns:
            Whether one was found.
        """
        before, wanted = len(self._issued), self._wanted()
        key_ids = {one.access_key_id for one in wanted}
        turns = [
            (start, number, one)
            for number, one in enumerate(wanted)
            if (start := self._searched.get(one.id)) and start < shifted(one.issued_at, LATEST)
        ]
        heapify(turns)
        while turns and self._left > 0 and not self._stops and len(self._issued) == before:
            start, number, one = heappop(turns)
            if not self._look_later(one, key_ids):
                break
            searched = self._searched[one.id]
            if start < searched < shifted(one.issued_at, LATEST):
                heappush(turns, (searched, number, one))
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

    def _propose(self, one: Sought) -> None:
        """Propose the log files of the minutes after an issuing record."""
        earlier = self._pending.get(one.id)
        tried = earlier.tried if earlier else b""
        self._likeliest.add(one, self._candidates.near(one), self._has_read, tried)

    def _look_later(self, one: Sought, key_ids: Collection[str]) -> bool:
        """Look for an issuing record in the log files of the next hour in which it may arrive.

        Returns:
            Whether the budget was enough.
        """
        start = self._searched[one.id]
        end = min(shifted(start, _STEP), shifted(one.issued_at, LATEST))
        for planned in self._candidates.late(one, Window(start, end)):
            if self._has_read(planned):
                continue
            if not self._may_read(planned):
                self._out_of_budget.add(one.id)
                self._searched[one.id] = max(
                    start, min(planned.trail.delivered or start, self._seen)
                )
                return False
            found = self._read(planned, key_ids)
            if found is None:
                self._unread.add(one.id)
            elif one.access_key_id in found:
                return True
        if self._candidates.may_list:
            self._searched[one.id] = max(start, min(end, self._seen))
        return self._candidates.may_list

    def _has_read(self, planned: PlannedFile) -> bool:
        """Whether the load has read a log file."""
        return self._log_files.has_read(planned.bucket.name, key_text(planned.info.key))

    def _may_read(self, planned: PlannedFile) -> bool:
        """Whether a log file may be read, which counts against the budget."""
        size = planned.info.size
        if is_free(planned):
            self._local_left -= size
            return self._local_left >= 0
        if size > self._left:
            return False
        self._left -= size
        return True

    def _read_for(self, planned: PlannedFile, wanted: Iterable[Sought]) -> None:
        """Read a log file, and take note of the records that it may hold if it cannot be read."""
        if self._read(planned, {one.access_key_id for one in wanted}) is None:
            self._unread |= self._likeliest.fail(planned)

    def _could_not_read(self, one: Sought) -> bool:
        """Whether a log file that may hold an issuing record could not be read or listed."""
        return one.id in self._unread or not self._candidates.could_list(one)

    def _read(self, planned: PlannedFile, key_ids: Collection[str]) -> set[str] | None:
        """Read a log file for tracing alone.

        Returns:
            Which of some access keys it issued; None if it cannot be read.
        """
        read = read_log_file(self._log_files, planned, self._large)
        if read is None:
            return None
        self._count(read.place.result.stored_bytes)
        self._likeliest.delays.add(read.delays)
        wanted = read.issued.intersection(key_ids)
        records = search(read.place, wanted, self._large) if wanted else None
        return self._take(records) if records else set()

    def _take(self, found: FoundRecords) -> set[str]:
        """Keep what a log file has that is new; returns the access keys that it issued."""
        self._count(found.stored_bytes)
        known = {(one.event_id, one.source) for one in self._issued}
        new = [one for one in found.issued if (one.event_id, one.source) not in known]
        for one in new:
            self._likeliest.learn(one)
            self._sought.add(one)
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
            searched, latest = self._searched.get(one.id), shifted(one.issued_at, LATEST)
            if self._could_not_read(one) and self._seen >= latest:
                continue
            if searched is None or searched < latest:
                tried = b"" if searched else self._likeliest.tried(one.id)
                found[one.id] = Pending(*one.id, one.called_at, searched, tried)
        self._pending = dict([*found.items()][:MOST_PENDING])
        self._result.pending = len(self._pending)
        pending = tuple(self._pending.values())
        last = self._untraced.last
        if not self._untraced.to_trace and pending == last.pending:
            return None
        left = max(self._left - self._advance, 0) if pending else 0
        return Traced(self._through, left, pending)

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
        if self._could_not_read(missing):
            held = f"log files of {account} that may hold its issuing record"
            return f"{held} could not be read{later}"
        return f"no issuing record in the log files of {account}{later}"
