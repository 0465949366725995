"""Kinds of tampering: each does something to a trail, and gives the verdicts that must be found.

In what they give, D is a digest and L a log file; T means tampered, I that nothing can be said.
"""

from __future__ import annotations

import gzip
import hashlib
from datetime import timedelta

NOON = timedelta(hours=4)
QUIET = 4
ONE_MEMBER = "one gzip member and nothing else"


def sha(data: bytes) -> str:
    """The SHA-256 of bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def changed(lab, hour, **fields):
    """A digest with other fields, not signed again."""
    return lab.signing.packed(lab.signing.encode({**lab.signed[hour].fields, **fields}))


def digest_content(lab, _):
    """An hour's digest names one log file fewer."""
    data = changed(lab, 3, logFiles=lab.signed[3].fields["logFiles"][:1])
    lab.put(lab.digest(3), data)
    found = sha(gzip.decompress(data))
    return [
        ("D", "T", "modified", "hash", lab.digest(3), lab.signed[3].sha256, found),
        ("L", "I", "unproven", "modified", lab.log(3, 0), sha(lab.bodies[lab.log(3, 0)]), None),
        ("L", "I", "unattested", "no_digest_then", lab.log(3, 1), "a digest that names it", "none"),
    ]


def newest_digest_content(lab, _):
    """The newest digest, which nothing quotes yet, is changed."""
    lab.put(lab.digest(-1), changed(lab, -1, logFiles=[]))
    return [
        (
            "D", "T", "modified", "signature", lab.digest(-1),
            f"a signature by key {lab.signing.FINGERPRINT}", lab.signed[-1].signature,
        ),
    ]  # fmt: skip


def digest_metadata(lab, _):
    """The signature in the metadata is another, the content is as it was."""
    signature = "00" * 256
    lab.put(
        lab.digest(3), lab.stored(lab.digest(3)), {**lab.signed[3].metadata, "signature": signature}
    )
    expected = f"a signature by key {lab.signing.FINGERPRINT}"
    return [("D", "T", "modified", "metadata", lab.digest(3), expected, signature)]


def digest_metadata_no_hex(lab, _):
    """The signature in the metadata of the newest digest is no hex."""
    lab.put(
        lab.digest(-1),
        lab.stored(lab.digest(-1)),
        {**lab.signed[-1].metadata, "signature": "no hex"},
    )
    expected = f"a signature by key {lab.signing.FINGERPRINT}"
    return [
        ("D", "T", "modified", "signature", lab.digest(-1), expected, "no hex"),
        *unproven(lab, 7, "modified"),
    ]


def unproven(lab, hour, verdict, *, read=False):
    """The log files of an hour whose digest proves nothing."""
    keys = [lab.log(hour, n) for n in range(2)]
    return [
        (
            "L",
            "I",
            "unproven",
            verdict,
            key,
            sha(lab.bodies[key]),
            sha(lab.bodies[key]) if read else None,
        )
        for key in keys
    ]


def unattested(lab, hour):
    """The log files of an hour whose digest is gone."""
    keys = [lab.log(hour, n) for n in range(2)]
    words = ("a digest that names it", "none")
    return [("L", "I", "unattested", "no_digest_then", key, *words) for key in keys]


def digest_without_metadata(lab, _):
    """The metadata are gone; what the next digest quotes still proves the content."""
    lab.put(lab.digest(3), lab.stored(lab.digest(3)), {})
    words = ("signature and signature-algorithm", "neither")
    return [("D", "T", "unsigned", "no_metadata", lab.digest(3), *words)]


def newest_digest_without_algorithm(lab, _):
    """The metadata of the newest digest name no algorithm."""
    lab.put(lab.digest(-1), lab.stored(lab.digest(-1)), {"signature": lab.signed[-1].signature})
    words = ("signature and signature-algorithm", "neither")
    return [
        ("D", "T", "unsigned", "no_metadata", lab.digest(-1), *words),
        *unproven(lab, 7, "unsigned", read=True),
    ]


def digest_replayed(lab, _):
    """An older digest stands in the place of a newer one."""
    lab.put(lab.digest(3), lab.stored(lab.digest(QUIET)), lab.signed[QUIET].metadata)
    return [
        ("D", "T", "moved", "key", lab.digest(3), lab.digest(QUIET), lab.digest(3)),
        *unattested(lab, 3),
    ]


