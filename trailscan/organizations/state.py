"""The state of the organization at one moment, as far as the log has it: one frozen value.

Nothing is guessed. What no event reported is absent: an account that was never moved has no parent
here, and a policy that was not attached in the log is not in `attachments`. Neither means that it
has none. What was deleted stays, marked as deleted, because names are still needed then.

The maps are persistent (rpds): a new state shares everything with the previous one but what
changed, so a million states cost only their differences.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from rpds import HashTrieMap

if TYPE_CHECKING:
    from collections.abc import Mapping

MANAGED_POLICIES = {
    "p-FullAWSAccess": ("FullAWSAccess", "SERVICE_CONTROL_POLICY"),
    "p-RCPFullAWSAccess": ("RCPFullAWSAccess", "RESOURCE_CONTROL_POLICY"),
}
"""Name and type of the policies that AWS made: no event has them (user guide, "SCP evaluation")."""

AccountStatus = Literal["active", "closed", "departed"]

if TYPE_CHECKING:
    Map = HashTrieMap[Any, Any]
else:
    Map = HashTrieMap  # which takes no parameters when it runs

_MAPS_BY_TYPE: dict[str, tuple[str, ...]] = {
    "account": ("accounts",),
    "ou": ("units",),
    "policy": ("policies",),
    "responsibility_transfer": ("transfers",),
    "root": (),
    "email": (),
    "service": (),
    "handshake": (),
    "organization": (),
}
_NAMED_MAPS = ("accounts", "units", "policies", "transfers")

_MOST_LEVELS = 10
"""OUs can be nested five levels deep; more are a cycle, which no organization can have."""


class Account(msgspec.Struct, frozen=True):
    """A member or management account.

    Attributes:
        name: from an event; CloudTrail has hidden it in Organizations events since 2020.
        parent_id: the OU or root it is in.
        status: active, closed (and still a member for about 90 days), or departed.
        joined_method: created or invited.
        joined_at: UTC.
        departed_method: left, removed or cleaned.
        departed_at: UTC.
        govcloud_id: the account in GovCloud that was created with it.
        organization_id: the organization it is or was a member of, where an event has it.
    """

    name: str | None = None
    parent_id: str | None = None
    status: AccountStatus | None = None
    joined_method: str | None = None
    joined_at: datetime | None = None
    departed_method: str | None = None
    departed_at: datetime | None = None
    govcloud_id: str | None = None
    organization_id: str | None = None


class OrganizationalUnit(msgspec.Struct, frozen=True):
    """An OU; a deleted one keeps its name and parent."""

    name: str | None = None
    parent_id: str | None = None
    deleted: bool = False


class Policy(msgspec.Struct, frozen=True):
    """A policy; `content` is its text as it was written, None if no event has it."""

    name: str | None = None
    type: str | None = None
    description: str | None = None
    content: str | None = None
    deleted: bool = False


class Handshake(msgspec.Struct, frozen=True):
    """An invitation or another agreement between accounts.

    Attributes:
        action: invite, enable all features, transfer responsibility, …, in lower case.
        state: open, accepted, declined or canceled.
        party: the account id or email address that it invites.
        organization_id: the organization that began it.
    """

    action: str | None = None
    state: str | None = None
    party: str | None = None
    organization_id: str | None = None


class Transfer(msgspec.Struct, frozen=True):
    """A responsibility transfer (of bills) between two organizations.

    Attributes:
        name: as the organization that offered it calls it.
        status: accepted, ending or terminated.
        payer: the management account that pays the bills (`target` in the API).
        payee: the management account whose bills they are (`source` in the API).
    """

    name: str | None = None
    status: str | None = None
    payer: str | None = None
    payee: str | None = None


class ResourcePolicy(msgspec.Struct, frozen=True):
    """The delegation policy of an organization, whose text CloudTrail hides."""

    id: str | None = None
    deleted: bool = False


class AccountRequest(msgspec.Struct, frozen=True):
    """A requested account, until a result has its id."""

    name: str | None = None


class Membership(msgspec.Struct, frozen=True):
    """What is known about an organization as a whole.

    Attributes:
        management_account_id: the account that manages it.
        feature_set: ALL or CONSOLIDATED_BILLING.
        deleted: whether it was deleted.
        members_known: whether every account in it is known, because its creation is.
    """

    management_account_id: str | None = None
    feature_set: str | None = None
    deleted: bool = False
    members_known: bool = False


class Organization(msgspec.Struct, frozen=True):
    """The state: maps from ids to what is known.

    Attributes:
        organizations: organization id -> `Membership`.
        accounts: account id -> `Account`.
        units: OU id -> `OrganizationalUnit`.
        policies: policy id -> `Policy`.
        attachments: (policy id, target id) -> whether attached.
        attached_at: target id -> map of policy id -> True, of what is attached.
        attached_ever: policy id -> map of target id -> True, of what was ever attached.
        policy_types: (root id, policy type) -> whether enabled.
        trusted_access: (management account id, service principal) -> whether enabled.
        delegated_administrators: (account id, service principal) -> whether registered.
        resource_policies: management account id -> `ResourcePolicy`.
        handshakes: handshake id -> `Handshake`.
        transfers: transfer id -> `Transfer`.
        tags: resource id -> map of tag key -> value; None: removed.
        requests: id of a request for an account -> `AccountRequest`.
        roots: ids of the roots seen -> True.
        given_names: names that the user gave, for ids that the log has no name of.
    """

    organizations: Map = HashTrieMap()
    accounts: Map = HashTrieMap()
    units: Map = HashTrieMap()
    policies: Map = HashTrieMap()
    attachments: Map = HashTrieMap()
    attached_at: Map = HashTrieMap()
    attached_ever: Map = HashTrieMap()
    policy_types: Map = HashTrieMap()
    trusted_access: Map = HashTrieMap()
    delegated_administrators: Map = HashTrieMap()
    resource_policies: Map = HashTrieMap()
    handshakes: Map = HashTrieMap()
    transfers: Map = HashTrieMap()
    tags: Map = HashTrieMap()
    requests: Map = HashTrieMap()
    roots: Map = HashTrieMap()
    given_names: Map = HashTrieMap()

    @classmethod
    def with_names(cls, names: Mapping[str, str]) -> Organization:
        """The state before any event, with names that the user gave."""
        return cls(given_names=HashTrieMap(names))

    def name_of(self, identifier: str, kind: str | None = None) -> str | None:
        """The name of a resource, from the log or else from the user.

        Args:
            identifier: its id.
            kind: its type, if that is known; otherwise all types are searched.
        """
        for name in _MAPS_BY_TYPE.get(kind or "", _NAMED_MAPS):
            found = getattr(self, name).get(identifier)
            if found is not None and found.name is not None:
                return found.name  # type: ignore[no-any-return]  # names are texts
        if identifier in MANAGED_POLICIES:
            return MANAGED_POLICIES[identifier][0]
        return self.given_names.get(identifier)

    def path_of(self, unit_id: str) -> tuple[str, ...] | None:
        """The names from the root down to an OU.

        None if one of the names or parents is not known.
        """
        names: list[str] = []
        identifier: str | None = unit_id
        while identifier and not identifier.startswith("r-"):
            unit = self.units.get(identifier)
            name = self.name_of(identifier, "ou")
            if unit is None or name is None or len(names) > _MOST_LEVELS:
                return None
            names.append(name)
            identifier = unit.parent_id
        return tuple(reversed(names)) if identifier else None

    def policy_type_of(self, policy_id: str) -> str | None:
        """The type of a policy, such as `SERVICE_CONTROL_POLICY`; None if no event has it."""
        found = self.policies.get(policy_id)
        if found is None and policy_id in MANAGED_POLICIES:
            return MANAGED_POLICIES[policy_id][1]
        return None if found is None else found.type

    def organization_of(self, account_id: str | None) -> str | None:
        """The organization of an account: its own, or else the only one that is known."""
        found = self.accounts.get(account_id)
        if found is not None and found.organization_id:
            own: str = found.organization_id
            return own
        living = [identifier for identifier, one in self.organizations.items() if not one.deleted]
        return living[0] if len(living) == 1 else None

    def is_outside(self, account_id: str | None) -> bool:
        """Whether the organization never had an account; False if that is not known.

        It is known if the log has the creation of the only organization, the result of every
        request for an account, and the answer to every invitation that can be this account's.
        """
        living = [one for one in self.organizations.values() if not one.deleted]
        if not account_id or account_id in self.accounts or self.requests:
            return False
        invited = (one.party or "" for one in self.handshakes.values() if one.state == "open")
        if any(party == account_id or "@" in party for party in invited):
            return False
        return len(living) == 1 and living[0].members_known

    def only_root(self) -> str | None:
        """The id of the root; None unless events have exactly one."""
        return next(iter(self.roots)) if len(self.roots) == 1 else None
