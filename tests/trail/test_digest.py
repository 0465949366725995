"""Digest files: what their bytes and keys say, and that nothing else comes of hostile ones."""

from __future__ import annotations

import gzip
import hashlib
import json
from datetime import UTC, datetime

import pytest

from trailscan.errors import DecodeError
from trailscan.trail.digest import (
    AttestedLogFile,
    ChainName,
    DigestKey,
    Previous,
    Signature,
    decode_digest,
    decode_metadata,
    decode_signature,
    parse_digest_key,
)

FOLDER = "logs/AWSLogs/o-exampleorg1/111122223333/CloudTrail-Digest/eu-west-1/"
NAME = "111122223333_CloudTrail-Digest_eu-west-1_my_trail-1_us-east-1_20261122T140404Z.json.gz"
KEY = f"{FOLDER}2026/11/22/{NAME}"
SHA256 = "ab" * 32
DIGEST = {
    "awsAccountId": "111122223333",
    "digestStartTime": "2026-11-22T13:04:04Z",
    "digestEndTime": "2026-11-22T14:04:04Z",
    "digestS3Bucket": "trail",
    "digestS3Object": KEY,
    "digestPublicKeyFingerprint": "cd" * 16,
    "digestSignatureAlgorithm": "SHA256withRSA",
    "newestEventTime": "2026-11-22T13:59:00Z",
    "oldestEventTime": "2026-11-22T13:01:00Z",
    "previousDigestS3Bucket": "trail",
    "previousDigestS3Object": KEY.replace("T14", "T13"),
    "previousDigestHashValue": SHA256,
    "previousDigestHashAlgorithm": "SHA-256",
    "previousDigestSignature": "ef01",
    "logFiles": [
        {
            "s3Bucket": "trail",
            "s3Object": "a/b.json.gz",
            "hashValue": SHA256,
            "hashAlgorithm": "SHA-256",
            "newestEventTime": "2026-11-22T13:59:00Z",
            "oldestEventTime": "2026-11-22T13:01:00Z",
        }
    ],
}
WHEN = datetime(2026, 11, 22, 14, 4, 4, tzinfo=UTC)
CHAIN = ChainName(FOLDER, "111122223333", "eu-west-1", "my_trail-1", "us-east-1", backfill=False)


def stored(**changed):
    """A digest as CloudTrail writes it: slashes escaped, gzipped."""
    body = json.dumps({**DIGEST, **changed}, separators=(",", ":")).replace("/", "\\/")
    return gzip.compress(body.encode(), mtime=0)


def test_a_digest_says_what_it_attests_and_what_came_before():
    """Every field that is relied on, from bytes in CloudTrail's own form."""
    found = decode_digest(stored())
    body = gzip.decompress(stored())
    assert (found.account_id, found.bucket, found.key) == ("111122223333", "trail", KEY)
    assert (found.start, found.end) == (WHEN.replace(hour=13), WHEN)
    assert (found.fingerprint, found.deviations) == ("cd" * 16, ())
    assert found.previous == Previous("trail", KEY.replace("T14", "T13"), SHA256, "ef01")
    assert found.log_files == (AttestedLogFile("trail", "a/b.json.gz", SHA256),)
    assert (found.body, found.sha256) == (body, hashlib.sha256(body).hexdigest())


def test_the_signed_text_is_four_lines_with_null_for_a_first_digest():
    """End, place, hash and the signature before; `null` where there was none, as for aws-cli."""
    found = decode_digest(stored())
    lines = ["2026-11-22T14:04:04Z", f"trail/{KEY}", found.sha256, "ef01"]
    assert found.signed_text.decode() == "\n".join(lines)
    none = {name: None for name in DIGEST if name.startswith("previous")}
    first = decode_digest(stored(**none))
    assert first.previous is None
    assert first.signed_text.decode().split("\n")[3] == "null"


