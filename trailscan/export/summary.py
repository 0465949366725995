"""What a night looks like to an auditor who opens it without a tool: pages, workbook, README."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.export.changes import NUMBER
from trailscan.export.files import MANIFEST, gaps_table, log_files_table
from trailscan.numbers import counted
from trailscan.organizations.severity import SEVERITIES
from trailscan.render.document import Document, Section
from trailscan.table import Column, Table
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trailscan.export.evidence import Evidence

_SEVERITIES: tuple[str, ...] = SEVERITIES
_CONTROL_COLUMNS = (
    Column("id", "Control", "text", most_width=24),
    Column("changes", "Changes", "count"),
    Column("title", "What the control is about", "text", most_width=40),
    Column("evidence", "Changes that answer to it", "text", wide=True),
    Column("source", "Published in", "text", most_width=30),
)
_REVIEW = (
    Column("draw", "Draw", "count"),
    NUMBER,
    Column("event_time", "When (UTC)", "instant"),
    Column("principal", "Who", "text", most_width=30),
    Column("description", "What", "text", wide=True),
    Column("outcome", "Outcome", "text"),
    Column("event_id", "Event ID", "id"),
    Column("ticket_id", "Ticket", "text"),
    Column("reviewer", "Reviewer", "text"),
    Column("reviewed_on", "Reviewed on", "text"),
    Column("evidence_seen", "Evidence seen", "text"),
    Column("conclusion", "Conclusion", "text"),
)
"""The sheet of a reviewer; the last four columns are empty."""

_SAMPLE = (*(column for column in _REVIEW if column.name in ("draw", "number", "event_time")),)
SAMPLE_COLUMNS = (
    *_SAMPLE,
    Column("event_id", "Event ID", "id"),
    Column("recipient_account_id", "Recorded in", "id"),
    Column("value", "SHA-256 that decides the draw", "id"),
)

_HOW_TO_REVIEW = (
    "The sheet Review has the changes to look at; fill in its last four columns. This workbook is "
    "under the manifest: save your copy under another name."
)
README = """\
trailscan export: the changes to an AWS Organization on {day} (UTC)

{verdict}
{reasons}
Open first

  summary.html       the night on one page, in any browser, offline (summary.md: the same as text)
  changes.xlsx       the changes, findings, controls and a sheet for the reviewer

The evidence

  statement.json     what was asked, counted and not seen; the parameters and versions
  changes.csv        one row a change. A cell that a spreadsheet would take for a formula has a
                     leading ' ({neutralised} cells here); changes.parquet is exact
  findings.csv       what deserves a look, and why
{sample}  records.jsonl      the CloudTrail records, one a line, each with where it was read
  issuing_records.jsonl
                     the records that issued the credentials of the changes, of whatever day
  log_files.csv      the log files: bucket, key, ETag, SHA-256, counts, attestation
  digests/           the digests that CloudTrail signed, their signatures, the public keys
                     ({digests} here; each *.json.gz holds the bytes that were signed)
{log_files}  rejects.csv        what could not be used, with where and why, and who accepted it
  gaps.csv           times without log files or digests
  conflicts.csv      records that share their ID with another of different content
  {manifest}
                     the SHA-256 of every file above, of README.txt and of verify.py
  run.json           who made this, when, on which machine
  checkpoint, proof/, signature
                     the seal: this package in the log of all packages; signature with a key only

{personal}

Check it

  sha256sum -c {manifest}       no file was changed
  python3 -I -S verify.py                   everything, down to AWS's signatures
  trailscan export verify .                 the same, with a verify.py that is not from here

