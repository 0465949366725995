"""Options that several commands share, declared once, and the one way to give them to a command."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli.look import LOOK, to_look
from trailscan.cli.parameters import parameter
from trailscan.window import WHEN, Window, parse_when

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.store.freshness import MaxAge
    from trailscan.store.reader import StoreReader


class SummaryFormat(StrEnum):
    """The formats of a summary."""

    text = "text"
    json = "json"


@contextmanager
def usage(option: str | None = None) -> Iterator[None]:
    """What cannot be read inside is a usage error, of an option if one is named."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _read_names(path: Path | None) -> dict[str, str]:
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


def to_window(since: str | None, until: str | None, tz: tzinfo = UTC) -> Window:
    """The window of `--since` and `--until`; what cannot be read is a usage error."""
    now = datetime.now(UTC)
    with usage("--since"):
        start = None if since is None else parse_when(since, now, tz)
    with usage("--until"):
        end = None if until is None else parse_when(until, now, tz, start)
        return Window(start, end)


def to_max_age(text: str | None, *, each_account: bool) -> MaxAge | None:
    """The limit of `--max-age`; what cannot be read is a usage error."""
    from trailscan.store.freshness import MaxAge
    from trailscan.window import parse_age

    if text is None:
        if each_account:
            raise typer.BadParameter("needs --max-age AGE", param_hint="--each-account")
        return None
    with usage("--max-age"):
        return MaxAge(parse_age(text), each_account)


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
    str | None,
    typer.Option(metavar="WHEN", help=f"Start of the time range (inclusive): {WHEN} (UTC)."),
]
Until = Annotated[
    str | None,
    typer.Option(
        metavar="WHEN",
        help="End of the time range (exclusive), likewise; +1h counts from --since.",
    ),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option("--account", metavar="ACCOUNT", help="Only this account (repeatable)."),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--from-region", metavar="REGION", help="Only log files of this region (repeatable)."
    ),
]
MaximumAge = Annotated[
    str | None,
    typer.Option(
        "--max-age",
        metavar="AGE",
        help="Exit with code 4 if the newest log file was delivered longer ago, such as 26h.",
    ),
]
EachAccount = Annotated[
    bool,
    typer.Option("--each-account", help="With --max-age: the newest log file of each account."),
]
TextFormat = Annotated[
    SummaryFormat, typer.Option("--format", metavar="FORMAT", help="text or json.")
]
NoColor = Annotated[bool, typer.Option("--no-color", help="Print no colors (also: NO_COLOR).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the result.")]


def _aws(name: str, kind: Any, text: str, **more: Any) -> inspect.Parameter:
    """An option of access to AWS."""
    flag = f"--{name.replace('_', '-')}"
    option = typer.Option(flag, help=text, rich_help_panel="Access to AWS", **more)
    return parameter(name, Annotated[kind, option], default=False if kind is bool else None)


_AWS = (
    _aws("profile", str | None, "Profile of the AWS CLI.", metavar="PROFILE"),
    _aws("role_arn", str | None, "Role to assume.", metavar="ARN"),
    _aws("external_id", str | None, "External ID for that role.", metavar="ID"),
    _aws("region", str | None, "AWS Region of requests.", metavar="REGION"),
    _aws("endpoint_url", str | None, "Endpoint of an S3-compatible server.", metavar="URL"),
    _aws(
        "role_session_name",
        str | None,
        "Session name for that role.",
        show_default="trailscan",
        metavar="NAME",
    ),
    _aws(
        "request_payer",
        Literal["requester"] | None,
        "Accept charges on Requester Pays buckets.",
        metavar="requester",
    ),
    _aws(
        "expected_bucket_owner",
        str | None,
        "Refuse buckets of other accounts; BUCKET=ACCOUNT,… if their owners differ.",
        metavar="ACCOUNT",
    ),
    _aws("no_sign_request", bool, "Send requests without credentials, for public buckets."),
)
"""The options of access to AWS, by their names in `AwsOptions`."""


@usage("--expected-bucket-owner")
def _to_aws(given: dict[str, Any]) -> AwsOptions:
    """How to reach AWS, from options that are taken out of all that were given."""
    return AwsOptions(**{one.name: given.pop(one.name) for one in _AWS})


def open_store(place: str, aws: AwsOptions, names: Path | None = None) -> StoreReader:
    """A store in the state that it has now; names are those in the file of `--names`."""
    from trailscan.buckets import open_bucket
    from trailscan.store.reader import StoreReader

    return StoreReader(open_bucket(place, aws), place, _read_names(names))


_GROUPS: dict[str, tuple[tuple[inspect.Parameter, ...], Callable[[dict[str, Any]], object]]] = {
    "aws": (_AWS, _to_aws),
    "look": (LOOK, to_look),
}
"""The groups of options that become one argument of a command, by the name of the argument."""


def with_aws(
    command: Callable[..., None], parameters: Iterable[inspect.Parameter] | None = None
) -> Callable[..., None]:
    """A command for typer whose parameters `aws` and `look` are filled from groups of options.

    Args:
        command: takes its parameters as keywords.
        parameters: what typer reads; by default the signature of the command.
    """
    if parameters is None:
        parameters = inspect.signature(command, eval_str=True).parameters.values()
    own = list(parameters)
    groups = [one.name for one in own if one.name in _GROUPS]

    @wraps(command)
    def run(**given: Any) -> None:
        made = {name: _GROUPS[name][1](given) for name in groups}
        command(**given, **made)

    expanded = [
        found.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in own
        for found in (_GROUPS[one.name][0] if one.name in _GROUPS else (one,))
    ]
    run.__signature__ = inspect.Signature(expanded)  # type: ignore[attr-defined]  # typer reads it
    run.__annotations__ = {one.name: one.annotation for one in expanded}
    return run
