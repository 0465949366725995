"""Loads that are killed with SIGKILL at any moment, several at once, and what is left of it.

    python tests/services/kills.py --kills 500                      the local disk
    python tests/services/kills.py --kills 200 --ceph               Ceph's S3 server
    python tests/services/kills.py --kills 500 --protocol unclaimed a broken protocol, as a control

Log files are delivered into a folder while several loads into one store run, each committing every
few log files; one after another they are killed and begun anew. In the end one load runs through.
Then every event must be there once, for whoever follows the ledger and for whoever looks at the
folder only; that nothing is there twice is looked at in between, too.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

import pyarrow as pa
import pyarrow.parquet as pq

from services.trail import make_event, pack
from trailscan.aws.session import AwsOptions
from trailscan.buckets import S3Bucket, open_bucket
from trailscan.errors import NotFoundError, TrailscanError
from trailscan.ingest import pipeline
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.store import ledger
from trailscan.store.reader import StoreReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.process import BaseProcess

WRITERS = 3
A_ROUND = 50
_NAME = "111122223333_CloudTrail_us-east-1_{}_{:016d}.json.gz"
_PATIENCE = 60
_PAUSE = 0.15  # seconds between two kills, at most, on a machine that is not busy
ENOUGH = 1000.0  # bytes for tracing, as a share of those that a load reads
_ISSUING = 500_000  # added to the number of a call: the number of the record that issued its key
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["services.kills", "boto3", "obstore.store", "pandas"])


def unclaimed(self: ledger.Ledger, commit: ledger.Commit, files: Mapping[str, bytes]) -> bool:
    """A commit without a claim: whoever dies in it leaves data files that nobody wants."""
    for path, data in files.items():
        self._bucket.write(path, data)
    try:
        self._bucket.write_new(ledger.ledger_path(commit.seq), ledger.encode_commit(commit))
    except ledger.AlreadyExistsError:
        return False
    return True


def commit_first(self: ledger.Ledger, commit: ledger.Commit, files: Mapping[str, bytes]) -> bool:
    """A commit before its data files: whoever dies in it has lost them."""
    try:
        self._bucket.write_new(ledger.ledger_path(commit.seq), ledger.encode_commit(commit))
    except ledger.AlreadyExistsError:
        return False
    for path, data in files.items():
        self._bucket.write(path, data)
    return True


PROTOCOLS: dict[str, Callable[..., bool]] = {
    "claimed": ledger.Ledger.try_commit,
    "unclaimed": unclaimed,
    "commit_first": commit_first,
}
"""The protocol of trailscan, and two that are broken: the controls."""


@dataclass
class Outcome:
    """What became of the events.

    Attributes:
        kills: loads that were running when they were killed.
        lost: events that were delivered and are not in the store.
        doubled: events that whoever follows the ledger sees more than once.
        doubled_by_glob: the same for whoever looks at the folder only.
        broken: loads that ended in an error of their own, and stores that cannot be read.
        events: delivered.
        commits: made.
    """

    kills: int = 0
    lost: int = 0
    doubled: int = 0
    doubled_by_glob: int = 0
    broken: int = 0
    events: int = 0
    commits: int = 0

    @property
    def is_right(self) -> bool:
        """Whether nothing went missing, nothing is there twice, and nothing broke."""
        return not (self.lost or self.doubled or self.doubled_by_glob or self.broken)

    def add(self, other: Outcome) -> None:
        """Another round."""
        for one in dataclasses.fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


def load_small(trail: str, store: str, protocol: str, hook: Callable[[], None] | None) -> None:
    """One load that commits every three log files; runs in a process of its own."""
    pipeline._COMMIT_LOG_FILES = 3
    ledger.Ledger.try_commit = PROTOCOLS[protocol]  # type: ignore[method-assign]  # a control
    if hook is not None:
        hook()
    run_load([trail], store, LoadOptions(trace_share=ENOUGH), datetime.now(UTC))


def start_load(
    trail: Path, store: str, protocol: str = "claimed", hook: Callable[[], None] | None = None
) -> BaseProcess:
    """A process that loads a trail into a store, started."""
    words = (str(trail), store, protocol, hook)
    process = _FORKS.Process(target=_quiet, args=(dict(os.environ), words), daemon=True)
    process.start()
    return process


def _quiet(environment: dict[str, str], words: Any) -> None:
    """The load, with what it says thrown away: a broken one says a lot."""
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    load_small(*words)


DISK_CALLS = ("fsync", "link", "replace", "unlink", "mkdir")
"""What changes a local disk for good, or makes a change last."""


def die_at_disk_call(step: int, *, after: bool) -> None:
    """Let this process kill itself before or after its n-th such call."""
    _die_at(os, DISK_CALLS, step, after=after)


def die_at_request(step: int, *, after: bool) -> None:
    """Let this process kill itself before or after its n-th request that changes a bucket."""
    _die_at(S3Bucket, ("write", "write_new", "delete"), step, after=after)


def _die_at(where: Any, names: tuple[str, ...], step: int, *, after: bool) -> None:
    counted = itertools.count(1)

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            dies = next(counted) == step
            if dies and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return original(*args, **options)
            finally:
                if dies:
                    os.kill(os.getpid(), signal.SIGKILL)

        return call

    for name in names:
        setattr(where, name, wrap(getattr(where, name)))


class Trail:
    """A folder into which log files are delivered, each of some events, one a copy.

    Args:
        folder: of the log files.
        rng: decides names and copies.
        sessions: make each call in a session of its own; the record that issued its credentials is
            delivered before it, beside it or after it.
    """

    def __init__(self, folder: Path, rng: random.Random, *, sessions: bool = False) -> None:
        self.folder = folder
        self.events = 0
        self._files = 0
        self._rng = rng
        self._sessions = sessions
        self._now = datetime.now(UTC)

    @property
    def expected(self) -> set[int]:
        """The numbers of the events that a store of the whole trail has."""
        calls = set(range(self.events))
        return calls | {_ISSUING + number for number in calls} if self._sessions else calls

    def deliver(self, log_files: int) -> None:
        """Some more log files, whole or absent, in any order of names."""
        for _ in range(log_files):
            numbers = [self.events, self.events + 1, self._rng.randrange(self.events + 1)]
            self.events += 2
            batches = [[self._call(number) for number in numbers]]
            if self._sessions:
                issuing = [self._issuing(number) for number in numbers[:2]]
                batches = self._rng.choice(([issuing, *batches], [*batches, issuing]))
            for records in batches:
                self._write(records)

    def _write(self, records: list[dict[str, Any]]) -> None:
        """A log file that is delivered now."""
        self._files += 1
        number = self._rng.randrange(10**9) * 10**6 + self._files
        name = _NAME.format(f"{datetime.now(UTC):%Y%m%dT%H%MZ}", number)
        (self.folder.parent / "new").write_bytes(pack(records))
        (self.folder.parent / "new").rename(self.folder / name)

    def _time(self, number: int) -> str:
        """When a call was: they lie on a few days, so that a commit has several data files."""
        begin = self._now - timedelta(hours=47) + timedelta(hours=20 * (number % 3))
        return f"{begin + timedelta(seconds=number % 600):%Y-%m-%dT%H:%M:%SZ}"

    def _call(self, number: int) -> dict[str, Any]:
        """A call, in a session of its own if the trail has sessions."""
        when = self._time(number)
        if not self._sessions:
            return make_event(number, eventTime=when)
        return make_event(number, eventTime=when, userIdentity=_session(number, when))

    def _issuing(self, number: int) -> dict[str, Any]:
        """The record that issued the credentials of a call."""
        return make_event(
            _ISSUING + number,
            eventTime=self._time(number),
            eventSource="sts.amazonaws.com",
            eventName="AssumeRole",
            requestParameters={"roleArn": _ROLE, "roleSessionName": "build"},
            responseElements={"credentials": {"accessKeyId": f"ASIA{number:016d}"}},
        )


_ROLE = "arn:aws:iam::111122223333:role/deploy"


def _session(number: int, when: str) -> dict[str, Any]:
    """The identity of a session with credentials of its own."""
    return {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLEROLE:build",
        "arn": "arn:aws:sts::111122223333:assumed-role/deploy/build",
        "accountId": "111122223333",
        "accessKeyId": f"ASIA{number:016d}",
        "sessionContext": {
            "attributes": {"creationDate": when, "mfaAuthenticated": "false"},
            "sessionIssuer": {"type": "Role", "arn": _ROLE, "userName": "deploy"},
        },
    }


def run_round(
    folder: Path,
    store: str,
    kills: int,
    rng: random.Random,
    protocol: str = "claimed",
    *,
    sessions: bool = False,
) -> Outcome:
    """One store from its first load to a load that runs through, its loads killed on the way."""
    (folder / "trail").mkdir(parents=True)
    trail, outcome = Trail(folder / "trail", rng, sessions=sessions), Outcome()
    running: list[BaseProcess] = []
    pause = max(_PAUSE, _seconds_of_a_load(trail, store, protocol) / 2)
    try:
        while outcome.kills < kills:
            trail.deliver(rng.randrange(1, 8))
            running = [one for one in running if _is_running(one, outcome)]
            while len(running) < WRITERS:
                running.append(start_load(trail.folder, store, protocol))
            time.sleep(rng.uniform(0.0, pause))
            victim = running.pop(rng.randrange(len(running)))
            if victim.is_alive():
                victim.kill()
                outcome.kills += 1
            victim.join(_PATIENCE)
            _is_running(victim, outcome)
            if outcome.kills % 10 == 0:
                _look(store, outcome, trail, whole=False)
    finally:
        for one in running:
            one.join(_PATIENCE)
            _is_running(one, outcome)
    last = start_load(trail.folder, store, protocol)
    last.join(_PATIENCE)
    if last.exitcode != 0:
        outcome.broken += 1
    _look(store, outcome, trail, whole=True)
    return outcome


def _seconds_of_a_load(trail: Trail, store: str, protocol: str) -> float:
    """How long a load takes: on a busy machine, too, loads are killed while they commit."""
    trail.deliver(3)
    began = time.monotonic()
    start_load(trail.folder, store, protocol).join(_PATIENCE)
    return time.monotonic() - began


def _is_running(process: BaseProcess, outcome: Outcome) -> bool:
    """Whether a load still runs; one that failed by itself is counted."""
    if process.exitcode not in (None, 0, -signal.SIGKILL):
        outcome.broken += 1
    return process.exitcode is None


def _look(store: str, outcome: Outcome, trail: Trail, *, whole: bool) -> None:
    """Count what is missing and what is there twice; before the end nothing can be missing yet."""
    globbed = Counter(ids_by_glob(store))
    outcome.doubled_by_glob = max(outcome.doubled_by_glob, _repeated(globbed))
    try:
        followed = Counter(ids_by_ledger(store))
    except NotFoundError:
        followed = Counter()
    except TrailscanError:
        outcome.broken += 1
        return
    outcome.doubled = max(outcome.doubled, _repeated(followed))
    if whole:
        outcome.events = len(trail.expected)
        expected = trail.expected
        outcome.lost = max(len(expected - set(followed)), len(expected - set(globbed)))
        outcome.commits = len(StoreReader(open_bucket(store, AwsOptions()), store).commits)


def _repeated(counted: Counter[int]) -> int:
    return sum(counted.values()) - len(counted)


def ids_by_glob(store: str) -> list[int]:
    """The events that a reader sees who looks at the folder only."""
    bucket = open_bucket(store, AwsOptions())
    found: list[int] = []
    for one in bucket.list_objects("events/"):
        table = pq.ParquetFile(pa.BufferReader(bucket.read(one.key)), pre_buffer=False)
        found += _numbers(table.read(["event_id"], use_threads=False))
    return found


def ids_by_ledger(store: str) -> list[int]:
    """The events that a reader sees who follows the ledger."""
    return _numbers(StoreReader(open_bucket(store, AwsOptions()), store).events(None, ["event_id"]))


def _numbers(table: pa.Table) -> list[int]:
    return [int(one[-12:]) for one in table["event_id"].to_pylist()]


def run_rounds(kills: int, stores: Iterator[str], seed: int, protocol: str = "claimed") -> Outcome:
    """So many kills, each store used for some of them."""
    rng, total = random.Random(seed), Outcome()
    with tempfile.TemporaryDirectory() as place:
        for number, start in enumerate(range(0, kills, A_ROUND)):
            some = min(A_ROUND, kills - start)
            folder = Path(place) / str(number)
            total.add(run_round(folder, next(stores), some, rng, protocol))
            if __name__ == "__main__":
                print(f"round {number + 1}: {total}", flush=True)  # noqa: T201  # a program
    return total


def folders(place: Path) -> Iterator[str]:
    """Stores on the local disk."""
    number = 0
    while True:
        number += 1
        yield str(place / f"store-{number}")


def main() -> None:
    """Kill, and say what came of it; exit code 1 when events were lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--protocol", choices=PROTOCOLS, default="claimed")
    parser.add_argument("--ceph", action="store_true", help="a store in Ceph, fetched from Debian")
    given = parser.parse_args()
    began = time.monotonic()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stores = folders(place)
        if given.ceph:
            from services.ceph import Ceph

            ceph = Ceph(place / "ceph")
            stack.callback(ceph.stop)
            os.environ.update(ceph.server.environment)
            ceph.server.client().create_bucket(Bucket="kills")
            stores = (f"s3://kills/store-{number}" for number in range(10**6))
        outcome = run_rounds(given.kills, stores, given.seed, given.protocol)
    print(f"{outcome} in {time.monotonic() - began:.0f} s")  # noqa: T201  # a program
    sys.exit(not outcome.is_right)


if __name__ == "__main__":
    main()
