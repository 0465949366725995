"""The words of a command line: examples, typing errors, completion, options before the command."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from services.command import run_command
from services.trail import make_event, pack
from typer.main import get_command

from trailscan.cli.app import app
from trailscan.cli.examples import EXAMPLES
from trailscan.cli.words import ORDER, hoisted

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
ROOT = get_command(app)


def trailscan(*words: object, **environment: str) -> tuple[int, str, str]:
    """Run the command; gives exit code, stdout and stderr."""
    done = run_command(*words, env={**os.environ, "COLUMNS": "80", **environment})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def all_commands(command=ROOT, above=()):
    """Every command with the words that lead to it."""
    yield " ".join(above), command
    for name, inner in getattr(command, "commands", {}).items():
        yield from all_commands(inner, (*above, name))


COMMANDS = dict(all_commands())


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of the sample logs."""
    place = tmp_path_factory.mktemp("words") / "store"
    assert trailscan("load", SAMPLES, "--store", place)[0] == 0
    return place


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_that_are_valid(name):
    """Its help shows them whole, and every option in them exists."""
    _, out, _ = trailscan(*name.split(), "--help")
    for example in EXAMPLES[name]:
        assert f" {example} " in out
        program, *words = shlex.split(example)
        assert program == "trailscan"
        assert example.startswith(f"trailscan {name}".rstrip())
        assert trailscan(*words, "--help")[0] == 0, example
    assert set(EXAMPLES) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_shows_a_type_of_python(name):
    """What an option takes is a word such as WHEN or ACCOUNT; a flag takes nothing."""
    _, out, _ = trailscan(*name.split(), "--help")
    options = out.partition("╭")[2]
    assert not re.search(r"<[a-z\[\]]+>|\b(TEXT|INTEGER|BOOLEAN|str|bool|list\[)\b", options)


def test_the_help_lists_report_first():
    """The commands in an order for people, each once."""
    _, out, _ = trailscan("--help")
    listed = re.findall(r"^│ ([a-z]+)  ", out, re.MULTILINE)
    assert tuple(listed) == ORDER == tuple(ROOT.list_commands(None))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("reprot changes", "No such command 'reprot'. Did you mean 'report'"),
        ("report chnages", "No such command 'chnages'. Did you mean 'changes'?"),
        ("report changes --sevrity high", "No such option: --sevrity; did you mean '--severity'?"),
        ("--stor x report changes", "No such option: --stor"),
        ("--store x reprot", "No such command 'reprot'. Did you mean 'report'"),
    ],
)
def test_a_typing_error_gets_a_suggestion(words, said):
    """One line, with exit code 2."""
    code, out, err = trailscan(*words.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_has_two_options(option):
    """One line on stdout."""
    code, out, err = trailscan(option)
    assert (code, err) == (0, "")
    assert re.fullmatch(r"trailscan \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("--store X report changes", "report changes --store X"),
        ("--store=X -q report changes --since 7d", "report changes --store=X -q --since 7d"),
        ("--profile p --no-color sql -- -1", "sql --profile p --no-color -- -1"),
        ("--store X rejects", "rejects --store X"),
        ("--store X rejects accept 1", "rejects accept --store X 1"),
        ("--store X report", "report"),
        ("--store X", "--store X"),
        ("--store", "--store"),
        ("--nothing X report changes", "--nothing X report changes"),
        ("--version report", "--version report"),
        ("-h", "-h"),
        ("report --store X changes", "report --store X changes"),
    ],
)
def test_options_before_the_command_belong_to_it(typed, read):
    """As git and the AWS CLI take them; what cannot be meant is left for the usage error."""
    assert hoisted(typed.split(), ROOT) == read.split()


def test_options_before_the_command_work(store):
    """The command is the same as with the options behind it, and knows which it has."""
    before = trailscan("--store", store, "--format", "csv", "report", "changes", "--limit", "1")
    behind = trailscan("report", "changes", "--store", store, "--format", "csv", "--limit", "1")
    assert before == behind
    code, _, err = trailscan("--profile", "p", "demo")
    assert (code, err) == (2, "trailscan: No such option: --profile (see: trailscan demo --help)\n")


def completed(line: str, **environment: str) -> list[str]:
    """What a shell offers for the last word of a line."""
    words = line.split(" ")
    done = run_command(
        env={
            **os.environ,
            "_TRAILSCAN_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
            **environment,
        }
    )
    assert done.stderr == b""
    return done.stdout.decode().split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("trailscan report changes --severity c", ["critical"]),
        ("trailscan report findings --fail-on me", ["medium"]),
        ("trailscan report changes --outcome d", ["denied"]),
        ("trailscan report changes --action Detach", ["DetachPolicy"]),
        (
            "trailscan report findings --rule guardrail-de",
            ["guardrail-detached", "guardrail-deleted"],
        ),
        ("trailscan report changes --account 1212", ["121212121212"]),
        ("trailscan show 5b42", ["5b422002-7ea6-439a-aade-2eb0ca724d24"]),
    ],
)
def test_a_shell_completes_values(store, line, offered):
    """Those that an option knows, and those that the store has."""
    assert completed(line, TRAILSCAN_STORE=str(store)) == offered


def test_a_shell_is_offered_words_only(tmp_path):
    """Who writes a record chooses its event ID: what a shell would run is not offered."""
    for at, name in enumerate(("e1;id", "e2$(id)", "e3`id`", "e4 x", "e5-plain")):
        record = make_event(at, eventID=name)
        path = tmp_path / "logs" / f"{at}.json.gz"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pack([record]))
    place = str(tmp_path / "store")
    assert trailscan("load", str(tmp_path / "logs"), "--store", place, "--no-trace")[0] == 0
    assert completed("trailscan show e", TRAILSCAN_STORE=place) == ["e5-plain"]


def test_completion_is_silent_without_a_store(tmp_path):
    """A shell shows no error, and nobody waits for S3."""
    for place in (tmp_path / "none", "s3://bucket/store"):
        assert completed("trailscan show 5", TRAILSCAN_STORE=str(place)) == []


def shell(line: str, **environment: str) -> tuple[int, str]:
    """Run a line with `$TRAILSCAN` in a shell; gives exit code and stderr."""
    program = f"{shlex.quote(sys.executable)} -m trailscan"
    done = subprocess.run(
        ["sh", "-c", line.replace("trailscan", program)],
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize(
    "line", ["trailscan report changes > /dev/full", "trailscan --help > /dev/full"]
)
def test_a_full_disk_is_one_line_and_exit_code_5(store, line):
    """Where the answer goes takes no more: no traceback."""
    said = "trailscan: the output could not be written: No space left on device\n"
    assert shell(line, TRAILSCAN_STORE=str(store)) == (5, said)


def test_closed_streams_are_no_crash(store):
    """The exit code is the answer's."""
    assert shell("trailscan report changes >&- 2>&-", TRAILSCAN_STORE=str(store)) == (0, "")
    assert shell("trailscan show none 2>/dev/full", TRAILSCAN_STORE=str(store)) == (5, "")


def test_an_ascii_terminal_gets_replaced_characters(store):
    """Lines become hyphens, and what ASCII has nothing for a question mark."""
    environment = {"PYTHONIOENCODING": "ascii", "TRAILSCAN_STORE": str(store), "COLUMNS": "80"}
    line = "trailscan report changes --format table --limit 1 --quiet >&2"
    code, printed = shell(line, **environment)
    assert (code, printed.splitlines()[1]) == (0, "-" * 80)
    for line in ("trailscan --help", "trailscan report denied"):
        assert shell(f"{line} >/dev/null", **environment)[0] == 0
