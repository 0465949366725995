"""The command `trailscan`: its groups of commands, its errors and exit codes.

The exit codes are those of `trailscan.errors.ExitCode`, and 143 for a load that was terminated.
"""

from __future__ import annotations

import inspect
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from trailscan import __version__
from trailscan.cli import demo, doctor, export, load, read, rejects, report, validate
from trailscan.cli import store as store_commands
from trailscan.cli.output import say
from trailscan.errors import ExitCode, TrailscanError

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    name="trailscan",
    help="Who changed what, and when, in your AWS Organization.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _about(command: Callable[..., None]) -> str:
    """The docstring of a command, to be wrapped at the width of the terminal."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(one.split()) for one in paragraphs)


def _add(command: Callable[..., None]) -> None:
    """Add a command whose help is its docstring."""
    app.command(command.__name__, help=_about(command))(command)


_add(demo.demo)
_add(load.load)
app.add_typer(report.app, name="report")
for _command in (read.show, validate.validate):
    _add(_command)
app.add_typer(export.app, name="export", help=_about(export.export))
_add(read.status)
app.add_typer(rejects.app, name="rejects")
app.add_typer(store_commands.app, name="store")
for _command in (read.sql, doctor.doctor):
    _add(_command)


# click's class, which typer bundles or installs
_UsageError = cast("type[Exception]", typer.BadParameter.__bases__[0])


def _say_usage(error: Any) -> None:
    """What is wrong with the arguments, in one line; the help if there are none."""
    if type(error).__name__ == "NoArgsIsHelpError":  # its text is the help
        error.show()
        return
    text = error.format_message()
    command = error.ctx.command_path if error.ctx else "trailscan"
    say(f"trailscan: {text} (see: {command} --help)")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"trailscan {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Who changed what, and when, in your AWS Organization."""


class _NoPandas:
    """Keeps pyarrow from importing pandas, 0.2 s of start-up that no command needs."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Say that there is no pandas; other modules are found as always."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def main() -> None:
    """Run the command line; a `TrailscanError` becomes its message, its hint and its exit code."""
    sys.meta_path.insert(0, _NoPandas)
    try:
        sys.exit(app(prog_name="trailscan", standalone_mode=False))
    except _UsageError as error:
        _say_usage(error)
        sys.exit(ExitCode.USAGE)
    except TrailscanError as error:
        say(f"trailscan: {error}", *([f"  {error.hint}"] if error.hint else []))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("trailscan: interrupted; run the same command to resume")
        sys.exit(ExitCode.INTERRUPTED)
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):  # typer turns it into exit code 1
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
