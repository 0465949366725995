"""The local disk as a bucket, through the operating system.

Measured on one machine, obstore's local read costs 190 microseconds a file against 34, one file
name with a control character ends its whole listing, and its writes are not flushed to the disk.
"""

from __future__ import annotations

import contextlib
import os
import stat
import uuid
from typing import TYPE_CHECKING

from trailscan.buckets.base import ObjectInfo, StoredObject
from trailscan.errors import (
    AccessError,
    AlreadyExistsError,
    ChangedError,
    NotFoundError,
    TrailscanError,
)
from trailscan.location import LOCAL
from trailscan.trail.digest import decode_metadata
from trailscan.trail.keys import METADATA_SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_GZIPPED = ".gz"
_MOST_METADATA = 64 * 1024  # bytes; S3 allows 2 KiB for an object's own metadata


class LocalBucket:
    """A folder of the local disk; keys are its files' relative paths."""

    is_remote = False
    list_requests = 0
    delay = 0.0
    slowed = 0

    def __init__(self, root: Path) -> None:
        self.name = LOCAL
        self.root = root

    def list_objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every regular file in the folder behind `after`, in the order of keys."""
        waiting: list[str | ObjectInfo] = [folder]  # no recursion: folders nest 2,000 deep
        while waiting:
            found = waiting.pop()
            if isinstance(found, str):
                inside = sorted(self.list_here(found), key=_key_of, reverse=True)
                waiting += [one for one in inside if after is None or _is_behind(one, after)]
            else:
                yield found

    def list_here(self, folder: str) -> Iterator[str | ObjectInfo]:
        """The sub-folders and files of a folder, by name; none if it does not exist."""
        path = self.root / folder
        with (
            _local_errors(path),
            contextlib.suppress(FileNotFoundError),
            os.scandir(path) as entries,
        ):
            for entry in sorted(entries, key=lambda entry: entry.name):
                found = self._find(f"{folder}{entry.name}", entry)
                if found is not None:
                    yield found

    def _find(self, key: str, entry: os.DirEntry[str]) -> str | ObjectInfo | None:
        """A folder, or a regular file; None for anything else, and if it vanished meanwhile."""
        if entry.is_dir(follow_symlinks=False):
            return f"{key}/"
        try:
            found = entry.stat()
        except OSError:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return local_info(key, found)._replace(odd="a link" if entry.is_symlink() else "")

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes of a file.

        Raises:
            NotFoundError: it does not exist, or it was replaced.
            AccessError: it may not be read.
        """
        path = f"{self.root}/{key}"
        try:
            return _read_file(path, etag)
        except OSError as error:
            raise _local_error(path, error) from None

    def read_start(self, key: str, etag: str | None, length: int) -> bytes:
        """The first bytes of a file.

        Raises:
            NotFoundError: it does not exist, or it was replaced.
            AccessError: it may not be read.
        """
        path = f"{self.root}/{key}"
        try:
            return _read_file(path, etag, start=length)
        except OSError as error:
            raise _local_error(path, error) from None

    def read_with_metadata(self, key: str, etag: str | None = None) -> StoredObject:
        """The bytes of a file, and the metadata from the file beside it, if there is one.

        Raises:
            NotFoundError: it does not exist, or it was replaced.
            AccessError: it, or its metadata, may not be read.
            DecodeError: its metadata are not the output of `aws s3api head-object`.
        """
        data = self.read(key, etag)
        for name in (key, f"{key}{_GZIPPED}"):  # gunzip takes `.gz` from the object's name only
            path = f"{self.root}/{name}{METADATA_SUFFIX}"
            try:
                return StoredObject(data, decode_metadata(_read_file(path, None, _MOST_METADATA)))
            except FileNotFoundError:
                continue
            except OSError as error:
                raise _local_error(path, error) from None
        return StoredObject(data, {})

    def write(self, key: str, data: bytes) -> None:
        """Write to a temporary file, flush it to the disk, rename it."""
        with _local_errors(self.root / key), self._beside(key, data) as temporary:
            temporary.replace(self.root / key)
            _flush_folder((self.root / key).parent)

    def write_new(self, key: str, data: bytes) -> None:
        """Write to a temporary file, flush it, and link it, which fails if the name is taken."""
        with _local_errors(self.root / key), self._beside(key, data) as temporary:
            try:
                os.link(temporary, self.root / key)
            except FileExistsError:
                raise AlreadyExistsError(f"{self.root / key} exists already") from None
            _flush_folder((self.root / key).parent)

    @contextlib.contextmanager
    def _beside(self, key: str, data: bytes) -> Iterator[Path]:
        """A temporary file on the same disk, which readers of the data skip; removed at the end."""
        _make_folders((self.root / key).parent)
        _make_folders(self.root / "_tmp")
        temporary = self.root / "_tmp" / uuid.uuid4().hex
        try:
            with temporary.open("xb", buffering=0) as file:
                view = memoryview(data)
                while view:
                    view = view[file.write(view) or 0 :]
                os.fsync(file.fileno())
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    def delete(self, key: str) -> None:
        """Remove a file, if it exists."""
        with _local_errors(self.root / key):
            (self.root / key).unlink(missing_ok=True)


def _key_of(found: str | ObjectInfo) -> str:
    """The key by which a folder or an object is in order."""
    return found if isinstance(found, str) else found.key


def _is_behind(found: str | ObjectInfo, after: str) -> bool:
    """Whether a file is behind a key, or a folder can hold one that is."""
    key = _key_of(found)
    return key > after or (isinstance(found, str) and after.startswith(key))


def local_info(key: str, found: os.stat_result) -> ObjectInfo:
    """A regular file as an object."""
    return ObjectInfo(key, found.st_size, _local_etag(found))


def _local_etag(found: os.stat_result) -> str:
    """The ETag of a local file: its modification time and size."""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def _read_file(
    path: str, etag: str | None, most: int | None = None, start: int | None = None
) -> bytes:
    """All bytes of a file, with as few system calls as possible: it runs once a log file."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe must not wait
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            raise AccessError(f"{path} is not a regular file")
        if etag is not None and _local_etag(found) != etag:
            raise ChangedError(f"{path} changed after it was listed")
        if most is not None and found.st_size > most:
            raise AccessError(f"{path} has {found.st_size:,} bytes, more than {most:,}")
        if start is not None:
            return os.read(file, start)
        data = os.read(file, found.st_size + 1)
        while len(data) < found.st_size and (more := os.read(file, found.st_size - len(data))):
            data += more
    finally:
        os.close(file)
    if len(data) != found.st_size:
        raise ChangedError(f"{path} changed while it was read")
    return data


def _make_folders(folder: Path) -> None:
    """Create a folder, and make its name durable in the folders above it."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
    _flush_folder(folder.parent)


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _local_errors(path: Path | str) -> Iterator[None]:
    """Turn errors of the operating system into errors of trailscan."""
    try:
        yield
    except OSError as error:
        raise _local_error(path, error) from None


def _local_error(path: Path | str, error: OSError) -> TrailscanError:
    """The error of trailscan for an error of the operating system."""
    match error:
        case FileNotFoundError():
            return NotFoundError(f"{path} does not exist")
        case PermissionError():
            return AccessError(f"{path}: {error.strerror}")
        case _:
            return TrailscanError(f"{path}: {error.strerror or error}")
