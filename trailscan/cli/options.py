"""Options that several commands share, declared once, and the one way to give them to a command."""

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
    from collections.abc import Callable, Iterable


class Format(StrEnum):
    """The formats of a report."""

    table = "table"
    csv = "csv"
    json = "json"
    jsonl = "jsonl"
    markdown = "markdown"
    html = "html"
    xlsx = "xlsx"
    parquet = "parquet"


class RequestPayer(StrEnum):
    """Who may pay for requests."""

    requester = "requester"


class SummaryFormat(StrEnum):
    """The formats of a summary."""

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
    """The names in the file of `--names`; a file that holds none is a usage error."""
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
    """The window of `--since` and `--until`; an end before the start is a usage error."""
    try:
        return Window(since, until)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--until") from None


_AWS = "Access to AWS"
_WHEN = "a date, an ISO instant or an age such as 7d (UTC)"

DEFAULT_STORE = "trailscan-store"

Store = Annotated[
    str,
    typer.Option(
        "--store", envvar="TRAILSCAN_STORE", metavar="PATH|s3://…", help="Location of the store."
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
    datetime | None,
    typer.Option(
        parser=_when, metavar="WHEN", help=f"Start of the time range (inclusive): {_WHEN}."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(parser=_when, metavar="WHEN", help=f"End of the time range (exclusive): {_WHEN}."),
]
Day = Annotated[
    date,
    typer.Option("--for", parser=_day, metavar="DATE", help="The UTC day, such as 2026-11-22."),
]
Accounts = Annotated[
    list[str] | None, typer.Option("--account", help="Only this account (repeatable).")
]
Regions = Annotated[
    list[str] | None,
    typer.Option("--from-region", help="Only log files of this region (repeatable)."),
]
TableFormat = Annotated[
    Format | None, typer.Option("--format", help="Output format.", show_default="table")
]
TextFormat = Annotated[SummaryFormat, typer.Option("--format", help="Output format.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Write to this file; its suffix chooses the format."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result.")]
NoColor = Annotated[
    bool, typer.Option("--no-color", help="Print no colors (also: NO_COLOR).", envvar="NO_COLOR")
]
Profile = Annotated[str | None, typer.Option(help="Profile of the AWS CLI.", rich_help_panel=_AWS)]
RoleArn = Annotated[str | None, typer.Option(help="Role to assume.", rich_help_panel=_AWS)]
ExternalId = Annotated[
    str | None, typer.Option(help="External ID for that role.", rich_help_panel=_AWS)
]
RoleSessionName = Annotated[
    str | None,
    typer.Option(
        help="Session name for that role.", rich_help_panel=_AWS, show_default="trailscan"
    ),
]
Region = Annotated[str | None, typer.Option(help="AWS Region of requests.", rich_help_panel=_AWS)]
EndpointUrl = Annotated[
    str | None, typer.Option(help="Endpoint of an S3-compatible server.", rich_help_panel=_AWS)
]
Payer = Annotated[
    RequestPayer | None,
    typer.Option(
        "--request-payer",
        help="Accept charges on Requester Pays buckets.",
        rich_help_panel=_AWS,
    ),
]
ExpectedBucketOwner = Annotated[
    str | None,
    typer.Option(
        metavar="ACCOUNT",
        help="Refuse buckets of other accounts; BUCKET=ACCOUNT,… if their owners differ.",
        rich_help_panel=_AWS,
    ),
]
NoSignRequest = Annotated[
    bool,
    typer.Option(
        "--no-sign-request",
        help="Send requests without credentials, for public buckets.",
        rich_help_panel=_AWS,
    ),
]


def _aws_options(
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
    """How to reach AWS, from the options of these names."""
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


_AWS_PARAMETERS = tuple(inspect.signature(_aws_options, eval_str=True).parameters.values())


def parameter(name: str, annotation: Any, default: object = None) -> inspect.Parameter:
    """An option that typer reads, as a parameter of a command."""
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def with_aws(
    command: Callable[..., None], parameters: Iterable[inspect.Parameter] | None = None
) -> Callable[..., None]:
    """A command for typer whose parameter `aws` is filled from the options of access to AWS.

    Args:
        command: takes its parameters as keywords, and `aws`.
        parameters: what typer reads; by default the signature of the command.
    """
    names = [one.name for one in _AWS_PARAMETERS]
    if parameters is None:
        parameters = inspect.signature(command, eval_str=True).parameters.values()

    @wraps(command)
    def run(**given: Any) -> None:
        aws = _aws_options(**{name: given.pop(name) for name in names})
        command(**given, aws=aws)

    expanded = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for own in parameters
        for one in (_AWS_PARAMETERS if own.name == "aws" else (own,))
    ]
    run.__signature__ = inspect.Signature(expanded)  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {one.name: one.annotation for one in expanded}
    return run
