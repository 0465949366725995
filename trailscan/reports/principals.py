"""Who acted, and how: one row a principal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from trailscan.numbers import counted
from trailscan.reports.changes import read_changes
from trailscan.reports.notes import Examined, claim_notes, notes_on
from trailscan.reports.tally import Tally, distinct, distinct_of, grouped, tally
from trailscan.table import Column, Table, detail, rows_of

if TYPE_CHECKING:
    from trailscan.organizations.changes import Change
    from trailscan.reports.filter import ChangeFilter
    from trailscan.store.reader import StoreReader


def _display(sums: Tally) -> str:
    """The form of the name that occurs most often; of a role with several sessions, the role."""
    forms = Counter(change.principal.display for change in sums.group)
    who = sums.first.principal
    if len(forms) > 1 and who.kind == "assumed_role" and who.name == who.role:
        return f"role {who.name}"
    return forms.most_common(1)[0][0]


def _is_certain(sums: Tally) -> bool:
    return all(change.principal.certain for change in sums.group)


def _named_by(sums: Tally) -> str:
    """Who vouches for the name."""
    return "; ".join(distinct(naming(change.principal.rule).by for change in sums.group))


def _naming(sums: Tally) -> str:
    """What the name is."""
    return "; ".join(distinct(naming(change.principal.rule).means for change in sums.group))


def _roles(sums: Tally) -> tuple[str, ...]:
    """Every role by which the principal acted."""
    return distinct(role for change in sums.group for role in change.principal.all_roles)


COLUMNS = (
    Column("principal", "Who", "text", wide=True, least_width=28, of=_display),
    Column("principal_kind", "Kind", "text", rank=4, of="first.principal.kind"),
    Column("changes", "Changes", "count"),
    Column("succeeded", "Succeeded", "count", rank=6),
    Column("denied", "Denied", "count", rank=2),
    Column("failed", "Failed", "count", rank=7),
    Column("severity", "Highest severity", "text", rank=3),
    Column("first", "First (UTC)", "instant", rank=9, of="first.event.event_time"),
    Column("last", "Last (UTC)", "instant", rank=1, of="last.event.event_time"),
    Column("named_by", "Named by", "text", rank=5, of=_named_by),
    Column("clients", "Clients", "list", most_width=15, rank=8, of=distinct_of("client")),
    Column(
        "source_ip_addresses",
        "Source IPs",
        "list",
        most_width=22,
        rank=10,
        of=distinct_of("event.source_ip_address"),
    ),
    detail("naming", "What the name is", "text", of=_naming),
    detail("name", "Name", "text", of="first.principal.name"),
    detail("role", "Role", "text", of="first.principal.role"),
    detail("roles", "Roles", "list", of=_roles),
    detail("sessions", "Sessions", "list", of=distinct_of("principal.session")),
    detail("permission_set", "Permission set", "text", of="first.principal.permission_set"),
    detail("account_id", "Account", "id", of="first.principal.account_id"),
    detail("principal_certain", "Principal certain", "flag", of=_is_certain),
    detail("services", "Through services", "list", of=distinct_of("principal.service")),
    detail("principal_arns", "Principal ARNs", "list", of=distinct_of("principal.arn")),
    detail("accounts", "Recorded in", "list", of=distinct_of("event.recipient_account_id")),
    detail("actions", "Actions", "list", of=distinct_of("action")),
    detail("reads", "Reads", "count"),
    detail("first_event_id", "First event", "id", of="first.event.event_id"),
    detail("last_event_id", "Last event", "id", of="last.event.event_id"),
)


class Naming(NamedTuple):
    """Where a principal's name comes from: who gives it, and what it is."""

    by: str
    means: str


NAMING = {
    "root": Naming("AWS", "the account's root user"),
    "assumed_root": Naming(
        "AWS", "a root session opened centrally; only sts AssumeRoot tells by whom"
    ),
    "user_name": Naming("AWS", "the name of the IAM user"),
    "session_issuer": Naming(
        "AWS", "the user who called GetFederationToken and chose the session's name"
    ),
    "federated_name": Naming("identity provider", "the name that the identity provider gave"),
    "directory_name": Naming("directory", "the name that the directory gave"),
    "invoked_by": Naming("AWS", "the service that called"),
    "account_id": Naming("AWS", "only the account is recorded"),
    "service_event": Naming("AWS", "an event of the service itself, which nobody called"),
    "on_behalf_of": Naming("AWS", "the id of the Identity Center user"),
    "service_role": Naming("AWS", "a role that only this service can assume"),
    "source_identity": Naming(
        "role's trust", "sourceIdentity, which whoever opened the session set and nobody can change"
    ),
    "session_name_of_identity_center_role": Naming(
        "Identity Center", "the session name of an Identity Center role, which is the user's name"
    ),
    "role_of_generated_session": Naming("AWS", "only the role; a tool made up the session's name"),
    "role": Naming("AWS", "the role; whoever opened the session chose the session's name"),
    "instance": Naming("AWS", "the role of an EC2 instance, whose id is the session's name"),
    "in_scope_of": Naming("AWS", "the resource that AWS issued the role's credentials to"),
    "none": Naming("nobody", "nothing in the record names anybody"),
}
"""What stands behind each rule by which `trailscan.events.naming` names somebody."""


class _Identity(NamedTuple):
    """What makes two principals one."""

    kind: str
    name: str
    within: str | None


def principals_report(store: StoreReader, filters: ChangeFilter) -> Table:
    """The principals of the matching changes, those with the most changes first.

    A person of Identity Center is one principal, whatever the permission set and account; so is a
    user whom an identity provider named. Any other name counts within its account only: two
    accounts can have users of the same name.
    """
    examined = read_changes(store, reads=filters.reads)
    matching = [change for change in examined if filters.match(change)]
    groups = grouped(matching, _identity).values()
    rows = sorted(rows_of(COLUMNS, map(tally, groups)), key=_order)
    more = [f"made by {counted(len(rows), 'principal')}"] if rows else []
    more += claim_notes(filters, matching)
    return Table(
        name="principals",
        columns=COLUMNS,
        rows=tuple(rows),
        window=filters.window,
        notes=notes_on(store, filters, len(matching), Examined.of(examined), *more),
    )


def _identity(change: Change) -> _Identity:
    who = change.principal
    if who.kind == "identity_center_user" and who.certain:
        return _Identity(who.kind, who.name, None)
    if who.kind == "federated_user":
        return _Identity(who.kind, who.name, who.provider)
    within = who.account_id if who.certain else f"{who.account_id} {who.role}"
    return _Identity(who.kind, who.name, within)


def _order(row: tuple[object, ...]) -> tuple[object, ...]:
    """Most changes first, then by name."""
    return (-int(str(row[2])), *map(str, row))


def naming(rule: str) -> Naming:
    """Where the name comes from by a rule; for a service's event, the rule of what caused it."""
    plain = rule.removeprefix("caused_by_").removeprefix("traced_")
    return NAMING.get(plain, Naming("unknown", plain.replace("_", " ")))
