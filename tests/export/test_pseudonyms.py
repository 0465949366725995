"""Pseudonyms: nobody is named in any file, and the same person is always the same."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from nights import ACCOUNT, FIRST, NOW, Archive, event

from trailscan.buckets import LocalBucket
from trailscan.export.options import PackageOptions
from trailscan.export.package import build_package
from trailscan.export.pseudonyms import Pseudonyms
from trailscan.store.rejects import accept_reject, read_rejects, who_accepts

KEY = b"0123456789abcdef"
SECRETS = ("alice", "192.0.2.1", "zoe@example.com", "2001:db8::1", "AKIAIOSFODNN7EXAMPLE")


def everything(archive: Archive, name: str) -> str:
    """All text of a package, workbook and Parquet included."""
    parts = []
    for path in sorted((archive.packages / name).rglob("*")):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                parts += [book.read(one).decode() for one in book.namelist()]
        elif path.suffix == ".parquet":
            parts.append(str(pq.read_table(io.BytesIO(path.read_bytes())).to_pylist()))
        elif path.is_file() and path.suffix != ".gz" and path.name != "run.json":
            parts.append(path.read_text())
    return "\n".join(parts)


def test_no_file_of_a_package_names_a_person_or_an_address(archive: Archive):
    """Not the records, rows, pages or workbook; IDs of accounts and events stay."""
    identity = {
        "type": "AssumedRole",
        "accountId": ACCOUNT,
        "principalId": "AROAEXAMPLE:zoe@example.com",
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/zoe@example.com",
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    }
    archive.deliver(
        FIRST, 9, event(FIRST, 60, userIdentity=identity, sourceIPAddress="2001:db8::1")
    )
    archive.load()
    archive.export(FIRST, pseudonyms=Pseudonyms(KEY))
    text = everything(archive, f"export-{FIRST}")
    assert [secret for secret in SECRETS if secret.casefold() in text.casefold()] == []
    assert ACCOUNT in text
    hidden = Pseudonyms(KEY)
    assert hidden.of("person", "ALICE") in text
    assert hidden.of("ip", "192.0.2.1") in text
    said = archive.statement(f"export-{FIRST}")
    assert said["personal_data"].startswith("People and addresses are replaced by pseudonyms")
    assert said["pseudonyms_key_id"] == hidden.key_id
    lines = archive.file(f"export-{FIRST}/records.jsonl").splitlines()
    assert {json.loads(line)["record"]["eventSource"] for line in lines} == {
        "organizations.amazonaws.com"
    }


def test_the_same_person_has_the_same_pseudonym_every_night(archive: Archive):
    """With the same key, and another one with another key."""
    archive.load()
    archive.export(FIRST, FIRST + timedelta(days=1), pseudonyms=Pseudonyms(KEY))
    who = {
        row["principal"]
        for at in range(2)
        for row in archive.rows(f"export-{FIRST + timedelta(days=at)}/changes.csv")
    }
    assert who == {Pseudonyms(KEY).of("person", "alice")}
    assert Pseudonyms(KEY[::-1]).of("person", "alice") not in who


def test_a_night_is_the_same_whatever_nights_were_exported_with_it(archive: Archive):
    """What is known of other nights changes no byte."""
    zoe = {"type": "IAMUser", "accountId": ACCOUNT, "userName": "exam"}
    day = FIRST + timedelta(days=1)
    archive.deliver(day, 9, event(day, 60, userIdentity=zoe))
    archive.load()
    hidden = Pseudonyms(KEY)
    archive.export(day, pseudonyms=hidden)
    archive.export(FIRST, pseudonyms=hidden)
    options = PackageOptions(pseudonyms=Pseudonyms(KEY))
    alone = build_package(archive.reader(), FIRST, options)
    assert {path: archive.file(f"export-{FIRST}/{path}") for path in alone.files} == alone.files


def test_who_accepted_a_reject_is_not_named(archive: Archive):
    """Neither in the CSV file nor on the page or in the workbook."""
    archive.deliver(FIRST, 9, {"eventSource": "organizations.amazonaws.com"})
    archive.load()
    bucket = LocalBucket(Path(archive.store))
    (reject,) = read_rejects(archive.reader())
    accept_reject(bucket, archive.reader(), reject.id, "known", NOW)
    archive.export(FIRST, pseudonyms=Pseudonyms(KEY))
    (row,) = archive.rows(f"export-{FIRST}/rejects.csv")
    assert row["accepted_by"].startswith("person-")
    assert who_accepts() not in everything(archive, f"export-{FIRST}")


@pytest.mark.parametrize(
    "text",
    ["aws-cli/2.30.1.4000", "12:05:11", "2026-11-01T11:00:00Z", "p-examplepolicy", "v1.2.3"],
)
def test_versions_times_and_ids_are_no_addresses(text: str):
    """They stay as they are."""
    assert Pseudonyms(KEY).text(text) == text


def test_a_short_key_is_refused():
    """It could be guessed."""
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Pseudonyms(b"short")
