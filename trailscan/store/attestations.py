"""The tables of validations in a store: verdicts on digests and log files, and public keys.

    attestations/delivery_date=2026-11-22/part-….parquet    one row a verdict on a log file
    digests/digest_date=2026-11-22/part-….parquet    one row a verdict on a digest, with its bytes
    public_keys/part-….parquet    the keys that checked signatures

A verdict that changed is a new row; the last row in the ledger counts. An event belongs to the row
of its `log_file_bucket` and `log_file_key`.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import pyarrow as pa

from trailscan.events.schema import INSTANT

ATTESTATIONS = pa.schema(
    [
        ("bucket", pa.string()),
        ("key", pa.string()),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("attested_sha256", pa.string()),  # of the uncompressed bytes, as the digest says
        ("found", pa.string()),  # its SHA-256, what is wrong, or the key of which it is a copy
        ("digest_key", pa.string()),  # in the same bucket; null: no digest names it
        ("digest_proof", pa.string()),  # how the digest is known to be AWS's; null: it is not
        ("ledger", pa.string()),  # loaded, not_loaded, changed
        ("delivered", INSTANT),
    ]
)
"""One row a verdict on a log file, if the store holds the log file or the verdict is not fine."""

DIGESTS = pa.schema(
    [
        ("bucket", pa.string()),
        ("key", pa.string()),
        ("organization_id", pa.string()),
        ("account_id", pa.string()),
        ("region", pa.string()),
        ("trail", pa.string()),
        ("backfill", pa.bool_()),
        ("start", INSTANT),
        ("end", INSTANT),
        ("verdict", pa.string()),
        ("reason", pa.string()),
        ("expected", pa.string()),
        ("found", pa.string()),
        ("proof", pa.string()),
        ("proved_by", pa.string()),
        ("sha256", pa.string()),
        ("fingerprint", pa.string()),
        ("signature", pa.string()),
        ("log_files", pa.int32()),  # how many it names
        ("body", pa.binary()),  # its uncompressed bytes, as they were signed
    ]
)
"""One row a verdict on a digest, if the store holds its account and region or the verdict is not
fine."""

PUBLIC_KEYS = pa.schema(
    [
        ("fingerprint", pa.string()),
        ("value", pa.binary()),  # PKCS #1 in DER
        ("valid_from", INSTANT),
        ("valid_to", INSTANT),
        ("origin", pa.string()),
    ]
)
"""One row a public key."""

AttestedState = Literal["attested", "differs", "unattested", "pending", "unproven", "unknown"]


class Attested(NamedTuple):
    """Whether the log file that the store read is the one that a digest attests.

    Attributes:
        state: `attested`: AWS signed for these bytes. `differs`: AWS signed for other bytes.
            `unattested`: no digest names the log file. `pending`: the digest that will name it was
            not due yet. `unproven`: it is only named by a digest that proves nothing itself.
            `unknown`: never validated, or the hash of what was loaded was not computed.
        digest_key: the digest that names it, in the same bucket; None when none does.
        verdict: the verdict on the log file in the bucket, such as `missing/deleted`; None if it
            was never validated.
        copy_of: the key of the attested log file that it is a copy of; None if it is none.
    """

    state: AttestedState
    digest_key: str | None = None
    verdict: str | None = None
    copy_of: str | None = None


UNKNOWN = Attested("unknown")


def judge_row(row: dict[str, Any] | None, sha256: str | None) -> Attested:
    """The state that a row of `ATTESTATIONS` gives bytes with this SHA-256 (None: not computed)."""
    if row is None:
        return UNKNOWN
    verdict, digest = f"{row['verdict']}/{row['reason']}", row["digest_key"]
    if digest is None:
        state: AttestedState = "pending" if row["verdict"] == "pending" else "unattested"
    elif row["digest_proof"] is None or row["verdict"] in ("conflicting", "outside"):
        state = "unproven"
    elif sha256 is None:
        state = "attested" if row["verdict"] == "valid" else "unknown"
    else:
        state = "attested" if sha256 == row["attested_sha256"] else "differs"
    is_copy = state == "attested" and row["reason"] == "copy"
    return Attested(state, digest, verdict, row["found"] if is_copy else None)
