"""A seal signed by AWS KMS, with the door to boto3 replaced by a stub of the two calls."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trailscan.aws.session import AwsOptions
from trailscan.errors import TrailscanError
from trailscan.export.signing import kms_signer, named_key
from trailscan.export.verifier.ed25519 import is_signed_by

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


class Kms:
    """Answers GetPublicKey and Sign as the API reference describes them."""

    def __init__(self, private: Any) -> None:
        self.private = private
        self.calls: list[dict[str, Any]] = []

    def get_public_key(self, **given: Any) -> dict[str, Any]:
        """The public half of the key."""
        der = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return {"PublicKey": der, "KeyId": given["KeyId"]}

    def sign(self, **given: Any) -> dict[str, Any]:
        """The signature of the message as it is."""
        self.calls.append(given)
        return {"Signature": self.private.sign(given["Message"])}


def signer(monkeypatch: pytest.MonkeyPatch, kms: Kms) -> Any:
    """The signer of a key of the stub, which is asked in the key's region."""
    asked = []
    monkeypatch.setattr(
        "trailscan.aws.kms.service_client",
        lambda _, name, region: asked.append((name, region)) or kms,
    )
    found = kms_signer(ARN, AwsOptions())
    assert asked == [("kms", "eu-central-1")]
    return found


def test_kms_signs_the_message_itself(monkeypatch):
    """The message goes to KMS raw, and the signature is the Ed25519 of RFC 8032."""
    kms = Kms(Ed25519PrivateKey.generate())
    found = signer(monkeypatch, kms)
    public = kms.private.public_key().public_bytes_raw()
    assert found.key == named_key(public)
    assert is_signed_by(public, b"text", found.sign(b"text"))
    assert kms.calls == [
        {
            "KeyId": ARN,
            "Message": b"text",
            "MessageType": "RAW",
            "SigningAlgorithm": "ED25519_SHA_512",
        }
    ]


def test_a_kms_key_of_another_kind_is_refused(monkeypatch):
    """The error says which key spec is needed."""
    with pytest.raises(TrailscanError, match="not an Ed25519 key") as caught:
        signer(monkeypatch, Kms(rsa.generate_private_key(65537, 2048)))
    assert "ECC_NIST_EDWARDS25519" in str(caught.value.hint)
