"""CSV, JSON and the manifest of a package as values, read strictly."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from trailscan.export.verifier.files import MANIFEST, is_plain_path
from trailscan.export.verifier.report import RefusedError, shown

if TYPE_CHECKING:
    from trailscan.export.verifier.files import Files

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_ESCAPED = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt])")
_OTHER = re.compile(r"[^A-Za-z0-9._/+=-]")
_LONGEST_NUMBER = 400
_RECORD = b',"record":'

csv.field_size_limit(1 << 27)


def comparable(text: str) -> str:
    """A name as it can be compared between a CSV file, which escapes some letters, and others."""
    if text.isascii() and text.isprintable() and "\\" not in text and "'" not in text:
        return _OTHER.sub("", text)
    return _OTHER.sub("", _ESCAPED.sub("", text))


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError("a number has too many digits")
    return int(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands there twice")
    return found


def parse_json(data: bytes) -> Any:
    """A JSON value without members that stand there twice.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(
            data.decode(),
            parse_int=_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_members,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_exact(text: str) -> Any:
    """A JSON value in which order, repeated members and the digits of numbers all count.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=tuple)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json(files: Files, path: str) -> dict[str, Any]:
    """A file that holds a JSON object.

    Raises:
        RefusedError: it is missing, or holds none.
    """
    data = files.read(path)
    try:
        found = parse_json(data)
    except ValueError as error:
        raise RefusedError(f"{files.name}/{path}", f"not JSON: {shown(error)}") from None
    if not isinstance(found, dict):
        raise RefusedError(f"{files.name}/{path}", "not a JSON object")
    return found


def read_table(files: Files, path: str) -> list[dict[str, str]]:
    """The rows of a CSV file by column.

    Raises:
        RefusedError: it is missing or malformed.
    """
    where = f"{files.name}/{path}"
    try:
        rows = list(csv.reader(io.StringIO(files.read(path).decode(), newline=""), strict=True))
    except (UnicodeError, csv.Error) as error:
        raise RefusedError(where, f"not CSV: {shown(error)}") from None
    if not rows or len(set(rows[0])) != len(rows[0]):
        raise RefusedError(where, "it has no header, or a column twice")
    for at, row in enumerate(rows[1:], 1):
        if len(row) != len(rows[0]):
            raise RefusedError(f"{where} row {at}", "has more or fewer cells than the header")
    return [dict(zip(rows[0], row)) for row in rows[1:]]  # noqa: B905  # Python 3.9


def cell(row: dict[str, str], column: str, where: str) -> str:
    """A cell of a row.

    Raises:
        RefusedError: there is no such column.
    """
    if column not in row:
        raise RefusedError(where, f"the column {column} is missing")
    return row[column]


def parse_manifest(files: Files) -> dict[str, str]:
    """The SHA-256 of each file that the manifest covers.

    Raises:
        RefusedError: it is missing, or not sorted lines of hash and path.
    """
    where = f"{files.name}/{MANIFEST}"
    try:
        text = files.read(MANIFEST).decode()
    except UnicodeError:
        raise RefusedError(where, "it is not UTF-8") from None
    found: dict[str, str] = {}
    lines = text.split("\n")
    if lines.pop():
        raise RefusedError(where, "its last line has no end")
    for at, line in enumerate(lines, 1):
        match = _LINE.fullmatch(line)
        if not match or not is_plain_path(match[2]):
            raise RefusedError(f"{where} line {at}", "it is not a SHA-256 and a path inside")
        if match[2] in found:
            raise RefusedError(f"{where} line {at}", f"{shown(match[2])} stands there twice")
        found[match[2]] = match[1]
    return found


def rows_of(data: bytes) -> list[bytes]:
    """The rows of a CSV file as bytes, with their line ends; those in quotation marks end none."""
    rows: list[bytes] = []
    parts: list[bytes] = []
    quotes = 0
    for line in lines_of(data):
        parts.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            rows.append(b"".join(parts))
            parts, quotes = [], 0
    return [*rows, b"".join(parts)] if parts else rows


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a file as bytes, each with its line end."""
    found = [line + b"\n" for line in data.split(b"\n")]
    last = found.pop()[:-1]
    return [*found, last] if last else found


def parse_line(line: bytes) -> tuple[dict[str, Any], str]:
    """Where a line of `records.jsonl` says that its record was read, and the record's text.

    Raises:
        ValueError: it is no such line.
    """
    where, marker, record = line.partition(_RECORD)
    if not marker or not record.endswith(b"}\n"):
        raise ValueError("not a JSON object with a record in one line")
    found = parse_json(where + b"}")
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  # a wrong value
    return found, record[:-2].decode()
