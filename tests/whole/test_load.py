"""Loading: what is kept, counted, rejected, and done once."""

from __future__ import annotations

import gzip
import json
import os
import struct
from pathlib import Path

import pytest

import trailscan as ts
from trailscan.errors import AccessError, NotFoundError, StoreError
from trailscan.render.summary_text import summary_text


def data_files(store: Path) -> dict[str, bytes]:
    """Every file of a store with its bytes, without the records of runs."""
    return {
        path.relative_to(store).as_posix(): path.read_bytes()
        for path in store.rglob("*")
        if path.is_file() and path.parent.name != "_runs"
    }


def test_events_of_other_sources_are_filtered_out_and_counted(logs, load, event, packed):
    """What is not of Organizations is counted, not kept."""
    other = event(2, eventSource="sts.amazonaws.com")
    summary = load(logs(packed([event(1), other]), packed([other])))
    assert (summary.records, summary.kept, summary.filtered_out) == (3, 1, 2)
    assert summary_text(summary).endswith(
        "read 3 = kept 1 + filtered out 2 + duplicates 0 + rejects 0"
    )


def test_loading_again_reads_nothing_and_changes_no_file(logs, load, event, packed, tmp_path):
    """A second load knows every log file and leaves every byte as it was."""
    folder = logs(packed([event(1)]), packed([event(2)]))
    load(folder)
    before = data_files(tmp_path / "store")
    summary = load(folder)
    assert (summary.listed, summary.known, summary.done) == (2, 2, 0)
    assert data_files(tmp_path / "store") == before


def test_a_late_log_file_is_found_whatever_its_name(logs, load, event, packed, tmp_path):
    """A log file that sorts before everything loaded is read by the next load."""
    folder = logs(packed([event(1)]))
    load(folder)
    late = folder / "111122223333_CloudTrail_us-east-1_20261101T0000Z_AAAAAAAAAAAAAAAA.json.gz"
    late.write_bytes(packed([event(2)]))
    assert load(folder).kept == 1
    assert len(ts.open(str(tmp_path / "store")).events()) == 2


def test_the_same_event_in_two_log_files_is_kept_once(logs, load, event, packed, tmp_path):
    """Copies are counted as duplicates, within one load and between loads."""
    folder = logs(packed([event(1)]), packed([event(1), event(2)]))
    summary = load(folder)
    assert (summary.kept, summary.duplicates) == (2, 1)
    (folder / "more.json.gz").write_bytes(packed([event(2)]))
    assert load(folder).duplicates == 1
    assert len(ts.open(str(tmp_path / "store")).events()) == 2


def test_the_same_id_with_other_content_is_a_conflict_and_both_are_kept(
    logs, load, event, packed, tmp_path
):
    """Two records of one id that differ are both kept, flagged, and both reported."""
    summary = load(logs(packed([event(1)]), packed([event(1, eventName="DeletePolicy")])))
    assert (summary.kept, summary.duplicates, summary.conflicts) == (2, 0, 1)
    store = ts.open(str(tmp_path / "store"))
    assert sorted(store.conflicts()["event_name"]) == ["DeletePolicy", "MoveAccount"]
    assert len(store.changes()) == 2


def test_the_same_id_in_two_accounts_is_two_events(logs, load, event, packed):
    """Events are unique by recipient account and event id together."""
    assert load(logs(packed([event(1), event(1, recipientAccountId="222233334444")]))).kept == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (gzip.compress(b""), "empty"),
        (b"hello", "not_json"),
        (gzip.compress(b"hello"), "not_json"),
        (gzip.compress(b'{"Records":[{"eventVersion":"1.08"')[:-12], "truncated_gzip"),
        (gzip.compress(b'{"Records":[{"eventVersion":"1.08"'), "not_json"),
        (gzip.compress(b'{"a":1}'), "unknown_envelope"),
        (b"\x1f\x8b\x08garbage garbage", "corrupt_gzip"),
    ],
    ids=[
        "no bytes",
        "gzip of nothing",
        "text",
        "gzip of text",
        "gzip cut off",
        "gzip of JSON cut off",
        "another object",
        "garbage after a header of gzip",
    ],
)
def test_an_unusable_log_file_is_one_reject_and_costs_nothing_else(
    logs, load, event, packed, data, reason, tmp_path
):
    """A log file that cannot be read is rejected with its reason, and tried again next time."""
    folder = logs(packed([event(1)]), data, packed([event(2)]))
    summary = load(folder)
    assert [line.reason for line in summary.rejected] == [reason]
    assert (summary.listed, summary.done, summary.rejected_log_files) == (3, 2, 1)
    assert (summary.kept, summary.complete) == (2, False)
    before = data_files(tmp_path / "store")
    assert load(folder).rejected_log_files == 1
    assert data_files(tmp_path / "store") == before


def test_a_gzip_whose_trailer_claims_4_gb_is_rejected_without_believing_it(
    logs, load, event, packed
):
    """The length in a gzip trailer is a claim: believed never, checked always."""
    lie = packed([event(1)])[:-4] + struct.pack("<I", 0xFFFFFFFF)
    summary = load(logs(lie, packed([event(2)])))
    assert [line.reason for line in summary.rejected] == ["corrupt_gzip"]
    assert summary.kept == 1


