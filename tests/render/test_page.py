"""The page of a report: its policy, its plots, and the data behind its rows."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from trailscan.render import page_data
from trailscan.render.activity import _edges
from trailscan.render.html import column_style, draw_charts, render_html
from trailscan.table import Column, Evidence, Table
from trailscan.window import Window

COLUMNS = (
    Column("event_time", "When (UTC)", "instant"),
    Column("principal", "Who", "text"),
    Column("description", "What", "text", wide=True),
    Column("outcome", "Outcome", "text"),
    Column("category", "Category", "text", detail=True),
)
START = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)


def report(count: int, *, principals: int = 3, days: int = 1) -> Table:
    """A report of some rows, each with a record behind it."""
    rows = tuple(
        (
            START + timedelta(days=days * number / count),
            f"person {number % principals}",
            f"did thing {number}",
            ("succeeded", "denied")[number % 4 == 0],
            ("ou", "policy", "account")[number % 3],
        )
        for number in range(count)
    )
    records = tuple(
        (
            Evidence(
                f"e{number}", json.dumps({"number": number, "text": "x" * 200}), "s3://t/k", number
            ),
        )
        for number in range(count)
    )
    return Table("changes", COLUMNS, rows, Window(), evidence=lambda: records)


def test_only_the_pages_own_style_and_programs_may_act():
    """The policy forbids everything but what has its SHA-256, and the page needs nothing else."""
    page = LexborHTMLParser(render_html(report(5)))
    (policy,) = (
        node.attributes["content"] for node in page.css("meta[http-equiv=Content-Security-Policy]")
    )
    acting = [*page.css("style"), *page.css("script:not([type])")]
    digests = [hashlib.sha256(node.text().encode()).digest() for node in acting]
    style, *programs = [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
    assert policy == (
        f"default-src 'none'; style-src {style}; script-src {' '.join(programs)}; "
        "base-uri 'none'; form-action 'none'"
    )
    names = {name for node in page.css("*") for name in node.attributes}
    assert not {name for name in names if name.startswith("on") or name in {"style", "src"}}
    assert {node.attributes.get("href") for node in page.css("[href]")} == {"#rows"}


def test_the_program_never_writes_markup():
    """Data becomes text of nodes; nothing that would parse it is in the program."""
    page = render_html(report(1))
    for word in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "fetch(",
    ):
        assert word not in page


def unpacked(block) -> list:
    """The JSON of a block of a page."""
    text = block.text()
    if block.attributes.get("data-packed"):
        text = zlib.decompress(base64.b64decode(text))
    return json.loads(text)


@pytest.mark.parametrize("small", [page_data.SMALL, 0])
def test_every_row_has_its_details_and_records(monkeypatch, small):
    """Packed or not, a page holds all of them in the order of its rows, in blocks of 200."""
    monkeypatch.setattr(page_data, "SMALL", small)
    page = LexborHTMLParser(render_html(report(450)))
    (details,) = page.css("#details")
    assert (details.attributes.get("data-packed") == "deflate") is (small == 0)
    assert unpacked(details) == [[("ou", "policy", "account")[number % 3]] for number in range(450)]
    blocks = [unpacked(page.css(f"#evidence-{number}")[0]) for number in range(3)]
    assert [len(block) for block in blocks] == [200, 200, 50]
    records = [
        json.loads(one["record"])["number"] for block in blocks for row in block for one in row
    ]
    assert records == list(range(450))


def test_a_chain_of_sessions_is_drawn_in_the_details():
    """Each record that issued credentials stands below the one it led to; hostile text is shown."""
    names = ("ci-runner", "chen\n\u202e<b>")
    hops = tuple(
        {
            "name": name,
            "kind": "assumed_role",
            "arn": None,
            "event_id": f"e{number}",
            "event_time": "2026-11-22T10:00:00Z",
            "source": "s3://t/k#0",
        }
        for number, name in enumerate(names)
    )
    columns = (*COLUMNS[:-1], Column("chain", "Chain", "chain", detail=True))
    table = replace(report(1), columns=columns, rows=((*report(1).rows[0][:-1], hops),))
    ((drawing,),) = json.loads(page_data.details_block(table, packed=False).text)
    assert drawing.split("\n") == [
        "└─ opened by ci-runner  (assumed_role)",
        "   no ARN",
        "   2026-11-22T10:00:00Z  event e0  s3://t/k#0",
        r"   └─ opened by chen\n\u202e<b>  (assumed_role)",
        "      no ARN",
        "      2026-11-22T10:00:00Z  event e1  s3://t/k#0",
    ]


def test_records_beyond_the_pages_bound_are_left_out_aloud(monkeypatch):
    """Their evidence stays, and the page says for how many rows there is no record."""
    monkeypatch.setattr(page_data, "SMALL", 0)
    monkeypatch.setattr(page_data, "MOST_PACKED", 5000)
    page = LexborHTMLParser(render_html(report(450)))
    blocks = [unpacked(page.css(f"#evidence-{number}")[0]) for number in range(3)]
    held = [one["record"] is not None for block in blocks for row in block for one in row]
    left_out = held.count(False)
    assert 0 < left_out < 450
    assert [one["record_index"] for block in blocks for row in block for one in row] == list(
        range(450)
    )
    assert (
        f"the records of {left_out} rows are left out of this page" in page.css(".notes")[0].text()
    )


def test_a_record_is_shown_as_recorded():
    """Indented, but with every spelling of a number, key and string kept; hidden characters escaped."""
    record = '{"n":1.0e400,"n":12345678901234567890123,"t":"\u202e<","e":[]}'
    table = replace(report(1), evidence=lambda: ((Evidence("e", record, "k", 0),),))
    ((one,),) = unpacked(LexborHTMLParser(render_html(table)).css("#evidence-0")[0])
    assert one["record"] == (
        '{\n  "n": 1.0e400,\n  "n": 12345678901234567890123,\n  "t": "\\u202e<",\n  "e": []\n}'
    )


def counted(drawing) -> int:
    """The sum of what the marks of a plot say that they stand for."""
    titles = [box.title for box in drawing.boxes if box.title]
    return sum(int(re.search(r": ([\d,]+)", title)[1].replace(",", "")) for title in titles)


@pytest.mark.slow
@pytest.mark.parametrize("days", [1, 30, 300, 1500, 40_000])
@pytest.mark.parametrize("principals", [1, 12, 13, 40])
def test_every_plot_counts_every_row_at_both_widths(days, principals):
    """However long the time and many the principals, the marks of each plot add up to the rows."""
    charts = draw_charts(report(60, principals=principals, days=days))
    assert [chart.name for chart in charts] == ["activity", "who", "hours"]
    assert {counted(drawing) for chart in charts for drawing in (chart.wide, chart.narrow)} == {60}


def test_plots_are_told_in_the_zone_of_the_report():
    """A Sunday evening in UTC is a Monday in Kiritimati, in every plot."""
    table = replace(report(1), rows=((START, "p", "d", "denied", "ou"),))
    assert [(chart.name, chart.summary) for chart in draw_charts(table)] == [
        ("activity", "UTC; most on Sun 2026-11-22: 1"),
        ("who", "1 principal; most by p: 1"),
        ("hours", "UTC; most on Sun from 23:00: 1"),
    ]
    east = table.in_zone(ZoneInfo("Pacific/Kiritimati"))
    assert [chart.summary for chart in draw_charts(east)] == [
        "Pacific/Kiritimati; most on Mon 2026-11-23: 1",
        "1 principal; most by p: 1",
        "Pacific/Kiritimati; most on Mon from 13:00: 1",
    ]


def test_an_incomplete_answer_says_so_first():
    """Why something may be missing stands above the rows, and is told to those who do not see."""
    page = LexborHTMLParser(render_html(replace(report(1), incomplete=("2 log files <failed>",))))
    (alert,) = page.css("[role=alert]")
    assert [item.text() for item in alert.css("li")] == ["2 log files <failed>"]
    assert not LexborHTMLParser(render_html(report(1))).css("[role=alert]")


def test_a_row_of_many_events_has_the_first_records():
    """Of the others it says where they are."""
    many = tuple(Evidence(f"e{number}", "{}", "k", number) for number in range(25))
    table = replace(report(1), evidence=lambda: (many,))
    (row,) = unpacked(LexborHTMLParser(render_html(table)).css("#evidence-0")[0])
    assert [one["record"] for one in row] == ["{}"] * 20 + [None] * 5
    assert [one["record_index"] for one in row] == list(range(25))


def test_a_report_without_the_columns_of_a_plot_has_no_plot():
    """Plots come from columns, whatever the report is called."""
    table = Table("coverage", (Column("account", "Account", "id"),), (("1",),), Window())
    assert draw_charts(table) == ()
    assert "<figure" not in render_html(table)


FIRST, LAST = datetime.min, datetime.max  # noqa: DTZ901  # on a clock
INSTANTS = st.datetimes(timezones=st.just(UTC))


@given(st.datetimes(), st.datetimes(), st.integers(20, 200))
@example(FIRST, LAST, 58)
@example(LAST, LAST, 58)
@example(FIRST, FIRST, 58)
def test_spans_cover_all_instants(one, other, most):
    """The bounds ascend, hold both instants, and are about as many as there is room for."""
    first, last = sorted((one, other))
    edges = _edges(first, last, most)
    assert all(before < after for before, after in pairwise(edges))
    assert edges[0] <= first
    assert last < edges[-1] or edges[-1] == LAST.replace(microsecond=0)
    assert len(edges) <= most + 3


@settings(max_examples=15)
@given(st.lists(INSTANTS, min_size=1, max_size=5))
@example([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
@example([datetime.max.replace(tzinfo=UTC)])
def test_any_instant_can_be_drawn_in_any_zone(instants):
    """An event may claim any time, and still the page is made and counts it."""
    rows = tuple((when, "p", "d", "denied", "ou") for when in instants)
    zone = ZoneInfo("Pacific/Kiritimati" if len(instants) % 2 else "America/Anchorage")
    charts = draw_charts(Table("changes", COLUMNS, rows, Window()).in_zone(zone))
    assert {counted(chart.wide) for chart in charts} == {len(instants)}


@given(st.text(), st.integers(1, 500), st.integers(0, 200))
def test_a_columns_title_stays_a_string_of_style(title, short, least):
    """No title ends the rule that shows it."""
    columns = (Column("a", "A", "text"), Column("b", title, "id", short=short, least_width=least))
    style = column_style(columns)
    strings = re.findall(r'"((?:[A-Za-z0-9]|\\[0-9a-f]+ )*)"', style)
    assert len(strings) == 1
    assert "<" not in style
    assert style.count("{") == style.count("}")


def test_a_record_of_1970_beside_many_of_today_keeps_the_plot_small():
    """Bars, lines and labels are bounded however far apart the events lie; each row is counted."""
    old = datetime(1970, 1, 1, tzinfo=UTC)
    rows = tuple(
        (old if not number else START + timedelta(minutes=number), "p", "d", "denied", "ou")
        for number in range(5000)
    )
    activity = draw_charts(Table("changes", COLUMNS, rows, Window()))[0]
    for drawing in (activity.wide, activity.narrow):
        assert counted(drawing) == 5000
        assert len(drawing.boxes) < 20
        assert len(drawing.labels) < 30


def labels_of_time(first: datetime, last: datetime) -> list[str]:
    """The labels below the bars of a plot from one instant to another."""
    rows = tuple((when, "p", "d", "denied", "ou") for when in (first, last))
    drawing = draw_charts(Table("changes", COLUMNS, rows, Window()))[0].narrow
    return [label.text for label in drawing.labels if label.anchor == "middle"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, ["22 Nov 2026 23:00", "23 Nov"]),
        (1, ["23 Nov 2026", "12:00", "24 Nov"]),
        (20, ["23 Nov 2026", "30 Nov", "7 Dec"]),
        (200, ["Jan 2027", "Apr"]),
        (1500, ["2028", "2030"]),
    ],
)
def test_the_labels_of_time_are_those_of_a_calendar(days, expected):
    """Midnights, Mondays, quarters or years: each label says what differs from the one before."""
    assert labels_of_time(START, START + timedelta(days=days)) == expected


@pytest.mark.parametrize(
    ("event_id", "command"),
    [
        ("3a1b2c3d-0000-4000-8000-000000000001", "3a1b2c3d-0000-4000-8000-000000000001"),
        ("x; rm -rf ~", "'x; rm -rf ~'"),
        ("$(id)'`id`", "'$(id)'\"'\"'`id`'"),
        ("-o/tmp/x", "-- -o/tmp/x"),
        ("a\nid", r"'a\nid'"),
    ],
)
def test_a_command_that_the_page_offers_is_safe_to_paste(event_id, command):
    """Whatever an event ID holds, a shell takes it for one word."""
    evidence = (Evidence(event_id, "{}", "s3://t/k", 0),) * 21
    ((block,), _) = page_data.evidence_blocks([evidence], packed=False)
    assert json.loads(block.text)[0][20]["show"] == f"trailscan show {command}"
