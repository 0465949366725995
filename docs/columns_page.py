"""The page `docs/columns.md`: every column of a store and of each report, with where it comes from.

`python docs/write.py` writes it from the schemas; a test compares each path with sample records.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from report_sources import SOURCES as FROM
from reports_page import table

from trailscan.events.schema import EVENTS
from trailscan.reports.catalogue import REPORTS
from trailscan.store.attestations import ATTESTATIONS, DIGESTS, PUBLIC_KEYS
from trailscan.store.layout import LOG_FILES, REJECTS

if TYPE_CHECKING:
    import pyarrow as pa

    from trailscan.table import Column

HEAD = """\
# Columns

Every column of the Parquet files of a store, and of every report. `python docs/write.py` writes
this page from the schemas. Times are UTC, in microseconds. [reports.md](reports.md) explains each
report, and [store.md](store.md) the folders of the files.

## events

One row an event. The source is a path in the record as CloudTrail wrote it.

"""
PATHS = {
    "user_identity_type": "userIdentity.type",
    "user_identity_principal_id": "userIdentity.principalId",
    "user_identity_arn": "userIdentity.arn",
    "user_identity_account_id": "userIdentity.accountId",
    "user_identity_user_name": "userIdentity.userName",
    "user_identity_access_key_id": "userIdentity.accessKeyId",
    "user_identity_invoked_by": "userIdentity.invokedBy",
    "session_issuer_arn": "userIdentity.sessionContext.sessionIssuer.arn",
    "session_issuer_user_name": "userIdentity.sessionContext.sessionIssuer.userName",
    "source_identity": "userIdentity.sessionContext.sourceIdentity",
    "mfa_authenticated": "userIdentity.sessionContext.attributes.mfaAuthenticated",
    "event_id": "eventID",
    "shared_event_id": "sharedEventID",
    "request_id": "requestID",
    "source_ip_address": "sourceIPAddress",
}
"""The paths in a record that the name of a column does not give away."""

MADE = {
    "record": "the record itself, as CloudTrail wrote it",
    "record_sha256": "SHA-256 of the record's content, whatever its spacing and order",
    "conflict": "another event of the same account and ID has different content",
    "log_file_bucket": "the bucket that the log file was read from; `file` for a local one",
    "log_file_key": "the key of the log file, or its path",
    "log_file_etag": "the ETag of the log file",
    "log_file_sha256": "SHA-256 of the log file's uncompressed bytes, as digests attest it",
    "record_index": "position of the record in the log file's `Records`, from 0",
}
"""What does not come from the record's members."""

