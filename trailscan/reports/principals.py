"""Who acted, and how: one row a principal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from trailscan.reports.changes import read_changes
from trailscan.reports.notes import count, looked_at
from trailscan.reports.tally import distinct, grouped, tally
from trailscan.table import Column, Table

if TYPE_CHECKING:
    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader

COLUMNS = (
    Column("principal", "Who", "text", wide=True),
    Column("principal_kind", "Kind", "text", least_width=110),
    Column("changes", "Changes", "count"),
    Column("succeeded", "Succeeded", "count", least_width=150),
    Column("denied", "Denied", "count"),
    Column("failed", "Failed", "count", least_width=150),
    Column("severity", "Gravest", "text", least_width=120),
    Column("first", "First (UTC)", "instant", least_width=200),
    Column("last", "Last (UTC)", "instant"),
    Column("named_by", "Named by", "text", least_width=130),
    Column("clients", "With", "list", least_width=170, most_width=15),
    Column("source_ip_addresses", "From", "list", least_width=220, most_width=22),
    Column("naming", "What the name is", "text", detail=True),
    Column("name", "Name", "text", detail=True),
    Column("role", "Role", "text", detail=True),
    Column("permission_set", "Permission set", "text", detail=True),
    Column("account_id", "Account", "id", detail=True),
    Column("principal_certain", "Principal certain", "flag", detail=True),
    Column("services", "Through services", "list", detail=True),
    Column("principal_arns", "ARNs", "list", detail=True),
    Column("accounts", "In the trails of", "list", detail=True),
    Column("actions", "Actions", "list", detail=True),
    Column("reads", "Reads", "count", detail=True),
    Column("first_event_id", "First event", "id", detail=True),
    Column("last_event_id", "Last event", "id", detail=True),
)


class Naming(NamedTuple):
    """How a name was found: by whom it is given, and what that is worth."""

    by: str
    means: str


NAMING = {
    "root": Naming("AWS", "the account's root user"),
    "assumed_root": Naming(
        "AWS", "a root session opened centrally; only sts AssumeRoot tells by whom"
    ),
    "user_name": Naming("AWS", "the name of the IAM user"),
    "federated_name": Naming("identity provider", "the name that the identity provider gave"),
    "invoked_by": Naming("AWS", "the service that called"),
    "account_id": Naming("AWS", "only the account is recorded"),
    "service_event": Naming("AWS", "an event of the service itself, which nobody called"),
    "on_behalf_of": Naming("AWS", "the id of the Identity Center user"),
    "service_role": Naming("AWS", "a role that only this service can assume"),
    "source_identity": Naming("role's trust", "sourceIdentity, which nobody can change once set"),
    "session_name_of_identity_center_role": Naming(
        "convention", "the session name of an Identity Center role, which is the user's name"
    ),
    "role_of_generated_session": Naming("AWS", "only the role; a tool made up the session's name"),
    "session_name": Naming("caller", "the session name, chosen by whoever assumed the role"),
    "none": Naming("nobody", "nothing in the record names anybody"),
}
"""What stands behind each rule by which `trailscan.events.principal` names somebody."""


class _Identity(NamedTuple):
    """What makes two principals one."""

    kind: str
    name: str
    role: str | None
    permission_set: str | None
    account_id: str | None


def principals_report(store: StoreReader, wanted: ChangeFilter) -> Table:
    """The principals of the wanted changes, those with the most changes first.

    A name is one principal only within its kind, role, permission set and account: whoever names a
    session after a colleague stands in a row of their own.
    """
    seen = read_changes(store, reads=wanted.reads)
    found = [change for change in seen if wanted.holds(change)]
    groups = grouped(found, _identity)
    rows = sorted((_row(*group) for group in groups.items()), key=_order)
    said = f"made by {count(len(rows), 'principal')}"
    return Table(
        name="principals",
        columns=COLUMNS,
        rows=tuple(rows),
        window=wanted.window,
        notes=looked_at(store, wanted, found, seen, *([said] if rows else [])),
    )


def _identity(change: Change) -> _Identity:
    who = change.principal
    return _Identity(who.kind, who.name, who.role, who.permission_set, who.account_id)


def _order(row: tuple[object, ...]) -> tuple[object, ...]:
    """Most changes first, then by name."""
    return (-int(str(row[2])), *map(str, row))


def _row(identity: _Identity, changes: list[Change]) -> tuple[object, ...]:
    """A principal in the order of `COLUMNS`."""
    sums = tally(changes)
    people = [change.principal for change in changes]
    events = [change.event for change in changes]
    return (
        Counter(who.display for who in people).most_common(1)[0][0],
        identity.kind,
        sums.changes,
        sums.succeeded,
        sums.denied,
        sums.failed,
        sums.severity,
        sums.first.event.event_time,
        sums.last.event.event_time,
        "; ".join(distinct(naming(who.rule).by for who in people)),
        distinct(change.client for change in changes),
        distinct(event.source_ip_address for event in events),
        "; ".join(distinct(naming(who.rule).means for who in people)),
        identity.name,
        identity.role,
        identity.permission_set,
        identity.account_id,
        all(who.certain for who in people),
        distinct(who.service for who in people),
        distinct(who.arn for who in people),
        distinct(event.recipient_account_id for event in events),
        distinct(change.action for change in changes),
        sums.reads,
        sums.first.event.event_id,
        sums.last.event.event_id,
    )


def naming(rule: str) -> Naming:
    """What stands behind a rule; of a service's event, behind that of the call which caused it."""
    plain = rule.removeprefix("caused_by_")
    return NAMING.get(plain, Naming("unknown", plain.replace("_", " ")))
