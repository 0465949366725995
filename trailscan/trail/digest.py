"""Digest files: stored bytes -> a frozen value, and the grammar of their keys.

A digest names the log files that CloudTrail delivered in an hour, with the SHA-256 of each, and
quotes hash and signature of the digest before it
(docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html).
Its own signature is not in it: that is metadata of its S3 object.

Digests are read from where an attacker may write: whatever the bytes are, the answer is a `Digest`
or a `DecodeError`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trailscan.errors import DecodeError
from trailscan.trail.gunzip import Inflated, inflate, inflate_first
from trailscan.window import day_path

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DIGEST_BYTES = 32 * 1024 * 1024
"""The largest digest that is read: CloudTrail's name some hundred log files, 500 bytes each."""

_NAME = re.compile(
    r"(?P<account>[0-9]{12})_CloudTrail-Digest_(?P<region>[a-z0-9-]{5,30})"
    r"(?:_(?P<trail>[A-Za-z0-9._-]{3,128})_(?P<home>[a-z0-9-]{5,30}))?"
    r"_(?P<time>[0-9]{8}T[0-9]{6}Z)(?P<backfill>_backfill)?\.json(?:\.gz)?"
)
_DATE = re.compile(r"[0-9]{4}/[0-9][0-9]/[0-9][0-9]/")
_DATE_LENGTH = 11
_ORGANIZATION = re.compile(r"(?:^|/)(o-[a-z0-9]{10,32})/[0-9]{12}/CloudTrail-Digest/")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z|[0-9]{8}T[0-9]{6}Z")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_KEY = 1024  # bytes, of an S3 object key
_LONGEST_NAME = 255  # letters; a bucket's name has at most 255, a fingerprint 32
_LONGEST_SIGNATURE = 4096  # letters; a 4,096-bit key signs with 1,024


class ChainName(NamedTuple):
    """The part of a key that all digests of one chain share.

    Attributes:
        folder: everything in the key before the date.
        account_id: the account whose log files they attest.
        region: the region of those log files.
        trail: the trail's name; None in keys of the oldest form.
        home_region: the region in which the trail was created.
        backfill: a chain of backfill digests, which attest what ordinary digests missed.
    """

    folder: str
    account_id: str
    region: str
    trail: str | None
    home_region: str | None
    backfill: bool


class DigestKey(NamedTuple):
    """The parts of a digest's key: its chain, the organization, and when the digest ends (UTC)."""

    chain: ChainName
    organization_id: str | None
    end: datetime

    def at(self, end: datetime) -> str:
        """The key that a digest of this chain with another end has."""
        chain = self.chain
        trail = "" if chain.trail is None else f"_{chain.trail}_{chain.home_region}"
        time = f"{day_path(end).replace('/', '')}T{end:%H%M%S}Z"
        name = f"{chain.account_id}_CloudTrail-Digest_{chain.region}{trail}_{time}"
        suffix = "_backfill" if chain.backfill else ""
        return f"{chain.folder}{day_path(end)}/{name}{suffix}.json.gz"


class AttestedLogFile(NamedTuple):
    """A log file as a digest names it.

    Attributes:
        bucket: the bucket that CloudTrail delivered it to.
        key: its key in that bucket.
        sha256: hex, of its uncompressed bytes.
    """

    bucket: str
    key: str
    sha256: str


class Previous(NamedTuple):
    """The previous digest as a digest quotes it; the hash is that of its uncompressed bytes."""

    bucket: str
    key: str
    sha256: str
    signature: str | None


@dataclass(frozen=True, slots=True)
class Digest:
    """The content of a digest.

    Attributes:
        account_id: the account whose log files it attests.
        start: it attests what was delivered from this time on, UTC.
        end: it attests what was delivered until this time, UTC.
        end_text: the end as it is signed.
        bucket: the bucket that CloudTrail delivered this digest to.
        key: its key in that bucket.
        fingerprint: of the public key that its signature is checked with.
        previous: the previous digest; None at the start of a chain.
        previous_signature: as it is signed; None if the file has null.
        log_files: the log files that it attests; none of a `head`.
        log_file_count: how many there are.
        sha256: hex, of the digest's uncompressed bytes.
        stored: its bytes as they are stored; none of a `head`.
        deviations: how it differs from its delivered form: `plain`, `gzip_members`,
            `trailing_bytes`.
    """

    account_id: str
    start: datetime
    end: datetime
    end_text: str
    bucket: str
    key: str
    fingerprint: str
    previous: Previous | None
    previous_signature: str | None
    log_files: tuple[AttestedLogFile, ...]
    log_file_count: int
    sha256: str
    stored: bytes
    deviations: tuple[str, ...] = ()

    @property
    def body(self) -> bytes:
        """Its uncompressed bytes, as they were signed."""
        return bytes(_inflate(self.stored, MAX_DIGEST_BYTES).body)

    @property
    def head(self) -> Digest:
        """The digest without its bytes and log files, which is enough to judge its chain."""
        return replace(self, log_files=(), stored=b"")

    @property
    def is_head(self) -> bool:
        """Whether its bytes and log files were left out."""
        return not self.stored

    @property
    def signed_text(self) -> bytes:
        """The string that CloudTrail signs: four lines, the last one without its end.

        Source: the page named above, and `Sha256RSADigestValidator` of aws-cli for `null`.
        """
        lines = (
            self.end_text,
            f"{self.bucket}/{self.key}",
            self.sha256,
            self.previous_signature or "null",
        )
        return "\n".join(lines).encode()


