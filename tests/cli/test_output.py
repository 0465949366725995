"""Where the rows and the notes of a report go, and in what form: terminal, pipe and file."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import pytest
from services.command import run_command
from services.terminal import on_terminal

from trailscan.reports.catalogue import REPORTS

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
CHANGES = ("report", "changes")


def piped(*words: object, **environment: str) -> tuple[int, str, str]:
    """Run the command into a pipe; gives exit code, stdout and stderr."""
    done = run_command(*words, env={**os.environ, **environment})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of the sample logs."""
    place = tmp_path_factory.mktemp("output") / "store"
    assert piped("load", SAMPLES, "--store", place)[0] == 0
    return place


def lines_of(text: str) -> list[list[str]]:
    """The cells of tab-separated lines."""
    return [line.split("\t") for line in text.splitlines()]


@pytest.mark.parametrize("name", REPORTS)
def test_a_pipe_gets_a_line_a_row_and_no_note(store, name):
    """Every report: column names, then as many cells in each line; the notes are on stderr."""
    words = ("report", name, "--store", store)
    _, out, err = piped(*words)
    _, as_csv, notes = piped(*words, "--format", "csv")
    rows = list(csv.reader(io.StringIO(as_csv)))
    assert lines_of(out) == rows
    assert err == notes
    assert err.count("\n") >= 2


@pytest.mark.parametrize("form", ["table", "tsv", "json", "markdown"])
def test_notes_are_the_same_in_every_form(store, form):
    """On stderr, unless --quiet leaves them out."""
    words = (*CHANGES, "--store", store, "--format", form, "--limit", "2")
    expected = [
        "155 changes; all times",
        f"from 467 events out of 816 log files in {store}",
        "2 of 155 rows: --limit left out the others",
    ]
    _, _, err = piped(*words, COLUMNS="400")
    assert err.splitlines() == expected
    assert piped(*words, "--quiet")[2] == ""


def test_columns_are_shown_in_the_order_given(store):
    """In every form; the other columns are left out."""
    words = (*CHANGES, "--store", store, "--columns", "event_id,severity", "--columns", "outcome")
    names = ["event_id", "severity", "outcome"]
    assert lines_of(piped(*words)[1])[0] == names
    answer = json.loads(piped(*words, "--format", "json")[1])
    assert (answer["columns"], list(answer["rows"][0])) == (names, names)
    table = piped(*words, "--format", "table", COLUMNS="80")[1]
    assert table.split("\n")[0].split() == ["Event", "Severity", "Outcome"]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--columns", "event_time,severty", "has no column 'severty'; did you mean 'severity'?"),
        ("--columns", "zzz", "has no column 'zzz'; it has: event_time, principal, description"),
        ("--sort", "severity:down", "has no column 'severity:down'; did you mean 'severity'?"),
        ("--limit", "-1", "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_shown_is_a_usage_error(store, option, value, said):
    """With what may have been meant, and nothing on stdout."""
    code, out, err = piped(*CHANGES, "--store", store, option, value)
    assert (code, out) == (2, "")
    assert f"Invalid value for {option}" in err.replace("'--limit'", "--limit")
    assert said in err


def test_rows_are_sorted_by_what_their_values_mean(store):
    """Severities by how bad they are, and the first rows are those of the order."""
    words = (*CHANGES, "--store", store, "--columns", "severity,event_time", "--format", "json")
    rows = json.loads(piped(*words, "--sort", "severity")[1])["rows"]
    grades = ["info", "low", "medium", "high", "critical"]
    assert [row["severity"] for row in rows] == sorted(
        [row["severity"] for row in rows], key=grades.index
    )
    times = [row["event_time"] for row in rows if row["severity"] == "low"]
    assert times == sorted(times)
    answer = json.loads(piped(*words, "--sort", "severity:desc", "--limit", "3")[1])
    assert {row["severity"] for row in answer["rows"]} == {"critical"}
    assert answer["notes"][-1] == "3 of 155 rows: --limit left out the others"


def test_a_limit_hides_no_finding_from_fail_on(store):
    """The exit code is that of all rows."""
    words = ("report", "findings", "--store", store, "--fail-on", "critical", "--limit", "0")
    assert piped(*words)[0] == 3


def test_the_records_of_a_page_are_those_of_its_rows(store, tmp_path):
    """Sorting and limiting take the evidence of the rows along."""
    page = tmp_path / "page.html"
    words = (*CHANGES, "--store", store, "--sort", "event_time:desc", "--limit", "1")
    assert piped(*words, "--output", page)[0] == 0
    (row,) = json.loads(piped(*words, "--format", "json")[1])["rows"]
    assert f'"event_id":"{row["event_id"]}"' in page.read_text()
    assert page.read_text().count('"event_id":') == 1


def test_a_layout_can_be_asked_for_in_a_pipe(store):
    """A block a row; an explicit table is drawn too."""
    words = (*CHANGES, "--store", store, "--limit", "1")
    assert piped(*words, "--layout", "record", COLUMNS="80")[1].startswith("When (UTC)  2026-08-03")
    assert piped(*words, "--layout", "table", COLUMNS="80")[1].startswith(
        "When (UTC)           Who"
    )


@pytest.mark.parametrize(
    ("words", "environment", "colored"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "always", "--no-color"], {}, True),
        (["--color", "never"], {}, False),
    ],
)
def test_colors_in_a_pipe_must_be_asked_for(store, words, environment, colored):
    """`--color always` wins over NO_COLOR, as the last word of whoever typed it."""
    _, out, _ = piped(*CHANGES, "--store", store, "--format", "table", *words, **environment)
    assert ("\x1b[" in out) == colored


