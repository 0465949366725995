"""The page of reports: its tables are written by this test, so that they say what the program says."""

from __future__ import annotations

import os
import re
from importlib import import_module
from pathlib import Path

import pytest

from trailscan.reports.catalogue import REPORTS
from trailscan.reports.coverage import STATUSES
from trailscan.reports.findings.rules import RULES
from trailscan.reports.sql import VIEWS

PAGE = Path(__file__).parent.parent.parent / "docs" / "reports.md"
BLOCK = re.compile(r"<!-- ([a-z ]+) -->\n(.*?)<!-- end -->\n", re.DOTALL)


def table(titles, rows):
    """A Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def columns_of(name):
    """The columns of a report; those that a terminal never shows in italics."""
    columns = import_module(REPORTS[name].module).COLUMNS
    rows = [
        [f"`{column.name}`", column.kind, f"*{column.title}*" if column.detail else column.title]
        for column in columns
    ]
    return table(["column", "kind", "title"], rows)


def rules():
    """The rules of findings."""
    rows = [
        [
            f"`{rule.id}` {rule.version}",
            rule.severity,
            rule.fires,
            rule.why,
            rule.false_positives,
            ", ".join(rule.mitre),
            rule.cis.rpartition(" ")[2],
            "; ".join(rule.references),
        ]
        for rule in RULES
    ]
    titles = ["rule", "severity", "fires for", "why it matters", "when it is nothing", "ATT&CK"]
    return table([*titles, "CIS", "published by"], rows)


def block(name):
    """What belongs between two marks of the page."""
    if name.startswith("columns of "):
        return columns_of(name.removeprefix("columns of "))
    if name == "rules":
        return rules()
    if name == "views":
        return table(["view", "what"], [[f"`{view}`", what] for view, what in VIEWS.items()])
    if name == "statuses of coverage":
        return table(["status", "means"], [[f"`{one}`", what] for one, what in STATUSES.items()])
    raise AssertionError(name)


def test_the_page_of_reports_says_what_the_program_says():
    """The committed tables are the ones that this run writes."""
    committed = PAGE.read_text()
    made = BLOCK.sub(
        lambda found: f"<!-- {found[1]} -->\n{block(found[1])}<!-- end -->\n", committed
    )
    if made != committed and not os.environ.get("CI"):
        PAGE.write_text(made)
    assert made == committed, "docs/reports.md was written anew: look at it and commit it"


def test_every_report_has_a_section_with_its_columns():
    """None is forgotten, and they stand in the order of the help."""
    page = PAGE.read_text()
    assert re.findall(r"^## (\w+)$", page, re.MULTILINE) == [
        *REPORTS,
        "show",
        "sql",
        "Forms",
    ]
    marks = [found[0] for found in BLOCK.findall(page)]
    assert [mark for mark in marks if mark.startswith("columns")] == [
        f"columns of {name}" for name in REPORTS
    ]
    assert set(marks) >= {"rules", "views", "statuses of coverage"}


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL))
def test_the_queries_of_the_page_run(samples, query):
    """What a reader copies works."""
    assert samples.sql(query).rows


def test_no_cell_of_the_page_breaks_its_table():
    """Texts of rules have no pipe and no line end."""
    for found in BLOCK.findall(PAGE.read_text()):
        counts = {line.count("|") for line in found[1].splitlines()}
        assert len(counts) == 1
