"""What was read several times counts once: log files by their last reading, events by their flag.

A log file is read again for other event sources, as a new version, and after it was rejected.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Sequence


class Replaced(msgspec.Struct, frozen=True):
    """How much of what earlier commits count is read again in a commit, and counts there.

    Attributes:
        log_files: earlier readings of log files.
        rejected_log_files: earlier rejects of log files that were read now.
        records: of the earlier readings, as the next ones.
        filtered_out: by their event source.
        duplicates: those counted then, and those that are duplicates now because of what was kept.
        rejects: records that could not be used.
        kept: earlier events that are a part of an event of the commit.
        conflicts: how many of these conflicted with another event.
        records_sha256: hashes of their records.
    """

    log_files: int = 0
    rejected_log_files: int = 0
    records: int = 0
    filtered_out: int = 0
    duplicates: int = 0
    rejects: int = 0
    kept: int = 0
    conflicts: int = 0
    records_sha256: tuple[str, ...] = ()

    @classmethod
    def counted(cls) -> tuple[str, ...]:
        """The names of the counts."""
        return cls.__struct_fields__[:-1]


def last_readings(rows: pa.Table) -> pa.Table:
    """The rows of log files, one for each that was read, and those of others as they are.

    Args:
        rows: of `LOG_FILES`, in the order of the ledger.
    """
    positions: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    names = zip(rows["bucket"].to_pylist(), rows["key"].to_pylist(), strict=True)
    for position, place in enumerate(names):
        positions[place].append(position)
    repeated = [found for found in positions.values() if len(found) > 1]
    if not repeated:
        return rows
    dropped = {position for found in repeated for position in found}
    kept = [position for position in range(rows.num_rows) if position not in dropped]
    merged = [row for found in repeated for row in _merged(rows.take(found).to_pylist())]
    return pa.concat_tables(
        [rows.take(pa.array(kept, pa.int64())), pa.Table.from_pylist(merged, schema=rows.schema)]
    )


def _merged(readings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What counts of several readings of one log file."""
    done = [at for at, row in enumerate(readings) if row["status"] == "done"]
    if not done:
        return list(readings)
    last = readings[done[-1]]
    same = [readings[at] for at in done if readings[at]["records"] == last["records"]]
    before = sum(row["kept"] for row in same) - last["kept"]
    counted = min(before, last["duplicates"])
    merged = {
        **last,
        "event_sources": _all_sources(row["event_sources"] for row in same),
        "kept": last["kept"] + counted,
        "duplicates": last["duplicates"] - counted,
    }
    return [merged, *readings[done[-1] + 1 :]]


def _all_sources(texts: Any) -> str:
    """Several sets of event sources as one, as the ledger has them."""
    found = {source for text in texts for source in text.split(",")}
    return "all" if "all" in found else ",".join(sorted(found))


def with_conflicts(rows: pa.Table, conflicting: frozenset[tuple[str, str]]) -> pa.Table:
    """Events with the flag of a conflict on each of those that conflict."""
    names = ("recipient_account_id", "event_id")
    keys = zip(*(rows[name].to_pylist() for name in names), strict=True)
    flags = bytearray(key in conflicting for key in keys)
    mask = pa.Array.from_buffers(pa.uint8(), len(flags), [None, pa.py_buffer(bytes(flags))])
    at = rows.schema.get_field_index("conflict")
    return rows.set_column(at, rows.schema.field(at), mask.cast(pa.bool_()))
