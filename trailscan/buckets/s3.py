"""An S3 bucket: bytes through obstore; listings, and what obstore cannot do, through boto3.

obstore retries a read that was throttled, cut or reset, and requests the rest of a cut body by
range, but says nothing of it: so the first attempt has no retries, to learn that S3 asked to slow
down. It does not say why S3 refused and cannot read a body without a length: boto3 then reads the
object or says why not. obstore does not retry a write whose answer was lost; this module does.
"""

from __future__ import annotations

import pickle
import re
import time
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from trailscan.aws.lent import lend
from trailscan.aws.s3 import Protection, S3Access
from trailscan.aws.session import AwsOptions, asks_for_code, open_session
from trailscan.buckets.base import ARCHIVES, ObjectInfo, StoredObject
from trailscan.buckets.reopening import Reopening
from trailscan.buckets.s3_errors import s3_error, s3_errors
from trailscan.buckets.stores import Stores, open_stores
from trailscan.errors import NoAnswerError, NotFoundError, TrailscanError
from trailscan.location import S3Location, parse_bucket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obstore import GetResult
    from obstore.store import S3Store

    from trailscan.aws.listing import Listed

_RETRY: Any = {
    "max_retries": 8,
    "retry_timeout": timedelta(minutes=3),
    "backoff": {
        "init_backoff": timedelta(seconds=0.2),
        "max_backoff": timedelta(seconds=15),
        "base": 2,
    },
}
"""obstore's retries, with jitter: when S3 asks to slow down, and when a body breaks off."""

_CLIENT: Any = {"connect_timeout": "10s", "read_timeout": "30s", "timeout": "10m"}
"""obstore's timeouts of one request: they measure silence, not a slow line."""

_WRITE_PAUSES = (0.2, 1.0, 5.0)
"""Seconds before a write of unknown outcome is repeated."""

_SLOW_DOWN = re.compile(r"SlowDown|\b503 Service Unavailable|\b429 Too Many")
"""How S3, and servers like it, ask for fewer requests."""


