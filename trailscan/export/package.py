"""What a compliance package holds, as bytes by path: the same store gives the same bytes.

Nothing in it depends on a clock, on the machine, or on what the store holds of other days, but for
names and results that the log gives on other days.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trailscan.export.changes import History
from trailscan.export.digest_files import INDEX, PUBLIC_KEYS, index, keys_file
from trailscan.export.evidence import read_evidence, who_acted
from trailscan.export.files import (
    MANIFEST,
    conflicts_table,
    csv_bytes,
    gaps_table,
    json_bytes,
    log_files_table,
    manifest_bytes,
    record_bytes,
    record_lines,
    rejects_table,
)
from trailscan.export.included import FOLDER as LOG_FILES
from trailscan.export.included import read_log_files
from trailscan.export.issuing import ISSUING, issuing_lines
from trailscan.export.options import PackageOptions
from trailscan.export.pseudonyms import Pseudonyms
from trailscan.export.statement import column, incomplete_because, make_statement
from trailscan.export.summary import (
    Reports,
    make_document,
    readme,
    review_table,
    sample_table,
    workbook_lines,
    workbook_tables,
)
from trailscan.export.verify_program import verify_program
from trailscan.render.csv import neutralised_cells
from trailscan.render.document import render_document_html, render_document_markdown
from trailscan.render.formats import render_parquet
from trailscan.render.xlsx import render_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from trailscan.export.evidence import Evidence
    from trailscan.store.reader import StoreReader
    from trailscan.table import Table

STATEMENT = "statement.json"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_KEPT = frozenset(
    {
        *("number", "event_id", "recipient_account_id", "related_event_ids", "event_ids"),
        *("log_file", "log_file_name", "record_index", "digest", "controls", "records"),
        *("bucket", "key", "etag", "id", "finding_id", "rule", "severity", "outcome"),
    }
)
"""The columns in which nothing is replaced by pseudonyms: rows are joined by them."""


@dataclass(frozen=True)
class Package:
    """A package: its day, its files by path, and why it is not complete (empty: it is).

    Attributes:
        day: of its events.
        files: everything that its manifest covers, and the manifest.
        statement: what `statement.json` says.
        number: of a supplement, counted from 1; 0 of the night itself.
    """

    day: date
    files: dict[str, bytes]
    statement: dict[str, Any]
    number: int = 0

    @property
    def incomplete(self) -> tuple[str, ...]:
        """Why it is not complete."""
        return tuple(self.statement["incomplete_because"])

    @property
    def name(self) -> str:
        """The name of its folder."""
        return package_name(self.day, self.number)


def package_name(day: date, number: int = 0) -> str:
    """The name of the package of a night, or of one of its supplements."""
    return f"export-{day.isoformat()}" + (f".{number}" if number else "")


@dataclass(frozen=True)
class Draft:
    """Everything of a night, before it is known whether it is a supplement."""

    evidence: Evidence
    changes: Table
    findings: Table
    rejects: Table
    options: PackageOptions
    statement: dict[str, Any]
    files: dict[str, bytes] = field(default_factory=dict)

    def package(self, number: int = 0, supplement: Mapping[str, Any] | None = None) -> Package:
        """The package: of the night, or a numbered supplement to it.

        Args:
            number: of the supplement; 0 for the night itself.
            supplement: what it adds to which package, and why.
        """
        name = package_name(self.evidence.day, number)
        statement = {**self.statement, "name": name, "supplement": supplement}
        files = {**self.files, **self._readable(statement)}
        files[STATEMENT] = json_bytes(statement)
        files["verify.py"] = verify_program()
        files[MANIFEST] = manifest_bytes(files)
        return Package(self.evidence.day, files, statement, number)

    def _readable(self, statement: dict[str, Any]) -> dict[str, bytes]:
        """The files for people, which say what the statement says."""
        document = make_document(statement, self.evidence, self._reports)
        review = review_table(self._to_review(), self.changes)
        sheets = workbook_tables(statement, self.evidence, self._reports, review)
        book = render_workbook(document.title, workbook_lines(statement), sheets)
        altered = neutralised_cells(self.changes)
        return {
            "README.txt": readme(statement, altered),
            "summary.html": render_document_html(document).encode(),
            "summary.md": render_document_markdown(document).encode(),
            "changes.xlsx": uncompressed(book),
        }

    @property
    def _reports(self) -> Reports:
        """Its reports, with pseudonyms if these are asked for."""
        return Reports(self.changes, self.findings, self.rejects)

    def _to_review(self) -> list[Mapping[str, object]]:
        """The changes that a reviewer should look at: the sample, or all of them."""
        rows: list[Mapping[str, object]] = [*self.changes.records()]
        drawn = self.options.sample
        return [row for _, row in drawn.draw(rows)] if drawn else rows


def draft_package(
    store: StoreReader, day: date, options: PackageOptions, history: History | None = None
) -> Draft:
    """Read everything of one UTC day.

    Args:
        store: what to read.
        day: the day.
        options: what the package is asked for.
        history: the changes of several days, read before; None reads those of this day.

    Raises:
        StoreError: the store is damaged.
    """
    evidence = read_evidence(store, day)
    of_days = history or History(store, [day])
    changes = of_days.changes(evidence, options.tickets)
    findings = of_days.findings(day)
    rejects = rejects_table(evidence)
    lines, issuing = record_lines(evidence), issuing_lines(evidence, changes)
    if options.pseudonyms:
        names = [*_chain_names(changes), *_who_accepted(evidence)]
        acted = [*who_acted(evidence), *(record for _, record in issuing)]
        hidden = Pseudonyms.of_night(options.pseudonyms, acted, names)
        changes, findings = hidden.table(changes, _KEPT), hidden.table(findings, _KEPT)
        rejects = hidden.table(rejects, _KEPT)
        lines = ((where, hidden.record(record)) for where, record in lines)
        issuing = [(where, hidden.record(record)) for where, record in issuing]
    files = {
        "changes.csv": csv_bytes(changes),
        "changes.parquet": render_parquet(changes),
        "findings.csv": csv_bytes(findings),
        "records.jsonl": record_bytes(lines),
        ISSUING: record_bytes(issuing),
        "log_files.csv": csv_bytes(log_files_table(evidence)),
        "rejects.csv": csv_bytes(rejects),
        "gaps.csv": csv_bytes(gaps_table(evidence)),
        "conflicts.csv": csv_bytes(conflicts_table(evidence)),
        **{one.path: one.data for one in evidence.digests},
        INDEX: csv_bytes(index(evidence.digests, evidence.window)),
        PUBLIC_KEYS: keys_file(evidence.keys),
    }
    incomplete = list(incomplete_because(evidence, options))
    if options.with_log_files:
        included, failures = read_log_files(evidence, options.aws)
        files |= included
        incomplete += failures
    if options.sample:
        drawn = options.sample.draw(changes.records())
        files["sample.csv"] = csv_bytes(sample_table(drawn, changes))
    statement = make_statement(evidence, changes, findings, options, tuple(incomplete))
    statement["counts"]["issuing_records"] = len(issuing)
    statement["log_files"]["included"] = sum(path.startswith(LOG_FILES) for path in files)
    return Draft(evidence, changes, findings, rejects, options, statement, files)


def _chain_names(changes: Table) -> Iterator[str]:
    """The names in the chains of sessions of changes, whose records are of other services."""
    for chain in column(changes, "principal_chain"):
        for one in chain or ():
            yield from (str(one[name]).rpartition("/")[2] for name in ("name", "arn") if one[name])


def _who_accepted(evidence: Evidence) -> Iterator[str]:
    """Who accepted a reject: user and host, and the user alone."""
    for one in evidence.rejects:
        if one.acceptance is not None:
            yield from (one.acceptance.by, one.acceptance.by.partition("@")[0])


def build_package(store: StoreReader, day: date, options: PackageOptions | None = None) -> Package:
    """The package of one UTC day.

    Raises:
        StoreError: the store is damaged.
    """
    return draft_package(store, day, options or PackageOptions()).package()


def uncompressed(archive: bytes) -> bytes:
    """A ZIP file with the same members, uncompressed: the same whatever compresses here."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as read,
        zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as written,
    ):
        for member in read.infolist():
            info = zipfile.ZipInfo(member.filename, _ZIP_TIME)
            info.create_system = 3  # as on Unix, wherever it runs
            written.writestr(info, read.read(member))
    return out.getvalue()
