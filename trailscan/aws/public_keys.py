"""CloudTrail's public keys: the responses of `ListPublicKeys` as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.aws.calls import call, service_client
from trailscan.aws.session import AwsOptions, find_credentials, open_session
from trailscan.errors import TrailscanError

if TYPE_CHECKING:
    import boto3

_PAGES = 100


class ListedKey(NamedTuple):
    """One public key: PKCS #1 in DER, and when it is valid (UTC)."""

    fingerprint: str
    value: bytes
    valid_from: datetime
    valid_to: datetime


class PublicKeyLister:
    """Lists the public keys of CloudTrail, region by region."""

    def __init__(self, options: AwsOptions) -> None:
        self._options = options
        self._session: boto3.Session | None = None

    @property
    def has_credentials(self) -> bool:
        """Whether credentials were found; known after the first call of `list`."""
        return self._session is not None

    def list(self, region: str, start: datetime, end: datetime) -> list[ListedKey]:
        """The public keys with which CloudTrail signed digests of a region in a span of time.

        Raises:
            AccessError: there are no credentials, or they may not list keys.
            TrailscanError: CloudTrail does not answer in that region.
        """
        if self._session is None:
            session = open_session(self._options)
            find_credentials(session)
            self._session = session
        client, where = service_client(self._session, "cloudtrail", region), f"CloudTrail, {region}"
        request: dict[str, Any] = {"StartTime": start, "EndTime": end}
        found: list[ListedKey] = []
        for _ in range(_PAGES):
            answer = call(client, "list_public_keys", where, **request)
            found += [_listed(key, where) for key in answer.get("PublicKeyList", [])]
            if not answer.get("NextToken"):
                break
            request["NextToken"] = answer["NextToken"]
        return found


def _listed(key: Any, where: str) -> ListedKey:
    """One key of an answer."""
    try:
        when = (key["ValidityStartTime"].astimezone(UTC), key["ValidityEndTime"].astimezone(UTC))
        return ListedKey(key["Fingerprint"], bytes(key["Value"]), *when)
    except KeyError as error:
        raise TrailscanError(f"{where} listed a public key without {error}") from None
