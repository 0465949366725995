"""A second model of who stands behind a session, written from AWS's facts and from nothing of trailscan.

It reads raw records and is as slow and as plain as can be: for a call, look for the records that issued
its access key, compare what both sides say, and go on with whoever asked. Tests compare its answers
with the program's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

ISSUERS = (
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "GetFederationToken",
    "GetSessionToken",
)


@dataclass(frozen=True)
class Behind:
    """The hops of a chain, newest first, each by what its records call the request, and why it ends."""

    hops: tuple[str, ...]
    askers: tuple[str, ...]
    end: str


def at(record: Any, *path: str) -> Any:
    """Return the value at a path of a record; `None` where anything is missing."""
    for name in path:
        record = record.get(name) if isinstance(record, dict) else None
    return record


def request_of(record: Any) -> str:
    """Return what the copies of a request in two trails share."""
    return str(record.get("sharedEventID") or record["eventID"])


def issuing(records: list[Any], key: str) -> dict[str, list[Any]]:
    """Return the requests that issued a key, each with its copies."""
    found: dict[str, list[Any]] = {}
    for record in records:
        issued = (
            record.get("eventSource") == "sts.amazonaws.com"
            and record.get("eventName") in ISSUERS
            and not record.get("errorCode")
        )
        if issued and at(record, "responseElements", "credentials", "accessKeyId") == key:
            found.setdefault(request_of(record), []).append(record)
    return found


def pairs(record: Any, identity: Any) -> Iterator[tuple[Any, Any]]:
    """Give what a record says of the session it issued, beside what the session says of itself."""
    yield record.get("eventTime"), at(identity, "sessionContext", "attributes", "creationDate")
    answer = record.get("responseElements") or {}
    account = identity.get("accountId")
    name = record["eventName"]
    if name.startswith("AssumeRole") and name != "AssumeRoot":
        role = at(record, "requestParameters", "roleArn")
        yield at(answer, "assumedRoleUser", "arn"), identity.get("arn")
        yield at(answer, "assumedRoleUser", "assumedRoleId"), identity.get("principalId")
        yield role, at(identity, "sessionContext", "sessionIssuer", "arn")
        yield role and role.split(":")[4], account
    if name == "AssumeRoot":
        target = at(record, "requestParameters", "targetPrincipal") or ""
        yield (target.split(":")[4] if ":" in target else target), account
    if name == "GetFederationToken":
        yield at(answer, "federatedUser", "arn"), identity.get("arn")
    if name == "GetSessionToken":
        yield at(record, "userIdentity", "arn"), identity.get("arn")
        yield at(record, "userIdentity", "accountId"), account


def fits(record: Any, identity: Any) -> bool:
    """Return whether nothing that both sides say differs."""
    return all(not a or not b or a == b for a, b in pairs(record, identity))


def behind(records: list[Any], identity: Any) -> Behind:
    """Return the chain of sessions behind an identity."""
    hops: list[str] = []
    askers: list[str] = []
    while True:
        key = identity.get("accessKeyId") or ""
        if not key.startswith("ASIA"):
            return Behind(tuple(hops), tuple(askers), "origin")
        requests = issuing(records, key)
        fitting = {
            request: kept
            for request, copies in requests.items()
            if (kept := [copy for copy in copies if fits(copy, identity)])
        }
        if not fitting:
            return Behind(tuple(hops), tuple(askers), "contradiction" if requests else "no record")
        if len(fitting) > 1:
            return Behind(tuple(hops), tuple(askers), "two candidates")
        ((request, copies),) = fitting.items()
        if request in hops:
            return Behind(tuple(hops), tuple(askers), "circle")
        hops.append(request)
        asker = next(
            (
                copy["userIdentity"]
                for copy in copies
                if at(copy, "userIdentity", "type") != "AWSAccount"
            ),
            copies[0]["userIdentity"],
        )
        askers.append(str(asker.get("arn") or asker.get("principalId") or asker.get("invokedBy")))
        identity = asker
