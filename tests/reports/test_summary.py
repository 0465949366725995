"""A window in ten lines."""

from __future__ import annotations

import json
from dataclasses import replace

from trailscan.render.slack import render_slack


def test_a_month_in_ten_lines(samples):
    """Always the same lines; the numbers are those of the other reports."""
    window = {"since": "2026-10-01", "until": "2026-11-01"}
    table = samples.report("summary", **window)
    rows = {row["what"]: row for row in table.records()}
    assert list(rows) == [
        "reasons why something may be missing",
        "findings",
        "gravest findings",
        "changes",
        "principals",
        "actions",
        "targets",
        "denied calls",
        "policy changes that permit more",
        "newest log file",
    ]
    findings = samples.report("findings", **window).to_frame()
    changes = samples.report("changes", **window).to_frame()
    counts = {
        "findings": len(findings),
        "gravest findings": 3,
        "changes": len(changes),
        "principals": changes.principal.nunique(),
        "actions": changes.event_name.nunique(),
        "denied calls": int((changes.outcome == "denied").sum()),
        "policy changes that permit more": int(
            ((changes.outcome == "succeeded") & changes.access_change.isin(["more", "both"])).sum()
        ),
    }
    assert {what: rows[what]["number"] for what in counts} == counts
    critical = int((findings.severity == "critical").sum())
    assert rows["findings"]["details"].startswith(f"{critical} critical, ")
    assert all(count > 0 for count in counts.values())


def test_a_quiet_window_has_the_same_lines(samples):
    """Nothing happened is ten lines too."""
    table = samples.report("summary", since="2026-10-31T23:58Z", until="2026-10-31T23:59Z")
    numbers = [row["number"] for row in table.records()]
    assert len(numbers) == 10
    assert numbers[1:9] == [0] * 8


def test_slack_gets_a_header_a_line_a_row_and_the_notes(samples):
    """One section holds the ten lines."""
    built = samples.report("summary", since="2026-10-01", until="2026-11-01")
    message = json.loads(render_slack(built))
    assert message["text"] == "What happened, in ten lines"
    header, section, context = message["blocks"]
    assert header["text"] == {"type": "plain_text", "text": message["text"], "emoji": False}
    lines = section["text"]["text"].split("\n")
    assert len(lines) == 10
    assert lines[1].startswith("findings · ")
    assert context["elements"][0]["text"].endswith(built.notes[-1])
    long = replace(built, notes=tuple(f"{n} {'x' * 300}" for n in range(20)))
    (element,) = json.loads(render_slack(long))["blocks"][-1]["elements"]
    assert element["text"].endswith("\n…")
    assert len(element["text"]) <= 3000
