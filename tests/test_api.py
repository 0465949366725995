"""What `import trailscan` gives."""

from __future__ import annotations

import inspect
import shutil
import subprocess
import sys
from datetime import date, datetime
from html import escape
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest

import trailscan as ts
from trailscan import frames
from trailscan.asked import Filters, ReportName
from trailscan.errors import NotFoundError
from trailscan.events.schema import EVENTS
from trailscan.render.notebook import laid_out, near_changes
from trailscan.reports.catalogue import REPORTS

SAMPLES = Path(__file__).parent.parent / "sample_logs" / "AWSLogs"


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    """A store of the sample logs."""
    place = tmp_path_factory.mktemp("api") / "store"
    ts.load(SAMPLES, place)
    return ts.open(place)


CALLS = """
import sys
import trailscan as ts
source, store = sys.argv[1:]
first = ts.load(source, store)
kept = first.kept + first.tracing.kept
print(kept == len(ts.open(store).events()), ts.load(source, store).kept)
from trailscan.ingest import run as loading
print(ts.load is ts.load, loading.__name__, ts.load.__module__)
"""


def test_load_stays_a_function(tmp_path):
    """The package of the same name, once it is imported, does not take its place."""
    sources = str(Path(__file__).parent.parent / "sample_logs" / "AWSLogs")
    words = [sys.executable, "-W", "error", "-c", CALLS, sources, str(tmp_path / "store")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout.splitlines()) == (
        "",
        ["True 0", "True trailscan.ingest.run trailscan.api"],
    )


def test_every_public_name_is_there():
    """Names are imported when they are first used."""
    assert all(getattr(ts, name) is not None for name in ts.__all__)
    assert set(ts.__all__) <= set(dir(ts))


def test_what_a_notebook_prints_is_one_short_line(tmp_path):
    """Neither all rows of a report nor all commits of a store."""
    sources = str(Path(__file__).parent.parent / "sample_logs" / "AWSLogs" / "111122223333")
    ts.load(sources, str(tmp_path))
    store = ts.open(str(tmp_path))
    assert [repr(one) for one in (store, store.status(), store.report("changes"))] == [
        f"<trailscan store {tmp_path}: 12 events from 1 log file>",
        f"<trailscan status of {tmp_path}: 12 events in 1 log file, complete>",
        "<trailscan table changes: 10 rows; 10 changes; all times>",
    ]
    row = store.report("changes").records()[0]
    assert repr(store.show(row["event_id"])).startswith(
        f"<trailscan event {row['event_id']}: 1 record; "
    )


def test_sql_names_every_view():
    """The docstring lists what the query can use."""
    from trailscan.reports.catalogue import VIEWS

    assert ", ".join(VIEWS) in ts.Store.sql.__doc__


def test_every_report_and_filter_has_its_type():
    """Completion and mypy know the reports and filters of the command line, and no others."""
    assert get_args(ReportName) == tuple(REPORTS)
    known = {name for report in REPORTS.values() for name in report.filters}
    assert set(Filters.__annotations__) == known - {"since", "until"}
    assert all(callable(getattr(ts.Store, name)) for name in REPORTS)


def test_a_frame_compares_severities_in_their_order(samples):
    """`>=` has the critical rows too, and sorting puts them last."""
    changes = samples.changes()
    counts = changes.severity.value_counts()
    assert (changes.severity >= "high").sum() == counts["high"] + counts["critical"] > 0
    assert list(changes.severity.cat.categories) == ["info", "low", "medium", "high", "critical"]


def test_a_missing_value_is_no_float(samples):
    """Texts, flags and numbers have `pd.NA` where there is none, categories and times theirs."""
    for name in REPORTS:
        frame = samples.report(name).to_frame()
        kinds = {str(kind).partition("[")[0] for kind in frame.dtypes}
        assert kinds <= {
            "string",
            "boolean",
            "Int64",
            "Float64",
            "category",
            "datetime64",
            "object",
        }
        for column in frame.select_dtypes("string"):
            assert all(value is pd.NA or isinstance(value, str) for value in frame[column])


def test_categories_survive_parquet(samples, tmp_path):
    """A file read by pandas has categories, whoever wrote it."""
    samples.report("changes").save(tmp_path / "changes.parquet")
    frame = pd.read_parquet(tmp_path / "changes.parquet")
    assert [str(frame[name].dtype) for name in ("severity", "outcome", "event_name")] == (
        ["category"] * 3
    )


def test_every_category_is_a_column():
    """A name that no report and no event has would say nothing."""
    from importlib import import_module

    names = {
        one.name for report in REPORTS.values() for one in import_module(report.module).COLUMNS
    }
    assert names | set(EVENTS.names) | {"verdict", "status", "kind"} >= frames.CATEGORIES


