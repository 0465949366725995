"""S3 through boto3: whether a bucket answers, its listings, and why a read was refused.

An S3 key may be any text; obstore refuses empty and dotted folder names and control characters, and
one such key ends its whole listing. Whoever may write to a bucket could so hide what lies behind.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from trailscan.aws.endpoint import Endpoint
from trailscan.aws.error_codes import explain
from trailscan.aws.listing import PAGE, Page, parse_pages
from trailscan.aws.plain_lists import PlainLists
from trailscan.aws.saving import persist, save
from trailscan.aws.session import (
    AwsOptions,
    certificates,
    find_credentials,
    open_session,
    without_answer,
)
from trailscan.errors import (
    AlreadyExistsError,
    ChangedError,
    NoAnswerError,
    TrailscanError,
)
from trailscan.location import S3Location

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import boto3
    from mypy_boto3_s3 import S3Client

    from trailscan.aws.tries import Tried

_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,255}")
"""Names that a bucket or an access point's alias can have, the old ones of us-east-1 included."""
_ATTEMPTS = 8
_READ_TIMEOUT = 60
_FORBIDDEN = 403
_CONNECTIONS = 64
_MOST_PAGES = 100_000
"""How many pages of 1,000 objects a listing may have; no folder of CloudTrail is so large."""
_MOST_EMPTY = 100
"""How many pages without a key may follow each other: S3 skips what was deleted in some pages."""
_PAUSES = (0.5, 2.0)
"""Seconds to wait before a request is repeated whose response was not one of S3."""


