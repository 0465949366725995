"""The log files that a load read, as tracing gets them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.buckets import LocalBucket, ObjectInfo
from trailscan.ingest import issuing
from trailscan.ingest.issuing import IssuingLogFiles, LogFilePlace
from trailscan.ingest.plan import PlannedFile
from trailscan.ingest.scan import new_result
from trailscan.trail.keys import parse_key

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

FOLDER = "AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/2026/11/22/"
NAME = "111122223333_CloudTrail_us-east-1_20261122T1405Z_0123456789abcdef.json.gz"


def test_log_files_without_their_bytes_come_back_as_they_were_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the name, of S3 or of a local disk, inside a folder that looks like another's."""
    monkeypatch.setattr(issuing, "HELD_BYTES", 9)
    buckets = LocalBucket(tmp_path), LocalBucket(tmp_path / "other")
    inside = "my/AWSLogs/111122223333/Config/us-east-1/2026/11/22/"
    planned = [
        PlannedFile(buckets[0], ObjectInfo(FOLDER + NAME, 25_858, "e" * 32), parse_key(NAME)),
        PlannedFile(
            buckets[0], ObjectInfo(FOLDER + NAME, 25_858, "e" * 32), parse_key(FOLDER + NAME)
        ),
        PlannedFile(buckets[1], ObjectInfo("notes.txt", -1, "", outside="/a"), parse_key("x.gz")),
        PlannedFile(buckets[1], ObjectInfo(inside + NAME, 7, "7"), parse_key(inside + NAME, 40)),
        PlannedFile(buckets[1], ObjectInfo("caf\udce9.json", 7, "7"), parse_key("caf.json")),
    ]
    read = IssuingLogFiles()
    for number, one in enumerate(planned):
        read.add(new_result(one), one, b"0123456789", [b"ASIA%d" % number])
    read.add(new_result(planned[0]), planned[0], b"held", [b"ASIA9"])

    numbers = [*range(len(planned)), 9]
    found = [read.find([f"ASIA{number}"]) for number in numbers]

    expected = [LogFilePlace(new_result(one), one) for one in planned]
    held = LogFilePlace(new_result(planned[0]), planned[0], b"held")
    assert found == [[place] for place in [*expected, held]]
    assert read.sample() == [held]
