"""Event history as a bucket: each UTC day of an account and region is one log file.

A day that ended long enough ago is settled: its log file keeps its ETag and is loaded once. Each
load looks up the latest days again, since events may still arrive; events that were loaded before
are duplicates by their event id.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import msgspec

from trailscan.aws.event_history import REACH, EventHistory
from trailscan.buckets import ObjectInfo, StoredObject
from trailscan.errors import NotFoundError, TrailscanError
from trailscan.ingest.plan import PlannedFile, SourcePlan
from trailscan.location import EVENT_HISTORY
from trailscan.sessions.issued import STS
from trailscan.trail.keys import parse_key
from trailscan.window import Window, format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.aws.session import AwsOptions
    from trailscan.trail.log_file import Wanted

SETTLED_AFTER = timedelta(hours=24)
"""How long after its end a day is complete: events take minutes, but AWS promises no limit."""

_SETTLED = "settled"
_NAME = re.compile(r"([0-9]{8}T[0-9]{6}Z)_([0-9]{8}T[0-9]{6}Z)\.json")
_INSTANT = "%Y%m%dT%H%M%SZ"


class EventHistoryBucket:
    """Event history as a bucket.

    Its keys are `account/CloudTrail/region/year/month/day/start_end.json`.

    Args:
        history: of the signed-in account.
        regions: the regions to look up.
        event_sources: the event sources to look up; None for all.
    """

    is_remote = False  # one request at a time: reading ahead gains nothing
    list_requests = 0
    delay = 0.0
    slowed = 0

    def __init__(
        self, history: EventHistory, regions: set[str], event_sources: tuple[str, ...] | None
    ) -> None:
        self.name = EVENT_HISTORY
        self._history = history
        self._regions = regions
        self._sources: tuple[str | None, ...] = (None,) if event_sources is None else event_sources

    @property
    def prefix(self) -> str:
        """The folder that holds the regions of the account."""
        return f"{self._history.caller.account_id}/CloudTrail/"

    def moments(self, when: datetime) -> list[PlannedFile]:
        """The events of a second, as one log file for each region."""
        second = when.replace(microsecond=0)
        names = f"{second:%Y/%m/%d}/{second:{_INSTANT}}_{second:{_INSTANT}}.json"
        keys = [f"{self.prefix}{region}/{names}" for region in sorted(self._regions)]
        return [PlannedFile(self, ObjectInfo(key, 0, _SETTLED), parse_key(key)) for key in keys]

    def list_here(self, folder: str) -> Iterator[str | ObjectInfo]:
        """The region folders of the account's folder; the objects of any other folder."""
        if folder == self.prefix:
            yield from (f"{folder}{region}/" for region in sorted(self._regions))
        else:
            yield from self.list_objects(folder)

    def list_objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """The days of a region from the oldest to the present, without a request to AWS."""
        now = self._history.now
        as_of = f"as-of-{now:{_INSTANT}}"
        start = self._history.oldest.replace(hour=0, minute=0, second=0)
        while start < now:
            midnight = start + timedelta(days=1)
            end = min(midnight, now)
            key = f"{folder}{start:%Y/%m/%d}/{start:{_INSTANT}}_{end:{_INSTANT}}.json"
            if after is None or key > after:
                yield ObjectInfo(key, 0, _SETTLED if end + SETTLED_AFTER <= now else as_of)
            start = midnight

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The events of a day as `aws cloudtrail lookup-events` prints them."""
        del etag  # a day is looked up as it is
        region = key.removeprefix(self.prefix).partition("/")[0]
        name = _NAME.fullmatch(key.rpartition("/")[2])
        if name is None or not key.startswith(self.prefix):
            raise NotFoundError(f"{EVENT_HISTORY}:{key} is not a day of this account")
        start, end = (datetime.strptime(one, _INSTANT).replace(tzinfo=UTC) for one in name.groups())
        oldest = self._history.oldest
        events = [
            event
            for source in self._sources
            for event in self._history.lookup(region, source, max(start, oldest), end)
        ]
        return msgspec.json.encode({"Events": events})

    def read_start(self, key: str, etag: str | None, length: int) -> bytes:
        """The first bytes of the events of a day."""
        return self.read(key, etag)[:length]

    def read_with_metadata(self, key: str, etag: str | None = None) -> StoredObject:
        """The events of a day; they have no metadata."""
        return StoredObject(self.read(key, etag), {})

    def write(self, key: str, data: bytes) -> NoReturn:
        """Raise an error: Event history is read-only."""
        raise TrailscanError(
            f"{EVENT_HISTORY}:{key}: {len(data):,} bytes cannot be written, it is read-only"
        )

    write_new = write

    def delete(self, key: str) -> NoReturn:
        """Raise an error: Event history is read-only."""
        raise TrailscanError(f"{EVENT_HISTORY}:{key} cannot be deleted: it is read-only")


def open_event_history(
    options: AwsOptions, wanted: Wanted, regions: frozenset[str], window: Window, now: datetime
) -> SourcePlan:
    """The Event history of the signed-in account as a source.

    Args:
        options: how to reach AWS.
        wanted: the event sources to look for.
        regions: the regions to look up, as far as the account's partition has them; empty for all.
        window: of the load.
        now: the present, in case AWS does not send the time.

    Raises:
        AccessError: there are no valid credentials.
        TrailscanError: AWS does not answer, or has none of the regions.
    """
    history = EventHistory(options, now)
    known = history.regions()
    chosen = (known & regions) if regions else known
    if not chosen:
        raise TrailscanError(f"CloudTrail has none of the regions {', '.join(sorted(regions))}")
    bucket = EventHistoryBucket(history, chosen, wanted.event_sources)
    account = history.caller.account_id
    note = (
        f"{EVENT_HISTORY}: the last {REACH.days} days of account {account} only, in "
        f"{', '.join(sorted(chosen))}; load a trail to see other accounts"
    )
    missing = ""
    if window.start is not None and window.start.date() < history.oldest.date():
        oldest = format_instant(history.oldest)
        missing = f"{EVENT_HISTORY} before {oldest}: CloudTrail keeps {REACH.days} days"
    return SourcePlan(
        EVENT_HISTORY,
        bucket,
        bucket.prefix,
        has_digests=False,
        commit_often=True,
        note=note,
        missing=missing,
        moments=EventHistoryBucket(history, chosen, (STS,)).moments,
    )
