"""Log files of much text: what waits in memory does not grow with their number."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from services.trail import log_file_key, make_event, pack

import trailscan as ts
from trailscan.ingest import pipeline, read_ahead
from trailscan.ingest.room import Room
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.scan import Scanner
from trailscan.store.writer import StoreWriter

FILES = 60
NOW = datetime(2026, 11, 23, tzinfo=UTC)
HELD = 15_000
"""What three small events take in memory."""


@pytest.fixture
def source(tmp_path):
    """Log files of three events each."""
    return write(tmp_path / "trail", lambda file: [make_event(3 * file + n) for n in range(3)])


def write(folder, records_of):
    """A folder of log files with some records each."""
    for number in range(FILES):
        path = folder / log_file_key(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pack(records_of(number)))
    return str(folder)


def load(source, store):
    """Load in one process; returns the summary."""
    return run_load([source], str(store), LoadOptions(workers=0), NOW)


def test_events_without_room_are_read_when_their_turn_comes(source, tmp_path, monkeypatch):
    """There is room for two log files: threads leave others, and the store is the same."""
    load(source, tmp_path / "wide")
    highest, left = [0], []

    class Small(Room):
        """Room for two log files, which knows how much of it was taken."""

        def __init__(self, _):
            super().__init__(2 * HELD)

        def take(self, size):
            """Take some, and remember the most that was taken."""
            took = super().take(size)
            highest[0] = max(highest[0], 2 * HELD - self._left)
            left.extend([size] * (not took))
            return took

    monkeypatch.setattr(read_ahead, "Room", Small)
    summary = load(source, tmp_path / "narrow")
    assert (summary.kept, summary.done, highest[0]) == (3 * FILES, FILES, 2 * HELD)
    assert set(left) == {HELD}
    stores = [ts.open(str(tmp_path / name)).events() for name in ("wide", "narrow")]
    assert stores[0].equals(stores[1])


def test_log_files_that_no_worker_has_room_for_are_read_here(source, tmp_path, monkeypatch):
    """A worker sends no more of a batch than fits; the process that commits reads the rest."""
    texts = [{**make_event(number), "requestParameters": "x" * 3_000_000} for number in (6, 12)]
    for number, text in enumerate(texts):
        path = tmp_path / "trail" / log_file_key(2 + 2 * number)
        path.write_bytes(pack([text]))
    load(source, tmp_path / "alone")
    read = Scanner.read
    here = []

    def read_here(scanner, planned, room=None):
        here.append(int(planned.info.key[-24:-8]))
        return read(scanner, planned, room)

    monkeypatch.setattr(Scanner, "read", read_here)
    run_load([source], str(tmp_path / "shared"), LoadOptions(workers=2), NOW)
    assert here == [2, 4]
    stores = [ts.open(str(tmp_path / name)).events() for name in ("alone", "shared")]
    assert stores[0].equals(stores[1])


def test_a_commit_holds_no_more_text_than_one_log_file_too_much(source, tmp_path, monkeypatch):
    """Log files are committed as soon as their events take so much."""
    monkeypatch.setattr(pipeline, "_COMMIT_BYTES", 5 * HELD)
    batches = []
    commit = StoreWriter.commit

    def spy(writer, batch, *given):
        batches.append(sum(result.held_bytes for result in batch))
        return commit(writer, batch, *given)

    monkeypatch.setattr(StoreWriter, "commit", spy)
    load(source, tmp_path / "store")
    assert batches == [5 * HELD] * (FILES // 5)


def test_rejects_beyond_what_a_load_names_are_counted(tmp_path, monkeypatch):
    """Every log file is named with its first reject; the sum of all is right."""
    monkeypatch.setattr(pipeline, "_MOST_REJECTS", 10)
    broken = {"eventSource": "organizations.amazonaws.com", "eventTime": 5}
    source = write(tmp_path / "trail", lambda _: [broken] * 4)
    summary = load(source, tmp_path / "store")
    reasons = [line.reason for line in summary.rejected]
    assert (summary.records, summary.rejects) == (4 * FILES, 4 * FILES)
    assert len({line.where.key for line in summary.rejected}) == FILES
    assert reasons[:12] == reasons[:1] * 12
    assert reasons[12:] == [reasons[0], "too_many_rejects"] * (FILES - 3)
    assert summary.rejected[-1].message == "3 more records of this log file cannot be used"
