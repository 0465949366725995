"""What loads requested, as the ledger has it: sources, windows, scope, and what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.store.known import covers
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from trailscan.store.ledger import Commit, Source

_MOST_FAILURES = 20
_LONGEST = 500


class Request(NamedTuple):
    """What one load requested of one source, as the last commit of the load says.

    Attributes:
        source: what was requested, and what was left out or failed.
        event_sources: what was looked for.
        window: of delivery time; it ends with the load at the latest, or with `--until`.
    """

    source: Source
    event_sources: str
    window: Window

    @property
    def is_whole(self) -> bool:
        """Whether the load ended, and listed and read everything."""
        return not (self.source.failures or self.source.partial)

    def covers(self, other: Request) -> bool:
        """Whether it requested at least what another request did, to the same day or later."""
        mine, its = self.source, other.source
        return (
            mine.uri == its.uri
            and covers(self.event_sources, other.event_sources)
            and _holds(mine.accounts, its.accounts)
            and _holds(mine.regions, its.regions)
            and _starts_by(self.window, other.window.start)
            and _ends_by_day(self.window, other.window.end)
        )

    def says_as_much(self, other: Request) -> bool:
        """Whether it covers another request and ended like it, so that the other is no news."""
        mine, its = self.source, other.source
        return (
            self.covers(other)
            and (mine.failures, mine.partial) == (its.failures, its.partial)
            and set(its.accounts_left_out) <= set(mine.accounts_left_out)
            and set(its.regions_left_out) <= set(mine.regions_left_out)
        )


def window_of(source: Source) -> Window:
    """What was requested of delivery time; empty where it ends before it starts.

    An inventory can be older than the start.
    """
    since, until = source.since, source.until
    return Window(since, until if since is None or until is None else max(since, until))


def make_request(source: Source, event_sources: str, now: datetime) -> Request | None:
    """What a source was asked at a time; None where the window ends before it starts."""
    end = source.until or now
    if source.since is not None and source.since > end:
        return None
    return Request(source, event_sources, Window(source.since, end))


def read_requests(commits: Iterable[Commit]) -> list[Request]:
    """What loads requested, in order; of a load with several commits, as the last one says."""
    found: dict[tuple[str, str, datetime | None, datetime | None], Request] = {}
    for commit in commits:
        for source in commit.sources:
            if request := make_request(source, commit.event_sources, commit.committed_at):
                asked = (commit.load_id, source.uri, source.since, source.until)
                found.pop(asked, None)
                found[asked] = request
    return list(found.values())


def newest_delivery(
    commits: Iterable[Commit], uris: Collection[str] | None = None
) -> datetime | None:
    """The latest delivery time of a log file, as complete loads say; of some sources or of all."""
    found = (source for commit in commits for source in commit.sources)
    chosen = (one.newest for one in found if uris is None or one.uri in uris)
    return max((newest for newest in chosen if newest is not None), default=None)


def is_news(
    commits: Iterable[Commit], sources: Sequence[Source], event_sources: str, now: datetime
) -> bool:
    """Whether the ledger does not know yet that something was requested and how it ended.

    The last request to each source decides, to the day: the same load again on the same day changes
    nothing.
    """
    last = {request.source.uri: request for request in read_requests(commits)}
    for source in sources:
        request = make_request(source, event_sources, now)
        known = last.get(source.uri)
        if request and (known is None or not known.says_as_much(request)):
            return True
    return False


def short_failures(failures: Sequence[str]) -> tuple[str, ...]:
    """Failures as the ledger keeps them: some of them, cut, and how many more there were."""
    shown = [line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…" for line in failures]
    more = len(shown) - _MOST_FAILURES
    return (*shown[:_MOST_FAILURES], *([f"… and {more:,} more"] if more > 0 else []))


def _holds(earlier: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one set of accounts or regions contains another; an empty set means all."""
    return not earlier or (bool(other) and set(other) <= set(earlier))


def _starts_by(window: Window, start: datetime | None) -> bool:
    return window.start is None or (start is not None and window.start <= start)


def _ends_by_day(window: Window, end: datetime | None) -> bool:
    return window.end is None or (end is not None and window.end.date() >= end.date())
