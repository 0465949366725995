"""What the store knows already: exactly the set of what was done, in little memory and on disk."""

from __future__ import annotations

import hashlib
import random
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.memory import MemoryBucket
from services.trail import log_file_key

from trailscan.store import known
from trailscan.store.known import KnownLogFiles, covers
from trailscan.store.log_file_result import LogFileId, LogFileResult, Reject
from trailscan.store.writer import StoreWriter
from trailscan.trail.keys import parse_key

ORGANIZATIONS = "organizations.amazonaws.com"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
DAYS = [None, date(2026, 11, 1), date(2026, 11, 2), date(2026, 11, 3)]
IDS = st.builds(
    LogFileId,
    st.sampled_from(["trail", "other"]),
    st.sampled_from(["a", "b", "c\udcff", "c"]),
    st.sampled_from(["0", "1"]),
    st.sampled_from(DAYS),
)


def writer_of(bucket: MemoryBucket) -> StoreWriter:
    """A writer to a store in memory."""
    bucket.name = "file"  # spares the probe of conditional writes
    return StoreWriter(bucket, "store", "load")


def done(one: LogFileId) -> LogFileResult:
    """A log file read."""
    return LogFileResult(
        one.bucket, one.key.encode("utf-8", "backslashreplace").decode(), one.etag, 1, day=one.day
    )


@given(
    commits=st.lists(st.sets(IDS, max_size=6), max_size=4),
    asked=st.lists(IDS, max_size=12),
    most=st.integers(0, 3),
)
def test_known_is_what_was_committed_and_nothing_else(commits, asked, most):
    """Law: for any commits and questions, known is the plain set; forgetting days changes nothing."""
    writer = writer_of(MemoryBucket("store"))
    expected: set[tuple[str, str, str, date | None]] = set()
    asked = [one._replace(key=done(one).key) for one in asked]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known, "_MOST_LOG_FILES", most)
        log_files = writer.known(ORGANIZATIONS)
        for committed in commits:
            results = [done(one) for one in sorted(committed, key=repr)]
            writer.commit(results, ORGANIZATIONS, (), NOW)
            expected |= {result.id for result in results}
            assert writer.known(ORGANIZATIONS) is log_files
            assert log_files.done(asked) == [one in expected for one in asked]
        fresh = KnownLogFiles(writer._bucket, ORGANIZATIONS)
        fresh.update(writer.commits)
        assert fresh.done(asked) == [one in expected for one in asked]


def test_a_rejected_log_file_is_known_by_its_reason_and_not_as_done():
    """What was rejected is to be read again; the same reject is on record once."""
    writer = writer_of(MemoryBucket("store"))
    one = LogFileId("trail", "a", "0", DAYS[1])
    rejected = done(one)
    rejected.rejects = [Reject(None, "truncated_gzip", "the gzip data ends")]
    for expected in (1, 0):
        assert writer.commit([rejected], ORGANIZATIONS, (), NOW).rejected_log_files == expected
    log_files = writer.known(ORGANIZATIONS)
    assert log_files.done([one]) == [False]
    assert log_files.is_rejected(one, "truncated_gzip")
    assert not log_files.is_rejected(one, "not_json")


@pytest.mark.parametrize(
    ("searched", "wanted", "expected"),
    [
        ("all", "a", True),
        ("all", "all", True),
        ("a", "all", False),
        ("a,b", "a", True),
        ("a", "a,b", False),
    ],
)
def test_a_search_covers_what_it_looked_for(searched, wanted, expected):
    """A log file is done only for the event sources that were looked for in it."""
    assert covers(searched, wanted) is expected


@pytest.mark.parametrize("hashed", [False, True], ids=["loaded", "validated"])
def test_a_log_file_takes_less_than_100_bytes_on_disk(hashed):
    """The row of a log file, with its key, ETag and hash, is small in a commit of 5,000."""
    bucket, rng = MemoryBucket("store"), random.Random(1)
    writer = writer_of(bucket)
    results = []
    for number in range(5000):
        account = f"{111122220000 + number // 300}"
        key = log_file_key(number, account=account, time=f"{number % 24:02d}05")
        name = "".join(
            rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=16)
        )
        key = key.replace(f"{number:016d}", name)
        named = parse_key(key)
        result = LogFileResult(
            "trail", key, rng.randbytes(16).hex(), rng.randrange(40_000),
            named.organization_id, named.account_id, named.region, named.delivered, named.day,
            rng.randrange(300), rng.randrange(400_000), hashlib.sha256(key.encode()).hexdigest(),
        )  # fmt: skip
        if hashed:
            result.sha256 = hashlib.sha256(b"1" + key.encode()).hexdigest()
        results.append(result)
    writer.commit(results, ORGANIZATIONS, (), NOW)
    sizes = [len(data) for path, data in bucket.objects.items() if path.startswith("log_files/")]
    assert sum(sizes) / 5000 < 100
