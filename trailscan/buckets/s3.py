"""An S3 bucket: bytes through obstore, and through boto3 the keys that obstore cannot name."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.aws.s3 import S3Access
from trailscan.aws.session import AwsOptions, credential_provider, open_session
from trailscan.buckets.base import ObjectInfo, StoredObject
from trailscan.errors import AccessError, AlreadyExistsError, NotFoundError, TrailscanError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from obstore import GetResult
    from obstore.store import S3Store

_PAGE = 1000


class S3Bucket:
    """An S3 bucket, or what stands in it under a prefix; keys are given without that prefix.

    Everything goes through obstore but the keys that it cannot name: those go through boto3.

    Args:
        store: the bucket in obstore.
        access: the same in boto3.
        prefix: empty, or ending in `/`.
        lists_itself: obstore may list. It may not where an owner is expected: it signs that header
            on every request but a listing (object_store 0.13 to 0.14.2), and S3 refuses what is
            not signed.
    """

    def __init__(
        self, store: S3Store, access: S3Access, prefix: str = "", *, lists_itself: bool = True
    ) -> None:
        self.name = access.bucket
        self._store = store
        self._access = access
        self._prefix = prefix
        self._lists_itself = lists_itself

    def below(self, prefix: str) -> S3Bucket:
        """What stands under a prefix, as a bucket of its own."""
        return S3Bucket(self._store, self._access, prefix, lists_itself=self._lists_itself)

    def list_objects(self, folder: str = "", after: str | None = None) -> Iterator[ObjectInfo]:
        """Every object in the folder, in key order, a page a request."""
        import obstore  # noqa: PLC0415  # start-up
        from obstore.exceptions import InvalidPathError  # noqa: PLC0415  # start-up

        seen = "" if after is None else self._prefix + after
        if not self._lists_itself:
            for listed in self._access.list_objects(self._prefix + folder, seen):
                yield self._info(*listed)
            return
        try:
            with _s3_errors(self._uri(folder)):
                pages = obstore.list(
                    self._store, self._prefix + folder, offset=seen or None, chunk_size=_PAGE
                )
                for page in pages:
                    for found in page:
                        seen = found["path"]
                        yield self._info(found["path"], found["size"], found["e_tag"])
        except InvalidPathError:
            for listed in self._access.list_objects(self._prefix + folder, seen):
                yield self._info(*listed)

    def list_folder(self, folder: str) -> tuple[list[str], list[ObjectInfo]]:
        """The common prefixes and objects directly in a folder, by delimiter."""
        import obstore  # noqa: PLC0415  # start-up
        from obstore.exceptions import InvalidPathError  # noqa: PLC0415  # start-up

        whole = self._prefix + folder
        if not (self._lists_itself and _is_plain(whole)):
            return self._list_odd_folder(whole)
        try:
            with _s3_errors(self._uri(folder)):
                found = obstore.list_with_delimiter(self._store, whole)
        except InvalidPathError:
            return self._list_odd_folder(whole)
        folders = [f"{self._key(path)}/" for path in found["common_prefixes"]]
        objects = [self._info(one["path"], one["size"], one["e_tag"]) for one in found["objects"]]
        return folders, objects

    def _list_odd_folder(self, whole: str) -> tuple[list[str], list[ObjectInfo]]:
        """The same where obstore may not list, or cannot name the folder or a key in it."""
        folders, listed = self._access.list_folder(whole)
        return [self._key(folder) for folder in folders], [self._info(*one) for one in listed]

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes of an object, all of them: the length must be the one announced."""
        if not _is_plain(self._prefix + key):
            return self._access.read(self._prefix + key, etag)[0]
        return self._get(key, etag)[0]

    def read_with_metadata(self, key: str, etag: str | None = None) -> StoredObject:
        """The same with its metadata, in one request."""
        if not _is_plain(self._prefix + key):
            return StoredObject(*self._access.read(self._prefix + key, etag))
        data, found = self._get(key, etag)
        return StoredObject(data, {name.lower(): text for name, text in found.attributes.items()})

    def _get(self, key: str, etag: str | None) -> tuple[bytes, GetResult]:
        """The bytes of an object, and what else obstore tells of it."""
        import obstore  # noqa: PLC0415  # start-up

        with _s3_errors(self._uri(key)):
            options: Any = {} if etag is None else {"if_match": etag}
            found = obstore.get(self._store, self._prefix + key, options=options)
            data = bytes(found.bytes())
        if len(data) != found.meta["size"]:
            raise TrailscanError(f"{self._uri(key)} was cut short at {len(data):,} bytes")
        return data, found

    def write(self, key: str, data: bytes) -> None:
        """One PUT."""
        import obstore  # noqa: PLC0415  # start-up

        with _s3_errors(self._uri(key)):
            obstore.put(self._store, self._prefix + key, data, use_multipart=False)

    def write_new(self, key: str, data: bytes) -> None:
        """One PUT with `If-None-Match: *`."""
        import obstore  # noqa: PLC0415  # start-up

        with _s3_errors(self._uri(key)):
            obstore.put(self._store, self._prefix + key, data, mode="create", use_multipart=False)

    def delete(self, key: str) -> None:
        """One DELETE."""
        import obstore  # noqa: PLC0415  # start-up

        with _s3_errors(self._uri(key)):
            obstore.delete(self._store, self._prefix + key)

    def _info(self, path: str, size: int, etag: str | None) -> ObjectInfo:
        return ObjectInfo(self._key(path), size, (etag or "").strip('"'))

    def _key(self, path: str) -> str:
        return path[len(self._prefix) :]

    def _uri(self, key: str) -> str:
        return f"s3://{self.name}/{self._prefix}{key}"


