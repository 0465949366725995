"""Who changed what, and when: one row a change."""

from __future__ import annotations

from contextlib import nullcontext
from functools import lru_cache, reduce
from itertools import compress
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trailscan.events.schema import instant, strings
from trailscan.organizations.catalogue import Catalogue, catalogue
from trailscan.organizations.changes import Change, describe_in_order
from trailscan.organizations.operation import READ
from trailscan.organizations.undone import Follower
from trailscan.reports.attestation import EVIDENCE, attestation_notes, attested_rows
from trailscan.reports.cache import cached, kept_decisions, read_rows, write_rows
from trailscan.reports.decoded import RECORD, DecodedEvents
from trailscan.reports.notes import Examined, claim_notes, notes_on
from trailscan.rows import ArrowRows
from trailscan.sessions.chain import Issuances
from trailscan.store.issuances import read_issuances
from trailscan.table import Column, Table, detail, row_maker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from trailscan.reports.filter import ChangeFilter
    from trailscan.rows import Row
    from trailscan.store.reader import StoreReader
    from trailscan.window import Window

TIME = Column("event_time", "When (UTC)", "instant", of="event.event_time")
PRINCIPAL = Column(
    "principal", "Who", "text", most_width=24, least_width=16, of="principal.display"
)
EVENT_ID = Column("event_id", "Event", "id", short=8, rank=1, of="event.event_id")
ORIGIN = (
    Column(
        "source_ip_address",
        "Source IP",
        "text",
        rank=4,
        most_width=28,
        of="event.source_ip_address",
    ),
    Column("client", "Client", "text", most_width=13, rank=6),
)
TARGETS = (
    detail("target_ids", "All targets", "list"),
    detail("target_names", "Names of all targets", "list"),
)
SUBJECT = (
    detail("category", "Category", "text"),
    detail("target_name", "Target name", "text"),
    detail("target_type", "Target type", "text"),
    *TARGETS,
)
ACTION = detail("event_name", "Action", "text", of="action")
RECORDED_IN = detail("recipient_account_id", "Recorded in", "id", of="event.recipient_account_id")
CERTAIN = detail("principal_certain", "Principal certain", "flag", of="principal.certain")
CHAIN = (
    detail("principal_rule", "Naming rule", "text", of="principal.rule"),
    detail("principal_chain", "Chain of sessions", "chain", of="chain.evidence"),
    detail("principal_trace", "Trace", "text", of="chain.state"),
)
IDENTITY = (
    detail("principal_kind", "Principal kind", "text", of="principal.kind"),
    detail("principal_arn", "Principal ARN", "text", of="principal.arn"),
    detail("identity_center_user_id", "Identity Center user", "id", of="principal.user_id"),
    CERTAIN,
)
ERROR = (
    detail("error_code", "Error code", "text", of="event.error_code"),
    detail("error_message", "Error message", "text", of="event.error_message"),
    detail("user_agent", "User agent", "text", of="event.user_agent"),
)
ACCESS = (
    detail("access_change", "Access change", "text"),
    detail("access_in_words", "What it permits or denies", "text"),
    detail("witness", "Request that shows it", "json"),
    detail("access_change_reason", "Why it is not known", "text"),
)
UNDONE = (
    detail("undone_at", "Undone (UTC)", "instant"),
    detail("undone_by", "Undone by", "id"),
    detail("open_for", "Open for", "duration"),
)
COLUMNS = (
    TIME,
    PRINCIPAL,
    Column("description", "What", "text", wide=True, least_width=28),
    Column("target", "Target", "id", most_width=20, rank=5, of="target_id"),
    *ORIGIN,
    Column("outcome", "Outcome", "text", rank=2),
    Column("severity", "Severity", "text", rank=3),
    EVENT_ID,
    ACTION,
    *SUBJECT,
    detail("before", "Before", "text"),
    detail("after", "After", "text"),
    *ACCESS,
    *UNDONE,
    RECORDED_IN,
    *IDENTITY,
    *CHAIN,
    *ERROR,
    detail("related_event_ids", "Related events", "list"),
    detail("known_operation", "Known operation", "flag", of="known"),
    *EVIDENCE,
)

FILTER_COLUMNS = ("event_source", "event_name")
"""The columns by which events are chosen before their records are read."""


def changes_report(store: StoreReader, filters: ChangeFilter, *, cache: bool = True) -> Table:
    """The changes in a store that match, in order of time.

    The whole history is read, whatever the window: a result may come long after its request, and
    names are known from earlier events.

    Args:
        store: what to read.
        filters: which changes to show.
        cache: False reads every change from the records.
    """
    cache = cache and not (filters.reads or store.names)
    kept = read_rows(store) if cache else None
    told = _tell(store, filters, cache=cache) if kept is None else _select(store, filters, kept)
    said = claim_notes(filters, told.claiming)
    return Table(
        name="changes",
        columns=COLUMNS,
        rows=told.rows,
        window=filters.window,
        notes=(
            *notes_on(store, filters, len(told.rows), told.examined, *said),
            *attestation_notes(store, told.rows),
        ),
    )


class _Told(NamedTuple):
    """The rows that match, the changes among which they were chosen, and those by a claim alone."""

    rows: Sequence[Row]
    examined: Examined
    claiming: list[Change]


