"""Which changes a report is about: one filter for all of them."""

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
    from collections.abc import Callable

    from trailscan.organizations.changes import Change

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""How a call can end."""


@dataclass(frozen=True)
class ChangeFilter:
    """Which changes to look at; every field narrows, several values of one field are alternatives.

    Texts match without regard to case: `action` as a pattern (`*Policy`), `outcome`, `category`,
    `severity`, `account` and `rule` whole, all others anywhere inside.

    Attributes:
        window: of event time.
        account: the account in whose trail the event stands, or whose principal acted.
        contains: anywhere in the row's words, ids, error or user agent.
        reads: also look at calls that change nothing.
        rule: of findings only, the id of their rule.
        tz: the zone in which times are told; it moves no bound of the window.

    Raises:
        ValueError: no outcome, category, severity or rule is called that.
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
            for text in getattr(self, name):
                if text.casefold() not in known():
                    raise ValueError(f"no {name} {text!r}; there are: {', '.join(known())}")

    def holds(self, change: Change) -> bool:
        """Whether a change is wanted."""
        return change.event.event_time in self.window and self.holds_apart_from_time(change)

    def holds_apart_from_time(self, change: Change) -> bool:
        """Whether a change would be wanted if it lay in the window."""
        return all(any(test(text, change) for text in texts) for test, texts in self._asked)

    @cached_property
    def _asked(self) -> list[tuple[Callable[[str, Change], bool], tuple[str, ...]]]:
        """The tests of the fields that narrow, each with its texts."""
        return [
            (test, tuple(text.casefold() for text in texts))
            for name, test in _TESTS.items()
            if (texts := getattr(self, name))
        ]

    @property
    def in_words(self) -> str:
        """The filter as a reader may want to see it repeated; empty when there is none."""
        named = {name: getattr(self, name) for name in (*_TESTS, "rule")}
        return ", ".join(
            f"{name.replace('_', ' ')} {' or '.join(texts)}"
            for name, texts in named.items()
            if texts
        )


def _by_principal(text: str, change: Change) -> bool:
    who = change.principal
    fields = (who.name, who.display, who.role, who.session, who.arn, who.service)
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


def _by_words(text: str, change: Change) -> bool:
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
    "contains": _by_words,
}


def _rules() -> tuple[str, ...]:
    from trailscan.reports.findings.rules import RULES  # noqa: PLC0415  # few ask for a rule

    return tuple(rule.id for rule in RULES)


_KNOWN: dict[str, Callable[[], tuple[str, ...]]] = {
    "category": lambda: catalogue().categories,
    "severity": lambda: SEVERITIES,
    "outcome": lambda: OUTCOMES,
    "rule": _rules,
}