def test_a_terminal_shows_a_table_as_wide_as_it_is(store):
    """With colors, a row in its lines, and the notes below, naming the columns left out."""
    seen = on_terminal(*CHANGES, "--store", store, "--limit", "2", columns=80)
    lines = seen.text.splitlines()
    assert (seen.code, lines[0]) == (
        0,
        "\x1b[1mWhen (UTC)           Who               What                             Event\x1b[0m",
    )
    assert lines[-2:] == [
        "4 of 9 columns; --columns, --layout record show the others: target,",
        "  source_ip_address, client, outcome, severity",
    ]
    for words, environment in ((["--no-color"], {}), ([], {"NO_COLOR": "yes"})):
        plain = on_terminal(*CHANGES, "--store", store, *words, columns=200, **environment)
        assert "\x1b" not in plain.text
        assert "Source IP" in plain.text.splitlines()[0]


def test_a_long_answer_on_a_terminal_goes_to_the_pager(store, tmp_path):
    """As with git: the program in PAGER, for what does not fit; notes stay where they are."""
    words = (*CHANGES, "--store", store, "--columns", "event_id")
    pager, paged = tmp_path / "pager", tmp_path / "paged"
    pager.write_text(f'#!/bin/sh\necho "LESS=$LESS" > {paged}\ncat >> {paged}\n')
    pager.chmod(0o755)
    seen = on_terminal(*words, columns=200, PAGER=str(pager))
    assert seen.text.splitlines() == [
        "155 changes; all times",
        f"from 467 events out of 816 log files in {store}",
    ]
    first, *rows = paged.read_text().splitlines()
    assert (first, len(rows)) == ("LESS=FRX", 157)
    paged.unlink()
    assert (
        len(on_terminal(*words, "--limit", "5", columns=200, PAGER=str(pager)).text.splitlines())
        == 10
    )
    assert (
        len(on_terminal(*words, "--no-pager", columns=200, PAGER=str(pager)).text.splitlines())
        == 159
    )
    assert (
        len(on_terminal(*words, lines=300, columns=200, PAGER=str(pager)).text.splitlines()) == 159
    )
    assert not paged.exists()


def test_a_pager_that_ends_early_ends_nothing_else(store):
    """Whoever has seen enough gets the notes and the exit code."""
    seen = on_terminal(*CHANGES, "--store", store, PAGER="less '")
    assert seen.code == 0
    assert "Traceback" not in seen.text
    seen = on_terminal(*CHANGES, "--store", store, PAGER="true")
    assert seen.code == 0
    assert "155 changes; all times" in seen.text
    assert "Traceback" not in seen.text
