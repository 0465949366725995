"""`trailscan demo`: the tour on the bundled sample logs."""

from __future__ import annotations

import shlex
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trailscan.cli import options as o
from trailscan.cli.log import folded
from trailscan.cli.look import Look
from trailscan.cli.output import say, terminal_width, write_table, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trailscan.store.reader import StoreReader

_NIGHT = date(2026, 10, 17)
_SINCE, _UNTIL = "2026-10-16", "2026-10-18"
_EVENT = "5b4220"

Keep = Annotated[
    Path | None,
    typer.Option(
        "--keep", metavar="FOLDER", help="Keep the store in this folder, which must not exist."
    ),
]


def demo(keep: Keep = None, no_color: o.NoColor = False, quiet: o.Quiet = False) -> None:
    """Take the tour on the bundled sample logs: load, findings, one event, one export.

    The store is temporary; --keep trailscan-store leaves it for your own questions.
    """
    from trailscan.aws.session import AwsOptions
    from trailscan.ingest.bundled import sample_logs
    from trailscan.ingest.run import LoadOptions, run_load
    from trailscan.render.summary_text import summary_text

    logs = sample_logs()
    with _place(keep) as (store, folder):
        say(f"$ trailscan load {shlex.quote(str(logs))}", quiet=quiet)
        summary = run_load([str(logs)], store, LoadOptions(), datetime.now(UTC))
        say(*summary_text(summary).split("\n")[-2:], quiet=quiet)
        _tour(o.open_store(store, AwsOptions()), folder, quiet=quiet, no_color=no_color)
    say("", "This organization is invented.", quiet=quiet)
    if keep is not None:
        say(f"Its store is in {keep}: trailscan report changes --store {keep}", quiet=quiet)
    say("For yours: trailscan load s3://BUCKET, then trailscan report changes", quiet=quiet)


def _tour(store: StoreReader, folder: Path, *, quiet: bool, no_color: bool) -> None:
    """The findings of the night of the attack, the event that began it, and its package."""
    from trailscan.aws.session import AwsOptions
    from trailscan.export.options import PackageOptions
    from trailscan.export.run import Run, RunOptions, export_nights
    from trailscan.export.target import open_target
    from trailscan.render.event import render_event
    from trailscan.reports.catalogue import REPORTS, make_filter
    from trailscan.reports.show import show_event
    from trailscan.window import Window, parse_when

    bounds = (parse_when(text, datetime.now(UTC)) for text in (_SINCE, _UNTIL))
    grave = make_filter(window=Window(*bounds), severity=("critical", "high"))
    findings = REPORTS["findings"].build(store, grave)
    options = f"--since {_SINCE} --until {_UNTIL} --severity critical --severity high"
    say("", f"$ trailscan report findings {options}", quiet=quiet)
    look = Look(format="table", quiet=quiet, pager=False)
    write_table(findings, replace(look, color="never") if no_color else look)
    say("", f"$ trailscan show {_EVENT}", quiet=quiet)
    write_text(render_event(show_event(store, _EVENT), width=terminal_width(None)), None)
    say(f"$ trailscan export --for {_NIGHT}", quiet=quiet)
    target, run = open_target(str(folder), AwsOptions()), Run(RunOptions(PackageOptions()))
    (written,) = export_nights(store, target, [_NIGHT], run, datetime.now(UTC))
    package = Path(written.place)
    names = sorted(path.name for path in package.iterdir())
    lines = folded([f"{package.name}: {', '.join(names)}"], sys.stdout)
    write_text("\n".join(lines), None)


@contextmanager
def _place(keep: Path | None) -> Iterator[tuple[str, Path]]:
    """Where the store goes, and a folder for what is not kept."""
    if keep is not None and keep.exists():
        raise typer.BadParameter(f"{keep} exists already", param_hint="--keep")
    with tempfile.TemporaryDirectory(prefix="trailscan-demo-") as folder:
        yield str(keep or Path(folder, "trailscan-store")), Path(folder)
