"""The forms of a report byte for byte: as they were last looked at, and the same every time."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

from trailscan.errors import TrailscanError
from trailscan.render import xlsx
from trailscan.render.formats import FORMATS
from trailscan.render.terminal import render_terminal
from trailscan.render.xlsx import render_xlsx
from trailscan.table import Column, Evidence, Table
from trailscan.window import Window

GOLDEN = Path(__file__).parent / "golden"
WRITE = "TRAILSCAN_WRITE_GOLDEN"
"""Set it to write the golden files anew; then look at what changed."""

COLUMNS = (
    Column("event_time", "When (UTC)", "instant"),
    Column("principal", "Who", "text", most_width=20),
    Column("description", "What", "text", wide=True),
    Column("target", "Target", "id", least_width=100),
    Column("severity", "Severity", "text"),
    Column("outcome", "Outcome", "text"),
    Column("event_id", "Event", "id", short=8),
    Column("category", "Category", "text", detail=True),
    Column("related", "Related", "list", detail=True),
    Column("count", "Count", "count", detail=True),
    Column("certain", "Certain", "flag", detail=True),
)
DAY = Window.day(datetime(2026, 11, 22, tzinfo=UTC).date())


def at(hour: int, minute: int = 0) -> datetime:
    """A time of that day."""
    return datetime(2026, 11, 22, hour, minute, 5, tzinfo=UTC)


ROWS = (
    (at(1), "root user of 1111", "closed account Sandbox (2222)", "2222", "critical", "succeeded",
     "0a1b2c3d-0000-4000-8000-000000000001", "account", ("0a1b2c3e",), 1, True),
    (at(9, 30), "alice@example.com", "attached policy a|b to OU `Prod`", "ou-1", "medium",
     "succeeded", "1a1b2c3d-0000-4000-8000-000000000002", "policy", (), 22, True),
    (at(9, 59), "=HYPERLINK(1)\x1b[31m", "tried to leave\u202e <script>: denied", None, "high",
     "denied", "2a1b2c3d-0000-4000-8000-000000000003", "organization", (), None, False),
    (at(23), "\u00d8ystein", "created OU \u958b\u767a", "ou-2", "low", "failed",
     "3a1b2c3d-0000-4000-8000-000000000004", "ou", ("a", "b"), 2**60, None),
)  # fmt: skip


def records() -> tuple[tuple[Evidence, ...], ...]:
    """A record behind each row, the last one with a value that no float holds."""
    texts = [
        '{"eventName": "CloseAccount","n": 1}',
        '{"a":"|"}',
        '{"a":"</script>\u202e"}',
        '{"n":1e999}',
    ]
    return tuple(
        (Evidence(str(row[6]), text, f"s3://trail/{number}.json.gz", number, "ab" * 32, None),)
        for number, (row, text) in enumerate(zip(ROWS, texts, strict=True))
    )


TABLE = Table(
    "changes",
    COLUMNS,
    ROWS,
    DAY,
    ("4 changes", "1 record was not read"),
    title="What changed",
    incomplete=("2 days are missing",),
    evidence=records,
)


def written(form: str) -> str:
    """A form of the report as text that can be kept and compared.

    Left out are a workbook's parts other than its cells, which another version of XlsxWriter may
    write differently, and a page's style and programs: these are files already, whose SHA-256
    stand in the page's policy.
    """
    if form == "table":
        return render_terminal(TABLE, width=120, color=False).text
    made = FORMATS[form](TABLE)
    if form == "xlsx":
        with zipfile.ZipFile(io.BytesIO(made)) as archive:
            parts = [
                archive.read(f"xl/{name}.xml").decode()
                for name in ("worksheets/sheet1", "worksheets/sheet2", "sharedStrings")
            ]
        return "\n".join(parts).replace("><", ">\n<")
    if form == "html":
        return re.sub("<(style|script)>.*?</", r"<\1></", made, flags=re.DOTALL)
    return made


@pytest.mark.parametrize("form", sorted({"table", *FORMATS} - {"parquet"}))
def test_a_form_is_as_it_was_last_looked_at(form):
    """Every byte of the golden file; Parquet, whose bytes name its writer, has a test of its own."""
    suffix = {"table": "txt", "markdown": "md", "xlsx": "xlsx.xml"}.get(form, form)
    golden = GOLDEN / f"changes.{suffix}"
    found = written(form)
    if os.environ.get(WRITE):
        golden.write_bytes(found.encode())
    assert found.encode() == golden.read_bytes()


def test_parquet_is_exact_typed_and_says_what_was_asked():
    """The rows of the report, and in the file's metadata its name and window."""
    file = pq.ParquetFile(io.BytesIO(FORMATS["parquet"](TABLE)))
    assert file.read().equals(TABLE.to_arrow())
    found = {
        key: value for key, value in file.schema_arrow.metadata.items() if key != b"ARROW:schema"
    }
    assert found == {
        b"trailscan.report": b"changes",
        b"trailscan.since": b"2026-11-22T00:00:00Z",
        b"trailscan.until": b"2026-11-23T00:00:00Z",
    }


