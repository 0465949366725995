"""What a fuzzer feeds: everything that reads bytes which a stranger may have written.

Each target takes bytes and raises nothing but the errors of `trailscan.errors`. `test_fuzz.py` feeds
them mutations of good inputs; `benchmarks/fuzz.py` lets atheris do so for as long as it may.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from services.memory import MemoryBucket

from trailscan.aws.listing import parse_page
from trailscan.errors import DecodeError, TrailscanError
from trailscan.ingest.reading import LargeOneAtATime
from trailscan.ingest.scan import scan_into
from trailscan.ingest.validation.units import place_of
from trailscan.store.ledger import Commit, Counts, Ledger, encode_commit
from trailscan.store.log_file_result import LogFileResult
from trailscan.store.paths import DataFile, data_path
from trailscan.store.reader import StoreReader
from trailscan.trail.digest import (
    decode_digest,
    decode_metadata,
    decode_signature,
    parse_digest_key,
)
from trailscan.trail.keys import parse_key
from trailscan.trail.log_file import Wanted
from trailscan.validate.chain import DigestFile, Keys, judge_chain
from trailscan.validate.keys import parse_public_keys
from trailscan.validate.layout import ArchiveLayout, guess_layout
from trailscan.validate.reconcile import Archive, judge_log_files, to_read
from trailscan.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 25, 13, tzinfo=UTC)
ALLOWED = (TrailscanError, DecodeError)
_ORGANIZATIONS = Wanted(("organizations.amazonaws.com",))
_EVERYTHING = Wanted(None)
_WINDOWS = (Window(), Window(NOW - timedelta(days=1), NOW), Window(None, NOW))


def fuzz_key(data: bytes) -> None:
    """The key of an object, of whatever letters."""
    key = data.decode("utf-8", "surrogateescape")
    parse_key(key)
    parse_digest_key(key)
    place_of(key)
    guess_layout([(key, key), (key, key.swapcase())])
    layout = ArchiveLayout("b", "x/", "y/", copy=True)
    layout.archive_key(key)
    layout.signed_key(key)


def fuzz_listing(data: bytes) -> None:
    """A response of ListObjectsV2."""
    page = parse_page(data)
    if page is not None:
        for one in page.objects:
            assert 0 <= one.size < 2**53
            assert one.etag.isascii()
            assert one.etag.isprintable()


def fuzz_log_file(data: bytes) -> None:
    """A log file: its bytes as stored, and the same compressed."""
    for stored in (data, gzip.compress(data, 1)):
        for wanted in (_ORGANIZATIONS, _EVERYTHING):
            result = LogFileResult("b", "k", "e", len(stored))
            scan_into(result, stored, wanted, LargeOneAtATime())
            assert result.records >= len(result.events)


def fuzz_digest(data: bytes) -> None:
    """A digest: decoded, judged as the only one of its chain, and its log files reconciled."""
    for stored in (data, gzip.compress(data, 1)):
        try:
            digest = decode_digest(stored)
        except DecodeError:
            continue
        name = parse_digest_key(digest.key)
        if name is None:
            continue
        assert hashlib.sha256(digest.body).hexdigest() == digest.sha256
        file = DigestFile("b", digest.key, name, digest)
        for window in _WINDOWS:
            layout = ArchiveLayout("b", copy=True)
            chain = judge_chain([file], Keys({}), layout, window, NOW)
            archive = Archive("b", layout, (chain,), {digest.key: name.end}, {}, NOW, NOW, window)
            to_read(archive)
            judge_log_files(archive, {})


def fuzz_metadata(data: bytes) -> None:
    """The file of metadata beside a digest."""
    found = decode_metadata(data)
    for backfill in (False, True):
        decode_signature(found, backfill=backfill)


def fuzz_public_keys(data: bytes) -> None:
    """A file of public keys."""
    parse_public_keys(data, "a test")


def fuzz_ledger(data: bytes) -> None:
    """The only commit of a store, and the reader that opens it."""
    bucket = MemoryBucket("b")
    bucket.objects = {"_store.json": b'{"format":1}', "_ledger/00000001.json": data}
    reader = StoreReader(bucket, "S")
    list(reader.scan("events"))
    reader.log_files()


def fuzz_intent(data: bytes) -> None:
    """What lies where a load begins a commit: finished whole, or refused without a trace."""
    bucket = MemoryBucket("b")
    bucket.objects = {"_intent/00000001.zip": data}
    try:
        Ledger(bucket).settle()
    except TrailscanError:
        assert set(bucket.objects) == {"_intent/00000001.zip"}
        raise
    StoreReader(_with_marker(bucket), "S")


def _with_marker(bucket: MemoryBucket) -> MemoryBucket:
    bucket.objects["_store.json"] = b'{"format":1}'
    return bucket


def fuzz_marker(data: bytes) -> None:
    """The marker of a store."""
    bucket = MemoryBucket("b")
    bucket.objects = {"_store.json": data}
    StoreReader(bucket, "S")


TARGETS: dict[str, Callable[[bytes], None]] = {
    name.removeprefix("fuzz_"): target
    for name, target in sorted(globals().items())
    if name.startswith("fuzz_")
}


def run(name: str, data: bytes) -> None:
    """Feed one target; errors of trailscan are answers.

    Raises:
        Exception: any other one, which is what a fuzzer looks for.
    """
    try:
        TARGETS[name](data)
    except ALLOWED:
        return


def _digest() -> bytes:
    key = (
        "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/11/25/"
        "111122223333_CloudTrail-Digest_us-east-1_audit_us-east-1_20261125T120404Z.json.gz"
    )
    log_file = {"s3Bucket": "b", "s3Object": "k", "hashValue": "0" * 64, "hashAlgorithm": "SHA-256"}
    fields = {
        "awsAccountId": "111122223333",
        "digestStartTime": "2026-11-25T11:04:04Z",
        "digestEndTime": "2026-11-25T12:04:04Z",
        "digestS3Bucket": "b",
        "digestS3Object": key,
        "digestPublicKeyFingerprint": "ff",
        "previousDigestS3Bucket": "b",
        "previousDigestS3Object": key.replace("T12", "T11"),
        "previousDigestHashValue": "0" * 64,
        "previousDigestHashAlgorithm": "SHA-256",
        "previousDigestSignature": "00",
        "logFiles": [log_file],
    }
    return json.dumps(fields).encode()


def _commit() -> tuple[bytes, dict[str, bytes]]:
    data = b"PAR1"
    sha256 = hashlib.sha256(data).hexdigest()
    day = date(2026, 11, 25)
    file = DataFile("events", data_path("events", day, 1, sha256), 1, len(data), sha256, day)
    counts = Counts(kept=1, records=1)
    commit = Commit(1, "", "load", "trailscan", NOW, "all", (), counts, (file,))
    return encode_commit(commit), {file.path: data}


def _intent() -> bytes:
    raw, files = _commit()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in {"commit.json": raw, **files}.items():
            archive.writestr(name, data)
    return made.getvalue()


_UNSEALED = re.compile(rb'"checksum": "[0-9a-f]{64}"')
_RECORD = {
    "eventVersion": "1.11",
    "eventTime": "2026-11-25T12:00:00Z",
    "eventSource": "organizations.amazonaws.com",
    "eventName": "MoveAccount",
    "eventID": "00000000-0000-4000-8000-000000000001",
    "userIdentity": {"type": "IAMUser", "userName": "alice"},
    "requestParameters": {"accountId": "111122223333"},
}
_KEY = {"Value": "", "Fingerprint": "d41d8cd98f00b204e9800998ecf8427e"}

SEEDS: dict[str, tuple[bytes, ...]] = {
    "key": (
        (
            b"AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/2026/11/25/"
            b"111122223333_CloudTrail_us-east-1_20261125T1205Z_0000000000000001.json.gz"
        ),
        (
            b"AWSLogs/111122223333/CloudTrail-Digest/us-east-1/0001/01/01/"
            b"111122223333_CloudTrail-Digest_us-east-1_t_us-east-1_00010101T000000Z.json.gz"
        ),
    ),
    "listing": (
        (
            b"<ListBucketResult><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents>"
            b"<Key>k</Key><Size>5</Size><ETag>&quot;a&quot;</ETag></Contents></ListBucketResult>"
        ),
    ),
    "log_file": (json.dumps({"Records": [_RECORD]}).encode(), json.dumps(_RECORD).encode()),
    "digest": (_digest(),),
    "metadata": (b'{"Metadata": {"signature": "00", "signature-algorithm": "SHA256withRSA"}}',),
    "public_keys": (
        json.dumps(
            {"PublicKeyList": [{**_KEY, "ValidityStartTime": 0, "ValidityEndTime": "2026-11-25"}]}
        ).encode(),
    ),
    "ledger": (_commit()[0], _UNSEALED.sub(b'"checksum": ""', _commit()[0])),
    "intent": (_intent(),),
    "marker": (b'{"format": 1}',),
}
"""Good inputs, which mutations begin with."""
