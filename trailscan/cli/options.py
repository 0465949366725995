"""Options that several commands share, spelled and explained once."""

from __future__ import annotations

import inspect
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trailscan.aws.session import AwsOptions
from trailscan.window import Window, parse_day, parse_when

if TYPE_CHECKING:
    from collections.abc import Callable


class Format(StrEnum):
    """The forms of a report."""

    table = "table"
    csv = "csv"
    json = "json"
    jsonl = "jsonl"
    markdown = "markdown"
    html = "html"
    xlsx = "xlsx"
    parquet = "parquet"


class RequestPayer(StrEnum):
    """Who may be named to pay for requests."""

    requester = "requester"


class SummaryFormat(StrEnum):
    """The forms of a summary."""

    text = "text"
    json = "json"


def _when(text: str) -> datetime:
    try:
        return parse_when(text, datetime.now(UTC))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _day(text: str) -> date:
    try:
        return parse_day(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def read_names(path: Path | None) -> dict[str, str]:
    """The names in a file that the user gives; ends the command when it has none."""
    if path is None:
        return {}
    from trailscan.errors import DecodeError
    from trailscan.organizations.names import parse_names

    try:
        return parse_names(path.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror}", param_hint="--names") from None
    except DecodeError as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--names") from None


def to_window(since: datetime | None, until: datetime | None) -> Window:
    """The window of `--since` and `--until`; ends the command when it is upside down."""
    try:
        return Window(since, until)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--until") from None


_AWS = "Access to AWS"
_WHEN = "a date, an ISO instant or an age such as 7d (UTC)"

Store = Annotated[
    str,
    typer.Option(
        "--store", envvar="TRAILSCAN_STORE", metavar="PATH|s3://…", help="Where the store is."
    ),
]
Names = Annotated[
    Path | None,
    typer.Option(
        "--names",
        metavar="FILE",
        help="Names of accounts and roots, as `aws organizations list-accounts` prints them.",
    ),
]
Since = Annotated[
    datetime | None, typer.Option(parser=_when, metavar="WHEN", help=f"From then on: {_WHEN}.")
]
Until = Annotated[
    datetime | None, typer.Option(parser=_when, metavar="WHEN", help=f"Before then: {_WHEN}.")
]
Day = Annotated[
    date, typer.Option("--for", parser=_day, metavar="DATE", help="The UTC day, as 2026-11-22.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the answer.")]
NoColor = Annotated[
    bool, typer.Option("--no-color", help="No colours (also: set NO_COLOR).", envvar="NO_COLOR")
]
Profile = Annotated[str | None, typer.Option(help="Profile of the AWS CLI.", rich_help_panel=_AWS)]
RoleArn = Annotated[str | None, typer.Option(help="Role to assume.", rich_help_panel=_AWS)]
ExternalId = Annotated[
    str | None, typer.Option(help="External id for that role.", rich_help_panel=_AWS)
]
RoleSessionName = Annotated[
    str | None,
    typer.Option(
        help="Session name for that role.", rich_help_panel=_AWS, show_default="trailscan"
    ),
]
Region = Annotated[str | None, typer.Option(help="AWS region to talk to.", rich_help_panel=_AWS)]
EndpointUrl = Annotated[
    str | None, typer.Option(help="Endpoint of an S3-like server.", rich_help_panel=_AWS)
]
Payer = Annotated[
    RequestPayer | None,
    typer.Option("--request-payer", help="You pay, where a bucket wants it.", rich_help_panel=_AWS),
]
ExpectedBucketOwner = Annotated[
    str | None,
    typer.Option(
        metavar="ACCOUNT",
        help="Refuse a bucket of another account; BUCKET=ACCOUNT,… if theirs differ.",
        rich_help_panel=_AWS,
    ),
]
NoSignRequest = Annotated[
    bool,
    typer.Option(
        "--no-sign-request", help="Without credentials: public buckets.", rich_help_panel=_AWS
    ),
]


def aws_options(
    profile: Profile = None,
    role_arn: RoleArn = None,
    external_id: ExternalId = None,
    region: Region = None,
    endpoint_url: EndpointUrl = None,
    role_session_name: RoleSessionName = None,
    request_payer: Payer = None,
    expected_bucket_owner: ExpectedBucketOwner = None,
    no_sign_request: NoSignRequest = False,
) -> AwsOptions:
    """How to reach AWS, from the options of that name; `with_aws` gives them to a command."""
    try:
        return AwsOptions(
            profile,
            role_arn,
            external_id,
            region,
            endpoint_url,
            role_session_name,
            request_payer and request_payer.value,
            expected_bucket_owner,
            no_sign_request,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expected-bucket-owner") from None


AWS_PARAMETERS = tuple(inspect.signature(aws_options, eval_str=True).parameters.values())
"""The options of access to AWS as typer reads them."""


def with_aws(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of access to AWS, which reach it as its parameter `aws`."""
    names = [parameter.name for parameter in AWS_PARAMETERS]

    @wraps(command)
    def run(**given: Any) -> None:
        aws = aws_options(**{name: given.pop(name) for name in names})
        command(**given, aws=aws)

    own = inspect.signature(command, eval_str=True)
    parameters: list[inspect.Parameter] = []
    for name, parameter in own.parameters.items():
        parameters += AWS_PARAMETERS if name == "aws" else (parameter,)
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


DEFAULT_STORE = "trailscan-store"
