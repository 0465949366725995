"""The page of reports has every report, and what a reader copies from it works.

`tests/test_docs.py` compares its tables with the program.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from reports_page import BLOCK

from trailscan.reports.catalogue import REPORTS

PAGE = Path(__file__).parent.parent.parent / "docs" / "reports.md"


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
