"""Validation from end to end: samples, copies, S3, the store, load --validate."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import trailscan as ts
from trailscan.aws.session import AwsOptions
from trailscan.buckets import LocalBucket, open_bucket
from trailscan.errors import NotFoundError, TrailscanError
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.validation.run import ValidateOptions, run_validate
from trailscan.render.summary_text import summary_text
from trailscan.store.attestations import Attested
from trailscan.store.reader import StoreReader
from trailscan.validate.keys import parse_public_keys
from trailscan.window import Window

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs"
KEYS = parse_public_keys((SAMPLES / "public-keys.json").read_bytes(), "the sample key")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
MANAGEMENT = "AWSLogs/o-exampleorg1/111122223333"


def validate(source, store=None, **options):
    """Validate offline with the sample key."""
    given = {"public_keys": KEYS, "ask_aws": False, **options}
    return run_validate(str(source), store and str(store), ValidateOptions(**given), NOW)


@pytest.fixture
def archive(tmp_path):
    """A copy of the sample logs of one account, to be tampered with."""
    shutil.copytree(SAMPLES / MANAGEMENT, tmp_path / "archive" / MANAGEMENT)
    return tmp_path / "archive"


def one(archive, pattern):
    """The only file of that name."""
    (found,) = archive.rglob(pattern)
    return found


def reader(store):
    """The store as it is now."""
    return StoreReader(open_bucket(str(store), AwsOptions()), str(store))


def test_the_sample_logs_are_valid_offline():
    """Every digest and every log file of the bundled archive is valid, with the key beside them."""
    found = validate(SAMPLES)
    assert found.outcome == "valid"
    assert dict(found.digests) == {("valid", "quoted_signature"): 655, ("valid", "signature"): 15}
    assert dict(found.log_files) == {("valid", "hash"): 848}
    assert (found.findings, found.failures, found.units) == ([], [], 14)


def test_an_archive_does_not_vouch_for_itself(archive):
    """Keys that lie in an archive are not used unless they are given."""
    shutil.copy(SAMPLES / "public-keys.json", archive)
    found = validate(archive, public_keys=())
    assert found.outcome == "incomplete"
    assert {verdict for verdict, _ in found.digests} == {"unknown_key"}
    assert validate(archive).outcome == "valid"


def changed(path):
    """A log file with the same events, told of another version: bytes that nobody signed."""
    body = gzip.decompress(path.read_bytes()).replace(
        b'"eventVersion":"1.11"', b'"eventVersion":"1.10"'
    )
    path.write_bytes(gzip.compress(body))


def created(archive):
    """The log file in which an account was created."""
    return min(archive.rglob("*_CloudTrail_us-east-1_20260915T1220Z*.json.gz"))


def loaded_changed(archive, load):
    """A log file that was changed before it was loaded, and restored since."""
    path = created(archive)
    original = path.read_bytes()
    changed(path)
    load(archive)
    path.write_bytes(original)
    return path


def test_a_changed_log_file_of_an_archive_is_found(archive):
    """One log file with other content: one finding, and the rest valid."""
    path = created(archive)
    changed(path)
    found = validate(archive)
    assert found.outcome == "tampered"
    assert [(f.verdict, f.reason, f"/{f.key}") for f in found.findings] == [
        ("modified", "hash", str(path))
    ]


def test_metadata_beside_a_log_file_are_neither_needed_nor_a_log_file(archive, load):
    """Whoever saves the metadata of everything may; nothing is made of those of log files."""
    path = created(archive)
    path.with_name(f"{path.name}.metadata.json").write_bytes(b"{}")
    assert validate(archive).outcome == "valid"
    assert load(archive).complete


def test_log_files_without_digests_are_incomplete(archive):
    """No digests at all proves nothing, and says so."""
    shutil.rmtree(archive / MANAGEMENT / "CloudTrail-Digest")
    found = validate(archive)
    assert found.outcome == "incomplete"
    assert set(found.log_files) == {("unattested", "no_digests")}
    assert summary_text(found).endswith("incomplete: there are no digests, so nothing is proved")


def test_an_empty_folder_is_incomplete_and_says_what_was_looked_for(tmp_path):
    """Nothing proves nothing, and a mistyped prefix is named."""
    found = validate(tmp_path)
    assert (found.outcome, found.units) == ("incomplete", 0)
    assert "no folder of an account" in found.notes[0]


def test_one_file_and_no_folder_are_errors(tmp_path):
    """A validation needs a folder or a bucket."""
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(TrailscanError, match="is a single file"):
        validate(tmp_path / "x")
    with pytest.raises(NotFoundError, match="does not exist"):
        validate(tmp_path / "nothing")


# The store


def test_every_event_knows_whether_its_log_file_was_attested(archive, load, tmp_path):
    """After `load --validate` each event of the store is attested, and by which digest."""
    checked = ValidateOptions(public_keys=KEYS, ask_aws=False)
    summary = load(archive, validate=checked)
    (validation,) = summary.validations
    assert validation.outcome == "valid"
    assert validation.known == validation.log_files.total() == summary.done
    assert dict(validation.states) == {"attested_and_loaded": summary.done}
    events = ts.open(str(tmp_path / "store")).events()
    store = reader(tmp_path / "store")
    found = {
        store.attested(*row)
        for row in zip(
            events["log_file_bucket"],
            events["log_file_key"],
            events["log_file_sha256"],
            strict=True,
        )
    }
    assert {one.state for one in found} == {"attested"}
    assert {one.verdict for one in found} == {"valid/hash"}
    assert all("CloudTrail-Digest" in one.digest_key for one in found)


def test_an_event_of_other_bytes_than_those_attested_differs(archive, load, tmp_path):
    """A log file that was changed before it was loaded, and restored since, is found in the store."""
    path = loaded_changed(archive, load)
    found = validate(archive, tmp_path / "store")
    assert found.outcome == "tampered"
    assert found.states["hash_changed"] == 1
    key = str(path).removeprefix("/")
    rows = ts.open(str(tmp_path / "store")).events()
    sha256 = rows[rows["log_file_key"] == key]["log_file_sha256"].iloc[0]
    state = reader(tmp_path / "store").attested("file", key, sha256)
    assert (state.state, state.verdict) == ("differs", "valid/hash")


def test_what_the_store_says_of_a_log_file(archive, load, tmp_path):
    """Never validated, in no digest, hash not computed, attested; and what is deleted since stays."""
    store = tmp_path / "store"
    logs = sorted(archive.rglob("*_CloudTrail_us-east-1_20260915T*.json.gz"))
    digest = one(archive, "*_CloudTrail-Digest_*_20260916T001327Z.json.gz")
    planted = logs[0].with_name(logs[0].name[:-24] + "Z" * 16 + ".json.gz")
    shutil.copy(logs[0], planted)
    load(archive)
    key, sha256 = str(logs[1]).removeprefix("/"), "0" * 64
    assert reader(store).attested("file", key, sha256) == Attested("unknown")
    logs[1].unlink()
    found = validate(archive, store)
    assert found.states["loaded_and_deleted"] == found.states["attested_and_missing"] == 1
    assert found.states["present_and_unattested"] == 1
    by = str(digest).removeprefix("/")
    body = json.loads(gzip.decompress(digest.read_bytes()))
    named = {log["s3Object"].rpartition("/")[2]: log["hashValue"] for log in body["logFiles"]}
    state = reader(store).attested
    assert state("file", key, sha256) == Attested("differs", by, "missing/deleted")
    assert state("file", key, named[logs[1].name]) == Attested("attested", by, "missing/deleted")
    assert state("file", key, None) == Attested("unknown", by, "missing/deleted")
    kept = str(logs[0]).removeprefix("/")
    assert state("file", kept, None) == Attested("attested", by, "valid/hash")
    lost = str(planted).removeprefix("/")
    assert state("file", lost, sha256) == Attested("unattested", None, "unattested/in_no_digest")


def test_validating_again_changes_nothing_and_needs_no_keys(archive, load, tmp_path):
    """The store keeps keys and verdicts: a second run offline adds no file."""
    store = tmp_path / "store"
    load(archive)
    validate(archive, store)
    before = sorted(path for path in store.rglob("*") if path.is_file())
    found = validate(archive, store, public_keys=())
    assert found.outcome == "valid"
    kept = "kept in the store by an earlier validation, not confirmed"
    assert [key.origin for key in found.keys] == [kept]
    assert sorted(path for path in store.rglob("*") if path.is_file()) == before


def test_a_notebook_validates_and_shows_what_was_found(archive, load, tmp_path):
    """An open store validates; `show` of an event and the coverage report say what is attested."""
    load(archive)
    store = ts.open(str(tmp_path / "store"))
    event_id = store.events()["event_id"].iloc[0]
    assert store.show(event_id).records[0].attested == "not checked"
    found = store.validate(str(archive), public_keys=KEYS, ask_aws=False)
    assert found.outcome == "valid"
    store = ts.open(str(tmp_path / "store"))
    (record,) = store.show(event_id).records
    assert record.attested.startswith("attested; digest 111122223333_CloudTrail-Digest_us-east-1_")
    notes = store.report("coverage").notes
    assert f"log files checked against digests: attested {found.log_files.total()}" in notes
    assert store.report("coverage").incomplete == ()


def test_a_verdict_that_changed_is_a_further_row(archive, load, tmp_path):
    """A log file deleted after a validation: the last row counts, the first one stays."""
    store = tmp_path / "store"
    load(archive)
    validate(archive, store)
    path = created(archive)
    path.unlink()
    validate(archive, store)
    rows = [
        row
        for row in reader(store).validation("attestations").to_pylist()
        if row["key"] == str(path).removeprefix("/")
    ]
    assert [(row["verdict"], row["reason"], row["ledger"]) for row in rows] == [
        ("valid", "hash", "loaded"),
        ("missing", "deleted", "loaded"),
    ]


def test_the_store_keeps_what_a_later_proof_needs(archive, load, tmp_path):
    """Signed bytes, signature and key of each digest are in the store: they verify without us."""
    import hashlib

    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    store = tmp_path / "store"
    load(archive)
    validate(archive, store)
    (key,) = pq.read_table(store / "public_keys").to_pylist()
    digests = pq.read_table(store / "digests").to_pylist()
    public = load_der_public_key(key["value"])
    assert len(digests) > 60
    for row in digests:
        body = json.loads(row["body"])
        signed = "\n".join(
            (
                body["digestEndTime"],
                f"{body['digestS3Bucket']}/{body['digestS3Object']}",
                hashlib.sha256(row["body"]).hexdigest(),
                body["previousDigestSignature"] or "null",
            )
        )
        public.verify(bytes.fromhex(row["signature"]), signed.encode(), PKCS1v15(), SHA256())
        assert row["log_files"] == len(body["logFiles"])


@pytest.mark.slow
@pytest.mark.parametrize("at", range(1, 8))
def test_a_validation_killed_at_any_write_is_recovered(archive, load, tmp_path, monkeypatch, at):
    """Whatever write it dies at, the next one ends in the same rows, each once."""

    class KilledError(BaseException):
        """Stands for kill -9."""

    store, count = tmp_path / "store", 0
    load(archive)

    def dying(original):
        def call(self, *args):
            nonlocal count
            count += 1
            if count == at:
                raise KilledError
            return original(self, *args)

        return call

    with monkeypatch.context() as patch:
        for name in ("write", "write_new", "delete"):
            patch.setattr(LocalBucket, name, dying(getattr(LocalBucket, name)))
        with pytest.raises(KilledError):
            validate(
                archive, store, window=Window(NOW - timedelta(days=65), NOW - timedelta(days=62))
            )
    validate(archive, store, window=Window(NOW - timedelta(days=65), NOW - timedelta(days=62)))
    rows = pq.read_table(store / "attestations").to_pylist()
    keys = [row["key"] for row in rows]
    assert len(keys) == len(set(keys)) == len(reader(store).validation("attestations")) > 5


def test_a_store_that_cannot_be_written_costs_no_verdict(archive, load, tmp_path, monkeypatch):
    """Without leave to write, the answer is given and says that it was not kept."""

    def refuse(*_):
        raise TrailscanError("the disk is full")

    load(archive)
    monkeypatch.setattr(LocalBucket, "write_new", refuse)
    found = validate(archive, tmp_path / "store")
    assert found.outcome == "incomplete"
    assert found.failures == ["verdicts could not be written to the store: the disk is full"]
    assert {verdict for verdict, _ in found.log_files} == {"valid"}


# S3


ACCOUNT = "AWSLogs/o-exampleorg1/121212121212"


def put_samples(s3, bucket="trail"):
    """The trail of one account into a bucket, with the metadata that were saved."""
    for path in sorted((SAMPLES / ACCOUNT).rglob("*.json.gz")):
        sidecar = path.with_name(f"{path.name}.metadata.json")
        metadata = json.loads(sidecar.read_bytes())["Metadata"] if sidecar.exists() else {}
        key = path.relative_to(SAMPLES).as_posix()
        s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), Metadata=metadata)


def test_a_copy_in_another_bucket_is_validated_as_what_it_is_a_copy_of(s3):
    """Under another bucket's name digests were moved, unless that is said."""
    put_samples(s3)
    moved = validate("s3://trail")
    assert {verdict for verdict, _ in moved.digests} == {"moved"}
    assert moved.outcome == "tampered"
    found = validate("s3://trail", copy_of="s3://example-organization-trail")
    assert {verdict for verdict, _ in (*found.digests, *found.log_files)} == {"valid"}
    assert found.outcome == "valid"


