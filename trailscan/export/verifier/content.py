"""The content of one package: manifest, statement, and every number counted again."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from trailscan.export.verifier.files import MANIFEST
from trailscan.export.verifier.report import RefusedError, Report, shown
from trailscan.export.verifier.tables import (
    cell,
    comparable,
    lines_of,
    parse_exact,
    parse_line,
    parse_manifest,
    read_json,
    read_table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trailscan.export.verifier.files import Files

STATEMENT = "statement.json"
RECORDS = "records.jsonl"
ISSUING = "issuing_records.jsonl"
CHANGES = "changes.csv"
LOG_FILES = "log_files.csv"
RUN = "run.json"
SAMPLE = "sample.csv"
NIGHTS = "nights.csv"
POPULATION = "population.csv"
SEAL = ("checkpoint", "signature")
PROOF = "proof/"
INDEX = "digests/index.csv"
PUBLIC_KEYS = "digests/public-keys.json"
INCLUDED = "log-files/"
SUMS = ("records", "kept", "filtered_out", "duplicates", "rejects", "conflicts")
NOT_CHECKED = "not checked"


class Content:
    """What a package says: its statement, tables and records, each read once."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.statement = read_json(files, STATEMENT)
        self.tables = {
            path: read_table(files, path)
            for path in (CHANGES, "findings.csv", LOG_FILES, "rejects.csv", "gaps.csv")
        }
        self.tables["conflicts.csv"] = read_table(files, "conflicts.csv")
        self.tables[INDEX] = read_table(files, INDEX)
        self.lines = _records(files, RECORDS)
        self.issuing = _records(files, ISSUING) if ISSUING in files.sizes else None

    def place(self, path: str, at: int | None = None) -> str:
        """A file of the package, or a row of it counted from 1, as a reason names it."""
        return f"{self.files.name}/{path}" + ("" if at is None else f" row {at + 1}")

    @property
    def has_pseudonyms(self) -> bool:
        """Whether people and addresses in its records were replaced."""
        return bool(self.statement.get("pseudonyms_key_id"))


def _records(files: Files, path: str) -> list[tuple[dict[str, Any], str]]:
    """The lines of a file of records: where each was read, and its text."""
    found = []
    for at, line in enumerate(lines_of(files.read(path)), 1):
        try:
            found.append(parse_line(line))
        except ValueError as error:
            raise RefusedError(f"{files.name}/{path} line {at}", shown(error)) from None
    return found


def check_manifest(files: Files, report: Report) -> None:
    """Compare every file with the manifest, and the manifest with the files."""
    listed = parse_manifest(files)
    for path, sha256 in listed.items():
        if path not in files.sizes:
            report.refuse(f"{files.name}/{path}", "the manifest lists it, and it is missing")
        elif hashlib.sha256(files.read(path)).hexdigest() != sha256:
            report.refuse(f"{files.name}/{path}", "its bytes are not those of the manifest")
    outside = {MANIFEST, RUN, *SEAL}
    for path in files.sizes:
        if path not in listed and path not in outside and not path.startswith(PROOF):
            report.refuse(f"{files.name}/{shown(path)}", "added: the manifest does not list it")
    if list(listed) != sorted(listed):
        report.refuse(f"{files.name}/{MANIFEST}", "its lines are not sorted by path")
    for path in outside & listed.keys():
        report.refuse(f"{files.name}/{MANIFEST}", f"it may not list {path}")


def check_statement(content: Content, report: Report) -> None:
    """Count every number of the statement again from the files beside it."""
    statement, name = content.statement, content.files.name
    for path, expected in _numbers(content):
        found = _member(statement, path)
        if found != expected or isinstance(found, bool):
            text = f"says {shown(found)}; counted again: {shown(expected)}"
            report.refuse(f"{name}/{STATEMENT} {path}", text)
    if statement.get("name") != name:
        text = f"says {shown(statement.get('name'))}, and the folder is {shown(name)}"
        report.refuse(f"{name}/{STATEMENT} name", text)
    _check_day(content, report)
    if statement.get("complete") is not (statement.get("incomplete_because") == []):
        text = "must be true exactly if incomplete_because is empty"
        report.refuse(f"{name}/{STATEMENT} complete", text)
    if statement.get("complete") is not True:
        report.say(f"{shown(name)} says itself that it is incomplete: see {STATEMENT}")
    _check_controls(content, report)


