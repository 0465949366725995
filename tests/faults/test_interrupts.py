"""Ctrl-C and SIGTERM: a load ends cleanly, keeps what it read, and goes on when it is run again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from services import stand_in as faults
from services.trail import log_file_key, make_event, pack

from trailscan.ingest.connections import LEAST_FETCHERS

FILES = 1500
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture
def trail(s3):
    """More log files than are read before anybody notices."""
    made = [(log_file_key(n), faults.Object.of(pack([make_event(n)]))) for n in range(FILES)]
    s3.put_all("trail", made)
    return s3


def start(store) -> subprocess.Popen[str]:
    """The command, in a process of its own."""
    words = ["load", "s3://trail", "--store", str(store), "--since", "2026-11-01"]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "trailscan", *words, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )


def wait_for(condition) -> None:
    """Wait for something that happens soon."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("number", CODES)
def test_a_signal_ends_a_load_and_keeps_what_was_read(trail, tmp_path, load, ids, number):
    """The first signal stops what was not begun; the summary adds up; the next load goes on."""
    trail.latency = 0.05
    process = start(tmp_path / "store")
    wait_for(lambda: trail.counted("GET") > 100)
    process.send_signal(number)
    out, said = process.communicate(timeout=60)
    assert process.returncode == CODES[number]
    assert said == "\ntrailscan: stopping; saving what was read (repeat to stop at once)\n"
    summary = json.loads(out)
    done = summary["log_files"]["done"]
    assert (summary["interrupted"], summary["complete"]) == (True, False)
    assert 0 < done == summary["log_files"]["listed"] < FILES
    assert len(ids()) == done
    trail.latency = 0.0
    ended = load()
    assert (ended.code, ended.summary["log_files"]["known"]) == (0, done)
    assert ids() == list(range(FILES))


def test_a_second_signal_ends_at_once(trail, tmp_path, load, ids):
    """Who does not want to wait for a server that hangs need not."""
    trail.fail("GET", faults.cut("hang"))
    process = start(tmp_path / "store")
    wait_for(lambda: trail.counted("GET") >= LEAST_FETCHERS)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert said.endswith("trailscan: interrupted; run the same command to resume\n")
    trail.heal()
    assert (load().code, ids()) == (0, list(range(FILES)))
