"""The issuing records of a store, and the sessions of its events that lack theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from trailscan.events.event import UserIdentity, decode_record
from trailscan.events.schema import strings
from trailscan.location import Location
from trailscan.sessions.issued import ISSUERS, STS, Issued, read_issued
from trailscan.sessions.sought import Call
from trailscan.store.known import covers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.store.ledger import Commit
    from trailscan.store.reader import StoreReader
    from trailscan.window import Window

_KEY_ID = r'"accessKeyId":"(?P<key>\w+)"'
_READ = ["record", "log_file_bucket", "log_file_key", "record_index", "user_identity_access_key_id"]
_FILTER = ("event_source", "event_name", "response_elements")


def read_issuances(store: StoreReader, window: Window | None = None) -> list[Issued]:
    """The records that issued credentials which events of the store used, hop by hop.

    Of other records of AWS STS, of which a store can hold millions, only the response is read.

    Args:
        store: where they are.
        window: of event time; None for all.
    """
    if not any(map(_may_hold_issuances, store.commits)):
        return []
    if not store.events(window, ["event_id"], _issuing, ordered=False).num_rows:
        return []
    used = store.events(
        window,
        ["user_identity_access_key_id"],
        where=lambda rows: pc.invert(_issuing(rows)),
        ordered=False,
    )
    new, known, found = _key_ids(used), set[str](), list[Issued]()
    while new:
        known |= new
        rows = _issued(store, window, new)
        found += _decoded(rows)
        new = _key_ids(rows) - known
    return found


def _may_hold_issuances(commit: Commit) -> bool:
    """Whether a commit kept records of AWS STS: asked for, or as evidence of an earlier load."""
    kept = commit.counts.kept > 0
    return kept and (not commit.event_sources or covers(commit.event_sources, STS))


def read_calls(store: StoreReader, window: Window | None = None) -> list[Call]:
    """The calls with temporary credentials, one for each identity, without issuing records."""
    rows = store.events(
        window,
        ["user_identity", "event_time", "recipient_account_id"],
        lambda rows: pc.and_(
            pc.invert(_issuing(rows)),
            pc.starts_with(pc.fill_null(rows["user_identity_access_key_id"], ""), "ASIA"),
        ),
        filter_columns=("event_source", "event_name", "user_identity_access_key_id"),
    )
    decode = msgspec.json.Decoder(UserIdentity).decode
    found: dict[str, Call] = {}
    for identity, when, account in zip(*(one.to_pylist() for one in rows.columns), strict=True):
        if identity not in found:
            found[identity] = Call(decode(identity), when, account)
    return [*found.values()]


def _issuing(rows: pa.Table) -> pa.Array:
    """The events that can have issued credentials."""
    sts = pc.is_in(rows["event_source"], value_set=strings([STS]))
    return pc.and_(sts, pc.is_in(rows["event_name"], value_set=strings(ISSUERS)))


def _issued(store: StoreReader, window: Window | None, key_ids: Iterable[str]) -> pa.Table:
    """The events that issued some access keys."""
    wanted = strings(sorted(key_ids))

    def where(rows: pa.Table) -> pa.Array:
        key_id = pc.struct_field(pc.extract_regex(rows["response_elements"], _KEY_ID), "key")
        return pc.and_(_issuing(rows), pc.is_in(key_id, value_set=wanted))

    return store.events(window, _READ, where, filter_columns=_FILTER, ordered=False)


def _key_ids(rows: pa.Table) -> set[str]:
    """The access keys that some events used."""
    return {key for key in pc.unique(rows["user_identity_access_key_id"]).to_pylist() if key}


def _decoded(rows: pa.Table) -> Iterable[Issued]:
    """The events as issuing records."""
    columns = [rows[name].to_pylist() for name in _READ[:4]]
    for record, bucket, key, index in zip(*columns, strict=True):
        where = str(Location(bucket, key, index))
        if one := read_issued(decode_record(record.encode()), where):
            yield one
