"""The command line: what is said where, and exit codes."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from services.command import run_command
from typer.main import get_command

from trailscan.cli.app import app

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"


def trailscan(*words: object, stdin: bytes = b"", **environment: str):
    """Run the command; gives exit code, stdout and stderr."""
    done = run_command(
        *words,
        stdin=stdin,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "150", **environment},
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the sample logs."""
    place = tmp_path_factory.mktemp("cli") / "store"
    code, out, err = trailscan("load", SAMPLES, "--store", place)
    assert (code, err) == (0, "")
    assert out.endswith("read 4,732 = kept 438 + filtered out 4,289 + duplicates 5 + rejects 0\n")
    return place


def test_load_gives_its_summary_as_json(tmp_path):
    """The summary is stable JSON on stdout, and its sums add up."""
    place = tmp_path / "store"
    code, out, _ = trailscan("load", SAMPLES, "--store", place, "--format", "json")
    summary = json.loads(out)
    assert (code, summary["complete"]) == (0, True)
    assert summary["records"] == {
        "read": 4732,
        "kept": 438,
        "filtered_out": 4289,
        "duplicates": 5,
        "rejects": 0,
    }
    assert summary["log_files"] == {
        "listed": 816,
        "done": 816,
        "known": 0,
        "rejected": 0,
        "unread": 0,
    }
    assert summary["scope"]["regions_left_out"] == ["eu-west-1"]


def test_the_forms_of_a_report_give_the_same_rows(store):
    """Table, CSV, JSON and JSON lines have the same changes; data is on stdout only."""
    code, table, err = trailscan("report", "changes", "--store", store, "--format", "table")
    assert code == 0
    _, as_csv, notes = trailscan("report", "changes", "--store", store, "--format", "csv")
    _, as_json, _ = trailscan("report", "changes", "--store", store, "--format", "json")
    _, lines, _ = trailscan("report", "changes", "--store", store, "--format", "jsonl", "--quiet")
    rows = json.loads(as_json)["rows"]
    assert [json.loads(line) for line in lines.splitlines()] == rows
    assert [row["event_id"] for row in csv.DictReader(io.StringIO(as_csv))] == [
        row["event_id"] for row in rows
    ]
    assert notes.startswith(f"{len(rows)} changes")
    assert err.startswith(notes)
    assert all(row["event_id"][:8] in table for row in rows)


def test_filters_compose(store):
    """Every filter narrows; several values of one are alternatives."""
    words = ["report", "changes", "--store", store, "--format", "json", "--quiet"]
    _, out, _ = trailscan(*words, "--action", "*policy", "--outcome", "succeeded")
    rows = json.loads(out)["rows"]
    assert {row["event_name"] for row in rows} >= {"CreatePolicy", "AttachPolicy"}
    assert {row["outcome"] for row in rows} == {"succeeded"}
    _, out, _ = trailscan(*words, "--since", "2026-10-01", "--until", "2026-10-02")
    assert {row["event_time"][:10] for row in json.loads(out)["rows"]} == {"2026-10-01"}
    _, out, _ = trailscan(*words, "--principal", "alice", "--reads")
    assert all("alice" in row["principal"] for row in json.loads(out)["rows"])


def test_a_report_into_a_file_takes_its_form_from_the_suffix(store, tmp_path):
    """--output writes a whole file; an unknown suffix is a usage error."""
    target = tmp_path / "changes.csv"
    code, out, _ = trailscan("report", "changes", "--store", store, "--output", target)
    assert (code, out) == (0, "")
    assert target.read_text().startswith('"event_time","principal"')
    code, _, err = trailscan("report", "changes", "--store", store, "-o", tmp_path / "x.docx")
    assert code == 2
    assert ".csv" in err


