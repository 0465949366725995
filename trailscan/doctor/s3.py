"""The permissions to read log files from S3, and those of a store in S3, tried."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from trailscan.aws.listing import PAGE
from trailscan.aws.s3 import S3Access
from trailscan.buckets import find_s3, list_folder, open_s3
from trailscan.buckets.conditional import WRITERS, error_of, probe_conditional_writes
from trailscan.doctor.check import Check, tried
from trailscan.doctor.permissions import OPTIONAL
from trailscan.errors import AlreadyExistsError, NotFoundError, TrailscanError
from trailscan.inventory.folder import is_data_file
from trailscan.store.paths import MARKER
from trailscan.trail.keys import parse_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trailscan.aws.session import AwsOptions, Session
    from trailscan.aws.tries import Tried
    from trailscan.buckets import Bucket
    from trailscan.doctor.permissions import Need, S3Resource

_LIST, _READ, _WRITE, _DELETE = "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"
_HONOURED = "If-None-Match is honoured"
_MOST_LISTINGS = 40


def trail_checks(
    session: Session,
    options: AwsOptions,
    uri: str,
    place: S3Resource,
    needed: Mapping[str, Need],
) -> Iterator[Check]:
    """List, find the region, and read one log file, which also tries its KMS key."""
    access = S3Access(session, options, place.bucket)
    listed = access.attempt("list_objects_v2", Prefix=place.prefix, MaxKeys=1)
    seen = f"with the prefix {place.prefix}" if place.prefix else "with any prefix"
    yield tried(needed["TrailList"], _LIST, listed, seen)
    location = access.attempt("get_bucket_location")
    region = str(location.answer.get("LocationConstraint") or "us-east-1")
    yield tried(
        needed["OptionalTrailLocation"], "s3:GetBucketLocation", location, f"it is in {region}"
    )
    key: str | None = None
    why = "nothing could be listed"
    if listed.succeeded:
        try:
            key, why = _newest_log_file(uri, options), f"no log file was found at {uri}"
        except TrailscanError as error:
            why = f"listing failed: {error.line}"
    if key is None:
        yield Check.of(needed["TrailRead"], "not tried", _READ, why)
        yield Check.of(needed["OptionalTrailDecrypt"], "not tried", "kms:Decrypt", why)
    else:
        yield from _read_checks(access, key, needed["TrailRead"], needed["OptionalTrailDecrypt"])


def inventory_checks(
    session: Session, options: AwsOptions, place: S3Resource, needed: Mapping[str, Need]
) -> Iterator[Check]:
    """Read the manifest of an inventory, or a file of a table, which also tries its KMS key."""
    access, key = S3Access(session, options, place.bucket), place.prefix
    read, decrypt = needed["InventoryRead"], needed["OptionalInventoryDecrypt"]
    if (listing := needed.get("InventoryList")) is not None:
        listed = access.attempt("list_objects_v2", Prefix=f"{place.prefix}/", MaxKeys=50)
        yield tried(listing, _LIST, listed, f"with the prefix {place.prefix}/")
        found = [one.key for one in listed.answer[PAGE].objects] if listed.succeeded else []
        key = next((one for one in found if is_data_file(one.rpartition("/")[2])), "")
    if key:
        yield from _read_checks(access, key, read, decrypt, Range="bytes=0-0")
    else:
        yield Check.of(read, "not tried", _READ, "nothing was found in the folder")


def _newest_log_file(uri: str, options: AwsOptions) -> str | None:
    """The key of a log file of the latest day found, or None.

    The oldest may be archived, which says nothing about permissions.
    """
    found = find_s3(uri, options)
    if found.single:
        return found.prefix
    folders = [found.prefix]
    for _ in range(_MOST_LISTINGS):
        if not folders:
            break
        inside, objects = list_folder(found.bucket, folders.pop())
        if keys := [one.key for one in objects if parse_key(one.key).kind == "log_file"]:
            return max(keys)
        may_hold_some = [
            one for one in inside if parse_key(f"{one}x.json.gz").kind in ("log_file", "unknown")
        ]
        folders += sorted(may_hold_some, key=lambda one: one.endswith("/CloudTrail/"))
    return None


def _read_checks(
    access: S3Access, key: str, read: Need, decrypt: Need, **part: str
) -> Iterator[Check]:
    """What HEAD and GET of a part say about reading and decrypting; only GET needs the KMS key."""
    head = access.attempt("head_object", Key=key)
    whole = access.attempt("get_object", Key=key, **part) if head.succeeded else head
    key_arn = str(head.answer.get("SSEKMSKeyId", ""))
    needed = decrypt._replace(resources=(key_arn or decrypt.resources[0],))
    if _is_about_the_key(whole, key_arn):
        yield tried(read, _READ, head, f"asked for the head of {key}")
        required = needed._replace(sid=needed.sid.removeprefix(OPTIONAL))
        yield tried(required, "kms:Decrypt", whole)
        return
    yield tried(read, _READ, whole, f"read {key}")
    if key_arn and whole.succeeded:
        yield tried(needed, "kms:Decrypt", whole, "what was read is encrypted with it")
    else:
        why = "what was read is not encrypted with KMS" if whole.succeeded else "nothing was read"
        yield Check.of(decrypt, "not tried", "kms:Decrypt", why)


def _is_about_the_key(whole: Tried, key_arn: str) -> bool:
    """Whether a failure to read is a failure to decrypt."""
    if whole.succeeded:
        return False
    return (
        whole.code.startswith("KMS.") or "kms:" in whole.message or bool(whole.denied and key_arn)
    )


def store_checks(
    session: Session,
    options: AwsOptions,
    uri: str,
    place: S3Resource,
    needed: Mapping[str, Need],
) -> Iterator[Check]:
    """Listing and reading the store; where it is to be written, creating and deleting too.

    An existing store is not changed. Where there is none, an object is created, read and removed.
    """
    access = S3Access(session, options, place.bucket)
    listed = access.attempt("list_objects_v2", Prefix=place.prefix, MaxKeys=1)
    yield tried(needed["StoreList"], _LIST, listed)
    written = "StoreCommit" in needed
    if not listed.succeeded:
        yield Check.of(needed["StoreRead"], "not tried", _READ, "the store cannot be listed")
        if written:
            yield Check.of(needed["StoreCommit"], "not tried", _WRITE, "the store cannot be listed")
        return
    bucket = open_s3(uri, options)
    found = error_of(lambda: bucket.read(MARKER))
    if not isinstance(found, NotFoundError):
        yield tried(needed["StoreRead"], _READ, found, "read the store's marker")
        if written:
            yield from _write_checks(bucket, found, needed)
    elif written:
        yield from _probe_checks(bucket, needed)
    else:
        yield Check.of(needed["StoreRead"], "not tried", _READ, f"there is no store at {uri} yet")


def _write_checks(
    bucket: Bucket, unread: TrailscanError | None, needed: Mapping[str, Need]
) -> Iterator[Check]:
    """Of an existing store: creating its marker again must be refused."""
    commit = needed["StoreCommit"]
    if unread is not None:
        yield Check.of(commit, "not tried", _WRITE, "the store's marker cannot be read")
    else:
        marker = bucket.read(MARKER)
        created = error_of(lambda: bucket.write_new(MARKER, marker))
        if created is None:
            yield Check.of(commit, "failed", _WRITE, "the server does not honour If-None-Match")
        elif isinstance(created, AlreadyExistsError):
            yield Check.of(commit, "ok", _WRITE, _HONOURED)
        else:
            yield tried(commit, _WRITE, created)
    nothing = f"_probe/{uuid.uuid4().hex}"
    seen = "deleted an object that did not exist"
    yield tried(
        needed["OptionalStoreTidy"], _DELETE, error_of(lambda: bucket.delete(nothing)), seen
    )


def _probe_checks(bucket: Bucket, needed: Mapping[str, Need]) -> Iterator[Check]:
    """Where there is no store yet: an object is created by several writers, read and removed."""
    read, commit, tidy = (needed[sid] for sid in ("StoreRead", "StoreCommit", "OptionalStoreTidy"))
    try:
        probe = probe_conditional_writes(bucket)
    except TrailscanError as error:
        yield Check.of(read, "not tried", _READ, "there is nothing to read")
        yield tried(commit, _WRITE, error)
        return
    yield tried(read, _READ, probe.unread, "read what was written")
    if probe.winners == 1:
        yield Check.of(commit, "ok", _WRITE, f"{_HONOURED}: of {WRITERS} writers at once, one won")
    else:
        seen = f"of {WRITERS} writers at once, {probe.winners} created one object"
        yield Check.of(
            commit, "failed", _WRITE, f"the server does not honour If-None-Match: {seen}"
        )
    deleted = tried(tidy, _DELETE, probe.left, "removed what was written")
    left = f"{deleted.detail}; {probe.key} stays behind" if probe.left else deleted.detail
    yield deleted._replace(detail=left)
