"""What a compliance package holds, as bytes by file name: the same store gives the same bytes.

Nothing in it depends on a clock, on the machine, or on what the store holds of other days.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trailscan.organizations.services import ORGANIZATIONS
from trailscan.render.csv import neutralised_cells, render_csv
from trailscan.reports.attestation import NOT_CHECKED, attested_rows
from trailscan.reports.changes import changes_report
from trailscan.reports.filter import ChangeFilter
from trailscan.reports.missing import AFTERMATH, Question, reasons
from trailscan.reports.rejects import COLUMNS
from trailscan.store.layout import LOG_FILES
from trailscan.store.paths import NO_DAY
from trailscan.store.rejects import read_rejects
from trailscan.table import Column, Table, rows_of
from trailscan.trail.keys import parse_key
from trailscan.window import Window, format_instant, shifted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trailscan.store.reader import StoreReader
    from trailscan.store.rejects import StoredReject

MANIFEST = "manifest-sha256.txt"
_RECORD_COLUMNS = ["event_time", "event_id", "event_source", "record", "conflict"]
_FILE_COLUMNS = ["log_file_bucket", "log_file_key", "log_file_etag"]

_REJECT_COLUMNS = (
    Column("bucket", "bucket", "text", of="where.bucket"),
    Column("key", "key", "text", of="where.key"),
    *(Column(name, name, "text") for name in ("etag", "reason", "message", "json_path", "id")),
    *(column for column in COLUMNS if column.name in ("record_index", "first_seen")),
    *(column for column in COLUMNS if column.name.startswith("accepted")),
)

_README = """\
trailscan export of {day}: the changes to an AWS Organization on one day (UTC)

  statement.json     what was asked, counted and not seen; whether it is complete, and if not why
  changes.csv        one row a change. A cell that a spreadsheet would take for a formula has a
                     leading ' ({neutralised} cells here); changes.parquet is exact
  changes.parquet    the same rows, exact and typed
  records.jsonl      the CloudTrail records of the day as they were recorded, one a line
  log_files.csv      the log files that were read for this day: bucket, key, ETag, counts,
                     sha256 (of its uncompressed bytes, the value that CloudTrail's digest
                     files attest) or, where that was not computed, stored_sha256 (of the object)
  rejects.csv        what could not be used, with where and why, and who accepted it
  {manifest}

