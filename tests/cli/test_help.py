"""The help of every command, read as a newcomer."""

from __future__ import annotations

import re
from itertools import chain, groupby, pairwise

import pytest
from typer.testing import CliRunner

from trailscan.cli.app import app

WIDTH = 76
COMMANDS = ["load", "validate", "export", "show", "status", "sql", "doctor", "demo"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_paragraph_of_help_fills_its_lines(command):
    """It is folded where the terminal ends, not where a line of the source did."""
    said = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "80"}).output
    lines = [line.strip() for line in said.partition("╭")[0].splitlines()]
    paragraphs = [list(group) for filled, group in groupby(lines, bool) if filled]
    assert len(paragraphs) > 1
    for text, after in chain.from_iterable(map(pairwise, paragraphs[1:])):
        assert len(text) + 1 + len(after.split()[0]) > WIDTH, (text, after)


def test_the_help_of_sql_names_every_view():
    """A reader learns from it what can be asked, and so from the docstring of `Store.sql`."""
    from trailscan.api import Store
    from trailscan.reports.catalogue import VIEWS

    said = CliRunner().invoke(app, ["sql", "--help"], env={"COLUMNS": "80"}).output
    about = said.partition("Arguments")[0]
    assert [view for view in VIEWS if view not in re.findall(r"\w+", about)] == []
    assert [view for view in VIEWS if view not in Store.sql.__doc__] == []