def _check_day(content: Content, report: Report) -> None:
    """The name, the day and the window of a package are of one and the same day."""
    statement, said = content.statement, str(content.statement.get("day"))
    try:
        day = date.fromisoformat(said)
        window = {"since": f"{day}T00:00:00Z", "until": f"{day + timedelta(days=1)}T00:00:00Z"}
    except (ValueError, OverflowError):
        day, window = None, {}
    if str(day) != said:
        report.refuse(content.place(STATEMENT) + " day", f"{shown(said)} is no date")
        return
    if content.files.name.partition(".")[0] != f"export-{day}":
        text = f"it is of {day}, and the folder is {shown(content.files.name)}"
        report.refuse(content.place(STATEMENT) + " day", text)
    if statement.get("window_of_event_time") != window:
        report.refuse(
            content.place(STATEMENT) + " window_of_event_time", f"it is not that of {day}"
        )


def _member(statement: dict[str, Any], path: str) -> Any:
    found: Any = statement
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _counted(rows: Iterable[dict[str, str]], column: str, where: str) -> dict[str, int]:
    return dict(Counter(cell(row, column, where) for row in rows))


def _numbers(content: Content) -> list[tuple[str, Any]]:
    """Each number of a statement, by its path, counted again."""
    tables, statement, lines = content.tables, content.statement, content.lines
    changes, findings, log_files = tables[CHANGES], tables["findings.csv"], tables[LOG_FILES]
    status = _counted(log_files, "status", LOG_FILES)
    done = [row for row in log_files if row["status"] == "done"]
    states = _counted(done, "attestation", LOG_FILES)
    kinds = _counted(tables["gaps.csv"], "kind", "gaps.csv")
    accepted = sum(1 for row in tables["rejects.csv"] if cell(row, "accepted_at", "rejects.csv"))
    keys = content.files.read(PUBLIC_KEYS)
    found: list[tuple[str, Any]] = [
        ("counts.changes", len(changes)),
        ("counts.changes_by_severity", _counted(changes, "severity", CHANGES)),
        ("counts.changes_by_outcome", _counted(changes, "outcome", CHANGES)),
        ("counts.principals", len(_counted(changes, "principal", CHANGES))),
        ("counts.findings", len(findings)),
        ("counts.findings_by_severity", _counted(findings, "severity", "findings.csv")),
        ("counts.records_of_the_day", len(lines)),
        ("counts.issuing_records", None if content.issuing is None else len(content.issuing)),
        ("counts.conflicting_records_of_the_day", len(tables["conflicts.csv"])),
        ("log_files.listed", status.get("done", 0) + status.get("rejected", 0)),
        *((f"log_files.{one}", status.get(one, 0)) for one in ("done", "rejected", "not_loaded")),
        *((f"log_files.{one}", sum(number(row, one) for row in log_files)) for one in SUMS),
        ("log_files.included", sum(path.startswith(INCLUDED) for path in content.files.sizes)),
        ("digests.files", len(tables[INDEX])),
        ("digests.public_keys", _length(keys)),
        ("rejects.open", len(tables["rejects.csv"]) - accepted),
        ("rejects.accepted", accepted),
        *((f"gaps.{one}", kinds.get(one, 0)) for one in ("no_log_files", "no_digests")),
        ("scope.accounts_seen", sorted({row["account_id"] for row in log_files} - {""})),
        ("scope.regions_seen", sorted({row["region"] for row in log_files} - {""})),
    ]
    said = statement.get("attested_by_digests")
    is_unchecked = said == NOT_CHECKED and set(states) <= {"unknown"}
    found.append(("attested_by_digests", NOT_CHECKED if is_unchecked else states))
    if statement.get("sample") is not None:
        found.append(("sample.drawn", len(read_table(content.files, SAMPLE))))
    if statement.get("tickets") is not None:
        tickets = _counted(changes, "ticket_state", CHANGES)
        words = ("matched", "approved afterwards", "unmatched")
        found += [(f"tickets.{one.replace(' ', '_')}", _either(tickets, one)) for one in words]
    return found


def _either(counts: dict[str, int], name: str) -> int:
    """The count of a state, which may be written with spaces or underscores."""
    return sum(counts.get(one, 0) for one in {name, name.replace(" ", "_")})


def _length(data: bytes) -> int:
    try:
        found = parse_exact(data.decode())
    except ValueError:
        return -1
    return len(found) if isinstance(found, list) else -1


def number(row: dict[str, str], column: str) -> int:
    """A count of a row; empty is 0.

    Raises:
        RefusedError: it is no count.
    """
    text = cell(row, column, LOG_FILES)
    if text and not (text.isascii() and text.isdigit() and len(text) < 20):  # noqa: PLR2004  # digits of a count
        raise RefusedError(f"{LOG_FILES} {column}", f"{shown(text)} is not a count")
    return int(text or 0)


