"""The options that reports share, each declared once, and commands made of them."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from trailscan.cli import options as o

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trailscan.reports.filter import ChangeFilter

_FILTERS = "Filters (they compose; repeat one for alternatives)"


class Given(NamedTuple):
    """An option: its type with what typer is told of it, and its default."""

    type: Any
    default: object = None


def _texts(text: str, metavar: str = "TEXT") -> Given:
    """A filter that takes several texts."""
    option = typer.Option(help=text, rich_help_panel=_FILTERS, metavar=metavar)
    return Given(Annotated[list[str] | None, option])


def _one(text: str, metavar: str) -> Given:
    """A filter that takes one text."""
    option = typer.Option(help=text, rich_help_panel=_FILTERS, metavar=metavar)
    return Given(Annotated[str | None, option])


_WHEN = "a date, an ISO instant or an age such as 7d"

FILTERS: dict[str, Given] = {
    "since": _one(f"From then on: {_WHEN} (UTC unless --tz).", metavar="WHEN"),
    "until": _one(f"Before then: {_WHEN} (UTC unless --tz).", metavar="WHEN"),
    "tz": _one("Zone to tell times in and to read dates in, as Europe/Paris.", metavar="ZONE"),
    "principal": _texts("Who: part of a name, role, session or ARN."),
    "action": _texts("Event name, * allowed: '*Policy'.", "PATTERN"),
    "target": _texts("Part of the target's id or name."),
    "account": _texts("Account in whose trail it stands, or that acted."),
    "category": _texts("account, ou, policy, delegation, …"),
    "severity": _texts("info, low, medium, high or critical."),
    "outcome": _texts("succeeded, denied or failed."),
    "source_ip": _texts("Part of the address it came from."),
    "contains": _texts("Any words of the row."),
    "rule": _texts("Only findings of this rule, by its id.", "RULE"),
    "reads": Given(
        Annotated[
            bool,
            typer.Option(
                "--reads", help="Also calls that change nothing.", rich_help_panel=_FILTERS
            ),
        ],
        default=False,
    ),
}
"""The filters of reports, by the name that `ChangeFilter` and the command line share."""

FAIL_ON = Given(
    Annotated[
        str | None,
        typer.Option(
            "--fail-on", metavar="SEVERITY", help="Exit code 3 if a row is that grave or graver."
        ),
    ]
)
OUTPUT: dict[str, Given] = {
    "format": Given(
        Annotated[
            o.Format | None,
            typer.Option("--format", help="Form of the answer.", show_default="table"),
        ]
    ),
    "output": Given(
        Annotated[
            Path | None,
            typer.Option(
                "--output", "-o", metavar="FILE", help="Write there; the suffix chooses the form."
            ),
        ]
    ),
    "quiet": Given(o.Quiet, default=False),
    "no_color": Given(o.NoColor, default=False),
}
STORE: dict[str, Given] = {"store": Given(o.Store, o.DEFAULT_STORE), "names": Given(o.Names)}
AWS: dict[str, Given] = {one.name: Given(one.annotation, one.default) for one in o.AWS_PARAMETERS}


def command(
    run: Callable[..., None], name: str, help_text: str, options: dict[str, Given]
) -> Callable[..., None]:
    """A function that typer takes for a command with these options; it hands them all to `run`."""

    def made(**given: Any) -> None:
        run(**given)

    made.__name__ = name
    made.__doc__ = help_text
    made.__annotations__ = {option: given.type for option, given in options.items()}
    made.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # typer reads it
        [
            inspect.Parameter(
                option,
                inspect.Parameter.KEYWORD_ONLY,
                default=given.default,
                annotation=given.type,
            )
            for option, given in options.items()
        ]
    )
    return made


def to_filter(names: Iterable[str], given: dict[str, Any]) -> ChangeFilter:
    """The filter that some options ask for; ends the command when one is no filter.

    Dates are read in the zone of `--tz`.
    """
    from trailscan.reports.catalogue import make_filter
    from trailscan.window import Window, parse_zone

    texts = {name: tuple(value) for name in names if isinstance(value := given[name], list)}
    now = datetime.now(UTC)
    try:
        tz = parse_zone(given.get("tz") or "UTC")
        bounds = [_bound(name, given.get(name), now, tz) for name in ("since", "until")]
        reads = given.get("reads") or False
        return make_filter(window=Window(*bounds), tz=tz, reads=reads, **texts)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _bound(option: str, text: str | None, now: datetime, tz: tzinfo) -> datetime | None:
    """What `--since` or `--until` says; ends the command when it is no instant."""
    from trailscan.window import parse_when

    try:
        return None if text is None else parse_when(text, now, tz)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=f"--{option}") from None