class Signature(NamedTuple):
    """The signature in the metadata of a digest's S3 object.

    Attributes:
        signature: in hex, unless it is malformed.
        generated: when a backfill digest was created, UTC; None for others.
    """

    signature: str
    generated: datetime | None = None


class _LogFile(msgspec.Struct):
    s3Bucket: str  # noqa: N815  # CloudTrail's names, as they stand in the file
    s3Object: str  # noqa: N815
    hashValue: str  # noqa: N815
    hashAlgorithm: str  # noqa: N815


class _File(msgspec.Struct):
    awsAccountId: str  # noqa: N815
    digestStartTime: str  # noqa: N815
    digestEndTime: str  # noqa: N815
    digestS3Bucket: str  # noqa: N815
    digestS3Object: str  # noqa: N815
    digestPublicKeyFingerprint: str  # noqa: N815
    previousDigestSignature: str | None  # noqa: N815
    logFiles: list[_LogFile]  # noqa: N815
    previousDigestS3Bucket: str | None = None  # noqa: N815
    previousDigestS3Object: str | None = None  # noqa: N815
    previousDigestHashValue: str | None = None  # noqa: N815
    previousDigestHashAlgorithm: str | None = None  # noqa: N815


_FILE = msgspec.json.Decoder(_File)


def parse_digest_key(key: str) -> DigestKey | None:
    """What a key says of a digest, or None when it is no digest's."""
    folders, _, name = key.rpartition("/")
    found = _NAME.fullmatch(name)
    end = _instant(found["time"]) if found else None
    if found is None or end is None:
        return None
    folder = f"{folders}/" if folders else ""
    if _DATE.fullmatch(folder[-_DATE_LENGTH:]):
        folder = folder[:-_DATE_LENGTH]
    organization = _ORGANIZATION.search(folder)
    trail = (found["trail"], found["home"])
    chain = ChainName(folder, found["account"], found["region"], *trail, bool(found["backfill"]))
    return DigestKey(chain, organization[1] if organization else None, end)


def decode_digest(stored: bytes, most: int | None = None) -> Digest:
    """Decode a digest from its bytes as they are stored.

    Args:
        stored: the bytes as they are stored.
        most: the limit of uncompressed bytes; None for `MAX_DIGEST_BYTES`, which always holds.

    Raises:
        DecodeError: it is no digest: `empty`, `truncated_gzip`, `corrupt_gzip`,
            `inflates_too_large`, `not_json`, `not_a_digest`, `unknown_hash_algorithm`.
    """
    body, deviations = _inflate(stored, min(most or MAX_DIGEST_BYTES, MAX_DIGEST_BYTES))
    found = _decode(body)
    _bounded(found.previousDigestSignature or "", _LONGEST_SIGNATURE, "$.previousDigestSignature")
    return Digest(
        account_id=_bounded(found.awsAccountId, _LONGEST_NAME, "$.awsAccountId"),
        start=_when(found.digestStartTime, "$.digestStartTime"),
        end=_when(found.digestEndTime, "$.digestEndTime"),
        end_text=found.digestEndTime,
        bucket=_bounded(found.digestS3Bucket, _LONGEST_NAME, "$.digestS3Bucket"),
        key=_checked_key(found.digestS3Object, "$.digestS3Object"),
        fingerprint=_bounded(
            found.digestPublicKeyFingerprint, _LONGEST_NAME, "$.digestPublicKeyFingerprint"
        ),
        previous=_previous(found),
        previous_signature=found.previousDigestSignature,
        log_files=tuple(_log_file(one, place) for place, one in enumerate(found.logFiles)),
        log_file_count=len(found.logFiles),
        sha256=hashlib.sha256(body).hexdigest(),
        stored=stored,
        deviations=deviations,
    )


