"""`trailscan demo`: the tour on the bundled sample logs."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from trailscan.cli import options as o
from trailscan.cli.look import Look
from trailscan.cli.output import say, write_table


def demo(no_color: o.NoColor = False, quiet: o.Quiet = False) -> None:
    """Load the bundled sample logs into a temporary store and report who changed what."""
    from trailscan.aws.session import AwsOptions
    from trailscan.ingest.run import LoadOptions, run_load
    from trailscan.render.summary_text import summary_text
    from trailscan.reports.changes import changes_report
    from trailscan.reports.filter import ChangeFilter

    logs = sample_logs()
    with tempfile.TemporaryDirectory(prefix="trailscan-demo-") as folder:
        store = str(Path(folder, "trailscan-store"))
        say(f"$ trailscan load {logs}", quiet=quiet)
        summary = run_load([str(logs)], store, LoadOptions(), datetime.now(UTC))
        say(*summary_text(summary).split("\n"), "", "$ trailscan report changes", quiet=quiet)
        table = changes_report(o.open_store(store, AwsOptions()), ChangeFilter())
        write_table(table, Look(format="table", quiet=quiet, color="never" if no_color else "auto"))
    say(
        "",
        "This organization is invented. For yours: trailscan load s3://BUCKET, then "
        "trailscan report changes --since 7d",
        quiet=quiet,
    )


def sample_logs() -> Path:
    """The folder of the bundled sample logs, in an installed package or in a checkout.

    Raises:
        NotFoundError: neither has them.
    """
    from trailscan.errors import NotFoundError

    package = Path(__file__).parent.parent
    for folder in (package / "_sample_logs", package.parent / "sample_logs"):
        if (folder / "AWSLogs").is_dir():
            return folder / "AWSLogs"
    raise NotFoundError(f"the sample logs are missing from {package}")
