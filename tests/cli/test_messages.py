"""Every message passes through one function, which shows what a terminal would obey or hide."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hostile import ATTACKS

import trailscan
from trailscan.cli.output import say
from trailscan.visible import is_hidden

PACKAGE = Path(trailscan.__file__).parent
WRITES = {"echo", "print", "write", "writelines", "secho", "show"}
ALLOWED = {
    "cli/log.py": {"write"},  # the door to standard error
    "cli/output.py": {"write"},  # the door to standard output
    "cli/app.py": {"echo", "show"},  # the version, and help
    "cli/pager.py": {"write"},  # what output.py hands it
    "cli/load.py": {"write"},  # what log.py makes for a signal handler, by os.write
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_message_is_one_line_that_a_terminal_only_shows(attack, capsys):
    """Whatever a name or a record says, it stays within the line that quotes it."""
    say(f"trailscan: {attack} cannot be read")
    out, err = capsys.readouterr()
    assert (out, err.count("\n"), err[-1]) == ("", 1, "\n")
    assert not [char for char in err[:-1] if is_hidden(char)]


def test_nothing_else_writes_to_a_terminal():
    """No module of the command line prints by itself."""
    found = {}
    for path in sorted((PACKAGE / "cli").glob("*.py")):
        calls = [
            node.func
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call)
        ]
        names = {
            call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")
            for call in calls
        }
        if used := names & WRITES:
            found[f"cli/{path.name}"] = used
    assert found == ALLOWED
