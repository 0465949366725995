"""The levels of severity.

Of an operation that succeeded, unless it is one of its cases (`Operation.cases`), whose severity
goes by what the call was about:

* `critical`: accounts are closed or out of the organization's control, or one type of policy is
  switched off for all of them;
* `high`: a protection ends, or an account gets power over others;
* `medium`: what is controlled, or by what, changes; somebody should know who asked for it;
* `low`: housekeeping that does not change what anyone may do;
* `info`: a read.

An attempt that was denied or failed is one level lower, but at least `low`. Two keep their level:
leaving the organization, because a blocked attempt is as strong a sign as a successful one
(Elastic), and service events that only report what has happened. A denied read is `low` if a
published rule watches it, otherwise `info`.

The levels are our own judgement, and published ones disagree: leaving the organization is low for
Google, medium for Elastic, and has df00tech's highest score, 100. `Operation.watched_by` names who
published that an event should be watched:

* CIS: the 18 events of "Ensure AWS Organizations changes are monitored";
* MITRE DET0155: the detection strategy of T1666, Modify Cloud Resource Hierarchy;
* Elastic: detection-rules, `organizations_leave_organization`, `aws_account_closed` and
  `organization_discovery_by_rare_user`;
* Datadog: default rules;
* Panther: `NewAWSAccountCreated`, `AccountDiscovery`;
* survival-kit: zoph-io/aws-security-survival-kit;
* incident-response: easttimor/aws-incident-response;
* streamalert: airbnb/streamalert, critical calls;
* LZA: the Landing Zone Accelerator on AWS, which reverts such changes of its policies;
* df00tech: its scores for T1666;
* AWS CIRT: the calls logged when accounts depart, 2026-05-19;
* Prowler: its own additions to its check of the CIS events;
* trailscan: nobody; our own judgement.

An operation has a technique if one of these, Google SecOps, TrailDiscover or AWS's Threat Technique
Catalog maps the event to it, or maps the event that it results in or from. T1666.A001 and
T1666.A002 are the catalog's, not ATT&CK's.
"""

from __future__ import annotations

from typing import Literal, get_args

ATTACK_VERSION = "v19"
"""The version of MITRE ATT&CK that all ids of techniques are of (28 April 2026). It revoked T1562
and its sub-techniques in favor of T1685."""

Severity = Literal["info", "low", "medium", "high", "critical"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""In ascending order."""

UNKNOWN_SEVERITY: Severity = "medium"
"""Of an event that no record describes: what it changes cannot be told."""

CIS_CONTROL = "CIS AWS Foundations 5.15"
"""Its number in v6.0.0 and v7.0.0; in v1.3.0 to v5.0.0 it is 4.15, with the same 18 events."""


def at_least(severity: str) -> tuple[Severity, ...]:
    """A severity and all higher ones, in ascending order.

    Raises:
        ValueError: no severity has that name.
    """
    for level, known in enumerate(SEVERITIES):
        if severity.casefold() == known:
            return SEVERITIES[level:]
    raise ValueError(f"{severity!r} is none of {', '.join(SEVERITIES)}")


def one_level_lower(severity: Severity) -> Severity:
    """The next lower severity, but at least low."""
    return SEVERITIES[max(SEVERITIES.index(severity) - 1, 1)]
