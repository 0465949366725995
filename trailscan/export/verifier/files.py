"""The files of a package, from a folder or a ZIP file: sizes before bytes, and no way out."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

from trailscan.export.verifier.report import RefusedError, shown

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "manifest-sha256.txt"
PACKAGE_NAME = re.compile(
    r"export-(?P<of>[0-9]{4}(?:-Q[1-4]|-[0-9]{2}(?:-[0-9]{2})?)?)(?:\.(?P<number>[1-9][0-9]{0,5}))?"
)
_MOST_FILES = 500_000
_MOST_BYTES = 2 << 30
_MOST_INFLATED = 1 << 30
_MOST_DEPTH = 40
_ODD = re.compile(r"[\x00-\x1f\x7f\\:*?\"<>|]|[\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_LONGEST_PATH = 1200


class Files(NamedTuple):
    """The files of a package: its name, where it is, and the size of each file."""

    name: str
    place: Path
    sizes: dict[str, int]
    archive: str | None = None

    def read(self, path: str) -> bytes:
        """The bytes of a file.

        Raises:
            RefusedError: it is missing, or is not what its size says.
        """
        if path not in self.sizes:
            raise RefusedError(f"{self.name}/{path}", "the file is missing")
        size = self.sizes[path]
        if size > _MOST_BYTES:
            raise RefusedError(f"{self.name}/{path}", f"{size:,} bytes are more than is read")
        try:
            data = self._member(path, size) if self.archive else self._file(path, size)
        except (
            OSError,
            zipfile.BadZipFile,
            zlib.error,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise RefusedError(f"{self.name}/{path}", f"cannot be read: {shown(error)}") from None
        if len(data) != size:
            raise RefusedError(f"{self.name}/{path}", "has not the size that it should have")
        return data

    def _file(self, path: str, size: int) -> bytes:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(self.place / path, flags), "rb") as file:
            return file.read(size + 1)

    def _member(self, path: str, size: int) -> bytes:
        with zipfile.ZipFile(self.place) as archive, archive.open(f"{self.archive}{path}") as file:
            return file.read(size + 1)


def is_night(name: str) -> bool:
    """Whether a package is of a night; else it is the index of a period."""
    match = PACKAGE_NAME.fullmatch(name)
    return match is not None and len(match["of"]) == len("2026-10-01")


def is_plain_path(path: str) -> bool:
    """Whether a path stays inside its folder on every system, and shows as what it is."""
    parts = path.split("/")
    return (
        0 < len(path) <= _LONGEST_PATH
        and len(parts) <= _MOST_DEPTH
        and not any(part in ("", ".", "..") for part in parts)
        and not _ODD.search(path)
    )


def open_folder(place: Path, name: str | None = None) -> Files:
    """The files of a folder.

    Args:
        place: the folder.
        name: of the package; None for the folder's own.

    Raises:
        RefusedError: it holds a link, a device, or a name that leads astray.
    """
    name = name or place.resolve().name
    sizes: dict[str, int] = {}
    waiting = [""]
    while waiting:
        under = waiting.pop()
        with os.scandir(place / under) as found:
            entries = sorted(found, key=lambda one: one.name)
        for entry in entries:
            path = f"{under}{entry.name}"
            where = f"{name}/{path}"
            if not is_plain_path(path):
                raise RefusedError(where, "its name is not one that a package may have")
            info = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(info.st_mode):
                waiting.append(f"{path}/")
            elif stat.S_ISREG(info.st_mode):
                sizes[path] = info.st_size
            else:
                raise RefusedError(where, "it is a link or a device, not a file")
            if len(sizes) > _MOST_FILES:
                raise RefusedError(name, "it holds too many files")
    return Files(name, place, sizes)


def open_zip(place: Path) -> Files:
    """The files of a ZIP file that holds one package in a folder of its name.

    Raises:
        RefusedError: it is no ZIP file, or a member would leave its folder.
    """
    sizes: dict[str, int] = {}
    tops = set()
    try:
        with zipfile.ZipFile(place) as archive:
            members = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise RefusedError(place.name, f"not a ZIP file: {shown(error)}") from None
    if len(members) > _MOST_FILES:
        raise RefusedError(place.name, "it holds too many files")
    for member in members:
        where = f"{place.name}/{member.filename}"
        # zipfile turns the separator of the system into "/" and cuts at NUL: the original counts
        whole = member.orig_filename
        if whole.endswith("/") and is_plain_path(whole[:-1]):
            continue
        top, slash, path = whole.partition("/")
        if not slash or not is_plain_path(whole) or whole != member.filename:
            raise RefusedError(where, "its name is not one that a package may have")
        mode = member.external_attr >> 16
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or member.flag_bits & 1:
            raise RefusedError(where, "it is a link, a device or encrypted, not a file")
        if path in sizes:
            raise RefusedError(where, "the ZIP file holds it twice")
        tops.add(top)
        sizes[path] = member.file_size
    if len(tops) != 1:
        raise RefusedError(place.name, "it must hold one folder, which is a package")
    top = tops.pop()
    return Files(top, place, sizes, f"{top}/")


def inflate(data: bytes, most: int = _MOST_INFLATED) -> bytes:
    """The content of one gzip member; nothing may follow it.

    Raises:
        ValueError: it is none, or larger than is read.
    """
    reader = zlib.decompressobj(wbits=31)
    try:
        found = reader.decompress(data, most + 1)
    except zlib.error as error:
        raise ValueError(f"not gzip: {error}") from None
    if len(found) > most:
        raise ValueError(f"it inflates to more than {most:,} bytes")
    if not reader.eof or reader.unused_data:
        raise ValueError("the gzip data is cut off, or something follows it")
    return found
