"""S3 through boto3: whether a bucket answers, and the keys that obstore cannot name.

An S3 key may be any text; obstore refuses empty and dotted folder names and control characters, and
one such key ends its whole listing. Whoever may write to a bucket could so hide what lies behind.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from trailscan.aws.session import AwsOptions, certificates, without_answer
from trailscan.errors import AccessError, NotFoundError, TrailscanError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import boto3
    from mypy_boto3_s3 import S3Client

    from trailscan.aws.tries import Tried

_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
"""Names that a bucket or an access point's alias can have, the old ones of us-east-1 included."""
_MISSING = {"404", "NoSuchBucket", "NotFound", "NoSuchKey"}
_CHANGED = {"412", "PreconditionFailed"}
_REFUSED = {
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AuthFailure",
    "ExpiredToken",
    "ExpiredTokenException",
    "Forbidden",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}


class Listed(NamedTuple):
    """One object of a listing; the ETag without its quotes."""

    key: str
    size: int
    etag: str


class Endpoint(NamedTuple):
    """Where a bucket was found to answer.

    Attributes:
        url: of the bucket itself if it is `virtual_hosted`, else of what stands above it.
        virtual_hosted: the bucket is named by the host, not by the path.
    """

    url: str
    virtual_hosted: bool


class S3Access:
    """One bucket through boto3, wherever it is: botocore follows a bucket to its region.

    Every call raises `NotFoundError`, `AccessError` or, for anything else, `TrailscanError`.
    """

    def __init__(self, session: boto3.Session, options: AwsOptions, bucket: str) -> None:
        if not _BUCKET.fullmatch(bucket):
            raise TrailscanError(f"{bucket!r} is no name of a bucket")
        self.bucket = bucket
        self.session = session
        self.certificates = certificates(session)
        self._answered_at = ""
        self._client = _client(session, options)
        self._client.meta.events.register("before-send.s3", self._note_address)
        self._always: dict[str, str] = {"Bucket": bucket}
        if options.request_payer is not None:
            self._always["RequestPayer"] = options.request_payer
        if owner := options.owner_of(bucket):
            self._always["ExpectedBucketOwner"] = owner

    def _note_address(self, request: Any, **_: object) -> None:
        """Remember where the request goes; botocore wants None for an answer."""
        self._answered_at = request.url

    @property
    def endpoint(self) -> Endpoint:
        """Where the last request went: botocore decides on region, partition, FIPS, dual-stack."""
        url = urlsplit(self._answered_at)
        top = f"{url.scheme}://{url.netloc}"
        if url.netloc.startswith(f"{self.bucket}."):
            return Endpoint(top, virtual_hosted=True)
        above, _, _ = url.path.partition(f"/{self.bucket}")
        return Endpoint(f"{top}{above}", virtual_hosted=False)

    def first(self, prefix: str) -> tuple[str, str | None]:
        """The bucket's region, and the first key that starts with a prefix, or None.

        The answer must be one of S3: an HTML page of a proxy with status 200 reads as an empty
        listing to every S3 client.
        """
        answer = self._call("list_objects_v2", prefix, Prefix=prefix, MaxKeys=1)
        headers: dict[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
        region = headers.get("x-amz-bucket-region", self._client.meta.region_name or "us-east-1")
        return region, next((found["Key"] for found in answer.get("Contents", [])), None)

    def list_objects(self, prefix: str, after: str) -> Iterator[Listed]:
        """Every object under a prefix whose key sorts behind `after`."""
        for page in self._pages(prefix, StartAfter=after):
            yield from _objects(page)

    def list_folder(self, prefix: str) -> tuple[list[str], list[Listed]]:
        """The common prefixes and the objects directly under a prefix."""
        folders: list[str] = []
        objects: list[Listed] = []
        for page in self._pages(prefix, Delimiter="/"):
            folders += [found["Prefix"] for found in page.get("CommonPrefixes", [])]
            objects += _objects(page)
        return folders, objects

    def read(self, key: str, etag: str | None) -> tuple[bytes, dict[str, str]]:
        """The bytes of an object, and its own metadata."""
        from botocore.exceptions import (  # noqa: PLC0415  # start-up
            BotoCoreError,
            ResponseStreamingError,
        )

        match = {} if etag is None else {"IfMatch": etag}
        answer = self._call("get_object", key, Key=key, **match)
        try:
            return bytes(answer["Body"].read()), dict(answer.get("Metadata", {}))
        except (BotoCoreError, ResponseStreamingError) as error:
            raise TrailscanError(f"s3://{self.bucket}/{key} was cut short: {error}") from None

    def attempt(self, operation: str, **options: Any) -> Tried:
        """What comes of one request on the bucket, as a value."""
        from trailscan.aws.tries import try_call  # noqa: PLC0415  # start-up

        always = dict(self._always)
        if operation == "get_bucket_location":  # it takes no payer
            always.pop("RequestPayer", None)
        return try_call(self._client, operation, **always, **options)

    def _pages(self, prefix: str, **options: str) -> Iterator[Any]:
        """The pages of a listing, each checked to be one."""
        options = {name: value for name, value in options.items() if value}
        while True:
            page = self._call("list_objects_v2", prefix, Prefix=prefix, **options)
            yield page
            if not page.get("IsTruncated"):
                return
            options["ContinuationToken"] = page["NextContinuationToken"]

    def _call(self, operation: str, key: str, **options: Any) -> Any:
        """One request, its errors as ours."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # start-up

        where = f"s3://{self.bucket}/{key}"
        try:
            answer = getattr(self._client, operation)(**self._always, **options)
        except ClientError as error:
            raise explain(error, where) from None
        except BotoCoreError as error:
            raise without_answer(error, where) from None
        if operation == "list_objects_v2" and "KeyCount" not in answer:
            raise TrailscanError(f"{where} answered, but not as S3 does (a proxy?)")
        return answer


def _client(session: boto3.Session, options: AwsOptions) -> S3Client:
    """S3 as the options say; an endpoint that they do not name is looked up by botocore."""
    import botocore  # noqa: PLC0415  # start-up
    from botocore.config import Config  # noqa: PLC0415  # start-up
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # start-up

    config = Config(signature_version=botocore.UNSIGNED) if options.no_sign_request else None
    try:
        return session.client("s3", endpoint_url=options.endpoint_url, config=config)
    except ValueError as error:  # an endpoint that is no URL
        raise TrailscanError(str(error)) from None
    except BotoCoreError as error:
        raise without_answer(error, "S3") from None


def _objects(page: Any) -> list[Listed]:
    return [
        Listed(found["Key"], found["Size"], found["ETag"].strip('"'))
        for found in page.get("Contents", [])
    ]


def explain(error: Any, where: str) -> TrailscanError:
    """A botocore `ClientError` in one line, as the error that fits."""
    found = error.response.get("Error", {})
    code = str(found.get("Code", ""))
    text = str(found.get("Message", "")) or code
    if code in _MISSING:
        return NotFoundError(f"{where} does not exist ({code})")
    if code in _CHANGED:
        return NotFoundError(f"{where} changed after it was listed")
    if code in _REFUSED:
        return AccessError(f"{where}: access denied by {error.operation_name} ({code}: {text})")
    return TrailscanError(f"{where}: {error.operation_name} failed ({code}: {text})")
