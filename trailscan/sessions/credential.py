"""The credential of a call: a long-term key or a session, with MFA or without, and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from trailscan.events.event import SessionContext
from trailscan.sessions.chain import is_temporary
from trailscan.sessions.issued import session_start

if TYPE_CHECKING:
    from datetime import datetime

    from trailscan.events.event import Event

Kind = Literal["long_term_key", "session", "aws_service", "not_recorded"]

_WORDS: dict[Kind, str] = {
    "long_term_key": "long-term access key",
    "session": "temporary session",
    "aws_service": "none: an AWS service acted",
    "not_recorded": "not recorded",
}


class Credential(NamedTuple):
    """What a call was made with.

    Attributes:
        kind: of the credential.
        access_key_id: of the key; None if the record has none.
        mfa: whether the session was opened with MFA. A long-term key is used without; None: the
            record does not say.
        since: when the session began.
        from_console: whether the session is one of the AWS Management Console.
    """

    kind: Kind
    access_key_id: str | None = None
    mfa: bool | None = None
    since: datetime | None = None
    from_console: bool = False

    @property
    def in_words(self) -> str:
        """The kind and the key: `temporary session of the console, key ASIAEXAMPLE`."""
        said = _WORDS[self.kind] + (" of the console" if self.from_console else "")
        return f"{said}, key {self.access_key_id}" if self.access_key_id else said

    @property
    def mfa_in_words(self) -> str:
        """Whether MFA was used."""
        if self.kind == "long_term_key":
            return "no: a long-term key is used without"
        return {True: "yes", False: "no", None: "not recorded"}[self.mfa]


def credential_of(event: Event) -> Credential:
    """The credential of a call, as its record has it.

    `mfaAuthenticated` and `creationDate` are those of the session (CloudTrail user guide,
    "CloudTrail userIdentity element").
    """
    who = event.user_identity
    context = who.session_context or SessionContext()
    if is_temporary(who) or context.attributes:
        said = str(context.attributes.mfa_authenticated if context.attributes else None).casefold()
        mfa = {"true": True, "false": False}.get(said)
        console = str(event.session_credential_from_console).casefold() == "true"
        return Credential("session", who.access_key_id, mfa, session_start(context), console)
    if who.access_key_id:
        return Credential("long_term_key", who.access_key_id, mfa=False)
    if who.type == "AWSService" or who.invoked_by or event.event_type == "AwsServiceEvent":
        return Credential("aws_service")
    return Credential("not_recorded")
