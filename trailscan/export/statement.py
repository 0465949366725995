"""The statement of completeness: what was asked, counted, and not seen.

Each number is counted from the files of the package, and docs/export.md says how to count it again.
"""

from __future__ import annotations

import platform
import zlib
from collections import Counter
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from trailscan.export import pseudonyms, sample, tickets
from trailscan.export.controls import CONTROLS
from trailscan.numbers import counted
from trailscan.organizations.services import ORGANIZATIONS
from trailscan.reports.attestation import NOT_CHECKED, STATES
from trailscan.reports.missing import reasons
from trailscan.reports.quiet import is_quiet, merged_windows
from trailscan.store.requests import read_requests, window_of
from trailscan.store.tool import tool_name
from trailscan.window import Window, format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from trailscan.export.evidence import Evidence
    from trailscan.export.options import PackageOptions
    from trailscan.table import Table

FORMAT = 2
_SUMS = ("records", "kept", "filtered_out", "duplicates", "rejects", "conflicts")
_COMPLETE_MEANS = (
    "the day was requested whole, for Organizations events, of every account; every log file of "
    "the day that the store holds was read and every record of it understood, but for rejects "
    "that somebody accepted; log files delivered after the day are in the store; and the store has "
    "every log file that the digests in this package name. Whether CloudTrail delivered log files "
    "that the store was never shown is for digests to say: see attested_by_digests and gaps."
)
_CLOCK = (
    "eventTime and delivery times are CloudTrail's. run.json has the clock of the machine that "
    "made the package. first_seen and accepted_at of rejects have the clock of the machine that "
    "loaded or accepted. Nothing else depends on a clock."
)
_BYTES = (
    "The same store, options and version of trailscan give the same bytes on any machine and "
    "version of Python. The bytes of changes.parquet depend on the version of pyarrow too, and "
    "those of changes.xlsx on the version of xlsxwriter."
)
_AS_RECORDED = "People and addresses are as recorded."


def incomplete_because(evidence: Evidence, options: PackageOptions) -> Iterator[str]:
    """Why a package is not complete.

    No log file is a reason too, since nothing proves nothing, unless digests prove that none came.
    """
    store, day, question = evidence.store, evidence.day, evidence.question
    has_some = any(row["status"] != "not_loaded" for row in evidence.log_files)
    if not (has_some or is_quiet(store, Window.day(day))):
        yield "the store holds no log file delivered for this day"
    held = [file.day for file in store.files("log_files") if file.day]
    if not held or max(held) <= day:
        yield "the store holds no log file delivered after this day"
        question = replace(question, delivered=Window(question.delivered.start))  # said already
    yield from (one.text for one in reasons(store, question) if one.kind != "nothing")
    if absent := sum(row["status"] == "not_loaded" for row in evidence.log_files):
        yield f"{counted(absent, 'log file')} named by digests not in the store: see log_files.csv"
    if options.require_attested:
        yield from _not_attested(evidence)


def _not_attested(evidence: Evidence) -> Iterator[str]:
    """What `--require attested` does not accept."""
    states = Counter(row["attestation"] for row in evidence.log_files if row["status"] == "done")
    if not evidence.store.files("attestations"):
        yield "no log file was checked against digests: run `trailscan validate` with --store"
        return
    for state, words in STATES.items():
        if state != "attested" and states[state]:
            yield f"{counted(states[state], 'log file')} not attested: {words}"
    if spans := sum(gap.kind == "no_digests" for gap in evidence.gaps):
        yield f"{counted(spans, 'span')} of time without digests: see gaps.csv"
    if not evidence.digests:
        yield "no digest covers this day"


def make_statement(
    evidence: Evidence,
    changes: Table,
    findings: Table,
    options: PackageOptions,
    incomplete: tuple[str, ...],
) -> dict[str, Any]:
    """What the package claims, and what it does not."""
    rows = evidence.log_files
    status = Counter(row["status"] for row in rows)
    states = Counter(row["attestation"] for row in rows if row["status"] == "done")
    checked = bool(evidence.store.files("attestations"))
    accepted = sum(not one.is_open for one in evidence.rejects)
    kinds = Counter(gap.kind for gap in evidence.gaps)
    return {
        "package": "trailscan export",
        "format": FORMAT,
        "name": f"export-{evidence.day.isoformat()}",
        "day": evidence.day.isoformat(),
        "supplement": None,
        "window_of_event_time": _bounds(evidence.window),
        "window_of_delivery": _bounds(evidence.question.delivered),
        "complete": not incomplete,
        "complete_means": _COMPLETE_MEANS,
        "incomplete_because": list(incomplete),
        "event_source": ORGANIZATIONS.event_source,
        "organization_ids": _seen(rows, "organization_id"),
        "scope": _scope(evidence),
        "counts": _counts(evidence, changes, findings),
        "log_files": {
            "listed": status["done"] + status["rejected"],
            **{name: status[name] for name in ("done", "rejected", "not_loaded")},
            **{name: sum(row[name] or 0 for row in rows) for name in _SUMS},
            "included": 0,
        },
        "attested_by_digests": _sorted(states) if checked else NOT_CHECKED,
        "digests": {"files": len(evidence.digests), "public_keys": len(evidence.keys)},
        "rejects": {"open": len(evidence.rejects) - accepted, "accepted": accepted},
        "gaps": {name: kinds[name] for name in ("no_log_files", "no_digests")},
        "sample": _sample(options, len(changes.rows)),
        "tickets": _tickets(options, changes),
        "controls": _controls(changes),
        "parameters": options.parameters,
        "personal_data": pseudonyms.ABOUT if options.pseudonyms else _AS_RECORDED,
        "pseudonyms_key_id": options.pseudonyms and options.pseudonyms.key_id,
        "versions": versions(),
        "same_bytes": _BYTES,
        "store": {"commits": len(evidence.store.commits), "head_sha256": evidence.store.head},
        "access": options.access and {
            "account_id": options.access.account_id,
            "role": options.access.role,
        },
        "clock": _CLOCK,
    }  # fmt: skip


