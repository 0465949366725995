"""Which issuing records are missing, and where they can lie."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from trailscan.events.event import SessionContext
from trailscan.sessions.chain import Issuances, needs_tracing
from trailscan.sessions.issued import session_start

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from trailscan.events.event import UserIdentity
    from trailscan.sessions.issued import Issued


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
        sessions: how many sessions are traced by it.
    """

    access_key_id: str
    issued_at: datetime
    account_id: str | None
    is_root: bool
    arn: str | None
    called_at: datetime
    is_copy: bool = False
    beside: str = ""
    sessions: int = 1

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
    return _behind(who, when, issued)[0]


def _behind(
    who: UserIdentity, when: datetime, issued: Issuances
) -> tuple[Sought | None, frozenset[str]]:
    """The issuing record that is missing behind a call, and the access keys that decide it."""
    called_at, seen = when, set[str]()
    copy: Sought | None = None
    while needs_tracing(who) and who.access_key_id not in seen:
        key_id = who.access_key_id or ""
        seen.add(key_id)
        fitting, against = issued.find(who, when)
        if not fitting and not against:
            return _of(who, when, key_id)._replace(called_at=called_at), frozenset(seen)
        if len(fitting) != 1:
            return None, frozenset(seen)
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
    return copy if who.type == "AWSAccount" else None, frozenset(seen)


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


class AllSought:
    """The issuing records that are missing behind some calls, as more and more become known."""

    def __init__(self, calls: Iterable[Call], issued: Iterable[Issued] = ()) -> None:
        self._calls = tuple(calls)
        self._issued = Issuances(issued)
        self._missing: list[Sought | None] = [None] * len(self._calls)
        self._decided_by: defaultdict[str, set[int]] = defaultdict(set)
        for number in range(len(self._calls)):
            self._look(number)

    def add(self, one: Issued) -> None:
        """Add an issuing record."""
        self._issued.add(one)
        for number in sorted(self._decided_by[one.access_key_id]):
            self._look(number)

    def missing(self) -> list[Sought]:
        """The records that are missing, the newest first."""
        found: dict[tuple[str, str | None], Sought] = {}
        for one in filter(None, self._missing):
            same = found.get(one.id)
            found[one.id] = same._replace(sessions=same.sessions + 1) if same else one
        return sorted(found.values(), key=lambda one: one.issued_at, reverse=True)

    def _look(self, number: int) -> None:
        """Find what is missing behind a call."""
        call = self._calls[number]
        self._missing[number], keys = _behind(call.identity, call.when, self._issued)
        for key in keys:
            self._decided_by[key].add(number)
