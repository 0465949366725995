"""Plots of a store as a notebook shows and saves them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load

SAMPLES = Path(__file__).parent.parent / "sample_logs" / "AWSLogs"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of the sample logs."""
    place = str(tmp_path_factory.mktemp("plot") / "store")
    run_load([str(SAMPLES)], place, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    return ts.open(place)


def test_a_plot_is_well_formed_and_counts_every_change(store):
    """The tooltips of its bars add up to the changes; the legend names the outcomes."""
    root = ET.fromstring(ts.plot.activity(store)._repr_svg_())  # noqa: S314  # ours
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert sum(int(title.split(": ")[1].split()[0]) for title in titles) == len(store.changes())
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert [text for text in texts if text in {"denied", "failed", "succeeded"}] == [
        "succeeded",
        "failed",
        "denied",
    ]


def test_a_window_without_changes_says_so(store):
    """There is a picture still."""
    plot = ts.plot.activity(store, since="2001-01-01", until="2001-01-02")
    root = ET.fromstring(plot.svg)  # noqa: S314  # ours
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[-1] == "No changes"


def test_a_plot_is_saved_as_svg_or_as_a_page(store, tmp_path):
    """The suffix decides; another one is an error."""
    plot = ts.plot.activity(store)
    plot.save(tmp_path / "plot.svg")
    plot.save(str(tmp_path / "plot.html"))
    assert (tmp_path / "plot.svg").read_text() == plot.svg
    page = (tmp_path / "plot.html").read_text()
    assert page.startswith("<!doctype html>")
    assert plot.svg in page
    with pytest.raises(ValueError, match=r"plot\.png: a plot is saved as \.svg or \.html"):
        plot.save(tmp_path / "plot.png")
