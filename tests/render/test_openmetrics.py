"""The status of a store as OpenMetrics, read by a parser that takes nothing but the grammar."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hostile import ATTACKS
from services.command import run_command

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.openmetrics import Metric, Sample, render_openmetrics

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NAME = "111122223333_CloudTrail_us-east-1_20261101T1205Z_0000000000000001.json"
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_TEXT = r'(?:[^"\\\n]|\\\\|\\"|\\n)*'
_LABEL = rf'[a-zA-Z_][a-zA-Z0-9_]*="{_TEXT}"'
_SAMPLE = re.compile(rf"({_NAME})(?:\{{({_LABEL}(?:,{_LABEL})*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
_ABOUT = re.compile(rf"# (TYPE|UNIT|HELP) ({_NAME}) ([^\n]*)")


def parse(text: str) -> dict[str, dict[str, float]]:
    """The samples by metric and labels; refuses what the specification does not allow."""
    assert text.endswith("\n# EOF\n")
    found: dict[str, dict[str, float]] = {}
    about: dict[str, str] = {}
    for line in text.removesuffix("# EOF\n").splitlines():
        if said := _ABOUT.fullmatch(line):
            what, name, value = said.groups()
            if what == "TYPE":
                assert name not in found, "the lines of a metric stand together"
                assert value in {"gauge", "info"}
                about = {"name": name}
                found[name] = {}
            assert (about["name"], what in about) == (name, False)
            about[what] = value
            assert what != "UNIT" or name.endswith(f"_{value}")
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample, line
        name, labels, value = sample.groups()
        metric = name.removesuffix("_info") if about["TYPE"] == "info" else name
        assert metric == about["name"]
        assert about["TYPE"] != "info" or (name.endswith("_info") and value == "1")
        assert (labels or "") not in found[metric], "a sample is said once"
        found[metric][labels or ""] = float(value)
    assert all(found.values())
    return found


@pytest.fixture
def place(tmp_path):
    """A store with one log file and one that could not be read."""
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / NAME).write_text('{"Records":[]}')
    (logs / NAME.replace("T1205Z", "T1210Z")).write_text('{"Records":')
    run_load([str(logs)], str(tmp_path / "store"), LoadOptions(), NOW)
    return tmp_path / "store"


def test_a_store_says_what_it_holds_as_metrics(place, tmp_path):
    """Every documented metric with its value; sources and accounts are labels."""
    found = parse(render_openmetrics(ts.open(str(place)).status()))
    size = found.pop("trailscan_store_size_bytes")[""]
    assert size == sum(path.stat().st_size for path in place.rglob("*.parquet"))
    finished = found.pop("trailscan_last_run_finished_timestamp_seconds")[""]
    assert 0 < finished - NOW.timestamp() < 60
    of_account = 'account_id="111122223333",region="us-east-1"'
    of_source = f'source="{tmp_path}/logs",event_sources="organizations.amazonaws.com"'
    delivered = 1793534700.0  # 2026-11-01T12:05:00Z
    assert found == {
        "trailscan_build": {f'version="{ts.__version__}"': 1},
        "trailscan_complete": {"": 0},
        "trailscan_incomplete_reasons": {"": 1},
        "trailscan_commits": {"": 1},
        "trailscan_events": {"": 0},
        "trailscan_records": {"": 0},
        "trailscan_log_files": {"": 1},
        "trailscan_conflicts": {"": 0},
        "trailscan_rejected_log_files": {"": 1},
        "trailscan_rejected_records": {"": 0},
        "trailscan_accepted_rejects": {"": 0},
        "trailscan_unnamed_files": {"": 0},
        "trailscan_last_run_started_timestamp_seconds": {"": NOW.timestamp()},
        "trailscan_last_run_exit_code": {"": 4},
        "trailscan_last_run_log_files": {"": 2},
        "trailscan_last_load_timestamp_seconds": {"": NOW.timestamp()},
        "trailscan_newest_log_file_timestamp_seconds": {of_source: delivered},
        "trailscan_account_log_files": {of_account: 1},
        "trailscan_account_newest_log_file_timestamp_seconds": {of_account: delivered},
    }


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_name_stays_inside_its_label(attack):
    """A name of a source, whatever it holds, is one label of one sample."""
    metric = Metric("trailscan_x", attack, (Sample(1, {"source": attack}),))
    found = parse("\n".join([*metric.lines, "# EOF"]) + "\n")
    assert list(found) == ["trailscan_x"]
    assert list(found["trailscan_x"].values()) == [1]


def test_the_command_writes_metrics_and_ends_as_status_does(place):
    """Exit code 4: the store is incomplete; standard output holds the metrics only."""
    done = run_command("status", "--store", place, "--format", "openmetrics")
    assert done.returncode == 4
    assert parse(done.stdout.decode())["trailscan_complete"] == {"": 0}
