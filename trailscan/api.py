"""The Python interface: the functions behind the command line, with the same numbers."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.validation.run import ValidateOptions, run_validate
from trailscan.numbers import counted
from trailscan.reports.catalogue import REPORTS, VIEWS, make_filter
from trailscan.reports.status import store_status
from trailscan.store.reader import StoreReader
from trailscan.window import Window, parse_when, parse_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from trailscan.ingest.summary import LoadSummary
    from trailscan.ingest.validation.summary import ValidationSummary
    from trailscan.reports.filter import ChangeFilter
    from trailscan.reports.show import Shown
    from trailscan.reports.status import Status
    from trailscan.table import Table

When = str | datetime | None


class Store:
    """A store, read in the state it had when it was opened.

    Args:
        place: a folder or `s3://bucket/prefix`.
        aws: how to reach AWS, for a store in S3.
        names: id -> name of accounts, OUs or roots that the log does not name.

    Raises:
        NotFoundError: there is no store.
        StoreError: it is damaged, or has an unknown format.
    """

    def __init__(
        self, place: str, aws: AwsOptions | None = None, names: Mapping[str, str] | None = None
    ) -> None:
        self.place = place
        self.aws = aws or AwsOptions()
        self.reader = StoreReader(open_bucket(place, self.aws), place, names)

    def __repr__(self) -> str:
        events = counted(sum(file.rows for file in self.reader.files("events")), "event")
        log_files = counted(sum(file.rows for file in self.reader.files("log_files")), "log file")
        return f"<trailscan store {self.place}: {events} from {log_files}>"

    def events(self, since: When = None, until: When = None) -> pd.DataFrame:
        """The events in order of time, with the columns of `trailscan.events.schema.EVENTS`.

        Returns:
            A frame with UTC timestamps and pandas categories for names that repeat.
        """
        table = self.reader.events(to_window(since, until))
        repeating = [name for name in _CATEGORIES if name in table.column_names]
        frame: pd.DataFrame = table.to_pandas(categories=repeating)
        return frame

    def log_files(self) -> pd.DataFrame:
        """The log files, one row for each time one was read or rejected."""
        frame: pd.DataFrame = self.reader.log_files().to_pandas()
        return frame

    def rejects(self) -> pd.DataFrame:
        """The records and log files that could not be read, with where and why."""
        frame: pd.DataFrame = self.reader.rejects().to_pandas()
        return frame

    def conflicts(self) -> pd.DataFrame:
        """All events that share their id and account with an event of different content."""
        frame = self.events()
        same = ["recipient_account_id", "event_id"]
        return frame[frame.duplicated(same, keep=False)].sort_values(same)

    def status(self) -> Status:
        """What the store holds: requested windows, accounts, gaps, rejects, the last load."""
        return store_status(self.reader)

    def report(self, name: str, since: When = None, until: When = None, **filters: Any) -> Table:
        """A report by name, with the filters of `trailscan report`.

        Args:
            name: one of `trailscan.reports.catalogue.REPORTS`.
            since: start of the window; a date is read in the zone `tz`, UTC without it.
            until: its end.
            filters: as on the command line: a text, or several as alternatives; `reads` is a bool,
                `tz` the name of a zone.

        Raises:
            ValueError: there is no such report or filter, or an instant cannot be read.
        """
        if name not in REPORTS:
            raise ValueError(f"no report {name!r}; there are: {', '.join(REPORTS)}")
        report = REPORTS[name]
        return report.build(self.reader, to_filter(report.filters, since, until, filters))

    def show(self, event_id: str) -> Shown:
        """One event in full, by its id or the beginning of it, as `trailscan show`.

        Raises:
            NotFoundError: no event id has this beginning.
            TrailscanError: several have.
        """
        from trailscan.reports.show import show_event  # noqa: PLC0415  # start-up

        return show_event(self.reader, event_id)

    def sql(self, query: str, tz: str = "UTC") -> Table:
        """The result of one SELECT in DuckDB's SQL, as `trailscan sql`.

        Args:
            query: over the views {views}.
            tz: the zone of times.

        Raises:
            ValueError: the query is not one SELECT or fails, or there is no such zone.
        """
        from trailscan.reports.sql import run_query  # noqa: PLC0415  # heavy

        return run_query(self.reader, query, parse_zone(tz))

    def validate(
        self, source: str, since: When = None, until: When = None, **options: Any
    ) -> ValidationSummary:
        """Check log files against CloudTrail's digests and this store, as `trailscan validate`.

        The verdicts are added to the store; open it again to see them.

        Args:
            source: a folder or `s3://bucket/prefix`.
            since: start of the delivery window.
            until: its end.
            options: further fields of `trailscan.ingest.validation.run.ValidateOptions`.

        Raises:
            TrailscanError: the source or the store cannot be used.
        """
        given = {"aws": self.aws, **options}
        asked = ValidateOptions(window=to_window(since, until), **given)
        return run_validate(source, self.place, asked, datetime.now(UTC))

    def changes(self, since: When = None, until: When = None, **filters: Any) -> pd.DataFrame:
        """Who changed what and when, one row a change, as `trailscan report changes`."""
        return self.report("changes", since, until, **filters).to_frame()


Store.sql.__doc__ = (Store.sql.__doc__ or "").format(views=", ".join(VIEWS))

_CATEGORIES = [
    "event_source",
    "event_name",
    "event_version",
    "event_type",
    "event_category",
    "aws_region",
    "recipient_account_id",
    "error_code",
    "user_identity_type",
]


def open(  # noqa: A001  # as ts.open: the contract's name
    place: str, names: Mapping[str, str] | None = None, **aws: Any
) -> Store:
    """Open a store in a folder or at `s3://bucket/prefix` for reading.

    Args:
        place: where the store is.
        names: id -> name of what the log does not name: CloudTrail hides the names of accounts.
        aws: fields of `trailscan.aws.session.AwsOptions`, such as `profile` or `role_arn`.
    """
    return Store(place, AwsOptions(**aws), names)


def load(
    sources: str | Sequence[str],
    store: str | Store,
    since: When = None,
    until: When = None,
    **options: Any,
) -> LoadSummary:
    """Load log files into a store and return a summary, as `trailscan load`.

    Args:
        sources: one or several of a folder, a file, `s3://bucket/prefix`, or `-`.
        store: the place of the store, or an open one (open it again to see what was added).
        since: start of the delivery window.
        until: its end.
        options: further fields of `trailscan.ingest.run.LoadOptions`.

    Raises:
        TrailscanError: a source or the store cannot be used.
    """
    given = [sources] if isinstance(sources, str) else list(sources)
    place = store.place if isinstance(store, Store) else store
    asked = replace(LoadOptions(**options), window=to_window(since, until))
    if isinstance(store, Store) and "aws" not in options:
        asked = replace(asked, aws=store.aws)
    standard_input = sys.stdin.buffer.read() if "-" in given else None
    return run_load(given, place, asked, datetime.now(UTC), standard_input)


def to_window(since: When, until: When, tz: tzinfo = UTC) -> Window:
    """A window from what a user gives for its bounds.

    Raises:
        ValueError: a bound cannot be read, has no time zone, or the end is before the start.
    """
    now = datetime.now(UTC)
    bounds = [
        parse_when(when, now, tz) if isinstance(when, str) else when for when in (since, until)
    ]
    return Window(*bounds)


def to_filter(
    known: Iterable[str], since: When, until: When, filters: dict[str, Any]
) -> ChangeFilter:
    """A filter from keyword arguments; a single text is a tuple of one.

    Args:
        known: the filters that the report takes.
        since: start of the window.
        until: its end.
        filters: values by name.

    Raises:
        ValueError: there is no such filter, or a value cannot be read.
    """
    if unknown := sorted(set(filters) - set(known)):
        raise ValueError(f"no filter {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    tz = parse_zone(filters.get("tz") or "UTC")
    given: dict[str, Any] = {
        name: (value,) if isinstance(value, str) else value
        for name, value in filters.items()
        if name != "tz"
    }
    return make_filter(window=to_window(since, until, tz), tz=tz, **given)
