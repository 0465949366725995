"""The page `docs/commands.md`: every command, argument, option, default and exit code.

`python docs/write.py` writes it from the tree of commands that typer runs.
"""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Any

import typer
from reports_page import table

from trailscan.cli.app import app
from trailscan.cli.examples import EXAMPLES
from trailscan.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """\
# Commands

Every command with its arguments, options, defaults and examples. `python docs/write.py` writes this
page from the program; `trailscan COMMAND --help` prints the same.

An option stands anywhere on the line. `--store` may also be set as `TRAILSCAN_STORE`.

## Exit codes

"""
EXITS = {
    ExitCode.COMPLETE: "complete",
    ExitCode.CRASH: "a crash: a bug in trailscan",
    ExitCode.USAGE: "usage error: the command was not run",
    ExitCode.FOUND: "tampering, or a row has the severity of `--fail-on` or higher",
    ExitCode.INCOMPLETE: "something was not read, not requested or not known; the rest is printed",
    ExitCode.NO_ANSWER: "no answer: no such bucket, folder or store, or access was denied",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C; the same command resumes",
}
"""What each exit code means."""

SHARED = ("Output", "Access to AWS")
"""The groups of options that several commands have; listed once."""


def commands(node: Any = None, words: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Every command with the words that lead to it; a group comes before its commands."""
    node = node or typer.main.get_command(app)
    if words:
        yield " ".join(words), node
    for name, below in getattr(node, "commands", {}).items():
        yield from commands(below, (*words, name))


def plain(text: str | None) -> str:
    """A help text in one line, safe in a cell of a table."""
    bare = re.sub(r"\s+", " ", text or "").strip()
    return bare.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def panel(option: Any) -> str:
    """The group in which the help shows an option."""
    return getattr(option, "rich_help_panel", None) or ""


def default(option: Any) -> str:
    """The default of an option as the help shows it; empty if there is none."""
    if isinstance(told := getattr(option, "show_default", None), str):
        return told
    value = option.default
    shown = isinstance(value, str | int) and value not in (False, "")
    return f"`{value}`" if shown else ""


def row(option: Any) -> list[str]:
    """An option or argument: its names, help and default."""
    if option.param_type_name == "argument":
        named = f"`{(option.metavar or option.name).upper()}`"
        return [named, plain(getattr(option, "help", "")), "required" if option.required else ""]
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    metavar = (option.metavar or option.name.upper()).replace("|", "\\|")
    value = "" if option.is_flag else f" `{metavar}`"
    return [names + value, plain(option.help), default(option)]


def options(params: list[Any]) -> str:
    """The table of options."""
    return table(["option", "what it does", "default"], [row(one) for one in params])


def example(words: str) -> str:
    """The examples of a command."""
    lines = EXAMPLES.get(words, ())
    return "```sh\n" + "".join(f"{line}\n" for line in lines) + "```\n\n" if lines else ""


def section(words: str, command: Any) -> str:
    """A command: what it does, its own options by group, and which shared ones it has."""
    about = (command.help or "").replace("*", "\\*").replace("<", "&lt;").strip()
    text = f"## trailscan {words}\n\n{about}\n\n{example(words)}"
    own = [one for one in command.params if panel(one) not in SHARED and one.name != "help"]
    if below := getattr(command, "commands", {}):
        text += "Commands: " + ", ".join(f"`{name}`" for name in below) + ".\n\n"
    for name, some in groupby(sorted(own, key=panel), key=panel):
        text += (f"**{name}**\n\n" if name else "") + options(list(some)) + "\n"
    has = [name for name in SHARED if any(panel(one) == name for one in command.params)]
    links = " and ".join(f"[{name}](#{name.lower().replace(' ', '-')})" for name in has)
    return text + (f"Also the options of {links}.\n\n" if has else "")


def shared(name: str) -> str:
    """The options of a group that several commands have."""
    found: dict[str, Any] = {}
    for _, command in commands():
        for one in command.params:
            if panel(one) == name:
                found.setdefault(one.name, one)
    return f"## {name}\n\n{options(list(found.values()))}\n"


def page() -> str:
    """The whole page."""
    codes = table(["code", "meaning"], [[str(int(code)), EXITS[code]] for code in ExitCode])
    codes += (
        "\nThe highest code wins, except that in `validate` tampering (3) wins over "
        "incomplete (4). A load that SIGTERM ended has 143.\n"
    )
    parts = [section(words, command) for words, command in commands()]
    return (HEAD + codes + "\n" + "".join(parts) + "".join(map(shared, SHARED))).rstrip() + "\n"