@pytest.mark.parametrize(
    ("broken", "reason", "path"),
    [
        ("3", "not_an_object", "$"),
        ('"organizations.amazonaws.com"', "not_an_object", "$"),
        ("NO_TIME", "event_time_missing", "$.eventTime"),
        ("NO_ID", "event_id_missing", "$.eventID"),
        ("BAD_TIME", "event_time_invalid", "$.eventTime"),
        ("SURROGATE", "invalid_json", "$"),
        ("LONG", "record_too_large", "$"),
        ("WRONG_TYPE", "unexpected_type", "$.userAgent"),
    ],
)
def test_a_broken_record_is_one_reject_and_its_neighbours_are_kept(
    logs, load, event, broken, reason, path, tmp_path
):
    """A record that is unusable is rejected with file, position, reason and JSON path."""
    made = {
        "NO_TIME": event(5, eventTime=None),
        "NO_ID": event(5, eventID=None),
        "BAD_TIME": event(5, eventTime="yesterday"),
        "SURROGATE": event(5, userAgent="LONE"),
        "LONG": event(5, userAgent="A" * 1_000_000),
        "WRONG_TYPE": event(5, userAgent=7),
    }
    text = json.dumps(made[broken]) if broken in made else broken
    text = text.replace("LONE", "\\ud800")
    body = f'{{"Records":[{json.dumps(event(1))},{text},{json.dumps(event(2))}]}}'
    folder = logs(gzip.compress(body.encode()))
    summary = load(folder)
    assert (summary.records, summary.kept, summary.rejects) == (3, 2, 1)
    (line,) = summary.rejected
    assert (line.reason, line.json_path, line.where.record_index) == (reason, path, 1)
    (told,) = [one for one in summary_text(summary).split("\n") if one.startswith("reject: ")]
    assert told.endswith(f"#1{'' if path == '$' else ' ' + path})")
    stored = ts.open(str(tmp_path / "store")).rejects()
    assert list(stored["reason"]) == [reason]
    assert stored["raw"][0] == text.encode()[: 64 * 1024]


def test_a_log_file_of_several_members_or_with_trailing_bytes_is_read_and_flagged(
    logs, load, event, packed, tmp_path
):
    """What is not as delivered is read all the same, and said."""
    body = gzip.decompress(packed([event(1)]))
    two = gzip.compress(body[:40]) + gzip.compress(body[40:])
    summary = load(logs(two, packed([event(2)]) + b"more", packed([event(3)]) + bytes(4)))
    assert (summary.kept, summary.complete) == (3, True)
    assert summary.not_as_delivered == {"gzip_members": 1, "trailing_bytes": 2}
    found = ts.open(str(tmp_path / "store")).log_files()
    assert sorted(found["deviations"]) == ["gzip_members", "trailing_bytes", "trailing_bytes"]


def test_two_identical_gzip_members_are_not_taken_for_one(logs, load, event):
    """The second of two members that look the same is read, not lost."""
    line = gzip.compress(json.dumps(event(1)).encode() + b"\n", mtime=0)
    summary = load(logs(line + line))
    assert (summary.records, summary.kept, summary.duplicates) == (2, 1, 1)


def test_a_record_is_kept_as_it_was_written(logs, load, event, tmp_path):
    """The stored record is the very text of the log file, with its evidence."""
    text = json.dumps(event(1), indent=1)
    folder = logs(gzip.compress(f'{{"Records":[ {text} ]}}'.encode()))
    load(folder)
    (row,) = ts.open(str(tmp_path / "store")).events().to_dict("records")
    assert row["record"] == text
    assert (row["log_file_bucket"], row["record_index"]) == ("file", 0)
    assert f"/{row['log_file_key']}" == str(next(folder.iterdir()).resolve())


def test_loading_with_more_event_sources_reads_the_log_files_again(logs, load, event, packed):
    """A log file is known only for what was looked for in it."""
    folder = logs(packed([event(1), event(2, eventSource="sts.amazonaws.com")]))
    assert load(folder).kept == 1
    again = load(folder, event_sources=None)
    assert (again.known, again.kept, again.duplicates) == (0, 1, 1)
    assert load(folder).known == 1


def test_a_folder_that_may_not_be_listed_costs_nothing_else_and_is_named(
    logs, load, event, packed, monkeypatch
):
    """What could not be looked into makes the load incomplete; its neighbours are loaded."""
    source = logs(packed([event(1)]))
    closed = source / "closed"
    closed.mkdir()
    scandir = os.scandir

    def refuse(path):
        if path == closed:
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    summary = load(source)
    assert (summary.kept, summary.complete, summary.failures) == (
        1,
        False,
        [f"{closed}: Permission denied"],
    )
    with pytest.raises(AccessError, match=r"closed: Permission denied$"):
        load(closed)


def test_a_missing_folder_is_an_error_of_one_line(load, tmp_path):
    """A source that is not there gives no answer, and makes no store."""
    with pytest.raises(NotFoundError, match="does not exist"):
        load(tmp_path / "nowhere")
    assert not (tmp_path / "store").exists()


def test_a_store_among_the_log_files_is_not_read_as_one(logs, load, event, packed):
    """A source may hold the store itself: its own files are left out, all others are not."""
    folder = logs(packed([event(1)]))
    store = folder / "here"
    first = load(folder, store=store)
    (store / "late.json.gz").write_bytes(packed([event(2)]))
    (folder / "events").mkdir()
    (folder / "events" / "late.json.gz").write_bytes(packed([event(3)]))
    second = load(folder, store=store)
    assert (first.listed, first.kept, first.complete) == (1, 1, True)
    assert (second.listed, second.kept, second.others) == (3, 2, {"store": 1})


def test_a_folder_with_other_things_in_it_is_not_taken_for_a_store(logs, load, event, packed):
    """A store is never begun among other files."""
    folder = logs(packed([event(1)]))
    with pytest.raises(StoreError, match="not empty"):
        load(folder, store=folder)