def digest_of_another_account(lab, _):
    """The digest of another account stands in the place of the newest."""
    other = lab.trail.digest("222233334444", "us-east-1", (lab.end - NOON, lab.end), [])
    lab.put(lab.digest(-1), other.stored, other.metadata)
    return [("D", "T", "moved", "key", lab.digest(-1), other.key, lab.digest(-1))]


def digest_of_another_bucket(lab, _):
    """A digest that was signed for the same key of another bucket stands in the newest's place."""
    trail = lab.signing.Trail("elsewhere", "audit")
    span = (lab.end - timedelta(hours=1), lab.end)
    other = trail.digest("111122223333", "us-east-1", span, [], lab.signed[-2])
    lab.put(lab.digest(-1), other.stored, other.metadata)
    place = f"s3://elsewhere/{other.key}"
    return [("D", "T", "moved", "bucket", lab.digest(-1), place, "trail-bucket")]


def digest_deleted(lab, _):
    """A digest is deleted; the next one names it, with its hash."""
    lab.delete(lab.digest(3))
    expected = f"SHA-256 {lab.signed[3].sha256}"
    return [
        ("D", "T", "missing", "quoted", lab.digest(3), expected, "none"),
        *unattested(lab, 3),
    ]


def two_digests_deleted(lab, _):
    """Two digests in a row are deleted: they are two (aws-cli #7054 says one)."""
    lab.delete(lab.digest(2))
    lab.delete(lab.digest(3))
    expected = f"SHA-256 {lab.signed[3].sha256}"
    return [
        ("D", "T", "missing", "quoted", lab.digest(3), expected, "none"),
        ("D", "T", "missing", "inferred", lab.digest(2), "a digest every hour", "none"),
        *unattested(lab, 2),
        *unattested(lab, 3),
    ]


def digest_before_a_changed_one_deleted(lab, _):
    """A digest is changed so that it names no previous one, and the previous one is deleted."""
    data = changed(
        lab,
        -1,
        previousDigestS3Bucket=None,
        previousDigestS3Object=None,
        previousDigestSignature=None,
    )
    lab.put(lab.digest(-1), data)
    lab.delete(lab.digest(-2))
    signed = (f"a signature by key {lab.signing.FINGERPRINT}", lab.signed[-1].signature)
    return [
        ("D", "T", "modified", "signature", lab.digest(-1), *signed),
        ("D", "T", "missing", "inferred", lab.digest(-2), "a digest every hour", "none"),
        *unattested(lab, 6),
        *unproven(lab, 7, "modified"),
    ]


def broken(data, reason, words):
    """A kind: the bytes of a digest are replaced by something that is none."""

    def kind(lab, _):
        lab.put(lab.digest(3), data(lab.stored(lab.digest(3))))
        return [
            ("D", "T", "malformed", reason, lab.digest(3), "a digest", words),
            *unattested(lab, 3),
        ]

    return kind


def digest_trailing_bytes(lab, _):
    """Bytes follow the digest's gzip data."""
    lab.put(lab.digest(3), lab.stored(lab.digest(3)) + b"\0extra")
    words = (ONE_MEMBER, "trailing_bytes")
    return [("D", "T", "modified", "trailing_bytes", lab.digest(3), *words)]


def digest_second_member(lab, _):
    """A second gzip member follows the digest; the first is as it was signed."""
    lab.put(lab.digest(3), lab.stored(lab.digest(3)) + gzip.compress(b" "))
    words = (ONE_MEMBER, "gzip_members")
    return [("D", "T", "modified", "gzip_members", lab.digest(3), *words)]


def digest_uncompressed(lab, _):
    """A digest is stored without gzip; its content is as it was signed."""
    lab.put(lab.digest(3), lab.signed[3].body)
    return [("D", "T", "modified", "plain", lab.digest(3), ONE_MEMBER, "plain")]


