"""Which log file tracing reads next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trailscan.buckets import LocalBucket, ObjectInfo
from trailscan.ingest.likeliest import Likeliest
from trailscan.ingest.plan import PlannedFile
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
    """Log files by region, minutes after the record, and size."""
    bucket = LocalBucket(tmp_path)
    named = [(name(region, minutes), size) for region, minutes, size in files]
    return [
        PlannedFile(bucket, ObjectInfo(key, size, "", START), parse_key(key)) for key, size in named
    ]


def order(likeliest, one):
    """The regions and minutes of the log files in the order in which they are read for a record."""
    found = []
    while taken := likeliest.take({one.id}):
        trail = taken[1].trail
        found.append((trail.region, (trail.delivered - START) // timedelta(minutes=1)))
    return found


def test_the_usual_delay_comes_first_then_the_smallest(tmp_path):
    """Log files of five minutes after the record come before all others, small ones first."""
    files = [("eu-west-1", 0, 1), ("eu-west-1", 5, 90), ("eu-west-2", 5, 10), ("eu-west-2", 15, 1)]
    likeliest = Likeliest()
    assert likeliest.add(record(1), log_files(tmp_path, files))
    assert order(likeliest, record(1)) == [
        ("eu-west-2", 5),
        ("eu-west-1", 5),
        ("eu-west-1", 0),
        ("eu-west-2", 15),
    ]


def test_nothing_is_read_for_a_record_that_was_found(tmp_path):
    """The search of a record ends when it is no longer wanted; without log files it never begins."""
    likeliest = Likeliest()
    assert not likeliest.add(record(1), [])
    assert likeliest.add(record(2), log_files(tmp_path, [("eu-west-1", 5, 20)]))
    assert likeliest.take({record(1).id}) is None


def test_the_copy_of_a_record_is_looked_for_where_the_other_was_delivered(tmp_path):
    """Both copies are recorded in one region and delivered at the same time."""
    files = [("eu-west-2", 15, 1), ("eu-west-1", 5, 1), ("eu-west-1", 15, 90)]
    one, likeliest = record(1, beside=f"trail/{name('eu-west-1', 15)}#3"), Likeliest()
    likeliest.add(one, log_files(tmp_path, files))
    assert order(likeliest, one) == [("eu-west-1", 15), ("eu-west-1", 5), ("eu-west-2", 15)]


def test_a_region_where_records_were_found_comes_first(tmp_path):
    """Finding one record in a region makes it likelier for the others, in spite of its size."""
    likeliest, files = Likeliest(), [("eu-west-1", 5, 100), ("eu-west-2", 5, 60)]
    likeliest.found(record(1, role="other"), "eu-west-1")
    likeliest.add(record(2), log_files(tmp_path, files))
    assert order(likeliest, record(2)) == [("eu-west-1", 5), ("eu-west-2", 5)]


def test_a_role_of_which_nothing_was_found_comes_last(tmp_path):
    """Sessions whose records are nowhere do not use up the budget of the others."""
    likeliest, lost, other = Likeliest(), record(1, role="lost"), record(2)
    likeliest.missed(lost)
    likeliest.add(lost, log_files(tmp_path, [("eu-west-1", 5, 60)]))
    likeliest.add(other, log_files(tmp_path, [("eu-west-2", 5, 100)]))
    taken = likeliest.take({lost.id, other.id})
    assert taken is not None
    assert taken[0] == other
