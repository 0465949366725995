"""The command `trailscan`: its groups of commands, its errors and exit codes.

The exit codes are those of `trailscan.errors.ExitCode`, and 143 for a load that was terminated.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from trailscan import __version__
from trailscan.cli import demo, doctor, export, load, read, rejects, report, validate
from trailscan.cli import store as store_commands
from trailscan.cli.examples import examples
from trailscan.cli.log import log
from trailscan.cli.output import say
from trailscan.cli.start_up import start_lightly
from trailscan.cli.streams import drop_stdout, is_full, prepare_streams
from trailscan.cli.words import Command, Group, hoisted, narrowed, paragraphs
from trailscan.errors import ExitCode, TrailscanError

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    name="trailscan",
    cls=Group,
    help="Who changed what, and when, in your AWS Organization.",
    epilog=examples(""),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


_ANSWERS, _LOGS, _HELP = "Answers", "Log files and the store", "First steps"


def _add(command: Callable[..., None], panel: str) -> None:
    """Add a command whose help is its docstring, wrapped at the width of the terminal."""
    name, about = command.__name__, paragraphs(command.__doc__)
    add = app.command(name, cls=Command, help=about, epilog=examples(name), rich_help_panel=panel)
    add(command)


app.add_typer(report.app, name="report", rich_help_panel=_ANSWERS)
for _command in (read.show, read.sql):
    _add(_command, _ANSWERS)
for _command in (load.load, validate.validate, read.status):
    _add(_command, _LOGS)
app.add_typer(rejects.app, name="rejects", rich_help_panel=_LOGS)
app.add_typer(store_commands.app, name="store", rich_help_panel=_LOGS)
app.add_typer(export.app, name="export", rich_help_panel=_LOGS)
for _command in (demo.demo, doctor.doctor):
    _add(_command, _HELP)


# click's class, which typer bundles or installs
_UsageError = cast("type[Exception]", typer.BadParameter.__bases__[0])


def _say_usage(error: Any) -> None:
    """What is wrong with the arguments, in one line; the help if there are none."""
    if type(error).__name__ == "NoArgsIsHelpError":  # its text is the help
        error.show()
        return
    text = _suggested(error) or error.format_message()
    command = error.ctx.command_path if error.ctx else "trailscan"
    say(f"trailscan: {text} (see: {command} --help)")


def _suggested(error: Any) -> str:
    """The message of an option that there is not, with the closest one that there is."""
    if type(error).__name__ != "NoSuchOption":
        return ""
    from trailscan.suggest import did_you_mean

    known = [name for one in error.ctx.command.params for name in one.opts] if error.ctx else []
    return f"No such option: {error.option_name}{did_you_mean(error.option_name, known)}"


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"trailscan {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", "-V", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Who changed what, and when, in your AWS Organization."""


def main() -> None:
    """Run the command line; a `TrailscanError` becomes its message, its hint and its exit code."""
    start_lightly()
    prepare_streams()
    try:
        words = _words()
        sys.exit(narrowed(app, words)(words, prog_name="trailscan", standalone_mode=False))
    except _UsageError as error:
        _say_usage(error)
        sys.exit(ExitCode.USAGE)
    except TrailscanError as error:
        log("error", f"{error}", *([f"  {error.hint}"] if error.hint else []))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("trailscan: interrupted; run the same command to resume")
        sys.exit(ExitCode.INTERRUPTED)
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):  # typer turns it into exit code 1
            raise
        drop_stdout()
        sys.exit(0)
    except OSError as error:
        if not is_full(error):
            raise
        drop_stdout()
        say(f"trailscan: {error.filename or 'the output'} could not be written: {error.strerror}")
        sys.exit(ExitCode.NO_ANSWER)


def _words() -> list[str]:
    """The words of the command line, options before the command moved behind it."""
    words = sys.argv[1:]
    if not (words and words[0].startswith("-")):
        return words
    return hoisted(words, typer.main.get_command(app))
