"""What every bucket can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class ObjectInfo(NamedTuple):
    """One object of a listing; `etag` changes when its content does."""

    key: str
    size: int
    etag: str


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
        """How many LIST requests to S3 there were so far."""
        ...

    @property
    def delay(self) -> float:
        """Seconds that the quickest of them took; 0 where nothing is asked over a network."""
        ...

    def list_objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every object in a folder (empty, or ending in `/`) whose key sorts behind `after`.

        In the order of keys.
        """
        ...

    def list_here(self, folder: str) -> Iterator[str | ObjectInfo]:
        """The folders (each ending in `/`) and the objects directly in a folder, as they come."""
        ...

    def list_folder(self, folder: str) -> tuple[list[str], list[ObjectInfo]]:
        """The same, all of them: folders, and objects."""
        ...

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes of an object, which must still be the version of the ETag given."""
        ...

    def read_with_metadata(self, key: str, etag: str | None = None) -> StoredObject:
        """The same with its metadata, which a file has beside it in `<key>.metadata.json`.

        Raises:
            DecodeError: that file is not what `aws s3api head-object` prints.
        """
        ...

    def write(self, key: str, data: bytes) -> None:
        """Write an object, whole or not at all, durable when this returns."""
        ...

    def write_new(self, key: str, data: bytes) -> None:
        """The same, only if no object stands there. Raises `AlreadyExistsError`: one does."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...


def split_folder(found: Iterable[str | ObjectInfo]) -> tuple[list[str], list[ObjectInfo]]:
    """What is in a folder as folders, and objects."""
    folders: list[str] = []
    objects: list[ObjectInfo] = []
    for one in found:
        if isinstance(one, str):
            folders.append(one)
        else:
            objects.append(one)
    return folders, objects
