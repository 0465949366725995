"""Organizations events of little words, for tests of what is told of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from trailscan.events.event import Event, decode_event
from trailscan.location import Location
from trailscan.organizations.changes import Change, describe_changes

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
MANAGEMENT = "111122223333"
MEMBER = "222233334444"
_numbers = count(1)


def user(name: str = "alice", **more: Any) -> dict[str, Any]:
    """An IAM user who signed in with MFA."""
    session = {"attributes": {"mfaAuthenticated": "true", "creationDate": "2026-11-02T08:00:00Z"}}
    who = {"type": "IAMUser", "accountId": MANAGEMENT, "userName": name, "sessionContext": session}
    return {**who, **more}


def role(name: str, session: str) -> dict[str, Any]:
    """A session of a role."""
    arn = f"arn:aws:sts::{MANAGEMENT}:assumed-role/{name}/{session}"
    return {"type": "AssumedRole", "accountId": MANAGEMENT, "arn": arn}


def root(account: str = MANAGEMENT) -> dict[str, Any]:
    """A root user who signed in with MFA."""
    return user("root", type="Root", accountId=account)


def call(
    name: str,
    after: timedelta = timedelta(),
    who: dict[str, Any] | None = None,
    request: dict[str, Any] | None = None,
    **fields: Any,
) -> Event:
    """A call of an operation, some time after `START`."""
    record = {
        "eventVersion": "1.11",
        "eventTime": (START + after).isoformat(),
        "eventID": f"00000000-0000-4000-8000-{next(_numbers):012d}",
        "eventSource": "organizations.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "recipientAccountId": MANAGEMENT,
        "userIdentity": who or user(),
        "requestParameters": request,
        "sourceIPAddress": "192.0.2.1",
        **fields,
    }
    return decode_event(record)


def denied(name: str, after: timedelta = timedelta(), **fields: Any) -> Event:
    """A call that was denied."""
    return call(name, after, errorCode="AccessDenied", **fields)


def service_event(name: str, after: timedelta = timedelta(), **details: Any) -> Event:
    """What the service itself tells."""
    who = {"accountId": MANAGEMENT, "invokedBy": "organizations.amazonaws.com"}
    fields = {"eventType": "AwsServiceEvent", "serviceEventDetails": details}
    return call(name, after, who, **fields)


def write_policy(
    name: str,
    content: str,
    after: timedelta = timedelta(),
    policy_id: str = "p-guard001",
    policy_type: str = "SERVICE_CONTROL_POLICY",
    **fields: Any,
) -> Event:
    """CreatePolicy or UpdatePolicy with a text."""
    summary = {"id": policy_id, "name": "guard", "type": policy_type}
    request: dict[str, Any] = {"content": content}
    request |= {"name": "guard", "type": policy_type} if name == "CreatePolicy" else {}
    request |= {"policyId": policy_id} if name == "UpdatePolicy" else {}
    response = {"policy": {"policySummary": summary, "content": content}}
    return call(name, after, request=request, responseElements=response, **fields)


def changes(*events: Event, reads: bool = True) -> list[Change]:
    """What is told of some events."""
    pairs = [(event, Location("trail", "a.json.gz", place)) for place, event in enumerate(events)]
    return describe_changes(pairs, reads=reads)