def _is_plain(key: str) -> bool:
    """Whether obstore names a key, or a prefix that ends in a slash, as S3 does."""
    parts = key.removesuffix("/").split("/")
    return not key or (key.isprintable() and all(part not in ("", ".", "..") for part in parts))


@contextlib.contextmanager
def _s3_errors(where: str) -> Iterator[None]:
    """Errors of obstore as ours, in one line each, but for listed keys that it cannot name."""
    from obstore import exceptions  # noqa: PLC0415  # start-up

    try:
        yield
    except exceptions.InvalidPathError:
        raise
    except (exceptions.AlreadyExistsError, exceptions.NotModifiedError):
        raise AlreadyExistsError(f"{where} exists already") from None
    except exceptions.PreconditionError:
        raise NotFoundError(f"{where} changed after it was listed") from None
    except (exceptions.NotFoundError, FileNotFoundError):
        raise NotFoundError(f"{where} does not exist") from None
    except (exceptions.PermissionDeniedError, exceptions.UnauthenticatedError) as error:
        raise AccessError(f"{where}: access denied ({_first_line(error)})") from None
    except (exceptions.BaseError, OSError) as error:
        raise TrailscanError(f"{where}: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    """The first line of a message: obstore appends its internals to it."""
    return next(iter(str(error).splitlines()), type(error).__name__)


class S3Place(NamedTuple):
    """What an `s3://bucket/prefix` URI stands for.

    Attributes:
        bucket: the whole bucket.
        prefix: a folder (empty, or ending in `/`), or the key of one object.
        single: it is one object.
    """

    bucket: S3Bucket
    prefix: str
    single: bool


def find_s3(uri: str, options: AwsOptions) -> S3Place:
    """What there is to read at an `s3://bucket/prefix` URI.

    Raises:
        NotFoundError: no such bucket, or nothing stands at the prefix.
        AccessError: no credentials, or they may not list it.
        TrailscanError: the URI names no bucket, or S3 gives no answer.
    """
    name, prefix = _split(uri)
    access = S3Access(open_session(options), options, name)
    region, first = access.first(prefix)
    single = bool(prefix) and first == prefix and not prefix.endswith("/")
    if prefix and not prefix.endswith("/") and not single:
        prefix += "/"
        _, first = access.first(prefix)
    if prefix and first is None:
        raise NotFoundError(f"nothing stands at s3://{name}/{prefix}")
    return S3Place(_bucket(access, region, options), prefix, single)


def open_s3(uri: str, options: AwsOptions) -> S3Bucket:
    """The place at an `s3://bucket/prefix` URI as a bucket, whether or not anything stands there.

    Raises:
        NotFoundError: no such bucket.
        AccessError: no credentials, or they may not list it.
        TrailscanError: the URI names no bucket or an odd prefix, or S3 gives no answer.
    """
    name, prefix = _split(uri)
    if not _is_plain(prefix):
        raise TrailscanError(
            f"{uri!r} cannot hold a store: its folders may be neither empty, `.` nor `..`, "
            "nor hold control characters"
        )
    access = S3Access(open_session(options), options, name)
    region, _ = access.first(prefix)
    return _bucket(access, region, options, f"{prefix.rstrip('/')}/" if prefix else "")


def _split(uri: str) -> tuple[str, str]:
    """Bucket and prefix of a URI."""
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise TrailscanError(f"{uri!r} names no bucket; expected s3://bucket/prefix")
    return bucket, prefix


def _bucket(access: S3Access, region: str, options: AwsOptions, prefix: str = "") -> S3Bucket:
    """A bucket in a region, its bytes through obstore with the session's credentials."""
    from obstore.store import S3Store  # noqa: PLC0415  # start-up

    client: Any = {"allow_http": access.endpoint.url.startswith("http://")}
    if access.certificates is not None:
        client["root_certificate"] = access.certificates
    owner = options.owner_of(access.bucket)
    if owner is not None:
        client["default_headers"] = {"x-amz-expected-bucket-owner": owner}
    signing: Any = {"skip_signature": options.no_sign_request}
    if not options.no_sign_request:
        signing["credential_provider"] = credential_provider(access.session)
    store = S3Store(  # what is not said here, obstore takes from variables of its own
        access.bucket,
        region=region,
        aws_endpoint_url_s3=access.endpoint.url,
        virtual_hosted_style_request=access.endpoint.virtual_hosted,
        request_payer=options.request_payer is not None,
        conditional_put="etag",
        disable_bulk_delete=True,  # one DELETE, whose refusal reads as one
        client_options=client,
        **signing,
    )
    return S3Bucket(store, access, prefix, lists_itself=owner is None)
