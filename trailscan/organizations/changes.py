"""Changes in words: who did what to which account, OU or policy, and how it ended."""

from __future__ import annotations

import re
from datetime import datetime  # msgspec reads the annotations
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from trailscan.events.client import client
from trailscan.events.event import Event
from trailscan.events.principal import Principal
from trailscan.location import Location
from trailscan.organizations.access.change import AccessChange, words
from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.catalogue import operation as find_operation
from trailscan.organizations.context import SentenceContext
from trailscan.organizations.correlate import correlate, in_order_of_time, said_against
from trailscan.organizations.decisions import CURRENT
from trailscan.organizations.effects import with_member
from trailscan.organizations.fields import enum_at, omitted
from trailscan.organizations.operation import READ, Case, Operation
from trailscan.organizations.outcome import Outcome, outcome_by_code
from trailscan.organizations.replay import apply
from trailscan.organizations.resources import (
    Resource,
    any_resources,
    denied_resource,
    each_once,
    quoted,
)
from trailscan.organizations.sentences import fill, placeholders
from trailscan.organizations.severity import UNKNOWN_SEVERITY, Severity
from trailscan.organizations.state import Organization
from trailscan.organizations.undone import Follower, Setting, Undoing
from trailscan.sessions.chain import Chain, Issuances, chain_of
from trailscan.trail.keys import parse_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from trailscan.organizations.catalogue import Catalogue
    from trailscan.organizations.correlate import Correlation, OrderedEvent
    from trailscan.organizations.decisions import Decisions

_ENUM = re.compile(r"\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b")
"""The reason that an exception such as ConstraintViolationException gives in its message."""

_OMITTED = " (CloudTrail omitted the details, which exceed 100 KB)"


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event that changed the organization, or an attempt to change it, in words.

    Attributes:
        event: the call or service event.
        where: the record it was read from.
        log_file_sha256: of the uncompressed bytes of its log file, hex; None if not computed.
        arrived: when the store kept the record; None if it is in no store.
        principal: who made the call; of a service event, who made the call that caused it.
        chain: the sessions by which the principal acted.
        client: the client that made the call: console, cli, sdk, terraform, …
        action: the event name.
        case: what the call was about, if the record of its operation distinguishes that.
        category: what it is about; `read` if it changes nothing.
        description: what was done, without who did it.
        before: the value that was changed, as far as the log's own history has it.
        after: the value it was changed to.
        target_id: the resource it was done to; None if the log does not have it.
        target_name: its name at that moment, as far as the log or the user's names have it.
        target_type: account, ou, policy, …
        resources: everything that it is about, the target first: a policy and what it was attached
            to or detached from, an account and its two parents, the parties of a handshake.
        outcome: by the error code, never by the response: void calls answer nothing.
        severity: by operation and outcome.
        related_event_ids: events that belong to the same change, or caused it.
        known: whether the catalogue has a record of the operation.
        access: what accounts may do afterwards, compared with before.
        settings: what it changed that a later event can change back.
        undone: the event that changed it back; None until `with_undone` looked for it.
    """

    event: Event
    where: Location
    log_file_sha256: str | None = None
    arrived: datetime | None = None
    principal: Principal
    chain: Chain
    client: str
    action: str
    case: str | None = None
    category: str
    description: str
    before: str | None = None
    after: str | None = None
    target_id: str | None = None
    target_name: str | None = None
    target_type: str | None = None
    resources: tuple[Resource, ...] = ()
    outcome: Outcome = "succeeded"
    severity: Severity = "medium"
    related_event_ids: tuple[str, ...] = ()
    known: bool = True
    access: AccessChange | None = None
    settings: tuple[Setting, ...] = ()
    undone: Undoing | None = None

    @property
    def undone_at(self) -> datetime | None:
        """When a later event changed it back."""
        return None if self.undone is None else self.undone.at

    @property
    def undone_by(self) -> str | None:
        """The id of the event that changed it back."""
        return None if self.undone is None else self.undone.event_id

    @property
    def open_for(self) -> timedelta | None:
        """How long it lasted until it was changed back."""
        return None if self.undone is None else self.undone.at - self.event.event_time

    @property
    def target_ids(self) -> tuple[str, ...]:
        """The ids of everything that it is about, the target first."""
        return tuple([one.id for one in self.resources if one.id])

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names that these had at that moment, as far as they are known."""
        return tuple([one.name for one in self.resources if one.name])

    @property
    def access_change(self) -> str | None:
        """`same`, `less`, `more`, `both` or `unknown`; None if it is no change of policies."""
        return None if self.access is None else self.access.kind

    @property
    def access_in_words(self) -> str | None:
        """What access changed, in a line: `no longer denied: ec2:RunInstances in eu-central-1`."""
        return None if self.access is None else words(self.access)

    @property
    def witness(self) -> object:
        """A request that shows what access changed, a list of two for `both`, as JSON."""
        found = [] if self.access is None else [*msgspec.to_builtins(self.access.witnesses)]
        return found if len(found) > 1 else next(iter(found), None)

    @property
    def access_change_reason(self) -> str | None:
        """Why it is not known what access changed."""
        return None if self.access is None else self.access.reason or None

    @property
    def operation(self) -> Operation | None:
        """The record of the operation; None if the catalogue has none."""
        return find_operation(self.event.event_source, self.event.event_name)