def _check_controls(content: Content, report: Report) -> None:
    controls = content.statement.get("controls")
    if not isinstance(controls, list):
        report.refuse(content.place(STATEMENT) + " controls", "must be a list")
        return
    counts = Counter(
        name.lstrip("'")
        for row in content.tables[CHANGES]
        for name in cell(row, "controls", CHANGES).split("; ")
    )
    for one in controls:
        name = one.get("id") if isinstance(one, dict) else None
        if not isinstance(name, str) or one.get("changes") != counts[name]:
            text = f"{shown(name)} has {counts[str(name)]} changes in {CHANGES}"
            report.refuse(content.place(STATEMENT) + " controls", text)


def check_sample(
    files: Files,
    statement: dict[str, Any],
    population: tuple[str, list[dict[str, str]]],
    report: Report,
) -> None:
    """Draw the sample again, by the seed in the statement.

    Args:
        files: of the package or index.
        statement: of it.
        population: the path of the changes, and their rows.
        report: collects what is found.
    """
    said = statement.get("sample")
    if not isinstance(said, dict):
        if SAMPLE in files.sizes:
            report.refuse(f"{files.name}/{SAMPLE}", f"{STATEMENT} says that no sample was drawn")
        return
    (path, changes), place = population, f"{files.name}/{SAMPLE}"
    if said.get("population") != len(changes):
        text = f"says {shown(said.get('population'))}; counted again: {len(changes)}"
        report.refuse(f"{files.name}/{STATEMENT} sample.population", text)
    order = []
    for row in changes:
        names = [cell(row, name, path) for name in ("recipient_account_id", "event_id")]
        if any(comparable(name) != name for name in names):
            report.is_alone(f"{place}: {path} has an ID with letters that CSV escapes")
            return
        text = "\n".join([str(said.get("seed")), *names])
        value = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        order.append((value, int(cell(row, "number", path)), *names))
    drawn = [
        (row["value"], int(row["number"]), row["recipient_account_id"], row["event_id"])
        for row in read_table(files, SAMPLE)
    ]
    size = said.get("size")
    if isinstance(size, int) and len(drawn) != min(size, len(changes)):
        text = f"{min(size, len(changes))} changes were to be drawn, and it has {len(drawn)}"
        report.refuse(place, text)
    if drawn != sorted(order)[: len(drawn)]:
        report.refuse(place, f"not the changes that its seed draws from {path}")


def check_issuing(content: Content, report: Report) -> None:
    """Each record that issued credentials did so for changes of the package."""
    changes = {comparable(cell(row, "event_id", CHANGES)) for row in content.tables[CHANGES]}
    for at, (where, text) in enumerate(content.issuing or ()):
        place = content.place(ISSUING, at)
        try:
            parse_exact(text)
        except ValueError as error:
            report.refuse(place, f"its record is not JSON: {shown(error)}")
        used = where.get("issued_for")
        if not isinstance(used, list) or not used:
            report.refuse(place, "issued_for names no change")
        elif not {comparable(str(one)) for one in used} <= changes:
            report.refuse(place, f"issued_for names a change that is not in {CHANGES}")
    if content.issuing:
        report.rest("signer", f"{ISSUING}, whose log files are not compared")


def check_log_files(content: Content, report: Report) -> None:
    """Compare log files with the records that are said to be from them."""
    rows: dict[tuple[str, str, str, str], dict[str, str]] = {}
    for at, row in enumerate(content.tables[LOG_FILES]):
        place = content.place(LOG_FILES, at)
        names = ("log_file", "bucket", "key", "etag")
        identity = tuple(comparable(cell(row, one, place)) for one in names)
        if identity in rows:
            report.refuse(place, "the log file stands there twice")
        rows[identity] = row  # type: ignore[index]  # four names
        parts = sum(number(row, one) for one in SUMS[1:5])
        if row["status"] == "done" and number(row, "records") != parts:
            report.refuse(place, "records are not kept + filtered_out + duplicates + rejects")
    counts: Counter[tuple[str, ...]] = Counter()
    for at, (where, _) in enumerate(content.lines):
        place = content.place(RECORDS, at)
        identity = tuple(
            comparable(str(where.get(one) or "")) for one in ("log_file", "bucket", "key", "etag")
        )
        counts[identity] += 1
        row_of = rows.get(identity)  # type: ignore[arg-type]  # four names
        if row_of is None:
            report.refuse(place, f"its log file is not in {LOG_FILES}")
        elif any((where.get(one) or "") != row_of[one] for one in ("sha256", "attestation")):
            report.refuse(place, f"sha256 or attestation are not those of {LOG_FILES}")
        elif comparable(where.get("digest") or "") != comparable(row_of["digest"]):
            report.refuse(place, f"its digest is not that of {LOG_FILES}")
    for at, (name, row) in enumerate(rows.items()):
        if number(row, "records_of_the_day") != counts[name]:
            text = f"says {shown(row['records_of_the_day'])} records; {RECORDS} has {counts[name]}"
            report.refuse(content.place(LOG_FILES, at), text)
