"""Operations that give services or accounts power over the organization."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.organizations.effects import Switch
from trailscan.organizations.fields import text_at
from trailscan.organizations.operation import Operation
from trailscan.organizations.resources import caller

if TYPE_CHECKING:
    from trailscan.events.event import Event


def _trusted_service(event: Event) -> tuple[str | None, str] | None:
    service = text_at(event, "request.servicePrincipal")
    return (caller(event), service) if service else None


def _delegated_service(event: Event) -> tuple[str, str] | None:
    account = text_at(event, "request.accountId")
    service = text_at(event, "request.servicePrincipal")
    return None if account is None or service is None else (account, service)


_TRUSTED_ACCESS = Switch("trusted_access", _trusted_service, "enabled", "disabled")
_DELEGATION = Switch("delegated_administrators", _delegated_service, "registered", "not registered")


# fmt: off
OPERATIONS = (
    Operation("RegisterDelegatedAdministrator", "delegation", "account",
        done="registered {account} as delegated administrator for {service}",
        tried="register {account} as delegated administrator[ for {service}]",
        known_from="model", severity="high",
        reason="Gives one account charge of a service for all accounts, and lets it read the whole organization.",
        effect=_DELEGATION.effect(on=True), before_and_after=_DELEGATION.shown(on=True)),
    Operation("DeregisterDelegatedAdministrator", "delegation", "account",
        done="deregistered {account} as delegated administrator for {service}",
        tried="deregister {account} as delegated administrator[ for {service}]",
        known_from="model", severity="high", watched_by="incident-response",
        reason="Takes a service out of the hands of the account that runs it for all others, which can blind GuardDuty, Macie or Access Analyzer.",
        effect=_DELEGATION.effect(on=False), before_and_after=_DELEGATION.shown(on=False)),
    Operation("EnableAWSServiceAccess", "trusted_access", "service",
        done="enabled trusted access for {service}", tried="enable trusted access for {service}",
        known_from="model", severity="medium", watched_by="streamalert",
        reason="Lets a service see the organization, and create a role for itself and act in all its accounts.",
        effect=_TRUSTED_ACCESS.effect(on=True), before_and_after=_TRUSTED_ACCESS.shown(on=True)),
    Operation("DisableAWSServiceAccess", "trusted_access", "service",
        done="disabled trusted access for {service}", tried="disable trusted access for {service}",
        known_from="model", severity="high", watched_by="streamalert",
        reason="Cuts a service off from the organization, so that, for example, a security service no longer covers new accounts.",
        effect=_TRUSTED_ACCESS.effect(on=False), before_and_after=_TRUSTED_ACCESS.shown(on=False)),
)
