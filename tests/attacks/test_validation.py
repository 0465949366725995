"""Validation covers all that was loaded, and remembers what it proved."""

from __future__ import annotations

import gzip
import shutil
from datetime import timedelta

import pytest
from services.trail import make_event, pack
from signed import (
    ACCOUNTS,
    FIRST,
    HOUR,
    HOURS,
    NOW,
    ORGANIZATION,
    body_of,
    digest_folder,
    load,
    log_file_key,
    log_folder,
    validate,
)

import trailscan as ts
from trailscan.render.summary_text import summary_text
from trailscan.window import Window

VALID = "valid: every digest is signed, every log file is as attested"


def both(archive, store, **options):
    """What `validate` and `load --validate` say of an archive and a store."""
    found = validate(archive, store, **options)
    (loaded,) = load(archive, store, checked=True, **options).validations
    return found, loaded


def forged(number=900):
    """A log file that CloudTrail never delivered."""
    return pack(
        [make_event(number, eventName="LeaveOrganization", eventTime="2026-11-25T04:00:00Z")]
    )


def found_at(summary, path):
    """The verdict on a path, or None."""
    key = str(path).removeprefix("/")
    verdicts = [one for one in summary.findings if one.key == key]
    return (verdicts[0].verdict, verdicts[0].reason, verdicts[0].severity) if verdicts else None


def test_an_untouched_archive_is_valid(archive, tmp_path):
    """With and without a store, by both commands; nothing is pending and nothing elsewhere."""
    load(archive, tmp_path / "S")
    for found in (validate(archive), *both(archive, tmp_path / "S")):
        assert (found.outcome, found.findings, found.failures) == ("valid", [], [])
        assert dict(found.log_files) == {("valid", "hash"): 10}
        assert summary_text(found).splitlines()[-1] == VALID


@pytest.mark.parametrize("place", ["evil.json.gz", "flat/x.json.gz", "c/y.json", "a/b/c.gz"])
def test_a_forged_log_file_outside_the_account_folders_is_named(archive, tmp_path, place):
    """What load reads is judged wherever it lies: in no digest, and never "as attested"."""
    path = archive / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.decompress(forged()) if place.endswith(".json") else forged())
    store = tmp_path / "S"
    load(archive, store)
    for found in (validate(archive), *both(archive, store)):
        assert found_at(found, path) == ("unattested", "outside", "incomplete")
        assert found.outcome == "incomplete"
        assert VALID not in summary_text(found)
    table = ts.open(str(store)).report("changes").records()
    states = {row["attestation"] for row in table if row["log_file"] == str(path)}
    assert states == {"unattested"}


def test_a_forged_log_file_outside_with_a_covered_name_is_tampering(archive, tmp_path):
    """Its name says when it was delivered, digests cover that time, and none has its content."""
    path = archive / "flat" / log_file_key(ACCOUNTS[1], 5).rpartition("/")[2]
    path.parent.mkdir()
    path.write_bytes(forged())
    load(archive, tmp_path / "S")
    for found in (validate(archive), *both(archive, tmp_path / "S")):
        assert found_at(found, path) == ("unattested", "in_no_digest", "tampered")
        assert found.outcome == "tampered"


def test_copies_of_attested_log_files_are_held_against_digests_by_content(archive, tmp_path):
    """Copies outside the folders, compressed or not, are valid; one changed is named."""
    flat = archive / "flat"
    flat.mkdir()
    for hour in (1, 3):
        shutil.copy(archive / log_file_key(ACCOUNTS[0], hour), flat)
    (flat / "plain.json").write_bytes(body_of(ACCOUNTS[1], 5))
    found = validate(archive)
    assert found.outcome == "valid"
    assert dict(found.log_files) == {("valid", "hash"): 10, ("valid", "copy"): 3}
    (flat / "plain.json").write_bytes(body_of(ACCOUNTS[1], 5, "charlie"))
    found = validate(archive)
    assert found_at(found, flat / "plain.json") == ("unattested", "outside", "incomplete")


