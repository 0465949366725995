"""Events of a store in order of time, decoded from their records."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from trailscan.errors import DecodeError, StoreError
from trailscan.events.event import decode_record
from trailscan.location import Location
from trailscan.organizations.correlate import (
    Correlation,
    OrderedEvent,
    correlate,
    may_correlate,
    rank_in_second,
)

if TYPE_CHECKING:
    from datetime import datetime

RECORD = [
    "record",
    "recipient_account_id",
    "log_file_bucket",
    "log_file_key",
    "record_index",
    "event_time",
    "event_source",
    "event_name",
    "event_id",
    "shared_event_id",
    "log_file_sha256",
    "arrived",
]
"""The columns that `DecodedEvents` needs."""


class DecodedEvents:
    """Events in order of time, decoded from their records when they are asked for.

    Attributes:
        order: the row of the table of each event, in order of time.
    """

    def __init__(self, table: pa.Table) -> None:
        self._records = table["record"].cast(pa.binary()).to_pylist()
        self._accounts = table["recipient_account_id"].to_pylist()
        self._where = [table[name].to_pylist() for name in RECORD[2:5]]
        self._hashes = table["log_file_sha256"].to_pylist()
        self._arrived = _instants(table["arrived"])
        self._sources = table["event_source"].to_pylist()
        self._names = table["event_name"].to_pylist()
        self._shared = table["shared_event_id"].to_pylist()
        times = table["event_time"].cast(pa.int64()).to_pylist()
        ids = table["event_id"].to_pylist()
        ranks = map(rank_in_second, self._sources, self._names)
        keys = list(zip(times, ranks, ids, *self._where, strict=True))
        self.order = sorted(range(len(keys)), key=keys.__getitem__)

    def at(self, position: int) -> OrderedEvent:
        """The event at a position in the order of time."""
        row = self.order[position]
        try:
            event = decode_record(self._records[row])
        except DecodeError as error:
            bad = Location(*(column[row] for column in self._where))
            raise StoreError(f"the store is damaged: the record of {bad}: {error}") from None
        if event.recipient_account_id is None:
            account_id = self._accounts[row] or None
            event = msgspec.structs.replace(event, recipient_account_id=account_id)
        bucket, key, index = self._where
        where = Location(bucket[row], key[row], index[row])
        return OrderedEvent(position, event, where, self._hashes[row], self._arrived[row])

    def take(self, position: int) -> OrderedEvent:
        """The event at a position, whose record is then freed."""
        found = self.at(position)
        self._records[self.order[position]] = b""
        return found

    def correlation(self) -> Correlation:
        """Which of the events belong together."""
        corrected = self._corrected()
        return correlate(
            self.at(position)
            for position, row in enumerate(self.order)
            if may_correlate(self._sources[row], self._names[row], self._shared[row])
            or position in corrected
        )

    def _corrected(self) -> set[int]:
        """The positions of events that correct others, and of those that they correct."""
        rows = self.order
        correcting = {at for at, row in enumerate(rows) if b'"addendum"' in self._records[row]}
        ids = {self.at(position).event.corrects for position in correcting} - {None}
        wanted = [name.encode() for name in ids if name]
        if not wanted:
            return set()
        return correcting | {
            at for at, row in enumerate(rows) if any(name in self._records[row] for name in wanted)
        }


def _instants(column: pa.ChunkedArray) -> list[datetime]:
    """The values of a column of instants that has few different ones, each converted once."""
    encoded = column.combine_chunks().dictionary_encode()
    values = [when.astimezone(UTC) for when in encoded.dictionary.to_pylist()]
    return [values[at] for at in encoded.indices.to_pylist()]