LISTED = "S3's listing, or the file system"
KEY = "the name of the log file"
READ = "counted while it was read"
SOURCES = {
    "log_files": {
        "bucket": LISTED, "key": LISTED, "etag": LISTED, "bytes": f"{LISTED}; as stored",
        "organization_id": KEY, "account_id": KEY, "region": KEY,
        "delivered": f"{KEY}: when CloudTrail delivered it",
        "status": "`done`, or `rejected` and to be tried again", "reason": "why it was rejected",
        "event_sources": "what the load looked for in it",
        "records": "counted: `kept` + `filtered_out` + `duplicates` + `rejects`",
        "kept": READ, "filtered_out": READ, "duplicates": READ, "rejects": READ,
        "conflicts": f"{READ}; they are among the kept",
        "inflated_bytes": f"{READ}; uncompressed",
        "stored_sha256": "of the bytes as stored, where `sha256` is not known",
        "sha256": "of the uncompressed bytes, where it was computed",
        "deviations": "how it differs from what CloudTrail delivers",
    },
    "rejects": {
        "bucket": LISTED, "key": LISTED, "etag": LISTED,
        "record_index": "position in `Records`; null: the whole log file",
        "reason": "why it cannot be used, as a word", "message": "the same as a sentence",
        "json_path": "the member that is wrong", "raw": "the record's first 64 KiB",
        "raw_bytes": "how long the record is",
    },
    "attestations": {
        "bucket": LISTED, "key": LISTED, "verdict": "as in [validate.md](validate.md)",
        "reason": "as in [validate.md](validate.md)",
        "attested_sha256": "the digest: SHA-256 of the uncompressed bytes",
        "found": "the SHA-256 that was computed, what is wrong, or the key of which it is a copy",
        "digest_key": "the digest that names the log file, in the same bucket; null: none does",
        "digest_proof": "how the digest is known to be AWS's; null: it is not",
        "ledger": "`loaded`, `not_loaded` or `changed`: what the store read", "delivered": KEY,
    },
    "digests": {
        "bucket": LISTED, "key": LISTED,
        "organization_id": "the key", "account_id": "the key", "region": "the key",
        "trail": "the key", "backfill": "the key",
        "start": "the digest: `digestStartTime`", "end": "the digest: `digestEndTime`",
        "verdict": "as in [validate.md](validate.md)", "reason": "as in [validate.md](validate.md)",
        "expected": "what was signed or quoted", "found": "what there is",
        "proof": "how it was proved", "proved_by": "the digest that quotes it",
        "sha256": "of the uncompressed bytes", "fingerprint": "of the key that signed it",
        "signature": "hex, from the metadata or from the digest that quotes it",
        "log_files": "how many it names", "body": "its uncompressed bytes, as they were signed",
    },
    "public_keys": {
        "fingerprint": "MD5 of `value`", "value": "PKCS #1 in DER",
        "valid_from": "AWS, or the file",
        "valid_to": "AWS, or the file", "origin": "who gave it: AWS, a file or the store",
    },
}  # fmt: skip
"""Where each column of the other tables comes from."""

TABLES: dict[str, tuple[str, pa.Schema]] = {
    "log_files": ("One row for each time a log file was read or rejected.", LOG_FILES),
    "rejects": ("One row a record or log file that could not be used.", REJECTS),
    "attestations": ("One row a verdict on a log file; the last one counts.", ATTESTATIONS),
    "digests": ("One row a verdict on a digest; the last one counts.", DIGESTS),
    "public_keys": ("One row a key that checked a signature.", PUBLIC_KEYS),
}


def path_of(column: str) -> str | None:
    """The path of a column of events in a record, or None where it does not come from one."""
    if column in MADE:
        return None
    first, *others = column.split("_")
    return PATHS.get(column, first + "".join(word.capitalize() for word in others))


def event_rows() -> list[list[str]]:
    """Every column of events with its type and source."""
    rows = []
    for field in EVENTS:
        path = path_of(field.name)
        source = f"`{path}`" if path else MADE[field.name]
        rows.append([f"`{field.name}`", f"`{field.type}`", source])
    return rows


def table_section(name: str) -> str:
    """The columns of one of the other tables."""
    about, schema = TABLES[name]
    rows = [[f"`{one.name}`", f"`{one.type}`", SOURCES[name][one.name]] for one in schema]
    return f"## {name}\n\n{about}\n\n" + table(["column", "type", "source"], rows) + "\n"


def report_columns(name: str) -> tuple[Column, ...]:
    """The columns of a report."""
    columns: tuple[Column, ...] = import_module(REPORTS[name].module).COLUMNS
    return columns


def report_source(name: str) -> str:
    """Where a column of a report comes from, which a test wants to be known."""
    if name not in EVENTS.names:
        return FROM.get(name, "")
    path = path_of(name)
    return f"`{path}`" if path else MADE[name]


def report_section(name: str) -> str:
    """The columns of a report: where a value stands in the record, or what it is made of."""
    rows = [
        [f"`{column.name}`", column.kind, column.title, report_source(column.name)]
        for column in report_columns(name)
    ]
    text = f"## report {name}\n\n{REPORTS[name].answers} {REPORTS[name].about}\n\n"
    return text + table(["column", "kind", "meaning", "source"], rows) + "\n"


def page() -> str:
    """The whole page."""
    events = table(["column", "type", "source"], event_rows())
    others = "".join(map(table_section, TABLES)) + "".join(map(report_section, REPORTS))
    return (HEAD + events + "\n" + others).rstrip() + "\n"
