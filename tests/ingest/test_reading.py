"""One read and one limit of memory for loads and validations."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from services.memory import MemoryBucket

from trailscan.buckets import ObjectInfo
from trailscan.errors import DecodeError, NoAnswerError
from trailscan.ingest import reading
from trailscan.ingest.reading import LargeOneAtATime, read_listed
from trailscan.trail.gunzip import inflate

BUCKET = MemoryBucket("trail")


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """No pauses, and what has more than 1,000 bytes is large."""
    monkeypatch.setattr(reading, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(reading, "LARGE", 1000)


def read_all(info, *answers):
    """What reading an object gives when the server answers like this, and how often it was read."""
    left = list(answers)
    data = read_listed(BUCKET, info, lambda *_: left.pop(0), len)
    return data, len(answers) - len(left)


@pytest.mark.parametrize(
    ("size", "answers", "expected"),
    [
        (3, [b"abc"], (b"abc", 1)),
        (3, [b"<html>", b"abc"], (b"abc", 2)),
        (3, [b"<html>", b"", b"abc"], (b"abc", 3)),
        (0, [b"of unknown length"], (b"of unknown length", 1)),
    ],
)
def test_an_object_is_read_until_it_has_the_length_of_its_listing(size, answers, expected):
    """At most three times; where no size is listed any length is right."""
    assert read_all(ObjectInfo("k", size, "e"), *answers) == expected


def test_an_object_that_never_has_its_length_is_an_error():
    """It names the object, both lengths, and what may be the cause."""
    with pytest.raises(
        NoAnswerError,
        match=r"^s3://trail/k: expected 3 bytes, received 6 \(is a proxy altering responses\?\)$",
    ):
        read_all(ObjectInfo("k", 3, "e"), b"<html>", b"<html>", b"<html>")


def test_small_log_files_do_not_wait_for_a_large_one():
    """The lock is taken by what really is large, whatever its trailer claims."""
    bound = LargeOneAtATime()
    small, lies = gzip.compress(b"x" * 999), gzip.compress(b"x" * 2000) + gzip.compress(b"{}")
    inside, leave = threading.Event(), threading.Event()

    def hold(most):
        body = inflate(lies, most).body
        inside.set()
        assert leave.wait(10)
        return len(body)

    with ThreadPoolExecutor(2) as pool:
        large = pool.submit(bound.run, hold)
        assert inside.wait(10)
        assert len(bound.run(lambda most: inflate(small, most).body)) == 999
        other = pool.submit(bound.run, lambda most: len(inflate(lies, most).body))
        with pytest.raises(TimeoutError):
            other.result(timeout=0.1)
        leave.set()
        assert (large.result(), other.result()) == (2002, 2002)


def test_what_is_large_as_it_is_stored_waits_before_it_is_read():
    """Its turn lasts until it is scanned; it takes the lock once, and small ones take none."""
    bound = LargeOneAtATime()

    def work():
        with bound.turn(1001):
            return bound.run(lambda most: inflate(b"x" * 1001, most).body)

    with ThreadPoolExecutor(1) as pool, bound.turn(1001):
        other = pool.submit(work)
        with bound.turn(1000), pytest.raises(TimeoutError):
            other.result(timeout=0.1)
        assert len(work()) == 1001
        assert not other.done()
    assert len(other.result()) == 1001


def test_a_log_file_that_cannot_be_inflated_is_an_error_at_once():
    """Only what is too large is tried again."""
    tries = []

    def work(most):
        tries.append(most)
        return inflate(b"\x1f\x8bnonsense", most)

    with pytest.raises(DecodeError):
        LargeOneAtATime().run(work)
    assert tries == [1000]
