"""What could not be used: one row a log file or record, with who accepted it and why."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from trailscan.numbers import counted
from trailscan.reports.missing import Question, reasons
from trailscan.store.rejects import SHORT_ID, StoredReject, read_rejects
from trailscan.table import Column, Table, detail, rows_of
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from trailscan.store.reader import StoreReader


def _accepted(name: str) -> Callable[[StoredReject], object]:
    """What the acceptance says; nothing of an open reject."""
    get = attrgetter(name)
    return lambda reject: None if reject.acceptance is None else get(reject.acceptance)


COLUMNS = (
    Column("id", "ID", "id", short=SHORT_ID),
    Column("log_file", "Log file", "text", most_width=50, least_width=20, of="where.uri"),
    Column("record_index", "Record", "count", rank=1, of="where.record_index"),
    Column("reason", "Reason", "text", rank=4),
    Column("message", "What is wrong", "text", wide=True, least_width=20),
    Column("first_seen", "First seen (UTC)", "instant", rank=5),
    Column("accepted_by", "Accepted by", "text", most_width=20, rank=2, of=_accepted("by")),
    Column("accepted_because", "Because", "text", most_width=30, rank=3, of=_accepted("because")),
    detail("accepted_at", "Accepted (UTC)", "instant", of=_accepted("at")),
    detail("json_path", "JSON path", "text"),
    detail("etag", "ETag", "text"),
)


def rejects_report(store: StoreReader, tz: tzinfo) -> Table:
    """The rejects of a store, the earliest first, without those that were read well later."""
    rejects = read_rejects(store)
    open_ = sum(one.is_open for one in rejects)
    notes = [
        f"{counted(len(rejects), 'reject')}: {open_:,} open, {len(rejects) - open_:,} accepted"
    ]
    if open_:
        notes.append('`trailscan rejects accept ID --because "…"` records that one is known')
    return Table(
        name="rejects",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, rejects),
        window=Window(),
        notes=tuple(notes),
        incomplete=tuple(one.text for one in reasons(store, Question()) if one.kind == "reject"),
        title="What could not be used",
    ).in_zone(tz)
