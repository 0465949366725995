"""Loads and validations by worker processes: the same result, whatever happens to them."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import signed
from services import stand_in as faults
from services.trail import log_file_key, make_event, pack

import trailscan as ts
from trailscan.errors import TrailscanError
from trailscan.ingest import processes
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.validation import readers
from trailscan.trail.gunzip import MAX_INFLATED_BYTES
from trailscan.validate.verdicts import LogFileVerdict

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
        if self.have_started:
            return
        super().start()
        for one in self._processes[: self.deaths]:
            threading.Thread(target=self._kill, args=[one], daemon=True).start()

    @property
    def are_killed(self) -> bool:
        """Whether those that are to be killed have ended."""
        return all(one.process.poll() is not None for one in self._processes[: self.deaths])

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


def refuse_processes(monkeypatch, begun):
    """Let the system start a number of processes and no more."""
    start, started = subprocess.Popen, []

    def refuse(*words, **named):
        if len(started) == begun:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(start(*words, **named))
        return started[-1]

    monkeypatch.setattr("trailscan.ingest.processes.subprocess.Popen", refuse)


@pytest.mark.parametrize("begun", [0, 1])
def test_a_load_whose_workers_cannot_start_goes_on_without_them(
    trail, tmp_path, ids, monkeypatch, begun
):
    """With no process it reads everything itself, and says so; with one of two, that one reads."""
    refuse_processes(monkeypatch, begun)
    options = LoadOptions(workers=2, window=ts.api.to_window("2026-11-01", None))
    summary = run_load(["s3://trail"], str(tmp_path / "store"), options, NOW)
    assert summary.notes == [
        f"{begun} of 2 worker processes started: Resource temporarily unavailable"
    ]
    assert (summary.complete, ids()) == (True, list(range(FILES)))


VERDICTS = [
    ("modified", "hash", 1),
    ("missing", "deleted", 3),
    ("modified", "truncated_gzip", 5),
    ("valid", "plain", 7),
    ("valid", "hash", 9),
    ("modified", "gzip_members", 1),
    *(("valid", "hash", hour) for hour in (3, 5, 7, 9)),
]
"""On the log files of two accounts, each with the hour of its delivery."""


def name(hour):
    """A regular expression for the log file of an hour of the first account."""
    return f"{signed.ACCOUNTS[0]}_CloudTrail_.*_{hour:0>16}.json.gz"


def verdicts(summary):
    """The verdicts on log files: word, reason and hour."""
    every = [one for one in summary.every if isinstance(one, LogFileVerdict)]
    return [(one.verdict, one.reason, int(one.key[-23:-8])) for one in every]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The log files and digests of two accounts; five of ten log files are not as delivered."""
    folder = signed.write_archive(tmp_path_factory.mktemp("archive"))
    first, second = signed.ACCOUNTS
    paths = {hour: folder / signed.log_file_key(first, hour) for hour in signed.WITH_LOG_FILES}
    paths[1].write_bytes(signed.SIGNING.packed(signed.body_of(first, 1, "charlie")))
    paths[3].unlink()
    paths[5].write_bytes(paths[5].read_bytes()[:-20])
    paths[7].write_bytes(signed.body_of(first, 7))
    twice = folder / signed.log_file_key(second, 1)
    twice.write_bytes(twice.read_bytes() + gzip.compress(b""))
    return folder


@pytest.fixture
def bucket(archive, s3):
    """The archive in S3, copied without the metadata of digests."""
    put = [
        (path.relative_to(archive).as_posix(), faults.Object.of(path.read_bytes()))
        for path in archive.rglob("*.json.gz")
    ]
    s3.put_all("trail", put)
    return s3


def validated(workers=2):
    """The bucket, validated as a copy."""
    copy_of = "s3://trail-bucket"
    return signed.validate("s3://trail", copy_of=copy_of, every=True, workers=workers)


