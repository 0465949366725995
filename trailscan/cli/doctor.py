"""`trailscan doctor`: what AWS allows, and what it would have to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.output import say, write_table, write_text

INCOMPLETE = 4

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="What load would be given: s3://bucket or s3://bucket/prefix, or event-history. "
        "Without one, only what reading the store needs.",
    ),
]


@o.with_aws
def doctor(
    source: Source = None,
    store: o.Store = o.DEFAULT_STORE,
    policy: Annotated[
        bool,
        typer.Option(
            "--policy", help="Print the least IAM policy instead, as JSON; nothing is asked of AWS."
        ),
    ] = False,
    format: Annotated[  # noqa: A002  # the option's name
        o.Format | None,
        typer.Option("--format", help="Form of the answer.", show_default="a line a permission"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write there; the suffix chooses the form."
        ),
    ] = None,
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> None:
    """Try each AWS permission that a command needs once, and name what is missing.

    A store in S3 is also asked whether its server keeps the promise that commits rest on. Exit code
    4: something that must work does not, or could not be tried. Exit code 5: nobody is signed in.
    """
    from trailscan.doctor.examine import examine, is_healthy, to_line, to_table
    from trailscan.visible import visible

    if policy:
        _write_policy(source, store, aws, output)
        return
    checks = examine(source, store, aws, datetime.now(UTC))
    if format is None and output is None:
        write_text("\n".join(visible(to_line(check)) for check in checks), None)
    else:
        write_table(to_table(checks), format, output, quiet=quiet, no_color=no_color)
    if not is_healthy(checks):
        say("trailscan: not all that must work does: see above", quiet=quiet)
        raise typer.Exit(INCOMPLETE)


def _write_policy(source: str | None, store: str, aws: AwsOptions, output: Path | None) -> None:
    """The IAM policy."""
    import json

    from trailscan.aws.session import configured_region, partition_of
    from trailscan.doctor.permissions import needs, to_policy

    partition = partition_of(configured_region(aws))
    write_text(json.dumps(to_policy(needs(source, store, partition)), indent=2), output)