def _inflate(stored: bytes, most: int) -> Inflated:
    """The uncompressed bytes of a digest, of several gzip members the first."""
    try:
        found = inflate(stored, most)
        if "gzip_members" in found.deviations:  # the first may still be what was signed
            found = inflate_first(stored, most)
    except DecodeError as error:
        raise DecodeError(error.reason, str(error).replace("log file", "digest")) from None
    return found


def decode_signature(metadata: Mapping[str, str], *, backfill: bool) -> Signature | None:
    """The signature in an object's metadata, or None.

    Both `signature` and `signature-algorithm` must be there, as aws-cli asks; for a backfill digest
    also the time when it was made. The signature may still be no hex.
    """
    signature = metadata.get("signature")
    if not signature or "signature-algorithm" not in metadata:
        return None
    if not backfill:
        return Signature(signature)
    text = metadata.get("backfill-generation-timestamp", "")
    generated = _instant(text)
    return Signature(signature, generated) if generated else None


def decode_metadata(sidecar: bytes) -> dict[str, str]:
    """An object's metadata from what `aws s3api head-object` prints.

    Raises:
        DecodeError: `not_metadata`.
    """
    try:
        found = msgspec.json.decode(sidecar, type=_Head).Metadata
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise DecodeError("not_metadata", f"not the output of head-object: {error}") from None
    return {name.lower(): value for name, value in found.items()}


class _Head(msgspec.Struct):
    Metadata: dict[str, str]


def _decode(body: bytes | bytearray) -> _File:
    """The fields of a digest, each of its type."""
    try:
        return _FILE.decode(body)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise DecodeError("not_a_digest", message, path.rstrip("`") or "$") from None
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise DecodeError("not_json", f"the digest is not JSON: {error}") from None


def _previous(file: _File) -> Previous | None:
    """The digest before; None at the start of a chain, where all of it is null."""
    bucket, key = file.previousDigestS3Bucket, file.previousDigestS3Object
    if bucket is None or key is None:
        return None
    _check_algorithm(file.previousDigestHashAlgorithm, "$.previousDigestHashAlgorithm")
    place = "$.previousDigestHashValue"
    sha256 = _checked_sha256(file.previousDigestHashValue or "", place)
    key = _checked_key(key, "$.previousDigestS3Object")
    bucket = _bounded(bucket, _LONGEST_NAME, "$.previousDigestS3Bucket")
    return Previous(bucket, key, sha256, file.previousDigestSignature)


def _log_file(file: _LogFile, index: int) -> AttestedLogFile:
    path = f"$.logFiles[{index}]"
    _check_algorithm(file.hashAlgorithm, f"{path}.hashAlgorithm")
    sha256 = _checked_sha256(file.hashValue, f"{path}.hashValue")
    bucket = _bounded(file.s3Bucket, _LONGEST_NAME, f"{path}.s3Bucket")
    return AttestedLogFile(bucket, _checked_key(file.s3Object, f"{path}.s3Object"), sha256)


def _bounded(text: str, most: int, path: str) -> str:
    """A text of a length that the field can have."""
    if len(text) > most:
        message = f"expected at most {most:,} letters, found {len(text):,}"
        raise DecodeError("not_a_digest", message, path)
    return text


def _checked_key(key: str, path: str) -> str:
    if not key or len(key.encode()) > _LONGEST_KEY:
        raise DecodeError("not_a_digest", f"expected an S3 key, found {len(key):,} letters", path)
    return key


def _checked_sha256(text: str, path: str) -> str:
    if not _SHA256.fullmatch(text):
        raise DecodeError("not_a_digest", f"expected a SHA-256 in hex, found {text[:80]!r}", path)
    return text


def _check_algorithm(name: str | None, path: str) -> None:
    if name != "SHA-256":
        found = repr(name[:80]) if name else "none"
        raise DecodeError("unknown_hash_algorithm", f"expected SHA-256, found {found}", path)


def _when(text: str, path: str) -> datetime:
    when = _instant(text)
    if when is None:
        message = f"expected an instant such as 2026-11-22T14:04:04Z, found {text[:80]!r}"
        raise DecodeError("not_a_digest", message, path)
    return when


def _instant(text: str) -> datetime | None:
    """A UTC instant of one of the two forms that CloudTrail writes, or None."""
    try:
        return datetime.fromisoformat(text) if _INSTANT.fullmatch(text) else None
    except ValueError:
        return None
