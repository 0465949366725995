"""Who made a call: a name, what stands behind it, and how it is shown."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import msgspec

from trailscan.visible import quoted

Kind = Literal[
    "root_user",
    "iam_user",
    "identity_center_user",
    "assumed_role",
    "federated_user",
    "directory",
    "aws_service",
    "aws_account",
    "unknown",
]


_AMBIGUOUS = re.compile(r'[()"]')
"""Only identity providers give names with these; what stands outside of them is ours."""


WORKLOADS = {
    "GitHub Actions": "repo:",
    "GitLab CI": "project_path:",
    "Kubernetes": "system:serviceaccount:",
    "HCP Terraform": "organization:",
}
"""How the names begin that identity providers give to programs: the claim `sub` of their tokens, as
the documentation of each describes it. Such a name is no person's."""


class Principal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who made a call.

    Attributes:
        name: the name of the person, role or service.
        kind: the kind of identity.
        account_id: the account it belongs to.
        role: the role behind the session.
        session: the session's name, chosen by whoever opened the session.
        permission_set: the permission set of Identity Center.
        service: the AWS service that acted, itself or for the principal.
        arn: the ARN in the record.
        rule: the rule that found the name.
        certain: whether AWS guarantees the name; otherwise it follows a convention, or somebody
            else guarantees it.
        provider: the identity provider that signed the principal in.
        user_id: the id of the Identity Center user.
        claims: whether the session's name is no more than its caller's claim.
        via: the roles by whose sessions the principal acted, the newest first, where the chain of
            sessions is known.
        away: whether it belongs to another account than those roles.
        outside: whether the organization never had its account.
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
    provider: str | None = None
    user_id: str | None = None
    claims: bool = False
    via: tuple[str, ...] = ()
    away: bool = False
    outside: bool = False

    @property
    def is_workload(self) -> bool:
        """Whether an identity provider named a program, such as a workflow or a pod."""
        return self.kind == "federated_user" and self.name.startswith(tuple(WORKLOADS.values()))

    @property
    def display(self) -> str:
        """The name and how it acted: `alice@example.com (Admin through Identity Center)`."""
        if self.kind == "assumed_role" and self.name == self.role:
            named = ", ".join([f"role {self.name}", *self._of_role()])
        else:
            how = ", ".join(self._how())
            name = quoted(self.name) if _AMBIGUOUS.search(self.name) else self.name
            named = f"{name} ({how})" if how else name
        roles = ", ".join(
            name if name.startswith("root user") else f"role {name}" for name in self.via
        )
        return f"{named}, by {roles}" if roles else named

    @property
    def all_roles(self) -> tuple[str, ...]:
        """Every role behind the call."""
        return (*self.via, *((self.role,) if self.role else ()))

    @property
    def _through(self) -> str | None:
        """The service through which somebody else acted."""
        return f"through {self.service}" if self.service and self.service != self.name else None

    def _of_role(self) -> list[str]:
        """What follows the name of a role: who signed in, the session, the service."""
        session = self.session
        if session and self.rule == "instance":
            session = f"instance {session}"
        elif session:
            session = f"session named {quoted(session)}" if self.claims else f"session {session}"
        parts = (self._account, self.provider, session, self._through)
        return [part for part in parts if part]

    @property
    def _account(self) -> str | None:
        """The account of somebody who acted in another one."""
        named = self.away and self.kind != "aws_account" and f"account {self.account_id}"
        parts = (named, "outside the organization" if self.outside else None)
        return ", ".join(part for part in parts if part) or None

    def _how(self) -> list[str]:
        """What stands behind the name of anybody but a role."""
        role = self.role if self.role != self.name and self.permission_set is None else None
        parts = (
            self.permission_set and f"{self.permission_set} through Identity Center",
            role and f"role {role}",
            self._account,
            self.provider,
            "opened with AssumeRoot" if self.rule == "assumed_root" else None,
            self.session and self.claims and f"{self._session_kind} named {quoted(self.session)}",
            self._through,
        )
        return [part for part in parts if part]

    @property
    def _session_kind(self) -> str:
        """What a session is called beside the name of who opened it."""
        return "federated session" if self.kind in {"iam_user", "root_user"} else "session"


class Actor(NamedTuple):
    """Who acts, whatever the session.

    Whoever assumes a role chooses the name of the session, so there the role is the actor.
    """

    kind: str
    name: str | None
    account_id: str | None


def actor_of(who: Principal) -> Actor:
    """Who a principal is, whatever the session."""
    if who.kind == "aws_service" and who.via:  # a program in the account, by its role
        return Actor("assumed_role", who.via[-1], who.account_id)
    name = who.role if who.kind == "assumed_role" and who.role else who.name
    account = None if who.kind == "identity_center_user" and who.certain else who.account_id
    return Actor(who.kind, name, account)
