"""The command `trailscan`: its groups of commands, its errors and exit codes.

0 complete; 4 incomplete (rejects, something that could not be listed); 5 no answer; 2 usage; 1 a
crash; 130 interrupted, 143 terminated. 4 still prints what it has.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from trailscan import __version__
from trailscan.cli import demo, export, load, report
from trailscan.cli.output import say
from trailscan.errors import TrailscanError

NO_ANSWER = 5
INTERRUPTED = 130

app = typer.Typer(
    name="trailscan",
    help="Who changed what, and when, in your AWS Organization.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("load")(load.load)
app.add_typer(report.app, name="report")
app.command("export")(export.export)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"trailscan {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Who changed what, and when, in your AWS Organization."""


def main() -> None:
    """Run the command line; every error of ours becomes one line and an exit code."""
    try:
        app()
    except TrailscanError as error:
        say(f"trailscan: {error}")
        sys.exit(NO_ANSWER)
    except KeyboardInterrupt:
        say("trailscan: interrupted; what was committed stays, run it again to go on")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
