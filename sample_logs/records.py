"""CloudTrail's record: its members in CloudTrail's order, and the identities inside it."""

from __future__ import annotations

import base64
import hashlib
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from datetime import datetime

Record = dict[str, object]

_ALNUM = string.ascii_letters + string.digits


@dataclass(frozen=True)
class Role:
    """An IAM role of one account."""

    account: str
    name: str
    path: str = ""

    @property
    def arn(self) -> str:
        """The role's own ARN, with its path."""
        return f"arn:aws:iam::{self.account}:role/{self.path}{self.name}"

    @property
    def principal_id(self) -> str:
        """The role's unique id, always the same for the same role."""
        return fake_id("AROA", self.arn, 21)

    def issuer(self) -> Record:
        """The role as the issuer of a session."""
        return {
            "type": "Role",
            "principalId": self.principal_id,
            "arn": self.arn,
            "accountId": self.account,
            "userName": self.name,
        }


@dataclass(frozen=True)
class Caller:
    """Who calls, and from where. Sessions get their key and start hour at each call."""

    identity: Record
    address: str
    agent: str
    console: bool = False

    @property
    def by_service(self) -> bool:
        """Whether an AWS service made the call."""
        return self.address.endswith(".amazonaws.com")

    def user_identity(self, when: datetime) -> Record:
        """The `userIdentity` of a call at a moment; session keys change every hour."""
        identity = dict(self.identity)
        context = identity.get("sessionContext")
        if not isinstance(context, dict):
            return identity
        start = stamp(when.replace(minute=0, second=0))
        attributes = {**context["attributes"], "creationDate": start}
        identity["sessionContext"] = {**context, "attributes": attributes}
        if "accessKeyId" in identity:
            identity["accessKeyId"] = fake_id("ASIA", f"{identity.get('arn')}{start}", 20)
        return identity


@dataclass(frozen=True)
class Outcome:
    """What a call was given and what came of it: the members that differ from call to call."""

    request: Record | None = None
    response: Record | None = None
    error: tuple[str, str] | None = None
    resources: list[Record] = field(default_factory=list)
    additional: Record | None = None


@dataclass(frozen=True)
class Call:
    """Which operation was called, where and when."""

    when: datetime
    source: str
    name: str
    account: str
    region: str = "us-east-1"
    read_only: bool = False

    @property
    def host(self) -> str:
        """The endpoint's host name."""
        return f"{self.source.split('.', 1)[0]}.{self.region}.amazonaws.com"


