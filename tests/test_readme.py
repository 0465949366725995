"""The README is true: its commands exist and its picture is what trailscan prints."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET

import picture
import pytest
from services.command import run_command
from services.terminal import on_terminal

ROOT = Path(__file__).parent.parent


def test_the_picture_shows_what_the_report_prints():
    """The picture of a report is what the command in it prints about the sample logs."""
    shown = [bare(line) for line in lines_of(picture.PICTURE.read_text(encoding="utf-8"))]
    printed = [f"$ {picture.COMMAND}", *picture.report(color=False).splitlines()]
    assert [line for line in shown if line] == [bare(line) for line in printed if bare(line)]


def test_the_picture_fetches_nothing():
    """Who looks at the picture asks no other server for fonts."""
    text = picture.PICTURE.read_text(encoding="utf-8")
    assert not re.search(r"url\((?!#)|@import|href|<script|<image", text)


@pytest.mark.slow
def test_the_command_in_the_picture_is_one(tmp_path):
    """The command prints, typed as it is shown, what the picture shows."""
    store = str(tmp_path / "store")
    sample_logs = str(ROOT / "sample_logs" / "AWSLogs")
    assert run_command("load", sample_logs, "--store", store).returncode == 0
    words = picture.COMMAND.split()[1:]
    seen = on_terminal(*words, columns=120, NO_COLOR="1", TRAILSCAN_STORE=store)
    printed = seen.text.replace(store, "trailscan-store").strip("\n")
    assert (seen.code, printed) == (0, picture.report(color=False))


def lines_of(svg: str) -> list[str]:
    """The text of a picture, line by line."""
    lines: defaultdict[int, str] = defaultdict(str)
    drawn = ET.fromstring(svg)  # noqa: S314  # ours
    for text in drawn.iter("{http://www.w3.org/2000/svg}text"):
        if found := re.search(r"line-(\d+)\)", text.get("clip-path", "")):
            lines[int(found[1])] += text.text or ""
    return [lines[number] for number in sorted(lines)]


def bare(text: str) -> str:
    """Text without its spaces."""
    return "".join(text.split())


def test_every_module_keeps_to_400_lines():
    """A module that grows beyond that is divided."""
    long = [
        path.name
        for path in (ROOT / "trailscan").rglob("*.py")
        if len(path.read_text().splitlines()) > 400
    ]
    assert long == []
