"""The words of a command line before typer reads them, and how the commands list themselves."""

from __future__ import annotations

import inspect
from copy import copy
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer import Typer
    from typer.models import CommandInfo

ORDER = (
    *("report", "show", "sql", "load", "validate", "status", "rejects", "store", "export"),
    *("demo", "doctor"),
)
"""The commands in the order of the help."""


def paragraphs(doc: str | None) -> str:
    """A docstring as help: each paragraph on one line, which the terminal folds."""
    found = inspect.cleandoc(doc or "").split("\n\n")
    return "\n\n".join(" ".join(one.split()) for one in found)


def _without_types(params: list[Any]) -> list[Any]:
    """Parameters of which neither a flag nor an argument has a type to show."""
    for one in params:
        if one.param_type_name == "argument":
            one.display_type_rich = _nothing
        elif one.is_flag and one.metavar is None:
            one.metavar = ""
    return params


def _nothing(ctx: Any) -> None:
    """Show no type."""


class Command(TyperCommand):
    """A command whose help has no types."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters as the help lists them."""
        return _without_types(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands whose help has no types, its commands in their order."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters as the help lists them."""
        return _without_types(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


def hoisted(words: list[str], root: Any) -> list[str]:
    """A command line with the options before the command moved behind it.

    `--store X report changes` becomes `report changes --store X`. What stands before the command
    and is an option of no command, or of `trailscan` itself, leaves the words as they are.

    Args:
        words: of the command line, without the program.
        root: the command `trailscan`, as click has it.
    """
    values = {name: one.is_flag for one in _options(root) for name in one.opts}
    own = {name for one in root.params for name in one.opts} | {"-h", "--help"}
    at = 0
    while at < len(words) and words[at].startswith("-"):
        name, given, _ = words[at].partition("=")
        if name in own or name not in values:
            return words
        at += 1 if values[name] or given else 2
    path, command = [], root
    for word in words[at:]:
        if word not in getattr(command, "commands", ()):
            break
        path.append(word)
        command = command.commands[word]
    rest = words[at + len(path) :]
    if not path:
        return rest or words
    is_group = hasattr(command, "commands") and not command.invoke_without_command
    return [*path, *([] if is_group else words[:at]), *rest]


def narrowed(app: Typer, words: list[str]) -> Typer:
    """The commands of an application that a command line needs: the one that it names, or all.

    Typer builds every command that it has before it runs one, which takes 60 ms for all of them.

    Args:
        app: the application, or one of its groups.
        words: of the command line, as `hoisted` leaves them.
    """
    name = words[0] if words else ""
    few = copy(app)
    few.registered_commands = [one for one in app.registered_commands if _name(one) == name]
    few.registered_groups = [copy(one) for one in app.registered_groups if one.name == name]
    for group in few.registered_groups:
        if group.typer_instance is not None:
            group.typer_instance = narrowed(group.typer_instance, words[1:])
    return few if few.registered_commands or few.registered_groups else app


def _name(command: CommandInfo) -> str:
    """The name of a command on the command line."""
    if command.name or command.callback is None:
        return command.name or ""
    return get_command_name(command.callback.__name__)


def _options(command: Any) -> Iterator[Any]:
    """The options of all commands below a group."""
    for inner in getattr(command, "commands", {}).values():
        yield from (one for one in inner.params if one.param_type_name == "option")
        yield from _options(inner)
