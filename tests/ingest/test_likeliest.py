"""Which log file tracing reads next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from trailscan.buckets import LocalBucket, ObjectInfo
from trailscan.events.event import UserIdentity
from trailscan.ingest.delays import Delays, minute
from trailscan.ingest.likeliest import Likeliest
from trailscan.ingest.plan import PlannedFile
from trailscan.sessions.issued import Issued
from trailscan.sessions.sought import Sought
from trailscan.trail.keys import parse_key

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
ROLE = "arn:aws:sts::111122223333:assumed-role"


def record(number, role="deploy", beside=""):
    """An issuing record that is looked for."""
    arn = f"{ROLE}/{role}/s{number}"
    return Sought(
        f"ASIA{number}",
        START,
        "111122223333",
        is_root=False,
        arn=arn,
        called_at=START,
        beside=beside,
    )


def name(region, minutes):
    """The key of a log file."""
    when = START + timedelta(minutes=minutes)
    return (
        f"AWSLogs/111122223333/CloudTrail/{region}/2026/11/02/"
        f"111122223333_CloudTrail_{region}_{when:%Y%m%dT%H%MZ}_AAAAAAAAAAAAAAAA.json.gz"
    )


def log_files(tmp_path, files):
    """Log files by region, minutes after the record, and size in kilobytes."""
    bucket = LocalBucket(tmp_path)
    named = [(name(region, minutes), 1000 * size) for region, minutes, size in files]
    return [
        PlannedFile(bucket, ObjectInfo(key, size, "", START), parse_key(key)) for key, size in named
    ]


MUCH = 1_000_000


def add(likeliest, one, files, tried=b""):
    """Propose log files of which the load has read none."""
    likeliest.add(one, files, lambda _: False, tried)


def order(likeliest, *wanted):
    """The regions and minutes of the log files in the order in which they are read."""
    found = []
    while planned := likeliest.take({one.id: one for one in wanted}, MUCH):
        trail = planned.trail
        found.append((trail.region, (trail.delivered - START) // timedelta(minutes=1)))
    return found


def issued(number, region, role="deploy"):
    """An issuing record that was found in a region."""
    caller = UserIdentity(type="AssumedRole", account_id="111122223333")
    return Issued(
        f"ASIA{number}",
        "AssumeRole",
        f"event-{number}",
        START,
        caller,
        with_mfa=False,
        source=f"trail/{name(region, 5)}#1",
        account_id="111122223333",
        session_arn=f"{ROLE}/{role}/s{number}",
    )


def test_the_usual_delay_comes_first_then_the_smallest(tmp_path):
    """Log files of five minutes after the record come before all others, small ones first."""
    files = [
        ("eu-west-1", 0, 50),
        ("eu-west-1", 5, 90),
        ("eu-west-2", 5, 10),
        ("eu-west-2", 25, 50),
    ]
    likeliest = Likeliest()
    add(likeliest, record(1), log_files(tmp_path, files))
    assert order(likeliest, record(1)) == [
        ("eu-west-2", 5),
        ("eu-west-1", 5),
        ("eu-west-1", 0),
        ("eu-west-2", 25),
    ]


def test_the_delays_that_were_seen_count_more_than_the_usual_one(tmp_path):
    """Where log files arrive ten minutes after their events, those of ten minutes come first."""
    likeliest = Likeliest()
    likeliest.delays.add([timedelta(minutes=10, seconds=20)] * 100)
    add(likeliest, record(1), log_files(tmp_path, [("eu-west-1", at, 9) for at in (0, 5, 10, 15)]))
    assert order(likeliest, record(1))[0] == ("eu-west-1", 10)


def test_the_shares_of_delays_add_up_and_begin_with_what_aws_says():
    """Five minutes are the likeliest; a minute without any delay so far keeps a share."""
    shares = Delays().shares()
    assert shares.sum() == pytest.approx(1)
    assert shares.argmax() == minute(timedelta(minutes=5)) == minute(timedelta(minutes=5.9))
    assert shares.min() > 0
    assert [minute(timedelta(minutes=one)) for one in (-99, 99)] == [0, len(shares) - 1]


def test_nothing_is_read_for_a_record_that_was_found(tmp_path):
    """The search of a record ends when it is no longer wanted; without log files it never begins."""
    likeliest = Likeliest()
    add(likeliest, record(1), [])
    assert order(likeliest, record(1)) == []
    add(likeliest, record(2), log_files(tmp_path, [("eu-west-1", 5, 20)]))
    assert order(likeliest, record(1)) == []
    assert likeliest.unfinished() == {record(2).id}


def test_the_log_file_of_most_sessions_comes_first(tmp_path):
    """One log file of two records is read before a smaller one of one; one record may be many."""
    first, second = log_files(tmp_path, [("eu-west-1", 5, 150), ("eu-west-2", 5, 100)])
    likeliest = Likeliest()
    add(likeliest, record(1), [first])
    add(likeliest, record(2), [first])
    add(likeliest, record(3), [second])
    assert order(likeliest, record(1), record(2), record(3))[0] == ("eu-west-1", 5)
    other = Likeliest()
    add(other, record(1), [first])
    add(other, record(3), [second])
    assert order(other, record(1)._replace(sessions=9), record(3))[0] == ("eu-west-1", 5)


def test_what_is_larger_than_the_budget_is_left_over(tmp_path):
    """A log file that is too large is passed over, and its record is unfinished."""
    files = log_files(tmp_path, [("eu-west-1", 5, 200), ("eu-west-2", 15, 80)])
    likeliest, wanted = Likeliest(), {record(1).id: record(1)}
    add(likeliest, record(1), files)
    assert likeliest.take(wanted, 100_000) == files[1]
    assert likeliest.take(wanted, 100_000) is None
    assert likeliest.unfinished() == {record(1).id}
    assert likeliest.take(wanted, 200_000) == files[0]
    assert likeliest.unfinished() == set()


def test_what_an_earlier_load_tried_is_not_read_again(tmp_path):
    """A later load goes on with the log files that are left, for this record alone."""
    files = log_files(tmp_path, [("eu-west-1", 5, 20), ("eu-west-2", 5, 80)])
    first = Likeliest()
    first.add(record(1), files, lambda planned: planned is files[0])
    later = Likeliest()
    add(later, record(1), files, first.tried(record(1).id))
    assert later.tried(record(1).id) == first.tried(record(1).id) != b""
    add(later, record(2), files)
    assert order(later, record(1)) == [("eu-west-2", 5)]
    assert order(later, record(2)) == [("eu-west-1", 5)]


def test_the_copy_of_a_record_is_looked_for_where_the_other_was_delivered(tmp_path):
    """Both copies are recorded in one region and delivered at the same time."""
    files = [("eu-west-2", 15, 90), ("eu-west-1", 5, 90), ("eu-west-1", 15, 90)]
    one = record(1, beside=f"trail/{name('eu-west-1', 15)}#3")._replace(is_copy=True)
    likeliest = Likeliest()
    add(likeliest, one, log_files(tmp_path, files))
    assert order(likeliest, one) == [("eu-west-1", 15), ("eu-west-1", 5), ("eu-west-2", 15)]


def test_a_region_where_records_were_found_comes_first(tmp_path):
    """Finding one record in a region makes it likelier for the others, in spite of its size."""
    likeliest, files = Likeliest(), [("eu-west-1", 5, 100), ("eu-west-2", 5, 60)]
    likeliest.learn(issued(1, "eu-west-1", "other"))
    add(likeliest, record(2), log_files(tmp_path, files))
    assert order(likeliest, record(2)) == [("eu-west-1", 5), ("eu-west-2", 5)]


def test_the_region_of_a_role_counts_more_than_that_of_others(tmp_path):
    """Each role has its own region, as far as it is known."""
    likeliest, files = Likeliest(), [("eu-west-1", 5, 90), ("eu-west-2", 5, 90)]
    for number in range(12):
        likeliest.learn(issued(number, "eu-west-1", "other"))
    for number in range(12, 18):
        likeliest.learn(issued(number, "eu-west-2"))
    add(likeliest, record(20), log_files(tmp_path, files))
    assert order(likeliest, record(20)) == [("eu-west-2", 5), ("eu-west-1", 5)]


def test_a_role_of_which_nothing_was_found_comes_last(tmp_path):
    """Sessions whose records are nowhere do not use up the budget of the others."""
    likeliest = Likeliest()
    lost = [record(number, role="lost") for number in range(9)]
    read, left = log_files(tmp_path, [("eu-west-1", 5, 60), ("eu-west-2", 10, 20)])
    for one in lost:
        likeliest.add(one, [read, left], lambda planned: planned is read)
    for number in range(10, 16):
        likeliest.learn(issued(number, "eu-west-1"))
    add(likeliest, record(20), log_files(tmp_path, [("eu-west-1", 6, 400)]))
    assert order(likeliest, *lost, record(20)) == [("eu-west-1", 6), ("eu-west-2", 10)]
