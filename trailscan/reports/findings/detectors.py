"""How findings are found: each detector gives the events for which its rule fires."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.organizations.fields import enum_at, text_at
from trailscan.organizations.guardrails import loosened
from trailscan.organizations.services.organizations.accounts import (
    departure_method,
    joining_method,
)
from trailscan.reports.findings.history import (
    History,
    Hit,
    actor,
    clusters,
    is_discovery,
    told,
    when,
)
from trailscan.reports.findings.reads import SHORTLY, first_sweeps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trailscan.organizations.changes import Change
    from trailscan.organizations.versions import PolicyStep

NO_GUARDRAILS = frozenset({"tag", "backup", "AI services opt-out", "chatbot", "upgrade rollout"})
"""Types of policy that forbid nothing; a policy of unknown type is taken for a guardrail."""

SECURITY_SERVICES = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "access-analyzer",
        "auditmanager",
        "cloudtrail",
        "config",
        "config-multiaccountsetup",
        "detective",
        "fms",
        "guardduty",
        "inspector2",
        "macie",
        "malware-protection.guardduty",
        "securityhub",
        "securitylake",
    )
)
"""Services that watch accounts (user guide, "AWS services that you can use with Organizations")."""

PEOPLE = frozenset({"root_user", "iam_user", "identity_center_user", "federated_user"})
"""Kinds of principals behind which a person may be."""

TOGETHER = timedelta(hours=1)
"""Changes of one piece of work follow each other within this."""
BEFORE_LEAVING = timedelta(hours=24)
"""How long before an account is out the end of a guardrail still belongs to it."""
BASELINE = timedelta(days=14)
"""How much history must come before what is called new or unusual."""
LEAST_CHANGES = 30
"""How many changes by people must come before an hour is called unusual."""
UNUSUAL = 0.02
"""The share of changes in an hour and its neighbours below which it is unusual."""
MANY_DENIED = 5
"""How many denied calls make a burst."""
MANY_PROTECTIONS = 3
"""How many protections ended together mean that they are being dismantled."""
EXPLAINED = timedelta(days=120)
"""How long before a departure the call that caused it can lie: closed accounts stay 90 days."""


def each(
    *actions: str,
    outcomes: tuple[str, ...] = ("succeeded",),
    where: Callable[[Change], bool] = lambda _: True,
) -> Callable[[History], Iterator[Hit]]:
    """A detector of every change of some event names that ended so and for which `where` holds."""

    def detect(history: History) -> Iterator[Hit]:
        for outcome in outcomes:
            for change in history.of(*actions, outcome=outcome):
                if where(change):
                    yield Hit((change,), told(change))

    return detect


def of_security_service(change: Change) -> bool:
    """Whether a change is about a service that watches accounts."""
    return text_at(change.event, "request.servicePrincipal") in SECURITY_SERVICES


def of_other_service(change: Change) -> bool:
    """Whether a change is about any other service."""
    return not of_security_service(change)


def into_root(change: Change) -> bool:
    """Whether an account was moved out of all OUs."""
    return (text_at(change.event, "request.destinationParentId") or "").startswith("r-")


def became_invalid(change: Change) -> bool:
    """Whether an effective policy became invalid."""
    return enum_at(change.event, "details.state") == "invalid"


def _is_guardrail(step: PolicyStep) -> bool:
    return step.change.outcome == "succeeded" and step.kind not in NO_GUARDRAILS


def detached(history: History) -> Iterator[Hit]:
    """Guardrails detached; the policy that allows everything is none."""
    for step in history.steps:
        everything = (step.change.target_id or "").endswith("FullAWSAccess")
        if step.change.action == "DetachPolicy" and _is_guardrail(step) and not everything:
            yield Hit((step.change,), told(step.change))


def deleted(history: History) -> Iterator[Hit]:
    """Guardrails deleted."""
    for step in history.steps:
        if step.change.action == "DeletePolicy" and _is_guardrail(step):
            yield Hit((step.change,), told(step.change))


def weakened(history: History) -> Iterator[Hit]:
    """Guardrails whose new text forbids less than the one before."""
    for step in history.steps:
        if step.before is None or step.after is None or not _is_guardrail(step):
            continue
        if how := loosened(step.before, step.after):
            who, policy = step.change.principal.display, step.change.target_name
            name = f"{policy or 'policy'} ({step.change.target_id})"
            yield Hit((step.change,), f"{who} loosened {name}: {'; '.join(how)}")


def departed_unexplained(history: History) -> Iterator[Hit]:
    """Departures of accounts without the call that made them depart."""
    exits = ("LeaveOrganization", "RemoveAccountFromOrganization")
    closings = ("CloseAccount", "CloseAccountResult")
    causes = list(history.of(*exits, *closings, "DeleteOrganization"))
    for change in history.of("AccountDepartedOrganization"):
        if not any(_explains(cause, change) for cause in causes):
            how = departure_method(change.event)
            account = f"account {change.target_id or 'unknown'}"
            yield Hit(
                (change,),
                f"{account} departed{f' ({how})' if how else ''}, and no call in the log says why",
            )


def _explains(cause: Change, departure: Change) -> bool:
    """Whether a call can have made an account depart."""
    about = cause.target_id
    if cause.action == "DeleteOrganization":
        about = cause.event.recipient_account_id
    before = when(departure) - when(cause)
    return about == departure.target_id and timedelta(0) <= before <= EXPLAINED


def joined_from_outside(history: History) -> Iterator[Hit]:
    """Invited accounts that came, told by their acceptance or by AWS's own event."""
    accepted = [
        change
        for change in history.of("AcceptHandshake")
        if enum_at(change.event, "response.handshake.action") == "invite"
    ]
    for change in accepted:
        yield Hit((change,), told(change))
    came = {change.event.user_identity.account_id for change in accepted}
    for change in history.of("AccountJoinedOrganization"):
        how = joining_method(change.event)
        own = change.event.recipient_account_id  # the management account is invited by itself
        if how == "invited" and change.target_id not in {own, *came}:
            yield Hit((change,), f"account {change.target_id} joined by invitation")


