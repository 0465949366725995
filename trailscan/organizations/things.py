"""The things an event is about: by id and, where the log knows it, by the name they had then.

A denied call has no request parameters at all; of its target only the ARN in the error message
remains, and often not even that.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.fields import text_at

if TYPE_CHECKING:
    from trailscan.events.event import Event
    from trailscan.organizations.state import Organization

_DENIED_ON = re.compile(r"on resource: arn:[^:\s]*:organizations::[^:\s]*:(\w+)/(\S+)")
_ACCOUNT = re.compile(r"[0-9]{12}")
_ARN_KINDS = {"resourcepolicy": "resource_policy", "transfer": "responsibility_transfer"}
_PREFIXES = {
    "ou": "ou",
    "rp": "resource_policy",
    "rt": "responsibility_transfer",
    "r": "root",
    "p": "policy",
    "o": "organization",
    "h": "handshake",
    "car": "account_request",
}
_WORDS = {
    "account": "account",
    "account_request": "account request",
    "email": "",  # an address needs no word before it, nor does a service
    "handshake": "handshake",
    "organization": "organization",
    "ou": "OU",
    "policy": "policy",
    "resource_policy": "resource policy",
    "responsibility_transfer": "responsibility transfer",
    "root": "organization root",
    "service": "",
}
_POLICY_TYPES = {
    "SERVICE_CONTROL_POLICY": "SCP",
    "RESOURCE_CONTROL_POLICY": "RCP",
    "AISERVICES_OPT_OUT_POLICY": "AI services opt-out",
    "BEDROCK_POLICY": "Bedrock",
    "DECLARATIVE_POLICY_EC2": "EC2 declarative",
    "GUARDDUTY_POLICY": "GuardDuty",
    "INSPECTOR_POLICY": "Inspector",
    "NETWORK_SECURITY_DIRECTOR_POLICY": "Network Security Director",
    "S3_POLICY": "S3",
    "SECURITYHUB_CSPM_POLICY": "Security Hub CSPM",
    "SECURITYHUB_POLICY": "Security Hub",
}
"""Types of policy as people call them; of the others the enum in lower case reads well."""


class Role(NamedTuple):
    """What a thing plays in a sentence: of which kind it is, and where its id stands.

    The kind is None where things of several kinds can play the role: then the id tells.
    """

    kind: str | None
    paths: tuple[str, ...]
    unknown: str = ""


_TRANSFER = ("request.id", "response.responsibilityTransfer.id", "details.id", "details.*.id")

ROLES = {
    "account": Role("account", ("request.accountId", "details.accountId", "details.*.accountId")),
    "account_request": Role(
        "account_request", ("request.createAccountRequestId", "response.createAccountStatus.id")
    ),
    "caller": Role("account", ()),  # the account that called: nothing in the event names it else
    "ou": Role("ou", ("request.organizationalUnitId", "response.organizationalUnit.id")),
    "parent": Role(None, ("request.parentId",), "an unknown parent"),
    "child": Role(None, ("request.childId",), "an unknown account or OU"),
    "source": Role(None, ("request.sourceParentId",), "an unknown parent"),
    "destination": Role(None, ("request.destinationParentId",), "an unknown parent"),
    "policy": Role("policy", ("request.policyId", "response.policy.policySummary.id")),
    "target": Role(None, ("request.targetId",), "an unknown target"),
    "root": Role("root", ("request.rootId", "response.root.id")),
    "handshake": Role("handshake", ("request.handshakeId", "response.handshake.id")),
    "invited": Role(None, ("request.target.id",), "an unknown account"),
    "organization": Role("organization", ("response.organization.id",)),
    "resource_policy": Role(
        "resource_policy", ("response.resourcePolicy.resourcePolicySummary.id",)
    ),
    "resource": Role(None, ("request.resourceId",), "an unknown resource"),
    "service": Role("service", ("request.servicePrincipal",), "an unknown service"),
    "transfer": Role("responsibility_transfer", _TRANSFER),
}
"""Every role of a thing, by the name that sentences use."""

_REFUSED_AS = {"parent": ("ou", "root"), "target": ("account", "ou", "root")}
"""Roles of several kinds that a refusal's ARN tells: of a move's two parents it tells neither."""


class Thing(NamedTuple):
    """Something an event is about.

    Attributes:
        id: as AWS has it; None when the event does not tell.
        name: what it was called then.
        type: account, ou, policy, …
        path: of an OU, the names from the root down to it, where all of them are known.
        word: what to call it, where its type alone says too little: `SCP`.
    """

    id: str | None
    name: str | None = None
    type: str | None = None
    path: str | None = None
    word: str | None = None

    def __str__(self) -> str:
        """Kind, name and id: `OU Workloads/Prod (ou-abcd-11111111)`."""
        identifier, name, kind, path, word = self
        word = word or _WORDS.get(kind or "", "")
        if identifier is None:
            return f"an unknown {word or kind or 'thing'}"
        if kind == "account" and name:
            return f'account {identifier} "{name}"'
        if name := path or name:
            return f"{word} {name} ({identifier})" if word else f"{name} ({identifier})"
        return f"{word} {identifier}" if word else identifier

    @property
    def label(self) -> str:
        """Name and id."""
        identifier = self.id or "id unknown"
        return f"{self.name} ({identifier})" if self.name else identifier


def thing(event: Event, role: str, known: Organization) -> Thing:
    """What plays a role in an event, such as `account` or `destination`."""
    if role == "caller":
        own = event.recipient_account_id or event.user_identity.account_id
        return named(own, "account", known)
    kind, paths, _ = ROLES[role]
    found = text_at(event, *paths)
    if found is None:
        return _nameless(role, kind, event, known)
    if kind is None:
        kind = kind_of(found) or (_invited_kind(event) if role == "invited" else None)
    one = named(found, kind, known)
    if role == "account" and one.name is None:
        return one._replace(name=_account_name(event))
    return one


def _account_name(event: Event) -> str | None:
    """The name of a new account, in clear until 2018."""
    return text_at(event, "request.accountName", "details.createAccountStatus.accountName")


def _nameless(role: str, kind: str | None, event: Event, known: Organization) -> Thing:
    """What plays a role when nothing has its id: what a refusal names, where it can be that."""
    if role == "account" and event.request_parameters is not None:
        return Thing(None, _account_name(event), kind)
    if event.request_parameters is None and event.error_message:
        refused = refused_thing(event, known)
        if refused.id and refused.type in ((kind,) if kind else _REFUSED_AS.get(role, ())):
            return refused
    return Thing(None, None, kind)


def named(identifier: str | None, kind: str | None, known: Organization) -> Thing:
    """A thing with what is known of it: name, path of an OU, type of a policy."""
    if identifier is None:
        return Thing(None, None, kind)
    if kind == "policy":
        policy = known.policies.get(identifier)
        word = policy_word(policy.type) if policy is not None and policy.type else None
        return Thing(identifier, known.name_of(identifier, kind), kind, None, word)
    name = known.name_of(identifier, kind)
    return Thing(
        identifier, name, kind, known.path_of(identifier) if name and kind == "ou" else None
    )


def _invited_kind(event: Event) -> str | None:
    """ACCOUNT, EMAIL or ORGANIZATION, in whatever case it is written."""
    found = (text_at(event, "request.target.type") or "").casefold()
    return found if found in _WORDS else None


def refused_thing(event: Event, known: Organization) -> Thing:
    """What the error message of a call without parameters names by its ARN: often just `*`."""
    if event.request_parameters is not None or not event.error_message:
        return Thing(None)
    found = _DENIED_ON.search(event.error_message)
    identifier = found[2].rstrip(".,").rpartition("/")[2] if found else "*"
    if found is None or identifier in ("", "*"):
        return Thing(None)
    kind = _ARN_KINDS.get(found[1], found[1])
    return named(identifier, kind if kind in _WORDS else None, known)


def any_thing(event: Event, known: Organization) -> Thing:
    """The first value of a request that looks like an id, or what a refusal names."""
    texts = [value for value in event.request.values() if isinstance(value, str)]
    found = next((text for text in texts if kind_of(text)), None)
    return refused_thing(event, known) if found is None else named(found, kind_of(found), known)


@lru_cache(maxsize=4096)
def kind_of(identifier: str | None) -> str | None:
    """The kind of thing an id belongs to, by its grammar."""
    if identifier is None:
        return None
    if _ACCOUNT.fullmatch(identifier):
        return "account"
    if "@" in identifier:
        return "email"
    prefix, dash, _ = identifier.partition("-")
    return _PREFIXES.get(prefix) if dash else None


def unknown(role: str) -> str:
    """What to say of a role when nobody plays it."""
    return ROLES[role].unknown or str(Thing(None, None, ROLES[role].kind))


def policy_type(event: Event) -> str | None:
    """The type of policy in an event, as people call it: SCP, backup, GuardDuty."""
    found = text_at(
        event,
        "request.policyType",
        "request.type",
        "request.filter",
        "response.policy.policySummary.type",
        "details.policyType",
    )
    return in_words(found)


def in_words(policy_type: str | None) -> str | None:
    """A type of policy as people call it; an unknown one is spelt out."""
    if policy_type is None:
        return None
    lower = policy_type.upper().removesuffix("_POLICY").lower().replace("_", " ")
    return _POLICY_TYPES.get(policy_type.upper(), lower)


@lru_cache(maxsize=64)
def policy_word(policy_type: str | None) -> str | None:
    """What a policy of some type is called: `SCP`, `tag policy`; None for an unknown type."""
    kind = in_words(policy_type)
    return kind if kind in {None, "SCP", "RCP"} else f"{kind} policy"
