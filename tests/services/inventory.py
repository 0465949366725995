"""Inventories as S3 writes them, of any rows, in each of its formats."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import pyarrow as pa
import pyarrow.orc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

AS_OF = datetime(2026, 11, 25, 1, tzinfo=UTC)
COLUMNS = (
    *("Bucket", "Key", "VersionId", "IsLatest", "IsDeleteMarker", "Size", "LastModifiedDate"),
    *("ETag", "StorageClass", "IsMultipartUploaded", "IntelligentTieringAccessTier"),
)
FIELDS = {
    "Bucket": "bucket",
    "Key": "key",
    "VersionId": "version_id",
    "IsLatest": "is_latest",
    "IsDeleteMarker": "is_delete_marker",
    "Size": "size",
    "ETag": "e_tag",
    "LastModifiedDate": "last_modified_date",
    "StorageClass": "storage_class",
    "IsMultipartUploaded": "is_multipart_uploaded",
    "IntelligentTieringAccessTier": "intelligent_tiering_access_tier",
}
_TYPES: dict[str, Any] = {
    "IsLatest": pa.bool_(),
    "IsDeleteMarker": pa.bool_(),
    "IsMultipartUploaded": pa.bool_(),
    "Size": pa.int64(),
    "LastModifiedDate": pa.timestamp("ms"),
}
SUFFIX = {"CSV": "csv.gz", "Parquet": "parquet", "ORC": "orc"}


def row(bucket: str, key: str, data: bytes = b"", **other: object) -> dict[str, object]:
    """The row of an object, as a bucket without versions has it."""
    return {
        "Bucket": bucket,
        "Key": key,
        "VersionId": None,
        "IsLatest": True,
        "IsDeleteMarker": False,
        "Size": len(data),
        "LastModifiedDate": datetime(2026, 11, 23, 12, tzinfo=UTC),
        "ETag": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        "StorageClass": "STANDARD",
        "IsMultipartUploaded": False,
        "IntelligentTieringAccessTier": None,
        **other,
    }


def inventory(
    bucket: str,
    rows: Sequence[Mapping[str, object]],
    form: str = "CSV",
    columns: Sequence[str] = COLUMNS,
    as_of: datetime = AS_OF,
    files: int = 1,
) -> dict[str, bytes]:
    """The files of an inventory below its configuration's folder, by key."""
    above = f"inventory/{bucket}/all/data"
    made = {
        f"{above}/{number:08x}-0000.{SUFFIX[form]}": data_file(rows[number::files], form, columns)
        for number in range(files)
    }
    return made | manifest_files(bucket, made, form, as_of, columns)


def manifest_files(
    bucket: str,
    files: Mapping[str, bytes],
    form: str,
    as_of: datetime = AS_OF,
    columns: Sequence[str] = COLUMNS,
) -> dict[str, bytes]:
    """The manifest of an inventory, and its checksum, for the data files below their keys."""
    entries = [
        {
            "key": key,
            "size": len(data),
            "MD5checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(),
        }
        for key, data in files.items()
    ]
    manifest = json.dumps(
        {
            "sourceBucket": bucket,
            "destinationBucket": "arn:aws:s3:::inventories",
            "version": "2016-11-30",
            "creationTimestamp": str(int(as_of.timestamp() * 1000)),
            "fileFormat": form,
            "fileSchema": ", ".join(columns) if form == "CSV" else "message s3.inventory {}",
            "files": entries,
        }
    ).encode()
    folder = f"inventory/{bucket}/all/{as_of:%Y-%m-%dT%H-%MZ}"
    checksum = hashlib.md5(manifest, usedforsecurity=False).hexdigest().encode()
    return {f"{folder}/manifest.json": manifest, f"{folder}/manifest.checksum": checksum}


def data_file(
    rows: Iterable[Mapping[str, object]], form: str, columns: Sequence[str] = COLUMNS
) -> bytes:
    """A data file of some rows."""
    if form == "CSV":
        text = io.StringIO()
        writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([_text(name, one[name]) for name in columns] for one in rows)
        return gzip.compress(text.getvalue().encode(), mtime=0)
    several = list(rows)
    table = pa.table(
        {
            FIELDS[name]: pa.array([one[name] for one in several], _TYPES.get(name, pa.string()))
            for name in columns
        }
    )
    sink = pa.BufferOutputStream()
    (pq.write_table if form == "Parquet" else pyarrow.orc.write_table)(table, sink)
    return sink.getvalue().to_pybytes()


def _text(name: str, value: object) -> str:
    """A value as S3 writes it in CSV."""
    if name == "Key":
        return quote_plus(str(value), safe="/")
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.000Z"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
