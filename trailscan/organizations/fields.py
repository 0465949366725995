"""Reads values from events by their paths: texts, enums, tags and times.

An event can have any form: a value that is absent, hidden, or of another type than documented is
unknown.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.events.event import Event

HIDDEN = frozenset({"****", "HIDDEN_DUE_TO_SECURITY_REASONS"})
"""What CloudTrail writes instead of a value."""

_INNER_TIMES = ("%b %d, %Y, %I:%M:%S %p", "%b %d, %Y %I:%M:%S %p")


_SECTIONS = {
    "request": "request_parameters",
    "response": "response_elements",
    "details": "service_event_details",
}


class _Steps(dict[str, tuple[str, tuple[str, ...], bool]]):
    """By path: the section of the event, the names below it, and whether there is a `*`."""

    def __missing__(self, path: str) -> tuple[str, tuple[str, ...], bool]:
        section, *names = path.split(".")
        steps = self[path] = (_SECTIONS[section], tuple(names), "*" in names)
        return steps


_STEPS = _Steps()


def look_up(event: Event, path: str) -> object:
    """The value at a path such as `request.target.id`, or None.

    A `*` is any one member: AWS has not published where the newest service events have their ids.
    """
    section, names, starred = _STEPS[path]
    found: object = getattr(event, section)
    if found is None:
        return None
    if starred:
        return _search(found, names)
    for name in names:
        if not isinstance(found, dict):
            return None
        found = found.get(name)
    return found


def _search(value: object, names: tuple[str, ...]) -> object:
    """The value below another under some names, where `*` is any name."""
    if not names:
        return value
    if not isinstance(value, dict):
        return None
    inner = value.values() if names[0] == "*" else [value.get(names[0])]
    found = (_search(one, names[1:]) for one in inner)
    return next((one for one in found if one is not None), None)


def text_at(event: Event, *paths: str) -> str | None:
    """The first text at some paths that CloudTrail did not hide; None if there is none."""
    for path in paths:
        found = look_up(event, path)
        if isinstance(found, str) and found not in HIDDEN:
            return found
    return None


def enum_at(event: Event, *paths: str) -> str | None:
    """An enum as words in lower case: AWS has spelled the same ones in several ways."""
    found = text_at(event, *paths)
    return found and found.lower().replace("_", " ")


def tags_at(event: Event, path: str = "request.tags") -> Iterator[tuple[str, str]]:
    """Key and value of each well-formed entry in a list of tags."""
    found = look_up(event, path)
    for tag in found if isinstance(found, list) else ():
        if isinstance(tag, dict) and isinstance(key := tag.get("key"), str):
            value = tag.get("value", "")
            yield key, value if isinstance(value, str) else str(value)


def texts_at(event: Event, path: str) -> list[str]:
    """The texts of a list."""
    found = look_up(event, path)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def time_at(event: Event, *paths: str) -> datetime | None:
    """A time inside an event as an aware UTC datetime; None if it cannot be parsed.

    Such times are Java's, without a zone, with and without a comma after the year
    (`Sep 27, 2022 8:29:44 AM`, `Jul 17, 2025, 2:53:40 PM`), and UTC in all public samples.
    """
    text = text_at(event, *paths)
    return parse_inner_time(text) if text else None


def parse_inner_time(text: str) -> datetime | None:
    """`Jul 17, 2025, 2:53:40 PM`, or ISO 8601, as an aware UTC instant; None if it is neither."""
    plain = text.replace("\u202f", " ")  # newer Java puts a narrow space before AM and PM
    for form in _INNER_TIMES:
        try:
            return datetime.strptime(plain, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    try:
        when = datetime.fromisoformat(text)
        return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def omitted(event: Event) -> bool:
    """Whether CloudTrail left out request or details because they are larger than 100 KB.

    In their place it writes `{"omitted": true, "originalSize": …, "reason": …}`.
    """
    return _is_omitted(event.request_parameters) or _is_omitted(event.service_event_details)


def _is_omitted(section: object) -> bool:
    return isinstance(section, dict) and section.get("omitted") is True
