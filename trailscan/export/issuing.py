"""The records that issued the credentials of the changes of a night, of whatever day they are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.events.schema import strings
from trailscan.export.evidence import EVENTS, ORDER, log_file_name
from trailscan.export.files import in_one_line
from trailscan.sessions.issued import STS
from trailscan.store.attestations import judge_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.export.evidence import Evidence
    from trailscan.table import Table

ISSUING = "issuing_records.jsonl"
"""The file of a package that holds them."""


def issuing_lines(evidence: Evidence, changes: Table) -> list[tuple[dict[str, Any], str]]:
    """The lines of `issuing_records.jsonl`: where a record was read, for what, and its text."""
    used: defaultdict[str, set[str]] = defaultdict(set)
    for row in changes.records():
        chain: Any = row["principal_chain"]
        for hop in chain or ():
            used[hop["event_id"]].add(str(row["event_id"]))
    return list(_lines(evidence, used)) if used else []


def _lines(evidence: Evidence, used: dict[str, set[str]]) -> Iterator[tuple[dict[str, Any], str]]:
    """A line for each record of AWS STS with one of some event ids."""
    ids = strings(sorted(used))

    def where(rows: pa.Table) -> pa.Array:
        sts = pc.is_in(rows["event_source"], value_set=strings([STS]))
        return pc.and_(sts, pc.is_in(rows["event_id"], value_set=ids))

    found = evidence.store.events(
        None, EVENTS, where, filter_columns=("event_source", "event_id"), ordered=False
    )
    rows = found.sort_by([(name, "ascending") for name in ORDER]).to_pylist()
    said = evidence.store.attestations_of(
        {(row["log_file_bucket"], row["log_file_key"]) for row in rows}
    )
    digests = {(one.row["bucket"], one.row["key"]): one.path for one in evidence.digests}
    for row in rows:
        bucket, key, sha256 = row["log_file_bucket"], row["log_file_key"], row["log_file_sha256"]
        judged = judge_row(said.get((bucket, key)), sha256)
        place = {
            "log_file": log_file_name(key),
            "bucket": bucket,
            "key": key,
            "etag": row["log_file_etag"],
            "sha256": sha256,
            "position": row["record_index"],
            "attestation": judged.state,
            "digest": judged.digest_key and digests.get((bucket, judged.digest_key)),
            "issued_for": sorted(used[row["event_id"]]),
        }
        yield place, in_one_line(row["record"])