def test_an_event_of_an_attested_log_file_is_shown_with_that_one(archive, tmp_path):
    """In whatever order a copy and the attested log file were read."""
    copies = [archive / name for name in ("AAA.json.gz", "zzz.json.gz")]
    for number, path in enumerate(copies):
        shutil.copy(archive / log_file_key(ACCOUNTS[number], 1), path)
    store = tmp_path / "S"
    load(archive, store, checked=True)
    rows = ts.open(str(store)).report("changes").records()
    assert {row["attestation"] for row in rows} == {"attested"}
    assert {row["log_file"] for row in rows} == {
        str(archive / log_file_key(account, hour))
        for account in ACCOUNTS
        for hour in (1, 3, 5, 7, 9)
    }


@pytest.mark.parametrize("when", ["20990101T0000Z", "20261125T1245Z"])
def test_a_delivery_later_than_now_is_unattested(archive, tmp_path, when):
    """A name of the future is not "not due yet", in a copy and in the bucket."""
    day = f"{when[:4]}/{when[4:6]}/{when[6:8]}"
    folder = archive / f"{ORGANIZATION}/{ACCOUNTS[1]}/CloudTrail/us-east-1/{day}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{ACCOUNTS[1]}_CloudTrail_us-east-1_{when}_{'7':0>16}.json.gz"
    path.write_bytes(forged())
    load(archive, tmp_path / "S")
    for found in (validate(archive), *both(archive, tmp_path / "S")):
        assert found_at(found, path) == ("unattested", "future", "tampered")


def test_some_minutes_of_clock_are_no_future(archive):
    """Names run ahead of clocks by minutes: such a log file is pending, as any young one."""
    when = NOW + timedelta(minutes=10)
    path = archive / log_folder(ACCOUNTS[1])
    name = f"{ACCOUNTS[1]}_CloudTrail_us-east-1_{when:%Y%m%dT%H%MZ}_{'7':0>16}.json.gz"
    (path / name).write_bytes(forged())
    found = validate(archive)
    assert dict(found.log_files) == {("valid", "hash"): 10, ("pending", "younger"): 1}


def test_a_copy_with_anything_pending_is_not_called_valid(archive):
    """Whether the digest was not due, or was not copied, nobody can know of a copy."""
    for path in (archive / digest_folder(ACCOUNTS[1])).glob("*T12*Z.json*"):
        path.unlink()
    late = archive / log_file_key(ACCOUNTS[1], HOURS - 1)
    late.write_bytes(forged())
    found = validate(archive)
    assert ("pending", "younger") in found.log_files
    assert found.outcome == "incomplete"
    assert "pending" in summary_text(found).splitlines()[-1]


def test_until_in_the_past_does_not_make_a_digest_not_due(archive):
    """The newest digest of the window is deleted: its log files are open, not pending and fine."""
    until = FIRST + 10 * HOUR
    for account in ACCOUNTS:
        for path in (archive / digest_folder(account)).iterdir():
            if (
                path.name[-21:-14] >= "T100404"
                or "T10" in path.name
                or "T11" in path.name
                or "T12" in path.name
            ):
                path.unlink()
    found = validate(archive, now=NOW + timedelta(days=30), window=Window(None, until))
    assert found.outcome != "valid"


@pytest.mark.parametrize("checked", [False, True])
def test_an_account_that_was_deleted_with_its_digests_is_missed(archive, tmp_path, checked):
    """The store knows five log files and twelve digests: missing, by both commands."""
    store = tmp_path / "S"
    load(archive, store)
    validate(archive, store)
    shutil.rmtree(archive / ORGANIZATION / ACCOUNTS[1])
    found = both(archive, store)[checked]
    assert found.outcome == "tampered"
    assert found.digests["missing", "proved_before"] == HOURS
    assert found.log_files["missing", "deleted"] == 5
    assert found.units == 2


def test_only_what_was_asked_for_is_missed(archive, tmp_path):
    """Outside of --account, --from-region, --since and --until nothing is missing."""
    store = tmp_path / "S"
    load(archive, store)
    validate(archive, store)
    shutil.rmtree(archive / ORGANIZATION / ACCOUNTS[1])
    for options in (
        {"accounts": frozenset({ACCOUNTS[0]})},
        {"regions": frozenset({"eu-west-1"})},
        {"window": Window(FIRST + timedelta(days=40))},
        {"window": Window(None, FIRST - timedelta(days=40))},
    ):
        found = validate(archive, store, **options)
        assert [one for one in found.findings if one.severity == "tampered"] == [], options
    elsewhere = tmp_path / "B"
    shutil.copytree(archive, elsewhere)
    assert validate(elsewhere, store).outcome == "valid"


