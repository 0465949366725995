"""CloudTrail's public keys through boto3: `ListPublicKeys`, its answers as plain values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.aws.session import no_credentials
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


def list_public_keys(
    session: boto3.Session, region: str, start: datetime, end: datetime
) -> list[ListedKey]:
    """The public keys with which CloudTrail signed digests of a region in a span of time.

    Raises:
        AccessError: there are no credentials, or they may not ask.
        TrailscanError: CloudTrail gives no answer there.
    """
    from botocore.exceptions import (  # noqa: PLC0415  # start-up
        BotoCoreError,
        ClientError,
        NoCredentialsError,
    )

    asked: dict[str, Any] = {"StartTime": start, "EndTime": end}
    found: list[ListedKey] = []
    try:
        client: Any = session.client("cloudtrail", region_name=region)
        for _ in range(_PAGES):
            answer = client.list_public_keys(**asked)
            found += [_listed(key) for key in answer["PublicKeyList"]]
            if not answer.get("NextToken"):
                return found
            asked["NextToken"] = answer["NextToken"]
    except NoCredentialsError:
        raise no_credentials() from None
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        text = f"ListPublicKeys in {region} failed ({code})"
        raise (AccessError if "Denied" in code else TrailscanError)(text) from None
    except (BotoCoreError, ValueError, KeyError) as error:
        raise TrailscanError(f"ListPublicKeys in {region} gave no answer: {error}") from None
    return found


def _listed(key: Any) -> ListedKey:
    when = (key["ValidityStartTime"].astimezone(UTC), key["ValidityEndTime"].astimezone(UTC))
    return ListedKey(key["Fingerprint"], bytes(key["Value"]), *when)
