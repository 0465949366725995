"""The changes of a package against its records: what is copied must be the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trailscan.export.verifier.content import CHANGES, RECORDS
from trailscan.export.verifier.report import shown
from trailscan.export.verifier.tables import cell, comparable, parse_exact

if TYPE_CHECKING:
    from trailscan.export.verifier.content import Content
    from trailscan.export.verifier.report import Report

_INSTANT = 19  # letters of a time to the second
_COPIED = {
    "event_name": "eventName",
    "source_ip_address": "sourceIPAddress",
    "user_agent": "userAgent",
    "error_code": "errorCode",
    "error_message": "errorMessage",
}
"""Columns of changes that repeat a member of the record, which is text or absent."""
_ORGANIZATIONS = "organizations.amazonaws.com"


def check_rows(content: Content, report: Report) -> None:
    """Compare changes with records, and both with the window of the day."""
    window = content.statement.get("window_of_event_time")
    bounds = window if isinstance(window, dict) else {}
    since, until = (str(bounds.get(end))[:_INSTANT] for end in ("since", "until"))
    records: dict[str, dict[tuple[str, str], dict[str, Any]]] = {}
    for at, (where, text) in enumerate(content.lines):
        place = content.place(RECORDS, at)
        try:
            record = parse_exact(text)
        except ValueError as error:
            report.refuse(place, f"its record is not JSON: {shown(error)}")
            continue
        members = dict(record) if isinstance(record, tuple) else {}
        when = str(members.get("eventTime"))[:_INSTANT]
        if not since <= when < until:
            report.refuse(place, f"its eventTime {shown(when)} is not in the window of the day")
        spot = (comparable(str(where.get("log_file"))), str(where.get("position")))
        records.setdefault(comparable(str(members.get("eventID"))), {})[spot] = members
    for at, row in enumerate(content.tables[CHANGES]):
        place = content.place(CHANGES, at)
        when = cell(row, "event_time", place).replace(" ", "T")[:_INSTANT]
        if not since <= when < until:
            report.refuse(place, f"its event_time {shown(when)} is not in the window of the day")
        event_id = comparable(cell(row, "event_id", place))
        found = records.get(event_id)
        if found is None:
            report.refuse(place, f"no record in {RECORDS} has the event ID {shown(event_id)}")
            continue
        spot = (comparable(row.get("log_file_name", "")), row.get("record_index") or "0")
        if spot not in found:
            report.refuse(place, "its record is at another log file or position")
        else:
            _check_copied(row, found[spot], when, place, report)
    report.rest("signer", f"what the other columns of {CHANGES} and findings.csv conclude")
    _name_others(content, records, report)


def _check_copied(
    row: dict[str, str], members: dict[str, Any], when: str, place: str, report: Report
) -> None:
    """The columns that repeat the record have what it has."""
    if when != str(members.get("eventTime"))[:_INSTANT]:
        report.refuse(place, f"its event_time {shown(when)} is not that of its record")
    for column, member in _COPIED.items():
        value = members.get(member)
        if value is not None and not isinstance(value, str):
            continue  # no text: how it is written in a cell is not defined
        if comparable(cell(row, column, place)) != comparable(value or ""):
            text = f"its {column} {shown(row[column])} is not {member} of its record"
            report.refuse(place, text)


def _name_others(
    content: Content,
    records: dict[str, dict[tuple[str, str], dict[str, Any]]],
    report: Report,
) -> None:
    """Say how many records that are no reads belong to no row: a removed row would be one."""
    told = {
        comparable(one)
        for row in content.tables[CHANGES]
        for one in (row["event_id"], *row.get("related_event_ids", "").split("; "))
    }
    others = sorted(
        str(members.get("eventName"))
        for event_id, found in records.items()
        for members in found.values()
        if event_id not in told
        and members.get("readOnly") is False
        and members.get("eventSource") == _ORGANIZATIONS
    )
    if others:
        names = ", ".join(dict.fromkeys(others))
        report.rest(
            "signer",
            f"that {len(others)} records of {content.files.name} that are no reads are no changes"
            f" of the day: {shown(names)}",
        )
