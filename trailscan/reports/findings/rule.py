"""A rule of findings: what it looks for, and why that deserves a look.

A rule names the published detections that it follows; one without references is our own judgement.
Its techniques are those that published rules map its events to (`organizations.severity`), and
those it adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.severity import CIS_CONTROL, Severity
from trailscan.reports.findings.history import Hit, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trailscan.organizations.changes import Change
    from trailscan.organizations.operation import Operation
    from trailscan.reports.findings.history import History


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule.

    Attributes:
        id: stable; filters and suppressions name it.
        version: raised when the rule may fire for other events than before.
        title: what was found.
        severity: of its findings, unless one is about something that is graver or less grave.
        fires: exactly when it fires.
        why: why that deserves a look.
        false_positives: when it fires for something harmless.
        events: the event names that it examines; empty for all.
        find: the detector.
        adds: techniques besides those of its events.
        references: who published that this should be watched.
    """

    id: str
    version: int = 1
    title: str
    severity: Severity
    fires: str
    why: str
    false_positives: str
    events: tuple[str, ...] = ()
    find: Callable[[History], Iterable[Hit]]
    adds: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def mitre(self) -> tuple[str, ...]:
        """Ids of ATT&CK techniques."""
        found = {technique for operation in self._operations for technique in operation.mitre}
        return tuple(sorted(found | set(self.adds)))

    @property
    def cis(self) -> str:
        """The CIS AWS Foundations control that covers one of its events; empty if none does."""
        return CIS_CONTROL if any(operation.cis for operation in self._operations) else ""

    @property
    def _operations(self) -> list[Operation]:
        """The records of its events."""
        return [one for one in ORGANIZATIONS.operations if one.name in self.events]


def each(
    *actions: str,
    outcomes: tuple[str, ...] = ("succeeded",),
    where: Callable[[Change], bool] = lambda _: True,
) -> Callable[[History], Iterator[Hit]]:
    """A detector that finds each change with one of some event names.

    A change that is a case of its operation makes a finding that is as grave as it.

    Args:
        actions: the event names.
        outcomes: how the change ended.
        where: what else must hold.
    """

    def detect(history: History) -> Iterator[Hit]:
        for outcome in outcomes:
            for change in history.of(*actions, outcome=outcome):
                if where(change):
                    yield Hit((change,), in_words(change), change.severity if change.case else None)

    return detect


ELASTIC = "Elastic detection-rules"
SURVIVAL_KIT = "zoph-io/aws-security-survival-kit"
STREAMALERT = "airbnb/streamalert critical calls"
DF00TECH = "df00tech T1666"
AWS_CIRT = "AWS CIRT 2026-05-19, unauthorized account removals"
"""Publications that several rules refer to."""
