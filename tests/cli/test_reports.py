"""The reports, show and sql on the command line: options, forms and exit codes."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from services.command import run_command

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
REPORTS = (
    "changes", "events", "principals", "targets", "denied", "policies", "accounts", "findings", "summary", "coverage", "cis",
)  # fmt: skip


def trailscan(*words: object, columns: int = 150):
    """Run the command; gives exit code, stdout and stderr."""
    done = run_command(
        *words,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": str(columns)},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the sample logs."""
    place = tmp_path_factory.mktemp("reports") / "store"
    code, _, err = trailscan("load", SAMPLES, "--store", place)
    assert (code, err) == (0, "")
    return place


def test_the_help_lists_every_report_in_one_line():
    """On 80 columns, in the order of the contract."""
    code, out, _ = trailscan("report", "--help", columns=80)
    lines = [line.strip("│ ").split("  ")[0] for line in out.splitlines() if line.startswith("│")]
    assert code == 0
    assert lines[1:] == list(REPORTS)


def test_the_help_of_reports_needs_no_heavy_library():
    """Neither the list of reports nor their options import what only an answer needs."""
    script = (
        "import sys\nfrom trailscan.cli.app import app\n"
        "from trailscan.cli.report import app as reports\n"
        "heavy = {'pandas', 'pyarrow', 'boto3', 'duckdb', 'rich', 'msgspec', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_its_filters_and_no_other(name):
    """The options of the help are those that the catalogue names."""
    from trailscan.reports.catalogue import REPORTS as CATALOGUE

    _, out, _ = trailscan("report", name, "--help", columns=200)
    words = [word.rstrip(").") for line in out.splitlines() for word in line.split()]
    given = {word for word in words if word.startswith("--")}
    report = CATALOGUE[name]
    every = {f"--{one.replace('_', '-')}" for entry in CATALOGUE.values() for one in entry.filters}
    filters = {f"--{one.replace('_', '-')}" for one in report.filters}
    assert given & every == filters
    assert ("--fail-on" in given) == report.graded
    assert given >= {"--store", "--format", "--output", "--quiet", "--profile"}


def test_fail_on_ends_with_3_and_still_prints(store):
    """3 if a row is as grave as asked, or graver; 0 if none is."""
    words = ("report", "findings", "--store", store, "--format", "jsonl", "--quiet")
    code, out, _ = trailscan(*words, "--since", "2026-10-17", "--fail-on", "CRITICAL")
    assert code == 3
    assert {json.loads(line)["severity"] for line in out.splitlines()} >= {"critical", "medium"}
    code, out, _ = trailscan(*words, "--since", "2026-10-18", "--fail-on", "critical")
    assert (code, len(out.splitlines())) == (0, 1)
    code, out, _ = trailscan(*words, "--since", "2026-10-18", "--fail-on", "high")
    assert (code, len(out.splitlines())) == (3, 1)
    code, _, err = trailscan(*words, "--fail-on", "grave")
    assert code == 2
    assert "'grave' is none of info, low, medium, high, critical" in " ".join(err.split())


def test_coverage_with_a_gap_ends_with_4_and_still_prints(store):
    """What is missing is an incomplete answer; a window without gaps is a complete one."""
    code, out, err = trailscan("report", "coverage", "--store", store)
    assert code == 4
    assert "incomplete: 1 span of days without a log file between days that have some" in err
    assert "2026-08-04" in out
    code, _, err = trailscan(
        "report", "coverage", "--store", store, "--since", "2026-09-01", "--format", "csv"
    )
    assert code == 0
    assert "incomplete" not in err


def test_a_zone_is_of_dates_and_of_times(store):
    """The bounds are read there, the times told there, and the report says so."""
    code, out, err = trailscan(
        "report", "changes", "--store", store, "--since", "2026-10-17", "--until", "2026-10-18",
        "--tz", "Europe/Paris", "--format", "json",
    )  # fmt: skip
    answer = json.loads(out)
    assert code == 0
    assert answer["window"] == {
        "since": "2026-10-17T00:00:00+02:00",
        "until": "2026-10-18T00:00:00+02:00",
    }
    assert answer["rows"][0]["event_time"] == "2026-10-17T03:02:55+02:00"
    assert "2026-10-17T00:00:00+02:00 to 2026-10-18T00:00:00+02:00 (Europe/Paris)" in err
    _, out, _ = trailscan(
        "report", "changes", "--store", store, "--since", "2026-10-30", "--tz", "Asia/Tokyo",
        "--format", "table",
    )  # fmt: skip
    assert "When (Asia/Tokyo)" in out
    assert "2026-10-31 01:45:30+0900" in out
    code, _, err = trailscan("report", "changes", "--store", store, "--tz", "Mars")
    assert code == 2
    assert "'Mars' is not a time zone" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--severity", "grave"], "no severity 'grave'"),
        (["--outcome", "ok"], "no outcome 'ok'"),
        (["--category", "x"], "no category 'x'"),
        (["--since", "tomorrow"], "'tomorrow' is not a date"),
        (["--since", "1m"], "'1m' can be minutes or months: 1min or 1mo?"),
        (["--until", "+1h"], "give --since too"),
        (["--action", "Detach"], "no action 'Detach'; did you mean DetachPolicy?"),
        (["--account", "12"], "'12' is not a 12-digit account ID"),
    ],
)
def test_a_filter_that_cannot_be_is_a_usage_error(store, words, said):
    """What nothing can match is said at once, with what there is."""
    code, out, err = trailscan("report", "targets", "--store", store, *words)
    assert (code, out) == (2, "")
    assert said in err


