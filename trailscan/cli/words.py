"""The words of a command line before typer reads them, and how the commands list themselves."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def _options(command: Any) -> Iterator[Any]:
    """The options of all commands below a group."""
    for inner in getattr(command, "commands", {}).values():
        yield from (one for one in inner.params if one.param_type_name == "option")
        yield from _options(inner)
