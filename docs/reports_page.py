"""The tables of `docs/reports.md` that the program dictates: columns, rules, views, statuses.

Each stands between `<!-- its name -->` and `<!-- end -->`; `python docs/write.py` writes them.
"""

from __future__ import annotations

import re
from importlib import import_module

from trailscan.organizations.operation import READ
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.organizations.severity import ATTACK_VERSION, SEVERITIES, one_level_lower
from trailscan.reports.catalogue import REPORTS, VIEWS
from trailscan.reports.coverage import STATUSES
from trailscan.reports.findings.report import RULES

BLOCK = re.compile(r"<!-- ([a-z ]+) -->\n(.*?)<!-- end -->\n", re.DOTALL)


def table(titles: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def columns_of(name: str) -> str:
    """The columns of a report; those that a terminal never shows in italics."""
    columns = import_module(REPORTS[name].module).COLUMNS
    rows = [
        [f"`{column.name}`", column.kind, f"*{column.title}*" if column.detail else column.title]
        for column in columns
    ]
    return table(["column", "kind", "title"], rows)


def rules() -> str:
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
    titles = [
        "rule",
        "severity",
        "fires for",
        "why it matters",
        "false positives",
        f"ATT&CK {ATTACK_VERSION}",
    ]
    return table([*titles, "CIS", "published by"], rows)


def severities() -> str:
    """Every severity of a change with its reason, the gravest first."""
    rows = []
    for operation in ORGANIZATIONS.operations:
        if operation.category == READ:
            continue
        otherwise = "otherwise" if operation.cases else ""
        graded = [(case, f"if {case.about}") for case in operation.cases]
        rows += [
            [
                row.severity,
                row.severity_of_attempt or one_level_lower(row.severity),
                f"`{operation.name}`",
                when,
                row.reason,
            ]
            for row, when in (*graded, (operation, otherwise))
        ]
    rows.sort(key=lambda row: (-SEVERITIES.index(row[0]), row[2]))
    return table(["severity", "denied or failed", "event", "when", "why"], rows)


def block(name: str) -> str:
    """What belongs between the two marks of a name."""
    if name.startswith("columns of "):
        return columns_of(name.removeprefix("columns of "))
    if name == "rules":
        return rules()
    if name == "severities":
        return severities()
    if name == "views":
        return table(["view", "what"], [[f"`{view}`", what] for view, what in VIEWS.items()])
    if name == "statuses of coverage":
        return table(["status", "means"], [[f"`{one}`", what] for one, what in STATUSES.items()])
    raise ValueError(f"docs/reports.md: nothing is called <!-- {name} -->")


def page(committed: str) -> str:
    """The page with each of its tables made again."""
    return BLOCK.sub(
        lambda found: f"<!-- {found[1]} -->\n{block(found[1])}<!-- end -->\n", committed
    )
