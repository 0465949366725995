"""Ed25519 keys of AWS KMS: the public half, and signatures.

KMS signs with key spec `ECC_NIST_EDWARDS25519` and algorithm `ED25519_SHA_512` for a raw message,
which is the Ed25519 of RFC 8032 (docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.aws.calls import call, service_client

if TYPE_CHECKING:
    import boto3

_ALGORITHM = "ED25519_SHA_512"
_REGION = 3  # the part of an ARN


def _region(arn: str) -> str | None:
    """The region in the ARN of a key; None for one named otherwise."""
    parts = arn.split(":")
    return parts[_REGION] if parts[0] == "arn" and len(parts) > _REGION else None


def find_public_key(session: boto3.Session, arn: str) -> bytes:
    """The public half of a key, as `SubjectPublicKeyInfo` in DER.

    Raises:
        AccessError: the key may not be used.
    """
    client = service_client(session, "kms", _region(arn))
    return bytes(call(client, "get_public_key", "AWS KMS", KeyId=arn)["PublicKey"])


def sign(session: boto3.Session, arn: str, message: bytes) -> bytes:
    """The signature of a message of at most 4,096 bytes by a key.

    Raises:
        AccessError: the key may not be used.
    """
    client = service_client(session, "kms", _region(arn))
    given = {"Message": message, "MessageType": "RAW", "SigningAlgorithm": _ALGORITHM}
    return bytes(call(client, "sign", "AWS KMS", KeyId=arn, **given)["Signature"])
