"""The resources that sentences about Organizations name, and where an event has their ids."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from trailscan.organizations.fields import text_at
from trailscan.organizations.resources import Role, caller
from trailscan.organizations.services.organizations.membership import (
    accepting_account,
    handshake_organization,
    invited_party,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trailscan.events.event import Event
    from trailscan.organizations.state import Organization


_TRANSFER = ("request.id", "response.responsibilityTransfer.id", "details.id", "details.*.id")


def _caller(event: Event, _state: Organization) -> str | None:
    return caller(event)


def _acceptor(event: Event, _state: Organization) -> str | None:
    return accepting_account(event)


def _resource_policy(event: Event, state: Organization) -> str | None:
    """The delegation policy of the caller's organization, which requests do not name."""
    known = state.resource_policies.get(caller(event))
    return None if known is None else known.id


def _default_target(event: Event, _state: Organization) -> str | None:
    """The caller, if a call was made without a target (API reference, DescribeEffectivePolicy)."""
    return None if event.request_parameters is None else caller(event)


def _end_of_transfer(member: str) -> Role:
    """The management account at one end of a billing transfer."""
    end = {"payer": "target", "payee": "source"}[member]
    above = ("response.responsibilityTransfer", "details", "details.*")

    def known(event: Event, state: Organization) -> str | None:
        transfer = state.transfers.get(text_at(event, *_TRANSFER) or "")
        found: str | None = getattr(transfer, member, None)
        return found

    paths = tuple(f"{one}.{end}.managementAccountId" for one in above)
    return Role("account", paths, otherwise=known)


def _own_organization(event: Event, state: Organization) -> str | None:
    """The organization of a handshake that the organization itself began, or of the caller."""
    return handshake_organization(event, state) or state.organization_of(caller(event))


ROLES: Mapping[str, Role] = MappingProxyType(
    {
        "account": Role(
            "account",
            ("request.accountId", "details.accountId", "details.*.accountId"),
            name_paths=(  # the name of a new account, in clear until 2018
                "request.accountName",
                "details.createAccountStatus.accountName",
            ),
        ),
        "account_request": Role(
            "account_request", ("request.createAccountRequestId", "response.createAccountStatus.id")
        ),
        "caller": Role("account", otherwise=_caller),
        "acceptor": Role("account", otherwise=_acceptor),
        "inviting": Role("organization", otherwise=handshake_organization),
        "ou": Role("ou", ("request.organizationalUnitId", "response.organizationalUnit.id")),
        "parent": Role(
            None, ("request.parentId",), "an unknown parent", denied_types=("ou", "root")
        ),
        "child": Role(
            None, ("request.childId",), "an unknown account or OU", denied_types=("account", "ou")
        ),
        "source": Role(None, ("request.sourceParentId",), "an unknown parent"),
        "destination": Role(None, ("request.destinationParentId",), "an unknown parent"),
        "policy": Role("policy", ("request.policyId", "response.policy.policySummary.id")),
        "target": Role(
            None,
            ("request.targetId",),
            "an unknown target",
            denied_types=("account", "ou", "root"),
        ),
        "effective_target": Role(
            None,
            ("request.targetId",),
            "an unknown target",
            denied_types=("account", "ou", "root"),
            otherwise=_default_target,
        ),
        "root": Role("root", ("request.rootId", "response.root.id")),
        "handshake": Role("handshake", ("request.handshakeId", "response.handshake.id")),
        "invited": Role(
            None, ("request.target.id",), "an unknown account", type_path="request.target.type"
        ),
        "party": Role(None, otherwise=invited_party),
        "organization": Role(
            "organization", ("response.organization.id",), otherwise=_own_organization
        ),
        "resource_policy": Role(
            "resource_policy",
            ("response.resourcePolicy.resourcePolicySummary.id",),
            otherwise=_resource_policy,
        ),
        "resource": Role(
            None,
            ("request.resourceId",),
            "an unknown resource",
            denied_types=(
                "account",
                "ou",
                "policy",
                "resource_policy",
                "responsibility_transfer",
                "root",
            ),
        ),
        "service": Role("service", ("request.servicePrincipal",), "an unknown service"),
        "transfer": Role("responsibility_transfer", _TRANSFER),
        "payer": _end_of_transfer("payer"),
        "payee": _end_of_transfer("payee"),
    }
)
"""Every role, by the name that sentences use; of a move's two parents, a refusal names none."""