class S3Bucket:
    """An S3 bucket, or the objects in it under a prefix; keys are given without that prefix.

    Bytes go through obstore, except for keys that it cannot name; listings go through boto3.

    Args:
        stores: the bucket in obstore.
        access: the bucket in boto3.
        prefix: empty, or ending in `/`.
        careful: read through boto3, which follows no redirect; obstore does, and takes a session
            token along.
        made_of: how to open it again in another process.
    """

    is_remote = True

    def __init__(
        self,
        stores: Stores,
        access: S3Access,
        prefix: str = "",
        *,
        careful: bool,
        made_of: Reopening,
    ) -> None:
        self._careful = careful
        self.name = access.bucket
        self._stores = stores
        self._access = access
        self._prefix = prefix
        self._made_of = made_of
        self.slowed = 0

    def below(self, prefix: str) -> S3Bucket:
        """The objects under a prefix, as a bucket of their own."""
        made_of = self._made_of
        return S3Bucket(self._stores, self._access, prefix, careful=self._careful, made_of=made_of)

    def __reduce__(self) -> tuple[Any, ...]:
        """How a process opens the same bucket, without a request to S3.

        Raises:
            PicklingError: it cannot, or its credentials need somebody who types a code.
        """
        if asks_for_code(self._access.session):
            raise pickle.PicklingError(f"{self.name} cannot be opened in another process")
        return _reopen, (self._made_of, self._prefix)

    def lending(self) -> S3Bucket:
        """The same bucket, which takes its credentials along into a process that opens it again.

        Raises:
            AccessError: there are none any more.
        """
        if self._made_of.options.no_sign_request:
            return self
        access, careful = self._access, self._careful
        made_of = self._made_of._replace(
            lent=lend(access.session), certificates=access.certificates
        )
        return S3Bucket(self._stores, access, self._prefix, careful=careful, made_of=made_of)

    @property
    def list_requests(self) -> int:
        """The number of LIST requests so far."""
        return self._access.list_requests

    @property
    def delay(self) -> float:
        """Seconds that the fastest LIST request took."""
        return self._access.delay

    def list_objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every object in the folder, in key order, a page a request."""
        seen = "" if after is None else self._prefix + after
        for page in self._access.pages(self._prefix + folder, StartAfter=seen):
            yield from map(self._info, page.objects)

    def list_here(self, folder: str) -> Iterator[str | ObjectInfo]:
        """The common prefixes and objects directly in a folder, by delimiter, a page a request."""
        for page in self._access.pages(self._prefix + folder, Delimiter="/"):
            yield from map(self._key, page.folders)
            yield from map(self._info, page.objects)

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes of an object, which must have the length that S3 announced."""
        found = self._from_obstore(key, etag)
        return found[0] if found else self._access.read(self._prefix + key, etag)[0]

    def read_start(self, key: str, etag: str | None, length: int) -> bytes:
        """The first bytes of an object, by range."""
        return self._access.read(self._prefix + key, etag, length)[0]

    def read_with_metadata(self, key: str, etag: str | None = None) -> StoredObject:
        """The bytes and metadata of an object, in one request."""
        found = self._from_obstore(key, etag)
        if found is None:
            return StoredObject(*self._access.read(self._prefix + key, etag))
        data, result = found
        return StoredObject(data, {name.lower(): text for name, text in result.attributes.items()})

    def _from_obstore(self, key: str, etag: str | None) -> tuple[bytes, GetResult] | None:
        """The bytes of an object and obstore's result for it; None if boto3 is to read it."""
        whole = self._prefix + key
        if self._careful or not _is_plain(whole) or whole.endswith("/"):
            return None
        try:
            return self._get(key, etag)
        except NoAnswerError:  # obstore does not always say why: boto3 reads it, or says so
            return None

    def _get(self, key: str, etag: str | None) -> tuple[bytes, GetResult]:
        """The bytes of an object, and obstore's result for it; runs once a log file."""
        try:
            return self._get_from(self._stores.first, key, etag)
        except NoAnswerError:
            return self._get_from(self._stores.patient, key, etag)

    def _get_from(self, store: S3Store, key: str, etag: str | None) -> tuple[bytes, GetResult]:
        """The bytes of an object and obstore's result for it, with the retries of a store."""
        import obstore  # noqa: PLC0415  # start-up
        from obstore import exceptions  # noqa: PLC0415  # start-up

        options: Any = {} if etag is None else {"if_match": etag}
        try:
            found = obstore.get(store, self._prefix + key, options=options)
            data = bytes(found.bytes())
        except (exceptions.BaseError, OSError) as error:
            self.slowed += _SLOW_DOWN.search(str(error)) is not None
            raise s3_error(error, self._uri(key), "GetObject") from None
        if len(data) != found.range[1]:
            raise NoAnswerError(f"{self._uri(key)} was cut short at {len(data):,} bytes")
        return data, found

    def download(self, key: str, into: IO[bytes]) -> None:
        """Write the bytes of a large object into a file, a piece at a time."""
        self._access.download(self._prefix + key, into)

    def write(self, key: str, data: bytes) -> None:
        """One PUT."""
        self._put(key, data, "overwrite")

    def write_new(self, key: str, data: bytes, protection: Protection | None = None) -> None:
        """One PUT with `If-None-Match: *`, and the headers of a protection if one is given.

        Raises:
            AlreadyExistsError: the key is taken, perhaps by this very object if an answer was lost.
        """
        if protection is None:
            self._put(key, data, "create")
        else:
            whole = self._prefix + key
            _persist(lambda: self._access.write_new(whole, data, protection))

    @property
    def is_aws(self) -> bool:
        """Whether the bucket answered at one of AWS's own endpoints."""
        return self._access.endpoint.is_aws

    def _put(self, key: str, data: bytes, mode: Any) -> None:
        """One PUT, repeated while its outcome is unknown."""
        import obstore  # noqa: PLC0415  # start-up

        def put() -> None:
            with s3_errors(self._uri(key), "PutObject"):
                whole = self._prefix + key
                obstore.put(self._stores.patient, whole, data, mode=mode, use_multipart=False)

        _persist(put)

    def delete(self, key: str) -> None:
        """One DELETE."""
        import obstore  # noqa: PLC0415  # start-up

        def delete() -> None:
            with s3_errors(self._uri(key), "DeleteObject"):
                obstore.delete(self._stores.patient, self._prefix + key)

        _persist(delete)

    def _info(self, found: Listed) -> ObjectInfo:
        archived = found.storage_class if found.storage_class in ARCHIVES else ""
        return ObjectInfo(self._key(found.key), found.size, found.etag, archived=archived)

    def _key(self, path: str) -> str:
        return path[len(self._prefix) :]

    def _uri(self, key: str) -> str:
        return str(S3Location(self.name, self._prefix + key))


