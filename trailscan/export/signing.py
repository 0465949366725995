"""Keys that sign the seals of packages: a file with an Ed25519 private key, or a key of AWS KMS."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from trailscan.aws.kms import find_public_key, sign
from trailscan.aws.session import open_session
from trailscan.errors import AlreadyExistsError, NotFoundError, TrailscanError
from trailscan.export.verifier.notes import NoteKey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trailscan.aws.session import AwsOptions

_NAME = "trailscan/"


class Signer(NamedTuple):
    """A key that signs.

    Attributes:
        key: its public half, with the name that signatures have.
        sign: signs bytes.
    """

    key: NoteKey
    sign: Callable[[bytes], bytes]


def named_key(public: bytes) -> NoteKey:
    """A public key with its name, which is made of the key's SHA-256."""
    return NoteKey(f"{_NAME}{hashlib.sha256(public).hexdigest()[:16]}", public)


def public_file(key: NoteKey) -> bytes:
    """The file of a public key: a line as signed notes have it, then PEM as openssl reads it."""
    pem = Ed25519PublicKey.from_public_bytes(key.public).public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return key.text.encode() + b"\n" + pem


def generate_key(path: Path) -> NoteKey:
    """Write a new private key that only its owner can read, and its public half beside it.

    Raises:
        AlreadyExistsError: one of the files is there: keys are never overwritten.
        TrailscanError: a file cannot be written.
    """
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    key = named_key(private.public_key().public_bytes_raw())
    public = path.with_name(f"{path.name}.pub")
    if public.exists():
        raise AlreadyExistsError(f"{public} exists already; keys are never overwritten")
    for place, mode, data in ((path, 0o600, pem), (public, 0o644, public_file(key))):
        try:
            with os.fdopen(
                os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb"
            ) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            raise AlreadyExistsError(
                f"{place} exists already; keys are never overwritten"
            ) from None
        except OSError as error:
            raise TrailscanError(f"{place}: {error.strerror}") from None
    return key


def read_signer(path: Path) -> Signer:
    """The signer of a private key file.

    Raises:
        TrailscanError: the file cannot be read, or holds no Ed25519 private key.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(
            f"{path} does not exist", "make a key with `trailscan export keygen`"
        ) from None
    except OSError as error:
        raise TrailscanError(f"{path}: {error.strerror}") from None
    try:
        private = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise TrailscanError(f"{path} holds no unencrypted Ed25519 private key in PEM")
    return Signer(named_key(private.public_key().public_bytes_raw()), private.sign)


def der_key(der: bytes) -> NoteKey:
    """The key of an Ed25519 `SubjectPublicKeyInfo`, as AWS KMS gives it.

    Raises:
        TrailscanError: it is another kind of key.
    """
    try:
        public = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        public = None
    if not isinstance(public, Ed25519PublicKey):
        raise TrailscanError(
            "the KMS key is not an Ed25519 key", "create one with key spec ECC_NIST_EDWARDS25519"
        )
    return named_key(public.public_bytes_raw())


def kms_signer(arn: str, aws: AwsOptions) -> Signer:
    """The signer of an Ed25519 key in AWS KMS.

    Raises:
        TrailscanError: the key cannot be used, or is of another kind.
    """
    session = open_session(aws)
    key = der_key(find_public_key(session, arn))
    return Signer(key, lambda message: sign(session, arn, message))
