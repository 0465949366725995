"""What a program asks of a store: names of reports, filters, windows."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime, tzinfo
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.reports.arrivals import parse_arrival
from trailscan.reports.catalogue import REPORTS, make_filter
from trailscan.suggest import did_you_mean
from trailscan.window import When, Window, instant_of, parse_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from _typeshed import DataclassInstance

    from trailscan.reports.filter import ChangeFilter

Options = TypeVar("Options", bound="DataclassInstance")

Place: TypeAlias = str | Path
"""A folder, or `s3://bucket/prefix`."""

Texts: TypeAlias = "str | Iterable[str]"
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
    start = instant_of(since, now, tz)
    return Window(start, instant_of(until, now, tz, start))


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
    given = {name: _texts(name, value) for name, value in filters.items() if name not in _ONE}
    given |= {name: filters.get(name) for name in ("ignore", "around", "within")}
    given["arrived_since"] = _arrival(filters.get("arrived_since"), tz)
    return make_filter(window=to_window(since, until, tz), tz=tz, **given)


def _arrival(when: When, tz: tzinfo) -> datetime | str | None:
    """The instant of `arrived_since`, or `last-load`."""
    now = datetime.now(UTC)
    return parse_arrival(when, now, tz) if isinstance(when, str) else instant_of(when, now, tz)


def _texts(name: str, value: Any) -> Any:
    """One text as a tuple of one, several as a tuple; what is true or false as it is."""
    if isinstance(value, bool) or value is None:
        return value
    texts = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{name} is a text or several, not {text!r}: write {str(text)!r}")
    return texts


def to_where(
    among: Mapping[str, Texts],
) -> tuple[Callable[[pa.Table], pa.Array] | None, tuple[str, ...]]:
    """Selects the rows whose columns have one of some values each, and names these columns.

    Args:
        among: the values by column; a column with none is not asked.
    """
    texts = {name: _texts(name, values) for name, values in among.items()}
    chosen = {name: pa.array(values, pa.string()) for name, values in texts.items() if values}

    def where(rows: pa.Table) -> pa.Array:
        masks = [pc.is_in(rows[name], value_set=values) for name, values in chosen.items()]
        return reduce(pc.and_, masks)

    return (where if chosen else None), tuple(chosen)


def to_options(kind: type[Options], given: Mapping[str, Any]) -> Options:
    """Options by their names.

    Args:
        kind: a dataclass.
        given: values of its fields.

    Raises:
        ValueError: it has no such field.
    """
    known = [one.name for one in fields(kind) if one.init]
    for name in given:
        if name not in known:
            those = f"; there are: {', '.join(known)}"
            raise ValueError(f"no option {name}{did_you_mean(name, known) or those}")
    return kind(**given)


def name_filters(store: type) -> None:
    """Have completion and help name the filters that each method of a report takes.

    `Unpack[Filters]` says them to type checkers alone: the signature has all of them by name.

    Args:
        store: the class with the methods.
    """
    for method in vars(store).values():
        name = getattr(method, "__name__", "")
        if name != "report" and name not in REPORTS:
            continue
        signature = inspect.signature(method)
        parameters = list(signature.parameters.values())
        if parameters[-1].kind is not inspect.Parameter.VAR_KEYWORD:
            continue
        known = Filters.__annotations__ if name == "report" else REPORTS[name].filters
        named = [
            inspect.Parameter(one, inspect.Parameter.KEYWORD_ONLY, default=None)
            for one in Filters.__annotations__
            if one in known
        ]
        method.__signature__ = signature.replace(parameters=[*parameters[:-1], *named])


def to_names(names: Mapping[str, str] | pd.Series | pd.DataFrame | None) -> dict[str, str] | None:
    """Names by id, from a mapping, a series whose index are ids, or a frame.

    Args:
        names: of a frame the columns `id` and `name`, or else its first two columns.

    Raises:
        ValueError: a frame has fewer than two columns.
        TypeError: they are a text, such as the name of a file.
    """
    if names is None:
        return None
    if isinstance(names, str | Path):
        raise TypeError(
            f"names are a mapping, a series or a frame, not {str(names)!r}: read the file first"
        )
    columns = getattr(names, "columns", None)
    if columns is None:
        return {str(id_): str(name) for id_, name in dict(names).items()}
    chosen = ["id", "name"] if {"id", "name"} <= set(columns) else list(columns)[:2]
    if len(chosen) < len(("id", "name")):
        raise ValueError("a frame of names needs two columns: `id` and `name`")
    ids, texts = (names[column] for column in chosen)
    return {str(id_): str(name) for id_, name in zip(ids, texts, strict=True)}