To check that no file was changed:  sha256sum -c {manifest}
"""

_COMPLETE_MEANS = (
    "the day was requested whole, for Organizations events, of every account; every log file of "
    "the day that the store holds was read and every record of it understood, but for rejects that "
    "somebody accepted; and log files delivered after the day are in the store. Whether CloudTrail "
    "delivered log files that the store was never shown is for digest files to say: see "
    "attested_by_digests."
)


@dataclass(frozen=True, slots=True)
class Package:
    """A package: its day, its files, and why it is not complete (empty: it is)."""

    day: date
    files: dict[str, bytes]
    incomplete: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"export-{self.day.isoformat()}"


def build_package(store: StoreReader, day: date) -> Package:
    """The package of one UTC day.

    Raises:
        StoreError: the store is damaged.
    """
    window = Window.day(day)
    changes = changes_report(store, ChangeFilter(window=window), cache=False)
    events = store.events(window, [*_RECORD_COLUMNS, *_FILE_COLUMNS], _of_organizations)
    log_files = _log_files(store, day, events)
    question = _question(day, log_files)
    rejects = [one for one in read_rejects(store) if question.needs(one)]
    incomplete = tuple(_incomplete(store, day, log_files, question))
    attested = _attested(store, log_files)
    accepted = sum(not one.is_open for one in rejects)
    statement = {
        **_statement(day, changes, events, log_files, incomplete, attested),
        "rejects": {"open": len(rejects) - accepted, "accepted": accepted},
        "store": {"commits": len(store.commits), "head_sha256": store.head},
    }
    contents = {
        "README.txt": _readme(day, changes),
        "changes.csv": render_csv(changes).encode(),
        "changes.parquet": _parquet(changes.to_arrow()),
        "log_files.csv": _as_csv("log_files", log_files, window),
        "records.jsonl": _records(events),
        "rejects.csv": _rejects(rejects, window),
        "statement.json": (json.dumps(statement, indent=2) + "\n").encode(),
    }
    contents[MANIFEST] = _manifest(contents)
    return Package(day, contents, incomplete)


def _of_organizations(table: pa.Table) -> pa.Array:
    return pc.equal(table["event_source"], ORGANIZATIONS.event_source)


def _log_files(store: StoreReader, day: date, events: pa.Table) -> pa.Table:
    """The log files delivered for a day and those that events of the day came from.

    Of a log file that was first rejected and later done, the row of when it was done.
    """
    came_from = set(zip(*(events[name].to_pylist() for name in _FILE_COLUMNS), strict=True))
    days = {day, shifted(day, timedelta(days=1))} | {_partition_day(key) for _, key, _ in came_from}
    found: dict[tuple[str, str, str], dict[str, object]] = {}
    whole = Window.day(day)
    delivered = Window(whole.start, whole.end and shifted(whole.end, AFTERMATH))
    for row in store.log_files(days).to_pylist():
        identity = (row["bucket"], row["key"], row["etag"])
        when = row["delivered"]
        if identity not in came_from and (when is None or when not in delivered):
            continue
        if identity not in found or row["status"] == "done":
            found[identity] = row
    rows = [found[identity] for identity in sorted(found)]
    return pa.Table.from_pylist(rows, schema=LOG_FILES)


def _partition_day(key: str) -> date:
    """The delivery day under which the store keeps a log file."""
    return parse_key(key).day or NO_DAY


def _question(day: date, log_files: pa.Table) -> Question:
    """What is asked of the store: the log files of the day, and those that its events came from."""
    places = zip(*(log_files[name].to_pylist() for name in ("bucket", "key")), strict=True)
    return replace(Question.of_events(Window.day(day)), log_files=frozenset(places))


def _rejects(rejects: Sequence[StoredReject], window: Window) -> bytes:
    """What could not be used, as CSV."""
    columns = _REJECT_COLUMNS
    return render_csv(Table("rejects", columns, rows_of(columns, rejects), window)).encode()


def _attested(store: StoreReader, log_files: pa.Table) -> dict[str, int]:
    """How many of the log files are in which state of attestation; empty without a validation."""
    if not store.files("attestations"):
        return {}
    done = [row for row in log_files.to_pylist() if row["status"] == "done"]
    return dict(sorted(Counter(one.state for one in attested_rows(store, done)).items()))


def _incomplete(
    store: StoreReader, day: date, log_files: pa.Table, question: Question
) -> Iterator[str]:
    """Why a package is not complete; nothing proves nothing, so no log file is a reason too."""
    if not log_files.num_rows:
        yield "the store holds no log file delivered for this day"
    held = [file.day for file in store.files("log_files") if file.day]
    if max(held, default=date.min) <= day:
        yield "the store holds no log file delivered after this day"
        question = replace(question, delivered=Window(question.delivered.start))  # said already
    yield from (one.text for one in reasons(store, question) if one.kind != "nothing")


def _statement(
    day: date,
    changes: Table,
    events: pa.Table,
    log_files: pa.Table,
    incomplete: tuple[str, ...],
    attested: dict[str, int],
) -> dict[str, object]:
    """What the package claims, and what it does not."""
    totals = ("records", "kept", "filtered_out", "duplicates", "rejects", "conflicts")
    done = log_files.filter(pc.equal(log_files["status"], "done")).num_rows
    window = Window.day(day)
    return {
        "package": "trailscan export",
        "format": 1,
        "day": day.isoformat(),
        "window_of_event_time": {
            "since": window.start and format_instant(window.start),
            "until": window.end and format_instant(window.end),
        },
        "complete": not incomplete,
        "complete_means": _COMPLETE_MEANS,
        "incomplete_because": list(incomplete),
        "event_source": ORGANIZATIONS.event_source,
        "counts": {
            "changes": len(changes.rows),
            "records_of_the_day": events.num_rows,
            "conflicting_records_of_the_day": pc.sum(events["conflict"]).as_py() or 0,
        },
        "log_files": {
            "done": done,
            "rejected": log_files.num_rows - done,
            **{name: pc.sum(log_files[name]).as_py() or 0 for name in totals},
        },
        "attested_by_digests": attested or NOT_CHECKED,
    }


def _records(events: pa.Table) -> bytes:
    """The records one a line; white space inside one that has line ends is taken out."""
    lines = (record.encode() for record in events["record"].to_pylist())
    whole = [msgspec.json.format(line, indent=-1) if b"\n" in line else line for line in lines]
    return b"".join(line + b"\n" for line in whole)


def _readme(day: date, changes: Table) -> bytes:
    text = _README.format(day=day, manifest=MANIFEST, neutralised=neutralised_cells(changes))
    return text.encode()


def _parquet(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def _as_csv(name: str, rows: pa.Table, window: Window) -> bytes:
    """An Arrow table as CSV, in the form that all our CSV has."""
    columns = tuple(
        Column(field.name, field.name, "instant" if pa.types.is_timestamp(field.type) else "text")
        for field in rows.schema
    )
    values = tuple(zip(*(column.to_pylist() for column in rows.columns), strict=True))
    return render_csv(Table(name, columns, values, window, ())).encode()


def _manifest(contents: dict[str, bytes]) -> bytes:
    """The SHA-256 of every file, as `sha256sum -c` reads it."""
    lines = (f"{hashlib.sha256(contents[name]).hexdigest()}  {name}" for name in sorted(contents))
    return "".join(f"{line}\n" for line in lines).encode()
