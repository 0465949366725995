"""`trailscan export`: the compliance package of a day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.output import end, say, write_text
from trailscan.errors import ExitCode


@o.with_aws
def export(
    day: o.Day,
    to: Annotated[
        Path, typer.Option("--to", metavar="FOLDER", help="Folder for export-DATE/.")
    ] = Path(),
    store: o.Store = o.DEFAULT_STORE,
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
) -> None:
    """Write the compliance package of a day: changes, records, log files with hashes, manifest.

    The same store gives the same bytes, so the command is safe to repeat. A day without events
    makes a package too. Exit code 4: the package was written, and says why it is incomplete.
    """
    from trailscan.buckets import open_bucket
    from trailscan.export.folder import write_package
    from trailscan.export.package import build_package
    from trailscan.numbers import counted
    from trailscan.store.reader import StoreReader

    package = build_package(StoreReader(open_bucket(store, aws), store), day)
    written = write_package(package, to)
    write_text(str(written.folder), None)
    say(f"{written.outcome}: {counted(len(package.files), 'file')}", quiet=quiet)
    if written.superseded:
        say(f"the previous package differed and is now {written.superseded}", quiet=quiet)
    for reason in package.incomplete:
        say(f"incomplete: {reason}", quiet=quiet)
    end(ExitCode.INCOMPLETE if package.incomplete else ExitCode.COMPLETE)
