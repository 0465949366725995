"""The accounts of a load: what was found, read, kept, and what was not seen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trailscan.trail.keys import ORGANIZATIONS_REGIONS
from trailscan.window import Window, format_instant

if TYPE_CHECKING:
    from trailscan.ingest.cost import Planned
    from trailscan.ingest.plan import Skipped
    from trailscan.ingest.validation.summary import ValidationSummary
    from trailscan.location import RejectLine

_SHOWN = 10


@dataclass(slots=True)
class LoadSummary:
    """What a load did.

    Laws: `log files listed = done + known + rejected + unread`, and
    `records read = kept + filtered_out + duplicates + rejects`.

    Attributes:
        unread: log files met that were not read since the load ended before: nothing was recorded
            of them.
        bytes_stored: of the log files read, as stored.
        bytes_inflated: the same, uncompressed.
        others: objects that are no log files, by kind.
        rejected: the rejects of this load, records and log files.
        not_as_delivered: log files that were not as CloudTrail delivers them, with how.
        failures: what could not even be listed.
        interrupted: the user ended it; what was read until then is in the store.
        planned: what a load would do, if this was asked and nothing was read.
        validations: what validating found, one a source, where that was asked.
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
    others: dict[str, int] = field(default_factory=dict)
    rejected: list[RejectLine] = field(default_factory=list)
    not_as_delivered: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False
    planned: Planned | None = None
    validations: list[ValidationSummary] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything asked for was read and understood; of a plan, could be listed."""
        return not (self.rejected or self.failures or self.unread or self.interrupted)

    def add_skipped(self, skipped: Skipped) -> None:
        """Add what a walk skipped."""
        self.failures += skipped.failures
        self.others = dict(Counter(self.others) + skipped.others)
        self.outside_scope += skipped.outside_scope
        self.outside_window += skipped.outside_window
        self.accounts_left_out += len(skipped.accounts_left_out)
        self.regions_left_out = tuple(sorted({*self.regions_left_out, *skipped.regions_left_out}))

    def check(self) -> None:
        """Assert the laws of accounts.

        Raises:
            AssertionError: something went missing: a defect of trailscan.
        """
        accounted = self.kept + self.filtered_out + self.duplicates + self.rejects
        if self.records != accounted:
            raise AssertionError(f"records read {self.records} but accounted for {accounted}")
        accounted = self.done + self.rejected_log_files + self.known + self.unread
        if self.planned is not None:
            accounted += self.planned.log_files
        if self.listed != accounted:
            raise AssertionError(f"log files listed {self.listed} but accounted for {accounted}")

    def to_json(self) -> dict[str, object]:
        """The summary as documented, stable JSON."""
        return {
            "store": self.store,
            "sources": list(self.sources),
            "complete": self.complete,
            "interrupted": self.interrupted,
            "dry_run": None if self.planned is None else self.planned.to_json(),
            "window": {
                "since": self.window.start and format_instant(self.window.start),
                "until": self.window.end and format_instant(self.window.end),
            },
            "scope": {
                "accounts": list(self.accounts) or "all",
                "regions": list(self.regions) or "all",
                "event_sources": self.event_sources,
                "log_files_outside_scope": self.outside_scope,
                "log_files_outside_window": self.outside_window,
                "regions_left_out": list(self.regions_left_out),
                "accounts_left_out": self.accounts_left_out,
            },
            "log_files": {
                "listed": self.listed,
                "done": self.done,
                "known": self.known,
                "rejected": self.rejected_log_files,
                "unread": self.unread,
            },
            "records": {
                "read": self.records,
                "kept": self.kept,
                "filtered_out": self.filtered_out,
                "duplicates": self.duplicates,
                "rejects": self.rejects,
            },
            "conflicts": self.conflicts,
            "bytes": {"stored": self.bytes_stored, "inflated": self.bytes_inflated},
            "seconds": round(self.seconds, 3),
            "other_objects": dict(sorted(self.others.items())),
            "not_as_delivered": dict(sorted(self.not_as_delivered.items())),
            "rejects": [
                {"where": str(line.where), "reason": line.reason, "message": line.message}
                for line in self.rejected
            ],
            "failures": list(self.failures),
            "notes": list(self.notes),
            "validations": [found.to_json() for found in self.validations],
        }

    def to_text(self) -> str:
        """The summary in words; last comes the account of records, or what a load would do."""
        if self.planned is None:
            return "\n".join([*self._lines(), self._log_files_line(), self._records_line()])
        listed = (
            f"log files listed {self.listed:,} = known {self.known:,} + new {self.planned[0]:,}"
        )
        return "\n".join(
            [*self._lines(), listed, self.planned.to_text(_size(self.planned.stored_bytes))]
        )

    def _lines(self) -> list[str]:
        """Everything but the accounts."""
        lines = [*self.notes, self._scope_line()]
        if self.others:
            found = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.others.items()))
            lines.append(f"objects that are no log files: {found}")
        if self.not_as_delivered:
            found = ", ".join(f"{n:,} {how}" for how, n in sorted(self.not_as_delivered.items()))
            lines.append(f"log files read but not as CloudTrail delivers them: {found}")
        lines += [f"not seen: {failure}" for failure in self.failures[:_SHOWN]]
        if len(self.failures) > _SHOWN:
            lines.append(f"… and {len(self.failures) - _SHOWN:,} more that could not be listed")
        lines += [f"reject: {line}" for line in self.rejected[:_SHOWN]]
        if len(self.rejected) > _SHOWN:
            lines.append(f"… and {len(self.rejected) - _SHOWN:,} more rejects")
        if self.conflicts:
            lines.append(
                f"conflicts: {self.conflicts:,} events repeat the id of another with other content"
            )
        if self.interrupted:
            lines.append("interrupted: the same command goes on from here")
        return lines

    def _log_files_line(self) -> str:
        """The account of log files."""
        unread = f" + unread {self.unread:,}" if self.unread else ""
        return (
            f"log files listed {self.listed:,} = done {self.done:,} + known {self.known:,} "
            f"+ rejected {self.rejected_log_files:,}{unread}; {_size(self.bytes_stored)} stored, "
            f"{_size(self.bytes_inflated)} inflated, {self.seconds:.1f} s"
        )

    def _scope_line(self) -> str:
        """What was looked at, and what lies outside it unread."""
        accounts = ", ".join(self.accounts) or "all"
        regions = ", ".join(self.regions) or "all"
        if set(self.regions) == set(ORGANIZATIONS_REGIONS.values()):
            regions = "us-east-1 (cn-northwest-1, us-gov-west-1, … in other partitions)"
        left = [
            f"regions {', '.join(self.regions_left_out)}" if self.regions_left_out else "",
            f"{self.accounts_left_out:,} accounts" if self.accounts_left_out else "",
            f"{self.outside_scope:,} log files" if self.outside_scope else "",
            f"{self.outside_window:,} log files outside the window" if self.outside_window else "",
        ]
        unread = "; ".join(filter(None, left)) or "nothing"
        return (
            f"scope: {self.event_sources}; accounts: {accounts}; regions: {regions}; "
            f"delivered: {self.window.in_words}; left unread: {unread}"
        )

    def _records_line(self) -> str:
        """The account of records."""
        return (
            f"read {self.records:,} = kept {self.kept:,} + filtered out {self.filtered_out:,} "
            f"+ duplicates {self.duplicates:,} + rejects {self.rejects:,}"
        )


def _size(count: int) -> str:
    """Bytes as people read them: decimal units."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
