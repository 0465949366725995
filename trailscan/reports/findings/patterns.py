"""Rules about several events together."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from trailscan.organizations.services import ORGANIZATIONS
from trailscan.reports.findings.delegations import of_security_service
from trailscan.reports.findings.guardrails import deleted, detached, weakened
from trailscan.reports.findings.history import (
    SHORTLY,
    TOGETHER,
    Hit,
    actor,
    clusters,
    is_discovery,
    when,
)
from trailscan.reports.findings.rule import DF00TECH, ELASTIC, STREAMALERT, Rule, each

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from trailscan.events.principal import Actor
    from trailscan.organizations.changes import Change
    from trailscan.reports.findings.history import History

Ref = TypeVar("Ref")

MANY_DENIED = 5
"""How many denied calls make a burst."""
MANY_READS = 5
"""How many different discovery calls make a sweep."""
MANY_PROTECTIONS = 3
"""How many kinds of protections ended together are a plan."""


def denied_burst(history: History) -> Iterator[Hit]:
    """Many denied calls of one actor, one after another."""
    denied = (change for change in history.changes if change.outcome == "denied")
    for run in clusters(denied, SHORTLY):
        if len(run) >= MANY_DENIED:
            kinds = len({change.action for change in run})
            who = run[-1].principal.display
            yield Hit(run, f"{len(run):,} calls by {who} denied, of {kinds} operations")


@dataclass(slots=True)
class _Recent(Generic[Ref]):
    """The discovery calls of one actor within `SHORTLY`, or the sweep that they became."""

    calls: deque[tuple[datetime, str, Ref]] = field(default_factory=deque)
    names: Counter[str] = field(default_factory=Counter)
    swept: bool = False

    def add(self, time: datetime, name: str, ref: Ref) -> None:
        """Add a call; calls too old for a sweep are dropped."""
        if self.swept:
            if time - self.calls[0][0] <= SHORTLY:
                self.calls.append((time, name, ref))
            return
        self.calls.append((time, name, ref))
        self.names[name] += 1
        while time - self.calls[0][0] > SHORTLY:
            _, old, _ = self.calls.popleft()
            self.names[old] -= 1
            if not self.names[old]:
                del self.names[old]
        self.swept = len(self.names) >= MANY_READS


def first_sweeps(
    reads: Iterable[tuple[datetime, str, Actor, Ref]],
) -> dict[Actor, list[Ref]]:
    """The references of each actor's first sweep: many different calls within `SHORTLY`.

    Args:
        reads: time, event name, actor and a reference for each discovery call, in order of time.
    """
    recent: dict[Actor, _Recent[Ref]] = {}
    for time, name, who, ref in reads:
        if who.kind != "aws_service":
            recent.setdefault(who, _Recent()).add(time, name, ref)
    return {who: [ref for _, _, ref in one.calls] for who, one in recent.items() if one.swept}


def discovery_sweep(history: History) -> Iterator[Hit]:
    """The first time that an actor explores the organization with many different calls."""
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
    """Every change that ends a protection, in order of time."""
    ended = [hit.changes[0] for detect in (detached, deleted, weakened) for hit in detect(history)]
    ended += history.of("DisablePolicyType", "DeleteResourcePolicy")
    ended += filter(
        of_security_service,
        history.of("DisableAWSServiceAccess", "DeregisterDelegatedAdministrator"),
    )
    return sorted(ended, key=when)


def dismantled(history: History) -> Iterator[Hit]:
    """Several kinds of protections ended by one actor in one run."""
    for run in clusters(_protections_ended(history), TOGETHER):
        kinds = {change.action for change in run}
        if len(kinds) >= MANY_PROTECTIONS:
            who = run[-1].principal.display
            yield Hit(run, f"{who} ended {len(run)} protections: {', '.join(sorted(kinds))}")


PATTERNS = (
    Rule(
        id="denied-burst",
        title="A burst of denied calls",
        severity="medium",
        fires=(
            "5 or more calls of one principal were denied, reads among them, each within 10 "
            "minutes of the one before; what goes on is one finding a day"
        ),
        why="Somebody tries out what a credential may do.",
        false_positives="A program whose permissions are not set up yet.",
        find=denied_burst,
        adds=("T1078.004", "T1580"),
    ),
    Rule(
        id="discovery-sweep",
        title="A principal looked around for the first time",
        severity="medium",
        fires=(
            "5 or more different operations that show how the organization is built, called by "
            "one principal within 10 minutes, which never did so before"
        ),
        why="An intruder maps the organization before going further.",
        false_positives="A new auditor, and the first run of a tool or pipeline.",
        events=tuple(sorted(one.name for one in ORGANIZATIONS.operations if is_discovery(one))),
        find=discovery_sweep,
        references=(
            f"{ELASTIC} discovery_organization_discovery_by_rare_user",
            "Panther AccountDiscovery",
        ),
    ),
    Rule(
        id="security-service-cut-off",
        title="A service that watches accounts was cut off",
        severity="critical",
        fires=(
            "DisableAWSServiceAccess or DeregisterDelegatedAdministrator succeeded for CloudTrail, "
            "Config, GuardDuty, Security Hub, Macie, Inspector, Detective, Access Analyzer, Audit "
            "Manager, Firewall Manager or Security Lake"
        ),
        why="What happens next is not recorded or not noticed.",
        false_positives="Handing the service over to another account within minutes.",
        events=("DisableAWSServiceAccess", "DeregisterDelegatedAdministrator"),
        find=each(
            "DisableAWSServiceAccess",
            "DeregisterDelegatedAdministrator",
            where=of_security_service,
        ),
        adds=("T1685.002",),
        references=("easttimor/aws-incident-response", STREAMALERT),
    ),
    Rule(
        id="protections-dismantled",
        title="Several protections were ended in one go",
        severity="critical",
        fires=(
            "one principal ended protections by 3 or more different operations, each within an "
            "hour of the one before: guardrails detached, weakened or deleted, policy types "
            "disabled, the resource policy deleted, services that watch accounts cut off"
        ),
        why="One such change can be an accident; three are a plan.",
        false_positives="Taking a landing zone down.",
        events=(
            "DetachPolicy",
            "UpdatePolicy",
            "DeletePolicy",
            "DisablePolicyType",
            "DeleteResourcePolicy",
            "DisableAWSServiceAccess",
            "DeregisterDelegatedAdministrator",
        ),
        find=dismantled,
        adds=("T1685",),
        references=(DF00TECH,),
    ),
)
