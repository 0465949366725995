"""Verdicts as values: one a digest, one a log file, and the gaps between digests.

A verdict is a word (`modified`), a reason (`hash`) that says by what it was found, and how bad that
is: `fine`, `incomplete` (nothing can be said) or `tampered`. Each names what was expected, what was
found, and where. The sentences for people are the table below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from trailscan.trail.digest import Digest, DigestKey

Severity = Literal["fine", "incomplete", "tampered"]
Proof = Literal["signature", "quoted_signature", "quoted_hash"]
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
    """How bad a verdict is, and what it says in words."""

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
    ("modified", "trailing_bytes"): Meaning("tampered", "bytes follow the signed gzip data"),
    ("modified", "gzip_members"): Meaning("tampered", "more gzip data follows the signed one"),
    ("modified", "plain"): Meaning("tampered", "stored uncompressed, not as delivered"),
    ("malformed", "*"): Meaning("tampered", "it is no digest"),
    ("missing", "quoted"): Meaning("tampered", "a later digest names it, and it is not there"),
    ("missing", "inferred"): Meaning(
        "tampered", "digests come at an even pace, and this one is not there"
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
    """What is to be said of one digest.

    Attributes:
        bucket: where it is, or should be.
        key: the same.
        name: what its key says.
        verdict: in one word.
        reason: by what that was found; for `malformed` and `unread` the reason of the failure.
        expected: what should have been there.
        found: what was.
        proof: by what its content is known to be AWS's; None when it is not, whatever the verdict.
        proved_by: the key of the digest that quotes it, when that is the proof.
        digest: what it says; None when it is missing or malformed.
        signature: the one that was checked, in hex.
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
        """How bad it is, and what it says."""
        return _meaning(DIGEST_MEANINGS, self.verdict, self.reason)

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.meaning.severity


@dataclass(frozen=True, slots=True)
class LogFileVerdict:
    """What is to be said of one log file.

    Attributes:
        bucket: where it is, or should be.
        key: the same.
        verdict: in one word.
        reason: by what that was found; for `unproven` the verdict of the digest.
        expected: the SHA-256 that a digest attests, in hex; of `outside` where it should be.
        found: the SHA-256 of what is there, or what is wrong with it.
        digest_key: the digest that names it; None when none does.
        proof: by what that digest is known to be AWS's.
        ledger: whether the store holds it; `changed`: of other bytes. None: no store was asked.
        loaded_sha256: what the store read, in hex, if it was computed.
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
    loaded_sha256: str | None = None
    delivered: datetime | None = None

    @property
    def meaning(self) -> Meaning:
        """How bad it is, and what it says."""
        own = _meaning(LOG_FILE_MEANINGS, self.verdict, self.reason)
        return _CHANGED if self.ledger == "changed" and own.severity == "fine" else own

    @property
    def severity(self) -> Severity:
        """How bad it is; what was loaded of other bytes than those attested is tampering."""
        return self.meaning.severity if self.ledger != "changed" else "tampered"


class Gap(NamedTuple):
    """A time that no digest of a chain covers.

    Attributes:
        kind: `stopped` between two digests, where logging or validation was off; `unexplained`
            between two digests, where a digest that would say so is missing or proves nothing;
            `start` before the first one, which says of itself that it is the first; `end` after
            the last one.
        chain: the folder, region and trail, as `folder trail`.
        start: UTC; None for the beginning of what was asked.
        end: UTC; None for its end.
    """

    kind: GapKind
    chain: str
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class ChainVerdicts:
    """What is to be said of one chain of digests, newest first.

    Attributes:
        digests: those asked for, found or missing.
        gaps: times that no digest covers.
        context: digests just outside of the window, judged too, for what they say of those inside.
    """

    digests: tuple[DigestVerdict, ...]
    gaps: tuple[Gap, ...]
    context: tuple[DigestVerdict, ...] = ()


def _meaning(table: dict[tuple[str, str], Meaning], verdict: str, reason: str) -> Meaning:
    """The row of a verdict; `*` stands for any reason."""
    return table.get((verdict, reason)) or table[verdict, "*"]