def describe_changes(
    events: Iterable[tuple[Event, Location]],
    *,
    reads: bool = False,
    names: Mapping[str, str] | None = None,
    issued: Issuances | None = None,
) -> list[Change]:
    """The changes among some events, in order of time.

    A request and its later result are one change, at the time of the request; so are the copies of
    one call that several accounts received. Names and previous values are those that earlier
    events have.

    Args:
        events: in any order. Events of Control Tower only give names; events of services without
            records are ignored.
        reads: include calls that change nothing.
        names: id -> name, for what the log has no name of.
        issued: the records that issued the credentials of sessions.
    """
    ordered = in_order_of_time(events)
    found = describe_in_order(ordered, correlate(ordered), reads=reads, names=names, issued=issued)
    return list(found)


def describe_in_order(
    events: Iterable[OrderedEvent],
    correlation: Correlation,
    *,
    reads: bool = False,
    names: Mapping[str, str] | None = None,
    issued: Issuances | None = None,
    decisions: Decisions | None = None,
) -> Iterator[Change]:
    """The changes among events in order of time, one by one.

    Args:
        events: decoded one at a time: an event that was just decoded is described fastest.
        correlation: which of them belong together.
        reads: include calls that change nothing.
        names: id -> name, for what the log has no name of.
        issued: the records that issued the credentials of sessions.
        decisions: those to use; None for those of the process.
    """
    known, issued = catalogue(), issued or Issuances()
    decisions = decisions or CURRENT.get()
    reported = {service.event_source for service in known.services.values() if service.reported}
    state = Organization.with_names(names or {})
    for one in events:
        event = one.event
        own = organization_in(one.where.key)
        if own:
            state = with_member(state, event.recipient_account_id, own)
        if event.event_source in reported and one.position not in correlation.merged:
            operation = known.operation(event.event_source, event.event_name)
            if reads or _category(operation, event.event_name) != READ:
                chain = _chain(one, correlation, issued)
                token = CURRENT.set(decisions)
                try:
                    change = _describe(one, operation, correlation, state, known, chain)
                finally:
                    CURRENT.reset(token)
                yield change
        state = apply(state, event)


@lru_cache(maxsize=256)
def organization_in(key: str) -> str | None:
    """The organization in the key of a log file: that of the trail which delivered it."""
    return parse_key(key).organization_id


def _describe(
    one: OrderedEvent,
    operation: Operation | None,
    correlation: Correlation,
    state: Organization,
    known: Catalogue,
    chain: Chain,
) -> Change:
    """The change that an event is, with its result and its cause if it has them."""
    event = one.event
    result, cause = correlation.results.get(one.position), correlation.causes.get(one.position)
    further = correlation.further.get(one.position, ())
    others = correlation.contradictions.get(one.position, ())
    copies = correlation.copies.get(one.position, ())
    related = (result, cause, *copies, *further, *others)
    ending = event if result is None else result.event
    name = event.event_name or "an unnamed operation"
    service = known.services[event.event_source]
    why = None if cause is None else cause.event
    call = SentenceContext(event, ending, state, service.roles, service.values, why)
    outcome = _outcome(ending, known)
    contradicted = said_against(further, others, succeeded=outcome == "succeeded")
    ended = f"{_ending(ending, outcome, known)}{_OMITTED if omitted(event) else ''}{contradicted}"
    before, after, access = None, None, None
    settings: tuple[Setting, ...] = ()
    case = None if operation is None else operation.case_of(call)
    if operation is None:
        about_all = any_resources(event, state)
        target = about_all[0]
        about = f" on {quoted(target.id)}" if target.id else ""
        sentence = f"called {quoted(name)}{about}"
    else:
        target = _target(call, operation, case)
        sentence = _sentence(call, operation, case, outcome)
        about_all = [target, *call.resources(_named_in(operation, case))]
        if operation.before_and_after and outcome == "succeeded":
            before, after = operation.before_and_after(call)
        if operation.access_change and outcome == "succeeded":
            access = operation.access_change(call)
        if operation.settings and outcome == "succeeded":
            settings = operation.settings(call)
    return Change(
        event=event,
        where=one.where,
        log_file_sha256=one.log_file_sha256,
        arrived=one.arrived,
        principal=_principal(chain, state, caused=cause is not None),
        chain=chain,
        client=client(event),
        action=name,
        case=case and case.name,
        category=_category(operation, event.event_name),
        description=f"{sentence}{ended}",
        before=before,
        after=after,
        target_id=target.id,
        target_name=target.name,
        target_type=target.type,
        resources=each_once(about_all),
        outcome=outcome,
        severity=operation.graded(case, succeeded=outcome == "succeeded")
        if operation
        else UNKNOWN_SEVERITY,
        related_event_ids=tuple([other.event.event_id for other in related if other is not None]),
        known=operation is not None,
        access=access,
        settings=settings,
    )


