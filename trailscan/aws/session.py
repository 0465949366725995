"""Sessions and roles, configured as in the AWS CLI.

Profiles, SSO, web identity, `credential_process`, container and instance roles, FIPS and dual-stack
endpoints, `AWS_ENDPOINT_URL…`, proxies and certificates are boto3's: whatever its configuration
says holds here too, and `buckets` hands the same to obstore.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trailscan.errors import AccessError, CredentialsError, NoAnswerError, TrailscanError

if TYPE_CHECKING:
    import boto3
    from boto3 import Session as Session  # noqa: PLC0414  # a name for floors above
    from botocore.exceptions import BotoCoreError
    from botocore.loaders import Loader
    from botocore.session import Session as BotocoreSession
    from obstore.auth.boto3 import Boto3CredentialProvider

CREDENTIAL_LIFE = timedelta(minutes=5)
"""How long credentials are used until boto3, which renews what expires soon, is asked again."""

_SESSION_NAME = "trailscan"
_OWNER = re.compile(r"(?:(?P<bucket>[A-Za-z0-9._-]{3,255})=)?(?P<account>[0-9]{12})")


@dataclass(frozen=True, slots=True)
class AwsOptions:
    """How to reach AWS: the AWS CLI's options of these names, None for their defaults.

    Attributes:
        endpoint_url: of S3 alone; other services have the AWS CLI's variables and settings.
        role_session_name: of `role_arn`; CloudTrail records it.
        request_payer: `requester`: whoever asks pays, where a bucket wants it.
        expected_bucket_owner: the account that must own every bucket, or `bucket=account` for one
            of them; several are separated by commas.
        no_sign_request: ask without credentials, as public buckets allow.

    Raises:
        ValueError: an owner is no account id, or the payer is not `requester`.
    """

    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    region: str | None = None
    endpoint_url: str | None = None
    role_session_name: str | None = None
    request_payer: str | None = None
    expected_bucket_owner: str | None = None
    no_sign_request: bool = False

    def __post_init__(self) -> None:
        if self.request_payer not in (None, "requester"):
            raise ValueError(f"request_payer is {self.request_payer!r}, expected 'requester'")
        for one in self._owners():
            if not _OWNER.fullmatch(one):
                raise ValueError(f"{one!r} is neither a 12-digit account id nor BUCKET=ACCOUNT")

    def _owners(self) -> list[str]:
        given = self.expected_bucket_owner
        return [] if given is None else [one.strip() for one in given.split(",")]

    def owner_of(self, bucket: str) -> str | None:
        """The account that must own a bucket, or None if any may."""
        found = filter(None, map(_OWNER.fullmatch, self._owners()))
        owners = {one["bucket"]: one["account"] for one in found}
        return owners.get(bucket, owners.get(None))


def open_session(options: AwsOptions) -> boto3.Session:
    """A boto3 session for the options, its role assumed and renewed as needed.

    Raises:
        AccessError: the profile is unknown.
    """
    import boto3  # noqa: PLC0415  # 0.1 s that a local source need not pay
    import botocore.exceptions  # noqa: PLC0415  # the same

    try:
        inner = _new_session(options.profile)
        session = boto3.Session(botocore_session=inner, region_name=options.region)
    except botocore.exceptions.BotoCoreError as error:
        raise AccessError(str(error)) from None
    return session if options.role_arn is None else _assume_role(session, options, options.role_arn)


def _new_session(profile: str | None) -> BotocoreSession:
    """A session that shares botocore's data files with all others.

    Reading them takes 40 ms, and source, store and keys each have a session of their own.
    """
    import botocore.session  # noqa: PLC0415  # start-up

    session = botocore.session.Session(profile=profile)
    loader = _data_loader(session.get_config_variable("data_path"))
    session.register_component("data_loader", loader)
    return session


@cache
def _data_loader(data_path: str | None) -> Loader:
    """Reads each data file of botocore once in a process."""
    from botocore.loaders import create_loader  # noqa: PLC0415  # start-up

    return create_loader(data_path)


def _assume_role(session: boto3.Session, options: AwsOptions, role_arn: str) -> boto3.Session:
    """A session of the role, whose credentials renew themselves."""
    import boto3  # noqa: PLC0415  # start-up
    import botocore.credentials  # noqa: PLC0415  # start-up

    source = find_credentials(session)
    extra = {"RoleSessionName": options.role_session_name or _SESSION_NAME}
    if options.external_id is not None:
        extra["ExternalId"] = options.external_id
    fetcher = botocore.credentials.AssumeRoleCredentialFetcher(
        client_creator=session._session.create_client,  # noqa: SLF001  # boto3 offers no other way
        source_credentials=source,
        role_arn=role_arn,
        extra_args=extra,
    )
    inner = _new_session(options.profile)
    inner._credentials = botocore.credentials.DeferredRefreshableCredentials(  # type: ignore[attr-defined]  # noqa: SLF001  # the same
        refresh_using=fetcher.fetch_credentials, method="assume-role"
    )
    return boto3.Session(botocore_session=inner, region_name=session.region_name)


def find_credentials(session: boto3.Session) -> Any:
    """The session's credentials, which renew themselves.

    Raises:
        AccessError: there are none, or what should give them fails.
    """
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415  # start-up

    try:
        found = session.get_credentials()
    except BotoCoreError as error:
        raise without_answer(error, "AWS") from None
    if found is None:
        raise no_credentials()
    return found


def credential_provider(session: boto3.Session) -> Boto3CredentialProvider:
    """The session's credentials for obstore.

    Raises:
        AccessError: there are none.
    """
    from obstore.auth.boto3 import Boto3CredentialProvider  # noqa: PLC0415  # start-up

    find_credentials(session)
    return Boto3CredentialProvider(session, ttl=CREDENTIAL_LIFE)


def asks_for_code(session: boto3.Session) -> bool:
    """Whether the profile's credentials need a code that somebody types (`mfa_serial`)."""
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415  # start-up

    try:
        return "mfa_serial" in session._session.get_scoped_config()  # noqa: SLF001  # boto3 offers no other way
    except ProfileNotFound:
        return False


