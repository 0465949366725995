"""Digest files as CloudTrail writes them, signed with a test key that everybody can read here.

The key is worth nothing: it signs the digests of the sample logs, of tests and of benchmarks. No
program of trailscan trusts it unless it is told to, or reads the samples that it came with.

Form and signature follow docs.aws.amazon.com/awscloudtrail/latest/userguide/
cloudtrail-log-file-validation-digest-file-structure.html. Another program may load this file by its
path; it needs nothing but Python.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime, timedelta

_E = 65537
_P = int(
    "e0d635a360e028d79453b1174b401b7c149f944d9a013771faa754a4c90ab8b7"
    "71e2dd6d9e2a43978a94d190fe1f4923290da4e18938364c9e6b2ddbf03bf4aa"
    "ff007171c4a07045da73de478a79660c88abc019893fcdb5568969d6bf6c599f"
    "291730468359237fd1720301d7100b0215f39b526a83fcf700ed4ce0d3cffbed",
    16,
)
_Q = int(
    "b6c0c31957a516d6a2a5d8514077fdef4b5d5f6a2b18c8de4c145cecb1e008b7"
    "864d9613855b0b50a649b7376ed45e58288bbdcd0bc70d41e44f54cf45c70a78"
    "bf3c76feea35272421e6aad6a9f73c50dc92761c09f878fcff00ada83bd47617"
    "b8c2b6b72048baeed0afc384b9e8b799c29278a73edcd00e1fde37e967aff847",
    16,
)
_N = _P * _Q
_D = pow(_E, -1, (_P - 1) * (_Q - 1))
_D_P, _D_Q, _Q_INVERSE = _D % (_P - 1), _D % (_Q - 1), pow(_Q, -1, _P)
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_INTEGER, _SEQUENCE = 2, 0x30
_LONG = 0x80
_OS_BYTE = 9


class Attested(NamedTuple):
    """A log file for a digest to name: its key, its uncompressed bytes, its events' times."""

    key: str
    body: bytes
    oldest: str
    newest: str


