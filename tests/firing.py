"""What rules find in a few events, and events that several of them look at."""

from __future__ import annotations

import json
from datetime import UTC, timedelta

from making import call, changes, write_policy

from trailscan.reports.findings.history import History
from trailscan.reports.findings.report import find

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def text(*actions, effect="Deny", **more):
    """A policy of one statement."""
    statement = {"Sid": "S", "Effect": effect, "Action": list(actions), "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def fired(*events, tz=UTC):
    """What rules find in some events: the rule's id and how many events it is made of."""
    found = find(History(changes(*events), tz))
    return [(one.rule.id, len(one.hit.changes)) for one in found]


def rules_of(*events):
    """The rules that fire."""
    return {name for name, _ in fired(*events)}


def on(operation, **request):
    """A call with a request."""
    return call(operation, request=request)


CREATED = write_policy("CreatePolicy", text("iam:*", "organizations:LeaveOrganization"))
DETACH = {"policyId": "p-guard001", "targetId": "ou-exam-11111111"}
GUARDDUTY = {"servicePrincipal": "guardduty.amazonaws.com"}
RAM = {"servicePrincipal": "ram.amazonaws.com"}
