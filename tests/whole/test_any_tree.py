"""Law: the classes of objects add up, what is not read is named, and 0 means that all was read."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from services.trail import make_event, pack

from trailscan.ingest.run import LoadOptions, run_load

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ACCOUNT, REGION = "111122223333", "us-east-1"
LOG = f"{ACCOUNT}_CloudTrail_{REGION}_20261122T12{{:02}}Z_ABCDEFGHIJKLMNOP.json.gz"
FOLDERS = [
    "",
    "copies/",
    "a/b/c/",
    "CloudTrail-Logs/",
    "Config/",
    f"AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026/11/22/",
    f"AWSLogs/o-exampleorg1/{ACCOUNT}/CloudTrail/{REGION}/",
    f"p/AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/2026-11-22/",
]
LOGS = [LOG, "x{:02}", "y{:02}.json", "z{:02}.TXT", "w{:02}.json.gz", "v{:02}.json.cloudtrail"]
ODD = {
    "README{:02}": b"words",
    "x{:02}.zip": b"PK\x03\x04",
    "x{:02}.csv": b"eventTime,eventName\n",
    "s{:02}.txt": b'{"a": 1}',
    "z{:02}.parquet": b"PAR1",
    "bad{:02}.json.gz": b"\x1f\x8b\x08",
}
NAMED = {
    f"{ACCOUNT}_CloudTrail-Digest_{REGION}_t{{:02}}_{REGION}_20261122T120000Z.json.gz": "digest",
    f"{ACCOUNT}_Config_{REGION}_x{{:02}}.json.gz": "config",
    f"{ACCOUNT}_vpcflowlogs_{REGION}_x{{:02}}.log.gz": "vpc_flow_logs",
    "x{:02}_$folder$": "marker",
    ".p{:02}.crc": "marker",
    "k{:02}.json.metadata.json": "metadata",
}
CHOICES = st.tuples(
    st.sampled_from(FOLDERS),
    st.one_of(
        st.tuples(st.just("log"), st.sampled_from(LOGS)),
        st.tuples(st.just("odd"), st.sampled_from(list(ODD))),
        st.tuples(st.just("named"), st.sampled_from(list(NAMED))),
    ),
)
TREES = st.lists(CHOICES, max_size=12)


def tree(choices):
    """Objects by key, each with its class and bytes."""
    found = {}
    for number, (folder, (kind, name)) in enumerate(choices):
        body = {
            "log": gzip.decompress(pack([make_event(number)])),
            "odd": ODD.get(name, b""),
            "named": b"x",
        }[kind]
        data = pack([make_event(number)]) if kind == "log" and number % 2 else body
        found[folder + name.format(number)] = (kind, name, data)
    return found


def check(summary, objects):
    """What a load of the objects must say."""
    logs = [key for key, (kind, *_) in objects.items() if kind == "log"]
    odd = [key for key, (kind, *_) in objects.items() if kind == "odd"]
    named = [NAMED[name] for kind, name, _ in objects.values() if kind == "named"]
    assert summary.objects == len(objects)
    assert summary.kept == len(logs)
    assert summary.others == {kind: named.count(kind) for kind in named}
    told = {reject.where.key for reject in summary.rejected}
    assert {key for key in told if not any(key.endswith(one) for one in odd)} == set()
    assert len(told) == len(odd)
    assert summary.complete == (not odd and (bool(logs) or not named))


@settings(max_examples=25)
@given(choices=TREES)
def test_a_local_tree_is_accounted_for(choices):
    """Of random trees of known, odd and foreign files."""
    objects = tree(choices)
    with TemporaryDirectory() as folder:
        source = Path(folder, "in")
        source.mkdir()
        for key, (_, _, data) in objects.items():
            path = source / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        check(run_load([str(source)], os.fspath(Path(folder, "s")), LoadOptions(), NOW), objects)


@pytest.mark.slow
def test_a_tree_in_s3_is_accounted_for(s3, tmp_path):
    """The same, in S3 with the window of a first load."""

    @settings(max_examples=15)
    @given(choices=TREES)
    def law(choices):
        objects = tree(choices)
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="trail"):
            for one in page.get("Contents", ()):
                s3.delete_object(Bucket="trail", Key=one["Key"])
        for key, (_, _, data) in objects.items():
            s3.put_object(Bucket="trail", Key=key, Body=data)
        with TemporaryDirectory() as folder:
            check(
                run_load(["s3://trail"], os.fspath(Path(folder, "s")), LoadOptions(), NOW), objects
            )

    law()


def test_the_classes_are_in_the_summary(tmp_path):
    """`--format json` has each class, and they add up."""
    from trailscan.render.summary_json import summary_json

    (tmp_path / "in").mkdir()
    for name, data in {
        "a.json": pack([make_event(1)]),
        "n.txt": b"words",
        ".DS_Store": b"",
    }.items():
        (tmp_path / "in" / name).write_bytes(data)
    found = summary_json(run_load([str(tmp_path / "in")], str(tmp_path / "s"), LoadOptions(), NOW))
    names = ("objects", "other_objects", "unrecognised_objects")
    assert json.dumps([found[name] for name in names]) == '[3, {"marker": 1}, 1]'
