"""CloudTrail's public keys through boto3: `ListPublicKeys`, its answers as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.aws.session import AwsOptions, no_credentials, open_session
from trailscan.errors import AccessError, TrailscanError

if TYPE_CHECKING:
    import boto3

_PAGES = 100


class ListedKey(NamedTuple):
    """One public key: PKCS #1 in DER, and when it signs (UTC)."""

    fingerprint: str
    value: bytes
    valid_from: datetime
    valid_to: datetime


class PublicKeyLister:
    """Asks CloudTrail for public keys, region by region."""

    def __init__(self, options: AwsOptions) -> None:
        self._options = options
        self._session: boto3.Session | None = None

    @property
    def has_credentials(self) -> bool:
        """Whether credentials were found; known after the first question."""
        return self._session is not None

    def _open(self) -> boto3.Session:
        """The session to ask with.

        Raises:
            AccessError: there are no credentials.
        """
        if self._session is None:
            session = open_session(self._options)
            if session.get_credentials() is None:
                raise no_credentials()
            self._session = session
        return self._session

    def list(self, region: str, start: datetime, end: datetime) -> list[ListedKey]:
        """The public keys with which CloudTrail signed digests of a region in a span of time.

        Raises:
            AccessError: there are no credentials, or they may not ask.
            TrailscanError: CloudTrail gives no answer there.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # start-up

        try:
            return _ask_all(self._open().client("cloudtrail", region_name=region), start, end)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            kind = AccessError if "Denied" in code else TrailscanError
            raise kind(f"ListPublicKeys in {region} failed ({code})") from None
        except (BotoCoreError, ValueError, KeyError) as error:
            raise TrailscanError(f"ListPublicKeys in {region} gave no answer: {error}") from None


def _ask_all(client: Any, start: datetime, end: datetime) -> list[ListedKey]:
    """All pages of the answer."""
    asked: dict[str, Any] = {"StartTime": start, "EndTime": end}
    found: list[ListedKey] = []
    for _ in range(_PAGES):
        answer = client.list_public_keys(**asked)
        found += [_listed(key) for key in answer["PublicKeyList"]]
        if not answer.get("NextToken"):
            break
        asked["NextToken"] = answer["NextToken"]
    return found


def _listed(key: Any) -> ListedKey:
    when = (key["ValidityStartTime"].astimezone(UTC), key["ValidityEndTime"].astimezone(UTC))
    return ListedKey(key["Fingerprint"], bytes(key["Value"]), *when)