def test_events_are_chosen_before_they_are_read(samples):
    """Columns in the order asked for, and rows by name, source, account and window."""
    every = samples.events()
    chosen = samples.events(
        columns=["event_name", "event_time"], event_name=["MoveAccount", "DetachPolicy"]
    )
    wanted = every[every.event_name.isin(["MoveAccount", "DetachPolicy"])]
    assert list(chosen.columns) == ["event_name", "event_time"]
    assert list(chosen.event_time) == list(wanted.event_time)
    day = wanted.event_time.iloc[0].date()
    of_day = samples.events(since=day, until=f"{day}T23:59:59Z", columns=["event_id"])
    assert len(of_day) == (every.event_time.dt.date == day).sum() > 0
    with pytest.raises(ValueError, match="no column nothing"):
        samples.events(columns=["nothing"])


def test_completion_and_help_name_the_filters():
    """The signature of each method of a report has them by name, as IPython completes them."""
    named = {
        name: set(inspect.signature(getattr(ts.Store, name)).parameters)
        for name in ("changes", "summary", "report")
    }
    assert named["changes"] == {"self", *REPORTS["changes"].filters}
    assert named["report"] == {"self", "name", "since", "until", *Filters.__annotations__}
    assert "severity" not in named["summary"]
    assert (dir(ts), dir(ts.plot)) == (sorted(ts.__all__), sorted(ts.plot.__all__))


def test_what_cannot_be_meant_is_refused_with_what_to_do(samples):
    """Each error says what was given and what can be."""
    naive = datetime(2026, 10, 17)  # noqa: DTZ001  # what is refused
    said = []
    for wrong in (
        lambda: samples.changes(account=111122223333),
        lambda: samples.changes(since=naive),
        lambda: samples.changes(since=7),
        lambda: ts.open(samples.place, names="names.json"),
        lambda: ts.open(samples.place, regoin="eu-west-1"),
        lambda: ts.load(SAMPLES, samples, sicne="7d", progress=False),
        lambda: samples.show("1"),
    ):
        with pytest.raises((TypeError, ValueError, ts.TrailscanError)) as raised:
            wrong()
        said.append(f"{raised.value} {getattr(raised.value, 'hint', '')}".strip())
    assert said[0] == "account is a text or several, not 111122223333: write '111122223333'"
    assert said[1] == (
        "2026-10-17T00:00:00 has no time zone: give it one, as `.replace(tzinfo=UTC)` does"
    )
    assert said[2].startswith("7 is no instant: give a date, a month, today, ")
    assert said[3].startswith("names are a mapping, a series or a frame, not 'names.json'")
    assert said[4] == "no option regoin; did you mean 'region'?"
    assert said[5].startswith("no option sicne; there are: window, accounts, ")
    assert said[6].endswith("… give more of its characters")


def test_a_date_begins_at_midnight_in_the_zone(samples):
    """`since=date(...)` means what the text of the date means."""
    day = date(2026, 3, 1)
    assert samples.changes(since=day).equals(samples.changes(since="2026-03-01"))


def test_paths_and_frames_are_taken(samples):
    """A `Path` is a place, and names come from a mapping, a series or a frame."""
    names = {"111122223333": "Payments"}
    series = pd.Series(names)
    frame = pd.DataFrame({"id": list(names), "name": list(names.values())})
    stores = [ts.open(Path(samples.place), names=one) for one in (names, series, frame)]
    assert [store.reader.names for store in stores] == [names] * 3
    chosen = samples.events(columns="event_name", event_name=pd.Series(["MoveAccount"]))
    assert (list(chosen), set(chosen.event_name)) == (["event_name"], {"MoveAccount"})
    with pytest.raises(ValueError, match="two columns"):
        ts.open(samples.place, names=pd.DataFrame({"id": ["1"]}))


def test_a_policy_has_its_versions(samples):
    """By id or name; the diff says which lines, which statements, and what it permits."""
    updated = samples.policies(action="UpdatePolicy", outcome="succeeded")
    row = updated[updated.access_change == "more"].iloc[0]
    policy = samples.policy(row.policy_id)
    assert samples.policy(policy.name).policy_id == row.policy_id
    assert [one.number for one in policy.versions] == list(range(1, len(policy.versions) + 1))
    diff = policy.diff(until=row.event_time.to_pydatetime())
    after = diff.comparison.after
    assert (after.event_id, diff.access.kind) == (row.event_id, "more")
    lines = str(diff).split("\n")
    assert any(line.startswith(("+ ", "- ")) for line in lines)
    assert [line[2:] for line in lines if line[0] != "-"] == laid_out(after.text).split("\n")
    assert diff._repr_html_().count('class="added"') == str(diff).count("\n+ ")
    around = [("same", "  a")] * 12 + [("added", "+ b")] + [("same", "  c")] * 9
    assert near_changes(around) == [
        ("same", "  … 4 lines in both"), *around[4:21], ("same", "  … 1 line in both"),
    ]  # fmt: skip
    assert near_changes(around[:12]) == around[:12]
    assert policy.text(policy.versions[0].since) == policy.versions[0].text
    day = row.event_time.date()
    assert policy.text(day) == policy.text(f"{day}") == policy.diff(day).comparison.before.text
    with pytest.raises(NotFoundError, match="no policy 'p-none'"):
        samples.policy("p-none")


def test_a_report_shows_the_records_behind_its_rows(samples):
    """Each row has its log file and record, and the report says how much it does not show."""
    report = samples.report("changes")
    shown = report._repr_html_()
    first = report.records()[0]
    assert first["event_id"] in shown
    assert first["log_file"] in shown
    assert f"{len(report.rows) - 100:,} more rows: to_frame() has all" in shown


