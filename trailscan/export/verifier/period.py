"""The index of a period: its numbers counted again, and its nights compared with their packages."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from trailscan.export.verifier.content import (
    CHANGES,
    NIGHTS,
    POPULATION,
    STATEMENT,
    check_sample,
)
from trailscan.export.verifier.files import MANIFEST, PACKAGE_NAME, is_night, open_folder
from trailscan.export.verifier.report import RefusedError, Report, shown
from trailscan.export.verifier.tables import cell, comparable, read_json, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from trailscan.export.verifier.files import Files

TOTALS = ("changes", "findings", "records_of_the_day")


def check_period(files: Files, report: Report) -> None:
    """Count every number of an index again from its own files."""
    statement = read_json(files, STATEMENT)
    rows, population = read_table(files, NIGHTS), read_table(files, POPULATION)
    where = f"{files.name}/{STATEMENT}"
    for path, expected in _numbers_of_index(files.name, statement, rows, population).items():
        found: Any = statement
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if found != expected or isinstance(found, bool) is not isinstance(expected, bool):
            text = f"says {shown(found)}; counted again: {shown(expected)}"
            report.refuse(f"{where} {path}", text)
    if statement.get("complete") is not (statement.get("incomplete_because") == []):
        text = "must be true exactly if incomplete_because is empty"
        report.refuse(f"{where} complete", text)
    _check_days(files, statement, rows, report)
    check_sample(files, statement, (POPULATION, population), report)
    for at, row in enumerate(population):
        if cell(row, "number", POPULATION) != str(at + 1):
            report.refuse(f"{files.name}/{POPULATION} row {at + 1}", "its number is not its place")
    if statement.get("complete") is not True:
        report.say(f"{shown(files.name)} says itself that it is incomplete: see {STATEMENT}")
    report.rest("signer", f"that {NIGHTS} has the nights as they are (verify their folder)")


def _numbers_of_index(
    name: str,
    statement: dict[str, Any],
    rows: list[dict[str, str]],
    population: list[dict[str, str]],
) -> dict[str, Any]:
    """Each number of the statement of an index, by its path, counted again."""
    made = [row for row in rows if cell(row, "package", NIGHTS)]
    found: dict[str, Any] = {
        "package": "trailscan export index",
        "name": name.partition(".")[0],
        "period": name.partition(".")[0].partition("-")[2],
        "nights.over": len(rows),
        "nights.with_package": len(made),
        "nights.missing": [row["day"] for row in rows if not row["package"]],
        "nights.supplements": sum(max(_count(row, "packages") - 1, 0) for row in rows),
        "counts.population": len(population),
        "counts.changes_by_severity": dict(
            Counter(cell(row, "severity", POPULATION) for row in population)
        ),
        **{f"counts.{one}": sum(_count(row, one) for row in rows) for one in TOTALS},
    }
    if any(cell(row, "complete", NIGHTS) != "true" for row in rows):
        found["complete"] = False
    drawn = statement.get("sample")
    if isinstance(drawn, dict) and isinstance(drawn.get("size"), int):
        found["sample.drawn"] = min(drawn["size"], len(population))
    return found


def _count(row: dict[str, str], column: str) -> int:
    text = cell(row, column, NIGHTS)
    if text and not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004  # digits of a count
        raise RefusedError(f"{NIGHTS} {column}", f"{shown(text)} is not a count")
    return int(text or 0)


def _bounds(period: str) -> tuple[date, date]:
    """The first and the last day of a year, a quarter or a month."""
    year, part = int(period[:4]), period[5:]
    first, months = 1, 12
    if part:
        first, months = (int(part[1:]) * 3 - 2, 3) if part[0] == "Q" else (int(part), 1)
    end = year * 12 + first - 1 + months
    return date(year, first, 1), date(end // 12, end % 12 + 1, 1) - timedelta(days=1)


def _check_days(
    files: Files, statement: dict[str, Any], rows: list[dict[str, str]], report: Report
) -> None:
    """The nights are those of the period, each once and in order, from its first day on."""
    match = PACKAGE_NAME.fullmatch(files.name)
    first, last = _bounds(match["of"] if match else "")
    said = (statement.get("first_day"), statement.get("last_day"))
    if said != (str(first), str(last)):
        report.refuse(f"{files.name}/{STATEMENT}", f"its days are not {first} to {last}")
    days = [cell(row, "day", NIGHTS) for row in rows]
    if days != [str(first + timedelta(days=by)) for by in range(len(days))]:
        report.refuse(f"{files.name}/{NIGHTS}", "not each night once, in order, from the first on")
    if days and days[-1] > str(last):
        report.refuse(f"{files.name}/{NIGHTS}", "it has nights after the period")
    if (not days or days[-1] < str(last)) and statement.get("complete") is not False:
        report.refuse(f"{files.name}/{STATEMENT} complete", f"the nights until {last} are missing")


def check_nights(place: Path, name: str, order: dict[str, int], report: Report) -> None:
    """Compare an index with the packages of its nights in the same folder.

    Args:
        place: the folder of all packages.
        name: of the index.
        order: the place in the log of each package.
        report: collects what is found.
    """
    files = open_folder(place / name, name)
    expected: list[tuple[str, dict[str, str]]] = []
    rows = read_table(files, NIGHTS)
    _check_left_out(name, {row["day"] for row in rows}, order, report)
    for at, row in enumerate(rows):
        where, package = f"{name}/{NIGHTS} row {at + 1}", row["package"]
        _check_newest(row, where, order.get(name), order, report)
        if not package:
            continue
        if not is_night(package) or not package.startswith(f"export-{row['day']}"):
            report.refuse(where, f"{shown(package)} is not a package of {shown(row['day'])}")
            continue
        if package not in order:
            report.refuse(where, f"{package} is not in this folder, or has no seal")
            continue
        night = open_folder(place / package, package)
        if hashlib.sha256(night.read(MANIFEST)).hexdigest() != row["manifest_sha256"]:
            report.refuse(where, f"its manifest_sha256 is not that of {package}")
        _check_counts(row, read_json(night, STATEMENT), where, report)
        expected += [(package, one) for one in read_table(night, CHANGES)]
    _check_population(files, expected, report)


def _check_left_out(name: str, days: set[str], order: dict[str, int], report: Report) -> None:
    """Every night of the period that was sealed before the index has a row."""
    first, last = _bounds(name.partition(".")[0].partition("-")[2])
    for one, at in order.items():
        day = one.partition(".")[0].partition("-")[2]
        is_absent = is_night(one) and str(first) <= day <= str(last) and day not in days
        if is_absent and at < order.get(name, at + 1):
            text = f"{one} was sealed before the index, which has no row of it"
            report.refuse(f"{name}/{NIGHTS}", text)


def _check_counts(row: dict[str, str], said: dict[str, Any], where: str, report: Report) -> None:
    """The counts of a night are those of its package."""
    counts = said.get("counts")
    for one in TOTALS:
        if not isinstance(counts, dict) or str(counts.get(one)) != row[one]:
            report.refuse(where, f"{one} is not what the package says")
    if row["complete"] != str(said.get("complete")).lower():
        report.refuse(where, "complete is not what the package says")


def _check_newest(
    row: dict[str, str], where: str, number: int | None, order: dict[str, int], report: Report
) -> None:
    """An index has the newest package of a night that was sealed before it."""
    base = f"export-{row['day']}"
    before = [
        one
        for one, at in order.items()
        if one.partition(".")[0] == base and (number is None or at < number)
    ]
    newest = max(before, key=lambda one: int(one.partition(".")[2] or 0), default="")
    if newest and newest != row["package"]:
        report.refuse(where, f"{newest} was sealed before the index, and is newer than what it has")


def _check_population(
    files: Files, expected: list[tuple[str, dict[str, str]]], report: Report
) -> None:
    """The population is all changes of the nights, and nothing else."""
    population = read_table(files, POPULATION)
    if len(population) != len(expected):
        text = f"it has {len(population)} changes, and its nights have {len(expected)}"
        report.refuse(f"{files.name}/{POPULATION}", text)
        return
    for at, (row, (package, change)) in enumerate(zip(population, expected)):  # noqa: B905  # Python 3.9
        wanted = {**change, "package": package, "number_of_the_day": change.get("number", "")}
        for column, text in row.items():
            if column != "number" and not _is_same_cell(text, wanted.get(column, "")):
                where = f"{files.name}/{POPULATION} row {at + 1}"
                report.refuse(where, f"{shown(column)} is not what {package}/{CHANGES} has")


def _is_same_cell(text: str, other: str) -> bool:
    """Whether a cell is that of another CSV file, from which it may have been escaped again."""
    is_plain = other.isascii() and other.isprintable() and not set("\\'") & set(other)
    return text == other or (not is_plain and comparable(text) == comparable(other))
