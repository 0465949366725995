"""Who opened the sessions of the story: workflows, a service, and once somebody else.

The sessions of the sandbox's scanner have no issuing record here: whoever stole them opened them
elsewhere, so nobody can be named.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import organization as org
from details import TOKEN
from records import Call, Caller, Outcome, Record, Role, api_call, java_stamp, service, uuid

if TYPE_CHECKING:
    import random

STS = "sts.amazonaws.com"
GITHUB_OIDC = f"arn:aws:iam::{org.MANAGEMENT}:oidc-provider/token.actions.githubusercontent.com"
RUNNER = Role(org.SANDBOX, "ci-runner")
"""The role by which Chen came into the management account on 22 October."""

_WORKFLOWS = {
    "terraform-organization": "repo:example/org-baseline:ref:refs/heads/main",
    "github-actions-organization": "repo:example/org-policies:ref:refs/heads/main",
}
_STACKS = "cfn-organization"
_BORROWED = "2026-10-22T10:00:00Z"  # when Chen opened a session named like the pipeline's
_AGENT = "aws-actions/configure-aws-credentials/5.0.0 aws-sdk-js/3.891.0 lang/js md/nodejs#22.19.0"


def issuing_records(rng: random.Random, records: list[Record]) -> list[Record]:
    """The records that issued the credentials of the sessions that made some calls."""
    sessions: dict[object, Record] = {}
    for record in records:
        who = record["userIdentity"]
        if isinstance(who, dict) and who.get("type") == "AssumedRole":
            sessions[who["accessKeyId"]] = who
    return [each for who in sessions.values() for each in _issued(rng, who)]


def _issued(rng: random.Random, session: Record) -> list[Record]:
    """The records that issued the credentials of a session; none for those of people."""
    began, issuer = _start(session)
    role = issuer["userName"]
    if role == _STACKS:
        return [_assumed(rng, service("cloudformation.amazonaws.com"), session, org.MANAGEMENT)]
    if role not in _WORKFLOWS:
        return []
    if began != _BORROWED:
        return [_by_workflow(rng, _WORKFLOWS[role], session)]
    return _by_chen(rng, session, datetime.fromisoformat(began))


def _start(session: Record) -> tuple[str, dict[str, str]]:
    """When a session began, and its role."""
    context = session["sessionContext"]
    if not isinstance(context, dict):
        raise TypeError(f"not a session: {session}")
    return context["attributes"]["creationDate"], context["sessionIssuer"]


def _by_workflow(rng: random.Random, subject: str, session: Record) -> Record:
    """GitHub opens a session for a workflow of a repository."""
    identity: Record = {
        "type": "WebIdentityUser",
        "principalId": f"{GITHUB_OIDC}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": GITHUB_OIDC,
    }
    caller = Caller(identity, "198.51.100.77", _AGENT)
    return _assumed(rng, caller, session, org.MANAGEMENT, "AssumeRoleWithWebIdentity")


def _by_chen(rng: random.Random, session: Record, began: datetime) -> list[Record]:
    """Chen opens a session of the sandbox's runner, and from it one of the pipeline's role.

    Of the second call both accounts have a record; that of the role does not say who called.
    """
    before = began - timedelta(minutes=4)
    runner = org.role_session(RUNNER, "ci-runner-88", "198.51.100.31", f"{org.CLI}sts.assume-role")
    asked = runner.user_identity(before)
    attributes = {"creationDate": f"{before:%Y-%m-%dT%H:%M:%SZ}", "mfaAuthenticated": "false"}
    context = {"sessionIssuer": RUNNER.issuer(), "attributes": attributes}
    asked["sessionContext"] = context
    first = _assumed(rng, org.CHEN, asked, org.SANDBOX)
    second = _assumed(rng, _AtOnce(asked, runner.address, runner.agent), session, org.SANDBOX)
    second["sharedEventID"] = uuid(rng)
    stranger: Record = {
        "type": "AWSAccount",
        "principalId": asked["principalId"],
        "accountId": org.SANDBOX,
    }
    copy = {**second, "userIdentity": stranger, "eventID": uuid(rng)}
    return [first, second, {**copy, "recipientAccountId": org.MANAGEMENT}]


def _assumed(
    rng: random.Random, caller: Caller, session: Record, account: str, name: str = "AssumeRole"
) -> Record:
    """Somebody opens a session, as the account of the caller records it."""
    began, role = _start(session)
    when, session_name = datetime.fromisoformat(began), str(session["arn"]).rpartition("/")[2]
    request: Record = {
        "roleArn": role["arn"],
        "roleSessionName": session_name,
        "durationSeconds": 3600,
    }
    credentials: Record = {
        "accessKeyId": session["accessKeyId"],
        "sessionToken": TOKEN,
        "expiration": java_stamp(when + timedelta(hours=1)),
    }
    user = {"assumedRoleId": session["principalId"], "arn": session["arn"]}
    response: Record = {"credentials": credentials, "assumedRoleUser": user}
    call = Call(when, STS, name, account, read_only=True)
    return api_call(rng, caller, call, Outcome(request, response))


class _AtOnce(Caller):
    """A session whose key and start are set."""

    def user_identity(self, when: datetime) -> Record:
        """The identity as it is."""
        del when
        return self.identity
