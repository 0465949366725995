"""The controls of published frameworks that a change is evidence for.

A package never says that a control is satisfied: a log shows what happened, not that somebody
reviewed it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.severity import CIS_CONTROL
from trailscan.reports.cis import IN_CONTROL

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ACCESS = frozenset(
    {"policy", "policy_type", "resource_policy", "delegation", "trusted_access", "account", "ou"}
)
_MEMBERSHIP = frozenset(
    {"account", "handshake", "organization", "delegation", "responsibility_transfer"}
)


class Control(NamedTuple):
    """A control of a framework.

    Attributes:
        id: framework and number, as in the column `controls` of `changes.csv`.
        title: what it is about, in the framework's terms.
        evidence: which changes answer to it.
        covers: tells whether a row of the changes does.
        source: where the control is published.
    """

    id: str
    title: str
    evidence: str
    covers: Callable[[Mapping[str, object]], bool]
    source: str


def _is_of(categories: frozenset[str]) -> Callable[[Mapping[str, object]], bool]:
    return lambda row: row["category"] in categories


def _starts(*beginnings: str) -> Callable[[Mapping[str, object]], bool]:
    return lambda row: str(row["event_name"]).startswith(beginnings)


def _every(_: Mapping[str, object]) -> bool:
    return True


_CIS = "CIS Amazon Web Services Foundations Benchmark, v6.0.0"
_SOC = "AICPA TSP section 100, 2017 Trust Services Criteria (points of focus of 2022)"
_ISO = "ISO/IEC 27001:2022, Annex A"
_PCI = "PCI DSS v4.0.1, requirement 10.2.1"

CONTROLS = (
    Control(
        CIS_CONTROL,
        "Ensure AWS Organizations changes are monitored",
        "calls of the 18 operations that the control lists",
        lambda row: row["event_name"] in IN_CONTROL,
        _CIS,
    ),
    Control(
        "SOC 2 CC6.1",
        "Logical access security measures protect information assets",
        "changes of policies, delegations, trusted access, accounts and OUs",
        _is_of(_ACCESS),
        _SOC,
    ),
    Control(
        "SOC 2 CC6.2",
        "Users are registered and authorized before access, and removed after it ends",
        "accounts created, invited, joined, closed or departed; delegated administrators",
        _is_of(_MEMBERSHIP),
        _SOC,
    ),
    Control(
        "SOC 2 CC6.3",
        "Access is authorized, modified or removed by roles and least privilege",
        "changes after which accounts may do more, or of which it is not known",
        lambda row: row["access_change"] in ("more", "both", "unknown"),
        _SOC,
    ),
    Control(
        "SOC 2 CC8.1",
        "Changes are authorized, documented, tested, approved and implemented",
        "every change that succeeded; --tickets says which of them a ticket covers",
        lambda row: row["outcome"] == "succeeded",
        _SOC,
    ),
    Control(
        "ISO 27001 A.8.15",
        "Logs that record activities are produced, stored, protected and analyzed",
        "every change; log_files.csv and digests/ show that the logs are as delivered",
        _every,
        _ISO,
    ),
    Control(
        "PCI DSS 10.2.1.2",
        "Audit logs capture all actions by individuals with administrative access",
        "every change",
        _every,
        _PCI,
    ),
    Control(
        "PCI DSS 10.2.1.4",
        "Audit logs capture all invalid logical access attempts",
        "changes that were denied",
        lambda row: row["outcome"] == "denied",
        _PCI,
    ),
    Control(
        "PCI DSS 10.2.1.5",
        "Audit logs capture all changes to identification and authentication credentials",
        "delegated administrators and trusted access; accounts created, closed and removed",
        _is_of(frozenset({"delegation", "trusted_access", "account"})),
        _PCI,
    ),
    Control(
        "PCI DSS 10.2.1.7",
        "Audit logs capture all creation and deletion of system-level objects",
        "accounts, OUs and policies created or deleted",
        _starts("Create", "Delete", "Close", "Remove"),
        _PCI,
    ),
)
"""In the order in which they are listed; the wording of titles is shortened."""


def controls_of(row: Mapping[str, object]) -> tuple[str, ...]:
    """The IDs of the controls that a row of the changes is evidence for."""
    return tuple(control.id for control in CONTROLS if control.covers(row))
