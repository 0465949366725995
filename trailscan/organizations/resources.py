"""The resources that an event is about: by id and, where the log has it, by the name at that time.

A denied call has no request parameters at all. Only the ARN in its error message names a resource,
and often not even that.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from trailscan.organizations.fields import text_at
from trailscan.organizations.policy_types import policy_noun

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trailscan.events.event import Event
    from trailscan.organizations.state import Organization

_DENIED_ON = re.compile(r"on resource: arn:[^:\s]*:organizations::[^:\s]*:(\w+)/(\S+)")
_MARKS = re.compile(r"""[/():;,"'\\\n\r]""")
_ACCOUNT = re.compile(r"[0-9]{12}")
_TYPES_IN_ARNS = {"resourcepolicy": "resource_policy", "transfer": "responsibility_transfer"}
_TYPES_BY_PREFIX = {
    "ou": "ou",
    "rp": "resource_policy",
    "rt": "responsibility_transfer",
    "r": "root",
    "p": "policy",
    "o": "organization",
    "h": "handshake",
    "car": "account_request",
}
_TYPES = frozenset({*_TYPES_BY_PREFIX.values(), "account", "email", "service"})
_NOUNS = {
    "email": "",  # an address needs no noun before it, nor does a service
    "ou": "OU",
    "resource_policy": "delegation policy",
    "root": "organization root",
    "service": "",
}
"""The nouns for types whose noun is not simply their name."""


def quoted(name: str) -> str:
    r"""A name, in quotation marks if it could be taken for the words around it: `"a (b): c"`."""
    if name and not _MARKS.search(name) and name.strip() == name:
        return name
    return _in_marks(name)


def _in_marks(name: str) -> str:
    escaped = name.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


class Resource(NamedTuple):
    """Something that an event is about.

    Attributes:
        id: AWS's id; None if the event does not give it.
        name: its name at that time.
        type: account, ou, policy, …
        path: of an OU, the names from the root down to it, quoted, if all of them are known.
        noun: the noun for it, where its type alone says too little: `SCP`.
    """

    id: str | None
    name: str | None = None
    type: str | None = None
    path: str | None = None
    noun: str | None = None

    def __str__(self) -> str:
        """Noun, name and id: `OU Workloads/Prod (ou-abcd-11111111)`."""
        identifier, name, kind, path, noun = self
        noun = noun or _noun(kind)
        if identifier is None:
            return f"an unknown {noun or kind or 'resource'}"
        identifier = quoted(identifier)
        if kind == "account" and name:
            return f"account {identifier} {_in_marks(name)}"
        if name := path or (name and quoted(name)):
            return f"{noun} {name} ({identifier})" if noun else f"{name} ({identifier})"
        return f"{noun} {identifier}" if noun else identifier

    @property
    def label(self) -> str:
        """Name and id."""
        identifier = self.id or "id unknown"
        return f"{quoted(self.name)} ({identifier})" if self.name else identifier


class Role(NamedTuple):
    """The part that a resource plays in an event, such as `source` or `destination` of a move.

    Attributes:
        type: of the resource; None if it can have several, which the id then tells apart.
        paths: where its id is, the first path that has one.
        unknown: what a sentence says if the resource is not known.
        type_path: where the event gives the type, if the id does not.
        name_paths: where the event can have the name.
        denied_types: of a role without type, the types that the ARN in a refusal may have.
        otherwise: finds the id where no path has it, from the event or the state before it.
    """

    type: str | None
    paths: tuple[str, ...] = ()
    unknown: str = ""
    type_path: str = ""
    name_paths: tuple[str, ...] = ()
    denied_types: tuple[str, ...] = ()
    otherwise: Callable[[Event, Organization], str | None] | None = None

    @property
    def unknown_words(self) -> str:
        """What a sentence says if no resource plays this role."""
        return self.unknown or str(Resource(None, None, self.type))


def resource_in_role(event: Event, role: Role, state: Organization) -> Resource:
    """The resource that plays a role in an event."""
    identifier = text_at(event, *role.paths)
    if identifier is None and role.otherwise is not None:
        identifier = role.otherwise(event, state)
    if identifier is None:
        return _without_id(role, event, state)
    kind = role.type or type_of(identifier) or (_type_at(event, role.type_path))
    found = named(identifier, kind, state)
    if found.name is None and role.name_paths:
        return found._replace(name=text_at(event, *role.name_paths))
    return found


def caller(event: Event) -> str | None:
    """The id of the account that called."""
    return event.recipient_account_id or event.user_identity.account_id


def _without_id(role: Role, event: Event, state: Organization) -> Resource:
    """The resource in a role if no path has its id: what a refusal names, if the type fits."""
    if event.request_parameters is not None:
        return Resource(None, text_at(event, *role.name_paths), role.type)
    refused = denied_resource(event, state)
    if refused.id and refused.type in ((role.type,) if role.type else role.denied_types):
        return refused
    return Resource(None, None, role.type)


def _type_at(event: Event, path: str) -> str | None:
    """The type that an event gives in words, in whatever case; None if it is not a known one."""
    found = (text_at(event, path) or "").casefold() if path else ""
    return found if found in _TYPES else None


def named(identifier: str | None, kind: str | None, state: Organization) -> Resource:
    """A resource with what is known about it: name, path of an OU, type of a policy."""
    if identifier is None:
        return Resource(None, None, kind)
    name = state.name_of(identifier, kind)
    if kind == "policy":
        return Resource(
            identifier, name, kind, None, policy_noun(state.policy_type_of(identifier) or None)
        )
    names = state.path_of(identifier) if name and kind == "ou" else None
    path = "/".join(map(quoted, names)) if names else None
    return Resource(identifier, name, kind, path)


def denied_resource(event: Event, state: Organization) -> Resource:
    """The resource whose ARN is in the error message of a denied call; often that is just `*`."""
    if event.request_parameters is not None or not event.error_message:
        return Resource(None)
    found = _DENIED_ON.search(event.error_message)
    identifier = found[2].rstrip(".,").rpartition("/")[2] if found else "*"
    if found is None or identifier in ("", "*"):
        return Resource(None)
    kind = _TYPES_IN_ARNS.get(found[1], found[1])
    return named(identifier, kind if kind in _TYPES else None, state)


def any_resources(event: Event, state: Organization) -> list[Resource]:
    """The values of a request that look like ids, or the resource that a refusal names."""
    texts = [value for value in event.request.values() if isinstance(value, str)]
    found = [named(text, kind, state) for text in texts if (kind := type_of(text))]
    return found or [denied_resource(event, state)]


def each_once(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """The resources by id, name and type, each once and in order."""
    plain = {one.id or one.name: Resource(*one[:3]) for one in resources if one.id or one.name}
    return tuple(plain.values())


@lru_cache(maxsize=4096)
def type_of(identifier: str | None) -> str | None:
    """The type of resource that an id belongs to, by its form; None if no form fits."""
    if identifier is None:
        return None
    if _ACCOUNT.fullmatch(identifier):
        return "account"
    if "@" in identifier:
        return "email"
    prefix, dash, _ = identifier.partition("-")
    return _TYPES_BY_PREFIX.get(prefix) if dash else None


@lru_cache(maxsize=64)
def _noun(kind: str | None) -> str:
    """The noun for a type of resource; empty if it needs none."""
    return _NOUNS.get(kind, kind.replace("_", " ")) if kind else ""