def _is_plain(key: str) -> bool:
    """Whether obstore names a key, or a prefix that ends in a slash, as S3 does."""
    path = f"/{key.removesuffix('/')}/"
    odd = "//" in path or "/./" in path or "/../" in path
    return not key or (key.isprintable() and not odd)


def _persist(action: Callable[[], None]) -> None:
    """Repeat an idempotent action until its outcome is known.

    Raises:
        NoAnswerError: the outcome is unknown even then.
    """
    for pause in _WRITE_PAUSES:
        try:
            return action()
        except NoAnswerError:
            time.sleep(pause)
    return action()


class OpenedS3(NamedTuple):
    """What is at an `s3://bucket/prefix` URI.

    Attributes:
        bucket: the whole bucket.
        prefix: a folder (empty, or ending in `/`), or the key of one object.
        single: it is one object.
        first: the first key that begins with the prefix, or None.
    """

    bucket: S3Bucket
    prefix: str
    single: bool
    first: str | None


def find_s3(uri: str, options: AwsOptions) -> OpenedS3:
    """Find the folder or object to read at an `s3://bucket/prefix` URI.

    Raises:
        NotFoundError: no such bucket, or no object or folder at the prefix.
        AccessError: no credentials, or they may not list it.
        TrailscanError: the URI names no bucket, or S3 gives no answer.
    """
    name, prefix = parse_bucket(uri)
    access = S3Access(open_session(options), options, name)
    region, first = access.first(prefix)
    single = bool(prefix) and first == prefix and not prefix.endswith("/")
    if prefix and not prefix.endswith("/") and not single:
        prefix += "/"
        _, first = access.first(prefix)
    if prefix and first is None:
        raise NotFoundError(f"there is no object or folder at {uri}")
    return OpenedS3(_bucket(access, region, options), prefix, single, first)


def open_s3(uri: str, options: AwsOptions) -> S3Bucket:
    """Open an `s3://bucket/prefix` URI as a bucket, whether or not it has objects.

    Raises:
        NotFoundError: no such bucket.
        AccessError: no credentials, or they may not list it.
        TrailscanError: the URI names no bucket or an odd prefix, or S3 gives no answer.
    """
    location = parse_bucket(uri)
    if not _is_plain(location.prefix):
        raise TrailscanError(
            f"{uri!r} cannot hold a store: its folders may be neither empty, `.` nor `..`, "
            "nor hold control characters"
        )
    access = S3Access(open_session(options), options, location.bucket)
    region, _ = access.first(location.prefix)
    return _bucket(access, region, options, location.folder)


def open_unlisted(name: str, options: AwsOptions) -> S3Bucket:
    """Open a bucket without a LIST request, to read objects whose keys are known.

    Raises:
        NotFoundError: no such bucket.
        AccessError: no credentials.
        TrailscanError: it is no bucket name, or S3 gives no answer.
    """
    access = S3Access(open_session(options), options, name)
    return _bucket(access, access.region(), options)


def _reopen(made_of: Reopening, prefix: str) -> S3Bucket:
    """The bucket that another process found, with credentials that it lent or of its options."""
    session = open_session(made_of.options) if made_of.lent is None else None
    access = S3Access(session, made_of.options, made_of.bucket)
    access.answered_at = made_of.answered_at
    if made_of.lent is not None:
        access.certificates = made_of.certificates
    return _made(access, made_of, prefix)


def _bucket(access: S3Access, region: str, options: AwsOptions, prefix: str = "") -> S3Bucket:
    """A bucket in a region, its bytes through obstore with the session's credentials."""
    made_of = Reopening(options, access.bucket, region, access.answered_at, _RETRY, _CLIENT)
    return _made(access, made_of, prefix)


def _made(access: S3Access, made_of: Reopening, prefix: str) -> S3Bucket:
    """A bucket of plain settings."""
    signs = not made_of.options.no_sign_request
    has_token = signs and (made_of.lent.token if made_of.lent else access.has_token)
    careful = bool(has_token) and not access.endpoint.is_aws
    return S3Bucket(open_stores(access, made_of), access, prefix, careful=careful, made_of=made_of)
