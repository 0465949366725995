"""Interactive charts of reports as Vega-Lite, with altair: hover, zoom, brushes, legend filters.

Times are UTC. Every text is made visible first, and a chart counts before it draws, so that a large
report does not become a large chart.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import altair as alt

from trailscan.numbers import counted
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trailscan.table import Table

    Rows = list[dict[str, object]]

_WIDTH, _BESIDE_NAMES = 700, 620
_MOST_NAMES = 15
"""How many principals and actions a chart names; the rest is counted together."""
_MOST_LINES = 60
"""How many accounts or policies a chart draws, those with the newest changes."""
_CHARACTERS = 48
_HOURLY = timedelta(days=14)
_ZOOM = "drag and scroll to zoom"
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_SHAPES = alt.Scale(
    domain=["succeeded", "failed", "denied"], range=["circle", "triangle-down", "cross"]
)
_LABELS = alt.Axis(labelLimit=300)
_TOP = alt.Legend(orient="top")  # beside names and a legend, a notebook has no width left
_SUM = alt.Tooltip("sum(changes):Q", title="Changes")
_BY_COUNT = alt.EncodingSortField("changes", op="sum", order="descending")
_COLOURS = {
    "outcome": {"succeeded": "#7fa8cf", "failed": "#d99a2b", "denied": "#c2413a"},
    "role": {"call": "#c2413a", "issued credentials": "#3f83c2"},
    "state": {
        "member": "#3f83c2",
        "invited": "#d99a2b",
        "closing": "#c2413a",
        "departed": "#8a8f98",
        "unknown": "#c9cbc8",
    },
    "access_change": {
        "more": "#c2413a",
        "both": "#b07800",
        "less": "#3f83c2",
        "same": "#8a8f98",
        "unknown": "#7b4fa3",
        "none": "#c9cbc8",
    },
}
"""For each column that a chart colours, the colours of its values."""


def activity(table: Table) -> alt.VConcatChart:
    """Changes over time by outcome; a brush over time filters who and what below."""
    changes = table.records()
    hourly = _span(changes) <= _HOURLY
    who, what = _names(changes, "principal"), _names(changes, "event_name")
    counts = Counter(
        (_begin(_when(row), hourly=hourly), who(row), what(row), str(row["outcome"]))
        for row in changes
    )
    step = timedelta(hours=1) if hourly else timedelta(days=1)
    data: Rows = [
        {
            "start": _iso(start),
            "end": _iso(start + step),
            "when": f"{start:%a %Y-%m-%d %H:%M} UTC" if hourly else f"{start:%a %Y-%m-%d}, UTC",
            "principal": name,
            "event_name": action,
            "outcome": outcome,
            "changes": count,
        }
        for (start, name, action, outcome), count in sorted(counts.items())
    ]
    brush = alt.selection_interval(name="time", encodings=["x"])
    outcomes = alt.selection_point(name="outcomes", fields=["outcome"], bind="legend")
    chosen = alt.selection_point(name="chosen", fields=["principal"])
    acted = alt.selection_point(name="acted", fields=["event_name"])
    base = alt.Chart(alt.Data(values=data))
    over_time = (
        base.mark_bar()
        .encode(
            x=_time("start", "a " + ("hour" if hourly else "day") + " a bar; drag to choose"),
            x2="end:T",
            y=alt.Y("sum(changes):Q", title="Changes"),
            color=_colour("outcome"),
            tooltip=[_said("when", "When"), _said("outcome", "Outcome"), _SUM],
        )
        .transform_filter(outcomes)
        .transform_filter(chosen)
        .transform_filter(acted)
        .properties(width=_WIDTH, height=150, title="Activity")
        .add_params(brush, outcomes)
    )
    by_who = _bars(base, "principal", "Who", chosen).transform_filter(acted)
    by_what = _bars(base, "event_name", "What", acted).transform_filter(chosen)
    below = [one.transform_filter(brush).transform_filter(outcomes) for one in (by_who, by_what)]
    return alt.vconcat(over_time, alt.hconcat(*below))


def who_by_what(table: Table) -> alt.Chart:
    """How often each principal did what; the outcome can be chosen."""
    changes = table.records()
    who, what = _names(changes, "principal"), _names(changes, "event_name")
    counts = Counter((who(row), what(row), str(row["outcome"])) for row in changes)
    data: Rows = [
        {"principal": name, "event_name": action, "outcome": outcome, "changes": count}
        for (name, action, outcome), count in sorted(counts.items())
    ]
    return _matrix(data, "Who did what").encode(
        x=alt.X(
            "event_name:N",
            title=None,
            axis=alt.Axis(labelAngle=-45, labelLimit=220),
            sort=_BY_COUNT,
        ),
        y=alt.Y("principal:N", title=None, axis=_LABELS, sort=_BY_COUNT),
        tooltip=[_said("principal", "Who"), _said("event_name", "What"), _SUM],
    )


def hours(table: Table) -> alt.Chart:
    """When in the week changes are made, by weekday and hour of UTC."""
    counts = Counter(
        (_when(row).weekday(), _when(row).hour, str(row["outcome"])) for row in table.records()
    )
    data: Rows = [
        {"day": _WEEKDAYS[day], "hour": hour, "outcome": outcome, "changes": count}
        for (day, hour, outcome), count in sorted(counts.items())
    ]
    everywhere = alt.Scale(domain=list(range(24)))
    return _matrix(data, "Hours and weekdays, UTC").encode(
        x=alt.X("hour:O", title="Hour (UTC)", scale=everywhere, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("day:N", title=None, scale=alt.Scale(domain=list(_WEEKDAYS))),
        tooltip=[_said("day", "Day"), alt.Tooltip("hour:O", title="Hour (UTC)"), _SUM],
    )


def accounts(table: Table, until: datetime) -> alt.LayerChart:
    """The life of each account: a line from its beginning to its end, and the steps on it.

    Args:
        table: the accounts report.
        until: where the lines of accounts end that are still there.
    """
    rows = _newest(table.records(), "account_id", "last")
    lines: Rows = []
    steps: Rows = []
    for row in rows:
        label = _named(row["account_name"], row["account_id"])
        here = {"account": label, "state": row["state"], "life": visible(str(row["life"] or ""))}
        found = {name: row[name] for name in ("invited", "joined", "closed", "departed")}
        times = [when for when in (*found.values(), row["last"]) if isinstance(when, datetime)]
        end = row["departed"] if isinstance(row["departed"], datetime) else until
        lines.append({**here, "start": _iso(min(times)), "end": _iso(end)})
        steps += [
            {**here, "start": _iso(when), "step": name, "when": _said_at(when)}
            for name, when in found.items()
            if isinstance(when, datetime)
        ]
    states = alt.selection_point(name="states", fields=["state"], bind="legend")
    about = [_said("account", "Account"), _said("state", "State")]
    y = alt.Y("account:N", title=None, sort=alt.EncodingSortField("start"), axis=_LABELS)
    line = (
        alt.Chart(alt.Data(values=lines))
        .mark_bar(height=6, cornerRadius=3)
        .encode(
            x=_time("start", _ZOOM),
            x2=alt.X2("end:T", title=f"UTC; {_ZOOM}"),
            y=y,
            color=_colour("state"),
            opacity=_unless_chosen(states),
            tooltip=[*about, _said("life", "Life")],
        )
        .add_params(states)
    )
    step = (
        alt.Chart(alt.Data(values=steps))
        .mark_point(filled=True, size=70, color="#1b1e22")
        .encode(
            x=_time("start", _ZOOM),
            y=y,
            shape=alt.Shape("step:N", title="Step", legend=_TOP),
            opacity=_unless_chosen(states),
            tooltip=[*about, _said("step", "Step"), _said("when", "When")],
        )
    )
    return _lines(alt.layer(line, step), "Accounts", len(rows))


def policies(table: Table) -> alt.LayerChart:
    """The steps of each policy over time, coloured by what accounts may do after them."""
    rows = _newest([row for row in table.records() if row["policy_id"]], "policy_id", "event_time")
    data: Rows = [
        {
            "policy": _named(row["policy_name"], row["policy_id"]),
            "start": _iso(_when(row)),
            "when": _said_at(_when(row)),
            "step": row["step"],
            "version": row["version"],
            "access_change": row["access_change"] or "none",
            "summary": visible(str(row["summary"])),
            "principal": visible(str(row["principal"])),
            "outcome": row["outcome"],
            "event_id": row["event_id"],
        }
        for row in rows
    ]
    changed = alt.selection_point(name="changed", fields=["access_change"], bind="legend")
    y = alt.Y("policy:N", title=None, sort=alt.EncodingSortField("start", op="min"), axis=_LABELS)
    base = alt.Chart(alt.Data(values=data)).encode(x=_time("start", _ZOOM), y=y)
    line = base.mark_line(color="#c9cbc8", strokeWidth=2).encode(detail="policy:N")
    step = (
        base.mark_point(filled=True, size=110)
        .encode(
            color=_colour("access_change"),
            shape=alt.Shape("outcome:N", title="Outcome", scale=_SHAPES, legend=_TOP),
            opacity=_unless_chosen(changed),
            tooltip=[
                *(_said("policy", "Policy"), _said("when", "When"), _said("step", "Step")),
                *(alt.Tooltip("version:Q", title="Version"), _said("principal", "Who")),
                *(_said("access_change", "Access"), _said("summary", "What")),
                *(_said("outcome", "Outcome"), _said("event_id", "Event")),
            ],
        )
        .add_params(changed)
    )
    return _lines(alt.layer(line, step), "Policies", len({row["policy"] for row in data}))


def sessions(call: Mapping[str, object], hops: Sequence[Mapping[str, object]]) -> alt.LayerChart:
    """The chain of sessions behind a call, from its origin at the top down to the call.

    Args:
        call: the call itself, with the keys of `trailscan.table.CHAIN`.
        hops: those of each record that issued credentials, the newest first.
    """
    data: Rows = [
        {
            **{name: visible(str(value or "")) for name, value in one.items()},
            "step": step,
            "label": _short(f"{one['name']} ({one['kind']})", 100),
            "shown": visible(str(one["event_time"])),
            "role": "call" if step == len(hops) else "issued credentials",
        }
        for step, one in enumerate([*reversed(hops), call])
    ]
    base = alt.Chart(alt.Data(values=data)).encode(
        y=alt.Y("step:O", title=None, axis=None), x=alt.value(20)
    )
    line = base.mark_line(color="#c9cbc8", strokeWidth=3)
    tooltip = [
        *(_said("name", "Identity"), _said("kind", "Kind"), _said("arn", "ARN")),
        *(_said("shown", "When"), _said("event_id", "Event"), _said("source", "Log file")),
    ]
    dot = base.mark_point(filled=True, size=200, opacity=1)
    dot = dot.encode(color=_colour("role"), tooltip=tooltip)
    text = base.mark_text(align="left", dx=18, dy=-7, fontWeight="bold").encode(
        text="label:N", tooltip=tooltip
    )
    when = base.mark_text(align="left", dx=18, dy=8, color="#8a8f98").encode(
        text="shown:N", tooltip=tooltip
    )
    return alt.layer(line, dot, text, when).properties(
        width=_WIDTH, height=52 * len(data), title="Sessions, from the origin down to the call"
    )


def _bars(base: alt.Chart, field: str, title: str, choice: alt.Parameter) -> alt.Chart:
    """Counts of changes by a column; a click chooses one."""
    return (
        base.mark_bar(cursor="pointer")
        .encode(
            x=alt.X("sum(changes):Q", title="Changes"),
            y=alt.Y(f"{field}:N", title=None, sort=_BY_COUNT, axis=alt.Axis(labelLimit=200)),
            color=_colour("outcome"),
            opacity=_unless_chosen(choice),
            tooltip=[_said(field, title), _said("outcome", "Outcome"), _SUM],
        )
        .properties(width=220, title=f"{title}; click to choose")
        .add_params(choice)
    )


def _matrix(data: Rows, title: str) -> alt.Chart:
    """Cells coloured by how many changes they have, with a choice of the outcome."""
    known = [one for one in _COLOURS["outcome"] if any(row["outcome"] == one for row in data)]
    choice = alt.binding_radio(options=[None, *known], labels=["all", *known], name="Outcome: ")
    outcome = alt.selection_point(name="outcomes", fields=["outcome"], bind=choice)
    return (
        alt.Chart(alt.Data(values=data))
        .mark_rect(stroke="white")
        .encode(color=alt.Color("sum(changes):Q", title="Changes", scale=alt.Scale(scheme="blues")))
        .transform_filter(outcome)
        .properties(width=_BESIDE_NAMES, title=title)
        .add_params(outcome)
    )


def _lines(chart: alt.LayerChart, title: str, count: int) -> alt.LayerChart:
    """A chart with a line of its own for each thing, which zooms over time."""
    said = f"{title}: the {count} with the newest changes" if count >= _MOST_LINES else title
    drawn = chart.properties(width=_BESIDE_NAMES, height=max(60, 22 * count), title=said)
    return drawn.resolve_scale(color="independent").interactive(bind_y=False)


def _time(field: str, hint: str) -> alt.X:
    """An axis of time in UTC."""
    return alt.X(f"{field}:T", title=f"UTC; {hint}", scale=alt.Scale(type="utc", padding=8))


def _colour(column: str) -> alt.Color:
    """The colours of a column whose values have colours of their own."""
    known = _COLOURS[column]
    scale = alt.Scale(domain=list(known), range=list(known.values()))
    title = column.replace("_", " ").capitalize()
    return alt.Color(f"{column}:N", title=title, scale=scale, legend=_TOP)


def _unless_chosen(choice: alt.Parameter) -> Any:
    """Faint, unless it is chosen."""
    return alt.condition(choice, alt.value(1), alt.value(0.15))


def _said(field: str, title: str) -> alt.Tooltip:
    """A line of a tooltip."""
    return alt.Tooltip(f"{field}:N", title=title)


def _names(rows: Iterable[Mapping[str, object]], column: str) -> Any:
    """A function that names a column of a row, and counts rare values together."""
    counts = Counter(str(row[column] or "unknown") for row in rows)
    named = {name for name, _ in counts.most_common(_MOST_NAMES)}
    others = f"{counted(len(counts) - len(named), 'other')}"

    def name_of(row: Mapping[str, object]) -> str:
        name = str(row[column] or "unknown")
        return _short(name) if name in named else others

    return name_of


def _newest(rows: Rows, key: str, when: str) -> Rows:
    """The rows of the things with the newest times, no more than a chart can draw."""
    last: dict[object, datetime] = {}
    for row in rows:
        last[row[key]] = max(_when(row, when), last.get(row[key], _when(row, when)))
    chosen = set(sorted(last, key=last.__getitem__, reverse=True)[:_MOST_LINES])
    return [row for row in rows if row[key] in chosen]


def _span(rows: Sequence[Mapping[str, object]]) -> timedelta:
    """How much time lies between the first and the last."""
    whens = [_when(row) for row in rows]
    return max(whens) - min(whens) if whens else timedelta()


def _begin(when: datetime, *, hourly: bool) -> datetime:
    """The beginning of the hour or day of an instant."""
    hour = when.replace(minute=0, second=0, microsecond=0)
    return hour if hourly else hour.replace(hour=0)


def _when(row: Mapping[str, object], column: str = "event_time") -> datetime:
    """The instant of a row, in UTC."""
    when = row[column]
    assert isinstance(when, datetime)  # noqa: S101  # the column has no empty values
    return when.astimezone(UTC)


def _iso(when: datetime) -> str:
    """An instant as Vega reads it."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _said_at(when: datetime) -> str:
    """An instant as a tooltip tells it."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _named(name: object, id_: object) -> str:
    """A name, if there is one, with its id."""
    return f"{_short(str(name))} {visible(str(id_))}" if name else visible(str(id_))


def _short(text: str, most: int = _CHARACTERS) -> str:
    """A name that an axis can hold."""
    shown = visible(text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
