"""The sums of a load: what was found, read and kept, and what could not be read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trailscan.errors import ExitCode
from trailscan.ingest.archived import Archived

if TYPE_CHECKING:
    from datetime import date, datetime

    from trailscan.ingest.cost import Planned
    from trailscan.ingest.plan import Skipped
    from trailscan.ingest.traced_sessions import Tracing
    from trailscan.ingest.validation.summary import ValidationSummary
    from trailscan.location import RejectLine
    from trailscan.store.freshness import Stale
    from trailscan.window import Window

_KILLED = 128


@dataclass(slots=True)
class LoadSummary:
    """What a load did.

    Laws: `objects = log files listed + others + unrecognised + outside_scope + outside_window`,
    `log files listed = done + known + rejected + unread + archived + vanished`, and
    `records read = kept + filtered_out + duplicates + rejects`.

    Attributes:
        load_id: names the load in the commits of the store; empty after `--dry-run`.
        started: when it began, by the clock of the machine.
        finished: when it ended; None before.
        newest: the latest delivery time of a log file of the sources, read now or by an earlier
            load that was complete.
        days_changed: UTC days of which events were added.
        stale: what `--max-age` found: whose newest log file is too old.
        signal: the number of the signal that ended it; 0 without one.
        unread: log files found but not read because the load ended first; nothing is recorded of
            them.
        archived: log files that must be restored before they can be read.
        vanished: log files of an inventory that the bucket no longer has.
        vanished_keys: some of them.
        bytes_stored: of the log files read, as stored.
        bytes_inflated: of the log files read, uncompressed.
        objects: how many objects the sources have where they were listed.
        others: objects that are not log files, by kind.
        unrecognised: objects of which neither the name nor the first bytes say what they are.
        elsewhere: kinds of other deliveries of AWS whose folders were not listed.
        without_log_files: sources that have objects or folders, but no log file in scope.
        other_events: events that are not records of a call or service event, by kind.
        rejected: the rejects of this load, records and log files.
        not_as_delivered: log files that were not as CloudTrail delivers them, by difference.
        failures: what could not be listed.
        interrupted: the user ended the load; what it had read is in the store.
        tracing: which sessions of the store were traced; None if none was looked for.
        planned: what a load would do, after `--dry-run`.
        validations: what `--validate` found, one for each source.
    """

    store: str
    sources: tuple[str, ...]
    window: Window
    event_sources: str
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    listed: int = 0
    done: int = 0
    known: int = 0
    rejected_log_files: int = 0
    unread: int = 0
    archived: Archived = field(default_factory=Archived)
    vanished: int = 0
    vanished_keys: list[str] = field(default_factory=list)
    records: int = 0
    kept: int = 0
    filtered_out: int = 0
    duplicates: int = 0
    rejects: int = 0
    conflicts: int = 0
    bytes_stored: int = 0
    bytes_inflated: int = 0
    seconds: float = 0.0
    outside_window: int = 0
    outside_scope: int = 0
    regions_left_out: tuple[str, ...] = ()
    accounts_left_out: int = 0
    objects: int = 0
    others: dict[str, int] = field(default_factory=dict)
    unrecognised: int = 0
    elsewhere: tuple[str, ...] = ()
    without_log_files: list[str] = field(default_factory=list)
    other_events: dict[str, int] = field(default_factory=dict)
    rejected: list[RejectLine] = field(default_factory=list)
    not_as_delivered: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False
    tracing: Tracing | None = None
    planned: Planned | None = None
    validations: list[ValidationSummary] = field(default_factory=list)
    load_id: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    newest: datetime | None = None
    days_changed: tuple[date, ...] = ()
    stale: tuple[Stale, ...] = ()
    signal: int = 0

    @property
    def exit_code(self) -> int:
        """The exit code of the load; tampering wins over incomplete, and a signal over both."""
        if self.signal:
            return _KILLED + self.signal
        outcomes = {found.outcome for found in self.validations}
        if "tampered" in outcomes:
            return ExitCode.FOUND
        complete = self.complete and not self.stale and "incomplete" not in outcomes
        return ExitCode.COMPLETE if complete else ExitCode.INCOMPLETE

    @property
    def complete(self) -> bool:
        """Whether everything asked for was read and understood; of a plan, could be listed."""
        rejected = any(not line.accepted for line in self.rejected)
        known = sum(line.accepted and line.reason == "unrecognised" for line in self.rejected)
        unread = (
            self.unread
            or self.archived.count
            or self.unrecognised > known
            or self.without_log_files
        )
        return not (rejected or unread or self.failures or self.interrupted)

    def add_skipped(self, skipped: Skipped) -> None:
        """Add what a walk skipped."""
        self.failures += skipped.failures
        self.objects += skipped.objects
        self.listed += skipped.archived.count
        self.archived.add(skipped.archived)
        self.others = dict(Counter(self.others) + skipped.others)
        self.elsewhere = tuple(sorted({*self.elsewhere, *skipped.elsewhere}))
        self.outside_scope += skipped.outside_scope
        self.outside_window += skipped.outside_window
        self.accounts_left_out += len(skipped.accounts_left_out)
        self.regions_left_out = tuple(sorted({*self.regions_left_out, *skipped.regions_left_out}))

    def settle(self) -> None:
        """Let no sum be negative, as where one event replaced two of an earlier load."""
        less = min(0, self.kept)
        self.kept -= less
        self.duplicates += less
        self.conflicts = max(0, self.conflicts)

    def check(self) -> None:
        """Check that every log file and record is accounted for.

        Raises:
            AssertionError: something went missing: a defect of trailscan.
        """
        accounted = self.kept + self.filtered_out + self.duplicates + self.rejects
        if self.records != accounted:
            raise AssertionError(f"records read {self.records} but accounted for {accounted}")
        accounted = self.done + self.rejected_log_files + self.known + self.unread
        accounted += self.archived.count + self.vanished
        if self.planned is not None:
            accounted += self.planned.log_files
        if self.listed != accounted:
            raise AssertionError(f"log files listed {self.listed} but accounted for {accounted}")
        accounted = self.listed + self.outside_scope + self.outside_window + self.unrecognised
        accounted += sum(self.others.values())
        if self.objects != accounted:
            raise AssertionError(f"objects listed {self.objects} but accounted for {accounted}")
