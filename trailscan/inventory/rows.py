"""Rows of an inventory as rows of a listing; what cannot be one is counted and named."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.buckets import ARCHIVES, UNKNOWN_SIZE
from trailscan.errors import TrailscanError
from trailscan.inventory.columns import ARCHIVE_TIERS, ROWS
from trailscan.inventory.manifest import LONGEST_KEY
from trailscan.numbers import counted
from trailscan.visible import visible

_ETAG = r"^[!-~]{1,256}$"
_LARGEST = 2**50
_ENCODED = re.compile(r"[%+]")
_SHOWN = 60
_MOST_BUCKETS = 100


@dataclass(slots=True)
class Left:
    """What an inventory has beside the objects of the bucket.

    Attributes:
        older: versions that are not the latest.
        markers: delete markers: the object of the key is deleted.
        repeated: rows of a key that another row is of.
        unusable: rows that no listing can have, by reason.
        example: where the first of those was.
        others: objects of other buckets, by bucket.
    """

    older: int = 0
    markers: int = 0
    repeated: int = 0
    unusable: Counter[str] = field(default_factory=Counter)
    example: str = ""
    others: Counter[str] = field(default_factory=Counter)

    @property
    def failures(self) -> list[str]:
        """What was not looked at though it may be a log file, one line each."""
        found = []
        if self.unusable:
            why = ", ".join(
                f"{reason} {count:,}" for reason, count in sorted(self.unusable.items())
            )
            rows = counted(self.unusable.total(), "row")
            found.append(f"{rows} of the inventory cannot be used: {why}; the first {self.example}")
        if self.others:
            shown = ", ".join(visible(name[:_SHOWN]) for name in sorted(self.others)[:3])
            rows = counted(self.others.total(), "row")
            found.append(f"{rows} of other buckets: {shown}")
        return found

    @property
    def note(self) -> str:
        """What was left out as a listing leaves it out; empty if nothing was."""
        found = [
            counted(count, noun)
            for count, noun in (
                (self.older, "older version"),
                (self.markers, "delete marker"),
                (self.repeated, "repeated row"),
            )
            if count
        ]
        return ", ".join(found)


def to_rows(table: pa.Table, bucket: str, where: str, left: Left, *, encoded: bool) -> pa.Table:
    """The rows of a listing; the others are counted.

    Args:
        table: some rows of a data file, by the names of the columns.
        bucket: whose objects are listed.
        where: the data file.
        left: gets what is left out.
        encoded: keys are URL-encoded, as in CSV.

    Raises:
        TrailscanError: a column has values of a type that no inventory has.
    """
    try:
        return _to_rows(table, bucket, where, left, encoded=encoded)
    except pa.ArrowException as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise TrailscanError(
            f"{where} has columns that no inventory has: {first}", "request the inventory again"
        ) from None


def _to_rows(table: pa.Table, bucket: str, where: str, left: Left, *, encoded: bool) -> pa.Table:
    """The rows of a listing; the others are counted."""
    table = pa.table({name: table[name].combine_chunks() for name in table.column_names})
    table = _of_bucket(table, bucket, left)
    latest = _flag(table, "latest")
    if latest is not None:
        left.older += table.num_rows - (pc.sum(latest).as_py() or 0)
        table = table.filter(latest)
    marker = _flag(table, "marker")
    if marker is not None and latest is not None:
        left.markers += pc.sum(marker).as_py() or 0
        table = table.filter(pc.invert(marker))
        marker = None
    keys = _keys(_text(table["key"]), encoded=encoded)
    no_size, size = _sizes(table)
    etag = _etags(table)
    none = pa.nulls(table.num_rows, pa.bool_()).fill_null(fill_value=False)
    gone = none if marker is None else marker
    long = pc.greater(pc.binary_length(keys), LONGEST_KEY)
    bad = {
        "key is not UTF-8 or missing": pc.is_null(keys),
        "key is empty or longer than S3 allows": pc.fill_null(
            pc.or_(long, pc.equal(keys, "")), fill_value=False
        ),
        "size": pc.and_(no_size, pc.invert(gone)),
        "ETag": pc.and_(pc.is_null(etag), pc.invert(gone)),
    }
    rows = pa.table(
        {
            "key": keys,
            "sequence": _optional(table, "sequence"),
            "modified": _modified(table),
            "etag": pc.fill_null(etag, ""),
            "size": pc.fill_null(size, UNKNOWN_SIZE),
            "archived": _archived(table),
            "marker": gone,
        },
        schema=ROWS,
    )
    return _usable(rows, table, bad, where, left)


def _usable(
    rows: pa.Table, table: pa.Table, bad: dict[str, Any], where: str, left: Left
) -> pa.Table:
    """The rows of which nothing is bad; the others are counted by the first thing that is."""
    good = None
    for reason, is_bad in bad.items():
        mask = is_bad if good is None else pc.and_(is_bad, good)
        if count := pc.sum(mask).as_py() or 0:
            left.unusable[reason] += count
            if not left.example:
                raw = table["key"].filter(mask)[0].as_py()
                shown = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
                left.example = f"in {where}: key {visible(str(shown)[:_SHOWN])!r}"
        good = pc.invert(mask) if good is None else pc.and_(good, pc.invert(mask))
    return rows.filter(good)


def _of_bucket(table: pa.Table, bucket: str, left: Left) -> pa.Table:
    """The rows of the bucket; the others are counted by theirs."""
    names = pc.fill_null(_text(table["bucket"]), "")
    mine = pc.equal(names, bucket)
    if not pc.all(mine).as_py() and table.num_rows:
        for one in pc.value_counts(names.filter(pc.invert(mine))).to_pylist():
            known = one["values"] in left.others or len(left.others) < _MOST_BUCKETS
            left.others[one["values"] if known else "…"] += one["counts"]
        table = table.filter(mine)
    return pa.table({name: table[name].combine_chunks() for name in table.column_names})


def _text(found: Any) -> pa.Array:
    """A column as text; None for what is not UTF-8."""
    array = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    try:
        array = pc.cast(array, pa.string())
        array.validate(full=True)
    except pa.ArrowInvalid:
        raw = pc.cast(array, pa.binary())
        return pa.array([_decoded(one) for one in raw.to_pylist()], pa.string())
    else:
        return array


def _decoded(raw: bytes | None) -> str | None:
    try:
        return None if raw is None else raw.decode()
    except UnicodeError:
        return None


def _keys(keys: pa.Array, *, encoded: bool) -> pa.Array:
    """Keys as they are; None for what is not UTF-8."""
    if not encoded:
        return keys
    mask = pc.fill_null(pc.match_substring_regex(keys, _ENCODED.pattern), fill_value=False)
    if not (pc.any(mask).as_py() or False):
        return keys
    plain = [
        _decoded(unquote_to_bytes(one.replace("+", " "))) for one in keys.filter(mask).to_pylist()
    ]
    return pc.replace_with_mask(keys, mask, pa.array(plain, pa.string()))


def _flag(table: pa.Table, name: str) -> Any:
    """A column of true and false; None if there is none. An empty value is false."""
    if name not in table.column_names:
        return None
    if pa.types.is_boolean(table[name].type):
        return pc.fill_null(table[name].combine_chunks(), fill_value=False)
    return pc.fill_null(pc.equal(pc.utf8_lower(_text(table[name])), "true"), fill_value=False)


def _optional(table: pa.Table, name: str) -> pa.Array:
    """A column of texts, empty where there is none."""
    if name not in table.column_names:
        return pa.array([""] * table.num_rows, pa.string())
    return pc.fill_null(_text(table[name]), "")


def _sizes(table: pa.Table) -> tuple[Any, pa.Array]:
    """Which sizes no object has, and the sizes; None where there is none."""
    none = pa.nulls(table.num_rows, pa.int64())
    if "size" not in table.column_names:
        return pc.is_valid(none), none
    found = table["size"].combine_chunks()
    if not pa.types.is_integer(found.type):
        text = _text(found)
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        digits = pc.fill_null(pc.match_substring_regex(text, r"^[0-9]{1,16}$"), fill_value=True)
        number = pc.cast(pc.if_else(digits, text, pa.scalar(None, pa.string())), pa.int64())
        odd = pc.or_(
            pc.invert(digits), pc.fill_null(pc.greater(number, _LARGEST), fill_value=False)
        )
        return odd, number
    number = pc.cast(found, pa.int64(), safe=False)
    odd = pc.or_(pc.less(number, 0), pc.greater(number, _LARGEST))
    return pc.fill_null(odd, fill_value=False), number


def _etags(table: pa.Table) -> pa.Array:
    """The ETags without quotes, empty if there are none; None for what is not one."""
    if "etag" not in table.column_names:
        return pa.array([""] * table.num_rows, pa.string())
    text = pc.utf8_trim(pc.fill_null(_text(table["etag"]), ""), '"')
    good = pc.or_(pc.equal(text, ""), pc.match_substring_regex(text, _ETAG))
    return pc.if_else(good, text, pa.scalar(None, pa.string()))


def _modified(table: pa.Table) -> pa.Array:
    """When objects were modified, in microseconds since 1970; 0 where that is not known."""
    if "modified" not in table.column_names:
        return pa.array([0] * table.num_rows, pa.int64())
    found = table["modified"].combine_chunks()
    try:
        if pa.types.is_integer(found.type):
            when = pc.cast(found, pa.timestamp("ms"))
        elif pa.types.is_timestamp(found.type):
            when = found
        else:
            text = _text(found)
            text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
            when = pc.cast(text, pa.timestamp("us", "UTC"))
        micro = pc.cast(when, pa.timestamp("us", when.type.tz), safe=False)
        return pc.fill_null(pc.cast(micro, pa.int64()), 0)
    except pa.ArrowInvalid:  # it decides only which of several rows of a key is the newest
        return pa.array([0] * table.num_rows, pa.int64())


def _archived(table: pa.Table) -> pa.Array:
    """The class or tier that an object must be restored from; empty for others."""
    classes = pc.utf8_upper(_optional(table, "storage_class"))
    tiers = pc.utf8_upper(_optional(table, "tier"))
    tiers = pc.replace_substring_regex(tiers, r"_ACCESS$", "")
    in_tier = pc.is_in(tiers, value_set=pa.array(sorted(ARCHIVE_TIERS)))
    found = pc.if_else(pc.is_in(classes, value_set=pa.array(sorted(ARCHIVES))), classes, "")
    return pc.if_else(
        in_tier, pc.binary_join_element_wise("INTELLIGENT_TIERING", tiers, " "), found
    )
