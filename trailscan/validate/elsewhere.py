"""Judges log files outside the folders of accounts, which no chain of digests covers.

A load reads them wherever they lie. CloudTrail attests content: a copy of an attested log file is
known by its SHA-256. Any other one is in no digest, which is tampering where digests cover the time
in its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trailscan.trail.keys import parse_key
from trailscan.validate.reconcile import Attestation, Hashed, is_covered, is_future
from trailscan.validate.verdicts import LogFileVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from trailscan.validate.reconcile import TimeRange
    from trailscan.validate.verdicts import Ledger, LogFileWord


class AttestedContent(NamedTuple):
    """A log file by its content: where a proved digest attests it, and that digest.

    Attributes:
        key: in the archive.
        by: the attestation.
    """

    key: str
    by: Attestation


class Elsewhere(NamedTuple):
    """A log file outside the folders of accounts.

    Attributes:
        bucket: where it is or was.
        key: its key in that bucket.
        hashed: the result of reading it.
        ledger: whether the store holds it; None without a store.
        loaded: the SHA-256 of what was loaded, in hex; None if that is not known.
    """

    bucket: str
    key: str
    hashed: Hashed
    ledger: Ledger | None = None
    loaded: str | None = None


def judge_elsewhere(
    one: Elsewhere,
    attested: Mapping[str, AttestedContent],
    covered: Mapping[tuple[str, str], list[TimeRange]],
    clock: datetime,
) -> LogFileVerdict:
    """The verdict on a log file outside the folders of accounts.

    Args:
        one: the log file.
        attested: what proved digests attest, by SHA-256 in hex.
        covered: the times that proved digests cover, by account and region.
        clock: the present.
    """
    known = attested.get(one.hashed.sha256 or "")
    verdict, reason = _judge(one, known, covered, clock)
    changed = known is not None and one.loaded not in (None, one.hashed.sha256)
    return LogFileVerdict(
        bucket=one.bucket,
        key=one.key,
        verdict=verdict,
        reason=reason,
        expected=known.by.log_file.sha256 if known else "a digest that names its content",
        found=known.key if known else _found(one.hashed),
        digest_key=known.by.by.key if known else None,
        proof=known.by.by.proof if known else None,
        ledger="changed" if changed else one.ledger,
        delivered=parse_key(one.key).delivered,
    )


def _found(hashed: Hashed) -> str:
    """What is there, in words or as its SHA-256."""
    return "none" if hashed.absent else hashed.unread or hashed.sha256 or hashed.problem or "none"


def _judge(
    one: Elsewhere,
    known: AttestedContent | None,
    covered: Mapping[tuple[str, str], list[TimeRange]],
    clock: datetime,
) -> tuple[LogFileWord, str]:
    """Verdict and reason."""
    if one.hashed.absent:
        return "missing", "only_loaded"
    if one.hashed.unread is not None:
        return "unread", "unreadable"
    if known is not None:
        return "valid", "copy"
    name = parse_key(one.key)
    if is_future(name.delivered, clock):
        return "unattested", "future"
    times = covered.get((name.account_id or "", name.region or ""), [])
    if name.delivered is not None and is_covered(name.delivered, times):
        return "unattested", "in_no_digest"
    return "unattested", "outside"