def test_a_folder_of_a_bucket_is_validated_alone(s3):
    """A prefix narrows what is looked at; what digests name is found below it."""
    put_samples(s3)
    original = f"s3://example-organization-trail/{ACCOUNT}"
    found = validate(f"s3://trail/{ACCOUNT}", copy_of=original)
    assert (found.outcome, found.units) == ("valid", 1)


def test_what_was_loaded_from_s3_is_held_against_the_bucket(s3, load, tmp_path):
    """A log file deleted from the bucket after it was loaded: loaded and since deleted."""
    put_samples(s3)
    load("s3://trail", window=Window(NOW - timedelta(days=90)))
    key = s3.list_objects_v2(Bucket="trail", Prefix=f"{ACCOUNT}/CloudTrail/")["Contents"][3]["Key"]
    s3.delete_object(Bucket="trail", Key=key)
    found = validate("s3://trail", tmp_path / "store", copy_of="s3://example-organization-trail")
    assert [(f.verdict, f.reason, f.key, f.ledger) for f in found.findings] == [
        ("missing", "deleted", key, "loaded")
    ]


@pytest.mark.parametrize("name", ["changes", "denied", "policies"])
def test_every_row_of_a_report_tells_what_aws_signed_of_its_log_file(name, archive, load, tmp_path):
    """Before a validation nothing is claimed; after it each row names the digest."""
    load(archive)
    table = ts.open(str(tmp_path / "store")).report(name)
    assert {(row["attestation"], row["digest"]) for row in table.records()} == {("unknown", None)}
    assert not any("digests" in note for note in table.notes)
    validate(archive, tmp_path / "store")
    after = ts.open(str(tmp_path / "store"))
    rows = after.report(name).records()
    events = {
        (f"/{row.log_file_key}", row.event_id, row.record_index): row.log_file_sha256
        for row in after.events().itertuples()
    }
    for row in rows:
        sha256 = events[row["log_file"], row["event_id"], row["record_index"]]
        found = after.reader.attested("file", row["log_file"][1:], sha256)
        assert (row["attestation"], row["digest"]) == ("attested", f"/{found.digest_key}")
    count = f"{len(rows):,}"
    assert f"log files of these rows, by CloudTrail's digests: {count} attested" in (
        after.report(name).notes
    )


