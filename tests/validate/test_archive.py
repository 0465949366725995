"""What a validation says of a sound trail, of gaps, windows, copies, the ledger; what it reads."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.buckets import StoredObject
from trailscan.errors import AccessError, DecodeError
from trailscan.ingest.validation.key_ring import KeyRing
from trailscan.ingest.validation.unit import LoadedLogFile
from trailscan.trail.digest import decode_digest
from trailscan.validate.layout import ArchiveLayout, guess_layout
from trailscan.validate.verdicts import Gap
from trailscan.window import Window

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CHAIN = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/ audit"


def counts(verdicts):
    """Verdicts counted."""
    return dict(Counter(f"{one.verdict}/{one.reason}" for one in verdicts))


def test_a_sound_trail_is_valid(lab):
    """Every digest is signed, every log file is as attested, and the first digest is a start."""
    found = lab.validate()
    assert counts(found.digests) == {"valid/signature": 8}
    assert counts(found.log_files) == {"valid/hash": 14}
    assert found.gaps == [Gap("start", CHAIN, None, lab.end - 8 * HOUR)]
    assert found.failures == []
    assert found.keys == {lab.signing.FINGERPRINT}


def test_every_object_is_read_once(lab):
    """A validation reads each digest and each log file once, and nothing else."""
    lab.validate()
    assert Counter(lab.bucket.asked) == dict.fromkeys(lab.bucket.objects, 1)


def test_a_log_file_compressed_anew_is_as_attested(lab):
    """The hash is that of the content, so other gzip bytes of it are as good."""
    key = lab.log(3, 0)
    lab.put(key, gzip.compress(lab.bodies[key], 1))
    assert counts(lab.validate().log_files) == {"valid/hash": 14}


def test_two_digests_may_attest_two_hashes(lab):
    """Where AWS itself signed two hashes of a log file, nothing can be said of it."""
    key = lab.log(3, 0)
    other = lab.signing.Attested(key, b"other", "", "")
    when = lab.end + 5 * MINUTE
    backfill = lab.trail.digest(
        "111122223333", "us-east-1", (when - HOUR, when), [other], generated=when
    )
    lab.put(backfill.key, backfill.stored, backfill.metadata)
    assert counts(lab.validate().log_files) == {"conflicting/digests": 1, "valid/hash": 13}


def test_digests_that_quote_it_prove_a_digest_without_a_key(lab):
    """A digest by an unknown key is not valid, but a proved one quotes its hash: that is proof."""
    fields = {**lab.signed[0].fields, "digestPublicKeyFingerprint": "f" * 32}
    first = lab.signing.sign_digest(fields)
    second = lab.signing.sign_digest(
        {
            **lab.signed[1].fields,
            "previousDigestHashValue": first.sha256,
            "previousDigestSignature": first.signature,
        }
    )
    for one in (first, second):
        lab.put(one.key, one.stored, one.metadata)
    for key in [lab.digest(hour) for hour in range(2, 8)]:
        lab.delete(key)
    found = lab.validate(now=None, window=Window(None, lab.end - 5 * HOUR - MINUTE))
    assert [(one.verdict, one.proof) for one in found.digests] == [
        ("valid", "signature"),
        ("unknown_key", "quoted_hash"),
    ]
    assert {one.verdict for one in found.log_files if one.digest_key == first.key} == {"valid"}


# Gaps


def restarted(lab, first, *, stop=timedelta()):
    """The trail was stopped before an hour and started again: a chain of its own from there on."""
    attested = {
        lab.end - (8 - hour) * HOUR: [
            lab.signing.Attested(key, lab.bodies[key], "", "")
            for key in (lab.log(hour, 0), lab.log(hour, 1))
            if key in lab.bodies
        ]
        for hour in range(first, 8)
    }
    spans = lab.signing.spans(lab.end - (8 - first) * HOUR, lab.end, HOUR)
    chain = lab.trail.chain("111122223333", "us-east-1", spans, attested)
    for hour in range(first - round(stop / HOUR), first):
        lab.delete(lab.digest(hour))
    for one in chain:
        lab.put(one.key, one.stored, one.metadata)
    return chain


def test_a_stop_of_logging_is_a_gap(lab):
    """A digest without a previous one, and older ones before it: nothing covers the time between."""
    restarted(lab, 4, stop=2 * HOUR)
    found = lab.validate()
    start = lab.end - 8 * HOUR
    assert counts(found.digests) == {"valid/signature": 6}
    assert found.gaps == [
        Gap("stopped", CHAIN, start + 2 * HOUR, start + 4 * HOUR),
        Gap("start", CHAIN, None, start),
    ]
    assert counts(found.log_files) == {"unattested/no_digest_then": 4, "valid/hash": 10}


def test_a_restart_without_a_pause_is_no_gap(lab):
    """A new chain that starts where the old one ended leaves no time uncovered."""
    restarted(lab, 4)
    found = lab.validate()
    assert [gap.kind for gap in found.gaps] == ["start"]
    assert counts(found.log_files) == {"valid/hash": 14}


def test_a_hole_too_long_to_count_is_unexplained(lab, signing):
    """When the digest that would say so is gone, a long time without any is a gap, not 100 digests."""
    spans = signing.spans(lab.end + 100 * HOUR, lab.end + 103 * HOUR, HOUR)
    chain = lab.trail.chain("111122223333", "us-east-1", spans, {})
    for one in chain[1:]:
        lab.put(one.key, one.stored, one.metadata)
    found = lab.validate(now=None)
    assert counts(found.digests) == {"missing/quoted": 1, "valid/signature": 10}
    assert found.gaps[0] == Gap("unexplained", CHAIN, lab.end, lab.end + 101 * HOUR)


def test_digests_that_ended_are_a_gap_in_a_bucket_but_not_in_a_copy(lab):
    """In the bucket itself no digest for three hours is a gap: stopped, or deleted."""
    late = lab.end + 4 * HOUR
    assert lab.validate(now=late).gaps[0] == Gap("end", CHAIN, lab.end, None)
    assert [
        gap.kind
        for gap in lab.validate(layout=ArchiveLayout("trail-bucket", copy=True), now=None).gaps
    ] == ["start"]


def test_a_deleted_first_digest_may_have_expired(lab):
    """Without a start in the window, what the oldest digest names is deleted or expired."""
    lab.delete(lab.digest(0))
    found = lab.validate()
    assert counts(found.digests) == {"missing/before_first": 1, "valid/signature": 7}
    assert found.digests[-1].severity == "incomplete"
    found = lab.validate(window=Window(lab.end - 10 * HOUR))
    assert counts(found.digests) == {"missing/quoted": 1, "valid/signature": 7}


# Young log files


def deliver(lab, when, letter="Z"):
    """A log file that no digest names."""
    key = (
        f"AWSLogs/111122223333/CloudTrail/us-east-1/{when:%Y/%m/%d}/"
        f"111122223333_CloudTrail_us-east-1_{when:%Y%m%dT%H%MZ}_{letter:0>16}.json.gz"
    )
    lab.put(key, gzip.compress(b"{}"), {})
    return key


def test_what_is_younger_than_the_newest_digest_is_pending(lab):
    """A log file of this hour waits for its digest; three hours later it should have had one."""
    key = deliver(lab, lab.end + 5 * MINUTE)
    found = {one.key: one for one in lab.validate().log_files}[key]
    assert (found.verdict, found.severity, found.digest_key) == ("pending", "fine", None)
    found = {one.key: one for one in lab.validate(now=lab.end + 5 * HOUR).log_files}[key]
    assert (found.verdict, found.reason, found.severity) == (
        "unattested",
        "after_last",
        "incomplete",
    )


def test_a_log_file_without_digests_proves_nothing(lab):
    """Where there are no digests at all, each log file is unattested."""
    for hour in range(8):
        lab.delete(lab.digest(hour))
    found = lab.validate()
    assert counts(found.log_files) == {"unattested/no_digests": 14}
    assert {one.severity for one in found.log_files} == {"incomplete"}
    assert found.digests == []


def test_the_edge_of_a_start_is_no_tampering(lab):
    """A log file delivered as digests began may be from just before."""
    key = deliver(lab, lab.end - 8 * HOUR + 2 * MINUTE)
    found = {one.key: one for one in lab.validate().log_files}[key]
    assert (found.verdict, found.reason) == ("unattested", "no_digest_then")


# Windows


def test_a_window_judges_its_own_digests_and_uses_those_beside_it(lab):
    """Digests from the start of a window until an hour after its end are judged, as by aws-cli."""
    window = Window(lab.end - 5 * HOUR, lab.end - 3 * HOUR - MINUTE)
    found = lab.validate(window=window)
    assert [one.key for one in found.digests] == [lab.digest(hour) for hour in (4, 3, 2)]
    assert counts(found.digests) == {"valid/signature": 3}
    assert counts(found.log_files) == {"valid/hash": 4}
    assert [gap for gap in found.gaps if gap.kind != "start"] == []


def test_in_a_copy_the_digest_after_the_window_proves_the_last_one_in_it(lab):
    """Without metadata, the quote of a digest outside of the window is still a quote."""
    for hour in range(8):
        lab.put(lab.digest(hour), lab.stored(lab.digest(hour)), {})
    window = Window(lab.end - 5 * HOUR, lab.end - 3 * HOUR - MINUTE)
    copy = ArchiveLayout("trail-bucket", copy=True)
    found = lab.validate(window=window, layout=copy, now=None)
    assert counts(found.digests) == {"valid/quoted_signature": 3}


def test_a_name_from_the_future_hides_nothing(lab):
    """An object with a late date in its name does not end the listing of a window."""
    evil = lab.digest(0).replace("20261122T010404Z", "29991231T235959Z")
    lab.put(evil, b"", {})
    log = lab.log(0, 0).replace("20261122T0024Z", "29991231T2359Z")
    lab.put(log, b"", {})
    window = Window(lab.end - 8 * HOUR, lab.end + HOUR)
    found = lab.validate(window=window)
    assert counts(found.digests) == {"valid/signature": 8}
    assert counts(found.log_files) == {"valid/hash": 14}


# Copies


def test_a_copy_without_metadata_is_proved_by_quotes_but_for_the_newest(lab):
    """Each digest but the newest is proved by the next; the newest stays open, and says so."""
    for hour in range(8):
        lab.put(lab.digest(hour), lab.stored(lab.digest(hour)), {})
    found = lab.validate(layout=ArchiveLayout("trail-bucket", copy=True), now=None)
    assert counts(found.digests) == {"unsigned/not_quoted": 1, "valid/quoted_signature": 7}
    assert counts(found.log_files) == {"unproven/unsigned": 2, "valid/hash": 12}
    assert {one.severity for one in found.digests} == {"fine", "incomplete"}
    lab.put(lab.digest(-1), lab.stored(lab.digest(-1)), lab.signed[-1].metadata)
    found = lab.validate(layout=ArchiveLayout("trail-bucket", copy=True), now=None)
    assert counts(found.digests) == {"valid/quoted_signature": 7, "valid/signature": 1}
    assert counts(found.log_files) == {"valid/hash": 14}


def test_in_a_copy_a_changed_digest_does_not_fit_what_is_quoted(lab):
    """Without metadata a change shows against the quoted signature, or against the quoted hash."""
    for hour in range(8):
        lab.put(lab.digest(hour), lab.stored(lab.digest(hour)), {})
    for hour in (3, 6):
        body = gzip.decompress(lab.stored(lab.digest(hour))).replace(
            b"22T00:00:00Z", b"22T00:00:01Z"
        )
        lab.put(lab.digest(hour), gzip.compress(body))
    found = lab.validate(layout=ArchiveLayout("trail-bucket", copy=True), now=None)
    assert [f"{one.verdict}/{one.reason}" for one in found.digests] == [
        "unsigned/not_quoted",
        "modified/signature",
        "unsigned/not_quoted",
        "valid/quoted_signature",
        "modified/hash",
        "unsigned/not_quoted",
        "valid/quoted_signature",
        "valid/quoted_signature",
    ]


def moved_to(lab, prefix, strip=""):
    """The trail copied below another prefix, without one of its own."""
    objects = lab.bucket.objects
    lab.bucket.objects = {f"{prefix}{key.removeprefix(strip)}": one for key, one in objects.items()}


@pytest.mark.parametrize(("prefix", "strip"), [("copies/2026/", ""), ("x/", "AWSLogs/"), ("", "")])
def test_a_copy_tells_by_its_digests_what_it_is_a_copy_of(lab, prefix, strip):
    """A copy under another prefix, or from inside a folder of the bucket, is found to be whole."""
    moved_to(lab, prefix, strip)
    found = lab.validate(layout=None, now=None)
    assert counts(found.digests) == {"valid/signature": 8}
    assert counts(found.log_files) == {"valid/hash": 14}
    assert found.layout == ArchiveLayout(None, prefix, strip, copy=True)


def test_a_copy_of_a_named_bucket_must_be_of_that_bucket(lab):
    """With the bucket said, digests that were signed for another one were moved."""
    found = lab.validate(layout=ArchiveLayout("another-bucket", copy=True), now=None)
    assert counts(found.digests) == {"moved/bucket": 8}


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        ("a/b/c/d/e/f/g", "a/b/c/d/e/f/g", ArchiveLayout(None, "", "", copy=True)),
        ("x/a/b/c/d/e/f/g", "y/z/a/b/c/d/e/f/g", ArchiveLayout(None, "x/", "y/z/", copy=True)),
        ("b/c/d/e/f/g", "b/c/d/e/f/g", None),
        ("AWSLogs/o-1/a/b/c/d/e/f/g", "AWSLogs/o-2/a/b/c/d/e/f/g", None),
        (
            "x/AWSLogs/a/b/c/d/e/f/g",
            "AWSLogs/a/b/c/d/e/f/g",
            ArchiveLayout(None, "x/", "", copy=True),
        ),
    ],
)
def test_what_two_keys_share_tells_the_layout(here, there, expected):
    """From the account's folder on keys must agree, and from AWSLogs/ on where both have it."""
    assert guess_layout([(here, there)]) == expected