What is only in this folder can be forged as a whole. The file checkpoint is the head of the log of
all packages. Keep a copy of it where nobody who can write here can, and give it to a verifier with
--checkpoint, the signer's public key with --key, and AWS's own keys, from AWS, with --public-keys.
"""


class Reports(NamedTuple):
    """The reports of a night, with pseudonyms if these were asked for."""

    changes: Table
    findings: Table
    rejects: Table


def controls_table(statement: Mapping[str, Any], day: Any) -> Table:
    """A row a control."""
    names = [column.name for column in _CONTROL_COLUMNS]
    rows = tuple(tuple(one[name] for name in names) for one in statement["controls"])
    return Table("controls", _CONTROL_COLUMNS, rows, day, title="Evidence for controls")


def sample_table(drawn: list[tuple[str, Mapping[str, object]]], changes: Table) -> Table:
    """A row a drawn change."""
    rows = tuple(
        (
            place,
            *(row[name] for name in ("number", "event_time", "event_id", "recipient_account_id")),
            value,
        )
        for place, (value, row) in enumerate(drawn, 1)
    )
    return Table("sample", SAMPLE_COLUMNS, rows, changes.window, title="Sample")


def review_table(rows: list[Mapping[str, object]], changes: Table) -> Table:
    """The sheet of a reviewer: a row a change to look at, with empty cells to fill in."""
    columns = [one for one in _REVIEW if one.name != "ticket_id" or "ticket_id" in _names(changes)]
    values = tuple(
        tuple({**row, "draw": place}.get(one.name) for one in columns)
        for place, row in enumerate(rows, 1)
    )
    return Table("Review", tuple(columns), values, changes.window, title="Review")


def _names(table: Table) -> set[str]:
    return {column.name for column in table.columns}


def verdict(statement: Mapping[str, Any]) -> str:
    """Whether a package is complete, in a sentence."""
    if statement["complete"]:
        return "Complete: nothing that was asked for is known to be missing."
    return "Incomplete: changes may be missing."


def facts(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The numbers of a night with their names."""
    counts, log_files = statement["counts"], statement["log_files"]
    yield "Day (UTC)", statement["day"]
    yield "Organization", ", ".join(statement["organization_ids"]) or "not named by any log file"
    yield "Changes", _split(counts["changes"], counts["changes_by_severity"])
    yield "Outcomes", _parts(counts["changes_by_outcome"]) or "none"
    yield "Principals", f"{counts['principals']:,}"
    yield "Findings", _split(counts["findings"], counts["findings_by_severity"])
    read = f"{log_files['done']:,} of {log_files['listed']:,}"
    yield "Log files read", f"{read}, {counted(log_files['records'], 'record')}"
    attested = statement["attested_by_digests"]
    yield "By CloudTrail's digests", attested if isinstance(attested, str) else _parts(attested)
    yield "Accounts, regions", _scope_text(statement["scope"])
    rejects = statement["rejects"]
    yield "Rejects", f"{rejects['open']:,} open, {rejects['accepted']:,} accepted"
    if tickets := statement["tickets"]:
        named = ("matched", "approved_afterwards", "unmatched")
        yield "Tickets", _parts({name.replace("_", " "): tickets[name] for name in named})
    if drawn := statement["sample"]:
        yield "Sample", f"{drawn['drawn']:,} of {drawn['population']:,}, seed {drawn['seed']}"
    if supplement := statement["supplement"]:
        yield "Supplement to", supplement["to"]
    yield "Store", f"commit {statement['store']['commits']:,}, {statement['store']['head_sha256']}"
    yield "Made by", statement["versions"]["trailscan"]


def _scope_text(scope: Mapping[str, Any]) -> str:
    accounts, regions = scope["accounts_seen"], scope["regions_seen"]
    return f"{counted(len(accounts), 'account')}, {', '.join(regions) or 'no region'}"


def _split(total: int, parts: Mapping[str, int]) -> str:
    """A number with how many have which severity, the highest first."""
    worst_first = sorted(parts, key=_SEVERITIES.index, reverse=True)
    return f"{total:,} ({_parts({one: parts[one] for one in worst_first})})" if parts else "none"


def _parts(parts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in parts.items())


