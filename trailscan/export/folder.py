"""Writing a package into a folder: whole or absent, and twice is once."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from trailscan.errors import TrailscanError
from trailscan.export.package import MANIFEST

if TYPE_CHECKING:
    from trailscan.export.package import Package

Outcome = Literal["written", "unchanged", "replaced"]


class Written(NamedTuple):
    """Where a package is, and what was done; `superseded` is where another one of it went."""

    folder: Path
    outcome: Outcome
    superseded: Path | None = None


def write_package(package: Package, into: Path) -> Written:
    """Write a package as a folder of its own, which only its owner may read: it is evidence.

    The same package again changes nothing. Another one of the same day, made when the store knew
    less, is never overwritten: it is set aside under the digest of its manifest.

    Raises:
        TrailscanError: the folder cannot be written.
    """
    folder = into / package.name
    try:
        into.mkdir(parents=True, exist_ok=True)
        if _holds(folder, package):
            return Written(folder, "unchanged")
        staged = Path(tempfile.mkdtemp(prefix=f".{package.name}-", dir=into))
        try:
            for name, data in package.files.items():
                _write(staged / name, data)
            aside = _set_aside(folder) if folder.exists() else None
            staged.rename(folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise TrailscanError(f"{folder} could not be written: {error.strerror}") from None
    return Written(folder, "replaced" if aside else "written", aside)


def _holds(folder: Path, package: Package) -> bool:
    """Whether a folder is this very package, file by file."""
    if not folder.is_dir() or {path.name for path in folder.iterdir()} != set(package.files):
        return False
    return all((folder / name).read_bytes() == data for name, data in package.files.items())


def _set_aside(folder: Path) -> Path:
    """Move another package out of the way, under a name that says which one it is."""
    manifest = folder / MANIFEST
    known = manifest.read_bytes() if manifest.is_file() else b""
    aside = folder.with_name(f"{folder.name}.superseded-{hashlib.sha256(known).hexdigest()[:12]}")
    count = 1
    while aside.exists():
        count += 1
        aside = aside.with_name(f"{aside.name.partition('+')[0]}+{count}")
    folder.rename(aside)
    return aside


def _write(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read, and flush it to the disk."""
    path.touch(mode=0o600, exist_ok=False)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
