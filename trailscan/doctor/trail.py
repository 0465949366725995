"""The permissions to read log files from S3, tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.aws.s3 import S3Access
from trailscan.buckets import find_s3, list_folder
from trailscan.doctor.check import Check, not_tried, tried
from trailscan.errors import TrailscanError
from trailscan.trail.keys import parse_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trailscan.aws.session import AwsOptions, Session
    from trailscan.aws.tries import Tried
    from trailscan.doctor.permissions import Need, S3Resource

_MOST_LISTINGS = 40


def trail_checks(
    session: Session,
    options: AwsOptions,
    uri: str,
    place: S3Resource,
    needed: Mapping[str, Need],
) -> Iterator[Check]:
    """List, find the region, and read one log file, which also tries its KMS key.

    Args:
        session: the caller's.
        options: how to reach AWS.
        uri: of the source.
        place: where it is.
        needed: its permissions, by name.
    """
    access = S3Access(session, options, place.bucket)
    listed = access.attempt("list_objects_v2", Prefix=place.prefix, MaxKeys=1)
    seen = f"with the prefix {place.prefix}" if place.prefix else "with any prefix"
    yield tried(needed["TrailList"], "s3:ListBucket", listed, seen)
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
        yield not_tried(needed["TrailRead"], "s3:GetObject", why)
        yield not_tried(needed["OptionalTrailDecrypt"], "kms:Decrypt", why)
    else:
        yield from _read_checks(access, key, needed["TrailRead"], needed["OptionalTrailDecrypt"])


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
        folders += sorted(filter(_may_hold_log_files, inside), key=_is_cloudtrails)
    return None


def _may_hold_log_files(folder: str) -> bool:
    """Whether a folder is not one of digests or of other objects of CloudTrail."""
    return parse_key(f"{folder}x.json.gz").kind in ("log_file", "other")


def _is_cloudtrails(folder: str) -> bool:
    """Whether a folder belongs to CloudTrail rather than to another service."""
    return folder.endswith("/CloudTrail/")


def _read_checks(access: S3Access, key: str, read: Need, decrypt: Need) -> Iterator[Check]:
    """What HEAD and GET say about reading and decrypting; only GET needs the KMS key."""
    head = access.attempt("head_object", Key=key)
    whole = access.attempt("get_object", Key=key) if head.succeeded else head
    key_arn = str(head.answer.get("SSEKMSKeyId", ""))
    needed = decrypt._replace(resources=(key_arn or decrypt.resources[0],))
    if _is_about_the_key(whole, key_arn):
        yield tried(read, "s3:GetObject", head, f"asked for the head of {key}")
        yield tried(needed._replace(sid="TrailDecrypt"), "kms:Decrypt", whole)
        return
    yield tried(read, "s3:GetObject", whole, f"read {key}")
    if key_arn and whole.succeeded:
        yield tried(needed, "kms:Decrypt", whole, "the log file is encrypted with it")
    else:
        why = "the log file is not encrypted with KMS" if whole.succeeded else "nothing was read"
        yield not_tried(decrypt, "kms:Decrypt", why)


def _is_about_the_key(whole: Tried, key_arn: str) -> bool:
    """Whether a failure to read is a failure to decrypt."""
    if whole.succeeded:
        return False
    return (
        whole.code.startswith("KMS.") or "kms:" in whole.message or bool(whole.denied and key_arn)
    )
