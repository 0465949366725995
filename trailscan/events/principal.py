"""Who acted: a person where the log can tell, and by which rule.

Facts: AWS's "CloudTrail userIdentity element" page, and events observed in public samples.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from trailscan.events.event import SessionContext, SessionIssuer

if TYPE_CHECKING:
    from trailscan.events.event import Event, UserIdentity

Kind = Literal[
    "root_user",
    "iam_user",
    "identity_center_user",
    "assumed_role",
    "federated_user",
    "aws_service",
    "aws_account",
    "unknown",
]

_IDENTITY_CENTER = re.compile(r"AWSReservedSSO_(?P<permission_set>.+)_[0-9a-f]{16}")
_ASSUMED = re.compile(
    r"arn:[^:]*:sts::[^:]*:assumed-role/(?P<role>[^/]+)/(?P<session>.*)", re.DOTALL
)
_CLIENTS = (
    ("terraform", re.compile(r"APN/1\.0 HashiCorp|Terraform/", re.IGNORECASE)),
    ("opentofu", re.compile(r"OpenTofu/", re.IGNORECASE)),
    ("cli", re.compile(r"aws-cli/")),
    ("console", re.compile(r"console\.amazonaws\.com|AWS Organizations Console|^Mozilla/")),
    ("sdk", re.compile(r"boto|aws-sdk|aws-internal|exec-env/", re.IGNORECASE)),
)
_SERVICE_CLIENTS = (
    ("control_tower", "controltower"),
    ("cloudformation", "cloudformation"),
    ("cloudformation", "stacksets"),
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who made a call.

    Attributes:
        name: what to show first: a person, a session, a service.
        kind: of identity.
        account_id: the account it belongs to.
        role: the role behind the session.
        session: the role session's name, chosen by whoever assumed the role.
        permission_set: of Identity Center.
        service: the AWS service that acted, or acted for it.
        arn: as recorded.
        rule: how the name was found.
        certain: whether AWS vouches for the name, or it is a convention.
    """

    name: str
    kind: Kind
    rule: str
    certain: bool = True
    account_id: str | None = None
    role: str | None = None
    session: str | None = None
    permission_set: str | None = None
    service: str | None = None
    arn: str | None = None

    @property
    def display(self) -> str:
        """The name and how it acted: `alice@example.com (Admin through Identity Center)`."""
        through = f", through {self.service}" if self.service and self.service != self.name else ""
        if self.kind == "identity_center_user" and self.permission_set:
            return f"{self.name} ({self.permission_set} through Identity Center{through})"
        if self.role and self.role != self.name:
            return f"{self.name} (role {self.role}{through})"
        return f"{self.name} ({through[2:]})" if through else self.name


def parse_principal(event: Event) -> Principal:
    """Who made a call; never fails, and says when it does not know."""
    who = event.user_identity
    principal = _by_type(who)
    service = who.invoked_by
    if principal.kind != "aws_service" and service and service != "AWS Internal":
        principal = replace(principal, service=service)
    return replace(principal, account_id=who.account_id, arn=who.arn)


def _by_type(who: UserIdentity) -> Principal:  # noqa: PLR0911  # one a type
    """The rule for each type of `userIdentity`."""
    match who.type:
        case "Root":
            return Principal(f"root user of {who.account_id or 'an account'}", "root_user", "root")
        case "IAMUser":
            return Principal(_user_name(who), "iam_user", "user_name")
        case "AssumedRole" | "Role":
            return _assumed_role(who)
        case "FederatedUser" | "SAMLUser" | "WebIdentityUser":
            return Principal(_user_name(who), "federated_user", "federated_name", certain=False)
        case "IdentityCenterUser":
            return _identity_center(who)
        case "AWSService":
            return Principal(who.invoked_by or "an AWS service", "aws_service", "invoked_by")
        case "AWSAccount":
            return Principal(f"account {who.account_id}", "aws_account", "account_id")
        case None if who.invoked_by:
            return Principal("AWS Organizations", "aws_service", "service_event")
    return Principal(_user_name(who), "unknown", "none", certain=False)


def _user_name(who: UserIdentity) -> str:
    """A user's name, or the end of the ARN, or the principal's id."""
    if who.user_name:
        return who.user_name
    if who.arn:
        return who.arn.rpartition("/")[2] or who.arn
    return who.principal_id or (f"account {who.account_id}" if who.account_id else "unknown")


def _identity_center(who: UserIdentity) -> Principal:
    """A user of Identity Center itself; only an id is recorded."""
    user = who.on_behalf_of and who.on_behalf_of.user_id
    name = who.user_name or (f"Identity Center user {user}" if user else "an Identity Center user")
    return Principal(name, "identity_center_user", "on_behalf_of")


def _assumed_role(who: UserIdentity) -> Principal:
    """A role session: a person by Identity Center's convention or sourceIdentity, else itself."""
    context = who.session_context or SessionContext()
    issuer = context.session_issuer or SessionIssuer()
    found = _ASSUMED.fullmatch(who.arn or "")
    role = issuer.user_name or (found["role"] if found else None)
    session = found["session"] if found else (who.principal_id or "").partition(":")[2] or None
    known = {"role": role, "session": session}
    if context.source_identity:
        name = context.source_identity
        return Principal(name, "assumed_role", "source_identity", **known)  # type: ignore[arg-type]  # str or None
    if role and (single := _IDENTITY_CENTER.fullmatch(role)):
        return Principal(
            session or "an Identity Center user",
            "identity_center_user",
            "session_name_of_identity_center_role",
            certain=False,
            permission_set=single["permission_set"],
            role=role,
            session=session,
        )
    return Principal(
        session or role or who.principal_id or "a role",
        "assumed_role",
        "session_name",
        certain=False,
        role=role,
        session=session,
    )


def client(event: Event) -> str:
    """With what a call was made: console, cli, sdk, terraform, …, or aws_service, or unknown."""
    who, agent = event.user_identity, event.user_agent or ""
    marks = f"{who.invoked_by or ''} {agent} {who.arn or ''}".casefold()
    if event.event_type == "AwsServiceEvent" or who.type == "AWSService" or who.invoked_by:
        found = (name for name, mark in _SERVICE_CLIENTS if mark in marks)
        return next(found, "aws_service")
    if event.session_credential_from_console == "true":
        return "console"
    if "awscontroltower" in marks:
        return "control_tower"
    if agent.endswith(".amazonaws.com"):
        return next((name for name, mark in _SERVICE_CLIENTS if mark in agent), "aws_service")
    return next((name for name, mark in _CLIENTS if mark.search(agent)), "unknown")