def test_an_empty_answer_says_what_was_looked_at(store):
    """No rows, exit code 0, and what there would have been to find."""
    words = ("report", "denied", "--store", store, "--since", "2026-10-20", "--format", "table")
    code, out, err = trailscan(*words)
    assert (code, out) == (0, "")
    assert err.splitlines()[:2] == [
        "0 changes with outcome denied; 2026-10-20T00:00:00Z to now",
        "No match among 155 changes from 2026-08-03T09:02:11Z to 2026-10-30T16:45:30Z",
    ]


def test_show_tells_one_event(store):
    """Words, record and evidence by a prefix of the id, as text and as JSON."""
    code, out, err = trailscan("show", "5b4220", "--store", store)
    assert (code, err) == (0, "")
    assert out.startswith("Event 5b422002-7ea6-439a-aade-2eb0ca724d24\n")
    assert "\x1b" not in out
    code, out, _ = trailscan("show", "5b4220", "--store", store, "--format", "json")
    record = json.loads(out)["records"][0]
    assert (code, record["change"]["event_name"]) == (0, "UpdatePolicy")
    log_file = Path(record["evidence"]["log_file"])
    written = json.loads(gzip.decompress(log_file.read_bytes()))["Records"]
    assert written[record["evidence"]["record_index"]] == record["record"]


@pytest.mark.slow
def test_show_says_what_a_validation_found(tmp_path):
    """Before it nothing is claimed; after it the digest that attests the loaded bytes is named."""
    place = tmp_path / "store"
    assert trailscan("load", SAMPLES, "--store", place)[0] == 0
    assert "attested by digests    not checked" in trailscan("show", "5b4220", "--store", place)[1]
    assert trailscan("validate", SAMPLES, "--store", place)[0] == 0
    _, out, _ = trailscan("show", "5b4220", "--store", place)
    assert "attested by digests    attested; digest 111122223333_CloudTrail-Digest_" in out
    _, out, _ = trailscan("show", "5b4220", "--store", place, "--format", "json")
    evidence = json.loads(out)["records"][0]["evidence"]
    assert evidence["attested"].startswith("attested; digest 111122223333_CloudTrail-Digest_")


def test_every_command_has_a_help():
    """No word of a help is taken for markup, and none breaks it."""
    from trailscan.cli.app import app

    names = [command.name for command in app.registered_commands]
    assert {"load", "show", "sql", "validate"} <= set(names)
    for name in names:
        code, out, err = trailscan(name, "--help")
        assert (code, err) == (0, ""), name
        assert "Usage" in out


@pytest.mark.parametrize(
    ("prefix", "said", "hint"),
    [
        (
            "5",
            "trailscan: 28 event IDs begin with '5': ",
            ["  give more of its characters"],
        ),
        (
            "zz",
            "trailscan: no event ID begins with 'zz' ",
            ["  give an event ID or its first characters"],
        ),
    ],
)
def test_show_of_none_or_several_is_one_line_and_exit_code_5(store, prefix, said, hint):
    """The line says which there are; what to do next is on a line of its own."""
    code, out, err = trailscan("show", prefix, "--store", store)
    assert (code, out, err.splitlines()[1:]) == (5, "", hint)
    assert err.startswith(said)


def test_sql_answers_in_every_form(store, tmp_path):
    """A table, JSON, and a file by its suffix; a query that only asks is complete."""
    query = "select outcome, count(*) as n from changes group by 1 order by 2 desc"
    code, out, err = trailscan("sql", query, "--store", store, "--format", "table")
    assert (code, err.splitlines()[0]) == (0, "3 rows")
    assert out.split("\n")[2].split() == ["succeeded", "114"]
    _, out, _ = trailscan("sql", query, "--store", store, "--format", "json", "--quiet")
    assert json.loads(out)["rows"] == [
        {"outcome": "succeeded", "n": 114},
        {"outcome": "denied", "n": 38},
        {"outcome": "failed", "n": 3},
    ]
    target = tmp_path / "answer.xlsx"
    code, _, _ = trailscan("sql", query, "--store", store, "--output", target)
    assert (code, target.read_bytes()[:2]) == (0, b"PK")


def test_sql_reads_a_query_from_standard_input(store):
    """A dash stands for it, as in a pipe or a here-document."""
    query = b"select count(*) as n\nfrom denied\n"
    done = run_command("sql", "-", "--store", store, "--format", "csv", "--quiet", stdin=query)
    assert (done.returncode, done.stdout.split()) == (0, [b'"n"', b'"38"'])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select nope from changes", "nope"),
        ("drop view changes", "expected a SELECT, found DROP"),
        ("from read_text('/etc/passwd')", "disabled by configuration"),
        ("select 1; select 2", "expected one SELECT, found 2 statements"),
    ],
)
def test_a_query_that_cannot_be_run_is_a_usage_error(store, query, said):
    """DuckDB's words, or ours."""
    code, out, err = trailscan("sql", query, "--store", store)
    assert (code, out) == (2, "")
    assert said in " ".join(err.replace("│", " ").split())
