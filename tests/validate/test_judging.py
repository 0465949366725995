"""`judge_chain` and `judge_log_files`: values in, verdicts out, nothing read."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest

from trailscan.trail.digest import decode_digest, decode_signature, parse_digest_key
from trailscan.validate.chain import DigestFile, Keys, judge_chain
from trailscan.validate.layout import ArchiveLayout
from trailscan.validate.reconcile import Archive, Hashed, judge_log_files, to_read
from trailscan.validate.verdicts import Gap
from trailscan.window import Window

HOUR = timedelta(hours=1)
CHAIN = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/ audit"


@pytest.fixture
def files(delivered):
    """The digests of the trail as they are read, from the oldest to the newest."""
    found = []
    for one in delivered.signed:
        name = parse_digest_key(one.key)
        digest = decode_digest(one.stored)
        signature = decode_signature(one.metadata, backfill=False)
        found.append(DigestFile(one.bucket, one.key, name, digest, signature))
    return found


@pytest.fixture
def keys(delivered):
    """The public key of the trail."""
    return Keys({key.fingerprint: key for key in delivered.keys})


@pytest.fixture
def judge(delivered, keys):
    """Judges digests of the trail's bucket ten minutes after the newest."""
    now = delivered.end + timedelta(minutes=10)
    layout = ArchiveLayout(delivered.bucket.name)
    return lambda files, now=now: judge_chain(files, keys, layout, Window(), now)


def words(verdicts):
    """Verdicts on digests in short: which end, what, why."""
    return [(f"{one.name.end:%H:%M}", one.verdict, one.reason) for one in verdicts.digests]


def test_judge_chain_proves_every_digest_by_its_signature(judge, files):
    """The newest comes first, whatever the order of the files."""
    chain = judge(files[::2] + files[1::2])
    expected = [(f"{hour:02}:04", "valid", "signature") for hour in range(8, 0, -1)]
    assert words(chain) == expected
    assert chain.gaps == (Gap("start", CHAIN, None, files[0].digest.start),)
    assert {one.proof for one in chain.digests} == {"signature"}


def test_judge_chain_names_what_is_missing(judge, files):
    """One digest that another one names, and one whose successor is gone too."""
    chain = judge([one for hour, one in enumerate(files) if hour not in (3, 4)])
    assert words(chain) == [
        ("08:04", "valid", "signature"),
        ("07:04", "valid", "signature"),
        ("06:04", "valid", "signature"),
        ("05:04", "missing", "quoted"),
        ("04:04", "missing", "inferred"),
        ("03:04", "valid", "signature"),
        ("02:04", "valid", "signature"),
        ("01:04", "valid", "signature"),
    ]


def test_judge_chain_of_no_digest_is_nothing(judge):
    """No verdict, and no gap: there is nothing that it could be a gap of."""
    assert judge([]) == judge([], now=None)
    assert (judge([]).digests, judge([]).gaps) == ((), ())


def test_judge_chain_says_where_a_chain_ends_too_early(judge, files, delivered):
    """In a bucket that CloudTrail delivers to; the end of a copy says nothing."""
    late = delivered.end + 12 * HOUR
    end = Gap("end", CHAIN, files[-1].name.end, None)
    assert end in judge(files, now=late).gaps
    assert end not in judge(files, now=None).gaps


def test_judge_chain_without_the_key_knows_nothing(delivered, files):
    """Only of the digest before it does each say a hash, which then proves nothing either."""
    chain = judge_chain(files, Keys({}), ArchiveLayout("trail-bucket"), Window(), None)
    assert {(one.verdict, one.reason, one.proof) for one in chain.digests} == {
        ("unknown_key", "no_key", None)
    }


@pytest.fixture
def archive(judge, files, delivered):
    """What the trail's bucket holds, all of it delivered in the window."""
    present = {
        key: delivered.first + hour * HOUR + timedelta(minutes=20)
        for hour in range(8)
        for key in (delivered.log(hour, 0), delivered.log(hour, 1))
        if key in delivered.bodies
    }
    layout = ArchiveLayout(delivered.bucket.name)

    def make(**changed):
        given = {"present": present, "now": delivered.end, **changed}
        return Archive(delivered.bucket.name, layout, (judge(files),), **given)

    return make


@pytest.fixture
def hashed(delivered):
    """What reading the log files gives."""
    return {key: Hashed(hashlib.sha256(body).hexdigest()) for key, body in delivered.bodies.items()}


def test_judge_log_files_finds_all_as_attested(archive, hashed):
    """Every log file that a digest names is read, and is valid."""
    assert to_read(archive()) == sorted(hashed)
    found = judge_log_files(archive(), hashed)
    assert [(one.key, one.verdict, one.reason) for one in found] == [
        (key, "valid", "hash") for key in sorted(hashed)
    ]


@pytest.mark.parametrize(
    ("read", "verdict"),
    [
        (Hashed("0" * 64), ("modified", "hash", "0" * 64)),
        (Hashed(absent=True), ("missing", "deleted", "none")),
        (Hashed(unread="access denied"), ("unread", "unreadable", "access denied")),
        (Hashed(problem="truncated_gzip"), ("modified", "truncated_gzip", "truncated_gzip")),
        (Hashed("0" * 64, "trailing_bytes"), ("modified", "trailing_bytes", "0" * 64)),
    ],
)
def test_judge_log_files_says_what_became_of_one(archive, hashed, delivered, read, verdict):
    """Verdict, reason, and what was there instead."""
    key = delivered.log(2, 1)
    found = {one.key: one for one in judge_log_files(archive(), {**hashed, key: read})}
    one = found.pop(key)
    assert (one.verdict, one.reason, one.found) == verdict
    assert {other.verdict for other in found.values()} == {"valid"}


def test_judge_log_files_compares_with_the_store(archive, hashed, delivered):
    """Loaded as attested, loaded of other bytes, and not loaded."""
    same, other, none = (delivered.log(2, 0), delivered.log(2, 1), delivered.log(3, 0))
    loaded = {same: hashed[same].sha256, other: "0" * 64}
    found = {one.key: one for one in judge_log_files(archive(loaded=loaded), hashed)}
    assert [found[key].ledger for key in (same, other, none)] == [
        "loaded",
        "changed",
        "not_loaded",
    ]
    assert [found[key].severity for key in (same, other, none)] == ["fine", "tampered", "fine"]


@pytest.mark.parametrize(
    ("after", "now", "verdict"),
    [
        (-3 * HOUR, 0 * HOUR, ("unattested", "in_no_digest")),
        (HOUR / 2, HOUR, ("pending", "younger")),
        (HOUR / 2, 24 * HOUR, ("unattested", "after_last")),
        (-24 * HOUR, 0 * HOUR, ("unattested", "no_digest_then")),
    ],
)
def test_judge_log_files_judges_by_time_what_no_digest_names(
    archive, hashed, delivered, after, now, verdict
):
    """By when it was delivered, counted from the newest digest."""
    key = f"AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/22/{'x' * 8}.json.gz"
    given = archive().present | {key: delivered.end + after}
    found = judge_log_files(archive(present=given, now=delivered.end + now), hashed)
    (one,) = (one for one in found if one.key == key)
    assert (one.verdict, one.reason) == verdict
