"""Whether log files were attested by CloudTrail's digests, in words: what validations found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from trailscan.store.attestations import Attested
    from trailscan.store.reader import StoreReader

NOT_CHECKED = "not checked"

STATES = {
    "attested": "attested",
    "differs": "NOT as attested: AWS signed for other bytes",
    "unattested": "in no digest",
    "pending": "in no digest yet: it was not due",
    "unproven": "named only by a digest that proves nothing itself",
    "unknown": NOT_CHECKED,
}
"""What the states of `trailscan.store.attestations.Attested` mean."""


def attestation(store: StoreReader, bucket: str, key: str, sha256: str | None) -> str:
    """What CloudTrail's digests say of what was loaded of a log file, in words."""
    return in_words(store.attested(bucket, key, sha256))


def in_words(found: Attested) -> str:
    """The same of what the store said; names the digest, and what has become of the log file."""
    parts = [STATES[found.state]]
    if found.digest_key is not None:
        parts.append(f"digest {found.digest_key.rpartition('/')[2]}")
    if found.verdict is not None and not found.verdict.startswith(("valid/", "pending/")):
        parts.append(f"in the bucket: {found.verdict.partition('/')[0]}")
    return "; ".join(parts)


def count_attested(store: StoreReader, days: Iterable[date] | None = None) -> Counter[str]:
    """How many log files that the store holds are in each state, those of some days or of all."""
    wanted = None if days is None else list(days)
    columns = ["bucket", "key", "sha256", "status"]
    held: dict[tuple[str, str], str | None] = {}
    for row in store.log_files(wanted, columns).to_pylist():
        if row["status"] == "done":
            held[row["bucket"], row["key"]] = row["sha256"]
    return Counter(store.attested(*place, sha256).state for place, sha256 in held.items())


def attested_rows(store: StoreReader, rows: Iterable[dict[str, Any]]) -> list[Attested]:
    """For each row of `LOG_FILES` what the digests say of it."""
    return [store.attested(row["bucket"], row["key"], row["sha256"]) for row in rows]
