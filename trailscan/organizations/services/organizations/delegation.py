"""Operations that give services or accounts power over the organization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.effects import Switch
from trailscan.organizations.fields import text_at
from trailscan.organizations.operation import Case, Operation
from trailscan.organizations.resources import caller

if TYPE_CHECKING:
    from trailscan.events.event import Event
    from trailscan.organizations.context import SentenceContext


def _trusted_service(event: Event) -> tuple[str | None, str] | None:
    service = text_at(event, "request.servicePrincipal")
    return (caller(event), service) if service else None


def _delegated_service(event: Event) -> tuple[str, str] | None:
    account = text_at(event, "request.accountId")
    service = text_at(event, "request.servicePrincipal")
    return None if account is None or service is None else (account, service)


POWERFUL = {
    "iam.amazonaws.com": "central root access: root sessions in every member account",
    "member.org.stacksets.cloudformation.amazonaws.com": "templates run as administrator there",
    "ram.amazonaws.com": "resources shared with every account without an invitation",
    "ssm.amazonaws.com": "automation runs commands in every account",
    "sso.amazonaws.com": "users and permission sets are assigned to every account",
}
"""Services whose trusted access brings code, identities or root into every account, and how (user
guide, "AWS services that you can use with AWS Organizations")."""


def _is_powerful(call: SentenceContext) -> bool:
    return text_at(call.event, "request.servicePrincipal") in POWERFUL


_TRUSTED_ACCESS = Switch("trusted_access", _trusted_service, "enabled", "disabled")
_DELEGATION = Switch("delegated_administrators", _delegated_service, "registered", "not registered")


# fmt: off
OPERATIONS = (
    Operation("RegisterDelegatedAdministrator", "delegation", "account",
        done="registered {account} as delegated administrator for {service}",
        tried="register {account} as delegated administrator[ for {service}]",
        known_from="model", severity="high", mitre=("T1098.003",),
        reason="Gives one account charge of a service for all accounts, and lets it read the whole organization.",
        effect=_DELEGATION.effect(on=True), before_and_after=_DELEGATION.shown(on=True), settings=_DELEGATION.settings(on=True)),
    Operation("DeregisterDelegatedAdministrator", "delegation", "account",
        done="deregistered {account} as delegated administrator for {service}",
        tried="deregister {account} as delegated administrator[ for {service}]",
        known_from="model", severity="high", watched_by="incident-response",
        reason="Takes a service out of the hands of the account that runs it for all others, which can blind GuardDuty, Macie or Access Analyzer.",
        effect=_DELEGATION.effect(on=False), before_and_after=_DELEGATION.shown(on=False), settings=_DELEGATION.settings(on=False)),
    Operation("EnableAWSServiceAccess", "trusted_access", "service",
        done="enabled trusted access for {service}", tried="enable trusted access for {service}",
        known_from="model", severity="medium", watched_by="streamalert", mitre=("T1098.003",),
        reason="Lets a service see the organization, and create a role for itself and act in all its accounts.",
        effect=_TRUSTED_ACCESS.effect(on=True), before_and_after=_TRUSTED_ACCESS.shown(on=True), settings=_TRUSTED_ACCESS.settings(on=True), cases=(
            Case("powerful", "the service is StackSets, IAM, IAM Identity Center, Systems Manager or RAM", _is_powerful, "high",
                "Lets a service bring code, identities, root sessions or shared resources into every account."),
        )),
    Operation("DisableAWSServiceAccess", "trusted_access", "service",
        done="disabled trusted access for {service}", tried="disable trusted access for {service}",
        known_from="model", severity="high", watched_by="streamalert",
        reason="Cuts a service off from the organization, so that, for example, a security service no longer covers new accounts.",
        effect=_TRUSTED_ACCESS.effect(on=False), before_and_after=_TRUSTED_ACCESS.shown(on=False), settings=_TRUSTED_ACCESS.settings(on=False)),
)
