"""Names that the user gives for ids: CloudTrail hides the names of accounts and has none of roots.

A file of names has the output of `aws organizations list-accounts` (or `list-roots`,
`list-organizational-units-for-parent`, `list-policies`, or several of them one after another, as a
loop over `--output json` prints them), a JSON object of id to name, or CSV with the columns `id`
and `name`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

from trailscan.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ID = re.compile(r"[0-9]{12}|(?:o|r|ou|p|rp|rt|h)-[0-9A-Za-z_-]{1,130}")
_MOST_CHARACTERS = 512
_DECODER = json.JSONDecoder()
_EXPECTED = (
    "expected JSON as `aws organizations list-accounts` prints it, a JSON object of id to name, "
    "or CSV with the columns id and name"
)


def parse_names(data: bytes) -> dict[str, str]:
    """Id -> name, from a file of names; of an id that occurs twice, the last name.

    Raises:
        DecodeError: `not_names`: the file has another format, or an invalid id or name; the message
            says where.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _not_names(f"it is not UTF-8 (byte {error.start})") from None
    if not text.strip():
        raise _not_names("it is empty")
    pairs = _json_entries(text) if text.lstrip()[:1] in "{[" else _csv_entries(text)
    if names := dict(map(_checked, pairs)):
        return names
    raise _not_names("it contains no names")


def _json_entries(text: str) -> Iterator[tuple[str, object, object]]:
    """Location, id and name of each entry in one or several JSON values."""
    rest = text.strip()
    at = 0
    while at < len(rest):
        try:
            value, at = _DECODER.raw_decode(rest, at)
        except ValueError as error:
            raise _not_names(f"it is not JSON ({error})") from None
        except RecursionError:
            raise _not_names("it is nested too deeply") from None
        yield from _entries(value, "$")
        at = len(rest) - len(rest[at:].lstrip())


def _entries(value: Any, where: str) -> Iterator[tuple[str, object, object]]:
    """The entries of one JSON value: lists of objects with Id and Name, or names by id."""
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _entries(one, f"{where}[{index}]")
    elif isinstance(value, dict) and "Id" in value:
        yield where, value["Id"], value.get("Name")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, list | dict):
                yield from _entries(inner, f"{where}.{key}")
            elif _ID.fullmatch(key):
                yield f"{where}.{key}", key, inner
    else:
        raise _not_names(f"at {where} is {json.dumps(value)[:40]}")


def _csv_entries(text: str) -> Iterator[tuple[str, object, object]]:
    """The rows of a CSV file with the columns id and name, whatever their case and order."""
    rows = csv.DictReader(io.StringIO(text, newline=""))
    try:
        columns = {name.strip().casefold(): name for name in rows.fieldnames or ()}
        if not {"id", "name"} <= columns.keys():
            raise _not_names(f"its first line is {text.lstrip().splitlines()[0][:60]!r}")
        for row in rows:
            yield f"line {rows.line_num}", row[columns["id"]], row[columns["name"]]
    except csv.Error as error:
        raise _not_names(f"it is not CSV ({error})") from None


def _checked(entry: tuple[str, object, object]) -> tuple[str, str]:
    """An id and its name, both valid."""
    where, identifier, name = entry
    if not isinstance(identifier, str) or not _ID.fullmatch(identifier):
        raise _not_names(f"{identifier!r:.60} at {where} is not an id of AWS Organizations")
    if not isinstance(name, str) or not 0 < len(name) <= _MOST_CHARACTERS:
        raise _not_names(f"the name of {identifier} at {where} is {name!r:.60}")
    return identifier, name


def _not_names(why: str) -> DecodeError:
    return DecodeError("not_names", f"the names cannot be read: {why}; {_EXPECTED}")
