"""A store needs a server that honours `If-None-Match: *`; one that does not is refused.

Row F17 of the fault model.
"""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

import trailscan as ts
from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_s3
from trailscan.buckets.conditional import WRITERS, probe_conditional_writes
from trailscan.errors import AccessError, StoreError
from trailscan.ingest.run import LoadOptions, run_load

RECORD = {
    "eventVersion": "1.11",
    "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "alice"},
    "eventTime": "2026-11-22T12:00:00Z",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "CreateOrganizationalUnit",
    "awsRegion": "us-east-1",
    "eventID": "00000000-0000-4000-8000-000000000001",
    "recipientAccountId": "111122223333",
}


@pytest.fixture
def load(tmp_path):
    """Loads one log file into a store."""
    file = tmp_path / "a.json.gz"
    file.write_bytes(gzip.compress(json.dumps({"Records": [RECORD]}).encode()))

    def run(store: str):
        return run_load([str(file)], store, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))

    return run


def test_a_server_that_honours_conditions_may_hold_a_store(cloud, load):
    """The probe leaves nothing behind, and each later load asks once more."""
    bucket = cloud.add("store")
    assert load("s3://store/here").kept == 1
    assert not [key for key in bucket.objects if "_probe/" in key]
    assert len(ts.open("s3://store/here").events()) == 1
    cloud.requests.clear()
    assert load("s3://store/here").known == 1
    writes = [
        (one.object_key, one.headers.get("if-none-match")) for one in cloud.asked("s3:PutObject")
    ]
    assert {how for _, how in writes} == {"*"}
    assert [key for key, _ in writes if "/_runs/" not in key] == ["here/_store.json"]


def test_a_server_that_ignores_conditions_holds_no_store(cloud, load):
    """It is refused before anything is written but the probe, which is removed."""
    bucket = cloud.add("store", honours_conditions=False)
    with pytest.raises(
        StoreError, match=f"of {WRITERS} writers at once, {WRITERS} created one object"
    ):
        load("s3://store/here")
    assert bucket.objects == {}


def test_a_server_that_races_is_refused_for_good(cloud, load, monkeypatch):
    """Two winners of eight are one too many, and a second try finds no marker to believe."""
    bucket = cloud.add("store")
    lost = iter([True] * 2)
    cloud.services["s3:PutObject"] = lambda request: (
        cloud.raw(200, "", ETag='"x"') if next(lost, False) else cloud.plain(request)
    )
    with pytest.raises(StoreError, match=f"of {WRITERS} writers at once, 3 created one object"):
        load("s3://store")
    assert bucket.objects == {}


def test_a_store_that_was_copied_to_such_a_server_is_not_written(cloud, load):
    """The marker is there, so nothing is made; the conditional write of it is not refused."""
    bucket = cloud.add("store")
    load("s3://store")
    before = dict(bucket.objects)
    bucket.honours_conditions = False
    with pytest.raises(StoreError, match="does not honour If-None-Match"):
        load("s3://store")
    assert {key: data for key, data in bucket.objects.items() if key in before} == before
    assert all(key.startswith("_runs/") for key in bucket.objects.keys() - before.keys())
    assert len(ts.open("s3://store").events()) == 1


def test_a_probe_that_may_not_be_removed_is_named(cloud, load):
    """Where deleting is not allowed a store can be held all the same; the probe stays."""
    bucket = cloud.add("store")
    cloud.denied["s3:DeleteObject"] = "not authorized to perform: s3:DeleteObject"
    probe = probe_conditional_writes(open_s3("s3://store", AwsOptions()))
    assert (probe.winners, list(bucket.objects)) == (1, [probe.key])
    assert "s3:DeleteObject" in str(probe.left)
    assert load("s3://store").kept == 1


def test_a_server_that_may_not_be_written_is_an_error_of_access(cloud, load):
    """The answer is about permission, not about conditions."""
    cloud.add("store")
    cloud.denied["s3:PutObject"] = "not authorized to perform: s3:PutObject"
    with pytest.raises(AccessError, match="s3:PutObject"):
        load("s3://store")
