"""A bucket listed by an inventory; only its bytes are read from S3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from trailscan.buckets import ObjectInfo
from trailscan.errors import TrailscanError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.buckets import S3Bucket, StoredObject
    from trailscan.inventory.sorted_rows import Row, SortedRows


class InventoryBucket:
    """A bucket whose listings come from an inventory.

    Args:
        bucket: in S3; worker processes get it alone.
        rows: of the inventory.
    """

    is_remote = True

    def __init__(self, bucket: S3Bucket, rows: SortedRows) -> None:
        self.name = bucket.name
        self._bucket = bucket
        self._rows = rows

    def __reduce__(self) -> tuple[Any, ...]:
        """A process that only reads gets the bucket in S3."""
        return _itself, (self._bucket,)

    @property
    def list_requests(self) -> int:
        """The number of LIST requests so far."""
        return self._bucket.list_requests

    @property
    def delay(self) -> float:
        """Seconds that the fastest LIST request took; 0 without one."""
        return self._bucket.delay

    @property
    def slowed(self) -> int:
        """How many reads got the answer that there are too many of them."""
        return self._bucket.slowed

    def list_objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every object of the inventory in a folder behind a key, in the order of keys."""
        return map(_info, self._rows.below(folder, after))

    def list_here(self, folder: str) -> Iterator[str | ObjectInfo]:
        """The folders and objects of the inventory directly in a folder."""
        for row in self._rows.here(folder):
            yield row[0] if len(row) == 1 else _info(row)

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes of an object."""
        return self._bucket.read(key, etag)

    def read_start(self, key: str, etag: str | None, length: int) -> bytes:
        """The first bytes of an object."""
        return self._bucket.read_start(key, etag, length)

    def read_with_metadata(self, key: str, etag: str | None = None) -> StoredObject:
        """The bytes and metadata of an object."""
        return self._bucket.read_with_metadata(key, etag)

    def write(self, key: str, data: bytes) -> NoReturn:
        """Raise an error: a source is not written."""
        raise TrailscanError(
            f"s3://{self.name}/{key}: {len(data):,} bytes are not written to a source"
        )

    write_new = write

    def delete(self, key: str) -> NoReturn:
        """Raise an error: a source is not written."""
        raise TrailscanError(f"s3://{self.name}/{key} is not deleted from a source")


class NewerBucket(InventoryBucket):
    """A bucket listed by S3, without the objects that an inventory has."""

    def list_objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """The objects in a folder that the inventory does not have."""
        return filter(self._is_new, self._bucket.list_objects(folder, after))

    def list_here(self, folder: str) -> Iterator[str | ObjectInfo]:
        """The folders, and the objects that the inventory does not have, directly in a folder."""
        for found in self._bucket.list_here(folder):
            if isinstance(found, str) or self._is_new(found):
                yield found

    def _is_new(self, info: ObjectInfo) -> bool:
        """Whether the inventory does not have this version of an object."""
        row = self._rows.find(info.key)
        return row is None or (_info(row).etag or info.etag) != info.etag


def _info(row: Row) -> ObjectInfo:
    """A row as an object."""
    key, _, _, etag, size, archived, _ = row
    return ObjectInfo(key, size, etag, archived=archived)


def _itself(bucket: S3Bucket) -> S3Bucket:
    return bucket
