"""What a package holds: each file, and that the files count the same."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta

import openpyxl
import pytest
from nights import ACCOUNT, FIRST, Archive, event
from signed import keys

from trailscan.export.digest_files import stored_gzip
from trailscan.export.files import zip_bytes
from trailscan.export.package import build_package
from trailscan.export.sample import Sample
from trailscan.export.tickets import parse_tickets
from trailscan.validate.keys import is_signed

NAME = f"export-{FIRST}"
LATER = datetime(2027, 1, 1, tzinfo=UTC)


def test_every_number_of_the_statement_can_be_counted_from_the_files(archive: Archive):
    """As docs/export.md lists them, on a night with rejects, a gap and a log file not loaded."""
    archive.deliver(FIRST, 9, event(FIRST, 50), {"eventSource": "organizations.amazonaws.com"})
    archive.sign(FIRST + timedelta(days=3))
    unread = archive.deliver(FIRST, 10, event(FIRST, 51))
    archive.sign(FIRST + timedelta(days=3))
    (archive.logs / unread).unlink()
    archive.load(checked=True)
    archive.export(FIRST, sample=Sample(1, "x"))
    said = archive.statement(NAME)
    changes, log_files = archive.rows(f"{NAME}/changes.csv"), archive.rows(f"{NAME}/log_files.csv")
    lines = [json.loads(line) for line in archive.file(f"{NAME}/records.jsonl").splitlines()]
    findings = archive.rows(f"{NAME}/findings.csv")
    assert said["counts"] == {
        "changes": len(changes),
        "changes_by_severity": dict(Counter(row["severity"] for row in changes)),
        "changes_by_outcome": dict(Counter(row["outcome"] for row in changes)),
        "principals": len({row["principal"] for row in changes}),
        "findings": len(findings),
        "findings_by_severity": dict(Counter(row["severity"] for row in findings)),
        "records_of_the_day": len(lines),
        "conflicting_records_of_the_day": len(archive.rows(f"{NAME}/conflicts.csv")),
        "issuing_records": len(archive.file(f"{NAME}/issuing_records.jsonl").splitlines()),
    }
    status = Counter(row["status"] for row in log_files)
    sums = ("records", "kept", "filtered_out", "duplicates", "rejects", "conflicts")
    assert said["log_files"] == {
        "listed": status["done"] + status["rejected"],
        **{name: status[name] for name in ("done", "rejected", "not_loaded")},
        **{name: sum(int(row[name] or 0) for row in log_files) for name in sums},
        "included": 0,
    }
    assert (status["done"], status["not_loaded"], said["log_files"]["rejects"]) == (2, 1, 1)
    done = [row for row in log_files if row["status"] == "done"]
    assert said["attested_by_digests"] == dict(Counter(row["attestation"] for row in done))
    assert said["digests"] == {
        "files": len(archive.rows(f"{NAME}/digests/index.csv")),
        "public_keys": len(json.loads(archive.file(f"{NAME}/digests/public-keys.json"))),
    }
    rejects = archive.rows(f"{NAME}/rejects.csv")
    assert said["rejects"] == {"open": len(rejects), "accepted": 0}
    assert said["sample"]["drawn"] == len(archive.rows(f"{NAME}/sample.csv"))
    assert {one["id"]: one["changes"] for one in said["controls"]} == {
        one["id"]: sum(one["id"] in row["controls"].split("; ") for row in changes)
        for one in said["controls"]
    }
    assert said["scope"]["accounts_seen"] == [ACCOUNT]
    assert said["complete"] is False
    assert (
        "1 log file named by digests not in the store: see log_files.csv"
        in (said["incomplete_because"])
    )
    assert [int(row["records_of_the_day"]) for row in log_files] == [
        sum(line["log_file"] == row["log_file"] for line in lines) for row in log_files
    ]


def test_a_package_leads_down_to_the_signatures_of_aws(archive: Archive):
    """Record, log file, digest, signature and key are in the package and fit each other."""
    archive.sign(FIRST + timedelta(days=3))
    archive.load(checked=True)
    archive.export(FIRST)
    (line,) = (json.loads(one) for one in archive.file(f"{NAME}/records.jsonl").splitlines())
    body, _ = archive.log_files[line["log_file"]]
    assert line["sha256"] == hashlib.sha256(body).hexdigest()
    assert line["record"] == json.loads(body)["Records"][line["position"]]
    signed = gzip.decompress(archive.file(f"{NAME}/{line['digest']}"))
    named = {one["s3Object"]: one["hashValue"] for one in json.loads(signed)["logFiles"]}
    assert named[line["log_file"]] == line["sha256"]
    index = {row["path"]: row for row in archive.rows(f"{NAME}/digests/index.csv")}
    row = index[line["digest"]]
    assert row["sha256"] == hashlib.sha256(signed).hexdigest()
    previous = row["previous_signature"] or "null"
    text = f"{row['end_text']}\n{row['bucket']}/{row['key']}\n{row['sha256']}\n{previous}"
    (key,) = json.loads(archive.file(f"{NAME}/digests/public-keys.json"))
    assert (key["fingerprint"], base64.b64decode(key["der"])) == (
        row["fingerprint"],
        keys()[0].value,
    )
    assert is_signed(text.encode(), row["signature"], keys()[0])
    assert archive.statement(NAME)["gaps"] == {"no_log_files": 0, "no_digests": 0}


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 200_000])
def test_a_digest_is_gzip_that_every_program_reads(size: int):
    """Stored blocks, whatever their number."""
    data = bytes(at % 251 for at in range(size))
    assert gzip.decompress(stored_gzip(data)) == data


def test_require_attested_makes_a_night_incomplete_that_was_not_validated(archive: Archive):
    """And one in which a log file differs from what the digest says."""
    archive.load()
    (written,) = archive.export(FIRST, require_attested=True)
    said = written.package.incomplete
    assert "no log file was checked against digests: run `trailscan validate` with --store" in said
    assert written.package.statement["attested_by_digests"] == "not checked"


def test_a_validated_night_meets_require_attested(archive: Archive):
    """Every log file is attested and no time is without a digest."""
    archive.sign(FIRST + timedelta(days=3))
    archive.load(checked=True)
    (written,) = archive.export(FIRST, require_attested=True)
    assert written.package.incomplete == ()


def test_log_files_are_included_as_they_are_stored(archive: Archive):
    """One that was removed meanwhile makes the package incomplete and is named."""
    archive.load()
    archive.export(FIRST, with_log_files=True)
    (path,) = (path for path in archive.logs.rglob("*T1200Z*") if path.is_file())
    name = path.relative_to(archive.logs).as_posix()
    assert archive.file(f"{NAME}/log-files/{name}") == path.read_bytes()
    assert archive.statement(NAME)["log_files"]["included"] == 1
    path.unlink()
    (again,) = archive.export(FIRST, with_log_files=True)
    assert again.package.incomplete == (f"1 log file could not be included: {path} does not exist",)


def test_a_sample_is_drawn_again_from_the_csv_file(archive: Archive):
    """By the documented SHA-256, and a later change moves no other."""
    archive.deliver(FIRST, 20, *(event(FIRST, number) for number in range(20, 40)))
    archive.load()
    archive.export(FIRST, sample=Sample(5, "2026"))
    rows = archive.rows(f"{NAME}/changes.csv")

    def value(row: dict[str, str]) -> str:
        text = f"2026\n{row['recipient_account_id']}\n{row['event_id']}"
        return hashlib.sha256(text.encode()).hexdigest()

    expected = sorted(rows, key=value)[:5]
    drawn = archive.rows(f"{NAME}/sample.csv")
    assert [(row["number"], row["value"]) for row in drawn] == [
        (row["number"], value(row)) for row in expected
    ]
    assert [row["number"] for row in rows] == [str(at) for at in range(1, 22)]


TICKETS = """\
id,actor,from,to,target
T-1,Alice,2026-11-01T10:00Z,2026-11-01T12:00Z,222233334444
T-2,bob,2026-11-02,2026-11-02,
T-3,carol,2026-11-01,2026-11-30,ou-other
"""


def test_tickets_mark_each_change(archive: Archive):
    """Matched, approved afterwards, or unmatched, with the ticket and the rule."""
    for number, user in enumerate(("bob", "carol", "dora"), 20):
        identity = {"type": "IAMUser", "accountId": ACCOUNT, "userName": user}
        archive.deliver(FIRST, number, event(FIRST, number, userIdentity=identity))
    archive.load()
    archive.export(FIRST, tickets=parse_tickets(TICKETS.encode(), LATER))
    rows = archive.rows(f"{NAME}/changes.csv")
    assert [(row["ticket_state"], row["ticket_id"], row["ticket_rule"]) for row in rows] == [
        ("matched", "T-1", "actor and target; in its time"),
        ("approved_afterwards", "T-2", "actor; before its time"),
        ("unmatched", "", ""),
        ("unmatched", "", ""),
    ]
    said = archive.statement(NAME)["tickets"]
    assert [said[name] for name in ("matched", "approved_afterwards", "unmatched")] == [1, 1, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,actor\n", "no column 'from'"),
        ("id,actor,from,to,target\n,a,2026-11-01,2026-11-01,\n", "line 2: a ticket needs an id"),
        ("id,actor,from,to,target\nT,a,7d,2026-11-01,\n", "line 2: '7d' is not a date"),
        ("id,actor,from,to,target\nT,a,2026-11-02,2026-11-01,\n", "ends before it starts"),
        ("id,actor,from,to,target\nT,a,soon,2026-11-01,\n", "line 2: 'soon' is not"),
        ("a,b\n", "no column 'id'"),
    ],
)
def test_a_file_that_is_not_one_of_tickets_is_refused(text: str, said: str):
    """With the line and what is wrong."""
    with pytest.raises(ValueError, match=said):
        parse_tickets(text.encode(), LATER)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2026-11", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-12", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2028-02", datetime(2028, 3, 1, tzinfo=UTC)),
        ("2026-11-03", datetime(2026, 11, 4, tzinfo=UTC)),
        ("2026-11-03T12:00", datetime(2026, 11, 3, 12, tzinfo=UTC)),
    ],
)
def test_the_day_or_month_in_which_a_ticket_ends_is_included(text: str, end: datetime):
    """A month ends with its last day, not with its first instant."""
    written = f"id,actor,from,to,target\nT,a,2026-11,{text},\n"
    (ticket,) = parse_tickets(written.encode(), LATER).tickets
    assert (ticket.start, ticket.end) == (datetime(2026, 11, 1, tzinfo=UTC), end)


def test_the_same_store_gives_the_same_package(archive: Archive):
    """To the byte, and whatever was asked before."""
    archive.sign(FIRST + timedelta(days=3))
    archive.load(checked=True)
    one, two = (build_package(archive.reader(), FIRST).files for _ in range(2))
    assert one == two


def test_the_workbook_reads_well_unopened_beside_a_tool(archive: Archive):
    """A summary, the changes with a frozen header, and a sheet with empty cells for the reviewer."""
    archive.load()
    archive.export(FIRST)
    book = openpyxl.load_workbook(archive.packages / NAME / "changes.xlsx")
    assert book.sheetnames == [
        *("Summary", "Changes", "Review", "Findings", "Controls", "Log files", "Rejects", "Gaps"),
    ]
    assert (book["Summary"]["A2"].value, book["Summary"]["B2"].value) == (
        "Completeness",
        "Complete: nothing that was asked for is known to be missing.",
    )
    assert book["Changes"].freeze_panes == "A2"
    header, row = book["Review"].iter_rows(values_only=True)
    assert header[-4:] == ("Reviewer", "Reviewed on", "Evidence seen", "Conclusion")
    assert (row[0], row[-4:]) == (1, (None, None, None, None))


def test_a_file_of_a_package_does_not_depend_on_how_this_machine_compresses(archive: Archive):
    """Workbook and ZIP file are not compressed, and their times are fixed."""
    archive.load()
    files = build_package(archive.reader(), FIRST).files
    for data in (files["changes.xlsx"], zip_bytes(NAME, files)):
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            members = found.infolist()
        assert {(one.compress_type, one.date_time) for one in members} == {
            (zipfile.ZIP_STORED, (1980, 1, 1, 0, 0, 0))
        }
