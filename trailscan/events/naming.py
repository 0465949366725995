"""Finds who made a call, a person if the log has one, and the rule that found the name.

Facts: AWS's page "CloudTrail userIdentity element", and events in public samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from trailscan.events.event import SessionContext, SessionIssuer
from trailscan.events.principal import Principal
from trailscan.events.role_sessions import (
    ASSUMED,
    AWS_MCP,
    assumed_role,
    identity_center_user,
    on_behalf_of,
    session_in_id,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.events.event import UserIdentity

_PROVIDERS = (("oidc-provider/", "OIDC provider"), ("saml-provider/", "SAML provider"))


def identify(who: UserIdentity) -> Principal:
    """Who an identity in a record is; `unknown` if nothing in it tells."""
    principal = _by_type(who)
    fields: dict[str, str | None] = {
        "account_id": who.account_id,
        "arn": who.arn,
        "provider": principal.provider or _provider(who),
        "user_id": on_behalf_of(who),
    }
    service = who.invoked_by
    if principal.kind != "aws_service" and service and service not in {"AWS Internal", AWS_MCP}:
        fields["service"] = service
    return replace(principal, **fields)


def _by_type(who: UserIdentity) -> Principal:
    """The principal by the type of `userIdentity`."""
    if str((who.session_context or SessionContext()).assumed_root).lower() == "true":
        return _root(who, "assumed_root")
    if ASSUMED.fullmatch(who.arn or ""):
        return assumed_role(who)  # whatever the type says: AWS's own examples call it IAMUser
    by_type = _BY_TYPE.get(who.type or "")
    return by_type(who) if by_type else _by_other_fields(who)


def _by_other_fields(who: UserIdentity) -> Principal:
    """The principal of service events, and of types that are absent or new."""
    if on_behalf_of(who):
        return identity_center_user(who)
    if who.type is None and who.invoked_by:
        return Principal("AWS Organizations", "aws_service", "service_event")
    return Principal(_user_name(who), "unknown", "none", certain=False)


def _root(who: UserIdentity, rule: str) -> Principal:
    """The root user, or a central root session, whose person is only in the AssumeRoot event."""
    name = f"root user of {who.account_id or 'an account'}"
    return Principal(name, "root_user", rule, certain=rule == "root")


def _service(who: UserIdentity) -> Principal:
    """An AWS service that called by itself."""
    return Principal(who.invoked_by or "an AWS service", "aws_service", "invoked_by")


def _other_account(who: UserIdentity) -> Principal:
    """Somebody of another account, whose session's name only the other account could vouch for."""
    session = session_in_id(who)
    named = _account(who)
    return Principal(named, "aws_account", "account_id", session=session, claims=bool(session))


def _directory_user(who: UserIdentity) -> Principal:
    """Somebody whom AWS Directory Service signed in."""
    name = who.user_name or session_in_id(who) or _user_name(who)
    return Principal(name, "directory", "directory_name", certain=False)


def _account(who: UserIdentity) -> str:
    return f"account {who.account_id}" if who.account_id else "an unknown account"


def _user_name(who: UserIdentity) -> str:
    """The name of a user, else the end of the ARN, else the principal ID."""
    if who.user_name:
        return who.user_name
    if who.arn:
        return who.arn.rpartition("/")[2] or who.arn
    return who.principal_id or (_account(who) if who.account_id else "unknown")


def _provided(who: UserIdentity) -> Principal:
    """Somebody whom an identity provider named, while it signs them in."""
    return Principal(_user_name(who), "federated_user", "federated_name", certain=False)


def _federated(who: UserIdentity) -> Principal:
    """The user who called GetFederationToken; the caller made up the name in the ARN.

    AWS vouches for the issuer of the session: an IAM user or a root user.
    """
    issuer = (who.session_context or SessionContext()).session_issuer or SessionIssuer()
    claim = session_in_id(who) or (who.arn or "").rpartition("/")[2] or who.user_name
    if issuer.type == "Root" or (issuer.arn or "").endswith(":root"):
        name = f"root user of {issuer.account_id or who.account_id or 'an account'}"
        return Principal(name, "root_user", "session_issuer", session=claim, claims=True)
    named = issuer.user_name or (issuer.arn or "").rpartition("/")[2]
    if not named:
        unnamed = f"an IAM user of {_account(who)}"
        return Principal(unnamed, "iam_user", "none", certain=False, session=claim, claims=True)
    return Principal(named, "iam_user", "session_issuer", session=claim, claims=True)


def _provider(who: UserIdentity) -> str | None:
    """The identity provider that signed somebody in, in words."""
    web = (who.session_context or SessionContext()).web_id_federation_data
    arn = who.identity_provider or (web.federated_provider if web else None)
    for mark, words in _PROVIDERS:
        if arn and mark in arn:
            return f"{words} {arn.partition(mark)[2]}"
    return f"identity provider {arn}" if arn else None


_BY_TYPE: dict[str, Callable[[UserIdentity], Principal]] = {
    "Root": lambda who: _root(who, "root"),
    "IAMUser": lambda who: Principal(_user_name(who), "iam_user", "user_name"),
    "AssumedRole": assumed_role,
    "Role": assumed_role,
    "FederatedUser": _federated,
    "SAMLUser": _provided,
    "WebIdentityUser": _provided,
    "IdentityCenterUser": identity_center_user,
    "AWSService": _service,
    "AWSAccount": _other_account,
    "Directory": _directory_user,
}
"""Who an identity is, by its type (CloudTrail user guide, "CloudTrail userIdentity element")."""
