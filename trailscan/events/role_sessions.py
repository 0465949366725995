"""Finds who acted in a session of a role.

The name of a session is chosen by whoever opened it, so it names nobody: the role does, and the
session's name is shown as a claim. AWS itself names the sessions of Identity Center, whose roles
have a reserved path, of EC2 instances, and of services.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from trailscan.events.event import InScopeOf, SessionContext, SessionIssuer
from trailscan.events.principal import Principal

if TYPE_CHECKING:
    from trailscan.events.event import UserIdentity

AWS_MCP = "aws-mcp.amazonaws.com"
"""AWS's MCP server: what it calls, it calls for the person who signed in to it."""

_IDENTITY_CENTER = re.compile(r"AWSReservedSSO_(?P<permission_set>.+)_[0-9a-f]{16}")
_IDENTITY_CENTER_PATH = ":role/aws-reserved/sso.amazonaws.com/"
ASSUMED = re.compile(
    r"arn:[^:]*:sts::[^:]*:assumed-role/(?P<role>[^/]+)/(?P<session>.*)", re.DOTALL
)
"""The ARN of a session of a role."""

_SERVICE_ROLE = re.compile(r"AWSServiceRoleFor.+")
_SERVICE_PATH = re.compile(r":role/aws-service-role/([^/]+)/")
_STACK_SETS = re.compile(r"stacksets-exec-.+|AWSCloudFormationStackSetExecutionRole")
_CONTROL_TOWER = re.compile(r"AWSControlTower[A-Za-z]+")
_CONTROL_TOWER_SERVICE = "controltower.amazonaws.com"
_NUMBER = r"\d+"
_UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

GENERATED_SESSIONS = {
    "botocore, boto3, AWS CLI": rf"botocore-session-{_NUMBER}",
    "AWS CLI before 1.11": rf"(AWS-?CLI-session|aws-cli)-{_NUMBER}",
    "SDK for JavaScript": rf"aws-sdk-js(-session)?-{_NUMBER}",
    "SDK for JavaScript 2": r"temporary-credentials|web-identity",
    "SDK for Go": rf"aws-go-sdk-{_NUMBER}|\d{{10}}|\d{{13}}|\d{{16}}|\d{{19}}",
    "SDK for Java": rf"aws-sdk-java-({_NUMBER}|{_UUID})",
    "SDK for Kotlin": rf"aws-sdk-kotlin-{_NUMBER}",
    "SDK for .NET": rf"aws-dotnet-sdk-session-{_NUMBER}",
    "SDK for PHP": rf"aws-sdk-php-{_NUMBER}",
    "SDK for Ruby": r"default_session",
    "SDK for Rust": (
        rf"(assume-role-provider|assume-role-from-profile|web-identity-token)-{_NUMBER}"
    ),
    "SDK for C++, Swift": _UUID,
}
"""The session names that SDKs make up when nobody gives one, as their sources have them: the time
in seconds, milliseconds, microseconds or nanoseconds, or a UUID. Go's first SDK and aws-vault write
the time alone."""

_GENERATED = re.compile("|".join(GENERATED_SESSIONS.values()), re.IGNORECASE)


def assumed_role(who: UserIdentity) -> Principal:
    """A role session, by the first rule that gives a name."""
    context = who.session_context or SessionContext()
    issuer = context.session_issuer or SessionIssuer()
    found = ASSUMED.fullmatch(who.arn or "")
    role = found["role"] if found else issuer.user_name
    session = _session_name(who)
    named = _role_session(who, context, issuer, role or "", session or "")
    return replace(named, role=role or None, session=session or None)


def _role_session(
    who: UserIdentity, context: SessionContext, issuer: SessionIssuer, role: str, session: str
) -> Principal:
    """The principal behind a role session, without its role and session."""
    vouched = _acting_service(who, issuer, role) or _vouched_session(who, context, issuer, role)
    if vouched:
        return vouched
    if context.source_identity:
        return Principal(context.source_identity, "assumed_role", "source_identity", certain=False)
    if not role:
        name = who.principal_id or "a role"
        return Principal(name, "assumed_role", "none", certain=False, claims=bool(session))
    if not session or _GENERATED.fullmatch(session):
        return Principal(role, "assumed_role", "role_of_generated_session")
    if context.ec2_role_delivery and session.startswith("i-"):
        return Principal(role, "assumed_role", "instance")
    return Principal(role, "assumed_role", "role", claims=True)


