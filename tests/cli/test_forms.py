"""One report in every form, from the command line: the same rows, and where the bytes go."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import openpyxl
import pyarrow.parquet as pq
import pytest
from selectolax.lexbor import LexborHTMLParser
from services.command import run_command

import trailscan as ts
from trailscan.cli.look import Format
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.formats import FORMATS
from trailscan.reports.changes import COLUMNS

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
WIDTH = "400"
SHOWN = [column.name for column in COLUMNS if not column.detail]
OUTCOME, EVENT = SHOWN.index("outcome"), SHOWN.index("event_id")


def trailscan(*words: object) -> subprocess.CompletedProcess[bytes]:
    """Run the command."""
    return run_command(
        *words,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": WIDTH},
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the sample logs."""
    place = tmp_path_factory.mktemp("forms") / "store"
    run_load([str(SAMPLES)], str(place), LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    return place


def from_table(data: bytes) -> list[tuple[str, str, str]]:
    """Time, outcome and the beginning of the event's id, from the lines that begin a row."""
    line = re.compile(
        r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) .* (denied|failed|succeeded) +\w+ +(\w{8})"
    )
    return [found.groups() for found in map(line.fullmatch, data.decode().splitlines()) if found]


def from_rows(rows: list[dict]) -> list[tuple[str, str, str]]:
    """The same from rows of named values."""
    return [(as_cell(row["event_time"]), row["outcome"], row["event_id"][:8]) for row in rows]


def as_cell(when: object) -> str:
    """An instant as a terminal shows it."""
    return str(when)[:19].replace("T", " ")


def from_markdown(data: bytes) -> list[tuple[str, str, str]]:
    """The same from the lines of a table in Markdown."""
    lines = [line.strip("| ").split(" | ") for line in data.decode().splitlines() if "|" in line]
    return [(cells[0], cells[OUTCOME], cells[EVENT]) for cells in lines[2:]]


def from_html(data: bytes) -> list[tuple[str, str, str]]:
    """The same from the elements of a page."""
    rows = LexborHTMLParser(data.decode()).css("#rows tbody tr")
    texts = [[cell.text().strip() for cell in row.css("td")] for row in rows]
    return [(cells[0], cells[OUTCOME], cells[EVENT][:8]) for cells in texts]


def from_xlsx(data: bytes) -> list[tuple[str, str, str]]:
    """The same from the cells of a sheet."""
    head, *rows = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].values
    places = [head.index(title) for title in ("When (UTC)", "Outcome", "Event")]
    found = [[row[place] for place in places] for row in rows]
    return [(as_cell(when), outcome, event_id[:8]) for when, outcome, event_id in found]


def from_tsv(data: bytes) -> list[dict[str, str]]:
    """Rows by column name: no value has a tab or a line end."""
    head, *rows = [line.split("\t") for line in data.decode().splitlines()]
    return [dict(zip(head, row, strict=True)) for row in rows]


READERS = {
    "table": from_table,
    "csv": lambda data: from_rows(list(csv.DictReader(io.StringIO(data.decode())))),
    "tsv": lambda data: from_rows(from_tsv(data)),
    "json": lambda data: from_rows(json.loads(data)["rows"]),
    "jsonl": lambda data: from_rows([json.loads(line) for line in data.splitlines()]),
    "markdown": from_markdown,
    "html": from_html,
    "xlsx": from_xlsx,
    "parquet": lambda data: from_rows(pq.read_table(io.BytesIO(data)).to_pylist()),
}


def test_every_form_can_be_asked_for():
    """The command knows the forms there are, and each has a reader here."""
    known = {"table", *FORMATS}
    assert set(get_args(Format)) == known == {*READERS, "slack"}  # which is a message, not rows


@pytest.mark.parametrize("form", READERS)
def test_every_form_has_the_rows_that_python_has(store, form):
    """Rows, outcomes and totals are those of a frame, whatever the form; the data is on stdout."""
    frame = ts.open(str(store)).changes()
    expected = from_rows(frame.to_dict("records"))
    done = trailscan("report", "changes", "--store", store, "--format", form)
    found = READERS[form](done.stdout)
    assert done.returncode == 0
    assert found == expected
    assert Counter(outcome for _, outcome, _ in found) == frame["outcome"].value_counts().to_dict()
    assert done.stderr.decode().startswith(f"{len(expected)} changes; all times\n")


@pytest.mark.parametrize(
    ("suffix", "begins"),
    [
        ("md", b"## Who changed what"),
        ("html", b"<!doctype html>"),
        ("xlsx", b"PK"),
        ("parquet", b"PAR1"),
    ],
)
def test_a_file_has_the_form_of_its_suffix(store, tmp_path, suffix, begins):
    """The file is the bytes that stdout would have had, and stdout has none."""
    target = tmp_path / f"changes.{suffix}"
    words = ("report", "changes", "--store", store, "--quiet")
    done = trailscan(*words, "--output", target)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert target.read_bytes().startswith(begins)
    form = {"md": "markdown"}.get(suffix, suffix)
    assert target.read_bytes() == trailscan(*words, "--format", form).stdout


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_a_terminal_gets_no_bytes(store, form):
    """A form that is no text is a usage error on a terminal, and nothing is written there."""
    reader, terminal = pty.openpty()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "trailscan",
            "report",
            "changes",
            "--store",
            store,
            "--format",
            form,
        ],
        stdout=terminal,
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": WIDTH},
    )
    os.close(terminal)
    os.set_blocking(reader, False)
    with pytest.raises(OSError, match="Input/output error"):
        os.read(reader, 1)
    os.close(reader)
    assert done.returncode == 2
    assert b"--output FILE" in done.stderr


def test_a_file_that_cannot_be_written_leaves_nothing_behind(store, tmp_path):
    """The error is one line and exit code 5, and the folder is as it was."""
    target = tmp_path / "changes.html"
    target.mkdir()
    done = trailscan("report", "changes", "--store", store, "-o", target)
    assert done.returncode == 5
    assert done.stderr.decode().startswith(f"trailscan: {target} could not be written")
    assert list(tmp_path.iterdir()) == [target]
