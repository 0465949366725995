"""The values of a sentence: what an event is about and says of it, with what was before."""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from trailscan.organizations.effects.members import departure_method
from trailscan.organizations.fields import enum_at, omitted, tags_at, text_at, texts_at
from trailscan.organizations.policies import compare_policies
from trailscan.organizations.state import Handshake, Policy
from trailscan.organizations.things import (
    ROLES,
    Thing,
    kind_of,
    named,
    policy_type,
    policy_word,
    thing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from trailscan.events.event import Event
    from trailscan.organizations.state import Organization

    Word = Callable[["Telling"], str | None]

_SUMMARY = "response.policy.policySummary"
_PURPOSES = {
    "invite": "invitation",
    "enable all features": "enabling all features",
    "approve all features": "approving all features",
    "add organizations service linked role": "adding the service-linked role of Organizations",
    "transfer responsibility": "transfer of responsibility",
}


class Telling:
    """What a sentence is made from.

    Attributes:
        event: the call.
        told: the service event that tells how it ended, or the call itself.
        known: the organization as it was before.
    """

    __slots__ = ("_things", "event", "known", "told")

    def __init__(self, event: Event, told: Event, known: Organization) -> None:
        self.event = event
        self.told = told
        self.known = known
        self._things: dict[str, Thing] = {}

    def value(self, name: str) -> Thing | str | None:
        """What a name of a sentence stands for; None where nothing tells."""
        word = WORDS.get(name)
        return word(self) if word is not None else self.thing(name)

    def thing(self, role: str) -> Thing:
        """A thing by its result, which alone knows a new account's id, else by its request."""
        found = self._things.get(role)
        if found is None:
            found = self._things[role] = self._thing(role)
        return found

    def _thing(self, role: str) -> Thing:
        early = thing(self.event, role, self.known)
        if self.told is self.event:
            return early
        late = thing(self.told, role, self.known)
        if late.id is None:
            return early
        return late if late.name or not early.name else late._replace(name=early.name)


def _policy_type(telling: Telling) -> str | None:
    return policy_type(telling.event)


def _policy_kind(telling: Telling) -> str:
    found = text_at(telling.event, f"{_SUMMARY}.type", "request.type")
    return policy_word(found) or "policy"


def _name(telling: Telling) -> str | None:
    return text_at(telling.event, "request.name", "request.accountName")


def _tags(telling: Telling) -> str | None:
    """`key=value` pairs; a value that was another before says which."""
    before = _tags_before(telling)
    pairs = [
        f"{key}={value}{_was(before.get(key), value)}" for key, value in tags_at(telling.event)
    ]
    return ", ".join(pairs) or None


def _tag_keys(telling: Telling) -> str | None:
    before = _tags_before(telling)
    keys = texts_at(telling.event, "request.tagKeys")
    return ", ".join(f"{key}{_was(before.get(key), None)}" for key in keys) or None


def _tags_before(telling: Telling) -> Mapping[str, str | None]:
    """The tags of the resource before the call, as far as they are known."""
    identifier = text_at(telling.event, "request.resourceId")
    return telling.known.tags.get(identifier or "", {})  # type: ignore[no-any-return]  # a map of texts


def _was(old: str | None, new: str | None) -> str:
    return f" (was {old})" if old is not None and old != new else ""


def _changed(telling: Telling) -> str | None:
    """What an update of a policy changed; the console gives every member, changed or not."""
    event, before = telling.event, policy_before(telling)
    told = []
    if (content := text_at(event, "request.content")) is not None:
        told.append(_content_changed(before.content, content))
    if (description := text_at(event, "request.description")) is not None:
        told += [] if description == before.description else ["description"]
    name, old = text_at(event, "request.name"), telling.known.name_of(_policy_id(telling))
    if name and name != old:
        told.append(f"renamed to {name}" if old else f"name {name}")
    return "; ".join(filter(None, told)) or (
        "no change" if event.request and not omitted(event) else None
    )


def _content_changed(before: str | None, after: str) -> str:
    """What a new text says that the one before did not."""
    if before is None:
        return "new text (the one before is not known)"
    return "" if before == after else _difference(before, after)


@lru_cache(maxsize=256)
def _difference(before: str, after: str) -> str:
    """Two texts compared; pipelines write the same ones again and again."""
    return compare_policies(before, after).in_words


def _policy_id(telling: Telling) -> str:
    return text_at(telling.event, "request.policyId") or ""


def policy_before(telling: Telling) -> Policy:
    """What was known of the policy of a call before it."""
    found: Policy = telling.known.policies.get(_policy_id(telling), Policy())
    return found


def _validity(telling: Telling) -> str | None:
    return enum_at(telling.event, "details.state")


def _purpose(telling: Telling) -> str | None:
    """What a handshake is for, and with whom."""
    event = telling.event
    identifier = text_at(event, "request.handshakeId", "response.handshake.id")
    known: Handshake = telling.known.handshakes.get(identifier or "", Handshake())
    action = enum_at(event, "response.handshake.action") or known.action
    if action is None:
        return None
    words = _PURPOSES.get(action, action)
    if known.party is None:
        return words
    return f"{words} of {named(known.party, kind_of(known.party), telling.known)}"


def _joined(telling: Telling) -> str | None:
    return enum_at(telling.event, "details.joinedMethod", "details.*.joinedMethod")


def _departed(telling: Telling) -> str | None:
    return departure_method(telling.event)


def _request(telling: Telling) -> str | None:
    return text_at(
        telling.event, "response.createAccountStatus.id", "request.createAccountRequestId"
    )


def _govcloud(telling: Telling) -> str | None:
    return text_at(telling.told, "details.createAccountStatus.govCloudAccountId")


def _made_ou(telling: Telling) -> str:
    return _made(telling.event, "response.organizationalUnit")


def _made_policy(telling: Telling) -> str:
    return _made(telling.event, _SUMMARY)


def _made(event: Event, place: str) -> str:
    """Name and id of what an event brings about."""
    name = text_at(event, f"{place}.name", "request.name")
    return Thing(text_at(event, f"{place}.id"), name).label


def _child_type(telling: Telling) -> str | None:
    found = enum_at(telling.event, "request.childType")
    return {"account": "accounts", "organizational unit": "OUs"}.get(found or "", found)


WORDS: Mapping[str, Word] = MappingProxyType(
    {
        "changed": _changed,
        "child_type": _child_type,
        "departed": _departed,
        "govcloud": _govcloud,
        "joined": _joined,
        "made_ou": _made_ou,
        "made_policy": _made_policy,
        "name": _name,
        "policy_kind": _policy_kind,
        "policy_type": _policy_type,
        "purpose": _purpose,
        "request": _request,
        "tag_keys": _tag_keys,
        "tags": _tags,
        "validity": _validity,
    }
)
"""What sentences say besides things, by the names they use."""

NAMES = frozenset({*WORDS, *ROLES})
"""Every name that a sentence may use."""
