"""What is still to be traced in a store, as its ledger says."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trailscan.store.traced import Traced

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.store.ledger import Commit


class Untraced(NamedTuple):
    """What is still to be traced in a store.

    Attributes:
        last: what the last attempt left over.
        commits: those that no attempt has looked at.
        since: the time of their earliest event whose session has to be traced; None without one.
    """

    last: Traced
    commits: tuple[Commit, ...]
    since: datetime | None

    @property
    def earliest(self) -> datetime | None:
        """The time of the earliest call to trace; None without one."""
        times = [one.called_at for one in self.last.pending]
        return min(times if self.since is None else [*times, self.since], default=None)

    @property
    def to_trace(self) -> frozenset[str]:
        """The loads that read sessions which no attempt has looked at, or records left over."""
        waits = bool(self.last.pending)
        return frozenset(
            commit.load_id
            for commit in self.commits
            if _sessions_since(commit) or (waits and commit.counts.log_files)
        )


def read_untraced(commits: Iterable[Commit]) -> Untraced:
    """What is still to be traced; of attempts at the same time the one that saw more counts."""
    every = tuple(commits)
    attempts = (commit.traced for commit in every if commit.traced is not None)
    last = max(enumerate(attempts), key=lambda one: (one[1].through, one[0]), default=(0, Traced()))
    left = every[last[1].through :]
    since = min(filter(None, map(_sessions_since, left)), default=None)
    return Untraced(last[1], left, since)


def _sessions_since(commit: Commit) -> datetime | None:
    """The time of the earliest event of a commit that has to be traced, as far as it says."""
    if commit.sessions_since is not msgspec.UNSET:
        return commit.sessions_since
    days = [file.day for file in commit.files if file.table == "events" and file.day]
    return datetime.combine(min(days), time(), UTC) if days else None