SCRIPT = """
import hashlib, sys
sys.path.insert(0, sys.argv[1])
from test_forms import FORMATS, TABLE
for name, render in FORMATS.items():
    made = render(TABLE)
    print(name, hashlib.sha256(made if isinstance(made, bytes) else made.encode()).hexdigest())
"""


@pytest.mark.slow
def test_the_same_report_gives_the_same_bytes_in_every_process():
    """Neither the hash seed, the time zone, the locale nor the clock shows in any form."""
    seen = set()
    for seed, zone, locale in (("1", "UTC", "C"), ("2", "Pacific/Kiritimati", "C.UTF-8")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
        words = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)]
        seen.add(subprocess.run(words, env=environment, capture_output=True, check=True).stdout)
    (only,) = seen
    assert len(only.splitlines()) == len(FORMATS)


def test_a_workbook_has_typed_cells_filters_and_a_frozen_header():
    """Dates, numbers and booleans are such; what is no text to a double stays text."""
    book = openpyxl.load_workbook(io.BytesIO(render_xlsx(TABLE)))
    sheet, about = book.worksheets
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:K5")
    assert [cell.value for cell in sheet[1]] == [column.title for column in COLUMNS]
    assert [(cell.value, cell.data_type) for cell in sheet[5]] == [
        (datetime(2026, 11, 22, 23, 0, 5), "d"),  # noqa: DTZ001  # a cell has no zone
        *(
            (text, "s")
            for text in ("\u00d8ystein", "created OU \u958b\u767a", "ou-2", "low", "failed")
        ),
        ("3a1b2c3d-0000-4000-8000-000000000004", "s"),
        ("ou", "s"),
        ("a; b", "s"),
        (str(2**60), "s"),
        (None, "n"),
    ]
    assert sheet["A2"].number_format == "yyyy-mm-dd hh:mm:ss"
    assert list(about.values) == [
        ("Report", "What changed"),
        ("Event time", "2026-11-22T00:00:00Z to 2026-11-23T00:00:00Z"),
        ("Incomplete", "2 days are missing"),
        ("Note", "4 changes"),
        ("Note", "1 record was not read"),
        ("Altered", "a leading apostrophe was added to 1 cell (possible formulas)"),
    ]


def test_a_text_too_long_for_a_cell_is_cut_aloud():
    """The cell ends in words that say so, and the sheet about the report counts such texts."""
    column = Column("text", "Text", "text")
    table = Table("t", (column,), (("\U0001f600" * 20_000,), ("short",)), Window())
    sheet, about = openpyxl.load_workbook(io.BytesIO(render_xlsx(table))).worksheets
    assert sheet["A2"].value.endswith(" […cut here: too long for a cell]")
    assert len(sheet["A2"].value.encode("utf-16-le")) <= 2 * 32_767
    assert list(about.values)[-1] == (
        "Cut",
        "1 text cut at the limit of a cell; use parquet for all of it",
    )


def test_more_rows_than_a_sheet_holds_are_no_workbook(monkeypatch):
    """No row is dropped: there is an error that names other forms."""
    monkeypatch.setattr(xlsx, "MOST_ROWS", 3)
    with pytest.raises(TrailscanError, match="4 rows do not fit a sheet of 3") as found:
        render_xlsx(TABLE)
    assert found.value.hint == "narrow the report, or use csv or parquet"


def test_a_date_before_excels_first_is_a_text():
    """An event may claim any year; none is lost or wrong."""
    table = Table(
        "t", (Column("t", "T", "instant"),), ((datetime(1, 1, 1, tzinfo=UTC),),), Window()
    )
    sheet = openpyxl.load_workbook(io.BytesIO(render_xlsx(table))).worksheets[0]
    assert sheet["A2"].value == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_of_no_rows_has_every_form(form):
    """Nothing found is an answer too, with its notes where the form has a place for them."""
    made = FORMATS[form](Table("changes", COLUMNS, (), DAY, ("no changes; 3 log files",)))
    if form in {"json", "markdown", "html"}:
        assert "no changes; 3 log files" in made
    if form == "parquet":
        assert pq.read_table(io.BytesIO(made)).num_rows == 0


def test_json_of_the_golden_report_is_exact():
    """The escapes that keep a terminal safe change no value."""
    rows = json.loads(FORMATS["json"](TABLE))["rows"]
    assert [row["principal"] for row in rows] == [row[1] for row in ROWS]
    assert [row["count"] for row in rows] == [1, 22, None, 2**60]
