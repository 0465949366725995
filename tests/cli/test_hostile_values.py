"""Hostile values on their way through the command line: messages, cells, files and times."""

from __future__ import annotations

import csv
import gzip
import json
import os
import stat

import pytest
from services.command import run_command

from trailscan.render.formats import FORMATS
from trailscan.reports.catalogue import REPORTS

ESCAPES = "x\x1b]0;owned\x07\x1b[31mRED\n\u202etrailscan: complete"
FORMULAS = ("Sandbox;=cmd|' /C calc'!A0;x", 'a;"=1+1"', "b; +1;-1;@SUM(1)", "c;\t=1")


def record(number: int, **changed: object) -> dict[str, object]:
    """A record of an OU that was created."""
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "kim"},
        "eventTime": f"2026-11-22T12:00:0{number}Z",
        "eventSource": "organizations.amazonaws.com",
        "eventName": "CreateOrganizationalUnit",
        "userAgent": ESCAPES,
        "eventID": f"e-{number}",
        "recipientAccountId": "111122223333",
        "requestParameters": {"name": FORMULAS[number % 4], "parentId": "r-ab12"},
        **changed,
    }


def load(folder, records):
    """A store of some records."""
    place = folder / "111122223333_CloudTrail_us-east-1_20261122T1205Z_0000000000000001.json.gz"
    place.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    store = folder / "store"
    assert run_command("load", place, "--store", store).returncode == 0
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of four hostile records."""
    return load(tmp_path_factory.mktemp("values"), [record(number) for number in range(4)])


def test_a_message_that_quotes_a_record_is_one_line_that_a_terminal_only_shows(store):
    """DuckDB's errors quote values: no escape sequence and no line end of theirs is printed."""
    done = run_command("sql", "select cast(user_agent as int) from events", "--store", store)
    said = done.stderr.decode()
    assert (done.returncode, said.count("\n")) == (2, 1)
    assert r"x\x1b]0;owned\x07\x1b[31mRED\n\u202etrailscan: complete" in said


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_is_a_formula_whatever_separates_cells(store, tmp_path, separator):
    """A spreadsheet that splits at semicolons finds none either, in the report and the package."""
    run_command("report", "changes", "--store", store, "--output", tmp_path / "o.csv")
    run_command("export", "--for", "2026-11-22", "--store", store, "--to", tmp_path)
    for path in (tmp_path / "o.csv", tmp_path / "export-2026-11-22" / "changes.csv"):
        with path.open(newline="") as file:
            cells = [cell for row in csv.reader(file, delimiter=separator) for cell in row]
        assert len(cells) > 4
        assert not [cell for cell in cells if cell.lstrip(' "').startswith(tuple("=+-@\t\r"))]


def test_values_can_still_be_read_and_numbers_and_times_stay(store):
    """With commas as separators only an apostrophe was added; a number is no formula."""
    out = run_command("report", "changes", "--store", store, "--format", "csv").stdout.decode()
    rows = list(csv.DictReader(out.splitlines()))
    assert rows[0]["description"].startswith("created OU \"Sandbox;'=cmd|' /C calc'!A0;x\" ")
    assert rows[0]["event_time"] == "2026-11-22T12:00:00Z"
    query = "select -5 as n, -1.5 as f, '-5' as t"
    out = run_command("sql", query, "--store", store, "--format", "csv").stdout.decode()
    assert out == '"n","f","t"\n"-5","-1.5","\'-5"\n'


def modes(folder):
    """The permissions of everything in a folder, by name."""
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}
    return {name: oct(mode) for name, mode in sorted(found.items())}


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_output_is_for_its_owner_only(store, tmp_path, umask):
    """A report and a package hold evidence; a file that is replaced keeps its mode."""
    before = os.umask(umask)
    try:
        (tmp_path / "old.html").touch()
        (tmp_path / "old.html").chmod(0o640)
        for name in ("new.html", "old.html", "new.csv", "new.xlsx"):
            run_command("report", "changes", "--store", store, "--output", tmp_path / name)
        run_command("export", "--for", "2026-11-22", "--store", store, "--to", tmp_path)
    finally:
        os.umask(before)
    found = modes(tmp_path)
    assert found.pop("old.html") == "0o640"
    folders = ("export-2026-11-22", "digests", "proof", "log")
    assert {found.pop(name) for name in folders} == {"0o700"}
    assert set(found.values()) == {"0o600"}
    assert {"statement.json", "records.jsonl", "run.json", "index.csv"} <= set(found)


def test_a_time_of_more_digits_belongs_to_one_day(tmp_path):
    """CloudTrail's seconds are whole; a time with parts of them is cut everywhere, not rounded."""
    store = load(tmp_path, [record(1, eventTime="2026-11-22T23:59:59.9999999Z")])
    for day, count in (("2026-11-22", 1), ("2026-11-23", 0)):
        run_command("export", "--for", day, "--store", store, "--to", tmp_path)
        statement = json.loads((tmp_path / f"export-{day}" / "statement.json").read_text())
        assert (statement["counts"]["changes"], statement["counts"]["records_of_the_day"]) == (
            count,
            count,
        )


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """A store of records at both ends of the calendar and one between."""
    times = ("0001-01-01T00:00:00Z", "2026-11-22T12:00:00Z", "9999-12-31T23:59:59Z")
    records = [record(number, eventTime=when) for number, when in enumerate(times)]
    return load(tmp_path_factory.mktemp("ends"), records)


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "UTC"])
@pytest.mark.parametrize("name", REPORTS)
def test_a_time_at_the_end_of_the_calendar_is_told_in_every_report(ends, tmp_path, name, zone):
    """What lies beyond the calendar in a zone is told in UTC; each form answers."""
    for form in FORMATS:
        words = ("report", name, "--store", ends, "--tz", zone, "--output", tmp_path / f"o.{form}")
        done = run_command(*words, "--format", form)
        assert done.returncode in (0, 4), done.stderr.decode()
    done = run_command("report", name, "--store", ends, "--tz", zone, "--since", "0001-01-01")
    assert done.returncode in (0, 4), done.stderr.decode()
