"""The runs of `load`: each leaves a small file when it begins and one when it ends.

    _runs/20261123T033000000000Z-<load id>-began.json
    _runs/20261123T033000000000Z-<load id>-ended.json

They are no part of the ledger: nothing in the store depends on them, and none is ever changed. A
run that was killed has no second file. What is not such a file, or was changed, is refused and
named. Each ends with the SHA-256 of its content.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from datetime import datetime  # msgspec reads the annotations
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trailscan.errors import ExitCode, TrailscanError
from trailscan.window import Window

if TYPE_CHECKING:
    from trailscan.buckets import Bucket, ObjectInfo

FOLDER = "_runs/"
MOST_RUNS = 100
"""How many runs a store remembers."""

_KEY = re.compile(r"_runs/(\d{8}T\d{12}Z-[0-9a-f]{32})-(began|ended)\.json", re.ASCII)
_MOST_BYTES = 64 * 1024
_LONGEST = 500  # characters of an error
_MOST_SOURCES = 50
_ENDED = frozenset({ExitCode.COMPLETE, ExitCode.FOUND, ExitCode.INCOMPLETE})


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """One run of `load`.

    Attributes:
        load_id: as in the commits that it made.
        started: when it began, by the clock of its machine.
        tool: the program and version.
        sources: what it was to read, as the user named it.
        event_sources: what was looked for.
        since: start of the delivery window that was asked for; None for the default.
        until: its end; None for none.
        accounts: only these accounts; empty for all.
        regions: only these regions; empty for all.
        finished: when it ended; None if it did not, or has not yet.
        exit_code: with which it ended.
        listed: how many log files it found.
        done: how many of them it read.
        kept: how many events it added.
        error: why it had no answer.
    """

    load_id: str
    started: datetime
    tool: str
    sources: tuple[str, ...] = ()
    event_sources: str = ""
    since: datetime | None = None
    until: datetime | None = None
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    finished: datetime | None = None
    exit_code: int | None = None
    listed: int = 0
    done: int = 0
    kept: int = 0
    error: str = ""

    @property
    def ended(self) -> bool:
        """Whether it came to its end, so that nothing is left for the same command."""
        return self.exit_code in _ENDED

    @property
    def name(self) -> str:
        """What the names of its files begin with."""
        return f"{self.started:%Y%m%dT%H%M%S%f}Z-{self.load_id}"


class Runs(NamedTuple):
    """The runs of a store.

    Attributes:
        found: in the order in which they began.
        refused: files that are no record of a run.
    """

    found: tuple[Run, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def last(self) -> Run | None:
        """The run that began last."""
        return self.found[-1] if self.found else None


def write_run(bucket: Bucket, run: Run) -> None:
    """Record that a run began, or ended, and forget the oldest ones.

    Raises:
        TrailscanError: the store could not be written.
    """
    state = "began" if run.finished is None else "ended"
    short = msgspec.structs.replace(
        run, sources=run.sources[:_MOST_SOURCES], error=run.error[:_LONGEST]
    )
    bucket.write_new(f"{FOLDER}{run.name}-{state}.json", _sealed(msgspec.json.encode(short)))
    if state == "began":
        _forget(bucket)


def _sealed(run: bytes) -> bytes:
    """An encoded run in a line, and the SHA-256 of that line in another: damage is noticed."""
    line = run + b"\n"
    return line + hashlib.sha256(line).hexdigest().encode() + b"\n"


def _forget(bucket: Bucket) -> None:
    """Remove the oldest runs, where that is allowed."""
    with suppress(TrailscanError):
        keys = [one.key for one in bucket.list_objects(FOLDER) if _KEY.fullmatch(one.key)]
        names = sorted({key.rpartition("-")[0] for key in keys})
        kept = set(names[-MOST_RUNS:])
        for key in keys:
            if key.rpartition("-")[0] not in kept:
                bucket.delete(key)


def read_runs(bucket: Bucket) -> Runs:
    """The runs that a store remembers.

    Raises:
        TrailscanError: the store could not be read.
    """
    runs: dict[str, Run] = {}
    refused: list[str] = []
    listed = [*bucket.list_objects(FOLDER)]
    for found in listed[-4 * MOST_RUNS :]:
        run = _read(bucket, found)
        if run is None:
            refused.append(found.key)
        elif run.finished is not None or run.name not in runs:
            runs[run.name] = run
    return Runs(tuple(runs[name] for name in sorted(runs)), tuple(refused))


def _read(bucket: Bucket, found: ObjectInfo) -> Run | None:
    """The run that a file records; None if it records none."""
    name = _KEY.fullmatch(found.key)
    if name is None or found.odd or found.size > _MOST_BYTES:
        return None
    try:
        data = bucket.read(found.key)
        line = data.partition(b"\n")[0]
        if data != _sealed(line):
            return None
        run = msgspec.json.decode(line, type=Run)
        Window(run.since, run.until)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return None
    aware = all(one is None or one.tzinfo for one in (run.started, run.finished))
    says_so = run.name == name[1] and (run.finished is not None) == (name[2] == "ended")
    return run if aware and says_so else None
