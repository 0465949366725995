"""Summaries of loads, validations and stores in words and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.summary import LoadSummary
from trailscan.ingest.validation.run import ValidateOptions, run_validate
from trailscan.ingest.validation.summary import ValidationSummary
from trailscan.location import Location, RejectLine
from trailscan.render.json import render_object
from trailscan.render.summary_json import summary_json
from trailscan.render.summary_text import reject_text, summary_text
from trailscan.window import Window

NOW = datetime(2026, 11, 23, tzinfo=UTC)
HOSTILE = "a\x1b]0;x\x07\u202e\nread 1 = kept 1\r"
SHOWN = r"a\x1b]0;x\x07\u202e\nread 1 = kept 1\r"


@pytest.fixture
def folder(tmp_path):
    """A folder and a file with names that a terminal would obey."""
    folder = tmp_path / f"evil {HOSTILE}"
    folder.mkdir()
    (folder / f"{HOSTILE}.json.gz").write_bytes(b"\x1f\x8b no")
    return folder


def is_harmless(text: str) -> bool:
    """Whether a terminal obeys nothing in a text but its line ends."""
    return not {"\x1b", "\x07", "\r", "\u202e"} & set(text)


def test_hostile_names_of_a_load_are_made_visible(folder, tmp_path):
    """The Python API gives the text that the command prints: a name is on one line, harmless."""
    summary = run_load([str(folder)], str(tmp_path / "store"), LoadOptions(), NOW)
    text = ts.summary_text(summary)
    assert is_harmless(text)
    (reject,) = [line for line in text.split("\n") if line.startswith("reject: ")]
    assert reject.endswith(f"/evil {SHOWN}/{SHOWN}.json.gz)")
    assert [line[:5] for line in text.split("\n") if line.startswith("read ")] == ["read "]
    told = render_object(summary_json(summary))
    assert is_harmless(told)
    assert json.loads(told)["sources"] == [str(folder)]


def test_hostile_names_of_a_store_are_made_visible(folder, tmp_path):
    """Its status names where it lies, what was asked for, and the newest rejects."""
    place = str(tmp_path / f"store {HOSTILE}")
    run_load([str(folder)], place, LoadOptions(), NOW)
    text = summary_text(ts.open(place).status())
    assert is_harmless(text)
    assert text.startswith(f"store: {tmp_path}/store {SHOWN} (format 1): 0 events; 0 log files")
    assert text.count("\n") == len([line for line in text.split("\n") if line]) - 1


def test_hostile_names_of_a_validation_are_made_visible(folder):
    """A log file that no digest attests is named with its key."""
    summary = run_validate(str(folder), None, ValidateOptions(ask_aws=False), NOW)
    text = summary_text(summary)
    assert is_harmless(text)
    assert f"/evil {SHOWN} (a copy of a bucket), delivered all times; " in text


def test_a_load_in_words_counts_and_cuts_lists():
    """Ten rejects and failures are shown, the others counted; numbers agree with their nouns."""
    summary = LoadSummary("s", ("x",), Window(), "all", ("1",), ("r",))
    summary.rejected = [RejectLine(Location("b", f"k{n}"), "why", "bad") for n in range(11)]
    summary.failures = [f"s3://b/{n}" for n in range(12)]
    summary.others = {"other": 1}
    summary.accounts_left_out, summary.outside_scope, summary.outside_window = 1, 2, 1
    summary.conflicts, summary.interrupted, summary.unread = 1, True, 3
    summary.bytes_stored, summary.bytes_inflated = 1, 1_500_000
    lines = summary_text(summary).split("\n")
    assert lines[:2] == [
        (
            "scope: all; accounts: 1; regions: r; delivered: all times; "
            "left unread: 1 account; 2 log files; 1 log file outside the window"
        ),
        "1 object is not a log file: 1 other",
    ]
    assert lines[12] == "… and 2 more that could not be listed"
    assert lines[13] == "reject: bad (at s3://b/k0)"
    assert lines[23:] == [
        "… and 1 more reject",
        "conflicts: 1 event repeats the id of another event with different content",
        "interrupted; run the same command to resume",
        (
            "log files listed 0 = done 0 + known 0 + rejected 0 + unread 3; 1 byte stored, "
            "1.5 MB uncompressed, 0.0 s"
        ),
        "read 0 = kept 0 + filtered out 0 + duplicates 0 + rejects 0",
    ]


def test_a_validation_without_digests_says_that_nothing_is_proved():
    """No digest is never a proof."""
    summary = ValidationSummary("folder", None, Window())
    assert summary_text(summary).split("\n") == [
        "folder (the bucket itself), delivered all times; accounts x regions 0; 0.0 s",
        "digests 0",
        "log files 0",
        "public keys: none used",
        "incomplete: there are no digests, so nothing is proved",
    ]


@pytest.mark.parametrize(
    ("json_path", "shown"),
    [
        ("$", "it is bad (at s3://logs/k#3)"),
        ("$.eventTime", "it is bad (at s3://logs/k#3 $.eventTime)"),
    ],
)
def test_a_reject_is_shown_with_its_location(json_path, shown):
    """What is wrong, and where, down to the member of the record."""
    assert reject_text(RejectLine(Location("logs", "k", 3), "bad", "it is bad", json_path)) == shown