@pytest.mark.parametrize(
    "words",
    [
        ["report", "changes", "--since", "someday"],
        ["report", "changes", "--since", "2026-11-02", "--until", "2026-11-01"],
        ["load", "somewhere", "--account", "12"],
        ["export", "--for", "2026-13-01"],
        ["nonsense"],
    ],
)
def test_a_usage_error_is_exit_code_2(words):
    """What the user got wrong is said on stderr in one line, with code 2."""
    code, out, err = trailscan(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("trailscan: ")
    assert err.endswith(" --help)\n")


def test_a_reader_that_has_enough_is_no_error(store):
    """Whoever closes the pipe, as `head` does, ends the command quietly."""
    words = [sys.executable, "-m", "trailscan", "report", "changes", "--reads", "--quiet"]
    words += ["--format", "csv", "--store", str(store)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (0, b"")


def test_no_answer_is_one_line_and_exit_code_5(tmp_path):
    """A missing store or source is one line on stderr, what to do next below it, with code 5."""
    for words in (["report", "changes"], ["load", str(tmp_path / "nowhere")]):
        code, out, err = trailscan(*words, "--store", tmp_path / "none")
        assert (code, out) == (5, "")
        assert err.startswith("trailscan: ")
        assert [line[:2] for line in err.splitlines()[1:]] in ([], ["  "])


def test_an_incomplete_load_is_exit_code_4_and_says_why(tmp_path):
    """Rejects are named in the summary, and the code is 4."""
    (tmp_path / "broken.json.gz").write_bytes(b"\x1f\x8b\x08 no")
    code, out, err = trailscan("load", tmp_path / "broken.json.gz", "--store", tmp_path / "s")
    assert code == 4
    assert "reject: " in out
    assert "incomplete" in err


def test_standard_input_is_a_source(tmp_path):
    """What comes through a pipe is loaded, and known the next time by its content."""
    data = next(path for path in sorted(SAMPLES.rglob("*.gz"))).read_bytes()
    words = ["load", "-", "--store", tmp_path / "s", "--event-source", "all"]
    code, first, _ = trailscan(*words, stdin=data)
    assert code == 0
    assert f"read {len(json.loads(gzip.decompress(data))['Records'])} = " in first
    _, second, _ = trailscan(*words, stdin=data)
    assert "known 1" in second


def test_hostile_names_reach_no_terminal(tmp_path, store):
    """No escape sequence and no bidi override of a log comes out, in no form."""
    for form in ("table", "csv", "json", "jsonl"):
        _, out, _ = trailscan("report", "changes", "--store", store, "--reads", "--format", form)
        assert not {"\x1b", "\u202e", "\u202d"} & set(out)
    folder = tmp_path / "evil\x1b[31m"
    folder.mkdir()
    (folder / "a\x1b]0;x\x07.json").write_bytes(b"no")
    _, out, err = trailscan("load", folder, "--store", tmp_path / "s")
    assert "\x1b" not in out + err


def test_the_demo_runs_without_aws(tmp_path):
    """The findings of a night, one event and one export on stdout; a store that can be kept."""
    kept = tmp_path / "kept"
    code, out, err = trailscan("demo", "--keep", kept, AWS_EC2_METADATA_DISABLED="true")
    assert code == 0
    assert len(out.splitlines()) < 200
    for said in ("guardrail-weakened", "\nEvent 5b422002-", "\nexport-2026-10-17: README.txt, "):
        assert said in out
    assert "read 4,732 = kept 438" in err
    commands = [line for line in err.splitlines() if line.startswith("$ trailscan ")]
    assert [line.split()[2] for line in commands] == ["load", "report", "show", "export"]
    _, same, _ = trailscan(*shlex.split(commands[1])[2:], "--store", kept, "--format", "table")
    assert out.startswith(same)
    code, _, err = trailscan("demo", "--keep", kept)
    assert (code, "exists already" in err) == (2, True)


def test_status_says_what_the_store_holds(store, tmp_path):
    """In words and as JSON on stdout; code 4 when something could not be read; 5 without a store."""
    code, out, err = trailscan("status", "--store", store)
    assert (code, err) == (0, "")
    assert out.startswith(f"store: {store} (format 1): 467 events from 2026-08-03 to 2026-10-30; ")
    assert "111122223333  us-east-1  2026-08-03  2026-10-30        258" in out
    code, out, _ = trailscan("status", "--store", store, "--format", "json")
    assert (code, list(json.loads(out))) == (
        0,
        [
            "store",
            "pruned",
            "complete",
            "incomplete",
            "last_load",
            "last_run",
            "runs",
            "files_that_record_no_run",
            "stale",
            "asked",
            "accounts",
            "rejects",
            "conflicts",
            "not_as_delivered",
        ],
    )
    (tmp_path / "a\x1b[31m.json.gz").write_bytes(b"no")
    trailscan("load", tmp_path / "a\x1b[31m.json.gz", "--store", tmp_path / "s")
    code, out, err = trailscan("status", "--store", tmp_path / "s")
    assert (code, err) == (4, "trailscan: incomplete: see above\n")
    assert "\x1b" not in out
    assert r"a\x1b[31m.json.gz)" in out
    assert trailscan("status", "--store", tmp_path / "none")[0] == 5


def all_commands(command: Any, *above: str) -> Iterator[tuple[str, ...]]:
    """The words that lead to each command."""
    if not hasattr(command, "commands"):
        yield above
    for name, inner in getattr(command, "commands", {}).items():
        yield from all_commands(inner, *above, name)


@pytest.mark.parametrize("command", list(all_commands(get_command(app))), ids=" ".join)
def test_every_command_explains_itself(command):
    """Help names every option once, those of access to AWS where they are of use."""
    code, out, err = trailscan(*command, "--help")
    assert (code, err) == (0, "")
    assert "Usage: " in out
    reaches_aws = command not in {("demo",), ("export", "keygen"), ("export", "verify")}
    for option in ("--profile", "--role-arn", "--external-id", "--role-session-name", "--region"):
        assert out.count(f"{option} ") == reaches_aws
    for option in ("--endpoint-url", "--request-payer", "--expected-bucket-owner"):
        assert out.count(f"{option} ") == reaches_aws
    assert "default: (trailscan)" in out or not reaches_aws


@pytest.mark.parametrize("command", list(all_commands(get_command(app))), ids=" ".join)
def test_no_help_is_taken_for_markup(command):
    """What stands in brackets would be left out, or end the help in an error."""
    found = get_command(app)
    for word in command:
        found = found.commands[word]
    for parameter in found.params:
        assert "[" not in (getattr(parameter, "help", "") or ""), parameter.name


@pytest.mark.parametrize(
    "words",
    [["--expected-bucket-owner", "12"], ["--request-payer", "owner"], ["--profile"]],
    ids=" ".join,
)
def test_options_of_access_are_checked(words):
    """What no account or payer can be is a usage error."""
    code, out, err = trailscan("load", "somewhere", *words)
    assert (code, out) == (2, "")
    assert words[0] in err


def test_help_and_version_need_no_heavy_library():
    """Start-up imports neither pandas nor pyarrow nor boto3."""
    script = (
        "import sys\nfrom trailscan.cli.app import app\n"
        "heavy = {'pandas', 'pyarrow', 'boto3', 'botocore', 'obstore', 'rich'} & set(sys.modules)\n"
        "print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().strip() == "[]"
    code, out, _ = trailscan("--version")
    assert (code, out) == (0, "trailscan 0.1.0\n")


def test_names_that_the_user_gives_are_shown_beside_the_ids(store, tmp_path):
    """--names takes what `aws organizations list-accounts` prints; what is none is a usage error."""
    names = tmp_path / "names.json"
    names.write_text('{"Accounts": [{"Id": "222233334444", "Name": "log archive"}]}')
    words = ["report", "changes", "--store", store, "--action", "MoveAccount", "--format", "jsonl"]
    _, out, _ = trailscan(*words, "--names", names)
    row = json.loads(out.splitlines()[0])
    assert row["description"] == (
        'moved account 222233334444 "log archive" from organization root r-exam '
        "to OU Security (ou-exam-secu1111)"
    )
    assert (row["target"], row["target_name"]) == ("222233334444", "log archive")
    names.write_text("no names")
    code, out, err = trailscan(*words, "--names", names)
    assert (code, out) == (2, "")
    assert "the names cannot be read" in " ".join(err.split())
    code, _, _ = trailscan(*words, "--names", tmp_path / "none.json")
    assert code == 2