def by_root_user(history: History) -> Iterator[Hit]:
    """What root users did, together what was done together."""
    found = [
        change
        for change in history.calls
        if change.principal.kind == "root_user" and change.outcome == "succeeded"
    ]
    return _runs(found)


def without_mfa(history: History) -> Iterator[Hit]:
    """What users did whose session shows no MFA, together what was done together.

    Only of IAM users and root users: for role sessions the mark says nothing of how a person signed
    in, as with Identity Center it is false for all.
    """
    found = [
        change
        for change in history.calls
        if change.principal.kind in {"iam_user", "root_user"}
        and change.outcome == "succeeded"
        and not _has_mfa(change)
    ]
    return _runs(found)


def _has_mfa(change: Change) -> bool:
    context = change.event.user_identity.session_context
    attributes = context.attributes if context else None
    return str(attributes.mfa_authenticated if attributes else None).casefold() == "true"


def _runs(changes: Iterable[Change]) -> Iterator[Hit]:
    for run in clusters(changes, TOGETHER):
        yield Hit(run, _together(run))


def _together(run: tuple[Change, ...]) -> str:
    """What one actor did, in words: the last in full."""
    more = f", and {len(run) - 1:,} more before" if len(run) > 1 else ""
    return f"{told(run[-1])}{more}"


def first_time(history: History) -> Iterator[Hit]:
    """The first change of each actor, once there is a history without it."""
    if not history.changes:
        return
    start = history.start or when(history.changes[0])
    known = set()
    for change in history.calls:
        who = actor(change)
        if who not in known and who.kind != "aws_service" and when(change) - start >= BASELINE:
            yield Hit((change,), f"first change by {told(change)}")
        known.add(who)


def unusual_hour(history: History) -> Iterator[Hit]:
    """What people did at an hour at which people hardly ever change anything."""
    calls = [change for change in history.calls if change.principal.kind in PEOPLE]
    hours: Counter[int] = Counter()
    found = []
    for change in calls:
        hour = when(change).astimezone(history.tz).hour
        near = sum(hours[(hour + step) % 24] for step in (-1, 0, 1))
        enough = hours.total() >= LEAST_CHANGES and when(change) - when(calls[0]) >= BASELINE
        if enough and near < UNUSUAL * hours.total():
            found.append(change)
        hours[hour] += 1
    for run in clusters(found, TOGETHER):
        local = when(run[-1]).astimezone(history.tz)
        yield Hit(run, f"at {local:%H:%M} ({history.tz}) {_together(run)}")


def denied_burst(history: History) -> Iterator[Hit]:
    """Many denied calls of one actor, one after another."""
    denied = (change for change in history.changes if change.outcome == "denied")
    for run in clusters(denied, SHORTLY):
        if len(run) >= MANY_DENIED:
            kinds = len({change.action for change in run})
            who = run[-1].principal.display
            yield Hit(run, f"{len(run):,} calls by {who} denied, of {kinds} operations")


def discovery_sweep(history: History) -> Iterator[Hit]:
    """The first time that an actor looks at the organization from many sides at once."""
    reads = (
        (when(change), change.action, actor(change), change)
        for change in history.changes
        if is_discovery(change.operation)
    )
    for run in first_sweeps(reads).values():
        kinds = {change.action for change in run}
        who = run[-1].principal.display
        yield Hit(tuple(run), f"{who} looked around: {', '.join(sorted(kinds))}")


def _protections_ended(history: History) -> list[Change]:
    """Every change that takes a protection away, in order of time."""
    ended = [hit.changes[0] for detect in (detached, deleted, weakened) for hit in detect(history)]
    ended += history.of("DisablePolicyType", "DeleteResourcePolicy")
    ended += filter(
        of_security_service,
        history.of("DisableAWSServiceAccess", "DeregisterDelegatedAdministrator"),
    )
    return sorted(ended, key=when)


def dismantled(history: History) -> Iterator[Hit]:
    """Several protections ended by one actor in one go."""
    for run in clusters(_protections_ended(history), TOGETHER):
        kinds = {change.action for change in run}
        if len(kinds) >= MANY_PROTECTIONS:
            who = run[-1].principal.display
            yield Hit(run, f"{who} ended {len(run)} protections: {', '.join(sorted(kinds))}")


def off_then_out(history: History) -> Iterator[Hit]:
    """A guardrail ended, and soon after an account left or was removed."""
    ended = [
        change
        for change in _protections_ended(history)
        if change.action in {"DetachPolicy", "UpdatePolicy", "DeletePolicy", "DisablePolicyType"}
    ]
    for change in history.of("LeaveOrganization", "RemoveAccountFromOrganization"):
        before = [
            one for one in ended if timedelta(0) <= when(change) - when(one) <= BEFORE_LEAVING
        ]
        if before:
            off = f"{before[-1].description} by {before[-1].principal.display}"
            yield Hit((*before, change), f"{told(change)}; shortly before: {off}")
