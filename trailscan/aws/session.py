"""Sessions and roles as the AWS CLI has them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from trailscan.errors import AccessError

if TYPE_CHECKING:
    import boto3
    from obstore.auth.boto3 import Boto3CredentialProvider

_CREDENTIAL_LIFE = timedelta(minutes=5)  # boto3 renews what is about to expire; so ask it often


@dataclass(frozen=True, slots=True)
class AwsOptions:
    """How to reach AWS; every field as the AWS CLI's option of that name, None for its default."""

    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    region: str | None = None
    endpoint_url: str | None = None


def open_session(options: AwsOptions) -> boto3.Session:
    """A boto3 session for the options, its role assumed and renewed as needed.

    Raises:
        AccessError: the profile is unknown.
    """
    import boto3  # noqa: PLC0415  # 0.1 s that a local source need not pay
    import botocore.exceptions  # noqa: PLC0415  # the same

    try:
        session = boto3.Session(profile_name=options.profile, region_name=options.region)
    except botocore.exceptions.BotoCoreError as error:
        raise AccessError(str(error)) from None
    return session if options.role_arn is None else _assume_role(session, options, options.role_arn)


def _assume_role(session: boto3.Session, options: AwsOptions, role_arn: str) -> boto3.Session:
    """A session of the role, whose credentials renew themselves."""
    import boto3  # noqa: PLC0415  # start-up
    import botocore.credentials  # noqa: PLC0415  # start-up
    import botocore.session  # noqa: PLC0415  # start-up

    source = session.get_credentials()
    if source is None:
        raise no_credentials()
    extra = {"RoleSessionName": "trailscan"}
    if options.external_id is not None:
        extra["ExternalId"] = options.external_id
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        client_creator=session._session.create_client,  # noqa: SLF001  # boto3 offers no other way
        source_credentials=source,
        role_arn=role_arn,
        extra_args=extra,
    )
    inner = botocore.session.Session(profile=options.profile)
    inner._credentials = botocore.credentials.DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # noqa: SLF001  # the same
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    return boto3.Session(botocore_session=inner, region_name=session.region_name)


def credential_provider(session: boto3.Session) -> Boto3CredentialProvider:
    """The session's credentials for obstore.

    Raises:
        AccessError: there are none.
    """
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415  # start-up

    try:
        return Boto3CredentialProvider(session, ttl=_CREDENTIAL_LIFE)
    except ValueError:
        raise no_credentials() from None


def endpoint_of(options: AwsOptions) -> str | None:
    """The endpoint to use for S3: the option, or what the AWS CLI's variables say."""
    named = (os.environ.get(name) for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"))
    return options.endpoint_url or next(filter(None, named), None)


def no_credentials() -> AccessError:
    """The error for a caller without credentials."""
    return AccessError("no AWS credentials found (try --profile, or `aws configure`, or a role)")
