"""The columns of a store's log files and rejects; events have theirs in `events.schema`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from trailscan.events.schema import INSTANT

ARRIVED = pa.field("arrived", INSTANT)
"""When a commit kept an event: a column that readers add, since the ledger has it."""

LOG_FILES = pa.schema(
    [
        ("bucket", pa.string()),
        ("key", pa.string()),
        ("etag", pa.string()),
        ("bytes", pa.int64()),  # as stored
        ("organization_id", pa.string()),
        ("account_id", pa.string()),
        ("region", pa.string()),
        ("delivered", INSTANT),
        ("status", pa.string()),  # done or rejected
        ("reason", pa.string()),
        ("event_sources", pa.string()),  # what was looked for in it
        ("records", pa.int64()),  # = kept + filtered_out + duplicates + rejects
        ("kept", pa.int64()),
        ("filtered_out", pa.int64()),
        ("duplicates", pa.int64()),
        ("rejects", pa.int64()),
        ("conflicts", pa.int64()),  # of the kept
        ("inflated_bytes", pa.int64()),
        ("stored_sha256", pa.string()),  # of the bytes as stored, when the next is not known
        ("sha256", pa.string()),  # of the uncompressed bytes, when it was computed
        ("deviations", pa.string()),  # how it is not as delivered
    ]
)
"""One row a log file: done, or rejected and to be tried again."""

_NUMBERED = ("bytes", "inflated_bytes", "delivered")
LOG_FILES_ENCODING: dict[str, Any] = {
    "use_dictionary": [
        name
        for name in LOG_FILES.names
        if name not in ("key", "etag", "stored_sha256", "sha256", *_NUMBERED)
    ],
    "column_encoding": {"key": "DELTA_BYTE_ARRAY"}
    | dict.fromkeys(_NUMBERED, "DELTA_BINARY_PACKED"),
    "write_statistics": False,
    "store_schema": False,
}
"""How log files take 77 bytes each: rows in order of keys, of each key only what is new in it.

Any reader of Parquet knows these encodings.
"""

REJECTS = pa.schema(
    [
        ("bucket", pa.string()),
        ("key", pa.string()),
        ("etag", pa.string()),
        ("record_index", pa.int32()),  # null: the whole log file
        ("reason", pa.string()),
        ("message", pa.string()),
        ("json_path", pa.string()),
        ("raw", pa.binary()),  # the record's first 64 KiB
        ("raw_bytes", pa.int64()),
    ]
)
"""One row a reject: a record or a log file that could not be used, with where and why."""
