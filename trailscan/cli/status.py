"""`trailscan status`: what the store holds."""

from __future__ import annotations

from trailscan.aws.session import AwsOptions
from trailscan.cli import options as o
from trailscan.cli.output import end, say, write_summary, write_table
from trailscan.errors import ExitCode


@o.with_aws
def status(
    store: o.Store = o.DEFAULT_STORE,
    format: o.TextFormat = o.SummaryFormat.text,  # noqa: A002  # the option's name
    *,
    aws: AwsOptions,
    quiet: o.Quiet = False,
    no_color: o.NoColor = False,
) -> None:
    """Show what the store holds: windows, accounts and regions, gaps, rejects, the last load.

    Exit code 4: something that was requested could not be read, or lies between two windows that
    were requested.
    """
    from trailscan.buckets import open_bucket
    from trailscan.reports.status import store_status
    from trailscan.store.reader import StoreReader

    found = store_status(StoreReader(open_bucket(store, aws), store))
    write_summary(found, format)
    if format is o.SummaryFormat.text:
        write_table(found.accounts, o.Format.table, None, quiet=quiet, no_color=no_color)
    if found.incomplete:
        say("trailscan: incomplete: see above", quiet=quiet)
        end(ExitCode.INCOMPLETE)
