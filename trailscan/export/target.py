"""Where packages are kept: a folder or a prefix in S3. What is written once is never changed.

A folder gets a package whole or not at all, by a rename. In S3 the files come first and the
manifest last, each created only if its key is free: a folder without a manifest is unfinished.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from trailscan.buckets import open_s3
from trailscan.errors import AlreadyExistsError, NotFoundError, TrailscanError
from trailscan.export.files import MANIFEST
from trailscan.location import S3Location, parse_s3_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from trailscan.aws.session import AwsOptions
    from trailscan.buckets import Protection, S3Bucket

_NAME = re.compile(
    r"export-(?P<of>[0-9]{4}(?:-Q[1-4]|-[0-9]{2}(?:-[0-9]{2})?)?)(?:\.(?P<n>[1-9][0-9]{0,5}))?"
)
_WRITERS = 16


class Target(Protocol):
    """Where packages are kept. Paths are relative, with `/` between their parts."""

    @property
    def is_remote(self) -> bool:
        """Whether reading every file of a package takes requests."""
        ...

    def folders(self) -> list[str]:
        """The names of the folders in it."""
        ...

    def paths(self, folder: str) -> list[str]:
        """The paths of the files in a folder, relative to it."""
        ...

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises `NotFoundError` if there is none."""
        ...

    def write_new(self, path: str, data: bytes) -> None:
        """Write a file if there is none. Raises `AlreadyExistsError` if another one is there."""
        ...

    def write_package(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write a package that is not there. Raises `AlreadyExistsError` if another one is."""
        ...

    def uri(self, name: str) -> str:
        """How to name a package or file in it to the user."""
        ...


def open_target(place: str, aws: AwsOptions, protection: Protection | None = None) -> Target:
    """The target at a folder or `s3://bucket/prefix`.

    Args:
        place: of the packages.
        aws: how to reach AWS.
        protection: with which objects in S3 are written; None for what the bucket does by itself.

    Raises:
        TrailscanError: it cannot be reached, or is neither a folder nor in S3.
    """
    if parse_s3_uri(place):
        return S3Target(place, open_s3(place, aws), protection)
    return FolderTarget(place)


@dataclass(frozen=True)
class FolderTarget:
    """A folder of the local disk; packages can be read only by their owner: they are evidence."""

    place: str
    is_remote = False

    @property
    def root(self) -> Path:
        """The folder."""
        return Path(self.place).expanduser()

    def folders(self) -> list[str]:
        """The names of the folders in it; none if it does not exist."""
        with _disk_errors(self.root):
            if not self.root.exists():
                return []
            return sorted(one.name for one in self.root.iterdir() if one.is_dir())

    def paths(self, folder: str) -> list[str]:
        """The paths of everything in a folder that is not a folder itself."""
        top = self.root / folder
        with _disk_errors(top):
            found = (path for path in top.rglob("*") if path.is_symlink() or not path.is_dir())
            return sorted(path.relative_to(top).as_posix() for path in found)

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        with _disk_errors(self.root / path):
            return (self.root / path).read_bytes()

    def write_new(self, path: str, data: bytes) -> None:
        """Write a file elsewhere, flush it, and link it, which fails if the name is taken."""
        wanted = self.root / path
        with _disk_errors(wanted):
            wanted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            staged = Path(tempfile.mkdtemp(prefix=".writing-", dir=self.root))
            try:
                _write(staged / "file", data)
                os.link(staged / "file", wanted)
            except FileExistsError:
                if wanted.read_bytes() != data:
                    raise AlreadyExistsError(f"{wanted} exists already") from None
            finally:
                shutil.rmtree(staged, ignore_errors=True)
            _flush(wanted.parent)

    def write_package(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write all files beside the package's place, flush them, and rename their folder."""
        folder = self.root / name
        with _disk_errors(folder):
            self.root.mkdir(parents=True, exist_ok=True)
            staged = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=self.root))
            try:
                for path, data in files.items():
                    _write(staged / path, data)
                for inside in {(staged / path).parent for path in files}:
                    _flush(inside)
                staged.rename(folder)  # fails if there is a folder with files
            except OSError:
                if folder.is_dir():
                    raise AlreadyExistsError(f"{folder} exists already") from None
                raise
            finally:
                shutil.rmtree(staged, ignore_errors=True)
            _flush(self.root)

    def uri(self, name: str) -> str:
        """The path of a package or file."""
        return str(self.root / name)


@dataclass(frozen=True)
class S3Target:
    """A prefix in S3; every object is created only if its key is free."""

    place: str
    bucket: S3Bucket
    protection: Protection | None = None
    is_remote = True

    def folders(self) -> list[str]:
        """The names of the common prefixes in it."""
        found = self.bucket.list_here("")
        return sorted(one.rstrip("/") for one in found if isinstance(one, str))

    def paths(self, folder: str) -> list[str]:
        """The keys of a folder, relative to it."""
        prefix = f"{folder}/"
        return [one.key.removeprefix(prefix) for one in self.bucket.list_objects(prefix)]

    def read(self, path: str) -> bytes:
        """The bytes of an object."""
        return self.bucket.read(path)

    def write_new(self, path: str, data: bytes) -> None:
        """One PUT that only succeeds if the key is free; the same bytes may be there already."""
        try:
            self.bucket.write_new(path, data, self.protection)
        except AlreadyExistsError:
            if self.bucket.read(path) != data:
                raise

    def write_package(self, name: str, files: Mapping[str, bytes]) -> None:
        """Write the files, several at a time, then the manifest."""
        first = [path for path in files if path != MANIFEST]
        with ThreadPoolExecutor(_WRITERS) as writers:
            list(writers.map(lambda path: self.write_new(f"{name}/{path}", files[path]), first))
        if MANIFEST in files:
            self.write_new(f"{name}/{MANIFEST}", files[MANIFEST])

    def uri(self, name: str) -> str:
        """The URI of a package or object."""
        location = parse_s3_uri(self.place) or S3Location("")
        return f"{S3Location(location.bucket, location.folder)}{name}"


def numbers_of(target: Target, of: date | str, folders: list[str] | None = None) -> dict[int, bool]:
    """The packages of a night or period by number, each with whether it is finished.

    Args:
        target: where the packages are.
        of: the day or period.
        folders: the names of the folders in the target; None lists them now.
    """
    found: dict[int, bool] = {}
    for name in target.folders() if folders is None else folders:
        match = _NAME.fullmatch(name)
        if match and match["of"] == str(of):
            found[int(match["n"] or 0)] = is_finished(target, name)
    return found


def is_finished(target: Target, name: str) -> bool:
    """Whether a package has its manifest."""
    return read_file(target, f"{name}/{MANIFEST}") is not None


def read_file(target: Target, path: str) -> bytes | None:
    """The bytes of a file; None if there is none."""
    try:
        return target.read(path)
    except NotFoundError:
        return None


def _write(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read, and flush it to the disk."""
    _make_folder(path.parent)
    path.touch(mode=0o600, exist_ok=False)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each for its owner only."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700)


def _flush(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Turn errors of the operating system into errors of trailscan."""
    try:
        yield
    except FileNotFoundError:
        raise NotFoundError(f"{path} does not exist") from None
    except OSError as error:
        raise TrailscanError(f"{path}: {error.strerror or error}") from None
