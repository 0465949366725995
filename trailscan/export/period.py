"""The index of a period: its nights, which of them are missing, all changes, and one sample."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import socket
from calendar import monthrange
from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from trailscan.errors import AlreadyExistsError, TrailscanError
from trailscan.export.files import MANIFEST, RUN, csv_bytes, json_bytes, manifest_bytes
from trailscan.export.package import STATEMENT, package_name
from trailscan.export.run import add_zip, day_before, nights
from trailscan.export.seal import Log, seal
from trailscan.export.statement import run_record, versions
from trailscan.export.supplement import parse_manifest
from trailscan.export.target import numbers_of, read_file
from trailscan.export.verify_program import verify_program
from trailscan.numbers import counted
from trailscan.organizations.severity import SEVERITIES
from trailscan.render.document import (
    Document,
    Section,
    render_document_html,
    render_document_markdown,
)
from trailscan.store.rejects import who_accepts
from trailscan.table import Column, Table
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from trailscan.export.run import RunOptions
    from trailscan.export.target import Target

_PERIOD = re.compile(r"(\d{4})(?:-Q([1-4])|-(\d{2}))?")
_MONTHS_OF_A_QUARTER = 3
_TOTALS = ("changes", "findings", "records_of_the_day")

NIGHT_COLUMNS = (
    Column("day", "Day", "text"),
    Column("package", "Package", "text"),
    Column("complete", "Complete", "flag"),
    Column("changes", "Changes", "count"),
    Column("findings", "Findings", "count"),
    Column("records_of_the_day", "Records", "count"),
    Column("log_files", "Log files read", "count"),
    Column("attested", "Attested", "count"),
    Column("packages", "Packages", "count"),
    Column("manifest_sha256", "SHA-256 of the manifest", "id", short=12),
    Column("incomplete_because", "Why it is incomplete", "text", wide=True),
)
_POPULATION = (
    *("event_time", "principal", "description", "target", "outcome", "severity", "event_id"),
    *("recipient_account_id", "event_name", "ticket_state", "ticket_id"),
)
POPULATION_COLUMNS = (
    Column("number", "No.", "count"),
    Column("package", "Package", "text"),
    Column("number_of_the_day", "No. of the day", "count"),
    *(Column(name, name.replace("_", " ").capitalize(), "text") for name in _POPULATION),
)
_SAMPLE_COLUMNS = (
    Column("draw", "Draw", "count"),
    *POPULATION_COLUMNS,
    Column("value", "SHA-256", "id"),
)


@dataclass(frozen=True, slots=True)
class WrittenIndex:
    """The index of a period: its place, what was done, and what is missing."""

    place: str
    line: str
    incomplete: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Night:
    """The newest package of a day, or none."""

    day: date
    name: str = ""
    packages: int = 0
    manifest_sha256: str = ""
    statement: dict[str, Any] | None = None
    changes: tuple[dict[str, str], ...] = ()
    altered: tuple[str, ...] = ()


def parse_period(text: str) -> tuple[date, date]:
    """The first and last day of `2026-Q4`, `2026-11` or `2026`.

    Raises:
        ValueError: it is none of these.
    """
    found = _PERIOD.fullmatch(text)
    expected = f"{text!r} is not a period such as 2026-Q4, 2026-11 or 2026"
    if not found:
        raise ValueError(expected)
    try:
        year, quarter, month = (int(part) if part else 0 for part in found.groups())
        first = date(year, (quarter - 1) * 3 + 1 if quarter else month or 1, 1)
        months = _MONTHS_OF_A_QUARTER if quarter else 1 if found[3] else 12
        last = first.replace(month=first.month + months - 1)
        return first, last.replace(day=monthrange(last.year, last.month)[1])
    except ValueError:
        raise ValueError(expected) from None


def export_period(target: Target, period: str, options: RunOptions, now: datetime) -> WrittenIndex:
    """Write the index of a period from the packages of its nights.

    Args:
        target: where the packages are, and the index goes.
        period: `2026-Q4`, `2026-11` or `2026`.
        options: the sample to draw.
        now: the present: nights that are not over are not missing.

    Raises:
        ValueError: it is not a period, or has not begun.
        TrailscanError: the target cannot be read or written.
    """
    first, last = parse_period(period)
    ended = min(last, day_before(now))
    if ended < first:
        raise ValueError(f"{period} has no night that is over")
    found = _read_nights(target, nights(first, ended))
    incomplete = tuple(_incomplete(found, last, ended))
    files = _files(period, (first, last), found, options, incomplete)
    place, outcome = _write(target, period, files, now, options)
    total = sum(len(night.changes) for night in found)
    made = sum(bool(night.name) for night in found)
    said = "complete" if not incomplete else "INCOMPLETE"
    line = (
        f"export-{period}: {said}; {made:,} of {counted(len(found), 'night')}, "
        f"{counted(total, 'change')}; {outcome}"
    )
    return WrittenIndex(place, line, incomplete)


def _read_nights(target: Target, days: list[date]) -> list[_Night]:
    """The newest package of each day."""
    folders = target.folders()
    return [_read_night(target, day, folders) for day in days]


def _read_night(target: Target, day: date, folders: list[str]) -> _Night:
    """The newest package of a day, checked against its manifest as far as it is read."""
    numbers = numbers_of(target, day, folders)
    finished = [number for number, whole in numbers.items() if whole]
    if not finished:
        return _Night(day)
    name = package_name(day, max(finished))
    manifest = read_file(target, f"{name}/{MANIFEST}") or b""
    listed = parse_manifest(manifest)
    read = {path: read_file(target, f"{name}/{path}") or b"" for path in (STATEMENT, "changes.csv")}
    altered = tuple(
        path for path, data in read.items() if listed.get(path) != hashlib.sha256(data).hexdigest()
    )
    text = read["changes.csv"].decode("utf-8", "replace")
    try:
        statement = json.loads(read[STATEMENT])
    except (ValueError, RecursionError):
        statement = None
    return _Night(
        day,
        name,
        len(finished),
        hashlib.sha256(manifest).hexdigest(),
        statement if isinstance(statement, dict) else None,
        tuple(csv.DictReader(io.StringIO(text))),
        altered,
    )


def _incomplete(found: list[_Night], last: date, ended: date) -> list[str]:
    """Why an index is not complete."""
    missing = [night.day for night in found if not night.name]
    reasons = []
    if ended < last:
        reasons.append(f"the period ends on {last}; nights until {ended} are in this index")
    if missing:
        text = f"{counted(len(missing), 'night')} without a package"
        reasons.append(f"{text}: {', '.join(_spans(missing))}")
    for night in found:
        if night.altered:
            reasons.append(f"{night.name} is not what was exported: {', '.join(night.altered)}")
        elif night.name and night.statement is None:
            reasons.append(f"{night.name}: its statement cannot be read")
    partial = [one.name for one in found if one.statement and not one.statement.get("complete")]
    if partial:
        named = ", ".join(partial)
        reasons.append(f"{counted(len(partial), 'package')} not complete: {named}")
    return reasons


def _spans(days: list[date]) -> Iterator[str]:
    """Days in words, those that follow each other as one span."""
    for _, run in groupby(enumerate(days), key=lambda pair: pair[1].toordinal() - pair[0]):
        span = [day for _, day in run]
        yield str(span[0]) if len(span) == 1 else f"{span[0]} to {span[-1]}"


def _files(
    period: str,
    bounds: tuple[date, date],
    found: list[_Night],
    options: RunOptions,
    incomplete: tuple[str, ...],
) -> dict[str, bytes]:
    """The files of an index."""
    window = Window(Window.day(bounds[0]).start, Window.day(bounds[1]).end)
    rows = tuple(_night_row(night) for night in found)
    listed = Table("nights", NIGHT_COLUMNS, rows, window, title="Nights")
    population = _population(found)
    names = [column.name for column in POPULATION_COLUMNS]
    values = tuple(tuple(row.get(name) for name in names) for row in population)
    everything = Table("population", POPULATION_COLUMNS, values, window, title="Changes")
    files = {"nights.csv": csv_bytes(listed), "population.csv": csv_bytes(everything)}
    drawn = options.package.sample
    sections = [Section("Nights", "The newest package of each night.", listed)]
    if drawn:
        sample = tuple(
            (place, *(row.get(name) for name in names), value)
            for place, (value, row) in enumerate(drawn.draw(population), 1)
        )
        table = Table("sample", _SAMPLE_COLUMNS, sample, window, title="Sample")
        files["sample.csv"] = csv_bytes(table)
        sections.append(Section("Sample", f"Drawn with seed {drawn.seed}.", table))
    statement = _statement(period, bounds, found, options, incomplete)
    document = Document(
        kind="index of compliance packages",
        title=f"Changes to the AWS Organization in {period}",
        asked=f"Event time: {window.in_words}",
        verdict="Every night has a complete package." if not incomplete else "Incomplete.",
        reasons=incomplete,
        facts=tuple(_facts(statement)),
        sections=tuple(sections),
    )
    files["summary.html"] = render_document_html(document).encode()
    files["summary.md"] = render_document_markdown(document).encode()
    files[STATEMENT] = json_bytes(statement)
    files["verify.py"] = verify_program()
    files[MANIFEST] = manifest_bytes(files)
    return files


def _night_row(night: _Night) -> tuple[object, ...]:
    """The row of a night."""
    if night.statement is None:
        why = "no package" if not night.name else "its statement cannot be read"
        return (str(night.day), night.name or None, None, *(None,) * 5, night.packages, None, why)
    said = night.statement
    counts, attested = said.get("counts", {}), said.get("attested_by_digests")
    return (
        str(night.day),
        night.name,
        bool(said.get("complete")),
        *(counts.get(name) for name in _TOTALS),
        said.get("log_files", {}).get("done"),
        attested.get("attested", 0) if isinstance(attested, dict) else None,
        night.packages,
        night.manifest_sha256,
        "; ".join(said.get("incomplete_because", ())) or None,
    )


def _population(found: list[_Night]) -> list[dict[str, object]]:
    """All changes of the period, numbered in order of time."""
    rows: list[dict[str, object]] = []
    for night in found:
        for row in night.changes:
            own: dict[str, object] = {**row, "package": night.name}
            rows.append(own | {"number": len(rows) + 1, "number_of_the_day": _number(row)})
    return rows


def _number(row: dict[str, str]) -> int | None:
    """The number that a change has in its night."""
    text = row.get("number") or ""
    return int(text) if text.isdecimal() else None


def _statement(
    period: str,
    bounds: tuple[date, date],
    found: list[_Night],
    options: RunOptions,
    incomplete: tuple[str, ...],
) -> dict[str, Any]:
    """What an index claims; every number can be counted from the files beside it."""
    rows = [row for night in found for row in night.changes]
    grades = Counter(row.get("severity") or "" for row in rows)
    drawn = options.package.sample
    return {
        "package": "trailscan export index",
        "format": 1,
        "name": f"export-{period}",
        "period": period,
        "first_day": str(bounds[0]),
        "last_day": str(bounds[1]),
        "complete": not incomplete,
        "incomplete_because": list(incomplete),
        "nights": {
            "over": len(found),
            "with_package": sum(bool(night.name) for night in found),
            "missing": [str(night.day) for night in found if not night.name],
            "supplements": sum(max(night.packages - 1, 0) for night in found),
        },
        "counts": {
            **{
                name: sum((one.statement or {}).get("counts", {}).get(name, 0) for one in found)
                for name in _TOTALS
            },
            "population": len(rows),
            "changes_by_severity": {name: grades[name] for name in SEVERITIES if grades[name]},
        },
        "sample": drawn
        and {
            "population": len(rows),
            "size": drawn.size,
            "drawn": min(drawn.size, len(rows)),
            "seed": drawn.seed,
        },
        "versions": versions(),
    }


def _facts(statement: dict[str, Any]) -> list[tuple[str, str]]:
    """The numbers of a period with their names."""
    made, counts = statement["nights"], statement["counts"]
    by = ", ".join(f"{n:,} {name}" for name, n in counts["changes_by_severity"].items())
    return [
        ("Period", f"{statement['first_day']} to {statement['last_day']}"),
        ("Nights", f"{made['with_package']:,} of {made['over']:,} have a package"),
        ("Supplements", f"{made['supplements']:,}"),
        ("Changes", f"{counts['population']:,} ({by})" if by else "0"),
        ("Findings", f"{counts['findings']:,}"),
        ("Records", f"{counts['records_of_the_day']:,}"),
    ]


def _write(
    target: Target, period: str, files: dict[str, bytes], now: datetime, options: RunOptions
) -> tuple[str, str]:
    """Write and seal the index under the next free number, unless the newest says the same.

    One that a killed run began is finished, if this run has the same content.
    """
    numbers, log = numbers_of(target, period), Log(target)
    finished = [number for number, whole in numbers.items() if whole]
    latest = max(finished, default=-1)
    if latest >= 0:
        name = _index_name(period, latest)
        seal(log, name, options.signer, options.stamp)
        if read_file(target, f"{name}/{MANIFEST}") == files[MANIFEST]:
            return _sealed(target, name, options), "unchanged"
    who = run_record(who_accepts().partition("@")[0], socket.gethostname(), now, options.caller_arn)
    for number in range(latest + 1, max(numbers, default=-1) + 2):
        name = _index_name(period, number)
        begun = read_file(target, f"{name}/{RUN}")
        try:
            target.write_package(name, {**files, RUN: begun or json_bytes(who)})
        except AlreadyExistsError:  # begun with other content
            continue
        seal(log, name, options.signer, options.stamp)
        return _sealed(target, name, options), "written"
    raise TrailscanError(
        f"{target.uri(_index_name(period, latest + 1))} was written by another run",
        "run the command again",
    )


def _index_name(period: str, number: int) -> str:
    """The name of an index; the first has no number."""
    return f"export-{period}" + (f".{number}" if number else "")


def _sealed(target: Target, name: str, options: RunOptions) -> str:
    """The place of a sealed index, with its ZIP file if that is wanted."""
    if options.zipped:
        add_zip(target, name)
    return target.uri(name)
