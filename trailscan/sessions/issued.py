"""What a record of AWS STS says about the credentials that it issued.

The record holds the id of the access key that it issued, which later calls name as
`userIdentity.accessKeyId`; their `creationDate` is the time of the record, to the second
(CloudTrail user guide, "CloudTrail userIdentity element"; AWS STS API reference).
"""

from __future__ import annotations

import re
from datetime import datetime  # msgspec reads the annotations
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trailscan.errors import DecodeError
from trailscan.events.event import SessionContext, SessionIssuer, UserIdentity, parse_event_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.events.event import Event, JsonObject

STS = "sts.amazonaws.com"
"""The event source of the records that issue credentials."""

_KEY_ID = re.compile(r"\w{4,128}", re.ASCII)
_ACCOUNT = re.compile(r"arn:[^:]*:(?:iam|sts)::(\d{12}):")
_ROLE = re.compile(r"arn:([^:]*):iam::(\d{12}):role/(?:.*/)?([^/]+)")
_ACCOUNT_ID = re.compile(r"\d{12}")


class _Subject(NamedTuple):
    """Whose credentials a record issued, as far as it says.

    Attributes:
        account_id: the account that they belong to.
        role_arn: of the role, with its path.
        session_arn: of the role session, federated session or user.
        issuer_arn: of the user who called, whom a federated session names as its issuer.
        is_root: whether they are of a root session.
    """

    account_id: str | None = None
    role_arn: str | None = None
    session_arn: str | None = None
    issuer_arn: str | None = None
    is_root: bool = False


class Issued(msgspec.Struct, frozen=True):
    """Credentials, and who asked for them.

    Attributes:
        access_key_id: that the record issued.
        action: its event name.
        event_id: of the record.
        event_time: when the credentials were issued.
        caller: the identity that asked for them.
        with_mfa: whether the request named an MFA device.
        source: where the record was read.
        shared_event_id: that the copies of one call in several accounts have in common.
        account_id: the account that the credentials belong to.
        role_arn: of the role, with its path.
        session_arn: of the role session, federated session or user.
        issuer_arn: of the user who opened a federated session.
        is_root: whether they are of a root session.
    """

    access_key_id: str
    action: str
    event_id: str
    event_time: datetime
    caller: UserIdentity
    with_mfa: bool
    source: str
    shared_event_id: str | None = None
    account_id: str | None = None
    role_arn: str | None = None
    session_arn: str | None = None
    issuer_arn: str | None = None
    is_root: bool = False

    @property
    def is_same_user(self) -> bool:
        """Whether the credentials are the caller's own, so that their MFA is the caller's."""
        return self.action == "GetSessionToken"

    @property
    def call(self) -> str:
        """An id that the copies of one call have in common."""
        return self.shared_event_id or self.event_id

    def contradiction(self, who: UserIdentity, when: datetime) -> str | None:
        """What of a session contradicts that it uses these credentials; None if nothing does.

        Args:
            who: the identity of a call with this access key id.
            when: the time of the call.
        """
        context = who.session_context or SessionContext()
        issuer = context.session_issuer or SessionIssuer()
        began, issued = session_start(context), self.event_time.replace(microsecond=0)
        if when < issued:
            return f"used at {_text(when)}, before it was issued at {_text(issued)}"
        if began is not None and began.replace(microsecond=0) != issued:
            return f"began at {_text(began)}, but was issued at {_text(issued)}"
        pairs = (
            ("account", who.account_id, self.account_id),
            ("role", issuer.arn, self.role_arn),
            ("session", who.arn, self.session_arn),
            ("issuer", issuer.arn, self.issuer_arn),
        )
        for what, used, said in pairs:
            if used and said and used != said:
                return f"its {what} is {used}, but it was issued to {said}"
        if self.is_root != (str(context.assumed_root).lower() == "true"):
            return f"{self.action} does not issue a session of this kind"
        return None


def is_issuing(event: Event) -> bool:
    """Whether an event is a call that can issue credentials."""
    return event.event_source == STS and event.event_name in ISSUERS


def read_issued(event: Event, source: str) -> Issued | None:
    """The credentials that a record issued; None if it issued none.

    Args:
        event: of any event source.
        source: where it was read.
    """
    subject_of = ISSUERS.get(event.event_name or "")
    if event.event_source != STS or event.error_code or subject_of is None:
        return None
    credentials = event.response.get("credentials")
    key_id = credentials.get("accessKeyId") if isinstance(credentials, dict) else None
    if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
        return None
    subject = subject_of(event)
    return Issued(
        access_key_id=key_id,
        action=event.event_name or "",
        event_id=event.event_id,
        event_time=event.event_time,
        caller=event.user_identity,
        with_mfa=bool(event.request.get("serialNumber")),
        source=source,
        shared_event_id=event.shared_event_id,
        **subject._asdict(),
    )


def _role(event: Event) -> _Subject:
    """The role that was assumed."""
    role = _text_of(event.request, "roleArn")
    named = _text_of(event.request, "roleSessionName")
    session = _text_of(event.response, "assumedRoleUser", "arn")
    if session is None and role and named and (found := _ROLE.fullmatch(role)):
        session = f"arn:{found[1]}:sts::{found[2]}:assumed-role/{found[3]}/{named}"
    return _Subject(_account_of(role) or _account_of(session), role, session)


def _root(event: Event) -> _Subject:
    """The account whose root session was opened."""
    target = _text_of(event.request, "targetPrincipal") or ""
    account = target if _ACCOUNT_ID.fullmatch(target) else _account_of(target)
    return _Subject(account, is_root=True)


def _federated(event: Event) -> _Subject:
    """The federated session, whose name the caller chose, and the caller."""
    session = _text_of(event.response, "federatedUser", "arn")
    account = _account_of(session) or event.user_identity.account_id
    return _Subject(account, session_arn=session, issuer_arn=event.user_identity.arn)


def _caller(event: Event) -> _Subject:
    """The caller, who got temporary credentials for themselves."""
    who = event.user_identity
    return _Subject(who.account_id, session_arn=who.arn)


ISSUERS: dict[str, Callable[[Event], _Subject]] = {
    "AssumeRole": _role,
    "AssumeRoleWithSAML": _role,
    "AssumeRoleWithWebIdentity": _role,
    "AssumeRoot": _root,
    "GetFederationToken": _federated,
    "GetSessionToken": _caller,
}
"""The operations of AWS STS that issue credentials, and whose they are (STS API reference)."""


def session_start(context: SessionContext) -> datetime | None:
    """When a session began; None if its record does not say."""
    began = context.attributes.creation_date if context.attributes else None
    try:
        return parse_event_time(began) if began else None
    except DecodeError:
        return None


def _account_of(arn: str | None) -> str | None:
    """The account in an ARN of IAM or STS."""
    found = _ACCOUNT.match(arn or "")
    return found[1] if found else None


def _text_of(record: JsonObject, *path: str) -> str | None:
    """A text in a JSON object; None if there is none."""
    value: object = record
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None


def _text(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
