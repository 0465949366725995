"""Operations on tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace
from rpds import HashTrieMap

from trailscan.organizations.fields import tags_at, text_at, texts_at
from trailscan.organizations.operation import BeforeAndAfter, Operation
from trailscan.organizations.resources import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trailscan.events.event import Event
    from trailscan.organizations.context import SentenceContext
    from trailscan.organizations.state import Map, Organization

_KEYS = "request.tagKeys"


def _with_tags(
    state: Organization, event: Event, news: Iterable[tuple[str, str | None]]
) -> Organization:
    """The state in which the resource of a call has some tags; a value of None removes one."""
    identifier = text_at(event, "request.resourceId")
    if not identifier:
        return state
    known: Map = state.tags.get(identifier, HashTrieMap())
    for key, value in news:
        known = known.insert(key, value)
    return replace(state, tags=state.tags.insert(identifier, known))


def _tag(state: Organization, event: Event) -> Organization:
    return _with_tags(state, event, tags_at(event))


def _untag(state: Organization, event: Event) -> Organization:
    return _with_tags(state, event, ((key, None) for key in texts_at(event, _KEYS)))


def _tags_before(call: SentenceContext) -> Mapping[str, str | None]:
    """The tags of the resource before the call, as far as they are known."""
    identifier = text_at(call.event, "request.resourceId")
    return call.state.tags.get(identifier or "", {})  # type: ignore[no-any-return]  # a map of texts


def _tagged(call: SentenceContext) -> BeforeAndAfter:
    """The tags that the call sets, and the values that they had."""
    news = dict(tags_at(call.event))
    return _before(call, news), _pairs(news)


def _untagged(call: SentenceContext) -> BeforeAndAfter:
    return _before(call, texts_at(call.event, _KEYS)), None


def _before(call: SentenceContext, keys: Iterable[str]) -> str | None:
    """The known tags with some keys before the call."""
    known = _tags_before(call)
    return _pairs({key: value for key in keys if (value := known.get(key))})


def _pairs(values: Mapping[str, str]) -> str | None:
    return ", ".join(f"{key}={value}" for key, value in values.items()) or None


def tags(call: SentenceContext) -> str | None:
    """`key=value` pairs, each with the previous value if that was another."""
    before = _tags_before(call)
    pairs = [
        f"{quoted(key)}={quoted(value)}{_was(before.get(key), value)}"
        for key, value in tags_at(call.event)
    ]
    return ", ".join(pairs) or None


def tag_keys(call: SentenceContext) -> str:
    """The removed tags by their keys, each with its value if that is known."""
    before = _tags_before(call)
    keys = texts_at(call.event, _KEYS)
    named = ", ".join(f"{quoted(key)}{_was(before.get(key), None)}" for key in keys)
    return f"the {'tag' if len(keys) == 1 else 'tags'} {named}" if keys else "tags"


def _was(old: str | None, new: str | None) -> str:
    return f" (was {quoted(old)})" if old is not None and old != new else ""


# fmt: off
OPERATIONS = (
    Operation("TagResource", "tag", "resource",
        done="tagged {resource} with {tags}", tried="tag {resource}[ with {tags}]",
        known_from="model", severity="low",
        reason="Sets labels, which matter only where rules for access or for cost read them.",
        effect=_tag, before_and_after=_tagged),
    Operation("UntagResource", "tag", "resource",
        done="removed {tag_keys} from {resource}", tried="remove {tag_keys} from {resource}",
        known_from="model", severity="low",
        reason="Removes labels, so that rules for access or for cost that read them no longer match.",
        effect=_untag, before_and_after=_untagged),
)