def with_undone(changes: Sequence[Change]) -> list[Change]:
    """The changes, each with the later event that undid it; they are in order of time."""
    follower = Follower()
    for change in changes:
        follower.add(change.settings, change.event.event_time, change.event.event_id)
    found = list(changes)
    for place, undone in follower.undone.items():
        found[place] = replace(found[place], undone=undone)
    return found


def _chain(one: OrderedEvent, correlation: Correlation, issued: Issuances) -> Chain:
    """The sessions behind a call, or behind the one that caused a service event."""
    cause = correlation.causes.get(one.position)
    return chain_of(one.event if cause is None else cause.event, issued)


def _principal(chain: Chain, state: Organization, *, caused: bool) -> Principal:
    """Who made a call, or made the one that caused a service event."""
    who = chain.origin
    if who.away or who.kind == "aws_account":
        who = replace(who, outside=state.is_outside(who.account_id))
    if not caused:
        return who
    return replace(who, service="AWS Organizations", rule=f"caused_by_{who.rule}")


def _category(operation: Operation | None, event_name: str | None) -> str:
    """The category of an operation; without a record, a name of Describe… or List… is a read."""
    if operation is not None:
        return operation.category
    return READ if (event_name or "").startswith(("Describe", "List")) else "unknown"


def _outcome(event: Event, known: Catalogue) -> Outcome:
    """How a call ended: by the error code, and of a result by the state that it reports."""
    if not event.error_code and _reported(event, known, "state") == "failed":
        return "failed"
    return outcome_by_code(event.error_code)


def _reported(event: Event, known: Catalogue, member: str) -> str | None:
    """A member of the status that a result reports; None for any other event."""
    if event.service_event_details is None:
        return None
    operation = known.operation(event.event_source, event.event_name)
    status = operation.status if operation else ""
    return enum_at(event, f"{status}.{member}") if status else None


def _target(call: SentenceContext, operation: Operation, case: Case | None) -> Resource:
    """The resource that a call acts on, with the name that it had or gets from this call."""
    target = call.resource((case and case.target) or operation.target)
    if target.id is None:
        return denied_resource(call.event, call.state)
    if target.name is None and operation.names_target and not call.event.error_code:
        return target._replace(name=apply(call.state, call.event).name_of(target.id))
    return target


def _named_in(operation: Operation, case: Case | None) -> tuple[str, ...]:
    """The names of what a call is about: in its sentences, and the parties besides."""
    done = (case and case.done) or operation.done
    tried = (case and case.tried) or operation.tried
    return placeholders(done, tried) + operation.parties


def _sentence(
    call: SentenceContext, operation: Operation, case: Case | None, outcome: Outcome
) -> str:
    """What happened, is pending, or was tried."""
    if outcome == "succeeded":
        is_pending = operation.pending and call.outcome_event is call.event
        done = (case and case.done) or operation.done
        return fill(operation.pending if is_pending else done, call)
    tried = f"tried to {fill((case and case.tried) or operation.tried, call)}"
    denied = str(denied) if (denied := denied_resource(call.event, call.state)).id else ""
    return f"{tried} (resource: {denied})" if denied and denied not in tried else tried


def _ending(event: Event, outcome: Outcome, known: Catalogue) -> str:
    """How an attempt ended, after its sentence."""
    if outcome != "failed":
        return ": denied" if outcome == "denied" else ""
    reason = _reported(event, known, "failureReason") or event.error_code
    detail = _ENUM.search(event.error_message or "") if reason == event.error_code else None
    if reason and detail:
        reason = f"{reason}: {detail[0]}"
    return f": failed ({reason})" if reason else ": failed"
