"""A dry run: what a load would read and what its requests cost, without reading."""

from __future__ import annotations

import pytest
from services.trail import log_file_key, make_event, pack
from typer.testing import CliRunner

from trailscan.aws import s3 as access
from trailscan.buckets import s3 as bucket
from trailscan.cli.app import app


@pytest.fixture(autouse=True)
def _patience(s3, monkeypatch):
    """No request is repeated because a machine is busy: requests are counted here."""
    monkeypatch.setattr(access, "_READ_TIMEOUT", 60)
    monkeypatch.setitem(bucket._CLIENT, "read_timeout", "60s")


def test_a_dry_run_counts_and_prices_and_reads_nothing(s3, deliver, load, tmp_path):
    """Log files, bytes and requests are those of the load that follows; no store is made."""
    for number in range(1200):
        deliver(number)
    size = sum(len(s3.read("trail", key)) for key in s3.keys("trail"))
    ended = load("s3://trail", "--dry-run")
    assert (ended.code, s3.counted("GET"), s3.counted("PUT")) == (0, 0, 0)
    assert not (tmp_path / "store").exists()
    listed = s3.counted("LIST")
    assert ended.summary["dry_run"] == {
        "log_files": 1200,
        "bytes": size,
        "trace_bytes": size // 10,
        "list_requests": listed,
        "get_requests": 1200,
        "dollars": pytest.approx(listed * 0.005 / 1000 + 1320 * 0.0004 / 1000, abs=1e-6),
        "assumed": "S3 Standard at the prices of us-east-1; data transfer and KMS not included",
    }
    s3.heal()
    load()
    assert (s3.counted("GET"), s3.counted("LIST")) == (1200, listed)


def test_a_dry_run_knows_what_the_store_holds(s3, deliver, load):
    """What was loaded is not counted again."""
    deliver(1)
    load()
    deliver(2)
    ended = load("s3://trail", "--dry-run")
    assert (ended.summary["log_files"]["known"], ended.summary["dry_run"]["log_files"]) == (1, 1)
    assert load().summary["log_files"]["done"] == 1


def test_a_dry_run_in_words(s3, deliver, tmp_path):
    """The last line says what would be read, and for how much."""
    deliver(1)
    size = len(s3.read("trail", log_file_key(1)))
    words = ["load", "s3://trail", "--store", str(tmp_path / "s"), "--since", "2026-11-01"]
    done = CliRunner().invoke(app, [*words, "--dry-run"], catch_exceptions=False)
    assumed = "S3 Standard at the prices of us-east-1; data transfer and KMS not included"
    assert done.stdout.splitlines()[-2:] == [
        "log files listed 1 = known 0 + new 1",
        f"dry run: a load would read 1 log file, {size} bytes, and up to 32.8 kB to trace sessions, with 9 LIST and 1 GET request for less than $0.01 ({assumed})",
    ]


def test_a_dry_run_of_a_folder_costs_nothing(tmp_path, load):
    """On the local disk there are no requests to pay."""
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "one.json.gz").write_bytes(pack([make_event(1)]))
    ended = load(str(folder), "--dry-run")
    assert (ended.summary["dry_run"]["log_files"], ended.summary["dry_run"]["dollars"]) == (1, 0)
