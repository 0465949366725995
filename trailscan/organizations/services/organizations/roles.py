"""The resources that sentences about Organizations name, and where an event has their ids."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from trailscan.organizations.resources import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        "caller": Role("account", is_caller=True),
        "ou": Role("ou", ("request.organizationalUnitId", "response.organizationalUnit.id")),
        "parent": Role(
            None, ("request.parentId",), "an unknown parent", denied_types=("ou", "root")
        ),
        "child": Role(None, ("request.childId",), "an unknown account or OU"),
        "source": Role(None, ("request.sourceParentId",), "an unknown parent"),
        "destination": Role(None, ("request.destinationParentId",), "an unknown parent"),
        "policy": Role("policy", ("request.policyId", "response.policy.policySummary.id")),
        "target": Role(
            None,
            ("request.targetId",),
            "an unknown target",
            denied_types=("account", "ou", "root"),
        ),
        "root": Role("root", ("request.rootId", "response.root.id")),
        "handshake": Role("handshake", ("request.handshakeId", "response.handshake.id")),
        "invited": Role(
            None, ("request.target.id",), "an unknown account", type_path="request.target.type"
        ),
        "organization": Role("organization", ("response.organization.id",)),
        "resource_policy": Role(
            "resource_policy", ("response.resourcePolicy.resourcePolicySummary.id",)
        ),
        "resource": Role(None, ("request.resourceId",), "an unknown resource"),
        "service": Role("service", ("request.servicePrincipal",), "an unknown service"),
        "transfer": Role(
            "responsibility_transfer",
            ("request.id", "response.responsibilityTransfer.id", "details.id", "details.*.id"),
        ),
    }
)
"""Every role, by the name that sentences use; of a move's two parents, a refusal names none."""