class Protection(NamedTuple):
    """How objects are written that nobody may change.

    Attributes:
        lock_mode: of Object Lock, `GOVERNANCE` or `COMPLIANCE`; empty for no lock.
        lock_until: until when an object can be neither deleted nor overwritten.
        kms_key: encrypts objects (SSE-KMS); empty for what the bucket does by itself.
    """

    lock_mode: str = ""
    lock_until: datetime | None = None
    kms_key: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters of PutObject."""
        found: dict[str, Any] = {}
        if self.lock_mode:
            found["ObjectLockMode"] = self.lock_mode
            found["ObjectLockRetainUntilDate"] = self.lock_until
        if self.kms_key:
            found |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key}
        return found


class S3Access:
    """One bucket through boto3, wherever it is: botocore follows a bucket to its region.

    Every call raises `NotFoundError`, `AccessError`, `NoAnswerError` or, for anything else,
    `TrailscanError`.

    Args:
        session: of the options; None to open one if it is needed.
        options: how to reach it.
        bucket: its name.

    Attributes:
        list_requests: the number of LIST requests so far.
        delay: seconds that the fastest of them took; 0 before the first.
        answered_at: the URL of the last request.
        certificates: of the session given, in PEM; None for the usual ones.
    """

    def __init__(self, session: boto3.Session | None, options: AwsOptions, bucket: str) -> None:
        if not _BUCKET.fullmatch(bucket):
            raise TrailscanError(f"{bucket!r} is not a bucket name")
        self.bucket = bucket
        self._session = session
        self._counting = threading.Lock()
        self.list_requests = 0
        self.delay = 0.0
        self.certificates = None if session is None else certificates(session)
        self.answered_at = ""
        self._options = options
        self._opening = threading.RLock()
        self._opened: S3Client | None = None
        self._plain: PlainLists | None = None
        self._always: dict[str, str] = {"Bucket": bucket}
        if options.request_payer is not None:
            self._always["RequestPayer"] = options.request_payer
        if owner := options.owner_of(bucket):
            self._always["ExpectedBucketOwner"] = owner

    @property
    def session(self) -> boto3.Session:
        """The session; opened if none was given.

        Raises:
            AccessError: the profile is unknown.
        """
        with self._opening:
            if self._session is None:
                self._session = open_session(self._options)
            return self._session

    @property
    def _client(self) -> S3Client:
        """The client; a process that only reads objects needs none: 0.1 s and 10 MB."""
        with self._opening:
            if self._opened is None:
                self._opened = _client(self.session, self._options)
                self._opened.meta.events.register("before-send.s3", self._note_address)
                self._plain = PlainLists(self._opened, self.session)
            return self._opened

    def _note_address(self, request: Any, **_: object) -> None:
        """Remember the URL of a request; returns None, as botocore requires."""
        self.answered_at = request.url

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the last request; botocore chooses region, partition, FIPS and so on."""
        url = urlsplit(self.answered_at)
        top = f"{url.scheme}://{url.netloc}"
        if url.netloc.startswith(f"{self.bucket}."):
            return Endpoint(top, virtual_hosted=True)
        above, _, _ = url.path.partition(f"/{self.bucket}")
        return Endpoint(f"{top}{above}", virtual_hosted=False)

    def first(self, prefix: str) -> tuple[str, str | None]:
        """The bucket's region, and the first key that starts with a prefix, or None.

        The response must be one of S3: a proxy's HTML page with status 200 reads as an empty
        listing to every S3 client.
        """
        answer = self._list(prefix, {"MaxKeys": 1}, pauses=())
        headers: dict[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
        region = headers.get("x-amz-bucket-region", self._client.meta.region_name or "us-east-1")
        return region, next((found.key for found in answer[PAGE].objects), None)

    def read(self, key: str, etag: str | None, length: int = 0) -> tuple[bytes, dict[str, str]]:
        """The bytes of an object, all or the first few, and its metadata."""
        from botocore.exceptions import (  # noqa: PLC0415  # start-up
            BotoCoreError,
            ResponseStreamingError,
        )

        match = {} if etag is None else {"IfMatch": etag}
        if length:
            match["Range"] = f"bytes=0-{length - 1}"
        answer = self._call("get_object", key, Key=key, **match)
        try:
            return bytes(answer["Body"].read()), dict(answer.get("Metadata", {}))
        except (BotoCoreError, ResponseStreamingError) as error:
            raise NoAnswerError(f"{self._uri(key)} was cut short: {error}") from None

    def write_new(self, key: str, data: bytes, protection: Protection) -> None:
        """One PUT with `If-None-Match: *` and the headers of a protection, which obstore lacks.

        Raises:
            AlreadyExistsError: the key is taken, perhaps by this very object.
        """
        try:
            self._call(
                "put_object", key, Key=key, Body=data, IfNoneMatch="*", **protection.parameters
            )
        except ChangedError:
            raise AlreadyExistsError(f"{self._uri(key)} exists already") from None

    @property
    def has_token(self) -> bool:
        """Whether requests carry a session token.

        Raises:
            AccessError: there are no credentials.
        """
        return bool(find_credentials(self.session).token)

    def region(self) -> str:
        """The bucket's region, without a LIST request; a caller who may not list it may ask too.

        S3 names the region in a refusal as well, and botocore follows the bucket there.
        """
        always = {name: value for name, value in self._always.items() if name != "RequestPayer"}
        headers = head_bucket(self._client, self._uri(""), always)
        return headers.get("x-amz-bucket-region", self._client.meta.region_name or "us-east-1")

    def download(self, key: str, into: IO[bytes]) -> None:
        """Write the bytes of an object into a file, from its beginning after each failure."""
        persist(lambda: save(self._call("get_object", key, Key=key), self._uri(key), into))

    def attempt(self, operation: str, **options: Any) -> Tried:
        """The result of one request to the bucket, as a value."""
        from trailscan.aws.tries import try_call  # noqa: PLC0415  # start-up

        always = dict(self._always)
        if operation == "get_bucket_location":  # it takes no payer
            always.pop("RequestPayer", None)
        return try_call(self._client, operation, **always, **options)

    def pages(self, prefix: str, **options: str) -> Iterator[Page]:
        """The pages of a listing, in the order of keys.

        Args:
            prefix: of the keys.
            options: of ListObjectsV2, as `StartAfter` or `Delimiter`; empty ones are left out.
        """
        request: dict[str, Any] = {name: value for name, value in options.items() if value}
        tokens: set[bytes] = set()
        empty = 0
        for _ in range(_MOST_PAGES):
            page = self._page(prefix, request)
            yield page
            if page.token is None:
                return
            token = hashlib.blake2b(page.token.encode(), digest_size=16).digest()
            empty = 0 if page.objects or page.folders else empty + 1
            if token in tokens:
                raise NoAnswerError(f"{self._uri(prefix)}: the listing repeats the same page")
            if empty > _MOST_EMPTY:
                raise NoAnswerError(f"{self._uri(prefix)}: the listing has {empty} empty pages")
            tokens.add(token)
            request["ContinuationToken"] = page.token
        raise NoAnswerError(
            f"{self._uri(prefix)}: the listing has not ended after {_MOST_PAGES:,} pages; load a "
            "longer prefix or a shorter window"
        )

    def _page(self, prefix: str, request: dict[str, Any]) -> Page:
        """A page of a listing."""
        if self._plain is not None and self._plain.can_list:
            began = time.monotonic()
            page = self._plain.page(self.endpoint, self.bucket, prefix, request)
            self._note_list(time.monotonic() - began)
            if page is not None:
                return page
        found: Page = self._list(prefix, request)[PAGE]
        return found

    def _list(
        self, prefix: str, request: dict[str, Any], pauses: tuple[float, ...] | None = None
    ) -> Any:
        """A response with a page; one that is not of S3 is requested again, then it is an error."""
        for pause in (*(_PAUSES if pauses is None else pauses), None):
            began = time.monotonic()
            answer = self._call("list_objects_v2", prefix, Prefix=prefix, **request)
            self._note_list(time.monotonic() - began)
            if answer.get(PAGE) is not None:
                return answer
            if pause is not None:
                time.sleep(pause)
        raise NoAnswerError(
            f"{self._uri(prefix)}: the response is not one of S3 (is a proxy altering responses?)"
        )

    def _note_list(self, seconds: float) -> None:
        """Count a request, and remember the fastest."""
        with self._counting:
            self.list_requests += 1
            self.delay = min(self.delay or seconds, seconds)

    def _uri(self, key: str) -> str:
        return str(S3Location(self.bucket, key))

    def _call(self, operation: str, key: str, **options: Any) -> Any:
        """Send one request; its errors become errors of trailscan."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # start-up

        where = self._uri(key)
        try:
            answer = getattr(self._client, operation)(**self._always, **options)
        except ClientError as error:
            raise explain(error, where) from None
        except BotoCoreError as error:
            raise without_answer(error, where) from None
        return answer


def _client(session: boto3.Session, options: AwsOptions) -> S3Client:
    """A client of S3 for the options; botocore finds the endpoint if they have none."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # start-up

    config = _config(session, options)
    try:
        client: S3Client = session.client("s3", endpoint_url=options.endpoint_url, config=config)
    except ValueError as error:  # an endpoint that is no URL
        raise TrailscanError(str(error)) from None
    except BotoCoreError as error:
        raise without_answer(error, "S3") from None
    parse_pages(client)
    return client


def _config(session: boto3.Session, options: AwsOptions) -> Any:
    """A connection for each listing thread, and retries unless the user configured them."""
    import botocore  # noqa: PLC0415  # start-up
    from botocore.config import Config  # noqa: PLC0415  # start-up

    configured = session._session.get_config_variable("max_attempts")  # noqa: SLF001  # boto3 offers no other way
    retries: Any = None if configured else {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    return Config(
        max_pool_connections=_CONNECTIONS,
        retries=retries,
        read_timeout=_READ_TIMEOUT,
        signature_version=botocore.UNSIGNED if options.no_sign_request else None,
    )


def head_bucket(client: S3Client, where: str, always: dict[str, str]) -> dict[str, str]:
    """The headers of S3's answer to HeadBucket, also where the caller may not list the bucket.

    Raises:
        NotFoundError: no such bucket.
        TrailscanError: S3 gives no answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # start-up

    try:
        answer: Any = client.head_bucket(**always)
    except ClientError as error:
        answer = error.response
        if answer["ResponseMetadata"]["HTTPStatusCode"] != _FORBIDDEN:
            raise explain(error, where) from None
    except BotoCoreError as error:
        raise without_answer(error, where) from None
    headers: dict[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
    return headers
