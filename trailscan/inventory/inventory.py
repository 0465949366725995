"""An inventory: read, checked and sorted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.errors import NotFoundError, TrailscanError
from trailscan.inventory.data_file import read_tables
from trailscan.inventory.folder import open_files, read_whole, saved
from trailscan.inventory.manifest import CHECKSUM, MANIFEST, check_bucket, parse_manifest
from trailscan.inventory.rows import Left, to_rows
from trailscan.inventory.sorted_rows import SortedRows
from trailscan.location import parse_s3_uri

if TYPE_CHECKING:
    from trailscan.aws.session import AwsOptions
    from trailscan.inventory.folder import Files

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARQUET = ".parquet"


@dataclass(slots=True)
class Inventory:
    """The objects of a bucket, as an inventory lists them.

    Attributes:
        uri: of its manifest, or of the Parquet file of a table.
        as_of: when it was made; objects that came later may be missing.
        rows: the objects.
        objects: how many rows were objects of the bucket.
        left: what else it has.
        requests: how many objects were read from S3 for it.
        has_etags: whether it says which version of an object it lists.
    """

    uri: str
    as_of: datetime
    rows: SortedRows = field(default_factory=SortedRows)
    objects: int = 0
    left: Left = field(default_factory=Left)
    requests: int = 0
    has_etags: bool = True


def read_inventory(uri: str, bucket: str, options: AwsOptions) -> Inventory:
    """Read an inventory of a bucket.

    Args:
        uri: `s3://bucket/…/manifest.json`, the same in a local copy, or what was exported of a live
            inventory table of S3 Metadata: a Parquet file, or a folder of them.
        bucket: whose objects it must list.
        options: how to reach AWS.

    Raises:
        TrailscanError: it is missing, not whole, of another bucket, or no inventory.
    """
    files, name = open_files(uri, options)
    if not name:
        found = _read_table(files, uri, _names(files, uri), bucket)
    elif name.lower().endswith(_PARQUET):
        found = _read_table(files, uri, [name], bucket)
    elif name.lower().endswith(".json"):
        found = _read_report(files, uri, name, bucket)
    else:
        raise TrailscanError(
            f"{uri} is no inventory",
            "name its manifest.json, or the Parquet file of a table, or a folder of them with / at "
            "its end",
        )
    found.rows.finish()
    found.left.repeated += found.rows.repeated
    found.objects -= found.rows.repeated
    found.requests = files.requests
    return found


def _read_report(files: Files, uri: str, name: str, bucket: str) -> Inventory:
    """A report of S3 Inventory, by its manifest."""
    raw = read_whole(files, name, uri)
    checksum = read_whole(files, CHECKSUM, f"the {CHECKSUM} of {uri}")
    manifest = parse_manifest(raw, checksum, uri)
    check_bucket(manifest.bucket, bucket, uri)
    found = Inventory(uri, manifest.as_of)
    for entry in manifest.files:
        with saved(files, entry, entry.key, uri) as path:
            for table in read_tables(path, manifest.form, manifest.columns, entry.key):
                _add(found, table, bucket, entry.key, encoded=manifest.form == "CSV")
    return found


def _names(files: Files, uri: str) -> list[str]:
    """The files of a table in a folder.

    Raises:
        TrailscanError: there are none, or it is the folder of a report.
    """
    names = files.names()
    if MANIFEST in names:
        raise TrailscanError(f"{uri} is the folder of a report", f"name the {MANIFEST} in it")
    if not names:
        raise NotFoundError(f"{uri} has no Parquet files", "check --inventory")
    return names


def _read_table(files: Files, uri: str, names: list[str], bucket: str) -> Inventory:
    """A live inventory table of S3 Metadata in Parquet files, as old as its newest row."""
    location = parse_s3_uri(uri)
    above = "" if location is None else location.prefix.rpartition("/")[0]
    found = Inventory(uri, _EPOCH)
    newest = 0
    for name in names:
        key = f"{above}/{name}" if above else name
        where = uri if len(names) == 1 else name
        with saved(files, None, key, uri) as path:
            for table in read_tables(path, "Parquet", (), where):
                rows = _add(found, table, bucket, where, encoded=False)
                newest = max(newest, pc.max(rows["modified"]).as_py() or 0)
    if found.left.others and not found.objects:
        check_bucket(min(found.left.others), bucket, uri)
    if not newest:
        raise TrailscanError(f"{uri} has no last_modified_date: how old it is cannot be told")
    found.as_of = _EPOCH + timedelta(microseconds=newest)
    return found


def _add(found: Inventory, table: pa.Table, bucket: str, where: str, *, encoded: bool) -> pa.Table:
    """Add some rows of a data file; returns those that were added."""
    found.has_etags = found.has_etags and "etag" in table.column_names
    rows = to_rows(table, bucket, where, found.left, encoded=encoded)
    found.objects += rows.num_rows
    found.rows.add(rows)
    return rows
