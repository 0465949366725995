"""The bytes of commits and intents: a checksum inside a commit, a ZIP around an intent."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from typing import TYPE_CHECKING

from trailscan.errors import StoreError
from trailscan.store.paths import intent_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_COMMIT = "commit.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_BAD_ZIP = (
    *(zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError),
    *(KeyError, ValueError, OverflowError, struct.error),
)
"""What the standard library raises for files that are no ZIP, or a ZIP of a kind we never write."""


def seal(raw: bytes) -> bytes:
    """An encoded commit with its empty checksum filled in: the SHA-256 of the bytes given.

    Every commit names the SHA-256 of the one before it; the last one has only this.
    """
    before, _, after = raw.rpartition(_checksum(""))
    return before + _checksum(hashlib.sha256(raw).hexdigest()) + after


def is_sealed(raw: bytes, checksum: str) -> bool:
    """Whether an encoded commit has the content that its checksum was made of."""
    before, found, after = raw.rpartition(_checksum(checksum))
    return bool(found) and hashlib.sha256(before + _checksum("") + after).hexdigest() == checksum


def _checksum(sha256: str) -> bytes:
    """The last field of an encoded commit."""
    return f'"checksum": "{sha256}"'.encode()


def pack(commit: bytes, files: Mapping[str, bytes]) -> bytes:
    """An intent: a ZIP of the commit and its data files, the same bytes for the same content."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as intent:
        for name, data in {_COMMIT: commit, **files}.items():
            intent.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    return packed.getvalue()


def unpack(
    intent: bytes, seq: int, files_of: Callable[[bytes], Mapping[str, str]]
) -> tuple[bytes, dict[str, bytes]]:
    """The encoded commit and the data files of an intent, checked against each other.

    Args:
        intent: its bytes.
        seq: its number.
        files_of: the SHA-256 of each data file, by path, of an encoded commit; raises `StoreError`
            if that does not follow from the last one.

    Raises:
        StoreError: no load of this program has left this.
    """
    try:
        contents = _unzip(intent)
        raw = contents.pop(_COMMIT)
        expected = files_of(raw)
    except (*_BAD_ZIP, StoreError) as error:
        raise _refused(seq, f"{error}") from None
    if expected != {path: hashlib.sha256(data).hexdigest() for path, data in contents.items()}:
        raise _refused(seq, "its data files are not those that its commit names")
    return raw, contents


def _refused(seq: int, why: str) -> StoreError:
    """The error for an intent that no load of this program has left."""
    return StoreError(
        f"the store is damaged: {intent_path(seq)} is not the beginning of a commit: {why}",
        "no load left this file; keep a copy of it as evidence, then remove it from the store",
    )


def _unzip(intent: bytes) -> dict[str, bytes]:
    """The files of a ZIP that holds them uncompressed and so is larger than they are."""
    with zipfile.ZipFile(io.BytesIO(intent)) as packed:
        members = packed.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise zipfile.BadZipFile("its files are compressed")
        if sum(member.file_size for member in members) > len(intent):
            raise zipfile.BadZipFile("its files are larger than itself")
        return {member.filename: packed.read(member) for member in members}
