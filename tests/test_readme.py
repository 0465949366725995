"""The README is true: its commands exist and its report is what trailscan prints."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_readme_shows_what_the_report_prints(tmp_path, monkeypatch):
    """The picture of a report is the report of the sample logs."""
    from datetime import UTC, datetime

    from trailscan.aws.session import AwsOptions
    from trailscan.buckets import open_bucket
    from trailscan.load.loading import LoadOptions, run_load
    from trailscan.render.terminal import render_terminal
    from trailscan.reports.changes import ChangeFilter, changes_report
    from trailscan.store.reader import StoreReader
    from trailscan.window import Window

    monkeypatch.chdir(tmp_path)
    place = "trailscan-store"
    now = datetime(2026, 11, 23, tzinfo=UTC)
    run_load([str(ROOT / "sample_logs" / "AWSLogs")], place, LoadOptions(), now)
    wanted = ChangeFilter(window=Window(datetime(2026, 10, 1, tzinfo=UTC)), category=("policy",))
    table = changes_report(StoreReader(open_bucket(place, AwsOptions()), place), wanted)
    printed = render_terminal(table, width=120, color=False).strip("\n")
    shown = re.search(r"\$ trailscan report changes .*?\n(.*?)\n```", README, re.DOTALL)
    assert shown
    assert shown[1].strip("\n") == printed


README = (ROOT / "README.md").read_text()


def test_every_module_keeps_to_400_lines():
    """A module that grows beyond that is divided."""
    long = [
        path.name
        for path in (ROOT / "trailscan").rglob("*.py")
        if len(path.read_text().splitlines()) > 400
    ]
    assert long == []
