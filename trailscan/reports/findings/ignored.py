"""Findings without those that an ignore list names, and what is to be said about the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from trailscan.numbers import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trailscan.organizations.changes import Change
    from trailscan.reports.findings.rule import Rule
    from trailscan.reports.ignore import IgnoreEntry, IgnoreList


class Ignorable(Protocol):
    """A finding, as far as an entry of an ignore list can name it."""

    @property
    def id(self) -> str:
        """Its ID."""

    @property
    def rule(self) -> Rule:
        """Its rule."""

    @property
    def group(self) -> tuple[Change, ...]:
        """Its events."""


class Ignored(NamedTuple):
    """A finding that is left out, and the first entry that names it."""

    finding: Ignorable
    entry: IgnoreEntry


def ignored_among(found: Sequence[Ignorable], ignore: IgnoreList | None) -> dict[str, IgnoreEntry]:
    """The entries that hold and name findings, by the ID of the finding."""
    entries = [one for one in ignore.entries if not one.is_expired(ignore.now)] if ignore else []
    named = ((one.id, next((e for e in entries if _names(e, one)), None)) for one in found)
    return {finding: entry for finding, entry in named if entry is not None} if entries else {}


def ignore_notes(
    left_out: Sequence[Ignored], every: Sequence[Ignorable], ignore: IgnoreList | None
) -> list[str]:
    """The findings that were left out, and the entries that have no effect.

    Args:
        left_out: the findings that would be shown without the list.
        every: the findings of all times, in which an entry has to name one.
        ignore: the list.
    """
    if ignore is None:
        return []
    listed = [
        f"ignored finding {one.finding.id} ({one.finding.rule.id}, by the entry "
        f"{one.entry.in_words})"
        for one in left_out
    ]
    expired = [
        f"expired entry of the ignore list, which ignores nothing: {entry.in_words}"
        for entry in ignore.entries
        if entry.is_expired(ignore.now)
    ]
    idle = [
        f"entry of the ignore list that no finding matches: {entry.in_words}"
        for entry in ignore.entries
        if not (entry.is_expired(ignore.now) or any(_names(entry, one) for one in every))
    ]
    return [f"{counted(len(left_out), 'finding')} ignored", *listed, *expired, *idle]


def _names(entry: IgnoreEntry, finding: Ignorable) -> bool:
    """Whether an entry names a finding."""
    return entry.matches(
        finding.rule.id,
        finding.id,
        [_texts(c.principal.display, c.principal.name, c.principal.arn) for c in finding.group],
        [_texts(c.target_id, c.target_name) for c in finding.group],
    )


def _texts(*values: str | None) -> tuple[str, ...]:
    return tuple(value for value in values if value)
