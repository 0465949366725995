"""Finds who opened the sessions of a store: a load looks for the records that issued them.

First in the log files that the load read, whatever their delivery time, since such a record can be
delivered up to 48 hours late. Then, hop by hop, in other log files of its account that were
delivered within the minutes after it, in any region, since AWS STS has an endpoint in each. That
may take a tenth of the bytes that the load read; what is left is looked for by later loads.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.aws.partitions import global_regions
from trailscan.errors import TrailscanError
from trailscan.ingest.cost import TRACE_SHARE
from trailscan.ingest.issuing import read_log_file, search
from trailscan.ingest.plan import LOGS, PlannedFile, Scope, Skipped, SourceFolders, Walker
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.location import key_text
from trailscan.numbers import counted
from trailscan.sessions.chain import Issuances, chain_behind, needs_tracing
from trailscan.sessions.sought import Sought, all_sought, sought
from trailscan.store.issuances import read_calls, read_issuances
from trailscan.store.reader import StoreReader
from trailscan.trail.keys import parse_key
from trailscan.window import Window, day_path, shifted

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from trailscan.buckets import Bucket
    from trailscan.ingest.issuing import FoundRecords, IssuingLogFiles
    from trailscan.ingest.plan import SourcePlan
    from trailscan.sessions.chain import State
    from trailscan.store.log_file_result import LogFileResult
    from trailscan.store.writer import StoreWriter

BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=30)
"""How long before and after an issuing record the log file that holds it is delivered: names are
earlier than delivery by minutes, and delivery mostly takes five minutes."""

ARRIVAL = timedelta(days=4)
"""How long before the log files of a load the calls lie whose issuing records they may hold: these
arrive up to 48 hours late, and a session of GetFederationToken lasts up to 36 hours."""

_MOST_LISTS = 2000  # listings of an account and region, in one load: one cent
_LOCAL_BYTES = 64 * 1024 * 1024
"""How much may be read of local files whose names do not say when they were delivered."""


@dataclass(slots=True)
class Tracing:
    """What a load traced.

    Attributes:
        sessions: how many sessions of the store need tracing, those of earlier loads included.
        kept: how many issuing records were added to the store.
        log_files: how many log files were read for tracing alone.
        bytes_stored: of these log files.
        untraced: the sessions whose issuing record was not found, each with the reason.
    """

    sessions: int = 0
    kept: int = 0
    log_files: int = 0
    bytes_stored: int = 0
    untraced: list[str] = field(default_factory=list)

    @property
    def traced(self) -> int:
        """How many sessions are traced to their beginning."""
        return self.sessions - len(self.untraced)


class Tracer:
    """Traces the sessions of a store after a load.

    Args:
        bucket: of the store.
        place: of the store.
        log_files: that the load read.
        sources: of the load.
        bytes_read: by the load.
    """

    def __init__(
        self,
        bucket: Bucket,
        place: str,
        log_files: IssuingLogFiles,
        sources: Sequence[SourcePlan],
        bytes_read: int,
    ) -> None:
        reader = StoreReader(bucket, place)
        earliest = log_files.earliest
        window = Window(None if earliest is None else shifted(earliest, -ARRIVAL))
        self._issued = read_issuances(reader, window)
        self._calls = read_calls(reader, window)
        self._log_files = log_files
        self._sources = [one for one in sources if not (one.single or one.commit_often)]
        self._left = int(bytes_read * TRACE_SHARE)
        self._local_left = _LOCAL_BYTES
        self._large = LargeOneAtATime()
        self._found: list[LogFileResult] = []
        self._just_found: set[str] = set()
        self._regions: Counter[str] = Counter()
        self._folders: dict[tuple[str, frozenset[str]], SourceFolders] = {}
        self._delivered: dict[tuple[str, str, datetime], list[PlannedFile]] = {}
        self._out_of_budget: set[str] = set()
        self._result = Tracing()

    def run(self, writer: StoreWriter, now: datetime, stop: threading.Event) -> Tracing:
        """Trace, and add the issuing records found to the store.

        Args:
            writer: of the store.
            now: the present.
            stop: when set, what was found so far is added.

        Raises:
            TrailscanError: the store could not be written.
        """
        looked: set[tuple[str, str | None]] = set()
        while missing := [one for one in self._missing() if one.id not in looked]:
            looked |= {one.id for one in missing}
            self._search(missing)
            still = {one.id for one in self._missing()}
            for one in missing:
                if stop.is_set():
                    break
                if one.id in still and one.access_key_id not in self._just_found:
                    self._look_for(one, missing)
            self._just_found.clear()
        if self._found:
            self._result.kept = writer.commit_evidence(self._found, now).kept
        self._sum_up()
        return self._result

    def _missing(self) -> list[Sought]:
        """The issuing records that are not known yet."""
        return all_sought(self._calls, Issuances(self._issued))

    def _search(self, wanted: Collection[Sought]) -> None:
        """Search the log files that were read."""
        key_ids = {one.access_key_id for one in wanted}
        for place in self._log_files.find(key_ids):
            if place.stored is None and not self._may_read(place.planned, key_ids):
                continue
            if (records := search(place, key_ids, self._large)) is not None:
                self._take(records)

    def _take(self, found: FoundRecords) -> set[str]:
        """Keep what a log file has that is new; returns the access keys that it issued."""
        self._count(found.stored_bytes)
        known = {(one.event_id, one.source) for one in self._issued}
        new = [one for one in found.issued if (one.event_id, one.source) not in known]
        if new:
            self._issued += new
            self._found.append(found.result)
            self._regions[found.result.region or ""] += 1
        return {one.access_key_id for one in new}

    def _count(self, stored_bytes: int) -> None:
        """Count a log file that was read for tracing alone."""
        if stored_bytes:
            self._result.log_files += 1
            self._result.bytes_stored += stored_bytes

    def _may_read(self, planned: PlannedFile | None, key_ids: Iterable[str]) -> bool:
        """Whether a log file may be read, which counts against the budget."""
        if planned is None:
            return False
        size = planned.info.size
        if planned.trail.delivered is None and not planned.bucket.is_remote:
            self._local_left -= size
            return self._local_left >= 0
        if size > self._left:
            self._out_of_budget.update(key_ids)
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

    def _look_for(self, one: Sought, missing: Collection[Sought]) -> None:
        """Look for an issuing record in log files that the load did not read."""
        key_ids = {each.access_key_id for each in missing}
        for source in self._sources:
            for planned in self._candidates(source, one):
                if self._log_files.has_read(planned.bucket.name, key_text(planned.info.key)):
                    continue
                if not self._may_read(planned, [one.access_key_id]):
                    continue
                if one.access_key_id in self._read(planned, key_ids):
                    return

    def _candidates(self, source: SourcePlan, one: Sought) -> list[PlannedFile]:
        """The log files of a source that may hold an issuing record, the likeliest first."""
        accounts = {one.account_id} if one.account_id else set()
        if one.is_root:
            accounts |= {call.recipient_account_id or "" for call in self._calls}
        folders = self._walk(source, frozenset(filter(None, accounts)))
        window = Window(shifted(one.issued_at, -BEFORE), shifted(one.issued_at, AFTER))
        found = [
            planned
            for folder in folders.regions
            for planned in self._in_window(source, folder, window, one)
        ]
        if not source.is_remote:
            found += [
                planned for folder in folders.others for planned in _unnamed(source.bucket, folder)
            ]
        return sorted(found, key=self._rank)

    def _walk(self, source: SourcePlan, accounts: frozenset[str]) -> SourceFolders:
        """The folders of some accounts in a source, of every region."""
        name = (source.uri, accounts)
        if name not in self._folders:
            walker = Walker(source.bucket, Scope(accounts, frozenset()), (LOGS,))
            self._folders[name] = walker.walk(source.prefix, Skipped())
        return self._folders[name]

    def _in_window(
        self, source: SourcePlan, folder: str, window: Window, one: Sought
    ) -> Iterator[PlannedFile]:
        """The log files of an account and region that were delivered in a window."""
        hour = one.issued_at.replace(minute=0, second=0, microsecond=0)
        name = (source.uri, folder, hour)
        if name not in self._delivered:
            if len(self._delivered) >= _MOST_LISTS:
                self._out_of_budget.add(one.access_key_id)
                return
            around = Window(shifted(hour, -BEFORE), shifted(hour, AFTER + timedelta(hours=1)))
            self._delivered[name] = list(_delivered(source.bucket, folder, around))
        for planned in self._delivered[name]:
            if planned.trail.delivered and planned.trail.delivered in window:
                yield planned

    def _rank(self, planned: PlannedFile) -> tuple[int, bool, str, str]:
        """The order of log files: regions in which others were found, then global endpoints."""
        region = planned.trail.region or ""
        is_global = region in global_regions().values()
        return (-self._regions[region], not is_global, str(planned.trail.delivered), region)

    def _sum_up(self) -> None:
        """Count the sessions, and name those that are not traced, each with the reason."""
        issued = Issuances(self._issued)
        sessions: dict[str, str | None] = {}
        for who, when, _ in self._calls:
            if needs_tracing(who):
                chain = chain_behind(who, when, issued)
                missing = sought(who, when, issued)
                sessions[f"{who.arn} ({who.access_key_id})"] = self._why(chain.state, missing)
        self._result.sessions = len(sessions)
        self._result.untraced = [f"{name}: {why}" for name, why in sessions.items() if why]

    def _why(self, state: State, missing: Sought | None) -> str | None:
        """Why a session is not traced to its beginning; None if it is."""
        if state in {"direct", "traced"}:
            return None
        if missing is None:
            return f"the records that issued its credentials are {state}"
        if missing.access_key_id in self._out_of_budget:
            share = f"{TRACE_SHARE:.0%} of the bytes of this load"
            return f"looking for its issuing record takes more than {share}; later loads go on"
        account = f"account {missing.account_id}" if missing.account_id else "its account"
        return f"no issuing record in the log files of {account}"


def _delivered(bucket: Bucket, folder: str, window: Window) -> Iterator[PlannedFile]:
    """The log files of an account and region that were delivered in a window."""
    if window.start is None or window.end is None:
        return
    end = f"{folder}{day_path(window.end.date())}/\U0010ffff"
    try:
        for info in bucket.list_objects(folder, f"{folder}{day_path(window.start.date())}"):
            if info.key > end:
                return
            trail = parse_key(info.key)
            if trail.kind == "log_file" and trail.delivered and trail.delivered in window:
                yield PlannedFile(bucket, info, trail)
    except TrailscanError:
        return  # a load names folders that it cannot list


def _unnamed(bucket: Bucket, folder: str) -> Iterator[PlannedFile]:
    """The log files in a folder whose names do not say when they were delivered."""
    try:
        for info in bucket.list_here(folder):
            if not isinstance(info, str):
                trail = parse_key(info.key)
                if trail.kind in {"log_file", "unknown"} and trail.delivered is None:
                    yield PlannedFile(bucket, info, trail)
    except TrailscanError:
        return  # the same


def tracing_words(tracing: Tracing) -> str:
    """How many sessions were traced, in words."""
    return f"{tracing.traced:,} of {counted(tracing.sessions, 'session')} traced"
