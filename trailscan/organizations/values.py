"""What a change is about: the things an event names, by id and, where the log knows it, by name.

Nothing here trusts the shape of an event: whatever is absent, hidden or of another type than
documented is unknown. A denied call has no request parameters at all; of its target only the ARN in
the error message remains, and often not even that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trailscan.events.event import Event

HIDDEN = frozenset({"****", "HIDDEN_DUE_TO_SECURITY_REASONS"})
"""What CloudTrail writes instead of a value."""

_DENIED_ON = re.compile(r"on resource: arn:[^:\s]*:organizations::[^:\s]*:(\w+)/(\S+)")
_ARN_KINDS = {"resourcepolicy": "resource_policy", "transfer": "responsibility_transfer"}
_PREFIXES = (
    ("ou-", "ou"),
    ("rp-", "resource_policy"),
    ("rt-", "responsibility_transfer"),
    ("r-", "root"),
    ("p-", "policy"),
    ("o-", "organization"),
    ("h-", "handshake"),
)
_WORDS = {
    "account": "account",
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


class _Role(NamedTuple):
    """What a thing plays in a sentence: of which kind it is, and where its id stands.

    The kind is None where things of several kinds can play the role: then the id tells. A `*` in a
    path is any one member: AWS has not published where the newest service events keep their ids.
    """

    kind: str | None
    paths: tuple[str, ...]


_ROLES = {
    "account": _Role("account", ("request.accountId", "details.accountId", "details.*.accountId")),
    "ou": _Role("ou", ("request.organizationalUnitId", "response.organizationalUnit.id")),
    "parent": _Role(None, ("request.parentId",)),
    "source": _Role(None, ("request.sourceParentId",)),
    "destination": _Role(None, ("request.destinationParentId",)),
    "policy": _Role("policy", ("request.policyId", "response.policy.policySummary.id")),
    "target": _Role(None, ("request.targetId",)),
    "root": _Role("root", ("request.rootId", "response.root.id")),
    "handshake": _Role("handshake", ("request.handshakeId", "response.handshake.id")),
    "invited": _Role(None, ("request.target.id",)),
    "organization": _Role("organization", ("response.organization.id",)),
    "resource_policy": _Role(
        "resource_policy", ("response.resourcePolicy.resourcePolicySummary.id",)
    ),
    "resource": _Role(None, ("request.resourceId",)),
    "service": _Role("service", ("request.servicePrincipal",)),
    "transfer": _Role(
        "responsibility_transfer",
        ("request.id", "response.responsibilityTransfer.id", "details.id", "details.*.id"),
    ),
}
_REFUSED_AS = {"parent": ("ou", "root"), "target": ("account", "ou", "root")}
"""Roles of several kinds that a refusal's ARN tells: of a move's two parents it tells neither."""


class Thing(NamedTuple):
    """Something an event is about."""

    id: str | None
    name: str | None = None
    type: str | None = None

    def __str__(self) -> str:
        """Kind, name and id: `OU Sandbox (ou-abcd-11111111)`."""
        word = _WORDS.get(self.type or "", "")
        if self.id is None:
            return f"an unknown {word or self.type or 'thing'}"
        if self.type == "account" and self.name:
            return f'account {self.id} "{self.name}"'
        return " ".join(filter(None, (word, self.label)))

    @property
    def label(self) -> str:
        """Name and id."""
        identifier = self.id or "id unknown"
        return f"{self.name} ({identifier})" if self.name else identifier


def look_up(event: Event, path: str) -> object:
    """The value at a path such as `request.target.id`, or None."""
    place, *names = path.split(".")
    found: list[object] = [getattr(event, place)]
    for name in names:
        objects = [one for one in found if isinstance(one, dict)]
        if name == "*":
            found = [value for one in objects for value in one.values()]
        else:
            found = [one[name] for one in objects if name in one]
    return found[0] if found else None


def text_at(event: Event, *paths: str) -> str | None:
    """The first text at some paths that CloudTrail did not hide."""
    found = (look_up(event, path) for path in paths)
    return next((text for text in found if isinstance(text, str) and text not in HIDDEN), None)


def thing(event: Event, role: str, names: Mapping[str, str]) -> Thing:
    """What plays a role in an event, such as `account` or `destination`."""
    if role == "caller":
        own = event.recipient_account_id or event.user_identity.account_id
        return Thing(own, names.get(own or ""), "account")
    kind, paths = _ROLES[role]
    found = text_at(event, *paths)
    if found is None:
        refused = refused_thing(event, names)
        fits = (kind,) if kind else _REFUSED_AS.get(role, ())
        if refused.id and refused.type in fits:
            return refused
    if kind is None:
        kind = kind_of(found) or (_invited_kind(event) if role == "invited" else None)
    name = names.get(found or "")
    if role == "account" and name is None:
        name = text_at(event, "request.accountName", "details.createAccountStatus.accountName")
    return Thing(found, name, kind)


def _invited_kind(event: Event) -> str | None:
    """ACCOUNT, EMAIL or ORGANIZATION, in whatever case it is written."""
    found = (text_at(event, "request.target.type") or "").casefold()
    return found if found in _WORDS else None


def refused_thing(event: Event, names: Mapping[str, str]) -> Thing:
    """What the error message of a call without parameters names by its ARN: often just `*`."""
    if event.request_parameters is not None:
        return Thing(None)
    found = _DENIED_ON.search(event.error_message or "")
    identifier = found[2].rstrip(".,").rpartition("/")[2] if found else "*"
    if found is None or identifier in ("", "*"):
        return Thing(None)
    kind = _ARN_KINDS.get(found[1], found[1])
    return Thing(identifier, names.get(identifier), kind if kind in _WORDS else None)


def kind_of(identifier: str | None) -> str | None:
    """The kind of thing an id belongs to, by its grammar."""
    if identifier is None:
        return None
    if re.fullmatch(r"[0-9]{12}", identifier):
        return "account"
    if "@" in identifier:
        return "email"
    return next((kind for start, kind in _PREFIXES if identifier.startswith(start)), None)


def policy_type(event: Event) -> str | None:
    """The type of policy in an event, as people call it: SCP, backup, GuardDuty."""
    found = text_at(
        event,
        "request.policyType",
        "request.type",
        "response.policy.policySummary.type",
        "details.policyType",
    )
    if found is None:
        return None
    lower = found.upper().removesuffix("_POLICY").lower().replace("_", " ")
    return _POLICY_TYPES.get(found.upper(), lower)


def words(event: Event, names: Mapping[str, str]) -> dict[str, str | None]:
    """What sentences say besides things; None where the event does not tell."""
    kind = policy_type(event)
    return {
        "policy_type": kind,
        "policy_kind": kind if kind in {"SCP", "RCP"} else f"{kind} policy" if kind else "policy",
        "name": text_at(event, "request.name", "request.accountName"),
        "tags": _tags(look_up(event, "request.tags")),
        "tag_keys": _texts(look_up(event, "request.tagKeys")),
        "changed": _changed(event, names),
        "validity": _lower(event, "details.state"),
        "purpose": _lower(event, "response.handshake.action"),
        "joined": _lower(event, "details.joinedMethod", "details.*.joinedMethod"),
        "departed": _lower(
            event,
            "details.departureMethod",
            "details.departedMethod",
            "details.*.departureMethod",
            "details.*.departedMethod",
        ),
        "request": text_at(event, "response.createAccountStatus.id"),
        "made_ou": _made(event, "response.organizationalUnit"),
        "made_policy": _made(event, "response.policy.policySummary"),
    }


def _made(event: Event, place: str) -> str:
    """Name and id of what an event brings about."""
    name = text_at(event, f"{place}.name", "request.name")
    return Thing(text_at(event, f"{place}.id"), name).label


def _lower(event: Event, *paths: str) -> str | None:
    """An enum as words: AWS writes some in upper case, some in lower, and changed its mind."""
    found = text_at(event, *paths)
    return found and found.lower().replace("_", " ")


def _tags(value: object) -> str | None:
    """`key=value` pairs of a list of tags."""
    items = value if isinstance(value, list) else []
    pairs = [f"{tag.get('key')}={tag.get('value', '')}" for tag in items if isinstance(tag, dict)]
    return ", ".join(pairs) or None


def _texts(value: object) -> str | None:
    """A list of texts."""
    return ", ".join(str(item) for item in value) if isinstance(value, list) else None


def _changed(event: Event, names: Mapping[str, str]) -> str | None:
    """Which members of a policy an update gave; the console gives all, changed or not."""
    given = [
        word
        for member, word in (("content", "text"), ("description", "description"))
        if member in event.request
    ]
    name, before = (
        text_at(event, "request.name"),
        names.get(text_at(event, "request.policyId") or ""),
    )
    if name and name != before:
        given.append(f"renamed to {name}" if before else f"name {name}")
    return ", ".join(given) or None
