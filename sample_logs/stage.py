"""The words the story is told in: one method for each thing that can happen to an organization."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import organization as org
from records import (
    Call,
    Caller,
    Outcome,
    Record,
    api_call,
    java_stamp,
    older_java_stamp,
    service_event,
    uuid,
)

SOURCE = "organizations.amazonaws.com"
_ARN = f"arn:aws:organizations::{org.MANAGEMENT}:"
_HANDSHAKE_DAYS = 15


def moment(text: str) -> datetime:
    """An instant of the story: `09-01 09:02:11` in 2026, UTC."""
    return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


@dataclass
class Handshake:
    """An invitation or another thing to be agreed, and what its answers repeat of it."""

    id: str
    target: Record
    asked: datetime
    organization: str = org.ORGANIZATION
    master: str = org.MANAGEMENT
    action: str = "invite"
    more: list[Record] = field(default_factory=list)

    def shown(self, state: str) -> Record:
        """The handshake as a response shows it."""
        parties: list[Record] = [{"type": "ORGANIZATION", "id": self.organization}]
        if self.target:
            parties.append(self.target)
        place = f"{self.organization}/{self.action}/{self.id}"
        expires = self.asked + timedelta(days=_HANDSHAKE_DAYS)
        return {
            "handshake": {
                "requestedTimestamp": older_java_stamp(self.asked),
                "state": state,
                "arn": f"arn:aws:organizations::{self.master}:handshake/{place}",
                "id": self.id,
                "parties": parties,
                "action": self.action,
                "expirationTimestamp": older_java_stamp(expires),
                "resources": self._resources(),
            }
        }

    def _resources(self) -> list[Record]:
        features: Record = {"type": "ORGANIZATION_FEATURE_SET", "value": "ALL"}
        found: list[Record] = [
            {"resources": [features], "type": "ORGANIZATION", "value": self.organization}
        ]
        if self.target:
            found.append({"type": self.target["type"], "value": self.target["id"]})
        return found + self.more


@dataclass
class Stage:
    """Where the story is told; it keeps a record of everything that happens."""

    rng: random.Random
    records: list[Record] = field(default_factory=list)

    def call(
        self,
        who: Caller,
        when: str,
        name: str,
        request: Record | None = None,
        response: Record | None = None,
        error: tuple[str, str] | None = None,
    ) -> None:
        """One call of the Organizations API, recorded in the caller's account."""
        account = str(who.identity.get("accountId"))
        call = Call(moment(when), SOURCE, name, account)
        self.records.append(api_call(self.rng, who, call, Outcome(request, response, error)))

    def denied(self, who: Caller, when: str, name: str, resource: str = "*") -> None:
        """A call without the right to make it: only the message still tells what it was about."""
        reason = f"no identity-based policy allows the organizations:{name} action"
        message = (
            f"User: {who.identity['arn']} is not authorized to perform: organizations:{name} "
            f"on resource: {resource} because {reason}"
        )
        self.call(who, when, name, error=("AccessDenied", message))

    def refused_by_scp(self, who: Caller, when: str, name: str) -> None:
        """A call that a service control policy denies."""
        message = (
            f"User: {who.identity['arn']} is not authorized to perform: organizations:{name} "
            "on resource: * with an explicit deny in a service control policy"
        )
        self.call(who, when, name, error=("AccessDenied", message))

    def look(self, who: Caller, when: str, name: str, request: Record | None = None) -> None:
        """A call that only reads: whatever it found is not in the log."""
        account = str(who.identity.get("accountId"))
        call = Call(moment(when), SOURCE, name, account, read_only=True)
        self.records.append(api_call(self.rng, who, call, Outcome(request)))

    def shared_with(self, account: str) -> None:
        """The last event again in another account's trail, which is told less of who acted."""
        last = self.records[-1]
        rng = random.Random(f"shared {last['eventID']}")
        shared = uuid(rng)
        self.records[-1] = _with_shared_id(last, shared)
        identity = last["userIdentity"]
        if not isinstance(identity, dict):
            raise TypeError("an identity is an object")
        known = {"principalId": identity["principalId"], "accountId": identity["accountId"]}
        copy = {**last, "userIdentity": {"type": "AWSAccount", **known}, "eventID": uuid(rng)}
        self.records.append(_with_shared_id({**copy, "recipientAccountId": account}, shared))

    def service(
        self,
        when: str,
        name: str,
        details: Record,
        by: str = "AWS Internal",
        *,
        reads: bool = False,
    ) -> None:
        """An event that AWS Organizations writes by itself, in the management account."""
        call = Call(moment(when), SOURCE, name, org.MANAGEMENT, read_only=reads)
        self.records.append(service_event(self.rng, call, details, by))

    def create_account(self, who: Caller, when: str, request_id: str, *tags: Record) -> None:
        """A request for an account; the name and the e-mail address are masked."""
        request: Record = {"tags": list(tags), "email": "****", "accountName": "****"}
        status = {
            "accountName": "****",
            "state": "IN_PROGRESS",
            "id": request_id,
            "requestedTimestamp": older_java_stamp(moment(when)),
        }
        self.call(who, when, "CreateAccount", request, {"createAccountStatus": status})

    def account_created(self, asked: str, when: str, request_id: str, result: Record) -> None:
        """The end of a request for an account, well or badly."""
        status: Record = {"id": request_id, "state": "SUCCEEDED", "accountName": "****", **result}
        if "failureReason" in result:
            status["state"] = "FAILED"
        status["requestedTimestamp"] = older_java_stamp(moment(asked))
        status["completedTimestamp"] = older_java_stamp(moment(when))
        self.service(when, "CreateAccountResult", {"createAccountStatus": status})

    def account_closed(self, asked: str, when: str, account: str) -> None:
        """The end of a closure."""
        status: Record = {
            "accountId": account,
            "state": "SUCCEEDED",
            "requestedTimestamp": older_java_stamp(moment(asked)),
            "completedTimestamp": older_java_stamp(moment(when)),
        }
        self.service(when, "CloseAccountResult", {"closeAccountStatus": status}, SOURCE)

    def joined(self, when: str, account: str, method: str) -> None:
        """An account is now a member."""
        time = java_stamp(moment(when))
        details: Record = {"accountId": account, "joinedMethod": method, "joinedTime": time}
        self.service(when, "AccountJoinedOrganization", details, SOURCE)

    def departed(self, when: str, account: str, method: str) -> None:
        """An account is no longer a member."""
        time = java_stamp(moment(when))
        details: Record = {"accountId": account, "departureMethod": method, "departureTime": time}
        self.service(when, "AccountDepartedOrganization", details, SOURCE)

    def invite(self, who: Caller, when: str, handshake: Handshake, notes: str) -> None:
        """An invitation to the organization."""
        request: Record = {"notes": notes, "target": handshake.target}
        self.call(who, when, "InviteAccountToOrganization", request, handshake.shown("OPEN"))

    def answer(self, who: Caller, when: str, name: str, handshake: Handshake, state: str) -> None:
        """Accept, decline or cancel an invitation."""
        self.call(who, when, name, {"handshakeId": handshake.id}, handshake.shown(state))

    def move(self, who: Caller, when: str, account: str, source: str, destination: str) -> None:
        """Move an account between parents."""
        request: Record = {
            "accountId": account,
            "sourceParentId": source,
            "destinationParentId": destination,
        }
        self.call(who, when, "MoveAccount", request)

    def create_unit(self, who: Caller, when: str, unit: str, name: str, parent: str) -> None:
        """Make an organizational unit."""
        request: Record = {"name": name, "parentId": parent, "tags": []}
        self.call(who, when, "CreateOrganizationalUnit", request, _unit(unit, name))

    def rename_unit(self, who: Caller, when: str, unit: str, name: str) -> None:
        """Give an organizational unit another name."""
        request: Record = {"name": name, "organizationalUnitId": unit}
        self.call(who, when, "UpdateOrganizationalUnit", request, _unit(unit, name))

    def delete_unit(self, who: Caller, when: str, unit: str) -> None:
        """Delete an organizational unit."""
        self.call(who, when, "DeleteOrganizationalUnit", {"organizationalUnitId": unit})

    def create_policy(self, who: Caller, when: str, policy: Policy) -> None:
        """Make a policy; its text is in clear, twice."""
        request: Record = {
            "name": policy.name,
            "description": policy.description,
            "type": policy.type,
            "content": policy.content,
            "tags": [],
        }
        self.call(who, when, "CreatePolicy", request, policy.shown())

    def update_policy(self, who: Caller, when: str, policy: Policy, content: str) -> None:
        """Give a policy another text; the old one is not in the event. The console gives all."""
        policy.content = content
        request: Record = {"content": content, "policyId": policy.id}
        if who.console:
            request |= {"description": policy.description, "name": policy.name}
        self.call(who, when, "UpdatePolicy", request, policy.shown())

    def rename_policy(self, who: Caller, when: str, policy: Policy, name: str) -> None:
        """Give a policy another name."""
        policy.name = name
        self.call(who, when, "UpdatePolicy", {"policyId": policy.id, "name": name}, policy.shown())

    def delete_policy(self, who: Caller, when: str, policy: str) -> None:
        """Delete a policy."""
        self.call(who, when, "DeletePolicy", {"policyId": policy})

    def attach(self, who: Caller, when: str, policy: str, target: str) -> None:
        """Attach a policy to a root, a unit or an account."""
        self.call(who, when, "AttachPolicy", {"policyId": policy, "targetId": target})

    def detach(self, who: Caller, when: str, policy: str, target: str) -> None:
        """Detach a policy."""
        self.call(who, when, "DetachPolicy", {"policyId": policy, "targetId": target})

    def policy_type(self, who: Caller, when: str, name: str, kind: str, *types: str) -> None:
        """Enable or disable a type of policy; the answer shows the types as they were listed."""
        kinds = [{"status": "ENABLED", "type": each} for each in types]
        arn = f"{_ARN}root/{org.ORGANIZATION}/{org.ROOT}"
        root = {"policyTypes": kinds, "arn": arn, "name": "Root", "id": org.ROOT}
        self.call(who, when, name, {"rootId": org.ROOT, "policyType": kind}, {"root": root})

    def trust(self, who: Caller, when: str, principal: str, *, on: bool = True) -> None:
        """Switch trusted access for an AWS service on or off."""
        name = f"{'Enable' if on else 'Disable'}AWSServiceAccess"
        self.call(who, when, name, {"servicePrincipal": principal})

    def delegate(self, who: Caller, when: str, account: str, principal: str, verb: str) -> None:
        """Register or deregister a delegated administrator."""
        request: Record = {"accountId": account, "servicePrincipal": principal}
        self.call(who, when, f"{verb}DelegatedAdministrator", request)

    def tag(self, who: Caller, when: str, resource: str, **tags: str) -> None:
        """Tag a resource of the organization."""
        pairs = [{"key": key, "value": value} for key, value in tags.items()]
        self.call(who, when, "TagResource", {"resourceId": resource, "tags": pairs})

    def untag(self, who: Caller, when: str, resource: str, *keys: str) -> None:
        """Remove tags."""
        self.call(who, when, "UntagResource", {"resourceId": resource, "tagKeys": list(keys)})

    def put_resource_policy(self, who: Caller, when: str) -> None:
        """Write the organization's resource policy, whose text CloudTrail hides."""
        hidden = "HIDDEN_DUE_TO_SECURITY_REASONS"
        arn = f"{_ARN}resourcepolicy/{org.ORGANIZATION}/{org.RESOURCE_POLICY}"
        summary = {"id": org.RESOURCE_POLICY, "arn": arn}
        response: Record = {"resourcePolicy": {"resourcePolicySummary": summary, "content": hidden}}
        self.call(who, when, "PutResourcePolicy", {"content": hidden}, response)


@dataclass
class Policy:
    """A policy and its current text."""

    id: str
    type: str
    name: str
    description: str
    content: str

    def shown(self) -> Record:
        """The policy as a response shows it."""
        summary = {
            "id": self.id,
            "description": self.description,
            "type": self.type,
            "awsManaged": False,
            "arn": f"{_ARN}policy/{org.ORGANIZATION}/{self.type.lower()}/{self.id}",
            "name": self.name,
        }
        return {"policy": {"policySummary": summary, "content": self.content}}


def _with_shared_id(record: Record, shared: str) -> Record:
    """The record with its sharedEventID where CloudTrail has it."""
    told: Record = {}
    for member, value in record.items():
        told[member] = value
        if member == "recipientAccountId":
            told["sharedEventID"] = shared
    return told


def _unit(unit: str, name: str) -> Record:
    arn = f"{_ARN}ou/{org.ORGANIZATION}/{unit}"
    return {"organizationalUnit": {"arn": arn, "id": unit, "name": name}}