def test_workers_validate_a_folder_as_one_process_does(archive, tmp_path):
    """The whole summary is the same; one log file is too large to be read."""
    folder = shutil.copytree(archive, tmp_path / "archive")
    os.truncate(folder / signed.log_file_key(signed.ACCOUNTS[1], 9), MAX_INFLATED_BYTES + 1)
    alone, shared = (signed.validate(folder, every=True, workers=count) for count in (0, 2))
    assert verdicts(alone) == [*VERDICTS[:-1], ("modified", "inflates_too_large", 9)]
    alone.seconds = shared.seconds = 0.0
    assert shared == alone


def test_workers_validate_a_bucket_as_one_process_does(bucket):
    """A log file replaced meanwhile is read anew, one that S3 refuses is open; slowing is said."""
    found = []
    for count in (0, 2):
        bucket.fail("GET", faults.slow_down(), name(1), times=1)
        bucket.fail("GET", faults.error(403, "AccessDenied"), name(7))
        bucket.fail("GET", faults.error(412, "PreconditionFailed"), name(9), times=1)
        found.append(validated(workers=count))
        bucket.heal()
        [note] = found[-1].notes
        assert note.startswith("S3 asked 1 time to slow down: as few as ")
        found[-1].seconds, found[-1].notes = 0.0, []
    assert verdicts(found[0]) == [*VERDICTS[:3], ("unread", "unreadable", 7), *VERDICTS[4:]]
    assert found[1] == found[0]


def held_until(condition):
    """Answers that are right, and are not sent before something happens."""

    def held(_, right):
        answer = right()
        answer.held = condition
        return answer

    return held


@pytest.mark.parametrize("deaths", [1, 2])
def test_the_log_files_of_killed_workers_are_validated_all_the_same(bucket, monkeypatch, deaths):
    """Others hash them, or the first process if none is left."""
    made = []

    def make(*given):
        made.append(Killed(*given))
        return made[0]

    bucket.fail("GET", held_until(lambda: made[0].are_killed), "/CloudTrail/")
    monkeypatch.setattr(readers, "Processes", make)
    monkeypatch.setattr(readers, "_BATCH", 1)
    monkeypatch.setattr(Killed, "deaths", deaths)
    found = validated()
    assert verdicts(found) == VERDICTS
    ended = ["1 worker process", "2 worker processes"][deaths - 1]
    assert found.notes == [f"{ended} ended early; others read their log files again"]


@pytest.mark.parametrize("begun", [0, 1])
def test_a_validation_whose_workers_cannot_start_goes_on_without_them(bucket, monkeypatch, begun):
    """The verdicts are the same, and the summary says so."""
    refuse_processes(monkeypatch, begun)
    found = validated()
    assert verdicts(found) == VERDICTS
    assert found.notes == [
        f"{begun} of 2 worker processes started: Resource temporarily unavailable"
    ]


def test_a_validation_starts_workers_once_its_log_files_are_many(archive, tmp_path, monkeypatch):
    """All accounts count together; a load that validates has as many workers as it was told."""
    started = []

    class Counted(processes.Processes):
        def start(self) -> None:
            started.extend([] if self.have_started else [self.count])
            super().start()

    monkeypatch.setattr(readers, "Processes", Counted)
    monkeypatch.setattr(readers, "default_processes", lambda: 2)
    for few, expected in ((9, []), (8, [2])):
        monkeypatch.setattr(readers, "FEW", few)
        assert verdicts(signed.validate(archive, every=True)) == VERDICTS
        assert started == expected
    store = tmp_path / "store"
    for count, expected in ((0, [2]), (3, [2, 3])):
        [found] = signed.load(archive, store, checked=True, workers=count).validations
        assert sum(found.log_files.values()) == len(VERDICTS)
        assert started == expected


VALIDATE = """
import sys
sys.path.insert(0, {!r})
import signed
signed.validate("s3://trail", copy_of="s3://trail-bucket", workers=2)
"""


def test_ctrl_c_ends_a_validation(bucket):
    """Whoever waits for a worker does not keep the program, and none of them is left."""
    bucket.fail("GET", held_until(lambda: False), "/CloudTrail/")
    process = subprocess.Popen(
        [sys.executable, "-c", VALIDATE.format(str(Path(signed.__file__).parent))],
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    while not any("/CloudTrail/" in key for asked, key in [*bucket.requests] if asked == "GET"):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