def newest_digest_by_a_stranger(lab, stranger):
    """The newest digest is signed with a key of somebody else, under its own fingerprint."""
    fields = {
        **lab.signed[-1].fields, "digestPublicKeyFingerprint": stranger.FINGERPRINT, "logFiles": [],
    }  # fmt: skip
    forged = stranger.sign_digest(fields)
    lab.put(lab.digest(-1), forged.stored, forged.metadata)
    words = (stranger.FINGERPRINT, lab.signing.FINGERPRINT)
    return [("D", "I", "unknown_key", "no_key", lab.digest(-1), *words)]


def newest_digest_under_a_false_name(lab, stranger):
    """The same under the fingerprint of AWS's key."""
    forged = stranger.sign_digest({**lab.signed[-1].fields, "logFiles": []})
    lab.put(lab.digest(-1), forged.stored, forged.metadata)
    expected = f"a signature by key {lab.signing.FINGERPRINT}"
    return [("D", "T", "modified", "signature", lab.digest(-1), expected, forged.signature)]


def older_digest_by_a_stranger(lab, stranger):
    """The same of an older digest: the next one quotes another hash, whatever the key."""
    fields = {**lab.signed[3].fields, "digestPublicKeyFingerprint": stranger.FINGERPRINT}
    forged = stranger.sign_digest(fields)
    lab.put(lab.digest(3), forged.stored, forged.metadata)
    return [
        ("D", "T", "modified", "hash", lab.digest(3), lab.signed[3].sha256, forged.sha256),
        *unproven(lab, 3, "modified"),
    ]


def digest_renamed(lab, _):
    """A digest stands under the key of another hour."""
    later = lab.trail.digest_key("111122223333", "us-east-1", lab.end + timedelta(hours=1))
    lab.put(later, lab.stored(lab.digest(3)), lab.signed[3].metadata)
    lab.delete(lab.digest(3))
    expected = f"SHA-256 {lab.signed[3].sha256}"
    return [
        ("D", "T", "moved", "key", later, lab.digest(3), later),
        ("D", "T", "missing", "quoted", lab.digest(3), expected, "none"),
        *unattested(lab, 3),
    ]


def weaker_hash(lab, _):
    """A digest says that its hashes are MD5."""
    named = [{**one, "hashAlgorithm": "MD5"} for one in lab.signed[3].fields["logFiles"]]
    lab.put(lab.digest(3), changed(lab, 3, logFiles=named))
    words = "expected SHA-256, found 'MD5' (at $.logFiles[0].hashAlgorithm)"
    return [
        ("D", "T", "malformed", "unknown_hash_algorithm", lab.digest(3), "a digest", words),
        *unattested(lab, 3),
    ]


def log_file(data, reason, found=None):
    """A kind: the bytes of a log file are replaced."""

    def kind(lab, _):
        key = lab.log(3, 0)
        new = data(lab.stored(key))
        lab.put(key, new)
        words = found or sha(gzip.decompress(new))
        return [("L", "T", "modified", reason, key, sha(lab.bodies[key]), words)]

    return kind


def log_file_second_member(lab, _):
    """Records are appended to a log file in a gzip member of their own."""
    key = lab.log(3, 0)
    lab.put(key, lab.stored(key) + gzip.compress(b"{}"))
    both = sha(lab.bodies[key] + b"{}")
    return [("L", "T", "modified", "gzip_members", key, sha(lab.bodies[key]), both)]


def log_file_trailing_bytes(lab, _):
    """Bytes follow a log file's gzip data."""
    key = lab.log(3, 0)
    lab.put(key, lab.stored(key) + b"\0extra")
    same = sha(lab.bodies[key])
    return [("L", "T", "modified", "trailing_bytes", key, same, same)]


def log_file_uncompressed(lab, _):
    """A log file is stored without gzip."""
    key = lab.log(3, 0)
    lab.put(key, lab.bodies[key])
    same = sha(lab.bodies[key])
    return [("L", "T", "modified", "plain", key, same, same)]


def log_files_swapped(lab, _):
    """Two log files stand in each other's place."""
    one, other = lab.log(3, 0), lab.log(5, 1)
    data = lab.stored(one)
    lab.put(one, lab.stored(other))
    lab.put(other, data)
    left, right = sha(lab.bodies[one]), sha(lab.bodies[other])
    return [
        ("L", "T", "modified", "hash", one, left, right),
        ("L", "T", "modified", "hash", other, right, left),
    ]


