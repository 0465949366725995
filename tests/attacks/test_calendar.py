"""Names and contents may give any time of the calendar: none ends a command."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from services.command import run_command
from signed import (
    ACCOUNTS,
    FIRST,
    HOUR,
    ORGANIZATION,
    SIGNING,
    body_of,
    load,
    log_file_key,
    validate,
)

from trailscan.ingest.plan import split_window
from trailscan.window import Window, shifted

if TYPE_CHECKING:
    from pathlib import Path

EDGES = ("00010101T000000Z", "99991231T235959Z")
WINDOWS = (
    {},
    {"window": Window(datetime(1, 1, 1, tzinfo=UTC))},
    {"window": Window(None, datetime.max.replace(tzinfo=UTC))},
    {"window": Window(datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC))},
)


def put_log_file(archive: Path, time: str) -> Path:
    """An empty log file whose name gives a time."""
    account = ACCOUNTS[1]
    day = f"{time[:4]}/{time[4:6]}/{time[6:8]}"
    folder = archive / f"{ORGANIZATION}/{account}/CloudTrail/us-east-1/{day}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{account}_CloudTrail_us-east-1_{time[:13]}Z_{'7':0>16}.json.gz"
    path.write_bytes(b"")
    return path


def put_digest(
    archive: Path, time: str, start: str, end: str, account: str = "999999999999"
) -> Path:
    """An unsigned digest whose name and content give times."""
    folder = archive / f"AWSLogs/{account}/CloudTrail-Digest/us-east-1"
    folder = folder / f"{time[:4]}/{time[4:6]}/{time[6:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{account}_CloudTrail-Digest_us-east-1_t_us-east-1_{time}.json.gz".replace(
        "_t_", "_ttt_"
    )
    previous = "AWSLogs/999999999999/CloudTrail-Digest/us-east-1/2026/11/25/nothing.json.gz"
    fields = {
        "awsAccountId": account,
        "digestStartTime": start,
        "digestEndTime": end,
        "digestS3Bucket": "trail-bucket",
        "digestS3Object": str((folder / name).relative_to(archive)),
        "digestPublicKeyFingerprint": "f" * 32,
        "previousDigestSignature": "00",
        "previousDigestS3Bucket": "trail-bucket",
        "previousDigestS3Object": previous,
        "previousDigestHashValue": "0" * 64,
        "previousDigestHashAlgorithm": "SHA-256",
        "logFiles": [],
    }
    (folder / name).write_bytes(gzip.compress(json.dumps(fields).encode()))
    return folder / name


@pytest.mark.parametrize("options", WINDOWS, ids=lambda options: str(options.get("window")))
@pytest.mark.parametrize("time", EDGES)
def test_no_name_of_a_log_file_ends_a_load(archive, tmp_path, time, options):
    """A log file named for the first or last minute of the calendar costs nobody else anything."""
    put_log_file(archive, time)
    store = tmp_path / "S"
    summary = load(archive, store, **options)
    if not options:
        assert (summary.kept, len(summary.rejected), summary.complete) == (10, 1, False)
    for words in ("status", "report changes", "report coverage", "report findings"):
        assert run_command(*words.split(), "--store", store).returncode in (0, 4), words


@pytest.mark.parametrize("time", [*EDGES, "20990101T000000Z", "20130101T000000Z"])
def test_an_impossible_name_makes_no_gap(archive, tmp_path, time):
    """A log file named for the future, or before CloudTrail, is shown and no day lacks anything."""
    put_log_file(archive, time).write_bytes(gzip.compress(b'{"Records":[]}'))
    store = tmp_path / "S"
    assert load(archive, store).complete
    window = ("--since", "2026-11-25", "--until", "2026-11-25T11:00:00Z")
    done = run_command("report", "changes", "--store", store, *window)
    assert done.returncode == 0, done.stdout
    done = run_command("report", "coverage", "--store", store, "--format", "json")
    rows = json.loads(done.stdout)["rows"]
    assert {row["status"] for row in rows} == {"read"}
    assert f"{time[:4]}-{time[4:6]}-{time[6:8]}" in {row["first_day"] for row in rows}


@pytest.mark.parametrize("options", WINDOWS, ids=lambda options: str(options.get("window")))
@pytest.mark.parametrize("time", EDGES)
def test_no_time_in_a_digest_ends_a_validation(archive, time, options):
    """Digests of the first and last second hide nothing: what was changed is found beside them."""
    changed = archive / log_file_key(ACCOUNTS[1], 3)
    changed.write_bytes(SIGNING.packed(body_of(ACCOUNTS[1], 3, "charlie")))
    first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
    planted = put_digest(archive, time, first, last)
    put_digest(archive, "20261125T010404Z", last, first)
    put_digest(archive, time, last, first, ACCOUNTS[0])
    put_log_file(archive, time)
    found = validate(archive, **options)
    keys = {(one.verdict, one.key) for one in found.findings}
    if not options:
        assert found.outcome == "tampered"
        assert ("modified", str(changed).removeprefix("/")) in keys
        assert ("unknown_key", str(planted).removeprefix("/")) in keys


@pytest.mark.parametrize("time", EDGES)
def test_a_signed_chain_at_the_end_of_the_calendar_is_judged(archive, time):
    """Arithmetic on the pace of a chain stays inside the calendar."""
    account = "333344445555"
    when = datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    trail = SIGNING.Trail("trail-bucket", "audit", folder=f"{ORGANIZATION}/")
    spans = [(when, when), (FIRST, FIRST + HOUR), (FIRST + 5 * HOUR, FIRST + 6 * HOUR)]
    for one in trail.chain(account, "us-east-1", spans, {}):
        path = archive / one.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one.stored)
        path.with_name(f"{path.name}.metadata.json").write_bytes(one.sidecar)
    assert validate(archive).units == 3


def test_windows_are_cut_at_any_time_of_the_calendar():
    """Ranges of days begin and end inside the calendar."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for window in (Window(first), Window(None, last), Window(first, last), Window(last, last)):
        for held in ({}, {date.min: 9_000_000, date.max: 9_000_000}):
            assert split_window(window, held, date(2026, 11, 25))


def test_a_moved_time_stays_inside_the_calendar():
    """Instants and days move to the edge of the calendar at most."""
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert shifted(first, -HOUR) == first
    assert shifted(last, HOUR) == last
    assert shifted(date.min, -timedelta(days=1)) == date.min
    assert shifted(date.max, timedelta(days=1)) == date.max
    assert shifted(date(2026, 11, 25), timedelta(days=1)) == date(2026, 11, 26)


def test_the_last_day_of_the_calendar_is_exported(archive, tmp_path):
    """A package of 9999-12-31 or 0001-01-01 is incomplete, not a traceback."""
    store = tmp_path / "S"
    load(archive, store)
    for day in ("9999-12-31", "0001-01-01"):
        done = run_command("export", "--for", day, "--store", store, "--to", tmp_path / day)
        assert (done.returncode, b"Traceback" in done.stderr) == (4, False)