def test_most_digests_tell_the_layout_not_the_loudest():
    """A few digests that lie elsewhere do not move the archive."""
    good = [(f"copy/AWSLogs/1/D/r/2026/11/{n}/d", f"AWSLogs/1/D/r/2026/11/{n}/d") for n in range(9)]
    evil = [(f"copy/AWSLogs/1/D/r/2026/12/{n}/d", f"1/D/r/2026/12/{n}/d") for n in range(3)]
    assert guess_layout(good + evil) == ArchiveLayout(None, "copy/", "", copy=True)


# What is read


def test_a_forged_digest_does_not_choose_what_is_read(lab, stranger):
    """A digest that proves nothing may name anything: nothing but what is listed is read."""
    evil = [
        {**one, "s3Object": key, "s3Bucket": bucket}
        for one in lab.signed[-1].fields["logFiles"][:1]
        for bucket, key in (
            ("trail-bucket", "secret/object"),
            ("other-bucket", "AWSLogs/x"),
            ("trail-bucket", "../../etc/passwd"),
        )
    ]
    fields = {
        **lab.signed[-1].fields,
        "digestPublicKeyFingerprint": stranger.FINGERPRINT,
        "logFiles": evil,
        "previousDigestS3Bucket": "other-bucket",
    }
    forged = stranger.sign_digest(fields)
    lab.put(forged.key, forged.stored, forged.metadata)
    listed = set(lab.bucket.objects)
    found = lab.validate()
    assert set(lab.bucket.asked) <= listed
    assert counts(found.digests) == {
        "unknown_key/no_key": 1,
        "outside/bucket": 1,
        "valid/signature": 7,
    }


