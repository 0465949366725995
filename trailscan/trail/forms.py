"""What the first bytes of a file say that its name does not."""

from __future__ import annotations

import re
from typing import NamedTuple

from trailscan.errors import DecodeError

ENOUGH = 512
"""How many bytes of a file are enough: the mark of a tar archive stands at byte 257."""

GZIP = b"\x1f\x8b"
_MARKS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"PK\x03\x04", "a ZIP archive", "unpack it and load the folder"),
    (0, b"PK\x05\x06", "an empty ZIP archive", "remove it"),
    (257, b"ustar", "a tar archive", "unpack it and load the folder"),
    (0, b"\xfd7zXZ\x00", "compressed with xz", "decompress it with `unxz`"),
    (0, b"BZh", "compressed with bzip2", "decompress it with `bunzip2`"),
    (0, b"\x28\xb5\x2f\xfd", "compressed with zstd", "decompress it with `zstd -d`"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it and load the folder"),
    (0, b"\x04\x22\x4d\x18", "compressed with lz4", "decompress it with `lz4 -d`"),
    (0, b"\xff\x06\x00\x00sNaPpY", "compressed with Snappy", "decompress it"),
    (0, b"PAR1", "a Parquet file", "load the log files that it was made of"),
    (0, b"ORC", "an ORC file", "load the log files that it was made of"),
    (0, b"Obj\x01", "an Avro file", "load the log files that it was made of"),
)
"""Offset, bytes, what they say, what to do: PKWARE's APPNOTE, POSIX pax, and the formats' own
specifications."""

_APPLE_DOUBLE = b"\x00\x05\x16\x07"  # RFC 1740
_CSV = re.compile(rb'"?(?:event[ _]?(?:time|name|source|id|version))"?,', re.IGNORECASE)
_JSON = re.compile(rb'[ \t\r\n\x1e]*(?:[\[\s]*\{\s*(?:["}]|$)|[\[\s]*\[\s*(?:["\]]|$)|"\s*[\[{])')
"""Lists, objects and texts of them, unlike `[a link](https://…)` and `{{ a template }}`."""

_ENCODINGS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"{\x00\x00\x00", "utf-32-le"),
    (b"[\x00\x00\x00", "utf-32-le"),
    (b"\x00\x00\x00{", "utf-32-be"),
    (b"\x00\x00\x00[", "utf-32-be"),
    (b"{\x00", "utf-16-le"),
    (b"[\x00", "utf-16-le"),
    (b"\x00{", "utf-16-be"),
    (b"\x00[", "utf-16-be"),
)


class Unsupported(NamedTuple):
    """A form of file that is not read.

    Attributes:
        form: what it is.
        hint: what to do with it.
    """

    form: str
    hint: str


def unsupported_form(start: bytes | bytearray) -> Unsupported | None:
    """The form of a file that is not read, by its first bytes; None for any other file."""
    for at, mark, form, hint in _MARKS:
        if start.startswith(mark, at):
            return Unsupported(form, hint)
    if _CSV.match(bytes(start[:ENOUGH]).removeprefix(b"\xef\xbb\xbf")):
        return Unsupported("a CSV file", "load the log files that it was made of")
    return None


def is_marker_of_macos(start: bytes) -> bool:
    """Whether a file is one of AppleDouble, in which macOS keeps what other disks cannot."""
    return start.startswith(_APPLE_DOUBLE)


def may_be_log_file(start: bytes) -> bool:
    """Whether a file begins as a log file does: compressed by gzip, or JSON in any encoding."""
    text = start[:ENOUGH].removeprefix(b"\xef\xbb\xbf")
    return start.startswith(GZIP) or _JSON.match(text) is not None or encoding_of(start) is not None


def encoding_of(body: bytes | bytearray) -> str | None:
    """The encoding of a JSON text that is not UTF-8, by its first bytes; None for UTF-8.

    Windows PowerShell writes UTF-16 with a byte order mark (Microsoft, about_Character_Encoding).
    """
    for mark, encoding in _ENCODINGS:
        if body.startswith(mark):
            return encoding
    return None


def to_utf8(body: bytes | bytearray, encoding: str) -> bytes:
    """A text in another encoding as UTF-8.

    Raises:
        DecodeError: `invalid_encoding`.
    """
    try:
        return body.decode(encoding).encode()
    except UnicodeError as error:
        name = encoding[:6].upper()
        raise DecodeError("invalid_encoding", f"the text is not valid {name}: {error}") from None
