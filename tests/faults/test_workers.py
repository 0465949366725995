"""Loads by worker processes: the same result, whatever happens to the processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import pytest
from services import stand_in as faults
from services.trail import log_file_key, make_event, pack

import trailscan as ts
from trailscan.errors import TrailscanError
from trailscan.ingest import processes
from trailscan.ingest.run import LoadOptions, run_load

FILES = 400
PAGED = 1300
"""Log files that a listing has on two pages."""
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def trail(s3):
    """Log files for several batches of each process."""
    made = [(log_file_key(n), faults.Object.of(pack([make_event(n)]))) for n in range(FILES)]
    s3.put_all("trail", made)
    return s3


def without_time(summary) -> dict[str, object]:
    """A summary without what differs between runs."""
    for name in ("seconds", "store", "load_id", "started", "finished"):
        del summary[name]
    return summary


def test_workers_load_what_one_process_loads(trail, tmp_path, load, ids):
    """The summary and the events are the same, those of a damaged log file too."""
    trail.put("trail", log_file_key(7), b"damaged")
    alone = load("s3://trail", "--workers", "0", store=str(tmp_path / "alone"))
    shared = load("s3://trail", "--workers", "2")
    assert shared.code == alone.code == 4
    assert without_time(shared.summary) == without_time(alone.summary)
    assert ids() == ids(str(tmp_path / "alone")) == [n for n in range(FILES) if n != 7]


def test_workers_load_a_folder_as_one_process_does(tmp_path, load, ids):
    """Log files on the local disk are handed out too, and all tables are the same."""
    for number in range(200):
        path = tmp_path / "trail" / log_file_key(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack([make_event(number)]))
    source = str(tmp_path / "trail")
    alone = load(source, "--workers", "0", store=str(tmp_path / "alone"))
    shared = load(source, "--workers", "2")
    assert without_time(shared.summary) == without_time(alone.summary)
    stores = [ts.open(str(tmp_path / name)).events() for name in ("alone", "store")]
    assert stores[0].equals(stores[1])
    assert ids() == list(range(200))


class Killed(processes.Processes):
    """Kills worker processes when they have work."""

    deaths = 1

    def start(self) -> None:
        """Start them, and kill some soon."""
        super().start()
        for one in self._processes[: self.deaths]:
            threading.Thread(target=self._kill, args=[one]).start()

    @staticmethod
    def _kill(one: processes._Process) -> None:
        while not (one.is_ready and one.waiting):
            time.sleep(0.001)
        one.process.kill()


def test_the_batches_of_a_killed_worker_are_read_again(trail, tmp_path, ids, monkeypatch):
    """Nothing is lost or doubled, and the summary says that a process ended."""
    trail.latency = 0.02
    monkeypatch.setattr("trailscan.ingest.read_ahead.Processes", Killed)
    options = LoadOptions(workers=2, window=ts.api.to_window("2026-11-01", None))
    summary = run_load(["s3://trail"], str(tmp_path / "store"), options, NOW)
    assert (summary.complete, summary.done) == (True, FILES)
    assert summary.notes == ["1 worker process ended early; others read their log files again"]
    assert ids() == list(range(FILES))


def test_a_load_whose_workers_all_die_ends_with_an_error(trail, tmp_path, load, ids, monkeypatch):
    """The error names the log files and the way out; the next load goes on."""
    trail.latency = 0.02
    monkeypatch.setattr("trailscan.ingest.read_ahead.Processes", Killed)
    monkeypatch.setattr(Killed, "deaths", 2)
    options = LoadOptions(workers=2, window=ts.api.to_window("2026-11-01", None))
    with pytest.raises(TrailscanError, match="the worker processes that read AWSLogs/") as raised:
        run_load(["s3://trail"], str(tmp_path / "store"), options, NOW)
    assert raised.value.exit_code == 5
    assert "--workers 0" in raised.value.hint
    trail.latency = 0.0
    assert (load().code, ids()) == (0, list(range(FILES)))


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_server_that_asks_to_slow_down_gets_fewer_reads(trail, load, ids, workers):
    """The load is complete, and its summary says how far it went down."""
    trail.fail("GET", faults.slow_down(), skip=150, times=3)
    ended = load("s3://trail", "--workers", workers)
    assert (ended.code, ids()) == (0, list(range(FILES)))
    [note] = ended.summary["notes"]
    assert "to slow down: as few as " in note


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_ends_a_load_cleanly(trail, tmp_path, load, ids, number):
    """Ctrl-C reaches the workers too: what they had begun is kept, and none of them is left."""
    trail.latency = 0.3
    words = ["load", "s3://trail", "--store", str(tmp_path / "store"), "--since", "2026-11-01"]
    process = subprocess.Popen(
        [sys.executable, "-m", "trailscan", *words, "--format", "json", "--workers", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while trail.counted("GET") < 16:
        time.sleep(0.01)
    os.killpg(process.pid, number)
    out, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert said == "\ntrailscan: stopping; saving what was read (repeat to stop at once)\n"
    summary = json.loads(out)
    assert summary["log_files"]["done"] == summary["log_files"]["listed"] == len(ids())
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    trail.latency = 0.0
    assert (load().code, ids()) == (0, list(range(FILES)))


@pytest.mark.parametrize("workers", ["0", "2"])
def test_the_first_commit_does_not_wait_for_the_last_listing(
    trail, tmp_path, load, ids, monkeypatch, workers
):
    """The second page of the listing arrives after the first commit; the load waits for neither."""
    numbers = range(PAGED)
    objects = [(log_file_key(n), faults.Object.of(pack([make_event(n)]))) for n in numbers]
    trail.put_all("trail", objects)
    end = time.monotonic() + 20
    committed: list[bool] = []

    def is_committed() -> bool:
        found = any((tmp_path / "store" / "_ledger").glob("*.json"))
        if found or time.monotonic() > end:
            committed.append(found)
        return bool(committed)

    def held(request, right):
        answer = right()
        answer.held = is_committed if "continuation-token" in request.query else None
        return answer

    monkeypatch.setattr("trailscan.ingest.pipeline._COMMIT_LOG_FILES", 50)
    monkeypatch.setattr("trailscan.aws.s3._READ_TIMEOUT", 30)
    trail.fail("LIST", held)
    assert load("s3://trail", "--workers", workers).code == 0
    assert (set(committed), ids()) == ({True}, list(numbers))


PASSING = {
    "throttled": faults.slow_down(),
    "an internal error": faults.error(500, "InternalError"),
    "cut": faults.cut("close"),
    "reset": faults.cut("reset"),
    "hanging": faults.cut("hang"),
    "no answer": faults.lost_answer(),
    "cut, no length": faults.cut("close", announced=False),
    "a flipped bit": faults.flip(),
}
LASTING = {
    "HTML with status 200": faults.html(),
    "a flipped bit": faults.flip(),
    "denied": faults.error(403, "AccessDenied"),
    "KMS disabled": faults.error(400, "KMS.DisabledException"),
    "Glacier": faults.error(403, "InvalidObjectState"),
    "another region": faults.error(301, "PermanentRedirect"),
}


@pytest.mark.parametrize("workers", ["0", "2"])
def test_faults_of_every_kind_end_alike_with_workers(trail, load, ids, workers):
    """F5 to F8, F20: what passes costs nothing; what lasts is named once, and the rest is kept."""
    for number, fault in enumerate(PASSING.values()):
        trail.fail("GET", fault, log_file_key(10 * number), times=1)
    lasting = [10 * number + 5 for number in range(len(LASTING))]
    for number, fault in zip(lasting, LASTING.values(), strict=True):
        trail.fail("GET", fault, log_file_key(number))
    ended = load("s3://trail", "--workers", workers)
    reasons = ["unreadable", "corrupt_gzip", "access_denied", "kms", "archived", "refused"]
    assert (ended.code, ended.reasons) == (4, reasons)
    assert ids() == [number for number in range(FILES) if number not in lasting]
    trail.heal()
    assert (load().code, ids()) == (0, list(range(FILES)))


@pytest.mark.parametrize("begun", [0, 1])
def test_a_load_whose_workers_cannot_start_goes_on_without_them(
    trail, tmp_path, ids, monkeypatch, begun
):
    """With no process it reads everything itself, and says so; with one of two, that one reads."""
    start, started = subprocess.Popen, []

    def refuse(*words, **named):
        if len(started) == begun:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(start(*words, **named))
        return started[-1]

    monkeypatch.setattr("trailscan.ingest.processes.subprocess.Popen", refuse)
    options = LoadOptions(workers=2, window=ts.api.to_window("2026-11-01", None))
    summary = run_load(["s3://trail"], str(tmp_path / "store"), options, NOW)
    assert summary.notes == [
        f"{begun} of 2 worker processes started: Resource temporarily unavailable"
    ]
    assert (summary.complete, ids()) == (True, list(range(FILES)))