def _vouched_session(
    who: UserIdentity, context: SessionContext, issuer: SessionIssuer, role: str
) -> Principal | None:
    """The person or resource that AWS names behind a role session; None if it names nobody."""
    permission_set = _permission_set(issuer, role)
    if permission_set:
        return _permission_set_user(who, context, issuer, permission_set)
    if on_behalf_of(who):
        return identity_center_user(who)
    if who.in_scope_of and (holder := _holder(who.in_scope_of)):
        return Principal(holder, "assumed_role", "in_scope_of")
    return None


def _permission_set_user(
    who: UserIdentity, context: SessionContext, issuer: SessionIssuer, permission_set: str
) -> Principal:
    """A user of Identity Center, which writes the user's name into the session.

    Only Identity Center can open sessions of roles in its path, so AWS guarantees the name if the
    record has the role's ARN, or the user's id.
    """
    certain = bool(issuer.arn or on_behalf_of(who))
    name, rule = (
        _session_name(who) or "an Identity Center user",
        "session_name_of_identity_center_role",
    )
    if context.source_identity and not certain:
        name, rule = context.source_identity, "source_identity"
    return Principal(
        name, "identity_center_user", rule, certain=certain, permission_set=permission_set
    )


def _holder(scope: InScopeOf) -> str | None:
    """The resource that holds a role's credentials: `Lambda function cleaner`."""
    arn = scope.credentials_issued_to or scope.source_arn
    if not arn:
        return None
    service, _, resource = (scope.issuer_type or "").removeprefix("AWS::").rpartition("::")
    kind = f"{service} {resource.lower()}".strip() or "resource"
    return f"{kind} {re.split('[:/]', arn)[-1]}"


def _acting_service(who: UserIdentity, issuer: SessionIssuer, role: str) -> Principal | None:
    """The service behind a role that only a service can assume; None for other roles.

    Only its service can assume a service-linked role, whose path is reserved: if the record has the
    role's ARN, the path decides. Others can assume the roles of stack sets and of Control Tower, so
    for those the record must say that a service called.
    """
    if _SERVICE_ROLE.fullmatch(role):
        path = _SERVICE_PATH.search(issuer.arn or "")
        if issuer.arn and not path:
            return None
        service = path[1] if path else who.invoked_by or role
        known = service if service != role else None
        rule, certain = "service_role", bool(path)
        return Principal(service, "aws_service", rule, certain=certain, service=known)
    caller = who.invoked_by
    if caller == _CONTROL_TOWER_SERVICE and _CONTROL_TOWER.fullmatch(role):
        return Principal(caller, "aws_service", "invoked_by", service=caller)
    if caller and caller != AWS_MCP and _STACK_SETS.fullmatch(role):
        return Principal(caller, "aws_service", "service_role", certain=False, service=caller)
    return None


def _permission_set(issuer: SessionIssuer, role: str) -> str | None:
    """The permission set of an Identity Center role; None for other roles.

    Anybody can give a role such a name, but not the path, which AWS reserves: if the record has the
    role's ARN, the path decides.
    """
    found = _IDENTITY_CENTER.fullmatch(role)
    if found is None or (issuer.arn and not in_identity_center_path(issuer.arn)):
        return None
    return found["permission_set"]


def in_identity_center_path(role_arn: str) -> bool:
    """Whether a role stands in the path that AWS reserves for Identity Center."""
    return _IDENTITY_CENTER_PATH in role_arn


def _session_name(who: UserIdentity) -> str | None:
    """The name of a role session."""
    found = ASSUMED.fullmatch(who.arn or "")
    return (found["session"] if found else session_in_id(who)) or None


def session_in_id(who: UserIdentity) -> str | None:
    """What follows the colon of a principal ID: the name of a session."""
    return (who.principal_id or "").partition(":")[2] or None


def on_behalf_of(who: UserIdentity) -> str | None:
    """The id of the Identity Center user on whose behalf the call was made."""
    return who.on_behalf_of.user_id if who.on_behalf_of else None


def identity_center_user(who: UserIdentity) -> Principal:
    """A user of Identity Center, of whom often only an id is recorded."""
    user = on_behalf_of(who)
    name = who.user_name or (f"Identity Center user {user}" if user else "an Identity Center user")
    return Principal(name, "identity_center_user", "on_behalf_of", certain=bool(user))
