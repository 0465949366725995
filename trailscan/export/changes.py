"""The changes and findings of nights: the store's history is read once for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from trailscan.export.controls import controls_of
from trailscan.export.evidence import log_file_name
from trailscan.location import parse_uri
from trailscan.reports.changes import changes_report
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.findings.report import findings_report
from trailscan.table import Column, Table, detail
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from trailscan.export.evidence import Evidence
    from trailscan.export.tickets import Tickets
    from trailscan.store.reader import StoreReader

NUMBER = Column("number", "No.", "count")
_ADDED = (
    detail("log_file_name", "Log file name", "text"),
    detail("controls", "Evidence for controls", "list"),
)
TICKET = (
    Column("ticket_state", "Ticket", "text"),
    Column("ticket_id", "Ticket ID", "text"),
    detail("ticket_rule", "How it was matched", "text"),
)


class History:
    """The changes and findings of a store for some days.

    Args:
        store: its whole history is read, since names and results come from other days.
        days: the days whose changes are needed.
    """

    def __init__(self, store: StoreReader, days: Sequence[date]) -> None:
        self.store = store
        span = Window(Window.day(min(days)).start, Window.day(max(days)).end)
        self._filter = ChangeFilter(window=span)

    @cached_property
    def _changes(self) -> Table:
        return changes_report(self.store, self._filter, cache=False)

    @cached_property
    def _findings(self) -> Table:
        return findings_report(self.store, self._filter, cache=False)

    def changes(self, evidence: Evidence, tickets: Tickets | None) -> Table:
        """The changes of a night: numbered, with controls and tickets."""
        table = of_day(self._changes, evidence.day)
        rows = sorted(table.records(), key=_order)
        names = _log_file_names(evidence.events)
        columns = [NUMBER, *table.columns, *_ADDED, *(TICKET if tickets else ())]
        made = []
        for number, row in enumerate(rows, 1):
            name = _name_of(row, names)
            values = [number, *row.values(), name, controls_of(row)]
            made.append((*values, *(tickets.judge(row) if tickets else ())))
        return replace(
            table,
            columns=tuple(columns),
            rows=tuple(made),
            notes=(),
            title=f"Changes of {evidence.day}",
        )

    def findings(self, day: date) -> Table:
        """The findings whose last event is of a day."""
        return replace(of_day(self._findings, day), notes=(), title=f"Findings of {day}")


def of_day(table: Table, day: date) -> Table:
    """The rows of a report whose first instant is of a UTC day."""
    place = next(at for at, column in enumerate(table.columns) if column.name == "event_time")
    rows = tuple(row for row in table.rows if _is_of(row[place], day))
    return replace(table, rows=rows, window=Window.day(day))


def _is_of(when: object, day: date) -> bool:
    return isinstance(when, datetime) and when.astimezone(UTC).date() == day


def _order(row: Mapping[str, object]) -> tuple[object, ...]:
    """The order of the population: time, event, account, record."""
    texts = ("event_id", "recipient_account_id", "log_file")
    return (row["event_time"], *(str(row[name] or "") for name in texts), row["record_index"])


_Names = dict[tuple[object, object, object], list[str]]


def _log_file_names(events: pa.Table) -> _Names:
    """The names of the log files of records, by event ID, account and position."""
    columns = ("event_id", "recipient_account_id", "record_index", "log_file_key")
    found: _Names = {}
    for *identity, key in zip(*(events[name].to_pylist() for name in columns), strict=True):
        found.setdefault((identity[0], identity[1], identity[2]), []).append(log_file_name(key))
    return found


def _name_of(row: Mapping[str, object], names: _Names) -> str | None:
    """The name of the log file from which the record of a change was read.

    A copy is shown under the log file that it is a copy of; the record was read from the copy.
    """
    where = parse_uri(str(row["log_file"]))
    shown = log_file_name(where.key) if where else None
    known = [
        name
        for account in (row["recipient_account_id"], row["recipient_account_id"] or "")
        for name in names.get((row["event_id"], account, row["record_index"]), ())
    ]
    return shown if shown in known or not known else known[0]