def no_credentials() -> CredentialsError:
    """The error for a caller without credentials."""
    return CredentialsError(
        "no AWS credentials found",
        "give --profile, run `aws configure`, or use a role",
    )


def without_answer(error: BotoCoreError, where: str) -> TrailscanError:
    """The error of trailscan for a request that was not sent or not answered."""
    from botocore import exceptions  # noqa: PLC0415  # start-up

    match error:
        case exceptions.NoCredentialsError():
            return no_credentials()
        case exceptions.SSOError() | exceptions.TokenRetrievalError():
            return CredentialsError(f"{where}: not signed in: {error}", "run `aws sso login`")
        case (
            exceptions.CredentialRetrievalError()
            | exceptions.PartialCredentialsError()
            | exceptions.InvalidConfigError()
            | exceptions.MetadataRetrievalError()
            | exceptions.RefreshWithMFAUnsupportedError()
        ):
            return CredentialsError(f"{where}: no credentials: {error}")
        case _:
            return NoAnswerError(f"{where} gave no answer: {error}")


def partition_of(region: str | None) -> str:
    """The partition of a region: `aws`, `aws-cn`, `aws-us-gov`, …; `aws` for unknown regions."""
    import botocore.exceptions  # noqa: PLC0415  # start-up
    import botocore.session  # noqa: PLC0415  # start-up

    try:
        found = botocore.session.get_session().get_partition_for_region(region or "us-east-1")
    except botocore.exceptions.UnknownRegionError:
        return "aws"
    return str(found)


def configured_region(options: AwsOptions) -> str | None:
    """The region of the options, or of the AWS CLI's variables and settings, without a request.

    Raises:
        AccessError: the profile is unknown.
    """
    return open_session(replace(options, role_arn=None)).region_name


def certificates(session: boto3.Session) -> bytes | None:
    """The certificates that `AWS_CA_BUNDLE` or the profile's `ca_bundle` names, in PEM.

    Raises:
        AccessError: there is no such file.
    """
    path = session._session.get_config_variable("ca_bundle")  # noqa: SLF001  # boto3 offers no other way
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise AccessError(f"the certificates at {path} cannot be read: {error.strerror}") from None
