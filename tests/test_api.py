"""What `import trailscan` gives."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import trailscan as ts

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
