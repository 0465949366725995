"""What deserves a look, and why: one row a finding."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.operation import READ
from trailscan.reports.findings.detectors import BASELINE
from trailscan.reports.findings.history import History, Hit, when
from trailscan.reports.findings.reads import WorthReading, worth_reading
from trailscan.reports.findings.rules import RULES
from trailscan.reports.notes import Span, count, told_of
from trailscan.reports.tally import distinct
from trailscan.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.reports.findings.rule import Rule
    from trailscan.store.reader import StoreReader

COLUMNS = (
    Column("event_time", "When (UTC)", "instant"),
    Column("severity", "Severity", "text"),
    Column("rule", "Rule", "text", least_width=90, most_width=30),
    Column("what", "What", "text", wide=True),
    Column("why", "Why it matters", "text", least_width=150, most_width=44),
    Column("events", "Events", "count", least_width=130),
    Column("last_event_id", "Last event", "id", least_width=110, short=8),
    Column("finding_id", "Finding", "id", detail=True),
    Column("title", "Title", "text", detail=True),
    Column("rule_version", "Version of the rule", "count", detail=True),
    Column("first_event_time", "First event (UTC)", "instant", detail=True),
    Column("principals", "Who", "list", detail=True),
    Column("targets", "Targets", "list", detail=True),
    Column("accounts", "In the trails of", "list", detail=True),
    Column("source_ip_addresses", "From", "list", detail=True),
    Column("mitre", "MITRE ATT&CK", "list", detail=True),
    Column("cis", "CIS", "text", detail=True),
    Column("references", "References", "list", detail=True),
    Column("false_positives", "When it is nothing", "text", detail=True),
    Column("event_ids", "All events", "list", detail=True),
    Column("records", "Where they were read", "list", detail=True),
)


class Finding(NamedTuple):
    """A rule and the events for which it fired."""

    rule: Rule
    hit: Hit

    @property
    def last(self) -> Change:
        """Its last event: the moment at which it is found."""
        return self.hit.changes[-1]

    @property
    def id(self) -> str:
        """The same for the same rule and records, wherever they were loaded from; 16 hex digits."""
        records = " ".join(map(_record_name, self.hit.changes))
        return hashlib.sha256(f"{self.rule.id} {records}".encode()).hexdigest()[:16]


def _record_name(change: Change) -> str:
    """What tells a record from all others of a trail, those of the same event id too."""
    event, where = change.event, change.where
    log_file = where.key.rpartition("/")[2]
    return f"{event.recipient_account_id}/{event.event_id}/{log_file}#{where.record_index}"


def findings_report(store: StoreReader, wanted: ChangeFilter) -> Table:
    """The findings of a store in order of time.

    All of its history is looked at, whatever the window: what is new or unusual, and what a text
    was before, only history tells. A finding is shown if its last event lies in the window, and
    one of its events is wanted otherwise.
    """
    seen = worth_reading(store)
    history = History(seen.changes, wanted.tz, seen.start)
    found = [one for one in find(history) if _is_wanted(one, wanted)]
    changes = list({id(change): change for one in found for change in one.hit.changes}.values())
    return Table(
        name="findings",
        columns=COLUMNS,
        rows=tuple(_row(one) for one in found),
        window=wanted.window,
        notes=tuple(_notes(store, wanted, found, len(changes), seen)),
    )


def find(history: History, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """What rules find, in order of time and rule."""
    found = [Finding(rule, hit) for rule in rules for hit in rule.find(history)]
    order = {rule.id: place for place, rule in enumerate(rules)}
    return sorted(found, key=lambda one: (when(one.last), order[one.rule.id]))


def _is_wanted(one: Finding, wanted: ChangeFilter) -> bool:
    """Whether a finding is asked for; its severity and its rule are its own."""
    rules = {text.casefold() for text in wanted.rule}
    grades = {text.casefold() for text in wanted.severity}
    others = replace(wanted, severity=())
    return (
        when(one.last) in wanted.window
        and (not rules or one.rule.id in rules)
        and (not grades or one.rule.severity in grades)
        and any(map(others.holds_apart_from_time, one.hit.changes))
    )


def _notes(
    store: StoreReader,
    wanted: ChangeFilter,
    found: Sequence[Finding],
    events: int,
    seen: WorthReading,
) -> list[str]:
    """How many findings, by which rules, and for what the history is too short."""
    rules = {one.rule.id for one in found}
    by = f"{count(len(found), 'finding')} by {len(rules)} of {len(RULES)} rules"
    span = Span()
    for change in seen.changes:
        span.add(change)
    changes = sum(change.category != READ for change in seen.changes)
    span.count = changes + seen.reads
    looked = f"{count(changes, 'change')} and {count(seen.reads, 'read')}"
    first, *rest = told_of(store, replace(wanted, reads=True), events, span)
    said = f"the rules looked at {looked}, of all times"
    return [by, f"made of {first}", said, *baseline_notes(seen.changes), *rest]


def baseline_notes(seen: Sequence[Change]) -> Iterator[str]:
    """For which rules the history is too short, if it is."""
    if seen and when(seen[-1]) - when(seen[0]) < BASELINE:
        yield (
            f"first-time-principal and unusual-hour need {BASELINE.days} days of history and "
            "found nothing for want of it"
        )


def _row(one: Finding) -> tuple[object, ...]:
    """A finding in the order of `COLUMNS`."""
    rule, changes = one.rule, one.hit.changes
    return (
        when(one.last),
        rule.severity,
        rule.id,
        one.hit.what,
        rule.why,
        len(changes),
        one.last.event.event_id,
        one.id,
        rule.title,
        rule.version,
        when(changes[0]),
        distinct(change.principal.display for change in changes),
        distinct(change.target_id for change in changes),
        distinct(change.event.recipient_account_id for change in changes),
        distinct(change.event.source_ip_address for change in changes),
        rule.mitre,
        rule.cis or None,
        rule.references,
        rule.false_positives,
        tuple(change.event.event_id for change in changes),
        tuple(str(change.where) for change in changes),
    )
