"""The bytes of commits and intents: a checksum inside a commit, a ZIP around an intent."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
from typing import TYPE_CHECKING

from trailscan.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def unpack(intent: bytes) -> tuple[bytes, dict[str, bytes]]:
    """The encoded commit and the data files of an intent.

    Raises:
        DecodeError: `not_an_intent`.
    """
    try:
        contents = _unzip(intent)
        return contents.pop(_COMMIT), contents
    except _BAD_ZIP as error:
        raise DecodeError("not_an_intent", f"not the ZIP of a commit: {error}") from None


def _unzip(intent: bytes) -> dict[str, bytes]:
    """The files of a ZIP that holds them uncompressed and so is larger than they are."""
    with zipfile.ZipFile(io.BytesIO(intent)) as packed:
        members = packed.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise zipfile.BadZipFile("its files are compressed")
        if sum(member.file_size for member in members) > len(intent):
            raise zipfile.BadZipFile("its files are larger than itself")
        return {member.filename: packed.read(member) for member in members}