def test_a_row_of_other_bytes_than_those_attested_says_so(archive, load, tmp_path):
    """Of a log file that was read changed and then as it was, no row is said to be attested."""
    path = loaded_changed(archive, load)
    load(archive)
    validate(archive, tmp_path / "store")
    table = ts.open(str(tmp_path / "store")).report("changes")
    states = Counter(row["attestation"] for row in table.records())
    here = [row["attestation"] for row in table.records() if row["log_file"] == str(path)]
    assert set(here) == {"differs"}
    assert states["differs"] + states["attested"] == len(table.rows)
    assert any("NOT as attested" in note for note in table.notes)
    sql = "select attestation, count(*) from changes group by all order by 1"
    assert ts.open(str(tmp_path / "store")).sql(sql).rows == tuple(sorted(states.items()))


def test_a_validated_store_beside_its_log_files_is_left_alone(archive):
    """None of its folders, those of a validation included, is looked into for log files."""
    checked = ValidateOptions(public_keys=KEYS, ask_aws=False)
    store = str(archive / "store")
    first = run_load([str(archive)], store, LoadOptions(validate=checked), NOW)
    folders = {path.name for path in (archive / "store").iterdir() if path.is_dir()}
    assert {"events", "log_files", "attestations", "digests", "public_keys"} <= folders
    again = run_load([str(archive)], store, LoadOptions(), NOW)
    assert (again.known, again.done, again.complete) == (first.done, 0, True)
    assert again.others == {**first.others, "store": 1}
