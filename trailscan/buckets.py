"""The one door to bytes: list, read and write objects, in S3 or on the local disk.

S3 goes through obstore. The local disk goes through the operating system: measured on one machine,
obstore's local read costs 190 microseconds a file against 34, one file name with a control
character ends its whole listing, and its writes are not flushed to the disk.
"""

from __future__ import annotations

import contextlib
import os
import stat
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from trailscan.aws.s3 import S3Access
from trailscan.aws.session import AwsOptions, credential_provider, endpoint_of, open_session
from trailscan.errors import AccessError, AlreadyExistsError, NotFoundError, TrailscanError
from trailscan.location import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore.store import S3Store

_PAGE = 1000


class ObjectInfo(NamedTuple):
    """One object of a listing; `etag` changes when its content does."""

    key: str
    size: int
    etag: str


class Bucket(Protocol):
    """A flat space of keys. Errors: `NotFoundError`, `AccessError`, `TrailscanError`."""

    name: str
    """The S3 bucket's name, or `file`."""

    def list_objects(self, prefix: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every object whose key starts with the prefix and, in S3, sorts behind `after`."""
        ...

    def list_folder(self, prefix: str) -> tuple[list[str], list[ObjectInfo]]:
        """The folders (each ending in `/`) and the objects directly under a prefix."""
        ...

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes of an object, which must still be the version of the ETag given."""
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


class LocalBucket:
    """A folder of the local disk; keys are its files' relative paths."""

    def __init__(self, root: Path) -> None:
        self.name = LOCAL
        self.root = root

    def list_objects(self, prefix: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every regular file under the prefix, in key order; `after` is not needed here."""
        del after  # the walk is in order, and nothing is saved by leaving files out
        folder, _, _ = prefix.rpartition("/")
        waiting = [f"{folder}/" if folder else ""]
        while waiting:
            folders, objects = self.list_folder(waiting.pop())
            waiting.extend(reversed(folders))
            yield from (found for found in objects if found.key.startswith(prefix))

    def list_folder(self, prefix: str) -> tuple[list[str], list[ObjectInfo]]:
        """The sub-folders and files of a folder."""
        folders, objects = [], []
        with contextlib.suppress(FileNotFoundError), os.scandir(self.root / prefix) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{prefix}{entry.name}/")
                elif info := _local_info(f"{prefix}{entry.name}", entry):
                    objects.append(info)
        return folders, objects

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes of a file.

        Raises:
            NotFoundError: it is gone, or another file stands there now.
            AccessError: it may not be read.
        """
        path = f"{self.root}/{key}"
        try:
            return _read_file(path, etag)
        except OSError as error:
            raise _local_error(path, error) from None

    def write(self, key: str, data: bytes) -> None:
        """Write beside, flush to the disk, rename."""
        with _local_errors(self.root / key), self._beside(key, data) as temporary:
            temporary.replace(self.root / key)
            _flush_folder((self.root / key).parent)

    def write_new(self, key: str, data: bytes) -> None:
        """Write beside, flush to the disk, link: the link fails if the name is taken."""
        with _local_errors(self.root / key), self._beside(key, data) as temporary:
            try:
                os.link(temporary, self.root / key)
            except FileExistsError:
                raise AlreadyExistsError(f"{self.root / key} exists already") from None
            _flush_folder((self.root / key).parent)

    @contextlib.contextmanager
    def _beside(self, key: str, data: bytes) -> Iterator[Path]:
        """A file on the same disk that no reader of the data looks at; removed at the end."""
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
        """Remove a file, if it is there."""
        with _local_errors(self.root / key):
            (self.root / key).unlink(missing_ok=True)


def _local_info(key: str, entry: os.DirEntry[str]) -> ObjectInfo | None:
    """A regular file as an object; None for anything else, and for what vanished meanwhile."""
    try:
        found = entry.stat()
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return ObjectInfo(key, found.st_size, _local_etag(found))


def _local_etag(found: os.stat_result) -> str:
    """What stands in for an ETag on a disk: time of change and size."""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def _read_file(path: str, etag: str | None) -> bytes:
    """All bytes of a file, with as few calls as there can be: it runs once a log file."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = os.fstat(file)
        if etag is not None and _local_etag(found) != etag:
            raise NotFoundError(f"{path} changed after it was listed")
        data = os.read(file, found.st_size + 1)
        while len(data) < found.st_size and (more := os.read(file, found.st_size - len(data))):
            data += more
    finally:
        os.close(file)
    if len(data) != found.st_size:
        raise NotFoundError(f"{path} changed while it was read")
    return data


def _make_folders(folder: Path) -> None:
    """Make a folder, and make its name durable in the folders above it."""
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
    """Errors of the operating system as ours."""
    try:
        yield
    except OSError as error:
        raise _local_error(path, error) from None


def _local_error(path: Path | str, error: OSError) -> TrailscanError:
    """An error of the operating system as ours."""
    match error:
        case FileNotFoundError():
            return NotFoundError(f"{path} does not exist")
        case PermissionError():
            return AccessError(f"{path}: {error.strerror}")
        case _:
            return TrailscanError(f"{path}: {error.strerror or error}")


class S3Bucket:
    """An S3 bucket, or what stands in it under a prefix; keys are given without that prefix.

    Everything goes through obstore but the keys that it cannot name: those go through boto3.
    """

    def __init__(self, store: S3Store, access: S3Access, prefix: str = "") -> None:
        self.name = access.bucket
        self._store = store
        self._access = access
        self._prefix = prefix

    def below(self, prefix: str) -> S3Bucket:
        """What stands under a prefix, as a bucket of its own."""
        return S3Bucket(self._store, self._access, prefix)

    def list_objects(self, prefix: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every object under the prefix, in key order, a page a request."""
        import obstore  # noqa: PLC0415  # start-up
        from obstore.exceptions import InvalidPathError  # noqa: PLC0415  # start-up

        seen = "" if after is None else self._prefix + after
        try:
            with _s3_errors(self._uri(prefix)):
                pages = obstore.list(
                    self._store, self._prefix + prefix, offset=seen or None, chunk_size=_PAGE
                )
                for page in pages:
                    for found in page:
                        seen = found["path"]
                        yield self._info(found["path"], found["size"], found["e_tag"])
        except InvalidPathError:
            for listed in self._access.list_objects(self._prefix + prefix, seen):
                yield self._info(*listed)

    def list_folder(self, prefix: str) -> tuple[list[str], list[ObjectInfo]]:
        """The common prefixes and objects under a prefix, by delimiter."""
        import obstore  # noqa: PLC0415  # start-up
        from obstore.exceptions import InvalidPathError  # noqa: PLC0415  # start-up

        whole = self._prefix + prefix
        if not _is_plain(whole):
            return self._list_odd_folder(whole)
        try:
            with _s3_errors(self._uri(prefix)):
                found = obstore.list_with_delimiter(self._store, whole)
        except InvalidPathError:
            return self._list_odd_folder(whole)
        folders = [f"{self._key(folder)}/" for folder in found["common_prefixes"]]
        objects = [self._info(one["path"], one["size"], one["e_tag"]) for one in found["objects"]]
        return folders, objects

    def _list_odd_folder(self, whole: str) -> tuple[list[str], list[ObjectInfo]]:
        """The same for a folder that obstore cannot name, or that holds a key that it cannot."""
        folders, listed = self._access.list_folder(whole)
        return [self._key(folder) for folder in folders], [self._info(*one) for one in listed]

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes of an object, all of them: the length must be the one announced."""
        import obstore  # noqa: PLC0415  # start-up

        if not _is_plain(self._prefix + key):
            return self._access.read(self._prefix + key, etag)
        with _s3_errors(self._uri(key)):
            options: Any = {} if etag is None else {"if_match": etag}
            found = obstore.get(self._store, self._prefix + key, options=options)
            data = bytes(found.bytes())
        if len(data) != found.meta["size"]:
            raise TrailscanError(f"{self._uri(key)} was cut short at {len(data):,} bytes")
        return data

    def write(self, key: str, data: bytes) -> None:
        """One PUT."""
        import obstore  # noqa: PLC0415  # start-up

        with _s3_errors(self._uri(key)):
            obstore.put(self._store, self._prefix + key, data, use_multipart=False)

    def write_new(self, key: str, data: bytes) -> None:
        """One PUT with `If-None-Match: *`."""
        import obstore  # noqa: PLC0415  # start-up

        with _s3_errors(self._uri(key)):
            obstore.put(self._store, self._prefix + key, data, mode="create", use_multipart=False)

    def delete(self, key: str) -> None:
        """One DELETE."""
        import obstore  # noqa: PLC0415  # start-up

        with _s3_errors(self._uri(key)):
            obstore.delete(self._store, self._prefix + key)

    def _info(self, path: str, size: int, etag: str | None) -> ObjectInfo:
        return ObjectInfo(self._key(path), size, (etag or "").strip('"'))

    def _key(self, path: str) -> str:
        return path[len(self._prefix) :]

    def _uri(self, key: str) -> str:
        return f"s3://{self.name}/{self._prefix}{key}"


def _is_plain(key: str) -> bool:
    """Whether obstore names a key, or a prefix that ends in a slash, as S3 does."""
    parts = key.removesuffix("/").split("/")
    return not key or (key.isprintable() and all(part not in ("", ".", "..") for part in parts))


@contextlib.contextmanager
def _s3_errors(where: str) -> Iterator[None]:
    """Errors of obstore as ours, in one line each, but for the keys that it cannot name."""
    from obstore import exceptions  # noqa: PLC0415  # start-up

    try:
        yield
    except exceptions.InvalidPathError:
        raise
    except (exceptions.AlreadyExistsError, exceptions.NotModifiedError):
        raise AlreadyExistsError(f"{where} exists already") from None
    except exceptions.PreconditionError:
        raise NotFoundError(f"{where} changed after it was listed") from None
    except (exceptions.NotFoundError, FileNotFoundError):
        raise NotFoundError(f"{where} does not exist") from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise AccessError(f"{where}: access denied ({_first_line(error)})") from None
    except (exceptions.BaseError, OSError) as error:
        raise TrailscanError(f"{where}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    """The first line of a message: obstore appends its internals to it."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def open_s3(uri: str, options: AwsOptions) -> tuple[S3Bucket, str]:
    """The bucket of an `s3://bucket/prefix` URI, checked to answer, and the prefix.

    Raises:
        NotFoundError: no such bucket.
        AccessError: no credentials, or they may not list it.
        TrailscanError: the URI names no bucket, or S3 gives no answer.
    """
    from obstore.store import S3Store  # noqa: PLC0415  # start-up

    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise TrailscanError(f"{uri!r} names no bucket; expected s3://bucket/prefix")
    session = open_session(options)
    provider = credential_provider(session)
    access = S3Access(session, options, bucket)
    endpoint = endpoint_of(options)
    other: Any = {"endpoint": endpoint, "virtual_hosted_style_request": False} if endpoint else {}
    store = S3Store(
        bucket,
        region=access.region(prefix),
        credential_provider=provider,
        client_options={"allow_http": (endpoint or "").startswith("http://")},
        **other,
    )
    return S3Bucket(store, access), prefix


def open_bucket(place: str, options: AwsOptions) -> Bucket:
    """A folder or an `s3://bucket/prefix` as a bucket whose keys start below it."""
    if not place.startswith("s3://"):
        return LocalBucket(Path(place).expanduser().absolute())
    bucket, prefix = open_s3(place, options)
    return bucket.below(f"{prefix.rstrip('/')}/" if prefix else "")
