"""Pages of listings without botocore's layers, which take two fifths of the processor time.

botocore lists first, and so decides endpoint, region, proxy, certificates and who signs. What
follows goes the same way: signed by its signer, sent over its connections. It is not explained and
not repeated: whatever is no page is asked for again through botocore, which does both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from trailscan.aws.listing import Page, parse_page
from trailscan.aws.session import find_credentials
from trailscan.errors import TrailscanError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3
    from mypy_boto3_s3 import S3Client

    from trailscan.aws.endpoint import Endpoint

_OK = 200
_SIGNED = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/,]+/[0-9]{8}/([a-z0-9-]+)/s3/aws4_request,")
"""The usual signature of S3, and its region; not that of directory buckets or of many regions."""
_KEPT = ("User-Agent", "x-amz-request-payer", "x-amz-expected-bucket-owner")
_NAMES = {
    "ContinuationToken": "continuation-token",
    "Delimiter": "delimiter",
    "StartAfter": "start-after",
}


class PlainLists:
    """Lists a bucket as botocore did before.

    Args:
        client: lists the bucket first.
        session: of the client, with its credentials.
    """

    def __init__(self, client: S3Client, session: boto3.Session) -> None:
        self._session = session
        self._http: Any = client._endpoint.http_session  # type: ignore[attr-defined]  # noqa: SLF001  # botocore offers no other way
        self._region = ""
        self._headers: dict[str, str] = {}
        client.meta.events.register("before-send.s3.ListObjectsV2", self._note)

    def _note(self, request: Any, **_: object) -> None:
        """Remember how a request was signed; returns None, as botocore requires."""
        found = _SIGNED.match(_text(request.headers.get("Authorization", "")))
        self._region = found[1] if found else ""
        kept = ((name, request.headers.get(name)) for name in _KEPT)
        self._headers = {name: _text(value) for name, value in kept if value is not None}

    @property
    def can_list(self) -> bool:
        """Whether botocore listed before, in the usual way, and nothing failed since."""
        return bool(self._region)

    def page(
        self, endpoint: Endpoint, bucket: str, prefix: str, request: Mapping[str, str]
    ) -> Page | None:
        """A page of a listing; None if something else was answered, or nothing.

        Args:
            endpoint: of the bucket.
            bucket: its name.
            prefix: of the keys.
            request: of ListObjectsV2, as botocore names it.
        """
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # start-up

        above = "" if endpoint.virtual_hosted else f"/{bucket}"
        asked = {"encoding-type": "url", "list-type": "2", "prefix": prefix}
        asked |= {_NAMES[name]: value for name, value in request.items()}
        try:
            query = urlencode(asked, quote_via=quote, safe="-_.~")
            answer = self._http.send(self._signed(f"{endpoint.url}{above or '/'}?{query}"))
        except (BotoCoreError, TrailscanError, UnicodeError):
            answer = None
        page = parse_page(answer.content) if answer and answer.status_code == _OK else None
        if page is None:
            self._region = ""
        return page

    def _signed(self, url: str) -> Any:
        """A GET that is signed as botocore signed the one before."""
        from botocore.auth import S3SigV4Auth  # noqa: PLC0415  # start-up
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415  # the same

        request: Any = AWSRequest("GET", url, headers=self._headers)
        frozen = find_credentials(self._session).get_frozen_credentials()
        S3SigV4Auth(frozen, "s3", self._region).add_auth(request)
        return request.prepare()


def _text(value: str | bytes) -> str:
    """The value of a header, which botocore has in either form."""
    return value.decode("latin-1") if isinstance(value, bytes) else value
