"""The Arrow schema of events, for every eventVersion from 1.0 to 1.11.

Columns are CloudTrail's fields in snake_case. The nested objects that reports need are JSON text,
`record` is the whole record as it was written, and the last columns say where it was read. Times
are UTC.
"""

from __future__ import annotations

from array import array
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from trailscan.events.event import SessionAttributes, SessionContext, SessionIssuer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.events.row import EventRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

INSTANT = pa.timestamp("us", tz="UTC")

EVENTS = pa.schema(
    [
        ("event_time", INSTANT),
        ("event_id", pa.string()),
        ("event_source", pa.string()),
        ("event_name", pa.string()),
        ("event_version", pa.string()),
        ("event_type", pa.string()),
        ("event_category", pa.string()),
        ("aws_region", pa.string()),
        ("recipient_account_id", pa.string()),
        ("shared_event_id", pa.string()),
        ("request_id", pa.string()),
        ("read_only", pa.bool_()),
        ("management_event", pa.bool_()),
        ("source_ip_address", pa.string()),
        ("user_agent", pa.string()),
        ("error_code", pa.string()),
        ("error_message", pa.string()),
        ("api_version", pa.string()),
        ("vpc_endpoint_id", pa.string()),
        ("session_credential_from_console", pa.string()),
        ("user_identity_type", pa.string()),
        ("user_identity_principal_id", pa.string()),
        ("user_identity_arn", pa.string()),
        ("user_identity_account_id", pa.string()),
        ("user_identity_user_name", pa.string()),
        ("user_identity_access_key_id", pa.string()),
        ("user_identity_invoked_by", pa.string()),
        ("session_issuer_arn", pa.string()),
        ("session_issuer_user_name", pa.string()),
        ("source_identity", pa.string()),
        ("mfa_authenticated", pa.string()),
        ("user_identity", pa.string()),  # JSON, as are the next three
        ("request_parameters", pa.string()),
        ("response_elements", pa.string()),
        ("service_event_details", pa.string()),
        ("record", pa.string()),  # the record's own bytes
        ("record_sha256", pa.string()),  # of its content, whatever its spacing and order
        ("conflict", pa.bool_()),  # another event of the same account and id differs
        ("log_file_bucket", pa.string()),
        ("log_file_key", pa.string()),
        ("log_file_etag", pa.string()),
        ("log_file_sha256", pa.string()),  # of the uncompressed bytes, as digests attest it
        ("record_index", pa.int32()),  # position in the log file, from 0
    ]
)
"""One row per event."""


class Evidence(NamedTuple):
    """The log file that an event was read from."""

    bucket: str
    key: str
    etag: str
    sha256: str | None


def event_values(row: EventRow, evidence: Evidence, *, conflict: bool) -> tuple[object, ...]:
    """An event's values in the order of `EVENTS`."""
    event, who = row.event, row.event.user_identity
    session = who.session_context or SessionContext()
    issuer = session.session_issuer or SessionIssuer()
    mfa = (session.attributes or SessionAttributes()).mfa_authenticated
    console = event.session_credential_from_console
    return (
        event.event_time,
        event.event_id,
        event.event_source,
        event.event_name,
        event.event_version,
        event.event_type,
        event.event_category,
        event.aws_region,
        row.recipient_account_id,
        event.shared_event_id,
        event.request_id,
        event.read_only,
        event.management_event,
        event.source_ip_address,
        event.user_agent,
        event.error_code,
        event.error_message,
        event.api_version,
        event.vpc_endpoint_id,
        str(console).lower() if isinstance(console, bool) else console,
        who.type,
        who.principal_id,
        who.arn,
        who.account_id,
        who.user_name,
        who.access_key_id,
        who.invoked_by,
        issuer.arn,
        issuer.user_name,
        session.source_identity,
        None if mfa is None else str(mfa).lower(),
        *row.nested,
        row.record,
        row.record_sha256,
        conflict,
        *evidence,
        row.record_index,
    )


def strings(values: Iterable[str]) -> pa.StringArray:
    """Texts as an Arrow array, from buffers, because `pa.array` imports pandas (0.15 s)."""
    raw = [text.encode() for text in values]
    offsets = array("i", accumulate(map(len, raw), initial=0))
    buffers = (pa.py_buffer(offsets), pa.py_buffer(b"".join(raw)))
    return pa.StringArray.from_buffers(len(raw), *buffers)


def instant(when: datetime) -> pa.TimestampScalar:
    """An aware instant as an Arrow scalar, from a buffer, because `pa.scalar` imports pandas."""
    microseconds = array("q", [(when - _EPOCH) // timedelta(microseconds=1)])
    return pa.Array.from_buffers(INSTANT, 1, [None, pa.py_buffer(microseconds)])[0]


def to_table(rows: list[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    """Rows of values as an Arrow table of a schema."""
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [
        pa.array(values, type=field.type) for values, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