def stamp(when: datetime) -> str:
    """An instant as CloudTrail writes it outside of request and response."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def java_stamp(when: datetime) -> str:
    """An instant inside of request and response: `Sep 3, 2026, 2:53:40 PM`."""
    return f"{when:%b} {when.day}, {when.year}, {when.hour % 12 or 12}:{when:%M:%S %p}"


def older_java_stamp(when: datetime) -> str:
    """An instant as older services write it: `Sep 3, 2026 2:53:40 PM`."""
    return java_stamp(when).replace(f", {when.year},", f", {when.year}")


def fake_id(prefix: str, seed: str, length: int) -> str:
    """An access key or unique id that nobody can own: it has EXAMPLE in it."""
    digest = base64.b32encode(hashlib.sha256(seed.encode()).digest()).decode()
    return f"{prefix}EXAMPLE{digest}"[:length]


def uuid(rng: random.Random) -> str:
    """A random version 4 UUID."""
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def alnum(rng: random.Random, length: int) -> str:
    """Random letters and digits."""
    return "".join(rng.choices(_ALNUM, k=length))


def role_session(
    role: Role,
    session: str,
    address: str,
    agent: str,
    *,
    console: bool = False,
    invoked_by: str = "",
    identity_center_user: str = "",
    federated_by: str = "",
) -> Caller:
    """A session of an assumed role."""
    web: Record = {"federatedProvider": federated_by, "attributes": {}}
    identity: Record = {
        "type": "AssumedRole",
        "principalId": f"{role.principal_id}:{session}",
        "arn": f"arn:aws:sts::{role.account}:assumed-role/{role.name}/{session}",
        "accountId": role.account,
        "accessKeyId": "",
        "sessionContext": {
            "sessionIssuer": role.issuer(),
            **({"webIdFederationData": web} if federated_by else {}),
            "attributes": {"creationDate": "", "mfaAuthenticated": "false"},
        },
    }
    if identity_center_user:
        store = "arn:aws:identitystore::111122223333:identitystore/d-example123"
        identity["onBehalfOf"] = {"userId": identity_center_user, "identityStoreArn": store}
    if invoked_by:
        identity["invokedBy"] = invoked_by
    return Caller(identity, address, agent, console=console)


def iam_user(account: str, name: str, address: str, agent: str) -> Caller:
    """An IAM user with a long-lived access key."""
    arn = f"arn:aws:iam::{account}:user/{name}"
    identity: Record = {
        "type": "IAMUser",
        "principalId": fake_id("AIDA", arn, 21),
        "arn": arn,
        "accountId": account,
        "accessKeyId": fake_id("AKIA", arn, 20),
        "userName": name,
    }
    return Caller(identity, address, agent)


def root_user(account: str, address: str, agent: str) -> Caller:
    """The root user of an account, in the console."""
    identity: Record = {
        "type": "Root",
        "principalId": account,
        "arn": f"arn:aws:iam::{account}:root",
        "accountId": account,
        "accessKeyId": "",
        "sessionContext": {
            "sessionIssuer": {},
            "webIdFederationData": {},
            "attributes": {"creationDate": "", "mfaAuthenticated": "true"},
        },
    }
    return Caller(identity, address, agent, console=True)


def service(name: str) -> Caller:
    """An AWS service that acts in its own name."""
    return Caller({"type": "AWSService", "invokedBy": name}, name, name)


def api_call(rng: random.Random, caller: Caller, call: Call, outcome: Outcome) -> Record:
    """The record of one API call."""
    record = _head(caller.user_identity(call.when), call, caller.address, caller.agent)
    if outcome.error:
        record["errorCode"], record["errorMessage"] = outcome.error
    record["requestParameters"] = outcome.request
    record["responseElements"] = outcome.response
    if outcome.additional is not None:
        record["additionalEventData"] = outcome.additional
    record["requestID"] = uuid(rng)
    record["eventID"] = uuid(rng)
    record["readOnly"] = call.read_only
    if outcome.resources:
        record["resources"] = outcome.resources
    _tail(record, call.account, "AwsApiCall")
    if not caller.by_service:
        record["tlsDetails"] = tls_details(call.host)
    if caller.console:
        record["sessionCredentialFromConsole"] = "true"
    return record


def service_event(
    rng: random.Random, call: Call, details: Record, invoked_by: str = "AWS Internal"
) -> Record:
    """The record of something a service did by itself: no type, no request, no request id."""
    identity: Record = {"accountId": call.account, "invokedBy": invoked_by}
    record = _head(identity, call, invoked_by, invoked_by)
    record |= {"requestParameters": None, "responseElements": None, "eventID": uuid(rng)}
    record["readOnly"] = call.read_only
    return _tail(record, call.account, "AwsServiceEvent", details)


def tls_details(host: str) -> Record:
    """How the connection was secured."""
    return {
        "tlsVersion": "TLSv1.3",
        "cipherSuite": "TLS_AES_128_GCM_SHA256",
        "clientProvidedHostHeader": host,
    }


def _head(identity: Record, call: Call, address: str, agent: str) -> Record:
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": stamp(call.when),
        "eventSource": call.source,
        "eventName": call.name,
        "awsRegion": call.region,
        "sourceIPAddress": address,
        "userAgent": agent,
    }


def _tail(record: Record, account: str, event_type: str, details: Record | None = None) -> Record:
    record |= {"eventType": event_type, "managementEvent": True, "recipientAccountId": account}
    if details is not None:
        record["serviceEventDetails"] = details
    record["eventCategory"] = "Management"
    return record
