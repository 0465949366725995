"""Findings that somebody decided to leave at that: a TOML file of entries, each with its reason.

[[ignore]]
rule = "change-without-mfa"
principal = "alice@example.com"
until = 2027-01-31
reason = "hardware key ordered, ticket 4711"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from trailscan.visible import quoted
from trailscan.window import format_instant

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_LEAST_ID = 8


@dataclass(frozen=True, slots=True)
class IgnoreEntry:
    """What to ignore: findings that match everything the entry names.

    Attributes:
        reason: why.
        rule: the ID of the rule.
        principal: the name of everybody who acted; `*` is a wildcard.
        target: the ID or name of everything that was touched; `*` is a wildcard.
        finding: the ID of the finding, or its first 8 characters or more.
        until: the end of its validity, exclusive; None: for good.
    """

    reason: str
    rule: str | None = None
    principal: str | None = None
    target: str | None = None
    finding: str | None = None
    until: datetime | None = None

    @property
    def in_words(self) -> str:
        """What it names, its end and its reason."""
        named = ((name, getattr(self, name)) for name in _NAMED)
        what = ", ".join(f"{name} {value}" for name, value in named if value is not None)
        end = f", until {format_instant(self.until)}" if self.until else ""
        return f"{what}{end}: {self.reason}"

    def is_expired(self, now: datetime) -> bool:
        """Whether it holds no more."""
        return self.until is not None and self.until <= now

    def matches(
        self,
        rule: str,
        finding: str,
        principals: Collection[Sequence[str]],
        targets: Collection[Sequence[str]],
    ) -> bool:
        """Whether it names a finding.

        Args:
            rule: the ID of its rule.
            finding: its ID.
            principals: of each of its events, the names of who acted.
            targets: of each of its events, the ID and name of what was touched.
        """
        return (
            self.rule in (None, rule)
            and (self.finding is None or finding.startswith(self.finding))
            and all(_is_one(self.principal, names) for names in principals)
            and all(_is_one(self.target, names) for names in targets)
        )


_NAMED = ("rule", "principal", "target", "finding")


@dataclass(frozen=True, slots=True)
class IgnoreList:
    """The entries of a file, and the time that decides which have expired.

    Attributes:
        entries: in the order of the file.
        now: the present.
    """

    entries: tuple[IgnoreEntry, ...]
    now: datetime


def parse_ignore_list(text: str, now: datetime, rules: Collection[str]) -> IgnoreList:
    """The entries of a file.

    Args:
        text: the TOML of the file.
        now: the present.
        rules: the IDs of all rules.

    Raises:
        ValueError: it is no TOML, or an entry is not as documented: the message says which and why.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"not TOML with [[ignore]] tables: {error}") from None
    entries = found.pop("ignore", None)
    if found or not isinstance(entries, list):
        extra = f", not {', '.join(map(quoted, found))}" if found else ""
        raise ValueError(f"expected [[ignore]] tables{extra}")
    return IgnoreList(
        tuple(_parse_entry(entry, place, rules) for place, entry in enumerate(entries, 1)), now
    )


def _parse_entry(entry: Any, place: int, rules: Collection[str]) -> IgnoreEntry:
    """One entry; the place is its number in the file."""
    if not isinstance(entry, dict):
        raise ValueError(f"entry {place} is not a table")  # noqa: TRY004  # the file is wrong
    known = [one.name for one in fields(IgnoreEntry)]
    if unknown := [name for name in entry if name not in known]:
        raise ValueError(f"entry {place}: no key {unknown[0]!r}; there are: {', '.join(known)}")
    for name in ("reason", *_NAMED):
        value = entry.get(name)
        if name in entry and not (isinstance(value, str) and value.strip()):
            raise ValueError(f"entry {place}: {name} is not a text")
    if "reason" not in entry:
        raise ValueError(f"entry {place}: reason is missing")
    if not any(name in entry for name in _NAMED):
        raise ValueError(f"entry {place}: one of {', '.join(_NAMED)} is needed")
    if (rule := entry.get("rule")) and rule not in rules:
        raise ValueError(f"entry {place}: no rule {rule!r}; there are: {', '.join(rules)}")
    if (finding := entry.get("finding")) and len(finding) < _LEAST_ID:
        raise ValueError(f"entry {place}: finding has fewer than {_LEAST_ID} characters")
    return IgnoreEntry(**(entry | {"until": _parse_until(entry.get("until"), place)}))


def _parse_until(value: object, place: int) -> datetime | None:
    """The end of an entry: a date holds until its end, in UTC; a time without a zone is UTC."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if isinstance(value, date) and value < date.max:
        return datetime.combine(value + timedelta(days=1), time(), UTC)
    raise ValueError(f"entry {place}: until is not a date such as 2027-01-31")


def _is_one(pattern: str | None, names: Sequence[str]) -> bool:
    """Whether a pattern is one of some names, without regard to case; None is any."""
    return pattern is None or any(
        fnmatchcase(name.casefold(), pattern.casefold()) for name in names
    )
