"""Tables and values as the bytes of a package's files: the same for the same input."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC
from typing import TYPE_CHECKING, Any

import msgspec

from trailscan.export.evidence import log_file_name
from trailscan.render.csv import render_csv
from trailscan.reports.rejects import COLUMNS as REJECTS
from trailscan.table import Column, Table, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trailscan.export.evidence import Evidence

MANIFEST = "manifest-sha256.txt"
RUN = "run.json"
SEAL = ("checkpoint", "signature")
PROOF = "proof/"
"""What the manifest does not cover: itself, who ran it, and the seal over it."""

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_COUNTS = ("records", "kept", "filtered_out", "duplicates", "rejects", "conflicts")
LOG_FILE_COLUMNS = (
    *(Column(name, name, "text") for name in ("log_file", "bucket", "key", "etag", "status")),
    Column("reason", "Reason", "text"),
    Column("bytes", "Bytes", "count"),
    Column("inflated_bytes", "Uncompressed bytes", "count"),
    *(Column(name, name, "text") for name in ("sha256", "sha256_from", "stored_sha256")),
    *(Column(name, name, "text") for name in ("organization_id", "account_id", "region")),
    Column("delivered", "Delivered (UTC)", "instant"),
    Column("event_sources", "Event sources", "text"),
    *(Column(name, name.replace("_", " ").capitalize(), "count") for name in _COUNTS),
    Column("records_of_the_day", "Records of the day", "count"),
    Column("attestation", "Attestation", "text"),
    Column("digest", "Digest", "text"),
)
GAP_COLUMNS = tuple(
    Column(name, name, "text") for name in ("kind", "account_id", "region", "since", "until", "why")
)
REJECT_COLUMNS = (
    Column("log_file", "Log file", "text", of="where.uri"),
    Column("bucket", "Bucket", "text", of="where.bucket"),
    Column("key", "Key", "text", of="where.key"),
    *(Column(name, name, "text") for name in ("etag", "reason", "message", "json_path", "id")),
    *(column for column in REJECTS if column.name in ("record_index", "first_seen")),
    *(column for column in REJECTS if column.name.startswith("accepted")),
)
CONFLICT_COLUMNS = (
    Column("event_time", "When (UTC)", "instant"),
    *(Column(name, name, "text") for name in ("event_id", "recipient_account_id")),
    *(Column(name, name, "text") for name in ("record_sha256", "log_file", "bucket", "key")),
    Column("position", "Position", "count"),
)


def log_files_table(evidence: Evidence) -> Table:
    """A row for each log file of the day."""
    names = [column.name for column in LOG_FILE_COLUMNS]
    rows = tuple(tuple(row.get(name) for name in names) for row in evidence.log_files)
    return Table("log_files", LOG_FILE_COLUMNS, rows, evidence.window, title="Log files of the day")


def gaps_table(evidence: Evidence) -> Table:
    """A row for each span of time without log files or digests."""
    return Table("gaps", GAP_COLUMNS, tuple(evidence.gaps), evidence.window, title="Gaps")


def rejects_table(evidence: Evidence) -> Table:
    """A row for each log file or record that could not be used."""
    rows = rows_of(REJECT_COLUMNS, evidence.rejects)
    return Table("rejects", REJECT_COLUMNS, rows, evidence.window, title="Rejects")


def conflicts_table(evidence: Evidence) -> Table:
    """A row for each record that shares its ID with another of different content."""
    rows = tuple(
        (
            row["event_time"].astimezone(UTC),
            row["event_id"],
            row["recipient_account_id"],
            row["record_sha256"],
            log_file_name(row["log_file_key"]),
            row["log_file_bucket"],
            row["log_file_key"],
            row["record_index"],
        )
        for row in evidence.conflicts.to_pylist()
    )
    return Table("conflicts", CONFLICT_COLUMNS, rows, evidence.window, title="Conflicts")


def csv_bytes(table: Table) -> bytes:
    """A table as CSV in UTF-8."""
    return render_csv(table).encode()


def json_bytes(value: object) -> bytes:
    """A value as indented JSON with a line end."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def record_lines(evidence: Evidence) -> Iterable[tuple[dict[str, Any], str]]:
    """The lines of `records.jsonl`: where a record was read, and its text in one line."""
    for row in evidence.events.to_pylist():
        bucket, key, etag = row["log_file_bucket"], row["log_file_key"], row["log_file_etag"]
        of = evidence.by_identity[bucket, key, etag]
        where = {
            "log_file": of["log_file"],
            "bucket": bucket,
            "key": key,
            "etag": etag,
            "sha256": row["log_file_sha256"] or of["sha256"],
            "position": row["record_index"],
            "attestation": of["attestation"],
            "digest": of["digest"],
        }
        yield where, in_one_line(row["record"])


def in_one_line(record: str) -> str:
    """A record without the line ends between its members."""
    if "\n" in record or "\r" in record:
        return msgspec.json.format(record, indent=-1)
    return record


def record_bytes(lines: Iterable[tuple[dict[str, Any], str]]) -> bytes:
    """A file such as `records.jsonl`: a record stands in its line as CloudTrail wrote it."""
    encoder = msgspec.json.Encoder()
    parts: list[bytes] = []
    for where, record in lines:
        parts += (encoder.encode(where)[:-1], b',"record":', record.encode(), b"}\n")
    return b"".join(parts)


def manifest_bytes(files: Mapping[str, bytes]) -> bytes:
    """The SHA-256 of every file that it covers, as `sha256sum -c` reads it."""
    lines = (f"{hashlib.sha256(files[path]).hexdigest()}  {path}" for path in covered(files))
    return "".join(f"{line}\n" for line in lines).encode()


def covered(files: Iterable[str]) -> list[str]:
    """The paths that a manifest covers, sorted."""
    outside = {MANIFEST, RUN, *SEAL}
    return sorted(path for path in files if path not in outside and not path.startswith(PROOF))


def zip_bytes(name: str, files: Mapping[str, bytes]) -> bytes:
    """A package as a ZIP file, uncompressed, which is the same on every machine."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(files):
            info = zipfile.ZipInfo(f"{name}/{path}", _ZIP_TIME)
            info.external_attr = 0o600 << 16
            info.create_system = 3  # as on Unix, wherever it runs
            archive.writestr(info, files[path])
    return out.getvalue()