def test_polars_has_the_same_rows(samples):
    """Row for row what pandas has."""
    report = samples.report("changes")
    assert report.to_polars()["event_id"].to_list() == list(report.to_frame()["event_id"])


def test_the_record_behind_a_row(samples):
    """As CloudTrail wrote it."""
    event_id = samples.changes().event_id.iloc[0]
    assert samples.record(event_id)["eventID"] == event_id


def test_the_demo_is_a_store_that_is_made_once(tmp_path, monkeypatch):
    """In the cache directory of the user, or a temporary folder where that cannot be written."""
    monkeypatch.setenv("TRAILSCAN_CACHE", str(tmp_path / "cache"))
    first = ts.demo()
    assert ts.demo().place == first.place
    assert [path.name for path in (tmp_path / "cache").glob("demo-*")] == [Path(first.place).name]
    assert len(first.changes()) > 100


def test_a_demo_store_that_others_may_write_to_is_not_read(tmp_path, monkeypatch):
    """Another one is made, and what stands in the cache stays as it is."""
    monkeypatch.setenv("TRAILSCAN_CACHE", str(tmp_path / "cache"))
    place = Path(ts.demo().place)
    place.chmod(0o777)
    (place / "events").rename(place / "theirs")
    other = ts.demo()
    assert other.place != str(place)
    assert len(other.changes()) > 100
    assert (place / "theirs").is_dir()


def test_each_answer_is_html_with_every_text_escaped(samples):
    """A store, its status, an event and a policy's event show what they are."""
    assert samples._repr_html_() == samples.status()._repr_html_()
    assert "complete: everything that was asked for was read" in samples._repr_html_()
    chains = {r["event_id"]: r["principal_chain"] for r in samples.report("changes").records()}
    event_id = max(chains, key=lambda one: len(chains[one] or ()))
    shown = samples.show(event_id)._repr_html_()
    for text in ("<h5>Before and after</h5>", "<h5>Sessions</h5>", "opened by", "<h5>Record</h5>"):
        assert text in shown
    assert 'class="added"' in shown


def test_summaries_are_short_and_have_html(tmp_path):
    """One line as text, the lines of the command as HTML."""
    loaded = ts.load(SAMPLES / "111122223333", tmp_path / "store", progress=False)
    assert repr(loaded) == f"<trailscan load into {tmp_path / 'store'}: 12 new events, complete>"
    assert ts.summary_text(loaded).split("\n")[-1][:20] in loaded._repr_html_()
    checked = ts.open(tmp_path / "store").validate(str(SAMPLES), ask_aws=False)
    assert repr(checked).startswith(f"<trailscan validation of {SAMPLES}: ")
    assert ">Validation of " in checked._repr_html_()


def test_a_program_gets_the_progress_of_a_load(tmp_path):
    """A function gets every step, the last with all log files done."""
    steps = []
    ts.load(SAMPLES / "111122223333", tmp_path / "store", progress=steps.append)
    assert steps[-1].done == 1


def test_progress_counts_what_was_read(tmp_path):
    """What is no log file is neither listed nor done; of what is too large nothing was read."""
    shutil.copytree(SAMPLES / "111122223333", tmp_path / "in")
    for number in range(40):
        (tmp_path / "in" / f"{number:02}.bin").write_bytes(b"\x80" * 9)
    large = next((tmp_path / "in").rglob("*.json.gz")).with_name("large.json.gz")
    with large.open("wb") as file:
        file.truncate(1 << 40)  # takes no space
    steps = []
    ts.load(tmp_path / "in", tmp_path / "store", progress=steps.append)
    assert all(step.done <= step.listed for step in steps)
    assert (steps[-1].done, steps[-1].listed) == (2, 2)
    assert 0 < steps[-1].stored_bytes < 1_000_000


def test_the_result_of_a_query_is_a_relation(samples):
    """It can be filtered and aggregated further, and reaches no file."""
    import duckdb

    relation = samples.sql("SELECT principal, outcome FROM changes").relation()
    counted = dict(relation.aggregate("outcome, count(*)").fetchall())
    assert counted == samples.changes().outcome.value_counts().to_dict()
    with pytest.raises(duckdb.Error, match="disabled"):
        relation.query("r", "SELECT * FROM read_text('/etc/hostname')").fetchall()


def test_only_frames_of_reports_are_shown_left_aligned(samples):
    """A row of them is one too; another frame is shown as pandas shows it."""
    from trailscan.render.frames import frame_html

    changes = samples.changes()
    assert "text-align: left" in frame_html(changes[changes.severity >= "high"])
    texts = changes.description[changes.description.str.len().between(60, 110)]
    assert escape(texts.iloc[0]) in frame_html(changes[changes.description == texts.iloc[0]])
    plain = pd.DataFrame({"a": ["<b>"]})
    assert frame_html(plain) == plain._repr_html_()
    plain.attrs["trailscan"] = "changes"
    assert "&lt;b&gt;" in frame_html(plain)
