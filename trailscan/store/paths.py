"""The layout of a store in its folder or bucket.

    _store.json                                    the format of the store
    events/event_date=2026-11-22/part-….parquet    one row an event, by the UTC day of its eventTime
    log_files/delivery_date=2026-11-22/part-….parquet    one row a log file read
    rejects/part-….parquet                         one row a reject
    attestations/, digests/, public_keys/          rows of validations (`store.attestations`)
    _ledger/00000001.json                          one commit: which files are part of the store
    _intent/00000001.zip                           a commit decided but perhaps not yet carried out
    _runs/                                         what runs of `load` did (`store.runs`)

Readers of Parquet folders skip names that begin with an underscore. A data file is called
`part-<commit>-<SHA-256 of its bytes, 32 digits>`, so that writing it twice does no harm and two
writers never write different bytes under one name.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Literal

import msgspec

from trailscan.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from trailscan.buckets import Bucket, ObjectInfo

FORMAT = 1
"""The format that this version writes and reads."""

MARKER = "_store.json"
STORE_FOLDERS = (
    *("events", "log_files", "rejects", "attestations", "digests", "public_keys"),
    *("_ledger", "_intent", "_runs", "_tmp", "_probe"),
)
"""Every folder that a store may have."""

MARKER_BYTES = 64 * 1024
MOST_COMMIT_BYTES = 64 * 1024 * 1024
MOST_INTENT_BYTES = 1024 * 1024 * 1024
"""The largest marker, commit and intent: a commit names data files, an intent has their bytes."""

NO_DAY = date(1970, 1, 1)
"""The delivery day of log files whose name gives none."""

TableName = Literal["events", "log_files", "rejects", "attestations", "digests", "public_keys"]

PARTITION_COLUMNS: dict[TableName, str] = {
    "events": "event_date",
    "log_files": "delivery_date",
    "attestations": "delivery_date",
    "digests": "digest_date",
}
"""The column that the folders of a table are named after."""

_DATA_PATH = re.compile(
    r"(?:(?:events/event_date|(?:log_files|attestations)/delivery_date|digests/digest_date)="
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}|rejects|public_keys)"
    r"/part-([0-9]{8})-[0-9a-f]{32}\.parquet"
)
_EVENT_DAY = re.compile(r"events/event_date=([0-9]{4}-[0-9]{2}-[0-9]{2})/")


class DataFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """One Parquet file of a commit.

    Attributes:
        table: its table.
        path: its key in the store.
        rows: the number of its rows.
        bytes: its length.
        sha256: hex, of its bytes.
        day: the day of its partition.
        merged: the data file that has its rows since `store compact` merged it with others; no
            commit says so of its own files.
        ranges: which rows of `merged` are its rows, in its order: the first one, and how many.
    """

    table: TableName
    path: str
    rows: int
    bytes: int
    sha256: str
    day: date | None = None
    merged: DataFile | None = None
    ranges: tuple[tuple[int, int], ...] = ()

    @property
    def stored(self) -> DataFile:
        """The data file in the store that has its rows."""
        return self.merged or self

    def is_of(self, seq: int) -> bool:
        """Whether its path is the one that a commit gives it, and so lies inside the store."""
        is_own = self.merged is None and not self.ranges
        return is_own and self.path == data_path(self.table, self.day, seq, self.sha256)


def contradiction(files: Collection[DataFile], seq: int, rows: Mapping[str, int]) -> str | None:
    """What the data files of a commit say that no commit of this program can say, or None.

    Args:
        files: as the commit names them.
        seq: the number of the commit.
        rows: how many rows some tables have, as the commit counts them.
    """
    for file in files:
        if not file.is_of(seq) or min(file.rows, file.bytes) < 0:
            return f"{file.path!r} is not the path of a data file of this commit"
    if len({file.path for file in files}) < len(files):
        return "it names a data file twice"
    for table, counted in rows.items():
        held = sum(file.rows for file in files if file.table == table)
        if held != counted:
            return f"it counts {counted:,} {table} and has {held:,} rows"
    return None


def data_path(table: TableName, day: date | None, seq: int, sha256: str) -> str:
    """The path of a data file in the store."""
    column = PARTITION_COLUMNS.get(table)
    partition = f"{column}={day.isoformat()}/" if day and column else ""
    return f"{table}/{partition}part-{seq:08d}-{sha256[:32]}.parquet"


def damaged(file: DataFile, why: str) -> StoreError:
    """The error for a data file that is not the one that was committed."""
    return StoreError(
        f"the store is damaged: {file.path}: {why}",
        "restore the file from a backup, or load again into a new store",
    )


def commit_of(path: str) -> int | None:
    """The number of the commit in the path of a data file; None for any other path."""
    found = _DATA_PATH.fullmatch(path)
    return int(found[1]) if found else None


def event_day(path: str) -> date | None:
    """The day of the events in a data file, by its path; None for any other path."""
    found = _EVENT_DAY.match(path) if commit_of(path) else None
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def own_key(found: ObjectInfo) -> str:
    """The key of a file in the ledger's folder.

    Raises:
        StoreError: it is a link, and so perhaps no file of the store, or larger than any commit.
    """
    if found.odd:
        raise StoreError(f"the ledger is damaged: {found.key} is {found.odd}")
    _check_size(found.key, found.size, MOST_COMMIT_BYTES)
    return found.key


def read_at_most(bucket: Bucket, path: str, most: int) -> bytes:
    """A file of the store that no data file is, if it is no larger than such a file can be.

    A server is asked for all of it: it answers as quickly as it can.

    Raises:
        NotFoundError: it does not exist.
        StoreError: it is larger.
    """
    data = bucket.read(path) if bucket.is_remote else bucket.read_start(path, None, most + 1)
    _check_size(path, len(data), most)
    return data


def held(bucket: Bucket, path: str) -> bytes | None:
    """The bytes of a commit or an intent; None if it does not exist.

    Raises:
        StoreError: it is larger than any.
    """
    try:
        return read_at_most(bucket, path, MOST_INTENT_BYTES)
    except NotFoundError:
        return None


def _check_size(path: str, size: int, most: int) -> None:
    """Check that a file of the store is no larger than it can be."""
    if size > most:
        raise StoreError(f"the store is damaged: {path} has more than {most:,} bytes")


def ledger_path(seq: int) -> str:
    """The path of a commit."""
    return f"_ledger/{seq:08d}.json"


def intent_path(seq: int) -> str:
    """The path of the intent of a commit."""
    return f"_intent/{seq:08d}.zip"