def log_file_deleted(lab, _):
    """A log file is deleted."""
    key = lab.log(3, 0)
    lab.delete(key)
    return [("L", "T", "missing", "deleted", key, sha(lab.bodies[key]), "none")]


def log_file_planted(lab, _):
    """A log file that CloudTrail never delivered."""
    key = lab.log(3, 0).replace("_000", "_Z00")
    lab.put(key, lab.stored(lab.log(3, 0)), {})
    return [("L", "T", "unattested", "in_no_digest", key, "a digest that names it", "none")]


def log_file_renamed(lab, _):
    """A log file stands under another name."""
    key = lab.log(3, 0)
    other = key.replace("_000", "_Z00")
    lab.put(other, lab.stored(key), {})
    lab.delete(key)
    return [
        ("L", "T", "missing", "deleted", key, sha(lab.bodies[key]), "none"),
        ("L", "T", "unattested", "in_no_digest", other, "a digest that names it", "none"),
    ]


def everything_of_an_hour_deleted(lab, _):
    """A digest and its log files are deleted together: the next digest still names the digest."""
    for key in (lab.digest(3), lab.log(3, 0), lab.log(3, 1)):
        lab.delete(key)
    expected = f"SHA-256 {lab.signed[3].sha256}"
    return [("D", "T", "missing", "quoted", lab.digest(3), expected, "none")]


def bomb(_):
    """More bytes than a log file can have."""
    return gzip.compress(bytes(2_000_000))


def numbers(_):
    """A digest with a number of a million digits."""
    return gzip.compress(b'{"awsAccountId":' + b"9" * 900_000 + b"}")


KINDS = [
    digest_content,
    newest_digest_content,
    digest_metadata,
    digest_metadata_no_hex,
    digest_without_metadata,
    newest_digest_without_algorithm,
    digest_replayed,
    digest_of_another_account,
    digest_of_another_bucket,
    digest_deleted,
    two_digests_deleted,
    digest_before_a_changed_one_deleted,
    digest_trailing_bytes,
    digest_second_member,
    digest_uncompressed,
    newest_digest_by_a_stranger,
    newest_digest_under_a_false_name,
    older_digest_by_a_stranger,
    digest_renamed,
    weaker_hash,
    log_file_second_member,
    log_file_trailing_bytes,
    log_file_uncompressed,
    log_files_swapped,
    log_file_deleted,
    log_file_planted,
    log_file_renamed,
    everything_of_an_hour_deleted,
]
BROKEN = {
    "digest emptied": broken(lambda _: b"", "empty", "the digest is empty"),
    "digest cut short": broken(
        lambda data: data[:-20], "truncated_gzip", "the gzip data ends before its trailer"
    ),
    "digest with a flipped bit": broken(
        lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:], "corrupt_gzip", None
    ),
    "digest replaced by a page": broken(
        lambda _: b"<html>", "not_json", "the digest is not JSON: JSON is malformed: invalid character (byte 0)"
    ),
    "digest of another type": broken(
        lambda _: gzip.compress(b"[1]"), "not_a_digest", "Expected `object`, got `array`"
    ),
    "digest with a huge number": broken(
        numbers, "not_a_digest", "Number out of range (at $.awsAccountId)"
    ),
    "digest nested deeply": broken(
        lambda _: gzip.compress(b'{"logFiles":' * 80_000), "not_a_digest", None
    ),
    "digest that is a bomb": broken(bomb, "inflates_too_large", None),
}  # fmt: skip
LOG_FILES = {
    "log file changed": log_file(lambda _: gzip.compress(b'{"Records":[]}'), "hash"),
    "log file cut short": log_file(lambda data: data[:-9], "truncated_gzip", "truncated_gzip"),
    "log file with a flipped bit": log_file(
        lambda data: data[:20] + bytes([data[20] ^ 1]) + data[21:], "corrupt_gzip", "corrupt_gzip"
    ),
    "log file emptied": log_file(lambda _: b"", "empty", "empty"),
    "log file that is a bomb": log_file(bomb, "inflates_too_large", "inflates_too_large"),
}
KINDS_BY_NAME = {**{kind.__name__: kind for kind in KINDS}, **BROKEN, **LOG_FILES}
