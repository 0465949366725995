"""RSA signatures as CloudTrail makes them: PKCS #1 v1.5 with SHA-256 (RFC 8017, 8.2.2)."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

_SHA256_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_LEAST_BITS = 2048
_MOST_BITS = 8192
_SEQUENCE, _INTEGER = 0x30, 0x02


class RsaKey(NamedTuple):
    """An RSA public key."""

    modulus: int
    exponent: int


def _element(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the first DER element, and what follows it."""
    if len(data) < 2 or data[0] != tag:  # noqa: PLR2004  # tag and length
        raise ValueError("the key is not DER as PKCS #1 writes it")
    length, start = data[1], 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(data[2:start], "big")
    if start + length > len(data):
        raise ValueError("the key is cut off")
    return data[start : start + length], data[start + length :]


def parse_rsa_key(der: bytes) -> RsaKey:
    """The public key of a PKCS #1 `RSAPublicKey` in DER.

    Raises:
        ValueError: it is none, or too short to be trusted.
    """
    body, rest = _element(der, _SEQUENCE)
    modulus, after = _element(body, _INTEGER)
    exponent, end = _element(after, _INTEGER)
    key = RsaKey(int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))
    if rest or end:
        raise ValueError("the key has more than a modulus and an exponent")
    is_sound = key.modulus & 1 and 2 < key.exponent < key.modulus and key.exponent & 1  # noqa: PLR2004  # 3 is the least
    if not is_sound or not _LEAST_BITS <= key.modulus.bit_length() <= _MOST_BITS:
        raise ValueError("the key is not an RSA key of 2,048 to 8,192 bits")
    return key


def is_rsa_signed(key: RsaKey, message: bytes, signature: bytes) -> bool:
    """Whether a signature of a message is by a key: the whole padded block is compared."""
    size = (key.modulus.bit_length() + 7) // 8
    value = int.from_bytes(signature, "big")
    if len(signature) != size or value >= key.modulus:
        return False
    digest = _SHA256_PREFIX + hashlib.sha256(message).digest()
    expected = b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest
    return pow(value, key.exponent, key.modulus).to_bytes(size, "big") == expected
