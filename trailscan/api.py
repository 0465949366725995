"""The Python interface: the functions behind the command line, with the same numbers."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from trailscan import frames
from trailscan.answers import (
    Policy,
    Report,
    to_event,
    to_loaded,
    to_policy,
    to_report,
    to_status,
    to_validated,
)
from trailscan.asked import Filters, Place, Texts, When, to_filter, to_names, to_window
from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.events.schema import EVENTS
from trailscan.ingest.bundled import sample_store
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.validation.run import ValidateOptions, run_validate
from trailscan.numbers import counted
from trailscan.render.frames import register_frames
from trailscan.render.progress import progress_of_call
from trailscan.reports.catalogue import REPORTS, VIEWS
from trailscan.reports.store_status import store_status
from trailscan.store.freshness import MaxAge
from trailscan.store.reader import StoreReader
from trailscan.window import parse_age, parse_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Unpack

    import pandas as pd

    from trailscan.answers import Event, Loaded, StoreStatus, Validated
    from trailscan.asked import ReportName
    from trailscan.ingest.job import Progress


class Store:
    """A store, read in the state it had when it was opened.

    Args:
        place: a folder or `s3://bucket/prefix`.
        aws: how to reach AWS, for a store in S3.
        names: the names of accounts, OUs or roots that the log does not name: a mapping id -> name,
            a series whose index are ids, or a frame with the columns `id` and `name`.

    Raises:
        NotFoundError: there is no store.
        StoreError: it is damaged, or has an unknown format.
    """

    def __init__(
        self,
        place: Place,
        aws: AwsOptions | None = None,
        names: Mapping[str, str] | pd.Series | pd.DataFrame | None = None,
    ) -> None:
        self.place = str(place)
        self.aws = aws or AwsOptions()
        self.reader = StoreReader(open_bucket(self.place, self.aws), self.place, to_names(names))
        register_frames()

    def __repr__(self) -> str:
        events = counted(sum(file.rows for file in self.reader.files("events")), "event")
        log_files = counted(sum(file.rows for file in self.reader.files("log_files")), "log file")
        return f"<trailscan store {self.place}: {events} from {log_files}>"

    def _repr_html_(self) -> str:
        """Counts, what was asked for, whether it is complete, and a row an account and region."""
        return self.status()._repr_html_()

    def events(
        self,
        since: When = None,
        until: When = None,
        *,
        columns: Sequence[str] | None = None,
        event_name: Texts = (),
        event_source: Texts = (),
        account: Texts = (),
    ) -> pd.DataFrame:
        """The events in order of time: what CloudTrail recorded, one row an event.

        Only the days, columns and rows that are asked for are read. `record`, the whole JSON text,
        is most of a store: leave it out where it is not needed.

            store.events("7d", columns=["event_time", "event_name", "user_identity_arn"])

        Args:
            since: start of the time range (inclusive).
            until: its end (exclusive).
            columns: of `trailscan.events.schema.EVENTS`, in this order; None for all.
            event_name: one name or several, as AWS writes them.
            event_source: the same, such as `organizations.amazonaws.com`.
            account: the accounts whose trails recorded them, 12 digits.

        Returns:
            A frame with UTC timestamps, nullable texts (`pd.NA`), and categories for what has few
            values.

        Raises:
            ValueError: there is no such column, or a bound cannot be read.
            StoreError: the store is damaged.
        """
        wanted = None if columns is None else list(columns)
        if unknown := sorted(set(wanted or ()) - set(EVENTS.names)):
            raise ValueError(
                f"no column {', '.join(unknown)}; there are: {', '.join(EVENTS.names)}"
            )
        among = {
            "event_name": event_name,
            "event_source": event_source,
            "recipient_account_id": account,
        }
        chosen = {name: _values(texts) for name, texts in among.items() if texts}
        where = _where(chosen) if chosen else None
        rows = self.reader.events(to_window(since, until), wanted, where, tuple(chosen))
        return frames.to_pandas(rows)

    def log_files(self) -> pd.DataFrame:
        """The log files: the last reading of each, and rejects before any reading."""
        return frames.to_pandas(self.reader.log_files())

    def rejects(self) -> pd.DataFrame:
        """The records and log files that could not be read, with where and why."""
        return frames.to_pandas(self.reader.rejects())

    def conflicts(self) -> pd.DataFrame:
        """All events that share their id and account with an event of different content."""
        same = ["recipient_account_id", "event_id"]
        found = self.reader.events(columns=[*same, "conflict"])
        ids = found.filter(found["conflict"])["event_id"].combine_chunks()
        rows = self.reader.events(where=_where({"event_id": ids}), filter_columns=("event_id",))
        return frames.to_pandas(rows.filter(rows["conflict"])).sort_values(same)

    def record(self, event_id: str) -> dict[str, Any]:
        """The record of an event as CloudTrail wrote it.

        Args:
            event_id: its id or the beginning of it.

        Raises:
            NotFoundError: no event id has this beginning.
            TrailscanError: several have.
        """
        record: dict[str, Any] = json.loads(self.show(event_id).records[0].record)
        return record

    def policy(self, policy: str) -> Policy:
        """A policy: every version of its text, who wrote it, and how they differ.

            store.policy("p-examplepolicy").diff()

        Args:
            policy: its id, or its name.

        Raises:
            NotFoundError: the log has no such policy, or several of the name.
        """
        from trailscan.reports.policy import policy_history  # noqa: PLC0415  # start-up

        return to_policy(policy_history(self.reader, policy), self.reader)

    def status(self, max_age: str | None = None, *, each_account: bool = False) -> StoreStatus:
        """What the store holds; incomplete if the newest log file is older than `max_age`."""
        limit = None if max_age is None else MaxAge(parse_age(max_age), each_account)
        return to_status(store_status(self.reader, limit))

    def report(
        self,
        name: ReportName,
        since: When = None,
        until: When = None,
        **filters: Unpack[Filters],
    ) -> Report:
        """A report by name, with the filters of `trailscan report`.

            store.report("principals", since="30d").to_frame()

        Args:
            name: one of `trailscan.reports.catalogue.REPORTS`.
            since: start of the window; a date is read in the zone `tz`, UTC without it.
            until: its end.
            filters: as on the command line, see `trailscan.asked.Filters`.

        Returns:
            The report; Jupyter shows it with the records behind each row and what it may lack.

        Raises:
            ValueError: there is no such report or filter, or an instant cannot be read.
        """
        if name not in REPORTS:
            raise ValueError(f"no report {name!r}; there are: {', '.join(REPORTS)}")
        report = REPORTS[name]
        table = report.build(self.reader, to_filter(report.filters, since, until, filters))
        return to_report(table, self.reader)

    def show(self, event_id: str, around: str = "1h") -> Event:
        """One event in full, by its id or the beginning of it, and what was done `around` it.

        Raises:
            NotFoundError: no event id has this beginning.
            TrailscanError: several have.
        """
        from trailscan.reports.show import show_event  # noqa: PLC0415  # start-up

        return to_event(show_event(self.reader, event_id, parse_age(around)))

    def sql(self, query: str, tz: str = "UTC") -> Report:
        """The result of one SELECT in DuckDB's SQL, as `trailscan sql`.

        Args:
            query: over the views {views}.
            tz: the zone of times.

        Raises:
            ValueError: the query is not one SELECT or fails, or there is no such zone.
        """
        from trailscan.reports.sql import run_query  # noqa: PLC0415  # heavy

        return to_report(run_query(self.reader, query, parse_zone(tz)), self.reader)

    def validate(
        self, source: str, since: When = None, until: When = None, **options: Any
    ) -> Validated:
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
        return to_validated(run_validate(source, self.place, asked, datetime.now(UTC)))

    def changes(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """Who changed what and when, one row a change, as `trailscan report changes`.

            c = store.changes(since="30d", principal="alice@example.com")
            c[c.severity >= "high"]

        `store.record(event_id)` is the record behind a row; `store.report("changes")` is the same
        rows with their evidence, for reading.
        """
        return self.report("changes", since, until, **filters).to_frame()

    def principals(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """Who acted, and how: one row a principal, as `trailscan report principals`."""
        return self.report("principals", since, until, **filters).to_frame()

    def targets(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """What was touched, by whom, how often: one row a target, as `trailscan report targets`."""
        return self.report("targets", since, until, **filters).to_frame()

    def denied(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """What was denied, to whom and why: one row a denied call, as `trailscan report denied`."""
        return self.report("denied", since, until, **filters).to_frame()

    def policies(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """How each policy evolved, one row a step, as `trailscan report policies`."""
        return self.report("policies", since, until, **filters).to_frame()

    def accounts(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """Each account's life: one row an account, as `trailscan report accounts`."""
        return self.report("accounts", since, until, **filters).to_frame()

    def findings(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """What deserves a look, and why: one row a finding, as `trailscan report findings`."""
        return self.report("findings", since, until, **filters).to_frame()

    def summary(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """What happened, in ten lines: one row a line, as `trailscan report summary`."""
        return self.report("summary", since, until, **filters).to_frame()

    def coverage(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """What was and was not read: one row a span of days, as `trailscan report coverage`."""
        return self.report("coverage", since, until, **filters).to_frame()

    def cis(
        self, since: When = None, until: When = None, **filters: Unpack[Filters]
    ) -> pd.DataFrame:
        """Evidence for the CIS control on Organizations changes, as `trailscan report cis`."""
        return self.report("cis", since, until, **filters).to_frame()


Store.sql.__doc__ = (Store.sql.__doc__ or "").format(views=", ".join(VIEWS))


def _values(texts: Texts) -> pa.Array:
    """The values of a filter on a column."""
    return pa.array([texts] if isinstance(texts, str) else list(texts), pa.string())


def _where(chosen: Mapping[str, pa.Array]) -> Callable[[pa.Table], pa.Array]:
    """Selects the rows whose columns have one of some values each."""

    def where(rows: pa.Table) -> pa.Array:
        masks = [pc.is_in(rows[name], value_set=values) for name, values in chosen.items()]
        return reduce(pc.and_, masks)

    return where


def open(  # noqa: A001  # as ts.open: the contract's name
    place: Place,
    names: Mapping[str, str] | pd.Series | pd.DataFrame | None = None,
    **aws: Any,
) -> Store:
    """Open a store in a folder or at `s3://bucket/prefix` for reading.

    Args:
        place: where the store is.
        names: of what the log does not name, since CloudTrail hides the names of accounts: a
            mapping id -> name, a series, or a frame with the columns `id` and `name`.
        aws: fields of `trailscan.aws.session.AwsOptions`, such as `profile` or `role_arn`.
    """
    return Store(place, AwsOptions(**aws), names)


def demo() -> Store:
    """A store of the bundled sample logs: three months of an invented organization.

    It is made once, in the user's cache directory (`TRAILSCAN_CACHE` moves it), without a network.
    """
    return Store(sample_store())


def load(
    sources: Place | Sequence[Place],
    store: Place | Store,
    since: When = None,
    until: When = None,
    *,
    progress: Callable[[Progress], None] | bool | None = None,
    **options: Any,
) -> Loaded:
    """Load log files into a store and return a summary, as `trailscan load`.

    Args:
        sources: one or several of a folder, a file, `s3://bucket/prefix`, or `-`.
        store: the place of the store, or an open one (open it again to see what was added).
        since: start of the delivery window.
        until: its end.
        progress: None shows a bar where somebody can see it, on a terminal or in a notebook with
            ipywidgets; False shows nothing; a function gets every step.
        options: further fields of `trailscan.ingest.run.LoadOptions`.

    Raises:
        TrailscanError: a source or the store cannot be used.
    """
    given = [str(one) for one in ([sources] if isinstance(sources, str | Path) else sources)]
    place = store.place if isinstance(store, Store) else str(store)
    asked = replace(LoadOptions(**options), window=to_window(since, until))
    if isinstance(store, Store) and "aws" not in options:
        asked = replace(asked, aws=store.aws)
    standard_input = sys.stdin.buffer.read() if "-" in given else None
    with progress_of_call(progress) as told:
        asked = replace(asked, progress=told)
        return to_loaded(run_load(given, place, asked, datetime.now(UTC), standard_input))