def _tell(store: StoreReader, filters: ChangeFilter, *, cache: bool) -> _Told:
    """The rows of the changes that match; with `cache`, those of all changes are cached."""
    examined, follower, to_row = Examined(), Follower(), row_maker(COLUMNS)
    rows: list[Row] = []
    matching: list[bool] = []
    claiming: list[Change] = []
    settings: dict[int, tuple[int, Change]] = {}
    for change in iterate_changes(store, reads=filters.reads, cache=cache):
        event = change.event
        follower.add(change.settings, event.event_time, event.event_id)
        matches = filters.match(change)
        if matches or cache:
            if change.settings:
                settings[examined.count] = (len(rows), change)
            rows.append(to_row(change))
            matching.append(matches)
        if matches and filters.match_by_claim(change):
            claiming.append(change)
        examined.add(change)
    for number in settings.keys() & follower.undone.keys():
        place, change = settings[number]
        rows[place] = to_row(msgspec.structs.replace(change, undone=follower.undone[number]))
    every = attested_rows(store, rows)
    if cache:
        write_rows(store, [(column.name, column.kind) for column in COLUMNS], every)
    return _Told(tuple(compress(every, matching)), examined, claiming)


def _select(store: StoreReader, filters: ChangeFilter, kept: pa.Table) -> _Told:
    """The rows that match among those of all changes."""
    rows = ArrowRows(kept, [column.kind for column in COLUMNS])
    ends: list[Any] = [row[0] for end in (rows[:1], rows[-1:]) for row in end]  # times
    claiming: list[Change] = []
    if filters.only_times:
        matching = filters.times_mask(kept)
    else:
        found = []
        for change in iterate_changes(store):
            found.append(matches := filters.match(change))
            if matches and filters.match_by_claim(change):
                claiming.append(change)
        matching = pa.array(found)
    return _Told(rows.filter(matching), Examined(len(rows), *ends), claiming)


def read_changes(
    store: StoreReader,
    *,
    reads: bool = False,
    where: Callable[[pa.Table], pa.Array] | None = None,
    filter_columns: tuple[str, ...] = FILTER_COLUMNS,
    cache: bool = True,
) -> list[Change]:
    """Every change in a store, in order of time; the arguments are those of `iterate_changes`."""
    return list(
        iterate_changes(store, reads=reads, where=where, filter_columns=filter_columns, cache=cache)
    )


def iterate_changes(
    store: StoreReader,
    *,
    reads: bool = False,
    where: Callable[[pa.Table], pa.Array] | None = None,
    filter_columns: tuple[str, ...] = FILTER_COLUMNS,
    cache: bool = True,
) -> Iterator[Change]:
    """Every change in a store, one by one in order of time; memory holds a few of them.

    Args:
        store: its whole history is read.
        reads: whether to include calls that change nothing.
        where: selects the events to read; None for all that can be a change.
        filter_columns: the columns that `where` looks at.
        cache: False reads every change from the records, and decides anew what each permits.
    """
    if where is not None:
        return _decode(store, where, filter_columns, reads=reads, cache=cache)
    chosen = all_that_tell if reads else maybe_changes
    changes = _decode(store, chosen, FILTER_COLUMNS, reads=reads, cache=cache)
    return cached(store, changes) if cache and not (reads or store.names) else changes


def _decode(
    store: StoreReader,
    where: Callable[[pa.Table], pa.Array],
    filter_columns: tuple[str, ...],
    *,
    reads: bool,
    cache: bool,
) -> Iterator[Change]:
    """The changes among the chosen events, read from their records when the first is taken."""
    events = DecodedEvents(
        store.events(columns=RECORD, where=where, filter_columns=filter_columns, ordered=False)
    )
    with kept_decisions(store) if cache else nullcontext() as decisions:
        yield from describe_in_order(
            map(events.take, range(len(events.order))),
            events.correlation(),
            reads=reads,
            names=store.names,
            issued=Issuances(read_issuances(store)),
            decisions=decisions,
        )


def all_that_tell(table: pa.Table) -> pa.Array:
    """The events of the services in the catalogue."""
    return pc.is_in(table["event_source"], value_set=_sources(catalogue()))


def maybe_changes(table: pa.Table) -> pa.Array:
    """The events of the services in the catalogue without its read-only operations."""
    reads = among(table, catalogue().names(lambda operation: operation.category == READ))
    return pc.and_(all_that_tell(table), pc.invert(reads))


def among(table: pa.Table, names: Mapping[str, Iterable[str]]) -> pa.Array:
    """The events that are one of some operations, given by event source and event name."""
    chosen = [
        pc.and_(
            pc.is_in(table["event_source"], value_set=strings([source])),
            pc.is_in(table["event_name"], value_set=strings(own)),
        )
        for source, own in names.items()
    ]
    return reduce(pc.or_, chosen)


def in_window(window: Window, rows: pa.Table) -> pa.Array:
    """The events of a window."""
    times = rows["event_time"]
    mask = pc.is_valid(times)
    if window.start is not None:
        mask = pc.and_(mask, pc.greater_equal(times, instant(window.start)))
    return mask if window.end is None else pc.and_(mask, pc.less(times, instant(window.end)))


@lru_cache(maxsize=2)
def _sources(known: Catalogue) -> pa.StringArray:
    return strings(sorted(service.event_source for service in known.services.values()))
