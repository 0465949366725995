"""The page `docs/operations.md`: what each Organizations event means, as the program says it.

`python docs/write.py` writes it.
"""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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

SAMPLE_LOGS = Path(__file__).parent.parent / "sample_logs"
HEAD = """\
# What each Organizations event means

Every API operation of AWS Organizations (63) and every event that the service itself writes (7),
with the sentences that trailscan writes about them for the sample logs: when the call succeeded,
and when it was denied. A call that failed for another reason ends in `failed (` the reason `)`.
`python docs/write.py` writes this page; the facts are rows in
`trailscan/organizations/operations.py` and `severity.py`, each with its source.

- **Subject**: what the row is about, and the fields of the record that hold its id.
- **Severity**: when the call succeeded / when it was denied or failed, and why.
- **Source**: how the form of the event is known: `log` (public logs), `page` (an example on AWS's
  page), `model` (no event was ever published: the members in the service model), `text` (AWS
  describes it, without an example); then who published that it should be watched.
- {cis} is the control's number in v6.0.0 and v7.0.0 of the benchmark; through v5.0.0 it is 4.15.

An event that is not in this table is described in general terms (`called SplitOrganization on
o-…`), has severity medium, and has `known_operation` false.
"""


def sample_changes() -> list[Change]:
    """Everything that happens in the sample organization, in words."""
    with tempfile.TemporaryDirectory() as folder:
        options = LoadOptions(event_sources=(ORGANIZATIONS, CONTROL_TOWER))
        run_load([str(SAMPLE_LOGS)], folder, options, datetime(2026, 11, 23, tzinfo=UTC))
        store = open_store(folder)
        events = store.events()
        results = events[events["event_name"].isin(RESULTS)]  # told without their requests
        pairs = [
            (decode_record(record.encode()), Location("trail", "key", 0))
            for record in results["record"]
        ]
        return [*read_changes(store.reader, reads=True), *describe_changes(pairs)]


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


def page() -> str:
    """The whole page."""
    titles = (
        "Event", "What", "Subject", "Succeeded", "Denied", "Severity and why",
        "ATT&CK, CIS", "Source",
    )  # fmt: skip
    changes = sample_changes()
    lines = [HEAD.format(cis=CIS_CONTROL), f"| {' | '.join(titles)} |", "|---" * 8 + "|"]
    return "\n".join([*lines, *(row(changes, name) for name in OPERATIONS)]) + "\n"
