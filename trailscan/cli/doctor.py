"""`trailscan doctor`: which AWS permissions are there, and which are missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.look import Look
from trailscan.cli.output import end, say, write_table, write_text
from trailscan.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="The SOURCE of load: s3://bucket or s3://bucket/prefix, or event-history. "
        "Without it, only the permissions to read the store are tried.",
    ),
]

Inventory = Annotated[
    str | None,
    typer.Option(
        "--inventory",
        metavar="MANIFEST",
        help="The --inventory of load, whose files must be readable too.",
    ),
]


@o.with_aws
def doctor(
    source: Source = None,
    store: o.Store = o.DEFAULT_STORE,
    inventory: Inventory = None,
    policy: Annotated[
        bool,
        typer.Option(
            "--policy", help="Print the least-privilege IAM policy as JSON, without asking AWS."
        ),
    ] = False,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="s3://…",
            help="Also what `export --to` needs there.",
            show_default=False,
        ),
    ] = "",
    kms_key: Annotated[
        str | None,
        typer.Option("--kms-key", metavar="ARN", help="Also what `export --kms-key` needs."),
    ] = None,
    *,
    look: Look,
    aws: AwsOptions,
) -> None:
    """Try each AWS permission that a command needs once, and name what is missing.

    A store in S3 is also checked for conditional writes, which commits rely on. With --to, an
    object doctor.txt is created there and stays, since nothing is deleted where evidence is kept.
    Exit code 4: a required permission is missing or could not be checked. Exit code 5: nobody is
    signed in.
    """
    from trailscan.doctor.examine import examine, is_healthy, to_line, to_table
    from trailscan.location import parse_s3_uri
    from trailscan.visible import visible

    if inventory is not None and not (source and parse_s3_uri(source)):
        raise typer.BadParameter("it needs a SOURCE in S3", param_hint="--inventory")
    if policy:
        _write_policy(source, store, inventory, to, kms_key, aws, look.output)
        return
    checks = examine(source, store, aws, datetime.now(UTC), inventory, to, kms_key)
    if look == replace(Look(), quiet=look.quiet):
        write_text("\n".join(visible(to_line(check)) for check in checks), None)
    else:
        write_table(to_table(checks), look)
    if not is_healthy(checks):
        say(
            "trailscan: some required permissions are missing or could not be checked; see above",
            quiet=look.quiet,
        )
        end(ExitCode.INCOMPLETE)


def _write_policy(
    source: str | None,
    store: str,
    inventory: str | None,
    to: str,
    kms_key: str | None,
    aws: AwsOptions,
    output: Path | None,
) -> None:
    """Print the IAM policy."""
    import json

    from trailscan.aws.session import configured_region, partition_of
    from trailscan.doctor.permissions import evidence_needs, needs, to_policy

    partition = partition_of(configured_region(aws))
    needed = needs(source, store, partition, inventory)
    needed = (*needed, *evidence_needs(to, kms_key, partition))
    write_text(json.dumps(to_policy(needed), indent=2), output)
