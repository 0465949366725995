"""What a program asks of a store: names of reports, filters, windows."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict

from trailscan.reports.arrivals import parse_arrival
from trailscan.reports.catalogue import make_filter
from trailscan.window import Window, parse_when, parse_zone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

    from trailscan.reports.filter import ChangeFilter

Place: TypeAlias = str | Path
"""A folder, or `s3://bucket/prefix`."""

When: TypeAlias = str | datetime | date | None
"""An instant: a text as on the command line (a date, an ISO instant, an age such as `7d`), an
aware datetime, or a date, which begins at midnight in the zone asked for (UTC unless told)."""

Texts: TypeAlias = str | tuple[str, ...] | list[str]
"""A text, or several as alternatives."""

ReportName = Literal[
    "changes",
    "events",
    "principals",
    "targets",
    "denied",
    "policies",
    "accounts",
    "findings",
    "summary",
    "coverage",
    "cis",
]
"""The reports by name."""


class Filters(TypedDict, total=False):
    """The filters of reports, as on the command line; a report takes those that fit its question.

    Attributes:
        principal: part of who acted: a name, an ARN, a role, an Identity Center user.
        action: a name of an operation or a pattern of one, such as `*Policy`.
        target: an id or part of a name of what was touched.
        account: a 12-digit account ID: where the call was recorded or who called.
        category: of `docs/operations.md`, such as `policy`.
        arrived_since: `last-load`, or the instant since when the store kept it.
        ignore: for findings, the path of a file that names those to leave out.
        severity: `low`, `medium`, `high` or `critical`.
        outcome: `succeeded`, `denied` or `failed`.
        source_ip: part of the address that the call came from.
        contains: part of the description, an id, the error or the user agent.
        reads: True adds calls that change nothing.
        rule: for findings, the id of their rule.
        event_source: for events, the service that recorded them.
        around: the beginning of an event ID: what its principal, key or address did around it.
        within: how long before and after it, such as `1h`.
        tz: the zone of dates and of what HTML shows; frames keep UTC.
    """

    arrived_since: When
    principal: Texts
    action: Texts
    target: Texts
    account: Texts
    category: Texts
    severity: Texts
    outcome: Texts
    source_ip: Texts
    contains: Texts
    reads: bool
    rule: Texts
    event_source: Texts
    around: str
    within: str
    ignore: str | Path
    tz: str


_ONE = ("tz", "ignore", "arrived_since", "around", "within")
"""The filters that are one value and no alternatives."""


def to_window(since: When, until: When, tz: tzinfo = UTC) -> Window:
    """A window from what a user gives for its bounds.

    Raises:
        ValueError: a bound cannot be read, has no time zone, or the end is before the start.
    """
    now = datetime.now(UTC)
    start = _instant(since, now, tz)
    return Window(start, _instant(until, now, tz, start))


def _instant(
    when: When, now: datetime, tz: tzinfo, start: datetime | None = None
) -> datetime | None:
    """One bound of a window."""
    if isinstance(when, str):
        return parse_when(when, now, tz, start)
    if isinstance(when, date) and not isinstance(when, datetime):
        return datetime(when.year, when.month, when.day, tzinfo=tz)
    return when


def to_filter(
    known: Iterable[str], since: When, until: When, filters: Mapping[str, Any]
) -> ChangeFilter:
    """A filter from keyword arguments; a single text is a tuple of one.

    Args:
        known: the filters that the report takes.
        since: start of the window.
        until: its end.
        filters: values by name.

    Raises:
        ValueError: there is no such filter, or a value cannot be read.
    """
    if unknown := sorted(set(filters) - set(known)):
        raise ValueError(f"no filter {', '.join(unknown)}; there are: {', '.join(sorted(known))}")
    tz = parse_zone(filters.get("tz") or "UTC")
    given = {name: _texts(value) for name, value in filters.items() if name not in _ONE}
    given |= {name: filters.get(name) for name in ("ignore", "around", "within")}
    given["arrived_since"] = _arrival(filters.get("arrived_since"), tz)
    return make_filter(window=to_window(since, until, tz), tz=tz, **given)


def _arrival(when: When, tz: tzinfo) -> datetime | str | None:
    """The instant of `arrived_since`, or `last-load`."""
    now = datetime.now(UTC)
    return parse_arrival(when, now, tz) if isinstance(when, str) else _instant(when, now, tz)


def _texts(value: Any) -> Any:
    """One text as a tuple of one, several as a tuple."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def to_names(names: Mapping[str, str] | pd.Series | pd.DataFrame | None) -> dict[str, str] | None:
    """Names by id, from a mapping, a series whose index are ids, or a frame.

    Args:
        names: of a frame the columns `id` and `name`, or else its first two columns.

    Raises:
        ValueError: a frame has fewer than two columns.
    """
    if names is None:
        return None
    columns = getattr(names, "columns", None)
    if columns is None:
        return {str(id_): str(name) for id_, name in dict(names).items()}
    chosen = ["id", "name"] if {"id", "name"} <= set(columns) else list(columns)[:2]
    if len(chosen) < len(("id", "name")):
        raise ValueError("a frame of names needs two columns: `id` and `name`")
    ids, texts = (names[column] for column in chosen)
    return {str(id_): str(name) for id_, name in zip(ids, texts, strict=True)}