class SignedDigest(NamedTuple):
    """A digest: where it belongs, what it says, and its signature in hex."""

    bucket: str
    key: str
    fields: dict[str, Any]
    signature: str
    generated: str | None = None

    @property
    def body(self) -> bytes:
        """Its uncompressed bytes."""
        return encode(self.fields)

    @property
    def stored(self) -> bytes:
        """Its bytes as delivered."""
        return packed(self.body)

    @property
    def sha256(self) -> str:
        """The SHA-256 of its uncompressed bytes."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def metadata(self) -> dict[str, str]:
        """What its S3 object has beside the bytes."""
        found = {"signature": self.signature, "signature-algorithm": "SHA256withRSA"}
        return {**found, **self._generated()}

    def _generated(self) -> dict[str, str]:
        return {"backfill-generation-timestamp": self.generated} if self.generated else {}

    @property
    def sidecar(self) -> bytes:
        """The metadata of its S3 object as `aws s3api head-object` prints it."""
        head = {"ContentType": "application/json", "Metadata": self.metadata}
        return json.dumps(head, indent=4).encode() + b"\n"


class Trail(NamedTuple):
    """A trail whose log files are attested: who delivers where."""

    bucket: str
    name: str
    home_region: str = "us-east-1"
    folder: str = "AWSLogs/"

    def digest_key(
        self, account: str, region: str, end: datetime, *, backfill: bool = False
    ) -> str:
        """The key of the digest that ends then."""
        name = (
            f"{account}_CloudTrail-Digest_{region}_{self.name}_{self.home_region}_"
            f"{end:%Y%m%dT%H%M%SZ}{'_backfill' if backfill else ''}.json.gz"
        )
        return f"{self.folder}{account}/CloudTrail-Digest/{region}/{end:%Y/%m/%d}/{name}"

    def digest(
        self,
        account: str,
        region: str,
        span: tuple[datetime, datetime],
        log_files: list[Attested],
        previous: SignedDigest | None = None,
        generated: datetime | None = None,
    ) -> SignedDigest:
        """The digest of a span of time; with `generated` a backfill digest."""
        start, end = span
        key = self.digest_key(account, region, end, backfill=generated is not None)
        fields = {
            "awsAccountId": account,
            "digestStartTime": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "digestEndTime": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "digestS3Bucket": self.bucket,
            "digestS3Object": key,
            "digestPublicKeyFingerprint": FINGERPRINT,
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": max((one.newest for one in log_files), default=None),
            "oldestEventTime": min((one.oldest for one in log_files), default=None),
            "previousDigestS3Bucket": previous and previous.bucket,
            "previousDigestS3Object": previous and previous.key,
            "previousDigestHashValue": previous and previous.sha256,
            "previousDigestHashAlgorithm": previous and "SHA-256",
            "previousDigestSignature": previous and previous.signature,
            "logFiles": [self._named(one) for one in log_files],
        }
        return sign_digest(fields, generated)

    def chain(
        self,
        account: str,
        region: str,
        spans: list[tuple[datetime, datetime]],
        log_files: dict[datetime, list[Attested]],
    ) -> list[SignedDigest]:
        """The digests of some spans of time, each linked to the one before.

        Args:
            account: whose.
            region: where.
            spans: each from the end of the one before.
            log_files: by the start of the span in which they were delivered.
        """
        made: list[SignedDigest] = []
        for span in spans:
            before = made[-1] if made else None
            made.append(self.digest(account, region, span, log_files.get(span[0], []), before))
        return made

    def _named(self, one: Attested) -> dict[str, str]:
        return {
            "s3Bucket": self.bucket,
            "s3Object": one.key,
            "hashValue": hashlib.sha256(one.body).hexdigest(),
            "hashAlgorithm": "SHA-256",
            "newestEventTime": one.newest,
            "oldestEventTime": one.oldest,
        }


def sign_digest(fields: dict[str, Any], generated: datetime | None = None) -> SignedDigest:
    """A digest of these fields, signed as CloudTrail does."""
    lines = (
        fields["digestEndTime"],
        f"{fields['digestS3Bucket']}/{fields['digestS3Object']}",
        hashlib.sha256(encode(fields)).hexdigest(),
        fields["previousDigestSignature"] or "null",
    )
    when = f"{generated:%Y-%m-%dT%H:%M:%SZ}" if generated else None
    place = (fields["digestS3Bucket"], fields["digestS3Object"])
    return SignedDigest(*place, fields, sign("\n".join(lines).encode()), when)


def spans(start: datetime, end: datetime, each: timedelta) -> list[tuple[datetime, datetime]]:
    """The spans of one length between two instants; the last one may be shorter."""
    found = []
    while start < end:
        found.append((start, min(start + each, end)))
        start += each
    return found


def encode(fields: dict[str, Any]) -> bytes:
    """A digest's JSON in CloudTrail's own form: one line, slashes escaped."""
    return json.dumps(fields, separators=(",", ":")).replace("/", "\\/").encode()


def packed(body: bytes) -> bytes:
    """Bytes gzipped as CloudTrail delivers them, always the same."""
    data = gzip.compress(body, 9, mtime=0)
    return data[:_OS_BYTE] + b"\xff" + data[_OS_BYTE + 1 :]


def sign(text: bytes) -> str:
    """The signature of a text in hex: RSA, PKCS #1 v1.5, SHA-256."""
    size = (_N.bit_length() + 7) // 8
    hashed = _SHA256_INFO + hashlib.sha256(text).digest()
    padded = b"\x00\x01" + b"\xff" * (size - len(hashed) - 3) + b"\x00" + hashed
    message = int.from_bytes(padded, "big")
    at_p, at_q = pow(message, _D_P, _P), pow(message, _D_Q, _Q)
    signature = at_q + _Q * ((at_p - at_q) * _Q_INVERSE % _P)  # Chinese remainders
    return signature.to_bytes(size, "big").hex()


def _der(tag: int, content: bytes) -> bytes:
    """One value in DER."""
    length = len(content)
    if length < _LONG:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG | len(size)]) + size + content


def _der_integer(number: int) -> bytes:
    return _der(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


PUBLIC_KEY = _der(_SEQUENCE, _der_integer(_N) + _der_integer(_E))
"""The public part, PKCS #1 in DER."""

FINGERPRINT = hashlib.md5(PUBLIC_KEY, usedforsecurity=False).hexdigest()
"""The name of the key in digests: 32 digits, as CloudTrail's are."""


def public_keys(start: str, end: str) -> dict[str, Any]:
    """The public part as `aws cloudtrail list-public-keys` prints it."""
    key = {
        "Value": base64.b64encode(PUBLIC_KEY).decode(),
        "ValidityStartTime": start,
        "ValidityEndTime": end,
        "Fingerprint": FINGERPRINT,
    }
    return {"PublicKeyList": [key]}
