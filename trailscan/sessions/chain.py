"""Who stands at the beginning of a chain of sessions.

A session is joined to the record that issued its credentials by the access key id alone; creation
date, account and role must agree. A join that does not fit is no join but a contradiction, and of
two records that fit neither is chosen. The order in which records arrive does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

from trailscan.events.event import SessionContext, UserIdentity
from trailscan.events.naming import identify
from trailscan.events.principal import Principal
from trailscan.events.role_sessions import in_identity_center_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from trailscan.events.event import Event
    from trailscan.sessions.issued import Issued

State = Literal["direct", "traced", "untraced", "ambiguous", "contradicted", "circular"]
"""How far a chain is known.

direct: the call names who made it; no issuing record is needed.
traced: to a person, a machine, an AWS service or another account.
untraced: no record issued the credentials of its last session, as far as the store has records.
ambiguous: several records did.
contradicted: a record did that does not fit the session.
circular: a session issued itself.
"""

_PEOPLE = frozenset({"iam_user", "identity_center_user", "root_user"})
_ENDS = frozenset({"federated_user", "aws_account", "directory", "aws_service"})
_NAMING_SERVICES = frozenset({"rolesanywhere.amazonaws.com"})
"""The services that set the source identity of the sessions that they open: of Roles Anywhere it is
the common name of the certificate (IAM Roles Anywhere user guide, "Trust model")."""

_MACHINES = frozenset({"instance", "in_scope_of"})


class Hop(msgspec.Struct, frozen=True, omit_defaults=True):
    """The identity that asked for credentials, and the record that says so.

    Attributes:
        name: of the identity; of a role session, the role.
        kind: of the identity.
        arn: of the identity.
        event_id: of the issuing record.
        event_time: of the issuing record, UTC, ISO 8601.
        source: where the record was read.
    """

    name: str
    kind: str
    arn: str | None
    event_id: str
    event_time: str
    source: str


class Chain(msgspec.Struct, frozen=True, omit_defaults=True):
    """The sessions behind a call.

    Attributes:
        hops: one for each issuing record, the newest first; the last is the origin.
        origin: who stands at the beginning, as far as it is known.
        state: how far it is known.
        with_mfa: whether the origin used MFA.
        contradictions: what does not fit, in words, with the id of the record.
    """

    hops: tuple[Hop, ...]
    origin: Principal
    state: State
    with_mfa: bool = False
    contradictions: tuple[str, ...] = ()

    @property
    def evidence(self) -> tuple[dict[str, str | None], ...]:
        """The hops as plain values, for reports."""
        return tuple(msgspec.structs.asdict(hop) for hop in self.hops)


class Issuances:
    """The issuing records that are known, by the access key id that they issued."""

    def __init__(self, records: Iterable[Issued] = ()) -> None:
        self._by_key: defaultdict[str, list[Issued]] = defaultdict(list)
        for one in records:
            self.add(one)

    def add(self, one: Issued) -> None:
        """Add an issuing record."""
        self._by_key[one.access_key_id].append(one)

    def find(self, who: UserIdentity, when: datetime) -> tuple[list[Issued], list[str]]:
        """The calls that issued a session's credentials, and contradictions.

        Args:
            who: the identity of a call.
            when: its time.
        """
        calls: defaultdict[str, list[Issued]] = defaultdict(list)
        contradictions = []
        for one in self._by_key.get(who.access_key_id or "", ()):
            if why := one.contradiction(who, when):
                contradictions.append(f"event {one.event_id}: {why}")
            else:
                calls[one.call].append(one)
        fitting = [merged for copies in calls.values() for merged in _merge(copies)]
        return fitting, sorted(contradictions)


def chain_of(event: Event, issued: Issuances) -> Chain:
    """The chain of sessions behind a call."""
    return chain_behind(event.user_identity, event.event_time, issued)


def chain_behind(who: UserIdentity, when: datetime, issued: Issuances) -> Chain:
    """The chain of sessions behind an identity that made a call at a time."""
    own = who
    origin = identify(who)
    with_mfa = _has_mfa(who)
    passed = [origin]
    hops: list[Hop] = []
    seen: set[str] = set()
    contradictions: list[str] = []
    state: State = "direct" if _is_end(origin) else "untraced"
    while who.access_key_id and state != "traced":
        if who.access_key_id in seen:  # only forged records say so: nobody is named by them
            return Chain((), passed[0], "circular", _has_mfa(own))
        seen.add(who.access_key_id)
        fitting, against = issued.find(who, when)
        contradictions += against
        if len(fitting) != 1:
            if state != "direct":
                state = "ambiguous" if fitting else "contradicted" if against else "untraced"
            break
        (found,) = fitting
        who, when = found.caller, found.event_time
        origin = _caller(found)
        hops.append(_hop(found, origin))
        passed.append(origin)
        with_mfa = _has_mfa(who) or found.with_mfa or (with_mfa and found.is_same_user)
        state = "traced" if _is_end(origin) else "untraced"
    return Chain(
        tuple(hops), _attributed(passed), state, with_mfa, tuple(dict.fromkeys(contradictions))
    )


def is_temporary(who: UserIdentity) -> bool:
    """Whether an identity uses temporary credentials, which some record issued."""
    key_id = who.access_key_id or ""
    context = who.session_context or SessionContext()
    return key_id.startswith("ASIA") or bool(key_id and context.attributes)


def needs_tracing(who: UserIdentity) -> bool:
    """Whether only an issuing record can say who stands behind a call."""
    return is_temporary(who) and not _is_end(identify(who))


def _merge(copies: list[Issued]) -> list[Issued]:
    """The copies of one call as one; all of them if they name different callers.

    The account of the role records a caller of another account by its id alone; the caller's own
    account records who it was.
    """
    named = [one for one in copies if one.caller.type != "AWSAccount"] or copies
    if len({(one.caller.arn, one.caller.principal_id) for one in named}) > 1:
        return copies
    return [min(named, key=lambda one: (one.event_id, one.source))]


def _caller(found: Issued) -> Principal:
    """Who asked for credentials.

    Only Identity Center signs people in to roles of its path, with SAML, so there the name is that
    of its user.
    """
    caller = identify(found.caller)
    if caller.kind == "federated_user" and in_identity_center_path(found.role_arn or ""):
        rule = "session_name_of_identity_center_role"
        return replace(caller, kind="identity_center_user", rule=rule, certain=True)
    return caller


def _hop(found: Issued, caller: Principal) -> Hop:
    return Hop(
        name=caller.name,
        kind=caller.kind,
        arn=found.caller.arn or found.caller.principal_id,
        event_id=found.event_id,
        event_time=f"{found.event_time:%Y-%m-%dT%H:%M:%SZ}",
        source=found.source,
    )


def _is_end(who: Principal) -> bool:
    """Whether a chain ends with somebody: AWS, or another organization, says who it is."""
    if who.rule in _MACHINES or who.kind in _ENDS:
        return True
    return who.kind in _PEOPLE and who.certain


def _attributed(passed: list[Principal]) -> Principal:
    """Who made a call, by the principals that the chain passed, the caller itself first.

    Whom AWS vouches for in the call itself stays; otherwise it is the last one, by the roles of the
    others.
    """
    own, origin = passed[0], passed[-1]
    if len(passed) == 1 or _is_end(own):
        return own
    if origin.name in _NAMING_SERVICES and passed[-2].rule == "source_identity":
        origin = replace(passed[-2], service=origin.name, certain=True)
        passed = passed[:-1]
    return replace(
        origin,
        rule=f"traced_{origin.rule}",
        arn=own.arn,
        service=own.service,
        via=tuple(_role_of(one) for one in passed[:-1]),
        away=origin.account_id not in (None, own.account_id),
    )


def _role_of(who: Principal) -> str:
    """The role of a session, or the root user that was assumed."""
    return who.role if who.role and who.kind != "root_user" else who.name


def _has_mfa(who: UserIdentity) -> bool:
    """Whether a session was opened with MFA."""
    attributes = (who.session_context or SessionContext()).attributes
    return str(attributes.mfa_authenticated if attributes else None).casefold() == "true"
