"""Public keys of CloudTrail, and the check of a signature with one."""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from trailscan.errors import DecodeError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_LONGEST_KEY = 4096  # bytes of DER; 2,048-bit keys have 270


class PublicKey(NamedTuple):
    """One key of `ListPublicKeys`.

    Attributes:
        fingerprint: by which a digest names it.
        value: the key, PKCS #1 in DER.
        valid_from: UTC.
        valid_to: UTC.
        origin: where it was obtained, in words.
    """

    fingerprint: str
    value: bytes
    valid_from: datetime
    valid_to: datetime
    origin: str


class _Key(msgspec.Struct):
    Value: str
    Fingerprint: str
    ValidityStartTime: str | float
    ValidityEndTime: str | float


class _Answer(msgspec.Struct):
    PublicKeyList: list[_Key]


def parse_public_keys(text: bytes, origin: str) -> tuple[PublicKey, ...]:
    """Parse the output of `aws cloudtrail list-public-keys`.

    Raises:
        DecodeError: `not_public_keys`.
    """
    try:
        found = msgspec.json.decode(text, type=_Answer).PublicKeyList
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        raise _no_keys(f"{error}") from None
    return tuple(_public_key(key, origin) for key in found)


def _public_key(key: _Key, origin: str) -> PublicKey:
    """One key, with its value decoded and its times parsed."""
    try:
        value = base64.b64decode(key.Value, validate=True)
    except (binascii.Error, ValueError):
        raise _no_keys(f"the value of key {key.Fingerprint[:80]!r} is not base64") from None
    valid = (_when(key.ValidityStartTime), _when(key.ValidityEndTime))
    if not has_fingerprint(value, key.Fingerprint):
        shown = f"{key.Fingerprint[:80]!r} is not the MD5 of its key"
        raise _no_keys(f"{shown}, {fingerprint_of(value)}")
    return PublicKey(key.Fingerprint, value, *valid, origin)


def _when(given: str | float) -> datetime:
    """A time as the AWS CLI prints it: ISO 8601, or seconds since 1970."""
    try:
        if isinstance(given, str):
            when = datetime.fromisoformat(given)
            return when.replace(tzinfo=when.tzinfo or UTC).astimezone(UTC)
        return datetime.fromtimestamp(given, UTC)
    except (ValueError, OverflowError, OSError):
        raise _no_keys(f"{str(given)[:80]!r} is not a time") from None


def _no_keys(why: str) -> DecodeError:
    return DecodeError("not_public_keys", f"not the output of list-public-keys: {why}")


def fingerprint_of(value: bytes) -> str:
    """The fingerprint of a key as CloudTrail computes it: the MD5 of its DER form, in hex.

    Source: the example of docs.aws.amazon.com/awscloudtrail/latest/APIReference/
    API_ListPublicKeys.html, whose key has the fingerprint 8eba5db5bea9b640d1c96a77256fe7f2.
    """
    return hashlib.md5(value, usedforsecurity=False).hexdigest()


def has_fingerprint(value: bytes, fingerprint: str) -> bool:
    """Whether a key is the one of a fingerprint: nobody can give a key the name of another."""
    return fingerprint_of(value) == fingerprint.lower()


def is_usable(key: PublicKey) -> bool:
    """Whether the key is an RSA key that can check signatures."""
    return _load(key.value) is not None


def is_signed(text: bytes, signature: str, key: PublicKey) -> bool:
    """Whether a signature in hex is that of a text: RSA, PKCS #1 v1.5, SHA-256."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415  # start-up
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    loaded = _load(key.value)
    try:
        raw = binascii.unhexlify(signature)
    except (binascii.Error, ValueError):
        return False
    if loaded is None:
        return False
    try:
        loaded.verify(raw, text, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=1024)
def _load(value: bytes) -> RSAPublicKey | None:
    """An RSA key from PKCS #1 in DER, or None."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415  # start-up
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415

    if len(value) > _LONGEST_KEY:
        return None
    try:
        key = load_der_public_key(value)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, RSAPublicKey) else None