def test_what_a_signed_digest_names_elsewhere_is_said_and_not_read(lab, signing):
    """A trail that moved to another bucket: its older digests and log files are there."""
    named = lab.signed[-1].fields["logFiles"]
    fields = {
        **lab.signed[-1].fields,
        "previousDigestS3Bucket": "old-bucket",
        "logFiles": [{**named[0], "s3Bucket": "old-bucket"}, {**named[1], "s3Object": "a/../b"}],
    }
    signed = signing.sign_digest(fields)
    lab.put(signed.key, signed.stored, signed.metadata)
    listed = set(lab.bucket.objects)
    found = lab.validate()
    assert set(lab.bucket.asked) <= listed
    outside = [one for one in (*found.digests, *found.log_files) if one.verdict == "outside"]
    assert [(one.bucket, one.key, one.reason, one.severity) for one in outside] == [
        ("old-bucket", lab.digest(-2), "bucket", "incomplete"),
        ("old-bucket", named[0]["s3Object"], "bucket", "incomplete"),
        ("trail-bucket", "a/../b", "key", "incomplete"),
    ]


def test_what_cannot_be_read_is_open_and_costs_nothing_else(lab):
    """A refused digest and a refused log file leave the others judged."""
    refused = {lab.digest(3), lab.log(5, 0)}
    read = lab.bucket.read_with_metadata

    def refuse(key, etag=None):
        if key in refused:
            raise AccessError(f"{key}: access denied")
        return read(key, etag)

    lab.bucket.read_with_metadata = refuse
    found = lab.validate()
    assert counts(found.digests) == {"unread/unreadable": 1, "valid/signature": 7}
    assert counts(found.log_files) == {
        "unattested/no_digest_then": 2,
        "unread/unreadable": 1,
        "valid/hash": 11,
    }
    assert {one.severity for one in (*found.digests, *found.log_files)} == {"fine", "incomplete"}


