"""What deserves a look, and why: one row a finding."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted
from trailscan.organizations.operation import READ
from trailscan.organizations.severity import ATTACK_VERSION
from trailscan.reports.attestation import ARRIVED
from trailscan.reports.changes import UNDONE
from trailscan.reports.filter import chosen
from trailscan.reports.findings.accounts import ACCOUNTS
from trailscan.reports.findings.delegations import DELEGATIONS
from trailscan.reports.findings.exits import EXITS
from trailscan.reports.findings.guardrails import GUARDRAILS
from trailscan.reports.findings.history import History, Hit, when
from trailscan.reports.findings.ignored import Ignored, ignore_notes, ignored_among
from trailscan.reports.findings.patterns import PATTERNS
from trailscan.reports.findings.principals import BASELINE, PRINCIPALS
from trailscan.reports.findings.reads import Examination, examine
from trailscan.reports.findings.sessions import SESSIONS
from trailscan.reports.notes import Examined, notes_on
from trailscan.reports.tally import all_of, distinct_in, distinct_of
from trailscan.table import Column, Table, detail, rows_of
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime, timedelta

    from trailscan.organizations.changes import Change
    from trailscan.organizations.severity import Severity
    from trailscan.organizations.undone import Undoing
    from trailscan.reports.filter import ChangeFilter
    from trailscan.reports.findings.rule import Rule
    from trailscan.store.reader import StoreReader

RULES = (*ACCOUNTS, *GUARDRAILS, *DELEGATIONS, *PRINCIPALS, *SESSIONS, *PATTERNS, *EXITS)
"""Every rule, in the order in which they are listed."""


class Finding(NamedTuple):
    """A rule and the events for which it fired."""

    rule: Rule
    hit: Hit

    @property
    def severity(self) -> Severity:
        """How grave it is: the rule's severity, unless these events are another matter."""
        return self.hit.severity or self.rule.severity

    @property
    def group(self) -> tuple[Change, ...]:
        """Its events in order of time."""
        return self.hit.changes

    @property
    def last(self) -> Change:
        """Its last event, which dates the finding."""
        return self.group[-1]

    @property
    def undoable(self) -> list[Change]:
        """Its events that changed something which can be changed back."""
        return [change for change in self.group if change.settings]

    @property
    def undone(self) -> Undoing | None:
        """The event that undid the last of what its events did; None if some of it is left."""
        found = [change.undone for change in self.undoable]
        known = [one for one in found if one is not None]
        return max(known, key=lambda one: one.at) if found and len(known) == len(found) else None

    @property
    def undone_at(self) -> datetime | None:
        """When all that can be undone of what its events did was undone."""
        return None if self.undone is None else self.undone.at

    @property
    def undone_by(self) -> str | None:
        """The id of the event that undid the last of it."""
        return None if self.undone is None else self.undone.event_id

    @property
    def open_for(self) -> timedelta | None:
        """How long it lasted from its first event that was undone."""
        return None if self.undone is None else self.undone.at - when(self.undoable[0])

    @property
    def arrived(self) -> datetime | None:
        """When the store kept the last of its events to arrive."""
        return max(filter(None, (change.arrived for change in self.group)), default=None)

    @property
    def id(self) -> str:
        """16 hex digits: the same for a rule and records, wherever these were loaded from."""
        records = " ".join(map(_record_name, self.group))
        return hashlib.sha256(f"{self.rule.id} {records}".encode()).hexdigest()[:16]


def _record_name(change: Change) -> str:
    """A name that no other record of a trail has, not even one with the same event id."""
    event, where = change.event, change.where
    log_file = where.key.rpartition("/")[2]
    return f"{event.recipient_account_id}/{event.event_id}/{log_file}#{where.record_index}"


COLUMNS = (
    Column("event_time", "When (UTC)", "instant", of="last.event.event_time"),
    Column("severity", "Severity", "text"),
    Column("rule", "Rule", "text", most_width=30, rank=1, of="rule.id"),
    Column("what", "What", "text", wide=True, least_width=40, of="hit.what"),
    Column("why", "Why it matters", "text", most_width=44, rank=4, least_width=28, of="rule.why"),
    Column("events", "Events", "count", rank=3, of=lambda one: len(one.group)),
    Column("last_event_id", "Last event", "id", short=8, rank=2, of="last.event.event_id"),
    detail("finding_id", "Finding", "id", of="id"),
    detail("title", "Title", "text", of="rule.title"),
    detail("rule_version", "Rule version", "count", of="rule.version"),
    detail("first_event_time", "First event (UTC)", "instant", of=lambda one: when(one.group[0])),
    ARRIVED,
    detail("principals", "Who", "list", of=distinct_of("principal.display")),
    detail("targets", "Targets", "list", of=distinct_of("target_id")),
    detail("target_ids", "All targets", "list", of=distinct_in("target_ids")),
    detail("target_names", "Names of all targets", "list", of=distinct_in("target_names")),
    detail("accounts", "Recorded in", "list", of=distinct_of("event.recipient_account_id")),
    detail("source_ip_addresses", "Source IPs", "list", of=distinct_of("event.source_ip_address")),
    *UNDONE,
    detail("mitre", f"MITRE ATT&CK {ATTACK_VERSION}", "list", of="rule.mitre"),
    detail("cis", "CIS", "text", of=lambda one: one.rule.cis or None),
    detail("references", "References", "list", of="rule.references"),
    detail("false_positives", "False positives", "text", of="rule.false_positives"),
    detail("event_ids", "All events", "list", of=all_of("event.event_id")),
    detail("records", "Records", "list", of=lambda one: tuple(str(c.where) for c in one.group)),
)


