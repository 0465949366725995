"""Verdicts as values: one for each digest, one for each log file, and the gaps between digests.

A verdict has a word (`modified`), a reason (`hash`) and a severity: `fine`, `incomplete` (nothing
is proved) or `tampered`. Each verdict has the location, the expected and the actual value. The
tables below hold the sentences for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from trailscan.trail.digest import Digest, DigestKey

Severity = Literal["fine", "incomplete", "tampered"]
Proof = Literal["signature", "quoted_signature", "quoted_hash", "stored"]
"""What proves a digest; `stored`: the store says that an earlier validation proved it."""

Ledger = Literal["loaded", "not_loaded", "changed"]
GapKind = Literal["stopped", "unexplained", "start", "end"]
DigestWord = Literal[
    "valid",
    "modified",
    "malformed",
    "missing",
    "moved",
    "unsigned",
    "unknown_key",
    "unusable_key",
    "outside",
    "unread",
]
LogFileWord = Literal[
    "valid",
    "modified",
    "missing",
    "unattested",
    "pending",
    "unproven",
    "conflicting",
    "outside",
    "unread",
]


class Meaning(NamedTuple):
    """The severity of a verdict, and the verdict in words."""

    severity: Severity
    words: str


DIGEST_MEANINGS: dict[tuple[str, str], Meaning] = {
    ("valid", "signature"): Meaning("fine", "signed by AWS, as its metadata say"),
    ("valid", "quoted_signature"): Meaning("fine", "signed by AWS, as the next digest quotes it"),
    ("modified", "signature"): Meaning("tampered", "the signature is not that of this content"),
    ("modified", "metadata"): Meaning(
        "tampered", "the content is what was signed, the signature in its metadata is not"
    ),
    ("modified", "hash"): Meaning("tampered", "the content is not what the next digest quotes"),
    ("modified", "proved_before"): Meaning(
        "tampered", "the content is not what an earlier validation proved"
    ),
    ("modified", "trailing_bytes"): Meaning("tampered", "bytes follow the signed gzip data"),
    ("modified", "gzip_members"): Meaning("tampered", "more gzip data follows the signed one"),
    ("modified", "plain"): Meaning("tampered", "stored uncompressed, not as delivered"),
    ("malformed", "*"): Meaning("tampered", "it is no digest"),
    ("missing", "quoted"): Meaning("tampered", "a later digest names it, and it is not there"),
    ("missing", "inferred"): Meaning(
        "tampered", "digests come at an even pace, and this one is not there"
    ),
    ("missing", "proved_before"): Meaning(
        "tampered", "an earlier validation proved it, and it is not there any more"
    ),
    ("missing", "before_first"): Meaning(
        "incomplete", "the oldest digest there names it: deleted, or expired"
    ),
    ("moved", "bucket"): Meaning("tampered", "signed for another bucket"),
    ("moved", "key"): Meaning("tampered", "signed for another key"),
    ("unsigned", "no_metadata"): Meaning("tampered", "its metadata hold no signature any more"),
    ("unsigned", "not_quoted"): Meaning(
        "incomplete", "a copy without its metadata, and no later digest that quotes its signature"
    ),
    ("unknown_key", "no_key"): Meaning("incomplete", "its public key is not at hand"),
    ("unknown_key", "not_listed"): Meaning("tampered", "AWS lists no such public key then"),
    ("unusable_key", "not_rsa"): Meaning("incomplete", "its public key cannot be used"),
    ("outside", "bucket"): Meaning(
        "incomplete", "the chain goes on in another bucket, which was not read"
    ),
    ("outside", "key"): Meaning("incomplete", "the chain goes on elsewhere, which was not read"),
    ("unread", "*"): Meaning("incomplete", "it could not be read"),
}

LOG_FILE_MEANINGS: dict[tuple[str, str], Meaning] = {
    ("valid", "hash"): Meaning("fine", "as a digest attests it"),
    ("valid", "plain"): Meaning("fine", "content as attested, stored uncompressed in a copy"),
    ("valid", "copy"): Meaning("fine", "elsewhere, with the content of an attested log file"),
    ("modified", "hash"): Meaning("tampered", "the content is not what was attested"),
    ("modified", "plain"): Meaning("tampered", "stored uncompressed, not as delivered"),
    ("modified", "trailing_bytes"): Meaning("tampered", "bytes follow the attested gzip data"),
    ("modified", "gzip_members"): Meaning("tampered", "more gzip data follows the attested one"),
    ("modified", "*"): Meaning("tampered", "it cannot be uncompressed any more"),
    ("missing", "deleted"): Meaning("tampered", "attested, and not there"),
    ("missing", "only_loaded"): Meaning("incomplete", "loaded once, in no digest, not there now"),
    ("unattested", "in_no_digest"): Meaning(
        "tampered", "digests cover the time of its delivery, and none names it"
    ),
    ("unattested", "future"): Meaning(
        "tampered", "its name says that it is delivered later than now"
    ),
    ("unattested", "outside"): Meaning(
        "incomplete", "outside the folders of accounts, and no digest names its content"
    ),
    ("unattested", "no_digest_then"): Meaning(
        "incomplete", "no digest covers the time of its delivery"
    ),
    ("unattested", "after_last"): Meaning("incomplete", "delivered long after the last digest"),
    ("unattested", "no_digests"): Meaning("incomplete", "there are no digests at all"),
    ("pending", "younger"): Meaning("fine", "the digest that will name it is not due yet"),
    ("unproven", "*"): Meaning("incomplete", "only a digest names it that proves nothing itself"),
    ("conflicting", "digests"): Meaning("incomplete", "two digests attest different hashes"),
    ("outside", "bucket"): Meaning("incomplete", "attested in another bucket, which was not read"),
    ("outside", "key"): Meaning("incomplete", "attested elsewhere, which was not read"),
    ("unread", "*"): Meaning("incomplete", "it could not be read"),
}

_CHANGED = Meaning("tampered", "what was loaded is not what was attested")


@dataclass(frozen=True, slots=True)
class DigestVerdict:
    """The verdict on one digest.

    Attributes:
        bucket: the bucket in which it is, or should be.
        key: its key in that bucket.
        name: the parts of its key.
        verdict: in one word.
        reason: why; for `malformed` and `unread` the reason of the failure.
        expected: what should have been there.
        found: what was there.
        proof: what proves that its content is from AWS; None without proof, whatever the verdict.
        proved_by: the key of the digest that quotes it, if that is the proof.
        digest: its content; None if it is missing or malformed.
        signature: the signature that was checked, in hex.
    """

    bucket: str
    key: str
    name: DigestKey
    verdict: DigestWord
    reason: str
    expected: str | None = None
    found: str | None = None
    proof: Proof | None = None
    proved_by: str | None = None
    digest: Digest | None = None
    signature: str | None = None

    @property
    def meaning(self) -> Meaning:
        """The severity of the verdict, and the verdict in words."""
        return _meaning(DIGEST_MEANINGS, self.verdict, self.reason)

    @property
    def severity(self) -> Severity:
        """The severity of the verdict."""
        return self.meaning.severity


@dataclass(frozen=True, slots=True)
class LogFileVerdict:
    """The verdict on one log file.

    Attributes:
        bucket: the bucket in which it is, or should be.
        key: its key in that bucket.
        verdict: in one word.
        reason: why; for `unproven` the verdict of the digest.
        expected: the SHA-256 that a digest attests, in hex.
        found: the SHA-256 of what is there, or what is wrong with it.
        digest_key: the digest that names it; None if no digest does.
        proof: what proves that this digest is from AWS.
        ledger: whether the store holds it; `changed`: with other bytes. None: without a store.
        delivered: by its name, UTC.
    """

    bucket: str
    key: str
    verdict: LogFileWord
    reason: str
    expected: str | None = None
    found: str | None = None
    digest_key: str | None = None
    proof: Proof | None = None
    ledger: Ledger | None = None
    delivered: datetime | None = None

    @property
    def meaning(self) -> Meaning:
        """The severity of the verdict, and the verdict in words."""
        own = _meaning(LOG_FILE_MEANINGS, self.verdict, self.reason)
        return _CHANGED if self.ledger == "changed" and own.severity == "fine" else own

    @property
    def severity(self) -> Severity:
        """The severity; a log file that was loaded with other bytes than attested is tampered."""
        return self.meaning.severity if self.ledger != "changed" else "tampered"


class Gap(NamedTuple):
    """A time that no digest of a chain covers.

    Attributes:
        kind: `stopped` between two digests, where logging or validation was off; `unexplained`
            between two digests, where a digest that would say so is missing or proves nothing;
            `start` before the first one, which says of itself that it is the first; `end` after
            the last one.
        chain: the folder, region and trail, as `folder trail`.
        start: UTC; None for the start of the window.
        end: UTC; None for the end of the window.
    """

    kind: GapKind
    chain: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class ChainVerdicts:
    """The verdicts on one chain of digests, newest first.

    Attributes:
        digests: on the digests of the window, present or missing.
        gaps: times that no digest covers.
        context: on the digests just outside the window, which quote those inside.
    """

    digests: tuple[DigestVerdict, ...]
    gaps: tuple[Gap, ...]
    context: tuple[DigestVerdict, ...] = ()


def _meaning(table: dict[tuple[str, str], Meaning], verdict: str, reason: str) -> Meaning:
    """The row of a verdict; `*` stands for any reason."""
    return table.get((verdict, reason)) or table[verdict, "*"]
