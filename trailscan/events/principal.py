"""Finds who made a call, a person if the log has one, and the rule that found the name.

Facts: AWS's page "CloudTrail userIdentity element", and events in public samples.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec.structs import replace

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
_SERVICE_ROLE = re.compile(r"AWSServiceRoleFor.+")
_SERVICE_PATH = re.compile(r":role/aws-service-role/([^/]+)/")
_STACK_SETS = re.compile(r"stacksets-exec-.+|AWSCloudFormationStackSetExecutionRole")
_IDENTITY_CENTER_PATH = ":role/aws-reserved/sso.amazonaws.com/"
_GENERATED_SESSION = re.compile(
    r"(aws-go-sdk|botocore-session|aws-sdk-js|aws-sdk-java|AWSCLI-Session|\d{13}|\d{19})[-\d]*"
)
_TOOLS = (
    ("opentofu", re.compile(r"OpenTofu/", re.IGNORECASE)),
    ("terraform", re.compile(r"APN/1\.0 HashiCorp|Terraform/", re.IGNORECASE)),
    ("cli", re.compile(r"aws-cli/")),
)
_AGENTS = (
    (
        "console",
        re.compile(r"^(console|signin)\.amazonaws\.com|AWS Organizations Console|^Mozilla/"),
    ),
    ("aws_service", re.compile(r"^AWS Internal|^aws-internal/|\.amazonaws\.com$")),
    ("sdk", re.compile(r"boto|aws-sdk|exec-env/", re.IGNORECASE)),
)
_SERVICE_CLIENTS = (
    ("control_tower", "controltower"),
    ("cloudformation", "cloudformation"),
    ("cloudformation", "stacksets"),
)


class Principal(msgspec.Struct, frozen=True):
    """Who made a call.

    Attributes:
        name: the name of the person, session or service.
        kind: the kind of identity.
        account_id: the account it belongs to.
        role: the role behind the session.
        session: the role session's name, chosen by whoever assumed the role.
        permission_set: the permission set of Identity Center.
        service: the AWS service that acted, itself or for the principal.
        arn: the ARN in the record.
        rule: the rule that found the name.
        certain: whether AWS guarantees the name; otherwise it follows a convention.
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
        if self.session and self.session != self.name:
            return f"{self.name} (session {self.session}{through})"
        return f"{self.name} ({through[2:]})" if through else self.name


def parse_principal(event: Event) -> Principal:
    """Who made a call; `unknown` if nothing in the event tells."""
    who = event.user_identity
    principal = _by_type(who)
    fields: dict[str, str | None] = {"account_id": who.account_id, "arn": who.arn}
    service = who.invoked_by
    if principal.kind != "aws_service" and service and service != "AWS Internal":
        fields["service"] = service
    return replace(principal, **fields)


def _by_type(who: UserIdentity) -> Principal:
    """The principal by the type of `userIdentity`."""
    if _ASSUMED.fullmatch(who.arn or ""):
        return _assumed_role(who)  # whatever the type says: AWS's own examples call it IAMUser
    match who.type:
        case "Root":
            return _root(who)
        case "IAMUser":
            return Principal(_user_name(who), "iam_user", "user_name")
        case "AssumedRole" | "Role":
            return _assumed_role(who)
        case "FederatedUser" | "SAMLUser" | "WebIdentityUser":
            return Principal(_user_name(who), "federated_user", "federated_name", certain=False)
    return _by_other_fields(who)


def _by_other_fields(who: UserIdentity) -> Principal:
    """The principal of services, other accounts, and types that are absent or new."""
    if who.type == "IdentityCenterUser" or _on_behalf_of(who):
        return _identity_center(who)
    if who.type == "AWSService":
        return Principal(who.invoked_by or "an AWS service", "aws_service", "invoked_by")
    if who.type == "AWSAccount":
        return Principal(_account(who), "aws_account", "account_id")
    if who.type is None and who.invoked_by:
        return Principal("AWS Organizations", "aws_service", "service_event")
    return Principal(_user_name(who), "unknown", "none", certain=False)


def _root(who: UserIdentity) -> Principal:
    """The root user, or a central root session, whose person is only in the AssumeRoot event."""
    name = f"root user of {who.account_id or 'an account'}"
    context = who.session_context or SessionContext()
    if str(context.assumed_root).lower() == "true":
        return Principal(name, "root_user", "assumed_root", certain=False)
    return Principal(name, "root_user", "root")


def _account(who: UserIdentity) -> str:
    return f"account {who.account_id}" if who.account_id else "an unknown account"


def _user_name(who: UserIdentity) -> str:
    """The name of a user, else the end of the ARN, else the principal ID."""
    if who.user_name:
        return who.user_name
    if who.arn:
        return who.arn.rpartition("/")[2] or who.arn
    return who.principal_id or (_account(who) if who.account_id else "unknown")


