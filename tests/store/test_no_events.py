"""A store whose first load kept no event can be read like any other."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import trailscan as ts
from trailscan.events.schema import EVENTS

OTHER = {
    "eventTime": "2026-11-22T12:00:00Z",
    "eventID": "e1",
    "eventSource": "s3.amazonaws.com",
    "eventName": "ListBuckets",
}
OURS = OTHER | {
    "eventID": "e2",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "ListRoots",
}


@pytest.fixture
def place(tmp_path):
    """A store after a load that found nothing to keep."""
    (tmp_path / "one.json").write_text(json.dumps({"Records": [OTHER]}))
    assert ts.load(str(tmp_path / "one.json"), str(tmp_path / "store")).kept == 0
    return tmp_path / "store"


def test_its_events_are_read_as_a_table_without_rows(place):
    """Whatever reads folders of Parquet finds the columns."""
    frame = pd.read_parquet(place / "events")
    assert (len(frame), list(frame.columns)) == (0, [*EVENTS.names, "event_date"])


def test_the_ledger_names_the_file_and_no_day_has_events(place):
    """Nothing lies in a store that its ledger does not account for, and status names no day."""
    store = ts.open(str(place))
    (file,) = store.reader.files("events")
    assert (file.rows, (place / file.path).stat().st_size) == (0, file.bytes)
    assert len(store.events()) == 0
    assert store.report("changes").notes[1] == "the store holds no AWS Organizations change"


def test_later_events_are_read_beside_it(place, tmp_path):
    """The file without rows stays, and a second one without rows is never written."""
    (tmp_path / "two.json").write_text(json.dumps({"Records": [OTHER | {"eventID": "e3"}]}))
    (tmp_path / "three.json").write_text(json.dumps({"Records": [OURS]}))
    for name in ("two.json", "three.json"):
        ts.load(str(tmp_path / name), str(place))
    assert [file.rows for file in ts.open(str(place)).reader.files("events")] == [0, 1]
    assert list(pd.read_parquet(place / "events")["event_id"]) == ["e2"]
