"""What the Python interface returns: reports and policies, which Jupyter shows by themselves."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trailscan import frames
from trailscan.errors import TrailscanError
from trailscan.organizations.access.change import words
from trailscan.render.formats import FORMATS, format_of
from trailscan.render.notebook import ROWS_SHOWN, difference, table_html, text_html
from trailscan.reports.evidence import with_evidence
from trailscan.reports.policy import Comparison, PolicyHistory, Version, compare
from trailscan.table import Table
from trailscan.visible import visible

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

    from trailscan.organizations.access.change import AccessChange
    from trailscan.render.notebook import Lines
    from trailscan.store.reader import StoreReader


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
        """Both texts as one, coloured, and the difference in words."""
        before, after = self.comparison.before, self.comparison.after
        earlier = f"version {before.number} and " if before else ""
        title = f"{self.policy_id}: {earlier}version {after.number}, by {after.principal}"
        return text_html(title, [self._lines], [self.in_words])


@dataclass(frozen=True, slots=True, repr=False)
class Policy(PolicyHistory):
    """A policy: its versions, and `text()`, `diff()`, `to_frame()`."""

    reader: StoreReader | None = field(default=None, compare=False, repr=False)

    def __repr__(self) -> str:
        name = f" {visible(self.name)!r}" if self.name else ""
        count = len(self.versions)
        texts = f"{count} {'version' if count == 1 else 'versions'} of its text"
        return f"<trailscan policy {self.policy_id}{name}: {texts}>"

    def text(self, at: datetime | None = None) -> str:
        """The text in force at an instant, or the last one.

        Raises:
            TrailscanError: the log has no text by then.
        """
        return self._version(at).text

    def diff(self, since: datetime | None = None, until: datetime | None = None) -> PolicyDiff:
        """How the text at one instant differs from the text at another.

        Args:
            since: aware; None for the version before the one at `until`.
            until: aware; None for the last version.

        Raises:
            TrailscanError: the log has no text by then.
        """
        after = self._version(until)
        if since is not None:
            before = self.at(since)
        else:
            before = next((one for one in self.versions if one.number == after.number - 1), None)
        return PolicyDiff(self.policy_id, compare(self, before, after))

    def to_frame(self) -> pd.DataFrame:
        """The steps of its life: one row a version, attachment or deletion, with the texts."""
        return frames.to_pandas(self.steps.to_arrow())

    def _version(self, when: datetime | None) -> Version:
        """The version at an instant, or the last."""
        found = self.at(when) if when else (self.versions or (None,))[-1]
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


def to_policy(found: PolicyHistory, reader: StoreReader) -> Policy:
    """A policy's history with the abilities of a policy in Python."""
    given = {one.name: getattr(found, one.name) for one in fields(PolicyHistory)}
    return Policy(**given, reader=reader)
