"""The page of operations: written by this test, so that it says what the program says."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from trailscan.api import open as open_store
from trailscan.events.event import decode_record
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.location import Location
from trailscan.organizations.changes import describe_changes
from trailscan.organizations.correlate import RESULTS
from trailscan.organizations.operations import CONTROL_TOWER, OPERATIONS, ORGANIZATIONS
from trailscan.organizations.severity import ASSESSMENTS, CIS_CONTROL
from trailscan.organizations.things import ROLES
from trailscan.render.escape import visible
from trailscan.reports.changes import read_changes

if TYPE_CHECKING:
    from trailscan.organizations.changes import Change

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "operations.md"
HEAD = """\
# What each Organizations event means

Every API operation of AWS Organizations (63) and every event that the service writes by itself (7),
with the sentences that trailscan gives for them in the sample logs: when the call succeeded, and
when it was denied. A call that failed for another reason ends in `failed (` the reason `)`. This page
is written by a test, `tests/organizations/test_operations_page.py`; the facts are rows in
`trailscan/organizations/operations.py` and `severity.py`, each with its source.

- **Subject**: what the row is about, and where CloudTrail has its id.
- **Severity**: when it succeeded / when it was denied or failed, and why.
- **Source**: from where the form of the event is known: `log` (public logs), `page` (an example on
  AWS's page), `model` (no event was ever published: the service model's members), `text` (AWS
  describes it, without an example); then who published that it should be watched.
- {cis} is the number in v6.0.0 and v7.0.0 of the benchmark; through v5.0.0 it is 4.15.

An event that is not in this table is told in general words (`called SplitOrganization on o-…`), with
severity medium, and marked: `known_operation` is false.
"""


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> list[Change]:
    """Everything that happens in the sample organization, in words."""
    place = str(tmp_path_factory.mktemp("page") / "store")
    options = LoadOptions(event_sources=(ORGANIZATIONS, CONTROL_TOWER))
    run_load([str(ROOT / "sample_logs")], place, options, datetime(2026, 11, 23, tzinfo=UTC))
    store = open_store(place)
    alone = store.events()
    alone = alone[alone["event_name"].isin(RESULTS)]  # told without the requests they end
    results = [
        (decode_record(record.encode()), Location("trail", "key", 0)) for record in alone["record"]
    ]
    return [*read_changes(store.reader, reads=True), *describe_changes(results)]


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return re.sub(r"([\\|<>`*_\[\]])", r"\\\1", visible(text))


def sentence(changes: list[Change], name: str, outcome: str) -> str:
    """The first sentence of an event with an outcome; requests with their results come first."""
    found = [one for one in changes if one.action == name and one.outcome == outcome]
    whole = [one for one in found if "result was not seen" not in one.description] or found
    return cell(whole[0].description) if whole else ""


def row(changes: list[Change], name: str) -> str:
    """One line of the table."""
    operation, assessment = OPERATIONS[name], ASSESSMENTS[name]
    kind = "service event" if operation.service_event else "call"
    role = ROLES[operation.target]
    told = [*role.paths] or ["the account that calls"]
    tried = "" if assessment.tried == assessment.severity else f" / {assessment.tried}"
    cells = [
        f"`{name}`",
        f"{operation.category}, {kind}",
        f"{operation.target.replace('_', ' ')}: {', '.join(f'`{path}`' for path in told)}",
        sentence(changes, name, "succeeded"),
        sentence(changes, name, "denied"),
        f"{assessment.severity}{tried}: {cell(assessment.reason)}",
        ", ".join([*assessment.mitre, assessment.cis]).strip(", "),
        f"{operation.source}; {assessment.source}",
    ]
    return f"| {' | '.join(cells)} |"


def page(changes: list[Change]) -> str:
    """The whole page."""
    titles = (
        "Event", "What", "Subject", "Succeeded", "Denied", "Severity and why",
        "ATT&CK, CIS", "Source",
    )  # fmt: skip
    lines = [HEAD.format(cis=CIS_CONTROL), f"| {' | '.join(titles)} |", "|---" * 8 + "|"]
    return "\n".join([*lines, *(row(changes, name) for name in OPERATIONS)]) + "\n"


def test_the_page_of_operations_says_what_the_program_says(changes):
    """The committed page is the one that this run writes."""
    made = page(changes)
    committed = PAGE.read_text() if PAGE.exists() else ""
    if made != committed and not os.environ.get("CI"):
        PAGE.write_text(made)
    assert made == committed, "docs/operations.md was written anew: look at it and commit it"


def test_every_event_has_a_sentence_of_success_and_every_call_one_of_refusal(changes):
    """The sample organization leaves no row of the catalogue untold."""
    told = {(one.action, one.outcome) for one in changes}
    for name, operation in OPERATIONS.items():
        assert (name, "succeeded") in told, name
        assert (name, "denied") in told or operation.service_event, name
