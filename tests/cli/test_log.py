"""Standard error of a load that nobody watches: lines for people, or JSON objects."""

from __future__ import annotations

import json
import time

import pytest
from services.command import run_command

from trailscan.cli.log import choose_log_format, log
from trailscan.cli.progress import show_progress
from trailscan.ingest.job import Progress

HOSTILE = "a\x1b[31m\nb"


@pytest.fixture(autouse=True)
def _as_text():
    """A process runs one command; the tests are one process."""
    yield
    choose_log_format("text")


@pytest.fixture
def folder(tmp_path):
    """A source with one log file that cannot be read."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (
        logs / "111122223333_CloudTrail_us-east-1_20261101T1205Z_0000000000000001.json.gz"
    ).write_bytes(b"\x1f\x8bno")
    return logs


def test_a_load_without_a_terminal_says_how_far_it_is(capsys):
    """A line at regular times, also when nothing moved; none after the end, none if quiet."""
    for quiet in (False, True):
        with show_progress(quiet=quiet, lines=False, every=0.02) as tell:
            tell(Progress(listed=1200, done=1, stored_bytes=2_500_000))
            time.sleep(0.15)
        lines = capsys.readouterr().err.splitlines()
        assert bool(lines) is not quiet
        assert {line.rpartition(", ")[0] for line in lines} == (
            set() if quiet else {"trailscan: 1 log file done of 1,200 listed so far, 2.5 MB read"}
        )


def test_json_lines_have_a_time_a_level_a_message_and_fields(capsys):
    """Each message is one line of ASCII, whatever it quotes."""
    choose_log_format("json")
    log("warning", f"trailscan: {HOSTILE}", "  and more", source=HOSTILE)
    err = capsys.readouterr().err
    assert err.isascii()
    assert err.count("\n") == 1
    said = json.loads(err)
    assert said.pop("time").endswith("Z")
    assert said == {
        "level": "warning",
        "message": f"{HOSTILE}\nand more",
        "fields": {"source": HOSTILE},
    }


def test_everything_that_a_load_says_is_json_if_asked_for(folder, tmp_path):
    """Its steps, its end with the exit code, and what is incomplete; the summary has the same."""
    store = tmp_path / "store"
    words = ("load", folder, "--store", store, "--format", "json", "--log-format", "json")
    done = run_command(*words)
    lines = [json.loads(line) for line in done.stderr.decode().splitlines()]
    summary = json.loads(done.stdout)
    assert (done.returncode, summary["exit_code"]) == (4, 4)
    assert [(line["level"], line["message"]) for line in lines] == [
        ("info", f"loading {folder} into {store}"),
        ("debug", f"{folder}: log files delivered all times"),
        ("debug", "read 0 new log files"),
        ("warning", "incomplete: see above; `trailscan rejects` lists the rejects"),
        ("warning", "load ended with exit code 4"),
    ]
    assert lines[-1]["fields"]["load_id"] == summary["load_id"]
    assert summary["tool"] == "trailscan"
    assert summary["started"] <= summary["finished"]


def test_an_error_is_a_json_line_too(tmp_path):
    """No answer is exit code 5 and one object with level error."""
    done = run_command("load", tmp_path / "none", "--store", tmp_path / "s", "--log-format", "json")
    last = json.loads(done.stderr.decode().splitlines()[-1])
    assert (done.returncode, last["level"]) == (5, "error")
    assert "none" in last["message"]


def test_verbose_says_each_step_in_words(folder, tmp_path):
    """What is loaded, from which window, and how it ended."""
    done = run_command("load", folder, "--store", tmp_path / "store", "--verbose")
    assert done.stderr.decode().splitlines() == [
        f"trailscan: loading {folder} into {tmp_path}/store",
        f"trailscan: {folder}: log files delivered all times",
        "trailscan: read 0 new log files",
        "trailscan: incomplete: see above; `trailscan rejects` lists the rejects",
        "trailscan: load ended with exit code 4",
    ]


def test_a_summary_names_the_newest_log_file_of_its_sources(tmp_path):
    """By its delivery time, also when a load found nothing new."""
    logs = tmp_path / "logs"
    logs.mkdir()
    name = "111122223333_CloudTrail_us-east-1_20261101T1205Z_0000000000000001.json"
    (logs / name).write_text('{"Records":[]}')
    words = ("load", logs, "--store", tmp_path / "store", "--format", "json")
    summaries = [json.loads(run_command(*words).stdout) for _ in range(2)]
    assert [one["newest"] for one in summaries] == ["2026-11-01T12:05:00Z"] * 2
    assert [one["log_files"]["done"] for one in summaries] == [1, 0]
    assert len({one["load_id"] for one in summaries}) == 2
