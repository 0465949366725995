"""The organization at one moment, as far as the log tells: one frozen value.

Nothing is guessed. What no event told is absent: an account that was never moved has no parent
here, a policy that was never seen to be attached is not in `attachments`, and neither says that it
has none. What was undone stays, marked: names outlive what they named.

The maps are persistent (rpds): a new state shares all but what changed with the one before, so that
a million states cost what their differences cost.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from rpds import HashTrieMap

if TYPE_CHECKING:
    from collections.abc import Mapping

AccountStatus = Literal["active", "closed", "departed"]

if TYPE_CHECKING:
    Map = HashTrieMap[Any, Any]
else:
    Map = HashTrieMap  # which takes no parameters when it runs

_PLACES: dict[str, tuple[str, ...]] = {
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
_ALL_PLACES = ("accounts", "units", "policies", "transfers")

_DEEPEST = 10
"""OUs nest five deep; a cycle that no organization can have must not go on forever."""


class Account(msgspec.Struct, frozen=True):
    """A member or management account.

    Attributes:
        name: as an event told it: CloudTrail hides it in Organizations events since 2020.
        parent_id: the OU or root it is in.
        status: active, closed (and still a member for about 90 days), or departed.
        joined_method: created or invited.
        joined_at: UTC.
        departed_method: left, removed or cleaned.
        departed_at: UTC.
        govcloud_id: of the account in GovCloud made with it.
    """

    name: str | None = None
    parent_id: str | None = None
    status: AccountStatus | None = None
    joined_method: str | None = None
    joined_at: datetime | None = None
    departed_method: str | None = None
    departed_at: datetime | None = None
    govcloud_id: str | None = None


class OrganizationalUnit(msgspec.Struct, frozen=True):
    """An OU; `deleted` ones keep what they were."""

    name: str | None = None
    parent_id: str | None = None
    deleted: bool = False


class Policy(msgspec.Struct, frozen=True):
    """A policy; `content` is its text as it was written, None where no event had it."""

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
        party: whom it invites: an account id or an address.
    """

    action: str | None = None
    state: str | None = None
    party: str | None = None


class Transfer(msgspec.Struct, frozen=True):
    """A responsibility transfer (of bills) between two organizations."""

    name: str | None = None
    status: str | None = None


class AccountRequest(msgspec.Struct, frozen=True):
    """An account asked for, until its result tells the id."""

    name: str | None = None


class Membership(msgspec.Struct, frozen=True):
    """What is known of an organization as a whole."""

    management_account_id: str | None = None
    feature_set: str | None = None
    deleted: bool = False


class Organization(msgspec.Struct, frozen=True):
    """The state: maps from ids to what is known.

    Attributes:
        organizations: organization id -> `Membership`.
        accounts: account id -> `Account`.
        units: OU id -> `OrganizationalUnit`.
        policies: policy id -> `Policy`.
        attachments: (policy id, target id) -> whether attached.
        policy_types: (root id, policy type) -> whether enabled.
        trusted_access: (management account id, service principal) -> whether enabled.
        delegated_administrators: (account id, service principal) -> whether registered.
        resource_policies: management account id -> whether the organization has one.
        handshakes: handshake id -> `Handshake`.
        transfers: transfer id -> `Transfer`.
        tags: resource id -> map of tag key -> value; None: removed.
        requests: id of a CreateAccount request -> `AccountRequest`.
        roots: ids of the roots seen -> True.
        given_names: names that the user gave, for ids that the log has no name of.
    """

    organizations: Map = HashTrieMap()
    accounts: Map = HashTrieMap()
    units: Map = HashTrieMap()
    policies: Map = HashTrieMap()
    attachments: Map = HashTrieMap()
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
        """What a thing is called, by the log or else by the user; `kind` spares the search."""
        for place in _PLACES.get(kind or "", _ALL_PLACES):
            found = getattr(self, place).get(identifier)
            if found is not None and found.name is not None:
                return found.name  # type: ignore[no-any-return]  # names are texts
        return self.given_names.get(identifier)

    def path_of(self, unit_id: str) -> str | None:
        """The names from the root down to an OU, `Workloads/Prod`.

        None if one of them, or the parent of one, is not known.
        """
        names: list[str] = []
        identifier: str | None = unit_id
        while identifier and not identifier.startswith("r-"):
            unit = self.units.get(identifier)
            name = self.name_of(identifier, "ou")
            if unit is None or name is None or len(names) > _DEEPEST:
                return None
            names.append(name)
            identifier = unit.parent_id
        return "/".join(reversed(names)) if identifier else None

    def policy_type_of(self, policy_id: str) -> str | None:
        """The type of a policy, `SERVICE_CONTROL_POLICY`, if an event told it."""
        found = self.policies.get(policy_id)
        return None if found is None else found.type

    def only_root(self) -> str | None:
        """The id of the root, if events named exactly one."""
        return next(iter(self.roots)) if len(self.roots) == 1 else None
