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
from trailscan.organizations.catalogue import catalogue
from trailscan.organizations.changes import describe_changes
from trailscan.organizations.operation import READ
from trailscan.organizations.severity import ATTACK_VERSION, CIS_CONTROL, one_level_lower
from trailscan.render.escape import visible
from trailscan.reports.changes import read_changes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.organizations.changes import Change
    from trailscan.organizations.operation import Case, Operation, Service

SAMPLE_LOGS = Path(__file__).parent.parent / "sample_logs"
HEAD = """\
# What each Organizations event means

Every API operation of AWS Organizations (63) and every event that the service itself writes (7),
with the sentences that trailscan writes about them for the sample logs: when the call succeeded,
and when it was denied. A call that failed for another reason ends in `failed (` the reason `)`.
`python docs/write.py` writes this page from the records in `trailscan/organizations/services/`.

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
        options = LoadOptions(event_sources=tuple(catalogue().services))
        run_load([str(SAMPLE_LOGS)], folder, options, datetime(2026, 11, 23, tzinfo=UTC))
        store = open_store(folder)
        events = store.events()
        results = events[events["event_name"].isin({name for _, name in catalogue().results})]
        pairs = [
            (decode_record(record.encode()), Location("trail", "key", 0))
            for record in results["record"]
        ]
        without_requests = describe_changes(pairs)
        return [*read_changes(store.reader, reads=True), *without_requests]


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return re.sub(r"([\\|<>`*_\[\]])", r"\\\1", visible(text))


def sentence(changes: Iterable[Change], outcome: str) -> str:
    """The first sentence with an outcome; requests with their results come first."""
    found = [one for one in changes if one.outcome == outcome]
    whole = [one for one in found if "no result in the log" not in one.description] or found
    return cell(whole[0].description) if whole else ""


def levels(operation: Operation) -> str:
    """The severity when the call succeeded / when it was denied or failed."""
    return _levels(operation)


def _levels(graded: Operation | Case) -> str:
    severity = graded.severity
    attempt = graded.severity_of_attempt or one_level_lower(severity)
    return severity if attempt == severity else f"{severity} / {attempt}"


def severities(operation: Operation) -> str:
    """The severity of an operation and of each of its cases, with the reasons."""
    cases = [f"{_levels(case)} if {case.about}: {case.reason}" for case in operation.cases]
    return cell(" ".join([*cases, f"{levels(operation)}: {operation.reason}"]))


def row(service: Service, operation: Operation, changes: Iterable[Change]) -> str:
    """One line of the table: an operation with the changes that it made."""
    kind = "service event" if operation.service_event else "call"
    paths = [f"`{path}`" for path in service.roles[operation.target].paths]
    cells = [
        f"`{operation.name}`",
        f"{operation.category}, {kind}",
        f"{operation.target.replace('_', ' ')}: {', '.join(paths) or '`the account that calls`'}",
        sentence(changes, "succeeded"),
        sentence(changes, "denied"),
        severities(operation),
        ", ".join([*operation.mitre, operation.cis]).strip(", "),
        f"{operation.known_from}; {operation.watched_by}",
    ]
    return f"| {' | '.join(cells)} |"


def table(service: Service, changes: Iterable[Change]) -> str:
    """The operations of a service: changes, then service events, then reads, each by name."""
    titles = (
        "Event", "What", "Subject", "Succeeded", "Denied", "Severity and why",
        f"ATT&CK {ATTACK_VERSION}, CIS", "Source",
    )  # fmt: skip
    lines = [f"| {' | '.join(titles)} |", "|---" * 8 + "|"]
    for operation in sorted(
        service.operations, key=lambda one: (one.category == READ, one.service_event, one.name)
    ):
        own = [one for one in changes if one.operation is operation]
        lines.append(row(service, operation, own))
    return "\n".join(lines)


def page(changes: Iterable[Change] | None = None) -> str:
    """The whole page, a table for each service, with the sentences of some changes.

    Args:
        changes: what happened; None: in the sample organization.
    """
    found = sample_changes() if changes is None else list(changes)
    tables = [
        f"## {service.event_source}\n\n{table(service, found)}"
        for service in catalogue().services.values()
        if service.reported
    ]
    return "\n".join([HEAD.format(cis=CIS_CONTROL), "\n\n".join(tables)]) + "\n"
