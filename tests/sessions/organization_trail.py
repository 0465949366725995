"""An organization trail whose truth is known: who stands at the beginning of each session."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

MANAGEMENT = "111122223333"
ACCOUNTS = (MANAGEMENT, "222233334444", "333344445555", "444455556666")
GLOBAL, REGIONS = "us-east-1", ("us-east-1", "us-east-1", "eu-west-1", "eu-central-1")
ORGANIZATION = "o-exampleorg1"
START = datetime(2026, 11, 2, 8, tzinfo=UTC)
PEOPLE = ("alice@example.com", "ben@example.com", "chen@example.com", "zoe@example.com")
GITHUB = "arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"
OKTA = "arn:aws:iam::{account}:saml-provider/okta"
SLOT = timedelta(minutes=5)


@dataclass
class Who:
    """An identity, its name in truth, and the account in which it is."""

    identity: dict[str, Any]
    name: str
    account: str


@dataclass
class Trail:
    """The records of a trail, with the region and delivery time of each.

    Attributes:
        late: the share of issuing records that are delivered up to two days late.
        truth: event id -> the name of who made the call.
        records: with account, region and delivery time.
    """

    seed: int
    late: float = 0.0
    truth: dict[str, str] = field(default_factory=dict)
    records: list[tuple[str, str, datetime, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self._numbers = count(1)

    def number(self) -> str:
        """A number that no other record has."""
        return f"{next(self._numbers):012d}"

    def record(self, who: dict[str, Any], when: datetime, name: str, account: str, **more: Any):
        """A record, not yet delivered."""
        return {
            "eventVersion": "1.11",
            "userIdentity": who,
            "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
            "eventSource": "sts.amazonaws.com",
            "eventName": name,
            "awsRegion": GLOBAL,
            "sourceIPAddress": "198.51.100.7",
            "userAgent": "Boto3/1.40",
            "eventID": f"00000000-0000-4000-8000-{self.number()}",
            "eventType": "AwsApiCall",
            "recipientAccountId": account,
            **more,
        }

    def deliver(self, record: dict[str, Any], region: str, delay: timedelta) -> None:
        """Put a record into a log file of its account."""
        when = datetime.fromisoformat(record["eventTime"]) + delay
        self.records.append((record["recipientAccountId"], region, when, record))

    def delay(self) -> timedelta:
        """How late an issuing record is: minutes, or up to two days if it is late."""
        late = self.late and self.random.random() < self.late
        return timedelta(minutes=self.random.randint(300, 2880)) if late else self.usual_delay()

    def usual_delay(self) -> timedelta:
        """How long after a call its log file is delivered."""
        return SLOT

    def user(self, account: str) -> Who:
        """An IAM user with an access key of their own."""
        name = self.random.choice(("build", "ci", "break-glass"))
        arn = f"arn:aws:iam::{account}:user/{name}"
        identity = {
            "type": "IAMUser",
            "arn": arn,
            "accountId": account,
            "userName": name,
            "principalId": f"AIDA{name.upper()}",
            "accessKeyId": f"AKIA{self.number()}",
        }
        return Who(identity, name, account)

    def session(
        self, role: str, name: str, account: str, when: datetime, path: str = "", **more: Any
    ) -> dict[str, Any]:
        """A session of a role, with a new access key."""
        return {
            "type": "AssumedRole",
            "principalId": f"AROA{role.upper()}:{name}",
            "arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}",
            "accountId": account,
            "accessKeyId": f"ASIA{self.number()}",
            "sessionContext": {
                "attributes": {
                    "creationDate": f"{when:%Y-%m-%dT%H:%M:%SZ}",
                    "mfaAuthenticated": "false",
                },
                "sessionIssuer": {
                    "type": "Role",
                    "arn": f"arn:aws:iam::{account}:role/{path}{role}",
                    "accountId": account,
                    "userName": role,
                },
                **more,
            },
        }

    def center(self, account: str, when: datetime) -> Who:
        """A user of Identity Center."""
        name = self.random.choice(PEOPLE)
        role = "AWSReservedSSO_PowerUser_0123456789abcdef"
        path = "aws-reserved/sso.amazonaws.com/"
        return Who(self.session(role, name, account, when, path), name, account)

    def lie(self) -> str:
        """A session name: a person who did not open it, or one that a tool made up."""
        return self.random.choice((*PEOPLE, "botocore-session-1790388662", "GitHubActions"))

    def assume(self, caller: Who, role: str, account: str, when: datetime) -> Who:
        """A session of a role that somebody assumed; another account has a copy of the call."""
        name = self.lie()
        session = self.session(role, name, account, when)
        request = {"roleArn": f"arn:aws:iam::{account}:role/{role}", "roleSessionName": name}
        response = {
            "credentials": {"accessKeyId": session["accessKeyId"], "sessionToken": "IQoJb3JpZ2lu"},
            "assumedRoleUser": {"assumedRoleId": session["principalId"], "arn": session["arn"]},
        }
        more = {"requestParameters": request, "responseElements": response}
        region, delay = self.random.choice(REGIONS), self.delay()
        record = self.record(caller.identity, when, "AssumeRole", caller.account, **more)
        if caller.account != account:
            record["sharedEventID"] = f"shared-{self.number()}"
            other = {
                "type": "AWSAccount",
                "principalId": caller.identity["principalId"],
                "accountId": caller.account,
            }
            copy = {**record, "userIdentity": other, "recipientAccountId": account}
            self.deliver({**copy, "eventID": f"copy-{self.number()}"}, region, delay)
        self.deliver(record, region, delay)
        return Who(session, caller.name, account)

    def federate(self, kind: str, account: str, when: datetime) -> Who:
        """A session that SAML or GitHub opened."""
        github = kind == "AssumeRoleWithWebIdentity"
        name = "repo:acme/landing-zone:ref:refs/heads/main" if github else "kim@okta.example"
        provider = (GITHUB if github else OKTA).format(account=account)
        identity = {
            "type": "WebIdentityUser" if github else "SAMLUser",
            "principalId": f"{provider}:{name}",
            "userName": name,
            "identityProvider": provider,
        }
        role = "deploy" if github else "okta-admin"
        session = self.session(role, self.lie(), account, when)
        response = {
            "credentials": {"accessKeyId": session["accessKeyId"]},
            "assumedRoleUser": {"arn": session["arn"]},
        }
        request = {"roleArn": session["sessionContext"]["sessionIssuer"]["arn"]}
        more = {"requestParameters": request, "responseElements": response}
        record = self.record(identity, when, kind, account, **more)
        self.deliver(record, self.random.choice(REGIONS), self.delay())
        return Who(session, name, account)

    def federation_token(self, account: str, when: datetime) -> Who:
        """A session of GetFederationToken, which its caller named after somebody else."""
        user, name = self.user(account), self.random.choice(PEOPLE)
        arn = f"arn:aws:sts::{account}:federated-user/{name}"
        issuer = {key: user.identity[key] for key in ("type", "arn", "accountId", "userName")}
        date = {"creationDate": f"{when:%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"}
        session = {
            "type": "FederatedUser",
            "principalId": f"{account}:{name}",
            "arn": arn,
            "accountId": account,
            "accessKeyId": f"ASIA{self.number()}",
            "sessionContext": {"sessionIssuer": issuer, "attributes": date},
        }
        response = {
            "credentials": {"accessKeyId": session["accessKeyId"]},
            "federatedUser": {"arn": arn},
        }
        record = self.record(
            user.identity, when, "GetFederationToken", account, responseElements=response
        )
        self.deliver(record, GLOBAL, self.delay())
        return Who(session, user.name, account)

    def session_token(self, user: Who, when: datetime) -> Who:
        """A session of GetSessionToken, which is the user's own."""
        identity = {**user.identity, "accessKeyId": f"ASIA{self.number()}"}
        date = {"creationDate": f"{when:%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"}
        identity["sessionContext"] = {"attributes": date}
        response = {"credentials": {"accessKeyId": identity["accessKeyId"]}}
        record = self.record(
            user.identity, when, "GetSessionToken", user.account, responseElements=response
        )
        self.deliver(record, self.random.choice(REGIONS), self.delay())
        return Who(identity, user.name, user.account)

    def assume_root(self, account: str, when: datetime) -> Who:
        """A root session of a member, which somebody of the management account opened."""
        caller = self.center(MANAGEMENT, when - timedelta(minutes=3))
        date = {"creationDate": f"{when:%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"}
        session = {
            "type": "Root",
            "principalId": account,
            "arn": f"arn:aws:iam::{account}:root",
            "accountId": account,
            "accessKeyId": f"ASIA{self.number()}",
            "sessionContext": {"attributes": date, "assumedRoot": "true"},
        }
        more = {
            "requestParameters": {"targetPrincipal": account},
            "responseElements": {"credentials": {"accessKeyId": session["accessKeyId"]}},
        }
        record = self.record(caller.identity, when, "AssumeRoot", MANAGEMENT, **more)
        self.deliver(record, self.random.choice(REGIONS), self.delay())
        return Who(session, caller.name, account)

    def chain(self, depth: int, when: datetime) -> Who:
        """Somebody who assumed one role after another, across accounts."""
        began, account = when - timedelta(minutes=10 * depth), self.random.choice(ACCOUNTS)
        who = self.random.choice(
            (
                lambda: self.user(account),
                lambda: self.center(account, began),
                lambda: self.federate("AssumeRoleWithSAML", account, began),
                lambda: self.federate("AssumeRoleWithWebIdentity", account, began),
            )
        )()
        for hop in range(depth):
            target = MANAGEMENT if hop == depth - 1 else self.random.choice(ACCOUNTS)
            moment = began + timedelta(minutes=10 * hop + 1)
            self.decoy(moment, target)
            who = self.assume(who, f"hop{hop}", target, moment)
        return who

    def decoy(self, when: datetime, account: str) -> None:
        """Somebody else who assumes the same role in the same second."""
        self.assume(self.user(account), "hop0", account, when)

    def call(self, who: Who, when: datetime, *, truth: str | None = None, **more: Any) -> None:
        """A change of the organization."""
        record = self.record(
            who.identity,
            when,
            "CreateOrganizationalUnit",
            who.account,
            eventSource="organizations.amazonaws.com",
            requestParameters={"parentId": "r-exam", "name": self.number()},
            **more,
        )
        self.truth[record["eventID"]] = truth or who.name
        self.deliver(record, GLOBAL, self.usual_delay())

    def fill(self, rounds: int, *, noise: bool = True, kinds: int = 12) -> Trail:
        """Add a call of each kind, several times; 14 kinds are all there are."""
        for turn in range(rounds):
            when = START + timedelta(hours=turn)
            for kind in range(kinds):
                self._one_of(kind, when + timedelta(minutes=5 * kind % 60))
            if noise:
                self._noise(when)
        return self

    def _one_of(self, kind: int, when: datetime) -> None:
        """A call of one kind."""
        account = self.random.choice(ACCOUNTS)
        if kind == 0:
            self.call(self.user(MANAGEMENT), when)
        elif kind == 1:
            self.call(self.center(MANAGEMENT, when), when)
        elif kind == 2:
            self.call(self.federation_token(MANAGEMENT, when), when + timedelta(minutes=1))
        elif kind == 3:
            self.call(self.assume_root(account, when), when + timedelta(minutes=1))
        elif kind == 4:
            who = self.center(MANAGEMENT, when)
            who.identity["invokedBy"] = "aws-mcp.amazonaws.com"
            self.call(who, when)
        elif kind == 5:
            who = self.user(MANAGEMENT)
            who.identity["accessKeyId"] = f"ASIA{self.number()}"
            date = {"creationDate": f"{when:%Y-%m-%dT%H:%M:%SZ}"}
            who.identity["sessionContext"] = {"attributes": date, "signInSessionArn": "arn:aws:x"}
            self.call(who, when)
        elif kind == 6:
            lost = self.session("untraced", self.lie(), MANAGEMENT, when)
            self.call(Who(lost, "untraced", MANAGEMENT), when)
        elif kind == 11:
            token = self.session_token(self.user(account), when)
            self.call(self.assume(token, "admin", MANAGEMENT, when), when + timedelta(minutes=1))
        elif kind in {12, 13}:
            kind_of = "AssumeRoleWithSAML" if kind == 12 else "AssumeRoleWithWebIdentity"
            self.call(self.federate(kind_of, MANAGEMENT, when), when + timedelta(minutes=1))
        else:
            self.call(self.chain(kind - 6, when), when)

    def _noise(self, when: datetime) -> None:
        """What happens besides."""
        for account in ACCOUNTS:
            for minute in range(0, 60, 5):
                for _ in range(12):
                    moment = when + timedelta(minutes=minute)
                    identity = self.user(account).identity
                    noise = {
                        "eventSource": "ec2.amazonaws.com",
                        "pad": self.random.randbytes(80).hex(),
                    }
                    record = self.record(identity, moment, "DescribeInstances", account, **noise)
                    self.deliver(record, GLOBAL, SLOT)

    def log_files(self) -> Iterator[tuple[str, bytes, datetime]]:
        """The name, the bytes and the delivery time of each log file."""
        slots: dict[tuple[str, str, datetime], list[dict[str, Any]]] = {}
        for account, region, when, record in self.records:
            late = when.replace(minute=when.minute // 5 * 5, second=0)
            slots.setdefault((account, region, late), []).append(record)
        for (account, region, when), records in sorted(slots.items()):
            name = (
                f"AWSLogs/{ORGANIZATION}/{account}/CloudTrail/{region}/{when:%Y/%m/%d}/"
                f"{account}_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}_AAAAAAAAAAAAAAAA.json.gz"
            )
            body = json.dumps({"Records": records}, separators=(",", ":")).encode()
            yield name, gzip.compress(body, mtime=0), when

    def write(self, folder: Path, until: datetime | None = None) -> None:
        """Write the log files that were delivered by a time."""
        put(folder, (file for file in self.log_files() if until is None or file[2] < until))


def put(folder: Path, files: Iterable[tuple[str, bytes, datetime]]) -> None:
    """Write log files into a folder."""
    for name, data, _ in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
