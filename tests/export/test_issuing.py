"""The records that issued the credentials of a night's changes are in its package."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sessions.organization_trail import MANAGEMENT, START, Trail

import trailscan as ts
from trailscan.export.package import build_package
from trailscan.ingest.run import LoadOptions, run_load


def test_a_package_has_the_issuing_records_of_its_chains(tmp_path):
    """Also one of the day before; each line names the changes that it is there for."""
    trail = Trail(1)
    opened = START - timedelta(hours=8, minutes=10)
    who = trail.assume(trail.user(MANAGEMENT), "deploy", MANAGEMENT, opened)
    trail.assume(trail.user(MANAGEMENT), "other", MANAGEMENT, opened)  # of no change
    trail.call(who, START)
    trail.write(tmp_path / "logs")
    now = datetime(2026, 11, 20, tzinfo=UTC)
    run_load([str(tmp_path / "logs")], str(tmp_path / "store"), LoadOptions(), now)
    package = build_package(ts.open(str(tmp_path / "store")).reader, START.date())
    (line,) = map(json.loads, package.files["issuing_records.jsonl"].splitlines())
    issuing, call = trail.records[0][-1], trail.records[-1][-1]
    assert line["record"]["eventID"] == issuing["eventID"]
    assert line["record"]["eventTime"] == f"{opened:%Y-%m-%dT%H:%M:%SZ}"
    assert line["issued_for"] == [call["eventID"]]
    assert [*line][-2:] == ["issued_for", "record"]
    assert package.statement["counts"]["issuing_records"] == 1
    assert b"IQoJb3JpZ2lu" not in package.files["issuing_records.jsonl"]
    assert b"issuing_records.jsonl" in package.files["manifest-sha256.txt"]
    (recorded,) = map(json.loads, package.files["records.jsonl"].splitlines())
    assert recorded["record"]["eventID"] == call["eventID"]
