"""The filter that all reports on changes share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, get_args

from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.changes import Outcome
from trailscan.organizations.severity import SEVERITIES
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from trailscan.organizations.changes import Change

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""Every outcome of a call."""


@dataclass(frozen=True)
class ChangeFilter:
    """Selects changes: all fields must match; several values of one field are alternatives.

    Texts match without regard to case: `action` as a pattern (`*Policy`), `outcome`, `category`,
    `severity`, `account` and `rule` as a whole, all others as a part.

    Attributes:
        window: of event time.
        account: the account that recorded the event or made the call.
        contains: part of the description, an id, the error or the user agent.
        reads: include calls that change nothing.
        rule: for findings only, the id of their rule; `make_filter` checks it.
        tz: the zone in which times are shown; the bounds of the window stay as they are.

    Raises:
        ValueError: there is no such outcome, category or severity.
    """

    window: Window = Window()  # noqa: RUF009  # frozen: sharing it is harmless
    principal: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    account: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    outcome: tuple[str, ...] = ()
    source_ip: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    reads: bool = False
    rule: tuple[str, ...] = ()
    tz: tzinfo = UTC

    def __post_init__(self) -> None:
        for name, known in _KNOWN.items():
            check_known(name, getattr(self, name), known())

    def match(self, change: Change) -> bool:
        """Whether a change matches."""
        return change.event.event_time in self.window and self.match_at_any_time(change)

    def match_at_any_time(self, change: Change) -> bool:
        """Whether a change matches all but the window."""
        return all(any(test(text, change) for text in texts) for test, texts in self._tests)

    @cached_property
    def _tests(self) -> list[tuple[Callable[[str, Change], bool], tuple[str, ...]]]:
        """The tests of the fields that are set, each with its texts."""
        return [
            (test, tuple(text.casefold() for text in texts))
            for name, test in _TESTS.items()
            if (texts := getattr(self, name))
        ]

    @property
    def in_words(self) -> str:
        """The filter as the notes of a report repeat it; empty when no field is set."""
        named = {name: getattr(self, name) for name in (*_TESTS, "rule")}
        return ", ".join(
            f"{name.replace('_', ' ')} {' or '.join(texts)}"
            for name, texts in named.items()
            if texts
        )


def _by_principal(text: str, change: Change) -> bool:
    who = change.principal
    fields = (who.name, who.display, who.role, who.session, who.arn, who.service, who.user_id)
    return _inside(text, *fields)


def _by_action(text: str, change: Change) -> bool:
    return fnmatchcase(change.action.casefold(), text)


def _by_target(text: str, change: Change) -> bool:
    return _inside(text, change.target_id, change.target_name)


def _by_account(text: str, change: Change) -> bool:
    return text in (change.event.recipient_account_id, change.principal.account_id)


def _by_category(text: str, change: Change) -> bool:
    return text == change.category.casefold()


def _by_severity(text: str, change: Change) -> bool:
    return text == change.severity


def _by_outcome(text: str, change: Change) -> bool:
    return text == change.outcome


def _by_source_ip(text: str, change: Change) -> bool:
    return _inside(text, change.event.source_ip_address)


def _by_contents(text: str, change: Change) -> bool:
    event, who = change.event, change.principal
    fields = (change.description, who.display, who.arn, change.action, change.target_id)
    return _inside(text, *fields, event.event_id, event.error_message, event.user_agent)


def _inside(text: str, *fields: str | None) -> bool:
    return any(text in field.casefold() for field in fields if field)


_TESTS: dict[str, Callable[[str, Change], bool]] = {
    "principal": _by_principal,
    "action": _by_action,
    "target": _by_target,
    "account": _by_account,
    "category": _by_category,
    "severity": _by_severity,
    "outcome": _by_outcome,
    "source_ip": _by_source_ip,
    "contains": _by_contents,
}


_KNOWN: dict[str, Callable[[], Sequence[str]]] = {
    "category": lambda: catalogue().categories,
    "severity": lambda: SEVERITIES,
    "outcome": lambda: OUTCOMES,
}


def check_known(name: str, texts: Iterable[str], known: Sequence[str]) -> None:
    """Make sure that a field only has values that can match.

    Raises:
        ValueError: one of them cannot.
    """
    for text in texts:
        if text.casefold() not in known:
            raise ValueError(f"no {name} {text!r}; there are: {', '.join(known)}")
