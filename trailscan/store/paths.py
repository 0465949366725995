"""The layout of a store in its folder or bucket.

    _store.json                                    the format of the store
    events/event_date=2026-11-22/part-….parquet    one row an event, by the UTC day of its eventTime
    log_files/delivery_date=2026-11-22/part-….parquet    one row a log file read
    rejects/part-….parquet                         one row a reject
    attestations/, digests/, public_keys/          rows of validations (`store.attestations`)
    _ledger/00000001.json                          one commit: which files are part of the store
    _intent/00000001.zip                           a commit decided but perhaps not yet carried out

Readers of Parquet folders skip names that begin with an underscore. A data file is called
`part-<commit>-<SHA-256 of its bytes, 32 digits>`, so that writing it twice does no harm and two
writers never write different bytes under one name.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

import msgspec

FORMAT = 1
"""The format that this version writes and reads."""

MARKER = "_store.json"
STORE_FOLDERS = (
    *("events", "log_files", "rejects", "attestations", "digests", "public_keys"),
    *("_ledger", "_intent", "_tmp", "_probe"),
)
"""Every folder that a store may have."""

NO_DAY = date(1970, 1, 1)
"""The delivery day of log files whose name gives none."""

TableName = Literal["events", "log_files", "rejects", "attestations", "digests", "public_keys"]

_PARTITION = {
    "events": "event_date",
    "log_files": "delivery_date",
    "attestations": "delivery_date",
    "digests": "digest_date",
}
_DATA_PATH = re.compile(
    r"(?:events/event_date=\d{4}-\d\d-\d\d|(?:log_files|attestations)/delivery_date=\d{4}-\d\d-\d\d"
    r"|digests/digest_date=\d{4}-\d\d-\d\d|rejects|public_keys)"
    r"/part-\d{8}-[0-9a-f]{32}\.parquet"
)


class DataFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One Parquet file of a commit.

    Attributes:
        table: its table.
        path: its key in the store.
        rows: the number of its rows.
        bytes: its length.
        sha256: hex, of its bytes.
        day: the day of its partition.
    """

    table: TableName
    path: str
    rows: int
    bytes: int
    sha256: str
    day: date | None = None


def data_path(table: TableName, day: date | None, seq: int, sha256: str) -> str:
    """The path of a data file in the store."""
    partition = f"{_PARTITION[table]}={day.isoformat()}/" if day and table in _PARTITION else ""
    return f"{table}/{partition}part-{seq:08d}-{sha256[:32]}.parquet"


def is_data_path(path: str) -> bool:
    """Whether a path is one of a data file, and so cannot point outside the store."""
    return _DATA_PATH.fullmatch(path) is not None


def ledger_path(seq: int) -> str:
    """The path of a commit."""
    return f"_ledger/{seq:08d}.json"


def intent_path(seq: int) -> str:
    """The path of the intent of a commit."""
    return f"_intent/{seq:08d}.zip"