def test_digests_that_were_proved_and_are_gone_are_missing(archive, tmp_path):
    """What was proved stays attested; their disappearance is tampering."""
    store = tmp_path / "S"
    load(archive, store)
    validate(archive, store)
    shutil.rmtree(archive / ORGANIZATION / ACCOUNTS[1] / "CloudTrail-Digest")
    for found in both(archive, store):
        assert found.outcome == "tampered"
        assert found.digests["missing", "proved_before"] == HOURS
        assert found.log_files["valid", "hash"] == 10
    rows = ts.open(str(store)).report("changes").records()
    assert {row["attestation"] for row in rows} == {"attested"}


def test_the_newest_digests_of_a_bucket_that_were_proved_are_missed(archive, tmp_path):
    """Only the store knows of them: no later digest names them."""
    store = tmp_path / "S"
    load(archive, store)
    validate(archive, store)
    last = FIRST + HOURS * HOUR
    gone = sorted((archive / digest_folder(ACCOUNTS[1])).glob(f"*{last:%Y%m%dT%H%M%S}Z*"))
    assert len(gone) == 2
    for path in gone:
        path.unlink()
    found = validate(archive, store)
    assert found_at(found, gone[0]) == ("missing", "proved_before", "tampered")
    assert found.outcome == "tampered"


def test_digests_that_expired_with_their_log_files_are_no_tampering(archive, tmp_path):
    """The oldest digests and log files are gone: the oldest one left says so, as before."""
    store = tmp_path / "S"
    load(archive, store)
    validate(archive, store)
    for account in ACCOUNTS:
        for hour in (1, 3):
            (archive / log_file_key(account, hour)).unlink()
        for path in (archive / digest_folder(account)).iterdir():
            if path.name.partition("20261125T")[2][:2] <= "04":
                path.unlink()
    found = validate(archive, store)
    assert (found.outcome, found.digests["missing", "before_first"]) == ("incomplete", 2)


@pytest.mark.parametrize("all_of_it", [False, True])
def test_an_archive_that_was_uncompressed_is_attested_by_its_content(archive, tmp_path, all_of_it):
    """`gunzip` takes `.gz` from the names; the content is what was attested, digests included."""
    for path in sorted(archive.rglob("*.json.gz")):
        if all_of_it or "CloudTrail/" in str(path):
            path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
            path.unlink()
    found = validate(archive)
    assert (found.outcome, found.findings) == ("valid", [])
    assert dict(found.log_files) == {("valid", "plain"): 10}
    changed = archive / log_file_key(ACCOUNTS[1], 3).removesuffix(".gz")
    changed.write_bytes(body_of(ACCOUNTS[1], 3, "charlie"))
    assert found_at(validate(archive), changed) == ("modified", "hash", "tampered")
    load(archive, tmp_path / "S")
    assert validate(archive, tmp_path / "S").outcome == "tampered"


def test_both_forms_of_a_log_file_are_judged(archive):
    """`gunzip --keep` leaves the compressed one beside the other: each is as attested, or not."""
    path = archive / log_file_key(ACCOUNTS[1], 3)
    path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
    assert validate(archive).outcome == "valid"
    path.with_suffix("").write_bytes(body_of(ACCOUNTS[1], 3, "charlie"))
    assert found_at(validate(archive), path.with_suffix("")) == ("modified", "hash", "tampered")


def test_apple_double_files_are_no_log_files(archive):
    """A Mac leaves `._<name>` beside each file: neither attested nor missed."""
    for path in sorted(archive.rglob("*.json.gz")):
        path.with_name(f"._{path.name}").write_bytes(b"\x00\x05\x16\x07")
    assert validate(archive).outcome == "valid"


def test_what_a_store_holds_and_nobody_lists_is_named(archive, tmp_path):
    """A log file outside the folders was loaded and is gone: open, not forgotten."""
    path = archive / "evil.json.gz"
    path.write_bytes(forged())
    store = tmp_path / "S"
    load(archive, store)
    path.unlink()
    found = validate(archive, store)
    assert found_at(found, path) == ("missing", "only_loaded", "incomplete")
    assert found.outcome == "incomplete"
