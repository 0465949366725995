"""A report on a terminal: whole words and values, whole columns, at any width."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.api import open as open_store
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.fold import fold_note, length
from trailscan.render.terminal import render_terminal
from trailscan.reports.catalogue import REPORTS
from trailscan.table import Column, Table, as_text, clock_text
from trailscan.visible import visible
from trailscan.window import Window

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
WIDTHS = (80, 100, 120, 157, 200)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FLOWING = {"text", "list", "chain", "json"}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of the sample logs."""
    place = str(tmp_path_factory.mktemp("terminal") / "store")
    run_load([str(SAMPLES)], place, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    return open_store(place)


def words_of(table: Table, column: Column, place: int) -> set[str]:
    """What must not be broken in a column: words, and values that are no words."""
    texts = set()
    for row in table.rows:
        value = row[place]
        text = clock_text(value) if isinstance(value, datetime) else visible(as_text(value))
        texts |= set(text.split(" ")) if column.kind in FLOWING else {text}
    return texts


def check(table: Table, width: int, layout: str = "auto") -> str:
    """Hold every rule of a report on a terminal of a width; gives what is printed."""
    drawn = render_terminal(table, width=width, color=False, layout=layout)
    lines = drawn.text.splitlines()
    assert drawn.text == "".join(f"{line}\n" for line in lines)
    assert max(map(length, lines)) <= width
    known = [(place, column) for place, column in enumerate(table.columns) if not column.detail]
    shown = [(place, column) for place, column in known if column.name not in drawn.left_out]
    assert (drawn.of, len(shown)) == (len(known), len(known) - len(drawn.left_out))
    assert shown
    for _, column in shown:
        for other in drawn.left_out:
            (rank,) = (one.rank for _, one in known if one.name == other)
            assert column.rank <= rank
    for place, column in shown:
        for word in words_of(table, column, place):
            text = word[: column.short] if column.short and not drawn.is_record else word
            if length(text) <= width:
                assert any(text in line for line in lines), (column.name, text)
    return drawn.text


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_is_readable_at_every_width(store, name, width):
    """No line is too long, no word broken, and what is left out is named by its importance."""
    table = store.report(name)
    for layout in ("auto", "table", "record"):
        check(table, width, layout)


@pytest.mark.parametrize("name", REPORTS)
def test_a_wide_terminal_has_no_more_lines_than_one_of_80_columns(store, name):
    """A column that would make the others so narrow is left out."""
    table = store.report(name)
    usual, *wider = (render_terminal(table, width=width, color=False).text for width in WIDTHS)
    assert max(text.count("\n") for text in wider) <= usual.count("\n")


@pytest.mark.parametrize(
    ("name", "most"), [("targets", 3), ("changes", 5), ("findings", 5), ("policies", 4)]
)
def test_a_row_takes_few_lines_at_80_columns(store, name, most):
    """Whole columns give way to those that must be read."""
    table = store.report(name)
    lines = check(table, 80).splitlines()
    assert len(lines) <= most * len(table.rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_of_hostile_events_is_readable(hostile, name):
    """Names of 5,000 characters, without spaces or with nothing else, leave the rules standing."""
    table = hostile.stores[0].report(name)
    for width in WIDTHS:
        for layout in ("auto", "table", "record"):
            check(table, width, layout)


def some_table(draw) -> Table:
    """Any table: kinds, ranks and widths as reports have them, texts as logs may."""
    kinds = draw(st.lists(st.sampled_from(["text", "id", "count", "instant", "list"]), min_size=1))
    columns = tuple(
        Column(
            f"column_{place}",
            draw(st.sampled_from(["Who", "Highest severity", "When (UTC)"])),
            kind,
            wide=not place,
            rank=draw(st.integers(0, 3)),
            least_width=draw(st.sampled_from([0, 20, 36])),
            most_width=draw(st.sampled_from([0, 16, 30])),
            short=draw(st.sampled_from([0, 8])) if kind == "id" else 0,
        )
        for place, kind in enumerate(kinds)
    )
    word = st.text(st.sampled_from("aé開\x1b\u202e\t;|-"), max_size=90)
    text = st.lists(word, max_size=6).map(" ".join)
    value = {
        "text": st.none() | text,
        "id": st.none() | text,
        "count": st.none() | st.integers(0, 2**40),
        "instant": st.none() | st.just(NOON),
        "list": st.lists(text, max_size=3).map(tuple),
    }
    row = st.tuples(*(value[kind] for kind in kinds))
    rows = draw(st.lists(row, min_size=1, max_size=6))
    return Table("any", columns, tuple(rows), Window())


@given(st.composite(some_table)(), st.integers(40, 200), st.sampled_from(["auto", "table"]))
def test_any_table_is_readable_at_any_width(table, width, layout):
    """The rules hold for tables that no report has yet."""
    drawn = render_terminal(table, width=width, color=False, layout=layout)
    lines = drawn.text.splitlines()
    assert all(length(line) <= width for line in lines)
    for place, column in enumerate(table.columns):
        if column.name in drawn.left_out:
            continue
        for word in words_of(table, column, place):
            shown = word[: column.short] if column.short and not drawn.is_record else word
            bare = shown.rstrip(" ")  # what nobody sees at the end of a line
            assert length(shown) > width or any(bare in line for line in lines)


COLUMNS = (
    Column("when", "When (UTC)", "instant"),
    Column("who", "Who", "text", least_width=12, most_width=16),
    Column("count", "Calls", "count"),
    Column("what", "What", "text", wide=True, least_width=20),
    Column("outcome", "Outcome", "text", rank=1),
    Column("id", "Event", "id", rank=2, short=8),
)


def rows(*who: str) -> Table:
    """A report of one row for each principal."""
    made = [
        (NOON, name, 10**place, "moved account 111122223333 to OU Sandbox", "denied", "0a1b2c3d-e")
        for place, name in enumerate(who)
    ]
    return Table("t", COLUMNS, tuple(made), Window())


def test_a_value_with_a_long_word_takes_the_rest_of_the_line():
    """The columns after it go on below; numbers are on the right; the last column is named."""
    drawn = render_terminal(
        rows("ci", "a.very.long.name@subdomain.example.com (Admin)"), width=80, color=False
    )
    assert drawn.text == (
        "When (UTC)           Who               Calls  What                       Outcome\n"
        "────────────────────────────────────────────────────────────────────────────────\n"
        "2026-11-22 12:00:00  ci                    1  moved account              denied\n"
        "                                              111122223333 to OU\n"
        "                                              Sandbox\n"
        "2026-11-22 12:00:00  a.very.long.name@subdomain.example.com (Admin)\n"
        "                                          10  moved account              denied\n"
        "                                              111122223333 to OU\n"
        "                                              Sandbox\n"
    )
    assert drawn.remarks == ("5 of 6 columns; --columns, --layout record show the others: id",)


def test_a_record_has_a_line_for_each_value():
    """Titles on the left, whole ids, an empty line between rows, and nothing left out."""
    drawn = render_terminal(rows("ci", "dana"), width=40, color=False, layout="record")
    assert drawn.text.split("\n\n")[1] == (
        "When (UTC)  2026-11-22 12:00:00\n"
        "Who         dana\n"
        "Calls       10\n"
        "What        moved account 111122223333\n"
        "            to OU Sandbox\n"
        "Outcome     denied\n"
        "Event       0a1b2c3d-e\n"
    )
    assert drawn.remarks == ()


def test_records_are_shown_where_a_table_has_no_room():
    """`auto` never leaves out a column of rank 0; `table` does, the last one first."""
    table = rows("a.very.long.name@example.com")
    auto, forced = (
        render_terminal(table, width=50, color=False, layout=layout) for layout in ("auto", "table")
    )
    assert (auto.is_record, auto.left_out) == (True, ())
    assert (forced.is_record, forced.left_out) == (False, ("what", "outcome", "id"))


def test_colors_change_nothing_but_the_color():
    """The same lines, whichever of the layouts."""
    for layout in ("table", "record"):
        for width in (40, 80, 120):
            table = rows("ci", "a.very.long.name@subdomain.example.com (Admin)")
            plain, colored = (
                render_terminal(table, width=width, color=color, layout=layout).text
                for color in (False, True)
            )
            assert "\x1b[1m" in colored
            bare = colored.replace("\x1b[1m", "").replace("\x1b[31m", "").replace("\x1b[0m", "")
            assert bare == plain


@pytest.mark.parametrize(
    ("note", "lines"),
    [
        ("fits a line", ["fits a line"]),
        ("  the rest of a note is indented", ["  the rest of a", "    note is", "    indented"]),
        ("run `trailscan load X`, then", ["run", "`trailscan load X`,", "  then"]),
        (
            "see arn:aws:iam::111122223333:user/alice",
            ["see", "arn:aws:iam::111122223333:user/alice"],
        ),
        ("$ trailscan report changes", ["$ trailscan report changes"]),
    ],
)
def test_a_note_is_folded_between_words_and_commands(note, lines):
    """What is longer than a line has one of its own and is not broken, so that it can be copied."""
    assert fold_note(note, 15) == lines
