"""What the Python interface returns: reports and policies, which Jupyter shows by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from trailscan import frames
from trailscan.errors import TrailscanError
from trailscan.ingest.summary import LoadSummary
from trailscan.ingest.validation.summary import ValidationSummary
from trailscan.numbers import counted
from trailscan.organizations.access.change import words
from trailscan.render.formats import FORMATS, format_of
from trailscan.render.frames import mark_frame
from trailscan.render.notebook import (
    ROWS_SHOWN,
    difference,
    event_html,
    lines_html,
    near_changes,
    status_html,
    table_html,
    text_html,
)
from trailscan.render.summary_text import summary_text
from trailscan.reports.evidence import with_evidence
from trailscan.reports.policy import Comparison, PolicyHistory, Version, compare
from trailscan.reports.show import Shown
from trailscan.reports.status import Status
from trailscan.table import Table
from trailscan.visible import visible
from trailscan.window import instant_of

if TYPE_CHECKING:
    import pandas as pd
    from duckdb import DuckDBPyRelation

    from trailscan.organizations.access.change import AccessChange
    from trailscan.render.notebook import Lines
    from trailscan.store.reader import StoreReader
    from trailscan.window import When


@dataclass(frozen=True, slots=True, repr=False)
class Report(Table):
    """A report: `to_frame()`, `to_arrow()`, `to_polars()`, `save(FILE)`, and HTML in Jupyter.

    Attributes:
        reader: the store that it was read from.
    """

    reader: StoreReader | None = field(default=None, compare=False, repr=False)

    def save(self, path: str | Path) -> Path:
        """Write the report to a file, in the form that its suffix says.

        Args:
            path: ends in `.csv`, `.json`, `.jsonl`, `.md`, `.html`, `.xlsx` or `.parquet`.

        Returns:
            The path of the file.

        Raises:
            ValueError: the suffix is another.
        """
        path = Path(path)
        form = format_of(path)
        if form not in FORMATS:
            raise ValueError(f"{path.name}: a report is saved as {', '.join(FORMATS)}")
        written = FORMATS[form](self)
        path.write_bytes(written if isinstance(written, bytes) else written.encode())
        return path

    def to_frame(self) -> pd.DataFrame:
        """The rows as a frame of pandas, which Jupyter shows left-aligned.

        Returns:
            A column for each of the report, with UTC timestamps, nullable texts, integers and
            booleans (`pd.NA` where there is none), and categories; `severity` is ordered.
        """
        return mark_frame(frames.to_pandas(self.to_arrow()), self.name)

    def relation(self) -> DuckDBPyRelation:
        """The rows as a relation of DuckDB, to filter, aggregate and join further.

            store.sql("FROM changes").relation().aggregate("principal, count(*)")

        It is in a database of its own in memory, which reads no files and reaches no network.
        """
        from trailscan.reports.sql import confined  # noqa: PLC0415  # heavy

        return confined(UTC).from_arrow(self.to_arrow())

    def _repr_html_(self) -> str:
        """The first rows, the records behind each, and what the report may lack."""
        head: Table = replace(self, rows=self.rows[:ROWS_SHOWN])
        if self.reader is not None:
            head = with_evidence(self.reader, head)
        return table_html(head, len(self.rows))


def to_report(table: Table, reader: StoreReader) -> Report:
    """A table with the abilities of a report in Python."""
    given = {one.name: getattr(table, one.name) for one in fields(Table)}
    return Report(**given, reader=reader)


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """How two versions of a policy differ: text, statements, and what became possible or not.

    Attributes:
        policy_id: of the policy.
        comparison: the two versions.
    """

    policy_id: str
    comparison: Comparison

    @property
    def access(self) -> AccessChange | None:
        """What accounts may do afterwards, the policy taken by itself, with requests that show it.

        None when the log has no earlier version.
        """
        return self.comparison.access

    @property
    def in_words(self) -> str:
        """The statements that differ, and what that permits or denies, in a line."""
        if self.comparison.difference is None:
            return "the first text that the log has"
        said = [self.comparison.difference.in_words]
        return "; ".join([*said, *([words(self.access)] if self.access else [])])

    def __repr__(self) -> str:
        return f"<trailscan policy diff {self.policy_id}: {visible(self.in_words)}>"

    def __str__(self) -> str:
        """The lines of both texts, with `-` before what was removed and `+` before what came."""
        return "\n".join(line for _, line in self._lines)

    @property
    def _lines(self) -> Lines:
        before, after = self.comparison.before, self.comparison.after
        return difference(before.text if before else None, after.text)

    def _repr_html_(self) -> str:
        """What differs between both texts, coloured, with the lines around it, and in words."""
        before, after = self.comparison.before, self.comparison.after
        earlier = f"version {before.number} and " if before else ""
        title = f"{self.policy_id}: {earlier}version {after.number}, by {after.principal}"
        return text_html(title, [near_changes(self._lines)], [self.in_words])


@dataclass(frozen=True, slots=True, repr=False)
class Policy(PolicyHistory):
    """A policy: its versions, and `text()`, `diff()`, `to_frame()`."""

    reader: StoreReader | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        name = f" {visible(self.name)!r}" if self.name else ""
        count = len(self.versions)
        texts = f"{count} {'version' if count == 1 else 'versions'} of its text"
        return f"<trailscan policy {self.policy_id}{name}: {texts}>"

    def text(self, at: When = None) -> str:
        """The text in force at an instant, or the last one.

            policy.text("2026-10-17T02:00Z")

        Raises:
            TrailscanError: the log has no text by then.
        """
        return self._version(at).text

    def diff(self, since: When = None, until: When = None) -> PolicyDiff:
        """How the text at one instant differs from the text at another.

            policy.diff(since="2026-10-16", until="2026-10-18")

        Args:
            since: None for the version before the one at `until`.
            until: None for the last version.

        Raises:
            TrailscanError: the log has no text by then.
        """
        after = self._version(until)
        if (start := instant_of(since, datetime.now(UTC))) is not None:
            before = self.at(start)
        else:
            before = next((one for one in self.versions if one.number == after.number - 1), None)
        return PolicyDiff(self.policy_id, compare(self, before, after))

    def to_frame(self) -> pd.DataFrame:
        """The steps of its life: one row a version, attachment or deletion, with the texts."""
        return frames.to_pandas(self.steps.to_arrow())

    def _version(self, when: When) -> Version:
        """The version at an instant, or the last."""
        at = instant_of(when, datetime.now(UTC))
        found = self.at(at) if at else (self.versions or (None,))[-1]
        if found is None:
            raise TrailscanError(
                f"the log has no text of {self.policy_id}" + (" by then" if when else ""),
                "its text is in events before the first that was loaded: load with an earlier "
                "`since`",
            )
        return found

    def _repr_html_(self) -> str:
        """Every step of its life with the records behind it."""
        return table_html(
            with_evidence(self.reader, self.steps) if self.reader is not None else self.steps
        )


@dataclass(frozen=True, slots=True, repr=False)
class StoreStatus(Status):
    """What a store holds; Jupyter shows counts, windows, completeness and a row an account."""

    def _repr_html_(self) -> str:
        """Counts, what was asked for, whether it is complete, and a row an account and region."""
        return status_html(self)


@dataclass(frozen=True, slots=True, repr=False)
class Event(Shown):
    """An event; Jupyter shows its record, the chain of sessions, and before and after."""

    def _repr_html_(self) -> str:
        """What it did, before and after, the sessions behind it, its record and evidence."""
        return event_html(self)


@dataclass(slots=True, repr=False)
class Loaded(LoadSummary):
    """What a load did; `trailscan.summary_text` gives it as text."""

    def __repr__(self) -> str:
        state = "complete" if self.complete else "incomplete"
        events = counted(self.kept, "new event")
        return f"<trailscan load into {visible(self.store)}: {events}, {state}>"

    def _repr_html_(self) -> str:
        """The summary that the command prints."""
        return lines_html(f"Load into {self.store}", summary_text(self).split("\n"))


@dataclass(slots=True, repr=False)
class Validated(ValidationSummary):
    """What a validation found; `trailscan.summary_text` gives it as text."""

    def __repr__(self) -> str:
        log_files = counted(sum(self.log_files.values()), "log file")
        return f"<trailscan validation of {visible(self.source)}: {log_files}, {self.outcome}>"

    def _repr_html_(self) -> str:
        """The summary that the command prints."""
        return lines_html(f"Validation of {self.source}", summary_text(self).split("\n"))


def to_status(found: Status) -> StoreStatus:
    """A status with the abilities of one in Python."""
    return StoreStatus(**{one.name: getattr(found, one.name) for one in fields(Status)})


def to_event(found: Shown) -> Event:
    """An event with the abilities of one in Python."""
    return Event(**{one.name: getattr(found, one.name) for one in fields(Shown)})


def to_loaded(found: LoadSummary) -> Loaded:
    """The summary of a load with the abilities of one in Python."""
    return Loaded(**{one.name: getattr(found, one.name) for one in fields(LoadSummary)})


def to_validated(found: ValidationSummary) -> Validated:
    """The summary of a validation with the abilities of one in Python."""
    return Validated(**{one.name: getattr(found, one.name) for one in fields(ValidationSummary)})


def to_policy(found: PolicyHistory, reader: StoreReader) -> Policy:
    """A policy's history with the abilities of a policy in Python."""
    given = {one.name: getattr(found, one.name) for one in fields(PolicyHistory)}
    return Policy(**given, reader=reader)
