"""How many log files are read at a time, and what a load does not wait for."""

from __future__ import annotations

import gc
import os
import threading
from contextlib import ExitStack
from datetime import UTC, date, datetime
from itertools import count

from services.memory import MemoryBucket
from services.trail import log_file_key

from trailscan.buckets import stores
from trailscan.ingest import connections, garbage, listing
from trailscan.ingest.connections import Connections
from trailscan.ingest.garbage import collecting_rarely
from trailscan.ingest.listing import ListingRequest
from trailscan.ingest.plan import DayRange, FolderListing, Scope, SourcePlan
from trailscan.store.known import KnownLogFiles
from trailscan.window import Window

BUCKET = MemoryBucket("trail")


def test_as_many_threads_read_as_reads_may_be_under_way():
    """Three at a time are there together; a fourth never is."""
    together, at_work, seen = threading.Barrier(3, timeout=20), [], set()

    def work(number):
        at_work.append(number)
        together.wait()
        seen.add(len(at_work))
        together.wait()
        at_work.remove(number)
        together.wait()
        return number

    with Connections(BUCKET, least=3) as three:
        done = [three.submit(work, number) for number in range(30)]
        assert [one.result() for one in done] == [*range(30)]
    assert seen == {3}


def test_more_log_files_are_read_at_a_time_only_where_results_are_waited_for(monkeypatch):
    """Reads of 16 ms ask for 47 at first; waiting for most results asks for an eighth more."""
    ticks = count()
    monkeypatch.setattr(connections.time, "monotonic", lambda: next(ticks) / 64)
    limits = []
    with Connections(BUCKET) as some:
        for is_waited_for in (None, False, True, True):
            for _ in range(0 if is_waited_for is None else some.limit):
                some.note_taken(waited=is_waited_for)
            assert some.read_group(str, ["a log file"]) == ["a log file"]
            limits.append(some.limit)
    assert limits == [47, 47, 53, 59]


def test_what_waits_is_read_as_soon_as_more_reads_pay(monkeypatch):
    """One read is under way until it is known how long reads take; then the other eight are."""
    ticks, all_submitted = count(), threading.Event()
    together = threading.Barrier(8, timeout=20)

    def read(planned):
        all_submitted.wait(20) if planned == 0 else together.wait()
        return planned

    monkeypatch.setattr(connections.time, "monotonic", lambda: next(ticks) / 64)
    with Connections(BUCKET, least=1) as some:
        done = [some.submit(some.read_group, read, [number]) for number in range(9)]
        all_submitted.set()
        assert [one.result() for one in done] == [[number] for number in range(9)]


def test_log_files_are_read_before_what_is_beside_their_days_is_listed(monkeypatch):
    """The page with the log files comes first; the requests for the rest are made after it."""
    bucket, asked = MemoryBucket("trail"), []
    key = log_file_key(1)
    folder = key.partition("2026/")[0]
    bucket.objects = {key: b"1", f"{folder}beside.json.gz": b"2"}
    here = bucket.list_here
    monkeypatch.setattr(bucket, "list_here", lambda at: (asked.append(at), here(at))[1])
    days = DayRange(date(2026, 11, 1), date(2026, 11, 30))
    known = KnownLogFiles(MemoryBucket("store"), "all")
    request = ListingRequest(
        Scope(), Window(), known, {}, datetime(2026, 11, 23, tzinfo=UTC).date()
    )
    plan = SourcePlan("s3://trail", bucket, "")
    pages = listing._list_folder(plan, request, FolderListing(folder, days, "days", days))
    first = next(pages)
    assert ([one.info.key for one in first.new], asked) == ([key], [])
    rest = list(pages)
    assert (asked[0], sum(page.skipped.objects for page in rest)) == (folder, 1)


def test_garbage_is_looked_for_as_before_when_the_last_load_ends():
    """Also where the first of two loads at a time ends first."""
    before = gc.get_threshold()
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(collecting_rarely())
        second.enter_context(collecting_rarely())
        first.close()
        assert gc.get_threshold() == garbage._RARELY != before
    assert gc.get_threshold() == before


def test_obstore_starts_one_thread_and_the_environment_is_left_as_it_was(monkeypatch):
    """Whoever asks for another number gets it."""
    for asked in (None, "3"):
        monkeypatch.delenv(stores._THREADS, raising=False)
        if asked:
            monkeypatch.setenv(stores._THREADS, asked)
        stores._start_obstore.__wrapped__()
        assert os.environ.get(stores._THREADS) == asked
