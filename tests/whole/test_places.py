"""One set of log files gives one set of events: from disk, moto or Ceph, into each of them."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from pandas.testing import assert_frame_equal
from services.ceph import S3Server

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.window import Window

if TYPE_CHECKING:
    import pandas as pd

    from trailscan.ingest.summary import LoadSummary

pytestmark = pytest.mark.slow  # each place holds all of the sample logs

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"
MADE = "AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22"
NAME = "111122223333_CloudTrail_us-east-1_20261122T1205Z_{:016d}.json.gz"
START = datetime(2020, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 23, tzinfo=UTC)
PLACE_COLUMNS = ["log_file_bucket", "log_file_key", "log_file_etag"]


class Loaded(NamedTuple):
    """What a load said, and what is in its store."""

    summary: dict[str, Any]
    events: pd.DataFrame
    log_files: pd.DataFrame
    rejects: pd.DataFrame


@pytest.fixture(scope="module")
def trail(tmp_path_factory, make_log_file) -> Path:
    """A folder with the sample logs, log files made here, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("trail")
    shutil.copytree(SAMPLES, folder / "AWSLogs")
    made = folder / MADE
    made.mkdir(parents=True)
    for number in range(40):
        (made / NAME.format(number)).write_bytes(make_log_file(number))
    whole = (made / NAME.format(0)).read_bytes()
    (made / NAME.format(40)).write_bytes(whole[:-9])
    return folder


@pytest.fixture(scope="module")
def expected(trail, tmp_path_factory) -> Loaded:
    """From the disk to the disk."""
    store = str(tmp_path_factory.mktemp("expected") / "store")
    return look(load(str(trail), store), store)


@pytest.fixture(scope="module", params=["moto", "ceph"])
def delivered(request, trail) -> tuple[S3Server, str]:
    """An S3 server and the name of its bucket with the log files."""
    if request.param == "ceph":
        server = request.getfixturevalue("ceph_s3")
    else:
        server = S3Server(request.getfixturevalue("s3_endpoint"), "testing", "testing")
    client, bucket = server.client(), f"trail-{uuid.uuid4().hex[:12]}"
    client.create_bucket(Bucket=bucket)

    def put(path: Path) -> None:
        key = path.relative_to(trail).as_posix()
        client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, (path for path in trail.rglob("*") if path.is_file())))
    return server, bucket


@pytest.fixture
def server(delivered, monkeypatch) -> tuple[S3Server, str]:
    """The same, named as S3 by the environment."""
    for name, value in delivered[0].environment.items():
        monkeypatch.setenv(name, value)
    return delivered


def load(source: str, store: str) -> LoadSummary:
    """Load everything there is."""
    return run_load([source], store, LoadOptions(window=Window(START)), NOW)


def look(summary: LoadSummary, store: str) -> Loaded:
    """What was loaded, without what depends on where it lay."""
    opened = ts.open(store)
    counts = {
        name: getattr(summary, name)
        for name in ("listed", "known", "done", "records", "kept", "filtered_out", "duplicates",
                     "rejects", "rejected_log_files", "conflicts", "complete", "bytes_inflated")
    }  # fmt: skip
    return Loaded(
        counts,
        placeless(opened.events(), PLACE_COLUMNS),
        placeless(opened.log_files(), ["bucket", "key", "etag"]),
        placeless(opened.rejects(), ["bucket", "key", "etag"]),
    )


def placeless(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """A frame in the order of its log files, whose keys start at `AWSLogs/`."""
    bucket, key, etag = columns
    cut = frame[key].str.replace(r"^.*?(?=AWSLogs/)", "", regex=True)
    left = frame.drop(columns=[bucket, etag]).assign(**{key: cut})
    return left.drop(columns=["load_id"], errors="ignore").sort_values(
        [key, *(name for name in ("record_index",) if name in left)], ignore_index=True
    )


def assert_same(found: Loaded, expected: Loaded) -> None:
    """The same accounts, and the same rows with the same values."""
    assert found.summary == expected.summary
    for left, right in zip(found[1:], expected[1:], strict=True):
        assert_frame_equal(left, right)


def test_the_trail_is_worth_comparing(expected):
    """What all others are compared with has events, copies and a reject."""
    names = ("listed", "kept", "duplicates", "rejected_log_files", "complete")
    found = {name: expected.summary[name] for name in names}
    assert found == {
        "listed": 857,
        "kept": 478,
        "duplicates": 5,
        "rejected_log_files": 1,
        "complete": False,
    }
    assert (len(expected.events), len(expected.log_files), len(expected.rejects)) == (507, 857, 1)


def test_a_bucket_gives_what_the_disk_gives(server, expected, tmp_path, trail):
    """Log files in S3 are read into the same rows as the same files in a folder."""
    _, bucket = server
    source, store = f"s3://{bucket}/AWSLogs", str(tmp_path / "store")
    assert_same(look(load(source, store), store), expected)
    found = ts.open(store).log_files()
    stored = {path.relative_to(trail).as_posix(): path for path in trail.rglob("*.gz")}
    assert set(found["bucket"]) == {bucket}
    for key, etag in zip(found["key"], found["etag"], strict=True):
        assert etag == hashlib.md5(stored[key].read_bytes()).hexdigest()  # noqa: S324  # S3's own
    again = load(source, store)
    assert (again.known, again.done, again.kept) == (expected.summary["done"], 0, 0)


def test_a_store_in_a_bucket_holds_what_one_on_the_disk_holds(server, expected, trail):
    """A store in S3 has the same rows, and a second load leaves every object as it was."""
    where, bucket = server
    store = f"s3://{bucket}/from-disk"
    assert_same(look(load(str(trail), store), store), expected)
    before = versions(where.client(), bucket)
    assert load(str(trail), store).known == expected.summary["done"]
    assert versions(where.client(), bucket) == before


def test_source_and_store_may_share_a_bucket(server, expected):
    """From S3 into the same bucket: a store beside the trail is not taken for part of it."""
    _, bucket = server
    source, store = f"s3://{bucket}", f"s3://{bucket}/from-s3"
    assert_same(look(load(source, store), store), expected)
    again = load(source, store)
    assert (again.listed, again.known) == (expected.summary["listed"], expected.summary["done"])


def versions(client: Any, bucket: str) -> dict[str, str]:
    """Every object of a bucket with its ETag and time, without the records of runs."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {
        one["Key"]: f"{one['ETag']} {one['LastModified']}"
        for page in pages
        for one in page.get("Contents", [])
        if "/_runs/" not in one["Key"]
    }
