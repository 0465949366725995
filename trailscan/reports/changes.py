"""Who changed what, and when: one row a change."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trailscan.events.event import decode_record
from trailscan.location import Location
from trailscan.organizations.changes import Change, describe_changes
from trailscan.organizations.operations import CONTROL_TOWER, ORGANIZATIONS, READ_ONLY_NAMES
from trailscan.reports.table import Column, Table
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trailscan.events.event import Event
    from trailscan.store.reader import StoreReader

COLUMNS = (
    Column("event_time", "When (UTC)", "instant"),
    Column("principal", "Who", "text", most_width=30),
    Column("description", "What", "text", wide=True),
    Column("target", "Target", "id", least_width=140, most_width=20),
    Column("source_ip_address", "From", "text", least_width=130, most_width=16),
    Column("client", "With", "text", least_width=160, most_width=13),
    Column("outcome", "Outcome", "text"),
    Column("severity", "Severity", "text", least_width=110),
    Column("event_id", "Event", "id", least_width=100, short=8),
    Column("event_name", "Action", "text", detail=True),
    Column("category", "Category", "text", detail=True),
    Column("target_name", "Target name", "text", detail=True),
    Column("target_type", "Target type", "text", detail=True),
    Column("before", "Before", "text", detail=True),
    Column("after", "After", "text", detail=True),
    Column("recipient_account_id", "Account", "id", detail=True),
    Column("principal_kind", "Kind of principal", "text", detail=True),
    Column("principal_arn", "ARN", "text", detail=True),
    Column("principal_certain", "Principal certain", "flag", detail=True),
    Column("principal_rule", "Rule of principal", "text", detail=True),
    Column("error_code", "Error", "text", detail=True),
    Column("error_message", "Error message", "text", detail=True),
    Column("user_agent", "User agent", "text", detail=True),
    Column("related_event_ids", "Related events", "list", detail=True),
    Column("known_operation", "Known operation", "flag", detail=True),
    Column("log_file", "Log file", "text", detail=True),
    Column("record_index", "Record", "count", detail=True),
)

_READ = [
    "record",
    "recipient_account_id",
    "log_file_bucket",
    "log_file_key",
    "record_index",
]


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which changes to show; every field narrows, several values of one field are alternatives.

    Texts match without regard to case: `action` as a pattern (`*Policy`), `outcome`, `category` and
    `account` whole, all others anywhere inside.

    Attributes:
        window: of event time.
        account: the account in whose trail the event stands, or whose principal acted.
        contains: anywhere in the row's words, ids, error or user agent.
        reads: also show calls that change nothing.
    """

    window: Window = Window()  # noqa: RUF009  # frozen: sharing it is harmless
    principal: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    source_ip: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    reads: bool = False

    def holds(self, change: Change) -> bool:
        """Whether a change is wanted."""
        return change.event.event_time in self.window and all(
            not texts or any(test(text.casefold(), change) for text in texts)
            for texts, test in (
                (self.principal, _by_principal),
                (self.action, _by_action),
                (self.target, _by_target),
                (self.account, _by_account),
                (self.category, _by_category),
                (self.outcome, _by_outcome),
                (self.source_ip, _by_source_ip),
                (self.contains, _by_words),
            )
        )

    def in_words(self) -> str:
        """The filter as a reader may want to see it repeated; empty when there is none."""
        named = {
            "principal": self.principal,
            "action": self.action,
            "target": self.target,
            "account": self.account,
            "category": self.category,
            "outcome": self.outcome,
            "source ip": self.source_ip,
            "contains": self.contains,
        }
        parts = [f"{name} {' or '.join(texts)}" for name, texts in named.items() if texts]
        return ", ".join(parts)


def changes_report(store: StoreReader, wanted: ChangeFilter) -> Table:
    """The changes of a store, one row each, in order of time and event id.

    All of the store's history is read, whatever the window: a result may come long after its
    request, and names are known from events before.
    """
    found = [change for change in read_changes(store, reads=wanted.reads) if wanted.holds(change)]
    return Table(
        name="changes",
        columns=COLUMNS,
        rows=tuple(_row(change) for change in found),
        window=wanted.window,
        notes=tuple(_notes(store, wanted, len(found))),
    )


def read_changes(
    store: StoreReader, *, reads: bool = False, names: Mapping[str, str] | None = None
) -> list[Change]:
    """Every change of a store, with `reads` every read-only call too."""
    return describe_changes(_events(store, reads=reads), reads=reads, names=names)


