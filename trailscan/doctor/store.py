"""The permissions of a store in S3, tried."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from trailscan.aws.s3 import S3Access
from trailscan.buckets import open_s3
from trailscan.buckets.conditional import WRITERS, probe_conditional_writes
from trailscan.doctor.check import Check, broken, fine, not_tried, outcome_of, tried
from trailscan.errors import AlreadyExistsError, NotFoundError, TrailscanError
from trailscan.store.paths import MARKER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from trailscan.aws.session import AwsOptions, Session
    from trailscan.buckets import Bucket
    from trailscan.doctor.permissions import Need, S3Resource

_LIST, _READ, _WRITE, _DELETE = "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"
_HONOURED = "If-None-Match is honoured"


def store_checks(
    session: Session,
    options: AwsOptions,
    uri: str,
    place: S3Resource,
    needed: Mapping[str, Need],
) -> Iterator[Check]:
    """Listing and reading the store; where it is to be written, creating and deleting too.

    An existing store is not changed. Where there is none, an object is created, read and removed.

    Args:
        session: the caller's.
        options: how to reach AWS.
        uri: of the store.
        place: where it is.
        needed: its permissions, by name.
    """
    access = S3Access(session, options, place.bucket)
    listed = access.attempt("list_objects_v2", Prefix=place.prefix, MaxKeys=1)
    yield tried(needed["StoreList"], _LIST, listed)
    written = "StoreCommit" in needed
    if not listed.succeeded:
        yield not_tried(needed["StoreRead"], _READ, "the store cannot be listed")
        if written:
            yield not_tried(needed["StoreCommit"], _WRITE, "the store cannot be listed")
        return
    bucket = open_s3(uri, options)
    found = _error(lambda: bucket.read(MARKER))
    if not isinstance(found, NotFoundError):
        yield outcome_of(needed["StoreRead"], _READ, found, "read the store's marker")
        if written:
            yield from _write_checks(bucket, found, needed)
    elif written:
        yield from _probe_checks(bucket, needed)
    else:
        yield not_tried(needed["StoreRead"], _READ, f"there is no store at {uri} yet")


def _write_checks(
    bucket: Bucket, unread: TrailscanError | None, needed: Mapping[str, Need]
) -> Iterator[Check]:
    """Of an existing store: creating its marker again must be refused."""
    commit = needed["StoreCommit"]
    if unread is not None:
        yield not_tried(commit, _WRITE, "the store's marker cannot be read")
    else:
        marker = bucket.read(MARKER)
        created = _error(lambda: bucket.write_new(MARKER, marker))
        if created is None:
            yield broken(commit, _WRITE, "the server does not honour If-None-Match")
        elif isinstance(created, AlreadyExistsError):
            yield fine(commit, _WRITE, _HONOURED)
        else:
            yield outcome_of(commit, _WRITE, created)
    nothing = f"_probe/{uuid.uuid4().hex}"
    seen = "deleted an object that did not exist"
    yield outcome_of(
        needed["OptionalStoreTidy"], _DELETE, _error(lambda: bucket.delete(nothing)), seen
    )


def _probe_checks(bucket: Bucket, needed: Mapping[str, Need]) -> Iterator[Check]:
    """Where there is no store yet: an object is created by several writers, read and removed."""
    read, commit, tidy = (needed[sid] for sid in ("StoreRead", "StoreCommit", "OptionalStoreTidy"))
    try:
        probe = probe_conditional_writes(bucket)
    except TrailscanError as error:
        yield not_tried(read, _READ, "there is nothing to read")
        yield outcome_of(commit, _WRITE, error)
        return
    yield outcome_of(read, _READ, probe.unread, "read what was written")
    if probe.winners == 1:
        yield fine(commit, _WRITE, f"{_HONOURED}: of {WRITERS} writers at once, one won")
    else:
        seen = f"of {WRITERS} writers at once, {probe.winners} created one object"
        yield broken(commit, _WRITE, f"the server does not honour If-None-Match: {seen}")
    deleted = outcome_of(tidy, _DELETE, probe.left, "removed what was written")
    left = f"{deleted.detail}; {probe.key} stays behind" if probe.left else deleted.detail
    yield deleted._replace(detail=left)


def _error(action: Callable[[], object]) -> TrailscanError | None:
    """The error that an action raises, or None."""
    try:
        action()
    except TrailscanError as error:
        return error
    return None
