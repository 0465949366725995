"""The same from S3, and a store in S3."""

from __future__ import annotations

import pytest

import trailscan as ts
from trailscan.errors import NotFoundError, TrailscanError

KEY = (
    "AWSLogs/o-exampleorg1/{account}/CloudTrail/{region}/2026/11/{day}/"
    "{account}_CloudTrail_{region}_202611{day}T1205Z_{number:016d}.json.gz"
)


def put(s3, data, number=0, account="111122223333", region="us-east-1", day="22"):
    """Deliver a log file."""
    key = KEY.format(account=account, region=region, day=day, number=number)
    s3.put_object(Bucket="trail", Key=key, Body=data)
    return key


def test_s3_gives_the_same_events_as_the_folder(s3, logs, load, event, packed, tmp_path):
    """One set of log files gives one set of events, wherever it lies."""
    files = [packed([event(n), event(n + 50)]) for n in range(5)]
    for number, data in enumerate(files):
        put(s3, data, number)
    from_s3 = load("s3://trail", store="s3://store/here")
    local = load(logs(*files))
    assert (from_s3.kept, from_s3.records) == (local.kept, local.records) == (10, 10)
    left = ts.open("s3://store/here").events()
    right = ts.open(str(tmp_path / "store")).events()
    assert list(left["record"]) == list(right["record"])
    assert set(left["log_file_bucket"]) == {"trail"}
    assert load("s3://trail", store="s3://store/here").known == 5


def test_only_the_region_of_organizations_is_read_and_the_rest_is_named(s3, load, event, packed):
    """Other regions are left unread by default, and the summary says so."""
    put(s3, packed([event(1)]))
    put(s3, packed([event(2)]), region="eu-west-1")
    s3.put_object(Bucket="trail", Key=KEY.replace("CloudTrail/", "CloudTrail-Digest/"), Body=b"x")
    summary = load("s3://trail")
    assert (summary.listed, summary.kept, summary.regions_left_out) == (1, 1, ("eu-west-1",))
    assert load("s3://trail", regions=frozenset()).kept == 1


def test_the_first_load_of_a_bucket_reads_30_days_and_says_so(s3, load, event, packed):
    """Without --since an S3 source is read from 30 days back; later loads go on from there."""
    put(s3, packed([event(1)]), day="01")
    s3.put_object(
        Bucket="trail",
        Key=KEY.format(account="111122223333", region="us-east-1", day="22", number=1)
        .replace("2026/11/22", "2026/09/22")
        .replace("20261122", "20260922"),
        Body=packed([event(2)]),
    )
    summary = load("s3://trail")
    assert (summary.listed, summary.notes[0][:13]) == (1, "first load of")
    late = packed([event(3)])
    put(s3, late, number=9, day="02")
    assert load("s3://trail").kept == 1


def test_keys_that_obstore_cannot_name_are_read_all_the_same(s3, load, event, packed):
    """A key with an empty or dotted folder name hides nothing."""
    put(s3, packed([event(1)]))
    for number, key in enumerate(("a//b.json.gz", "a/./c.json.gz", "/d.json.gz"), 2):
        s3.put_object(Bucket="trail", Key=key, Body=packed([event(number)]))
    summary = load("s3://trail")
    assert (summary.kept, summary.complete) == (4, True)


def test_one_object_is_a_source(s3, load, event, packed):
    """The key of one log file, whatever its name, is read alone."""
    key = put(s3, packed([event(1)]))
    put(s3, packed([event(2)]), number=1)
    s3.put_object(Bucket="trail", Key="kept/evidence", Body=packed([event(3)]))
    assert [load(f"s3://trail/{name}").kept for name in (key, "kept/evidence")] == [1, 1]


@pytest.mark.parametrize("prefix", ["AWSLog", "AWSLogs/o-", "nothing/here/"])
def test_a_prefix_where_nothing_stands_is_no_empty_trail(s3, load, event, packed, prefix):
    """A prefix names a folder or an object; a mistyped one is an error, not a quiet trail."""
    put(s3, packed([event(1)]))
    with pytest.raises(
        NotFoundError, match=f"^there is no object or folder at s3://trail/{prefix}$"
    ):
        load(f"s3://trail/{prefix}")


def test_an_empty_bucket_is_a_trail_without_log_files_yet(s3, load):
    """A new bucket answers, and holds nothing."""
    summary = load("s3://trail")
    assert (summary.listed, summary.complete) == (0, True)


def test_a_missing_bucket_is_one_clear_line(s3, load):
    """No such bucket, no answer."""
    with pytest.raises(NotFoundError, match=r"^s3://nowhere-at-all/ does not exist"):
        load("s3://nowhere-at-all")


def test_a_server_that_does_not_answer_is_one_clear_line(s3, load, monkeypatch):
    """A refused connection is an error of ours, not a traceback."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(TrailscanError, match="gave no answer"):
        load("s3://trail")