def _on_behalf_of(who: UserIdentity) -> str | None:
    """The id of the Identity Center user on whose behalf the call was made."""
    return who.on_behalf_of.user_id if who.on_behalf_of else None


def _identity_center(who: UserIdentity) -> Principal:
    """A user of Identity Center, of whom often only an id is recorded."""
    user = _on_behalf_of(who)
    name = who.user_name or (f"Identity Center user {user}" if user else "an Identity Center user")
    return Principal(name, "identity_center_user", "on_behalf_of", certain=bool(user))


def _assumed_role(who: UserIdentity) -> Principal:
    """A role session, by the first rule that gives a name."""
    context = who.session_context or SessionContext()
    issuer = context.session_issuer or SessionIssuer()
    found = _ASSUMED.fullmatch(who.arn or "")
    role = found["role"] if found else issuer.user_name
    session = found["session"] if found else (who.principal_id or "").partition(":")[2]
    named = _role_session(who, context, issuer, role or "", session or "")
    return replace(named, role=role or None, session=session or None)


def _role_session(
    who: UserIdentity, context: SessionContext, issuer: SessionIssuer, role: str, session: str
) -> Principal:
    """The principal behind a role session, without its role and session."""
    service = _acting_service(who, issuer, role)
    if service:
        rule, certain = "service_role", bool(_SERVICE_PATH.search(issuer.arn or ""))
        known = service if service != role else None
        return Principal(service, "aws_service", rule, certain=certain, service=known)
    permission_set = _permission_set(issuer, role)
    kind: Kind = "identity_center_user" if permission_set else "assumed_role"
    if context.source_identity:
        name, rule, certain = context.source_identity, "source_identity", True
    elif permission_set:
        name = session or "an Identity Center user"
        rule, certain = "session_name_of_identity_center_role", False
    elif _on_behalf_of(who):
        return _identity_center(who)
    elif role and _GENERATED_SESSION.fullmatch(session):
        name, rule, certain = role, "role_of_generated_session", False
    else:
        name = session or role or who.principal_id or "a role"
        rule, certain = "session_name", False
    return Principal(name, kind, rule, certain=certain, permission_set=permission_set)


def _acting_service(who: UserIdentity, issuer: SessionIssuer, role: str) -> str | None:
    """The service behind a role that only a service can assume; None for other roles.

    Only its service can assume a service-linked role, whose path is reserved: if the record has the
    role's ARN, the path decides. Others can assume the roles of stack sets, so for those the record
    must say that a service called.
    """
    if _SERVICE_ROLE.fullmatch(role):
        path = _SERVICE_PATH.search(issuer.arn or "")
        lookalike = issuer.arn and not path
        return None if lookalike else path[1] if path else who.invoked_by or role
    return who.invoked_by if _STACK_SETS.fullmatch(role) else None


def _permission_set(issuer: SessionIssuer, role: str) -> str | None:
    """The permission set of an Identity Center role; None for other roles.

    Anybody can give a role such a name, but not the path, which AWS reserves: if the record has the
    role's ARN, the path decides.
    """
    found = _IDENTITY_CENTER.fullmatch(role)
    if found is None or (issuer.arn and _IDENTITY_CENTER_PATH not in issuer.arn):
        return None
    return found["permission_set"]


def client(event: Event) -> str:
    """The client that made a call: console, cli, sdk, terraform, …, aws_service, or unknown.

    The caller chooses the user agent, so this is what the call looks like, not what it must be.
    """
    who, agent = event.user_identity, event.user_agent or ""
    if event.event_type == "AwsServiceEvent" or who.type == "AWSService" or who.invoked_by:
        return _service_client(f"{who.invoked_by or ''} {agent} {who.arn or ''}")
    found = _by_agent(agent, event.session_credential_from_console == "true")
    return _service_client(f"{agent} {who.arn or ''}") if found == "aws_service" else found


@lru_cache(maxsize=2048)
def _by_agent(agent: str, from_console: bool) -> str:  # noqa: FBT001  # a key of the cache
    """The client by its user agent, cached because the same few recur."""
    if found := next((name for name, mark in _TOOLS if mark.search(agent)), None):
        return found  # before the console: CloudShell has its credentials
    if from_console:
        return "console"
    return next((name for name, mark in _AGENTS if mark.search(agent)), "unknown")


@lru_cache(maxsize=2048)
def _service_client(marks: str) -> str:
    """The client name of an AWS service; `aws_service` for most."""
    lower = marks.casefold()
    return next((name for name, mark in _SERVICE_CLIENTS if mark in lower), "aws_service")