def test_a_page_of_a_proxy_is_no_tampering(lab, monkeypatch):
    """What has another length than was listed is asked for again, and then left open."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    read = lab.bucket.read_with_metadata
    cut, mended = {lab.digest(-1), lab.log(5, 0)}, {lab.log(3, 0)}

    def through_a_proxy(key, etag=None):
        if key in cut or (key in mended and lab.bucket.asked.count(key) < 2):
            lab.bucket.asked.append(key)
            return StoredObject(b"<html>sign in</html>", {})
        return read(key, etag)

    lab.bucket.read_with_metadata = through_a_proxy
    found = lab.validate()
    assert counts(found.digests) == {"unread/unreadable": 1, "valid/signature": 7}
    assert counts(found.log_files) == {
        "pending/younger": 2,
        "unread/unreadable": 1,
        "valid/hash": 11,
    }


def test_a_bucket_that_cannot_be_listed_is_open(lab):
    """A folder whose listing fails is a failure in words; nothing there is called missing."""

    def refuse(folder="", after=None):
        raise AccessError(f"{folder}: access denied")

    lab.bucket.list_objects = refuse
    lab.bucket.list_here = lambda folder: (
        [f"{folder}{part}/" for part in ("CloudTrail", "CloudTrail-Digest")]
        if folder.endswith("111122223333/")
        else [f"{folder}{'us-east-1' if 'CloudTrail' in folder else '111122223333'}/"]
    )
    found = lab.validate()
    assert len(found.failures) == 2
    assert (found.digests, found.log_files) == ([], [])


# The ledger


def loaded(lab, **changed):
    """What a store holds: every log file as delivered, but for those given otherwise."""
    rows = {
        key: LoadedLogFile("", lab.signing.hashlib.sha256(body).hexdigest(), ())
        for key, body in lab.bodies.items()
    }
    return lambda unit: {**rows, **changed.get("also", {})}


def test_log_files_are_held_against_what_was_loaded(lab):
    """Loaded, not loaded, loaded of other bytes, loaded and since deleted."""
    other = LoadedLogFile("", "0" * 64, ())
    gone = deliver(lab, lab.end - 3 * HOUR)
    lab.delete(gone)
    lab.delete(lab.log(5, 0))
    rows = loaded(lab, also={lab.log(2, 0): other, gone: other})
    without = {key: row for key, row in rows(None).items() if key != lab.log(1, 1)}
    found = {one.key: one for one in lab.validate(loaded=lambda unit: without).log_files}
    shown = {
        key: (found[key].verdict, found[key].reason, found[key].ledger, found[key].severity)
        for key in (lab.log(0, 0), lab.log(1, 1), lab.log(2, 0), lab.log(5, 0), gone)
    }
    assert shown == {
        lab.log(0, 0): ("valid", "hash", "loaded", "fine"),
        lab.log(1, 1): ("valid", "hash", "not_loaded", "fine"),
        lab.log(2, 0): ("valid", "hash", "changed", "tampered"),
        lab.log(5, 0): ("missing", "deleted", "loaded", "tampered"),
        gone: ("missing", "only_loaded", "loaded", "incomplete"),
    }


def test_hashes_of_a_load_are_not_computed_again(lab):
    """After a load of the same bytes, log files with the same ETag are not read."""
    etags = {one.key: one.etag for one in lab.bucket.list_objects()}
    rows = {
        key: row._replace(etag=etags[key] if key != lab.log(0, 0) else "another")
        for key, row in loaded(lab)(None).items()
    }
    found = lab.validate(loaded=lambda unit: rows, trust_loaded=True)
    assert counts(found.log_files) == {"valid/hash": 14}
    assert found.known == 13
    assert set(lab.bucket.asked) == {lab.log(0, 0), *map(lab.digest, range(8))}


# Backfill


def test_a_backfill_digest_attests_what_the_ordinary_one_missed(lab):
    """A late log file is attested by a digest of another chain, whose key is asked for its time."""
    key = deliver(lab, lab.end - 4 * HOUR)
    one = lab.signing.Attested(key, b"{}", "", "")
    made = lab.end + 10 * MINUTE
    span = (lab.end - 5 * HOUR, lab.end - 4 * HOUR)
    backfill = lab.trail.digest("111122223333", "us-east-1", span, [one], generated=made)
    lab.put(backfill.key, backfill.stored, backfill.metadata)
    found = lab.validate()
    assert counts(found.digests) == {"valid/signature": 9}
    assert counts(found.log_files) == {"valid/hash": 15}
    metadata = dict(backfill.metadata)
    del metadata["backfill-generation-timestamp"]
    lab.put(backfill.key, backfill.stored, metadata)
    assert counts(lab.validate().digests) == {"unsigned/no_metadata": 1, "valid/signature": 8}


def test_a_deleted_backfill_digest_is_named_by_the_next(lab):
    """The chain of backfill digests is walked like the other, but has no pace."""
    made = lab.end + 10 * MINUTE
    first = lab.trail.digest(
        "111122223333", "us-east-1", (lab.end - 9 * HOUR, lab.end - 8 * HOUR), [], generated=made
    )
    second = lab.trail.digest(
        "111122223333", "us-east-1", (lab.end - 3 * HOUR, lab.end - 2 * HOUR), [], first, made
    )
    lab.put(second.key, second.stored, second.metadata)
    window = Window(lab.end - 10 * HOUR)
    found = lab.validate(window=window)
    assert counts(found.digests) == {"missing/quoted": 1, "valid/signature": 9}
    lab.put(first.key, first.stored, first.metadata)
    assert counts(lab.validate(window=window).digests) == {"valid/signature": 10}


# Keys


class Lister:
    """Stands for AWS, which lists some keys, or fails."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []
        self.has_credentials = True

    def list(self, region, start, end):
        """As CloudTrail answers."""
        self.asked.append((region, start, end))
        if isinstance(self.answer, Exception):
            raise self.answer
        return [key[:4] for key in self.answer]


