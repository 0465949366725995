"""Plots of a store as a notebook shows and saves them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import trailscan as ts
from trailscan.errors import TrailscanError
from trailscan.ingest.run import LoadOptions, run_load

SAMPLES = Path(__file__).parent.parent / "sample_logs" / "AWSLogs"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def without_altair(monkeypatch):
    """An installation without the extra `notebook`."""
    monkeypatch.setitem(sys.modules, "altair", None)
    monkeypatch.delitem(sys.modules, "trailscan.render.charts", raising=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of the sample logs."""
    place = str(tmp_path_factory.mktemp("plot") / "store")
    run_load([str(SAMPLES)], place, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    return ts.open(place)


def test_a_plot_is_well_formed_and_counts_every_change(store, without_altair):
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


def test_a_window_without_changes_says_so(store, without_altair):
    """There is a picture still."""
    plot = ts.plot.activity(store, since="2001-01-01", until="2001-01-02")
    root = ET.fromstring(plot.svg)  # noqa: S314  # ours
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert texts[-1] == "No changes"


def test_a_plot_is_saved_as_svg_or_as_a_page(store, tmp_path, without_altair):
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


def test_without_the_extra_a_chart_says_what_to_install(store, without_altair):
    """`activity` has a picture still; the others name the extra."""
    with pytest.raises(TrailscanError, match="charts need altair") as error:
        ts.plot.hours(store)
    assert error.value.hint == "install it with `pip install 'trailscan[notebook]'`"


def values(spec, *keys):
    """The rows of a chart that have some columns."""
    found = [row for rows in spec.get("datasets", {}).values() for row in rows]
    stack = [spec]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            found += (part.get("data") or {}).get("values", [])
            stack += [value for key, value in part.items() if key not in {"data", "datasets"}]
        elif isinstance(part, list):
            stack += part
    return [row for row in found if set(keys) <= set(row)]


@pytest.mark.parametrize("name", ["activity", "who_by_what", "hours"])
def test_a_chart_counts_every_change(store, name):
    """What it draws adds up to the changes, by outcome."""
    rows = values(getattr(ts.plot, name)(store).spec, "outcome", "changes")
    expected = store.changes().outcome.value_counts().to_dict()
    drawn = {one: sum(row["changes"] for row in rows if row["outcome"] == one) for one in expected}
    assert drawn == expected


def test_life_lines_and_policies_have_what_their_reports_have(store):
    """A line for each account, a step for each step of a policy, with its access change."""
    lines = values(ts.plot.accounts(store).spec, "account", "end")
    assert len({row["account"] for row in lines}) == len(store.accounts())
    policies = store.policies().dropna(subset=["policy_id"])
    steps = {row["event_id"]: row for row in values(ts.plot.policies(store).spec, "access_change")}
    assert set(steps) == set(policies.event_id)
    more = policies[policies.access_change == "more"]
    assert {steps[event_id]["access_change"] for event_id in more.event_id} == {"more"}


def test_a_chain_of_sessions_begins_with_its_origin(store):
    """From the origin down to the call, with the records that issued the credentials."""
    chains = {row["event_id"]: row["principal_chain"] for row in store.report("changes").records()}
    event_id, chain = max(chains.items(), key=lambda pair: len(pair[1] or ()))
    rows = values(ts.plot.sessions(store, event_id).spec, "step", "label")
    shown = {row["step"]: row["event_id"] for row in rows}
    assert [shown[step] for step in sorted(shown)] == [
        *(hop["event_id"] for hop in reversed(chain)),
        event_id,
    ]


def test_a_chart_is_shown_without_a_network(store, tmp_path):
    """Jupyter gets Vega-Lite 5, which it has built in, and a picture; a page has its programs."""
    plot = ts.plot.hours(store)
    shown = plot._repr_mimebundle_()
    assert list(shown) == ["application/vnd.vegalite.v5+json", "image/png", "text/plain"]
    assert shown["image/png"][:4] == b"\x89PNG"
    for suffix in (".svg", ".png", ".html"):
        assert plot.save(tmp_path / f"chart{suffix}").stat().st_size > 1_000
    page = (tmp_path / "chart.html").read_text()
    assert "src=" not in page[page.rindex("<script>") :]
    with pytest.raises(ValueError, match=r"chart\.pdf: a chart is saved as"):
        plot.save(tmp_path / "chart.pdf")


def test_no_text_of_a_log_ends_the_script_of_a_page():
    """`</script>` in a name stays a text, and invisible characters are written out."""
    from trailscan.render import charts

    call = {"name": "</script><b>\u202e", "kind": "x", "arn": None, "event_id": "e"}
    call |= {"event_time": "t", "source": "s"}
    page = ts.plot.Plot("sessions", charts.sessions(call, [])).html
    last = page[page.rindex("<script>") :]
    assert last.count("</script>") == 1
    assert json.dumps("</script><b>\\u202e").strip('"').replace("<", "\\u003c") in last
