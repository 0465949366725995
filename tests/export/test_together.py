"""Several processes that export the same nights at once, one of them killed: one history."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nights import FIRST, Archive, event

from trailscan.export.signing import generate_key
from trailscan.export.verification import verify_place
from trailscan.export.verifier.program import read_given

NIGHTS = 6
PATIENCE = 60


@pytest.fixture
def run(archive: Archive) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a catch-up from a night on, in a process of its own, and ends it after the test."""
    for at in range(3, NIGHTS + 1):
        day = FIRST + timedelta(days=at)
        archive.deliver(day, at, event(day, at))
    archive.load()
    generate_key(archive.root / "key")
    words = [sys.executable, "-m", "trailscan", "export", "--store", archive.store, "--quiet"]
    words += ["--until", str(FIRST + timedelta(days=NIGHTS - 1)), "--key", archive.root / "key"]

    started = []

    def start(place: object, first: int, *more: str) -> subprocess.Popen[bytes]:
        since = ["--since", str(FIRST + timedelta(days=first)), "--to", str(place), *more]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        started.append(subprocess.Popen([*words, *since], **streams))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


def kill(process: subprocess.Popen[bytes], is_time: Callable[[], bool]) -> None:
    """Kill a process when it is time, which must come before it ends by itself."""
    until = time.monotonic() + PATIENCE
    while not is_time():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.002)
    process.kill()


def check(archive: Archive, folder: Path) -> None:
    """Every night is there once, and all of them are one log."""
    names = [f"export-{FIRST + timedelta(days=at)}" for at in range(NIGHTS)]
    assert sorted(one.name for one in folder.glob("export-*")) == names
    assert len(list((folder / "log").iterdir())) == NIGHTS
    report = verify_place(folder, read_given(None, archive.root / "key.pub", None))
    assert report.refused == []


def test_overlapping_catch_ups_of_which_one_is_killed_make_one_history(
    archive: Archive, run: Callable[..., subprocess.Popen[bytes]]
):
    """In a folder: the killed one is begun again while the other still works."""
    place = archive.packages
    one, two = run(place, 0), run(place, 1)
    kill(one, lambda: any((place / "log").glob("*")))
    again = run(place, 0)
    for process in (two, again):
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (0, b""), out
    check(archive, place)


def test_the_same_in_s3(
    archive: Archive,
    run: Callable[..., subprocess.Popen[bytes]],
    s3_endpoint: str,
    s3_client: Any,
    s3_bucket: str,
):
    """Objects that a killed run left are finished by the others, byte for byte."""

    def started() -> bool:
        found = s3_client.list_objects_v2(Bucket=s3_bucket, Prefix="nights/export-")
        return found["KeyCount"] > 2

    place = f"s3://{s3_bucket}/nights"
    more = ("--endpoint-url", s3_endpoint)
    one, two = run(place, 0, *more), run(place, 0, *more)
    kill(one, started)
    for process in (two, run(place, 1, *more)):
        out, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (0, b""), out
    for page in s3_client.get_paginator("list_objects_v2").paginate(Bucket=s3_bucket):
        for found in page["Contents"]:
            path = archive.packages / found["Key"].removeprefix("nights/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(
                s3_client.get_object(Bucket=s3_bucket, Key=found["Key"])["Body"].read()
            )
    check(archive, archive.packages)