def test_keys_are_asked_for_as_aws_cli_does(lab):
    """From before the first digest until two hours after the last; for backfill around its making."""
    lister = Lister(lab.keys)
    found = lab.validate(keys=KeyRing((), lister))
    assert counts(found.digests) == {"valid/signature": 8}
    assert lister.asked == [("us-east-1", lab.end - 8 * HOUR, lab.end + 2 * HOUR)]


def test_a_key_that_aws_does_not_list_is_a_forgery(lab, stranger):
    """Where AWS answered, an unknown fingerprint is nobody's but a forger's."""
    fields = {**lab.signed[-1].fields, "digestPublicKeyFingerprint": stranger.FINGERPRINT}
    forged = stranger.sign_digest(fields)
    lab.put(forged.key, forged.stored, forged.metadata)
    found = lab.validate(keys=KeyRing((), Lister(lab.keys)))
    assert [(one.verdict, one.reason, one.severity) for one in found.digests[:1]] == [
        ("unknown_key", "not_listed", "tampered")
    ]


def test_without_keys_nothing_is_proved_and_the_failure_is_said_once(lab):
    """Where AWS gives no answer, every digest stays open; a deleted one is still missing."""
    keys = KeyRing((), Lister(AccessError("ListPublicKeys in us-east-1 failed (AccessDenied)")))
    lab.delete(lab.digest(3))
    found = lab.validate(keys=keys)
    assert counts(found.digests) == {"missing/quoted": 1, "unknown_key/no_key": 7}
    assert counts(found.log_files) == {"unattested/no_digest_then": 2, "unproven/unknown_key": 12}
    assert keys.failures == ["public keys: ListPublicKeys in us-east-1 failed (AccessDenied)"]


