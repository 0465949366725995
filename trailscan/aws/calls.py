"""Calls of AWS services other than S3, with their errors as errors of trailscan."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.aws.error_codes import explain
from trailscan.aws.session import without_answer
from trailscan.errors import TrailscanError

if TYPE_CHECKING:
    import boto3

ATTEMPTS = 8
"""How many attempts a request has; botocore waits longer before each."""

_NO_REGION = "us-east-1"


class Caller(NamedTuple):
    """The caller's identity.

    Attributes:
        account_id: the account of the credentials.
        arn: of the user or of the role's session.
        partition: `aws`, `aws-cn`, `aws-us-gov`, …
        now: the time by AWS's clock, UTC, or None if the answer did not say.
    """

    account_id: str
    arn: str
    partition: str
    now: datetime | None


def find_caller(session: boto3.Session) -> Caller:
    """The caller's identity from STS, which needs no permission.

    Raises:
        AccessError: there are no credentials, or they are not valid.
        TrailscanError: STS gives no answer.
    """
    answer = call(service_client(session, "sts", None), "get_caller_identity", "AWS STS")
    arn = str(answer["Arn"])
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    try:
        now = parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        now = None
    return Caller(str(answer["Account"]), arn, arn.split(":")[1], now)


def service_client(session: boto3.Session, service: str, region: str | None) -> Any:
    """A client of a service in a region, by default that of the session."""
    from botocore.config import Config  # noqa: PLC0415  # start-up
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # start-up

    config = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    chosen = region or session.region_name or _NO_REGION
    try:
        return session.client(service, region_name=chosen, config=config)  # type: ignore[call-overload]  # the stubs know some services only
    except ValueError as error:  # an endpoint that is no URL
        raise TrailscanError(str(error)) from None
    except BotoCoreError as error:
        raise without_answer(error, service) from None


def call(client: Any, operation: str, where: str, **parameters: Any) -> Any:
    """The response to one request.

    Raises:
        AccessError: it is refused.
        TrailscanError: it fails otherwise.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # start-up

    try:
        return getattr(client, operation)(**parameters)
    except ClientError as error:
        raise explain(error, where) from None
    except BotoCoreError as error:
        raise without_answer(error, where) from None
