"""What a call changed, as the value before and the value after, where the log knows them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from trailscan.organizations.fields import tags_at, text_at, texts_at
from trailscan.organizations.words import Telling, policy_before

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Pair = tuple[str | None, str | None]

_NONE: Pair = (None, None)


def before_and_after(telling: Telling) -> Pair:
    """The value that a call changed and the value it changed it to; None for what is not known."""
    found = _PAIRS.get(telling.event.event_name or "")
    return _NONE if found is None else found(telling)


def _moved(telling: Telling) -> Pair:
    """The parents, as in the sentence."""
    source, destination = telling.thing("source"), telling.thing("destination")
    return (str(source) if source.id else None, str(destination) if destination.id else None)


def _unit_renamed(telling: Telling) -> Pair:
    return telling.thing("ou").name, text_at(telling.event, "request.name")


def _transfer_renamed(telling: Telling) -> Pair:
    return telling.thing("transfer").name, text_at(telling.event, "request.name")


def _policy_written(telling: Telling) -> Pair:
    """The texts; of an update that leaves the text alone, the names or descriptions."""
    event, before = telling.event, policy_before(telling)
    for member in ("content", "name", "description"):
        after = text_at(event, f"request.{member}")
        old = getattr(before, member)
        if after is not None and after != old:
            return old, after
    return _NONE


def _policy_deleted(telling: Telling) -> Pair:
    return policy_before(telling).content, None


def _attached(telling: Telling) -> Pair:
    return _switched(_is_attached(telling), "attached", "not attached", now=True)


def _detached(telling: Telling) -> Pair:
    return _switched(_is_attached(telling), "attached", "not attached", now=False)


def _is_attached(telling: Telling) -> bool | None:
    event = telling.event
    key = (text_at(event, "request.policyId"), text_at(event, "request.targetId"))
    return telling.known.attachments.get(key)


def _type_enabled(telling: Telling) -> Pair:
    return _switched(_is_enabled(telling), "enabled", "disabled", now=True)


def _type_disabled(telling: Telling) -> Pair:
    return _switched(_is_enabled(telling), "enabled", "disabled", now=False)


def _is_enabled(telling: Telling) -> bool | None:
    kind = text_at(telling.event, "request.policyType")
    key = (text_at(telling.event, "request.rootId"), kind and kind.upper())
    return telling.known.policy_types.get(key)


def _access_enabled(telling: Telling) -> Pair:
    return _switched(_is_trusted(telling), "enabled", "disabled", now=True)


def _access_disabled(telling: Telling) -> Pair:
    return _switched(_is_trusted(telling), "enabled", "disabled", now=False)


def _is_trusted(telling: Telling) -> bool | None:
    key = (telling.thing("caller").id, text_at(telling.event, "request.servicePrincipal"))
    return telling.known.trusted_access.get(key)


def _registered(telling: Telling) -> Pair:
    return _switched(_is_delegated(telling), "registered", "not registered", now=True)


def _deregistered(telling: Telling) -> Pair:
    return _switched(_is_delegated(telling), "registered", "not registered", now=False)


def _is_delegated(telling: Telling) -> bool | None:
    event = telling.event
    key = (text_at(event, "request.accountId"), text_at(event, "request.servicePrincipal"))
    return telling.known.delegated_administrators.get(key)


def _switched(was: bool | None, on: str, off: str, *, now: bool) -> Pair:  # noqa: FBT001  # three values
    """Two words for what something was, if that is known, and what it is now."""
    before = None if was is None else on if was else off
    return before, on if now else off


def _tagged(telling: Telling) -> Pair:
    """The tags that the call sets, before as far as they had values."""
    before = _tags_before(telling)
    news = dict(tags_at(telling.event))
    return _as_tags({key: before[key] for key in news if before.get(key)}), _as_tags(news)


def _untagged(telling: Telling) -> Pair:
    before = _tags_before(telling)
    keys = texts_at(telling.event, "request.tagKeys")
    return _as_tags({key: before[key] for key in keys if before.get(key)}), None


def _tags_before(telling: Telling) -> Mapping[str, str]:
    identifier = text_at(telling.event, "request.resourceId") or ""
    return telling.known.tags.get(identifier, {})  # type: ignore[no-any-return]  # a map of texts


def _as_tags(tags: Mapping[str, str]) -> str | None:
    return ", ".join(f"{key}={value}" for key, value in tags.items()) or None


_PAIRS: Mapping[str, Callable[[Telling], Pair]] = MappingProxyType(
    {
        "AttachPolicy": _attached,
        "CreatePolicy": _policy_written,
        "DeletePolicy": _policy_deleted,
        "DeregisterDelegatedAdministrator": _deregistered,
        "DetachPolicy": _detached,
        "DisableAWSServiceAccess": _access_disabled,
        "DisablePolicyType": _type_disabled,
        "EnableAWSServiceAccess": _access_enabled,
        "EnablePolicyType": _type_enabled,
        "MoveAccount": _moved,
        "RegisterDelegatedAdministrator": _registered,
        "TagResource": _tagged,
        "UntagResource": _untagged,
        "UpdateOrganizationalUnit": _unit_renamed,
        "UpdatePolicy": _policy_written,
        "UpdateResponsibilityTransfer": _transfer_renamed,
    }
)
