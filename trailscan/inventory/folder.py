"""Where the files of an inventory are: in S3 under their keys, or in a copy beside the manifest."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

from trailscan.buckets import list_folder, open_unlisted
from trailscan.errors import AccessError, NotFoundError, TrailscanError
from trailscan.inventory.manifest import CHECKSUM, MOST_BYTES
from trailscan.location import parse_s3_uri

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.aws.session import AwsOptions
    from trailscan.buckets import S3Bucket
    from trailscan.inventory.manifest import DataFileEntry

_PIECE = 1024 * 1024
_COPY_ALL = "copy the whole folder of the inventory, with its data files"


class Files(Protocol):
    """The files of an inventory."""

    requests: int
    """How many objects were read from S3."""

    def names(self) -> list[str]:
        """The names of the files directly in the folder, in order, without markers."""
        ...

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a file beside the manifest, at most so many and one more."""
        ...

    def save(self, key: str, into: IO[bytes]) -> None:
        """Write a data file into another one."""
        ...


class S3Files:
    """An inventory in S3; its data files are in the bucket of its manifest."""

    def __init__(self, bucket: S3Bucket, folder: str) -> None:
        self._bucket = bucket
        self._folder = folder
        self.requests = 0

    def names(self) -> list[str]:
        """The names of the objects directly in the folder, in order, without markers."""
        _, objects = list_folder(self._bucket, self._folder)
        names = (one.key.removeprefix(self._folder) for one in objects if one.size)
        return sorted(filter(is_data_file, names))

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a file beside the manifest, by range."""
        self.requests += 1
        return self._bucket.read_start(f"{self._folder}{name}", None, most + 1)

    def save(self, key: str, into: IO[bytes]) -> None:
        """Download a data file."""
        self.requests += 1
        self._bucket.download(key, into)


class LocalFiles:
    """A copy of an inventory's folder: data files are found by the ends of their keys."""

    requests = 0

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """The names of the files directly in the folder, in order, without markers."""
        try:
            names = (path.name for path in self._folder.iterdir() if path.is_file())
            return sorted(filter(is_data_file, names))
        except OSError as error:
            raise _local_error(self._folder, error) from None

    def read(self, name: str, most: int) -> bytes:
        """The bytes of a file beside the manifest."""
        path = self._folder / name
        try:
            with path.open("rb") as file:
                return file.read(most + 1)
        except OSError as error:
            raise _local_error(path, error) from None

    def save(self, key: str, into: IO[bytes]) -> None:
        """Copy a data file."""
        path = self._find(key)
        try:
            with path.open("rb") as file:
                shutil.copyfileobj(file, into, _PIECE)
        except OSError as error:
            raise _local_error(path, error) from None
        into.flush()

    def _find(self, key: str) -> Path:
        """The file of a key: the longest end of it that exists beside the manifest or above it."""
        parts = key.split("/")
        for above in (self._folder, self._folder.parent):
            for at in range(len(parts)):
                path = above.joinpath(*parts[at:])
                if os.path.isfile(path):  # noqa: PTH113  # of a name that is too long, False
                    return path
        raise NotFoundError(
            f"the data file {parts[-1]} of the inventory is not in {self._folder.parent}", _COPY_ALL
        )


def open_files(uri: str, options: AwsOptions) -> tuple[Files, str]:
    """The files of an inventory, and the name of the one that a URI or path names.

    The name is empty if it names a folder: a local one, or a URI that ends in `/`.

    Raises:
        TrailscanError: it cannot be reached.
    """
    if location := parse_s3_uri(uri):
        folder, slash, name = location.prefix.rpartition("/")
        return S3Files(open_unlisted(location.bucket, options), f"{folder}{slash}"), name
    path = Path(uri).expanduser().absolute()
    if path.is_dir():
        return LocalFiles(path), ""
    return LocalFiles(path.parent), path.name


def is_data_file(name: str) -> bool:
    """Whether a name can be that of a data file: `_SUCCESS` and others are their writer's own."""
    return not name.startswith(("_", ".")) and bool(name)


def read_whole(files: Files, name: str, where: str) -> bytes:
    """A small file of an inventory.

    Raises:
        TrailscanError: it is missing, or larger than any manifest.
    """
    try:
        found = files.read(name, MOST_BYTES)
    except NotFoundError as error:
        hint = _COPY_ALL if name == CHECKSUM else "check --inventory"
        raise NotFoundError(str(error), hint) from None
    if len(found) > MOST_BYTES:
        raise TrailscanError(f"{where} has more than {MOST_BYTES:,} bytes: it is no manifest")
    return found


@contextmanager
def saved(files: Files, entry: DataFileEntry | None, key: str, where: str) -> Iterator[Path]:
    """A data file on the local disk while it is read, if its bytes are those of the manifest.

    Raises:
        TrailscanError: it is missing, or other bytes than the manifest says.
    """
    with tempfile.NamedTemporaryFile(prefix="trailscan-inventory-") as file:
        try:
            files.save(key, file)
        except NotFoundError as error:
            hint = error.hint or f"the inventory {where} is not whole: {_COPY_ALL}"
            raise NotFoundError(str(error), hint) from None
        path = Path(file.name)
        if entry is not None:
            _check(path, entry, where)
        yield path


def _check(path: Path, entry: DataFileEntry, where: str) -> None:
    """Check the size and MD5 of a data file."""
    size = path.stat().st_size
    if size != entry.size:
        raise TrailscanError(
            f"{where}: {entry.key} has {size:,} bytes, and the manifest says {entry.size:,}",
            _COPY_ALL,
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if found != entry.md5.lower():
        raise TrailscanError(
            f"{where}: the MD5 of {entry.key} is {found}, and the manifest says {entry.md5[:64]!r}",
            _COPY_ALL,
        )


def _local_error(path: Path, error: OSError) -> TrailscanError:
    if isinstance(error, FileNotFoundError):
        return NotFoundError(f"{path} does not exist")
    return AccessError(f"{path}: {error.strerror}")
