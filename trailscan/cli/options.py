"""Options that several commands share, spelled and explained once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from trailscan.window import Window, parse_day, parse_when

if TYPE_CHECKING:
    from trailscan.aws.session import AwsOptions


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


def to_window(since: datetime | None, until: datetime | None) -> Window:
    """The window of `--since` and `--until`; ends the command when it is upside down."""
    try:
        return Window(since, until)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--until") from None


def aws_options(
    profile: str | None,
    role_arn: str | None,
    external_id: str | None,
    region: str | None,
    endpoint_url: str | None,
) -> AwsOptions:
    """How to reach AWS, from the options of that name."""
    from trailscan.aws.session import AwsOptions

    return AwsOptions(profile, role_arn, external_id, region, endpoint_url)


_AWS = "Access to AWS"
_WHEN = "a date, an ISO instant or an age such as 7d (UTC)"

Store = Annotated[
    str,
    typer.Option(
        "--store", envvar="TRAILSCAN_STORE", metavar="PATH|s3://…", help="Where the store is."
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
Region = Annotated[str | None, typer.Option(help="AWS region to talk to.", rich_help_panel=_AWS)]
EndpointUrl = Annotated[
    str | None, typer.Option(help="Endpoint of an S3-like server.", rich_help_panel=_AWS)
]

DEFAULT_STORE = "trailscan-store"
