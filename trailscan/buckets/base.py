"""The interface of all buckets."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator


UNKNOWN_SIZE = -1
"""The size of an object whose listing has none."""

ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
"""The storage classes that an object must be restored from before it can be read
(docs.aws.amazon.com/AmazonS3/latest/userguide/archival-storage.html)."""


class ObjectInfo(NamedTuple):
    """One object of a listing.

    Attributes:
        key: its name in the bucket.
        size: in bytes; 0 for an object that is made when it is read, `UNKNOWN_SIZE` if a listing
            does not say.
        etag: changes when its content does; empty if a listing does not say.
        odd: what it is, if that is no file or folder of its own and not to be read; else empty.
        outside: the file that it links to, if that is outside of the source.
        archived: the storage class or tier that it must be restored from before it can be read;
            else empty.
    """

    key: str
    size: int
    etag: str
    odd: str = ""
    outside: str = ""
    archived: str = ""


class StoredObject(NamedTuple):
    """The bytes of an object, and its own metadata: names in lower case, without `x-amz-meta-`."""

    data: bytes
    metadata: dict[str, str]


class Bucket(Protocol):
    """A flat space of keys. Errors: `NotFoundError`, `AccessError`, `TrailscanError`."""

    name: str
    """The S3 bucket's name, or `file`."""

    @property
    def is_remote(self) -> bool:
        """Whether objects are read over a network, where many requests at a time pay off."""
        ...

    @property
    def list_requests(self) -> int:
        """The number of LIST requests to S3 so far."""
        ...

    @property
    def delay(self) -> float:
        """Seconds that the fastest LIST request took; 0 without a network."""
        ...

    @property
    def slowed(self) -> int:
        """How many reads got the answer that there are too many of them."""
        ...

    def list_objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every object in a folder (empty, or ending in `/`) whose key sorts behind `after`.

        In the order of keys.
        """
        ...

    def list_here(self, folder: str) -> Iterator[str | ObjectInfo]:
        """The folders (each ending in `/`) and the objects directly in a folder, as they come."""
        ...

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes of an object, which must still have the ETag given."""
        ...

    def read_start(self, key: str, etag: str | None, length: int) -> bytes:
        """The first bytes of an object, at most so many."""
        ...

    def read_with_metadata(self, key: str, etag: str | None = None) -> StoredObject:
        """The bytes and metadata of an object; a file has its metadata in `<key>.metadata.json`.

        Raises:
            DecodeError: the file of metadata is not the output of `aws s3api head-object`.
        """
        ...

    def write(self, key: str, data: bytes) -> None:
        """Write an object, whole or not at all, durable when this returns."""
        ...

    def write_new(self, key: str, data: bytes) -> None:
        """Write an object only if its key is free. Raises `AlreadyExistsError` if it is not."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object, if it exists."""
        ...


def list_folder(bucket: Bucket, folder: str) -> tuple[list[str], list[ObjectInfo]]:
    """The folders and the objects directly in a folder, as two lists."""
    folders: list[str] = []
    objects: list[ObjectInfo] = []
    for one in bucket.list_here(folder):
        if isinstance(one, str):
            folders.append(one)
        else:
            objects.append(one)
    return folders, objects