def findings_report(store: StoreReader, filters: ChangeFilter, *, cache: bool = True) -> Table:
    """The findings of a store in order of time.

    The whole history is examined, whatever the window: only history tells what is new or unusual,
    and what a text was before. A finding is shown if its last event is in the window and any of its
    events matches the rest of the filter.
    """
    examined = examine(store, cache=cache)
    every = find(History(examined.changes, filters.tz, examined.start))
    found, left_out = _chosen(every, filters)
    changes = list({id(change): change for one in found for change in one.group}.values())
    notes = _notes(store, filters, found, len(changes), examined)
    return Table(
        name="findings",
        columns=COLUMNS,
        rows=rows_of(COLUMNS, found),
        window=filters.window,
        notes=(*notes, *ignore_notes(left_out, every, filters.ignore)),
    )


def find_in(store: StoreReader, filters: ChangeFilter) -> tuple[list[Finding], list[Ignored]]:
    """The findings of a store that a filter selects, and those that its ignore list leaves out."""
    examined = examine(store)
    every = find(History(examined.changes, filters.tz, examined.start))
    return _chosen(every, filters)


def findings_on(examined: Examination, event_ids: Collection[str]) -> Table:
    """The findings of a store, of all times, that name any of some events."""
    every = find(History(examined.changes, start=examined.start))
    named = [
        one for one in every if any(change.event.event_id in event_ids for change in one.group)
    ]
    return Table("findings", COLUMNS, rows_of(COLUMNS, named), Window(), title="Findings")


def _chosen(every: Sequence[Finding], filters: ChangeFilter) -> tuple[list[Finding], list[Ignored]]:
    """The findings that a filter selects, and those of them that its ignore list leaves out."""
    found = [one for one in every if _matches(one, filters)]
    entries = ignored_among(found, filters.ignore)
    left_out = [Ignored(one, entries[one.id]) for one in found if one.id in entries]
    return [one for one in found if one.id not in entries], left_out


def find(history: History, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """What the rules find, in order of time and rule."""
    found = [Finding(rule, hit) for rule in rules for hit in rule.find(history)]
    order = {rule.id: place for place, rule in enumerate(rules)}
    return sorted(found, key=lambda one: (when(one.last), order[one.rule.id]))


def _matches(one: Finding, filters: ChangeFilter) -> bool:
    """Whether a finding matches; its severity and its rule are its own."""
    rules = [text.casefold() for text in filters.rule]
    grades = [text.casefold() for text in filters.severity]
    others = replace(filters, severity=(), arrived_since=None)
    return (
        when(one.last) in filters.window
        and chosen(rules, one.rule.id.__eq__)
        and chosen(grades, one.severity.__eq__)
        and filters.match_arrival(one.arrived)
        and any(map(others.match_at_any_time, one.group))
    )


def _notes(
    store: StoreReader,
    filters: ChangeFilter,
    found: Sequence[Finding],
    events: int,
    examined: Examination,
) -> list[str]:
    """How many findings, by how many rules, from what, and what the history is too short for."""
    rules = {one.rule.id for one in found}
    by = f"{counted(len(found), 'finding')} by {len(rules)} of {len(RULES)} rules"
    span = Examined.of(examined.changes)
    changes = sum(change.category != READ for change in examined.changes)
    span.count = changes + examined.reads
    first, *more = notes_on(store, replace(filters, reads=True), events, span)
    all_times = f"{counted(changes, 'change')} and {counted(examined.reads, 'read')} of all times"
    return [
        by,
        f"made of {first}",
        f"the rules examined {all_times}",
        *baseline_notes(examined.changes),
        *more,
    ]


def baseline_notes(changes: Sequence[Change]) -> Iterator[str]:
    """The rules that were skipped because the history is too short."""
    if changes and when(changes[-1]) - when(changes[0]) < BASELINE:
        yield (
            "first-time-principal and unusual-hour were skipped: fewer than "
            f"{BASELINE.days} days of history"
        )
