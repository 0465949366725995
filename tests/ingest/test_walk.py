"""How the folders of a source are found, and how many answers that waits for."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from services.memory import MemoryBucket

from trailscan.ingest.plan import DIGESTS, LOGS, Scope, Skipped
from trailscan.ingest.walk import Walker


def test_a_walker_finds_the_folders_of_log_files_and_of_digests():
    """For a load and for a validation; what is skipped is named."""
    bucket = MemoryBucket("trail")
    for kind in ("CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight"):
        for account in ("111122223333", "222233334444"):
            for region in ("us-east-1", "eu-west-1"):
                bucket.objects[f"AWSLogs/{account}/{kind}/{region}/2026/11/22/x"] = b""
    bucket.objects["AWSLogs/111122223333/Config/us-east-1/x"] = b""
    bucket.objects["copies/x"] = b""
    bucket.objects["store/_store.json"] = bucket.objects["store/events/x"] = b""
    scope = Scope(frozenset({"111122223333"}), frozenset({"us-east-1"}))
    loaded, skipped = Skipped(), Skipped()
    folders = Walker(bucket, scope).walk("", loaded)
    assert (folders.regions, folders.others, folders.unvisited) == (
        ["AWSLogs/111122223333/CloudTrail/us-east-1/"],
        ["copies/"],
        [],
    )
    assert loaded == Skipped(
        objects=1,
        others=loaded.others,
        elsewhere={"config", "digest", "insight"},
        regions_left_out={"eu-west-1"},
        accounts_left_out={"222233334444"},
    )
    assert loaded.others == {"store": 1}
    both = Walker(bucket, scope, (LOGS, DIGESTS)).walk("", skipped)
    assert sorted(both.regions) == [
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/",
        "AWSLogs/111122223333/CloudTrail/us-east-1/",
    ]
    assert skipped.elsewhere == {"config", "insight"}


@pytest.mark.parametrize(
    ("most", "unvisited"),
    [(0, [""]), (1, ["AWSLogs/1/", "AWSLogs/2/"]), (2, []), (None, [])],
)
def test_a_walker_leaves_levels_of_many_folders_unvisited(most, unvisited):
    """So that 10,000 accounts need not be known before the first log file is read."""
    bucket = MemoryBucket("trail")
    bucket.objects = {"AWSLogs/1/x": b"", "AWSLogs/2/x": b""}
    folders = Walker(bucket, Scope()).walk("", Skipped(), most=most)
    assert (folders.unvisited, folders.others) == (
        unvisited,
        [] if unvisited else ["AWSLogs/1/", "AWSLogs/2/"],
    )


FIRST = "below/AWSLogs/o-1/111122223333/CloudTrail-Digest/us-east-1/2026/11/22/x"


@pytest.mark.parametrize(
    ("key", "scope", "together"),
    [
        (FIRST, Scope(), 5),
        (FIRST, Scope(frozenset({"222233334444"})), 0),
        ("below/copies/x", Scope(), 0),
    ],
)
def test_the_folders_above_the_first_object_are_asked_for_at_once(key, scope, together):
    """Down to the trail of its account: then they take one answer's time, and no request more."""
    bucket, asked = MemoryBucket("trail"), Counter()
    for account in ("111122223333", "222233334444"):
        bucket.objects[FIRST.replace("111122223333", account)] = b""
        bucket.objects[FIRST.replace("111122223333", account).replace("-Digest", "")] = b""
    bucket.objects["below/copies/x"] = b""
    list_here, all_asked = bucket.list_here, threading.Barrier(max(1, together), timeout=20)

    def list_when_asked_for_together(folder):
        asked[folder] += 1
        if sum(asked.values()) <= together:
            all_asked.wait()
        return list_here(folder)

    without = Walker(bucket, scope, source="below/").walk("below/", Skipped())
    bucket.list_here = list_when_asked_for_together
    walker, skipped = Walker(bucket, scope, source="below/"), Skipped()
    with ThreadPoolExecutor(8) as pool:
        walker.look_ahead(key, pool)
        found = walker.walk("below/", skipped, pool.map)
    assert found == without
    assert set(asked.values()) == {1}