@pytest.mark.parametrize(
    ("changed", "reason", "path"),
    [
        ({"digestEndTime": "2026-11-22"}, "not_a_digest", "$.digestEndTime"),
        ({"digestEndTime": "2026-02-30T00:00:00Z"}, "not_a_digest", "$.digestEndTime"),
        ({"digestStartTime": 5}, "not_a_digest", "$.digestStartTime"),
        ({"digestS3Object": "x" * 1025}, "not_a_digest", "$.digestS3Object"),
        ({"digestS3Object": ""}, "not_a_digest", "$.digestS3Object"),
        ({"logFiles": None}, "not_a_digest", "$.logFiles"),
        ({"logFiles": [1]}, "not_a_digest", "$.logFiles[0]"),
        ({"previousDigestHashValue": "AB" * 32}, "not_a_digest", "$.previousDigestHashValue"),
        (
            {"previousDigestHashAlgorithm": None},
            "unknown_hash_algorithm",
            "$.previousDigestHashAlgorithm",
        ),
        (
            {"logFiles": [{**DIGEST["logFiles"][0], "hashValue": "short"}]},
            "not_a_digest",
            "$.logFiles[0].hashValue",
        ),
    ],
)
def test_a_field_of_another_form_is_refused_with_its_path(changed, reason, path):
    """What cannot be relied on is no digest, and where is said."""
    with pytest.raises(DecodeError) as refused:
        decode_digest(stored(**changed))
    assert (refused.value.reason, refused.value.json_path) == (reason, path)


@pytest.mark.parametrize("name", sorted(set(DIGEST) - {"digestSignatureAlgorithm"}))
def test_fields_that_are_needed_must_be_there(name):
    """Without a field there is no digest, unless it is one that nothing is made of."""
    fields = {key: value for key, value in DIGEST.items() if key != name}
    data = gzip.compress(json.dumps(fields).encode())
    optional = {"newestEventTime", "oldestEventTime"}
    previous = {"previousDigestS3Bucket", "previousDigestS3Object"}
    if name in optional:
        decode_digest(data)
    elif name in previous:
        assert decode_digest(data).previous is None
    else:
        with pytest.raises(DecodeError):
            decode_digest(data)


def test_a_digest_is_read_up_to_its_first_gzip_member():
    """What follows is told, and is not part of what was signed."""
    found = decode_digest(stored() + gzip.compress(b" "))
    assert (found.sha256, found.deviations) == (decode_digest(stored()).sha256, ("gzip_members",))


@pytest.mark.parametrize(
    ("key", "chain"),
    [
        (KEY, CHAIN),
        (KEY.replace(".json", "_backfill.json"), CHAIN._replace(backfill=True)),
        (NAME, CHAIN._replace(folder="")),
        (KEY.replace("_my_trail-1_us-east-1", ""), CHAIN._replace(trail=None, home_region=None)),
    ],
)
def test_a_key_tells_the_chain_and_makes_others_of_it(key, chain):
    """Trail names may hold underscores and hyphens; a key can be made again from what it says."""
    organization = "o-exampleorg1" if "/" in key else None
    found = parse_digest_key(key)
    assert found == DigestKey(chain, organization, WHEN)
    if chain.folder:
        assert found.at(WHEN) == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        KEY.replace("CloudTrail-Digest_", "CloudTrail_"),
        KEY.replace("20261122T140404Z", "20261322T140404Z"),
        f"{KEY}.metadata.json",
        KEY.replace("111122223333_", "1_"),
    ],
)
def test_other_keys_are_no_digests(key):
    """Log files, saved metadata and impossible dates are told apart."""
    assert parse_digest_key(key) is None


@pytest.mark.parametrize(
    ("metadata", "backfill", "expected"),
    [
        ({}, False, None),
        ({"signature": "ab"}, False, None),
        ({"signature-algorithm": "SHA256withRSA"}, False, None),
        ({"signature": "ab", "signature-algorithm": "x"}, False, Signature("ab")),
        ({"signature": "ab", "signature-algorithm": "x"}, True, None),
        (
            {
                "signature": "ab",
                "signature-algorithm": "x",
                "backfill-generation-timestamp": "2026-11-22T14:04:04Z",
            },
            True,
            Signature("ab", WHEN),
        ),
    ],
)
def test_a_signature_is_in_the_metadata_or_nowhere(metadata, backfill, expected):
    """Signature and algorithm must be there, and for a backfill digest when it was made."""
    assert decode_signature(metadata, backfill=backfill) == expected


def test_saved_metadata_are_read_as_head_object_prints_them():
    """Names come in lower case; anything else is refused."""
    assert decode_metadata(b'{"ETag":"x","Metadata":{"Signature":"ab"}}') == {"signature": "ab"}
    with pytest.raises(DecodeError, match="not the output of head-object"):
        decode_metadata(b'{"ETag":"x"}')
