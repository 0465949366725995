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

_DENIED_ON = re.compile(r"on resource: arn:[^:\s]*:organizations::[^:\s]*:(\S+)")
_POLICY_TYPES = {
    "SERVICE_CONTROL_POLICY": "SCP",
    "RESOURCE_CONTROL_POLICY": "RCP",
}
_KINDS = (
    ("ou-", "ou", "OU"),
    ("rp-", "resource_policy", "resource policy"),
    ("rt-", "responsibility_transfer", "responsibility transfer"),
    ("r-", "root", "organization root"),
    ("p-", "policy", "policy"),
    ("o-", "organization", "organization"),
    ("h-", "handshake", "handshake"),
)
_IDS = {
    "account": (
        "request.accountId",
        "details.createAccountStatus.accountId",
        "details.closeAccountStatus.accountId",
        "details.accountId",
    ),
    "ou": ("request.organizationalUnitId", "response.organizationalUnit.id"),
    "parent": ("request.parentId",),
    "source": ("request.sourceParentId",),
    "destination": ("request.destinationParentId",),
    "policy": ("request.policyId", "response.policy.policySummary.id"),
    "target": ("request.targetId",),
    "root": ("request.rootId", "response.root.id"),
    "handshake": ("request.handshakeId", "response.handshake.id"),
    "invited": ("request.target.id",),
    "organization": ("response.organization.id",),
    "resource_policy": ("response.resourcePolicy.resourcePolicySummary.id",),
    "resource": ("request.resourceId",),
    "transfer": ("request.id", "response.responsibilityTransfer.id", "details.id"),
}


class Thing(NamedTuple):
    """Something an event is about."""

    id: str | None
    name: str | None = None
    type: str | None = None

    def __str__(self) -> str:
        """Kind, name and id: `OU Sandbox (ou-abcd-11111111)`."""
        word = next((words for _, kind, words in _KINDS if kind == self.type), self.type or "")
        if self.id is None:
            return f"{word} (unknown)".strip()
        if self.type == "account" and self.name:
            return f'account {self.id} "{self.name}"'
        shown = f"({self.id})" if self.name else self.id
        return " ".join(filter(None, (word, self.name, shown)))


def look_up(event: Event, path: str) -> object:
    """The value at a path such as `request.target.id`, or None."""
    place, *names = path.split(".")
    found: object = getattr(event, place)
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def text_at(event: Event, *paths: str) -> str | None:
    """The first text at some paths that CloudTrail did not hide."""
    found = (look_up(event, path) for path in paths)
    return next((text for text in found if isinstance(text, str) and text not in HIDDEN), None)


def thing(event: Event, role: str, names: Mapping[str, str]) -> Thing:
    """What plays a role in an event, such as `account` or `destination`."""
    if role == "caller":
        own = event.recipient_account_id or event.user_identity.account_id
        return Thing(own, names.get(own or ""), "account")
    if role == "service":
        return Thing(text_at(event, "request.servicePrincipal"), None, "service")
    found = text_at(event, *_IDS.get(role, ()))
    if found is None and event.error_code and role in _target_roles(event):
        found = denied_id(event)
    kind = kind_of(found) or (role if role in {"account", "ou", "policy", "handshake"} else None)
    if role == "invited":
        kind = kind_of(found) or "email"
    return Thing(found, names.get(found or ""), kind)


def _target_roles(event: Event) -> tuple[str, ...]:
    """Roles whose id may be read from an error message: those that the call is made on."""
    if event.request_parameters is not None:
        return ()
    return ("account", "ou", "policy", "root", "handshake", "resource", "parent")


def denied_id(event: Event) -> str | None:
    """The id in the ARN of an error message, or None: often the resource is just `*`."""
    found = _DENIED_ON.search(event.error_message or "")
    return found[1].rstrip(".,").rpartition("/")[2] if found else None


def kind_of(identifier: str | None) -> str | None:
    """The kind of thing an id belongs to, by its grammar."""
    if identifier is None:
        return None
    if re.fullmatch(r"\d{12}", identifier):
        return "account"
    return next((kind for start, kind, _ in _KINDS if identifier.startswith(start)), None)


def policy_type(event: Event) -> str:
    """The type of policy in an event, as people call it."""
    found = text_at(
        event,
        "request.policyType",
        "request.type",
        "response.policy.policySummary.type",
        "details.policyType",
    )
    if found is None:
        return "unknown"
    return _POLICY_TYPES.get(found.upper(), found.removesuffix("_POLICY").lower().replace("_", " "))


def words(event: Event) -> dict[str, str]:
    """What sentences say besides things."""
    method = text_at(event, "details.departureMethod", "details.departedMethod")
    joined = text_at(event, "details.joinedMethod")
    return {
        "policy_type": policy_type(event),
        "service": text_at(event, "request.servicePrincipal") or "(unknown service)",
        "new_name": text_at(event, "request.name", "response.organizationalUnit.name") or "?",
        "tags": _tags(look_up(event, "request.tags")),
        "tag_keys": _list(look_up(event, "request.tagKeys")),
        "changed": _changed(event),
        "validity": (text_at(event, "details.state") or "unknown").lower(),
        "joined": f" ({joined.lower()})" if joined else "",
        "departed": f" ({method.lower()})" if method else "",
    }


def _tags(value: object) -> str:
    """`key=value` pairs of a list of tags."""
    items = value if isinstance(value, list) else []
    pairs = [f"{tag.get('key')}={tag.get('value')}" for tag in items if isinstance(tag, dict)]
    return ", ".join(pairs) or "(unknown tags)"


def _list(value: object) -> str:
    """A list of texts."""
    return ", ".join(str(item) for item in value) if isinstance(value, list) else "(unknown)"


def _changed(event: Event) -> str:
    """Which members of a policy an update gave."""
    members = {"content": "text", "name": "name", "description": "description"}
    given = [word for member, word in members.items() if member in event.request]
    return ", ".join(given) or "what is unknown"