def make_document(statement: Mapping[str, Any], evidence: Evidence, reports: Reports) -> Document:
    """The summary of a night."""
    sections = [
        Section(
            "Changes", "In order of time. changes.csv has all columns.", _in_short(reports.changes)
        ),
        Section("Findings", "What deserves a look, and why.", reports.findings),
        Section(
            "Evidence for controls",
            "Which changes answer to which control. Evidence is not a judgement: whether a control "
            "is met is for the reviewer to say.",
            controls_table(statement, evidence.window),
        ),
    ]
    if tickets := statement["tickets"]:
        sections.append(Section("How tickets were matched", tickets["rule"]))
    if evidence.rejects:
        sections.append(Section("Rejects", "What could not be used.", reports.rejects))
    if evidence.gaps:
        about = "Times of which log files or digests are missing."
        sections.append(Section("Gaps", about, gaps_table(evidence)))
    sections += [
        Section("What complete means", statement["complete_means"]),
        Section("Personal data", statement["personal_data"]),
    ]
    if supplement := statement["supplement"]:
        text = f"{supplement['because']} It replaces nothing: {supplement['to']} stays as it is."
        sections.insert(0, Section("What this supplement adds", text))
    return Document(
        kind="compliance package",
        title=f"Changes to the AWS Organization on {statement['day']}",
        asked=f"Event time: {evidence.window.in_words}",
        verdict=verdict(statement),
        reasons=tuple(statement["incomplete_because"]),
        facts=tuple(facts(statement)),
        sections=tuple(sections),
    )


def _in_short(changes: Table) -> Table:
    """The changes without the columns for which a page has no room."""
    columns = tuple(
        replace(column, detail=column.detail or column.name == "client")
        for column in changes.columns
    )
    return replace(changes, columns=columns)


def workbook_tables(
    statement: Mapping[str, Any], evidence: Evidence, reports: Reports, review: Table
) -> list[Table]:
    """The sheets of the workbook behind the summary."""
    return [
        _named(reports.changes, "Changes"),
        review,
        _named(reports.findings, "Findings"),
        _named(controls_table(statement, evidence.window), "Controls"),
        _named(log_files_table(evidence), "Log files"),
        _named(reports.rejects, "Rejects"),
        _named(gaps_table(evidence), "Gaps"),
    ]


def _named(table: Table, name: str) -> Table:
    """A table under the name of its sheet."""
    return Table(name, table.columns, table.rows, table.window, title=table.title)


def workbook_lines(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The lines of the workbook's first sheet."""
    yield "Package", f"Changes to the AWS Organization on {statement['day']} (UTC)"
    yield "Completeness", verdict(statement)
    for reason in statement["incomplete_because"]:
        yield "Incomplete", reason
    yield from facts(statement)
    yield "Complete means", statement["complete_means"]
    yield "Personal data", statement["personal_data"]
    if tickets := statement["tickets"]:
        yield "Tickets", tickets["rule"]
    if drawn := statement["sample"]:
        yield "Sample", drawn["algorithm"]
    yield "Review", _HOW_TO_REVIEW


def readme(statement: Mapping[str, Any], neutralised: int) -> bytes:
    """The file that says what the others are.

    Args:
        statement: of the package.
        neutralised: how many cells of its CSV file begin with an apostrophe for safety.
    """
    reasons = "".join(f"  - {visible(why)}\n" for why in statement["incomplete_because"])
    drawn = "  sample.csv         the changes that were drawn for review\n"
    included = "  log-files/         the log files as they are stored\n"
    return README.format(
        day=statement["day"],
        verdict=verdict(statement),
        reasons=reasons,
        neutralised=neutralised,
        sample=drawn if statement["sample"] else "",
        log_files=included if statement["log_files"]["included"] else "",
        digests=counted(statement["digests"]["files"], "digest"),
        manifest=MANIFEST,
        personal="\n".join(textwrap.wrap(statement["personal_data"], 90)),
    ).encode()
