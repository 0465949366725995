"""The filter that all reports on changes share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from fnmatch import fnmatchcase
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, get_args

from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.changes import Outcome
from trailscan.organizations.severity import SEVERITIES
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from trailscan.organizations.changes import Change

    _Test = Callable[[str, Change], bool]

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
    def _tests(self) -> list[tuple[_Test, tuple[str, ...]]]:
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


def _part_of(*paths: str) -> _Test:
    """A test for a text that is part of one of some attributes of a change."""
    getters = [attrgetter(path) for path in paths]
    return lambda text, change: any(
        text in found.casefold() for get in getters if (found := get(change))
    )


def _equal_to(*paths: str) -> _Test:
    """A test for a text that is one of some attributes of a change."""
    getters = [attrgetter(path) for path in paths]
    return lambda text, change: any(text == (get(change) or "").casefold() for get in getters)


def _by_principal(text: str, change: Change) -> bool:
    """Whether somebody acted: what names them, or the claim of a session that is not traced."""
    who, hops = change.principal, change.chain.hops
    claims = () if hops and not text.startswith("arn:") else (who.session, who.arn)
    named = (who.name, who.display, *who.all_roles, who.service, who.user_id, *claims)
    return any(text in one.casefold() for one in (*named, *(hop.name for hop in hops)) if one)


_WHO = ("principal.display", "principal.arn")
_TESTS: dict[str, _Test] = {
    "principal": _by_principal,
    "action": lambda text, change: fnmatchcase(change.action.casefold(), text),
    "target": _part_of("target_id", "target_name"),
    "account": _equal_to("event.recipient_account_id", "principal.account_id"),
    "category": _equal_to("category"),
    "severity": _equal_to("severity"),
    "outcome": _equal_to("outcome"),
    "source_ip": _part_of("event.source_ip_address"),
    "contains": _part_of(
        *("description", "action", "target_id", *_WHO),
        *("event.event_id", "event.error_message", "event.user_agent"),
    ),
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
