"""Which issuing records are missing, and where they can lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.events.event import SessionContext
from trailscan.sessions.chain import needs_tracing
from trailscan.sessions.issued import session_start

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from trailscan.events.event import UserIdentity
    from trailscan.sessions.chain import Issuances


class Sought(NamedTuple):
    """An issuing record that is looked for.

    Attributes:
        access_key_id: that it issued.
        issued_at: its time.
        account_id: an account in whose log files it lies.
        is_root: whether it opened a root session, which another account asked for.
        arn: of the session.
        called_at: the time of the call behind which it is missing.
        is_copy: whether it is known, but for the caller's own copy of it.
        beside: where the other copy was read; empty if there is none.
    """

    access_key_id: str
    issued_at: datetime
    account_id: str | None
    is_root: bool
    arn: str | None
    called_at: datetime
    is_copy: bool = False
    beside: str = ""

    @property
    def id(self) -> tuple[str, str | None]:
        """What makes two of them one."""
        return (self.access_key_id, self.account_id)


def sought(who: UserIdentity, when: datetime, issued: Issuances) -> Sought | None:
    """The issuing record that is missing from the chain behind a call; None if none is.

    The account of a role records a caller of another account by the account's id alone, so the
    caller's own copy of that record is missing too.

    Args:
        who: the identity of the call.
        when: its time.
        issued: the records that are known.
    """
    called_at, seen = when, set[str]()
    copy: Sought | None = None
    while needs_tracing(who) and who.access_key_id not in seen:
        key_id = who.access_key_id or ""
        seen.add(key_id)
        fitting, against = issued.find(who, when)
        if not fitting:
            return None if against else _of(who, when, key_id)._replace(called_at=called_at)
        if len(fitting) > 1:
            return None
        who, when = fitting[0].caller, fitting[0].event_time
        copy = Sought(
            key_id,
            when,
            who.account_id,
            is_root=False,
            arn=who.principal_id,
            called_at=called_at,
            is_copy=True,
            beside=fitting[0].source,
        )
    return copy if who.type == "AWSAccount" else None


def _of(who: UserIdentity, when: datetime, key_id: str) -> Sought:
    """The record that issued the credentials of an identity."""
    context = who.session_context or SessionContext()
    is_root = str(context.assumed_root).lower() == "true"
    return Sought(key_id, session_start(context) or when, who.account_id, is_root, who.arn, when)


class Call(NamedTuple):
    """A call with temporary credentials: whose, when, and in whose trail it was recorded."""

    identity: UserIdentity
    when: datetime
    recipient_account_id: str | None


def all_sought(calls: Iterable[Call], issued: Issuances) -> list[Sought]:
    """The issuing records that are missing behind some calls, the newest first."""
    found: dict[tuple[str, str | None], Sought] = {}
    for call in calls:
        if one := sought(call.identity, call.when, issued):
            found.setdefault(one.id, one)
    return sorted(found.values(), key=lambda one: one.issued_at, reverse=True)
