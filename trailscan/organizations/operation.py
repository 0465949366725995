"""The record of an operation: everything trailscan knows about one API operation or service event.

A service is a module or package in `trailscan.organizations.services` that lists its operations.
The engine (`replay`, `correlate`, `sentences`, `changes`) reads these records and names no service.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

import msgspec

from trailscan.events.event import Event
from trailscan.organizations.access.change import AccessChange
from trailscan.organizations.context import SentenceContext, Value
from trailscan.organizations.resources import Role
from trailscan.organizations.severity import Severity, one_level_lower
from trailscan.organizations.state import Organization
from trailscan.organizations.undone import Setting

READ = "read"
"""The category of operations that change nothing."""

KnownFrom = Literal["log", "page", "model", "text"]
"""How the form of an event is known: public logs, an example on AWS's page, the service model alone
(no event was ever published), or AWS's description without an example."""

Effect = Callable[[Organization, Event], Organization]
"""Maps the state before an event that succeeded to the state after it, whatever the event holds."""

BeforeAndAfter = tuple[str | None, str | None]
"""The value before a call and the value after it; None where it is not known."""


class Cause(NamedTuple):
    """The call to look for as the cause of a service event.

    Attributes:
        calls: event names of the calls that can have caused it, of the same event source.
        subject: what the call must be about (`Operation.subject`); None: unknown, so no cause.
        within: the longest time between the call and the service event.
    """

    calls: tuple[str, ...]
    subject: str | None
    within: timedelta = timedelta(days=1)


class Case(NamedTuple):
    """What a call of an operation can be about: it decides the severity, and can need other words.

    Attributes:
        name: of the case, which findings ask for.
        about: when it holds, as the end of a sentence that begins with "if".
        holds: tells whether a call is such a case.
        severity: if it succeeded.
        reason: why, in one sentence.
        done: the sentence if it succeeded; empty for that of the operation.
        tried: the sentence after "tried to"; empty for that of the operation.
        target: the role of the resource that it acts on; empty for that of the operation.
        severity_of_attempt: if it was denied or failed; None: one level lower, but at least low.
    """

    name: str
    about: str
    holds: Callable[[SentenceContext], bool]
    severity: Severity
    reason: str
    done: str = ""
    tried: str = ""
    target: str = ""
    severity_of_attempt: Severity | None = None


class Operation(msgspec.Struct, frozen=True):
    """One API operation or service event.

    Sentences are templates over the values of the event. `{account}`, `{ou}` and so on are a
    resource by name and id (`Service.roles`); other names are values that the event gives
    (`Service.values`). Text in brackets is left out if none of its values is known, because a
    denied call has next to no values.

    Attributes:
        name: the event name.
        category: what the operation is about; `READ` if it changes nothing.
        target: the role of the resource that it acts on.
        parties: the roles of further resources, besides those that its sentences name.
        done: the sentence if it succeeded, in the past tense.
        tried: the sentence after "tried to" if it did not, in the infinitive.
        known_from: how the form of the event is known.
        severity: if it succeeded and none of its cases holds.
        reason: what the operation makes possible or takes away, in one sentence.
        cases: what a call can be about that makes it graver, less grave, or another sentence; the
            first one that holds counts.
        severity_of_attempt: if it was denied or failed; None: one level lower, but at least low.
        watched_by: who published that it should be watched; `trailscan` is our own judgement.
        mitre: ids of ATT&CK techniques.
        cis: the control of CIS AWS Foundations that requires monitoring it, or empty.
        service_event: whether AWS writes the event by itself, without a call.
        names_target: whether it gives its target a name.
        result: the service event that reports how the request ended; until then it is pending.
        pending: the sentence while that service event is missing.
        request_id: where a request and its result have the id that they share.
        status: of a result, the object that holds `state` and `failureReason`.
        subject: finds what a call is about, for service events that it can cause. The subject of a
            result is that of its request, which does not know it.
        cause: finds what can have caused a service event.
        effect: what it does to the state of the organization; None for nothing.
        before_and_after: finds the value that it changed.
        policy_step: what it does to a policy, past tense and infinitive.
        access_change: finds what it lets accounts do, compared with before.
        settings: finds the settings that it changed, which a later event can change back.
    """

    name: str
    category: str
    target: str
    done: str
    tried: str
    known_from: KnownFrom
    severity: Severity
    reason: str
    severity_of_attempt: Severity | None = None
    watched_by: str = "trailscan"
    mitre: tuple[str, ...] = ()
    cis: str = ""
    service_event: bool = False
    names_target: bool = False
    result: str = ""
    pending: str = ""
    request_id: tuple[str, ...] = ()
    status: str = ""
    subject: Callable[[Event], str | None] | None = None
    cause: Callable[[Event], Cause | None] | None = None
    effect: Effect | None = None
    before_and_after: Callable[[SentenceContext], BeforeAndAfter] | None = None
    policy_step: tuple[str, str] | None = None
    access_change: Callable[[SentenceContext], AccessChange | None] | None = None
    settings: Callable[[SentenceContext], tuple[Setting, ...]] | None = None
    cases: tuple[Case, ...] = ()
    parties: tuple[str, ...] = ()

    def case_of(self, call: SentenceContext) -> Case | None:
        """The case that a call is, if it is one."""
        return next((case for case in self.cases if case.holds(call)), None)

    def graded(self, case: Case | None, *, succeeded: bool) -> Severity:
        """The severity of a call that is a case, or none, given how it ended."""
        row = case or self
        if succeeded:
            return row.severity
        return row.severity_of_attempt or one_level_lower(row.severity)


class Service(msgspec.Struct, frozen=True, eq=False):
    """The operations of one event source, and the names that their sentences use.

    Attributes:
        event_source: as in CloudTrail, `organizations.amazonaws.com`.
        operations: a record for each operation and service event.
        roles: the resources that sentences name.
        values: the other values that sentences name.
        effect: what an event without a record does to the state.
        reported: whether its events are reported as changes; otherwise they only affect the state.
    """

    event_source: str
    operations: tuple[Operation, ...] = ()
    roles: Mapping[str, Role] = {}
    values: Mapping[str, Value] = {}
    effect: Effect | None = None
    reported: bool = True