def _bounds(window: Window) -> dict[str, str | None]:
    """A window as JSON."""
    bounds = {"since": window.start, "until": window.end}
    return {name: format_instant(when) if when else None for name, when in bounds.items()}


def _counts(evidence: Evidence, changes: Table, findings: Table) -> dict[str, object]:
    """The numbers of what happened."""
    return {
        "changes": len(changes.rows),
        "changes_by_severity": _sorted(Counter(column(changes, "severity"))),
        "changes_by_outcome": _sorted(Counter(column(changes, "outcome"))),
        "principals": len(set(column(changes, "principal"))),
        "findings": len(findings.rows),
        "findings_by_severity": _sorted(Counter(column(findings, "severity"))),
        "records_of_the_day": evidence.events.num_rows,
        "conflicting_records_of_the_day": evidence.conflicts.num_rows,
    }


def column(table: Table, name: str) -> list[Any]:
    """The values of a column."""
    place = next((at for at, one in enumerate(table.columns) if one.name == name), None)
    return [] if place is None else [row[place] for row in table.rows]


def _sorted(counts: Counter[Any]) -> dict[str, int]:
    """Counts in order of what is counted."""
    return {str(name): counts[name] for name in sorted(counts, key=str)}


def _seen(rows: list[dict[str, Any]], name: str) -> list[str]:
    """The different values of a column of the log files."""
    return sorted({row[name] for row in rows if row.get(name)})


def _scope(evidence: Evidence) -> dict[str, object]:
    """What loads requested of the window of delivery, and what they saw."""
    delivered = evidence.question.delivered
    requests = [
        one
        for one in read_requests(evidence.store.commits)
        if len(merged_windows([one.window, delivered])) == 1  # they touch
    ]
    said = [
        {
            "source": one.source.uri,
            **_bounds(window_of(one.source)),
            "accounts": list(one.source.accounts),
            "regions": list(one.source.regions),
            "event_sources": one.event_sources,
            "accounts_left_out": list(one.source.accounts_left_out),
            "regions_left_out": list(one.source.regions_left_out),
            "failures": list(one.source.failures),
            "finished": not one.source.partial,
        }
        for one in requests
    ]
    return {
        "accounts": "all",
        "regions": sorted(evidence.question.regions),
        "event_sources": [ORGANIZATIONS.event_source],
        "requests": [one for at, one in enumerate(said) if one not in said[:at]],
        "accounts_seen": _seen(evidence.log_files, "account_id"),
        "regions_seen": _seen(evidence.log_files, "region"),
    }


def _sample(options: PackageOptions, population: int) -> dict[str, object] | None:
    """How the sample was drawn."""
    found = options.sample
    return found and {
        "population": population,
        "drawn": min(found.size, population),
        "seed": found.seed,
        "algorithm": sample.ALGORITHM,
    }


def _tickets(options: PackageOptions, changes: Table) -> dict[str, object] | None:
    """How the tickets were compared, and with which result."""
    if options.tickets is None:
        return None
    return {
        **tickets.count_states(column(changes, "ticket_state")),
        "tickets": len(options.tickets.tickets),
        "sha256": options.tickets.sha256,
        "rule": tickets.RULE,
    }


def _controls(changes: Table) -> list[dict[str, object]]:
    """How many changes are evidence for each control."""
    counts = Counter(name for names in column(changes, "controls") for name in names)
    return [
        {
            "id": one.id,
            "title": one.title,
            "evidence": one.evidence,
            "changes": counts[one.id],
            "source": one.source,
        }
        for one in CONTROLS
    ]


def versions() -> dict[str, str]:
    """The program, and the libraries on which bytes depend."""
    return {
        "trailscan": tool_name(),
        **{name: _version(name) for name in ("pyarrow", "xlsxwriter")},
    }


def machine_versions() -> dict[str, str]:
    """What else ran, which decides no byte of the package."""
    return {"python": platform.python_version(), "zlib": zlib.ZLIB_RUNTIME_VERSION}


def _version(name: str) -> str:
    """The version of an installed library."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def run_record(who: str, host: str, when: datetime, role_arn: str | None) -> dict[str, object]:
    """Who made a package, when, and on which machine."""
    return {
        "who": who,
        "host": host,
        "at": format_instant(when),
        "aws_caller_arn": role_arn,
        "system": platform.platform(),
        **machine_versions(),
    }
