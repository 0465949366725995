"""What `export` needs at the bucket of the packages, and of the key that signs them, tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.aws.kms import find_public_key, sign
from trailscan.aws.s3 import S3Access
from trailscan.buckets import open_s3
from trailscan.buckets.conditional import error_of
from trailscan.doctor.check import Check, tried
from trailscan.doctor.permissions import S3Resource
from trailscan.errors import AlreadyExistsError, TrailscanError
from trailscan.location import parse_s3_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trailscan.aws.session import AwsOptions, Session
    from trailscan.doctor.permissions import Need

_OBJECT = "doctor.txt"
_DATA = b"trailscan doctor tried whether an object can be created here once, and not twice.\n"
_ED25519 = bytes.fromhex("302a300506032b6570")
"""How the `SubjectPublicKeyInfo` of an Ed25519 key begins (RFC 8410)."""


def evidence_checks(
    session: Session,
    options: AwsOptions,
    to: str,
    kms_key: str | None,
    partition: str,
    needed: Mapping[str, Need],
) -> Iterator[Check]:
    """List, create once and not twice, read; see whether Object Lock is on; sign.

    Nothing is deleted where evidence is kept: the object stays.
    """
    if parse_s3_uri(to):
        place = S3Resource.of(to, partition)
        yield from _bucket_checks(S3Access(session, options, place.bucket), options, to, needed)
    if kms_key is not None:
        yield from _key_checks(session, kms_key, needed["SealSign"])


def _bucket_checks(
    access: S3Access, options: AwsOptions, to: str, needed: Mapping[str, Need]
) -> Iterator[Check]:
    """What the bucket lets this caller do."""
    bucket = open_s3(to, options)
    listed = error_of(lambda: list(bucket.list_here("")))
    yield tried(needed["EvidenceList"], "s3:ListBucket", listed)
    create = needed["EvidenceCreate"]
    first = error_of(lambda: bucket.write_new(_OBJECT, _DATA))
    if first is None or isinstance(first, AlreadyExistsError):
        second = error_of(lambda: bucket.write_new(_OBJECT, _DATA))
        yield _created(create, second)
        unread = error_of(lambda: bucket.read(_OBJECT))
        yield tried(needed["EvidenceRead"], "s3:GetObject", unread, f"read {_OBJECT}")
    else:
        yield tried(create, "s3:PutObject", first)
        yield Check.of(needed["EvidenceRead"], "not tried", "s3:GetObject", "nothing was written")
    locked = access.attempt("get_object_lock_configuration")
    is_locked = needed["OptionalEvidenceIsLocked"]
    yield tried(is_locked, is_locked.actions[0], locked, "Object Lock is on")
    why = "it would lock an object"
    yield Check.of(needed["OptionalEvidenceLock"], "not tried", "s3:PutObjectRetention", why)
    why = "what the bucket encrypts with by itself was tried with s3:PutObject"
    yield Check.of(needed["OptionalEvidenceEncrypt"], "not tried", "kms:GenerateDataKey", why)


def _created(need: Need, second: TrailscanError | None) -> Check:
    """What a second creation of an object that is there says."""
    if second is None:
        why = "the server does not honour If-None-Match"
        return Check.of(need, "failed", "s3:PutObject", why)
    if isinstance(second, AlreadyExistsError):
        seen = f"If-None-Match is honoured; {_OBJECT} stays there"
        return Check.of(need, "ok", "s3:PutObject", seen)
    return tried(need, "s3:PutObject", second)


def _key_checks(session: Session, arn: str, need: Need) -> Iterator[Check]:
    """The public half of a key and one signature; a key of another kind signs no seal."""
    try:
        public = find_public_key(session, arn)
    except TrailscanError as error:
        yield tried(need, "kms:GetPublicKey", error)
        return
    if not public.startswith(_ED25519):
        why = "it is not an Ed25519 key: create one with key spec ECC_NIST_EDWARDS25519"
        yield Check.of(need, "failed", "kms:GetPublicKey", why)
        return
    yield Check.of(need, "ok", "kms:GetPublicKey", "it is an Ed25519 key")
    yield tried(need, "kms:Sign", error_of(lambda: sign(session, arn, _DATA)), "signed a text")