# Hostile bytes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)


@given(data=st.data())
def test_a_digest_with_any_field_of_any_type_is_read_or_refused(delivered, data):
    """Whatever a field holds, the answer is a digest or a `DecodeError`, and a verdict."""
    fields = dict(delivered.signed[3].fields)
    for name in data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=4)):
        fields[name] = data.draw(JSON | st.sampled_from(sorted(map(str, fields.values()))))
    stored = json.dumps(fields).encode()
    with contextlib.suppress(DecodeError):
        decode_digest(stored)


@given(place=st.integers(0, 700), bits=st.binary(min_size=1, max_size=8))
def test_a_digest_with_any_bytes_changed_is_never_valid(delivered, place, bits):
    """Other bytes in the newest digest: some verdict, but not that it is valid."""
    key = delivered.digest(-1)
    data = delivered.stored(key)
    changed = data[:place] + bits + data[place + len(bits) :]
    objects = delivered.bucket.objects
    kept = objects[key]
    objects[key] = StoredObject(changed, kept.metadata)
    try:
        (newest, *_) = delivered.validate().digests
    finally:
        objects[key] = kept
    same = len(changed) == len(data) and gzip_same(changed, data)
    assert (newest.verdict == "valid") == same


def gzip_same(one, other):
    """Whether gzip data differ only in what is not signed: their header, bits that fill a byte."""
    try:
        return gzip.decompress(one) == gzip.decompress(other)
    except (OSError, EOFError, zlib.error):
        return False
