"""Manifests of S3 Inventory: which data files an inventory has, of which bucket and time.

The form is that of docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from trailscan.errors import TrailscanError

MANIFEST, CHECKSUM = "manifest.json", "manifest.checksum"

LONGEST_KEY = 1024
"""Bytes of UTF-8: docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""

MOST_BYTES = 64 * 1024 * 1024
"""The largest manifest: 300,000 data files; S3 writes one for about a million objects."""

_MOST_COLUMNS = 100
FORMATS = ("CSV", "Parquet", "ORC")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FETCH_AGAIN = "copy or request the inventory again, all files of it"


class DataFileEntry(msgspec.Struct, frozen=True):
    """A data file, as a manifest names it."""

    key: str
    size: int
    md5: str = msgspec.field(name="MD5checksum")


class _Document(msgspec.Struct, frozen=True, rename="camel"):
    """The JSON of a manifest."""

    source_bucket: str
    creation_timestamp: str
    file_format: str
    file_schema: str
    files: list[DataFileEntry]


class Manifest(NamedTuple):
    """A manifest whose checksum holds.

    Attributes:
        bucket: whose objects the inventory lists.
        as_of: when S3 began to make it.
        form: `CSV`, `Parquet` or `ORC`.
        columns: the names of its columns, of CSV, in order; empty for other formats.
        files: its data files.
    """

    bucket: str
    as_of: datetime
    form: str
    columns: tuple[str, ...]
    files: tuple[DataFileEntry, ...]


def parse_manifest(raw: bytes, checksum: bytes, where: str) -> Manifest:
    """The manifest of an inventory.

    Args:
        raw: the bytes of `manifest.json`.
        checksum: the bytes of `manifest.checksum`, their MD5 in hex.
        where: the manifest, for errors.

    Raises:
        TrailscanError: the checksum does not hold, or it is no manifest of S3 Inventory.
    """
    found = hashlib.md5(raw, usedforsecurity=False).hexdigest()
    expected = checksum.decode("ascii", "replace").strip().strip('"').lower()
    if found != expected:
        raise TrailscanError(
            f"{where}: its MD5 is {found}, and {CHECKSUM} says {expected[:64]!r}", _FETCH_AGAIN
        )
    try:
        said = msgspec.json.decode(raw, type=_Document)
        as_of = _EPOCH + timedelta(milliseconds=int(said.creation_timestamp))
    except (msgspec.MsgspecError, UnicodeError, ValueError, OverflowError, RecursionError) as error:
        raise TrailscanError(f"{where} is not a manifest of S3 Inventory: {error}") from None
    if said.file_format not in FORMATS:
        raise TrailscanError(
            f"{where}: its format is {said.file_format!r}, expected CSV, Parquet or ORC"
        )
    columns = tuple(one.strip() for one in said.file_schema.split(","))
    if len(columns) > _MOST_COLUMNS and said.file_format == "CSV":
        raise TrailscanError(f"{where}: it has {len(columns):,} columns; an inventory has some 20")
    for one in said.files:
        if len(one.key) > LONGEST_KEY:
            raise TrailscanError(f"{where} names a key of {len(one.key):,} characters")
        if ".." in re.split(r"[/\\]", one.key) or one.key.startswith("/") or "\0" in one.key:
            raise TrailscanError(f"{where} names {one.key!r}, which no inventory has")
        if one.size < 0:
            raise TrailscanError(f"{where}: {one.key!r} has {one.size:,} bytes, which cannot be")
    is_csv = said.file_format == "CSV"
    return Manifest(
        said.source_bucket, as_of, said.file_format, columns if is_csv else (), tuple(said.files)
    )


def check_bucket(found: str, wanted: str, where: str) -> None:
    """Check that an inventory is of the bucket that is loaded.

    Raises:
        TrailscanError: it is of another one.
    """
    if found != wanted:
        raise TrailscanError(
            f"{where} is an inventory of the bucket {found}, and the source is s3://{wanted}",
            f"load s3://{found}, or use an inventory of {wanted}",
        )
