"""What a store holds: requested windows, accounts and regions, gaps, rejects, the last load.

A summary of a load is rendered beside it, so this module imports none that read events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted
from trailscan.store.runs import Runs

if TYPE_CHECKING:
    from datetime import datetime

    from trailscan.store.freshness import Stale
    from trailscan.store.ledger import Commit, Counts
    from trailscan.store.paths import DataFile
    from trailscan.store.rejects import StoredReject
    from trailscan.table import Table
    from trailscan.window import Window

SHOWN_REJECTS = 5
"""How many rejects a summary lists."""


class Requested(NamedTuple):
    """What all loads together requested from one source.

    Attributes:
        uri: as the user named it.
        event_sources: which events were kept.
        windows: of delivery time, merged where they touch; none ends after its load.
        never_asked: the windows between them.
        newest: the latest delivery time of a log file that was read.
    """

    uri: str
    event_sources: str
    windows: tuple[Window, ...]
    never_asked: tuple[Window, ...]
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Status:
    """What a store holds.

    Attributes:
        place: where it is.
        commits: all of them, in order.
        totals: the sum of what they added.
        asked: one for each source and set of event sources.
        accounts: a row for each account and region.
        incomplete: why the store may lack something that was requested.
        rejects: those that are open, the newest first.
        accepted: how many rejects were accepted.
        head: SHA-256 of the newest commit.
        strays: files in the store that no commit names.
        not_compared: data files whose name and size were looked at, and not their content.
        not_as_delivered: how many log files deviate from CloudTrail's format, by deviation.
        runs: of `load`, those that the store remembers.
        stale: whose newest log file is older than was asked for; it is incomplete too.
    """

    place: str
    commits: tuple[Commit, ...]
    totals: Counts
    asked: tuple[Requested, ...]
    accounts: Table
    incomplete: tuple[str, ...]
    rejects: tuple[StoredReject, ...]
    accepted: int
    not_as_delivered: dict[str, int]
    head: str = ""
    strays: tuple[str, ...] = ()
    not_compared: tuple[DataFile, ...] = ()
    runs: Runs = Runs()  # noqa: RUF009  # a tuple
    stale: tuple[Stale, ...] = ()

    def __repr__(self) -> str:
        events, log_files = (
            counted(self.totals.kept, "event"),
            counted(self.totals.log_files, "log file"),
        )
        state = "incomplete" if self.incomplete else "complete"
        return f"<trailscan status of {self.place}: {events} in {log_files}, {state}>"

    @property
    def last_load(self) -> tuple[Commit, ...]:
        """The commits of the last load that added anything."""
        loads = [commit for commit in self.commits if commit.is_load and commit.files]
        return tuple(commit for commit in loads if commit.load_id == loads[-1].load_id)

    @property
    def rejected_log_files(self) -> int:
        """How many log files could not be read, without those that were accepted."""
        return sum(one.is_log_file for one in self.rejects)

    @property
    def bytes(self) -> int:
        """The size of all data files."""
        return sum(file.bytes for commit in self.commits for file in commit.files)

    def count(self, name: str) -> int:
        """The sum of a column of the accounts."""
        return sum(int(str(row[name])) for row in self.accounts.records())