def _events(store: StoreReader, *, reads: bool) -> Iterator[tuple[Event, Location]]:
    """The events that may be changes, and those that give names, decoded from their records."""
    table = store.events(columns=_READ, where=_all_that_tell if reads else _maybe_changes)
    for batch in table.to_batches(max_chunksize=4096):
        columns = [batch["record"].cast(pa.binary()), *batch.columns[1:]]
        for record, account_id, *place in zip(*(one.to_pylist() for one in columns), strict=True):
            event = decode_record(record)
            if event.recipient_account_id is None:
                event = _with_recipient(event, account_id)
            yield event, Location(*place)


def _with_recipient(event: Event, account_id: str) -> Event:
    """The event with the account that the load found for it."""
    return msgspec.structs.replace(event, recipient_account_id=account_id or None)


def _all_that_tell(table: pa.Table) -> pa.Array:
    """The events of Organizations, and those of Control Tower where they were loaded."""
    return pc.is_in(table["event_source"], value_set=_SOURCES)


def _maybe_changes(table: pa.Table) -> pa.Array:
    """The same without the read-only operations of the catalogue."""
    reads = pc.is_in(table["event_name"], value_set=_READS)
    return pc.and_(_all_that_tell(table), pc.invert(reads))


_SOURCES = pa.array([ORGANIZATIONS, CONTROL_TOWER])
_READS = pa.array(sorted(READ_ONLY_NAMES))


def _row(change: Change) -> tuple[object, ...]:
    """A change in the order of `COLUMNS`."""
    event, who = change.event, change.principal
    return (
        event.event_time,
        who.display,
        change.description,
        change.target_id,
        event.source_ip_address,
        change.client,
        change.outcome,
        change.severity,
        event.event_id,
        change.action,
        change.category,
        change.target_name,
        change.target_type,
        change.before,
        change.after,
        event.recipient_account_id,
        who.kind,
        who.arn,
        who.certain,
        who.rule,
        event.error_code,
        event.error_message,
        event.user_agent,
        change.related_event_ids,
        change.known,
        str(change.where._replace(record_index=None)),
        change.where.record_index,
    )


def _notes(store: StoreReader, wanted: ChangeFilter, count: int) -> Iterator[str]:
    """What was looked at, and what a reader should know of it."""
    plural = "" if count == 1 else "s"
    words = wanted.in_words()
    shown = f" with {words}" if words else ""
    what = "call" if wanted.reads else "change"
    yield f"{count:,} {what}{plural}{shown}; {wanted.window.in_words}"
    totals = [commit.counts for commit in store.commits]
    rejects = sum(counts.rejects for counts in totals)
    conflicts = sum(counts.conflicts for counts in totals)
    log_files = sum(counts.log_files for counts in totals)
    events = sum(counts.kept for counts in totals)
    yield f"from {events:,} events out of {log_files:,} log files in {store.place}"
    if rejects:
        yield f"{rejects:,} records could not be decoded and are not among these (rejects/)"
    if conflicts:
        yield f"{conflicts:,} events repeat the id of another with other content; all are shown"


def _by_principal(text: str, change: Change) -> bool:
    who = change.principal
    fields = (who.name, who.display, who.role, who.session, who.arn, who.service)
    return _inside(text, *fields)


def _by_action(text: str, change: Change) -> bool:
    return fnmatchcase(change.action.casefold(), text)


def _by_target(text: str, change: Change) -> bool:
    return _inside(text, change.target_id, change.target_name)


def _by_account(text: str, change: Change) -> bool:
    return text in (change.event.recipient_account_id, change.principal.account_id)


def _by_category(text: str, change: Change) -> bool:
    return text == change.category.casefold()


def _by_outcome(text: str, change: Change) -> bool:
    return text == change.outcome


def _by_source_ip(text: str, change: Change) -> bool:
    return _inside(text, change.event.source_ip_address)


def _by_words(text: str, change: Change) -> bool:
    event, who = change.event, change.principal
    fields = (change.description, who.display, who.arn, change.action, change.target_id)
    return _inside(text, *fields, event.event_id, event.error_message, event.user_agent)


def _inside(text: str, *fields: str | None) -> bool:
    return any(text in field.casefold() for field in fields if field)
