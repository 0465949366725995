"""A log file's stored bytes, as delivered, copied by people, damaged, and made to harm."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
import zlib
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trailscan.errors import DecodeError
from trailscan.trail import gunzip
from trailscan.trail.envelopes import RawRecord
from trailscan.trail.gunzip import Inflated, inflate
from trailscan.trail.log_file import (
    Candidate,
    ScannedLogFile,
    Wanted,
    scan_log_file,
)

ORGANIZATIONS = Wanted(("organizations.amazonaws.com",))
EVERYTHING = Wanted(None)
CREATE = (
    b'{"eventVersion":"1.11","eventTime":"2026-11-22T14:05:00Z",'
    b'"eventSource":"organizations.amazonaws.com","eventName":"CreateOrganizationalUnit"}'
)
PUT = (
    b'{"eventVersion":"1.11","eventTime":"2026-11-22T14:05:01Z","eventSource":"s3.amazonaws.com",'
    b'"eventName":"PutBucketPolicy","requestParameters":{"bucketName":"b"}}'
)
SMALL_CAP = 4096


def log_file_of(*records: bytes) -> bytes:
    """An uncompressed log file in the form of delivery."""
    return b'{"Records":[' + b",".join(records) + b"]}"


def packed(body: bytes) -> bytes:
    """One gzip member, as delivered."""
    return gzip.compress(body, mtime=0)


def sha256(body: bytes) -> str:
    """Hex SHA-256."""
    return hashlib.sha256(body).hexdigest()


BODY = log_file_of(CREATE, PUT)
STORED = packed(BODY)
FOUND = (Candidate(0, RawRecord(CREATE)),)
SCANNED = ScannedLogFile(2, FOUND, len(BODY), sha256(BODY), ())


@pytest.fixture
def small_cap(monkeypatch: pytest.MonkeyPatch) -> int:
    """A cap of a few kB on what a log file may inflate to."""
    monkeypatch.setattr(gunzip, "MAX_INFLATED_BYTES", SMALL_CAP)
    return SMALL_CAP


def reason_for(stored: bytes) -> tuple[str, str]:
    """Why a log file cannot be inflated: the reason and the message."""
    with pytest.raises(DecodeError) as raised:
        inflate(stored)
    return raised.value.reason, str(raised.value)


def test_a_log_file_as_delivered_gives_its_wanted_records() -> None:
    """A delivered log file gives its counts, its candidates with their positions, and its hash."""
    assert scan_log_file(STORED, ORGANIZATIONS) == SCANNED


def test_a_candidate_knows_its_position() -> None:
    """Positions count all records of the log file from 0, also those of other sources."""
    scanned = scan_log_file(packed(log_file_of(PUT, CREATE, PUT, CREATE)), ORGANIZATIONS)
    assert [candidate.position for candidate in scanned.candidates] == [1, 3]
    assert scanned.records == 4


@pytest.mark.parametrize(
    "wanted", [EVERYTHING, Wanted(("s3.amazonaws.com", "organizations.amazonaws.com"))]
)
def test_all_sources_may_be_wanted(wanted: Wanted) -> None:
    """None keeps every record; naming each source does the same."""
    assert scan_log_file(STORED, wanted) == ScannedLogFile(
        2, (*FOUND, Candidate(1, RawRecord(PUT))), len(BODY), sha256(BODY), ()
    )


def test_nothing_is_a_candidate_when_no_source_is_wanted() -> None:
    """An empty choice of sources keeps nothing, and still counts."""
    assert scan_log_file(STORED, Wanted(())) == ScannedLogFile(2, (), len(BODY), None, ())


@pytest.mark.parametrize(
    ("sources", "text"),
    [
        (None, "all"),
        ((), ""),
        (("iam.amazonaws.com",), "iam.amazonaws.com"),
        (("sts.a", "iam.a", "sts.a"), "iam.a,sts.a"),
        (("iam.a", "sts.a"), "iam.a,sts.a"),
    ],
)
def test_a_choice_of_sources_has_one_text(sources: tuple[str, ...] | None, text: str) -> None:
    """The same set of sources is the same text, whatever its order and repetitions."""
    assert Wanted(sources).text == text


def test_a_source_named_elsewhere_in_a_record_does_not_make_it_a_candidate() -> None:
    """Only `eventSource` says of which source a record is."""
    mention = PUT.replace(b'"bucketName":"b"', b'"bucketName":"organizations.amazonaws.com"')
    body = log_file_of(mention)
    assert scan_log_file(packed(body), ORGANIZATIONS) == ScannedLogFile(1, (), len(body), None, ())


@pytest.mark.parametrize(
    "record",
    [
        b'{"eventVersion":"1.11","eventName":"CreateOrganizationalUnit"}',
        b'{"eventSource":"organizations.amazonaws.com","x":NaN}',
        b'{"eventSource":"organizations.amazonaws.com","x":"\\ud800"}',
        b'{"eventSource":["organizations.amazonaws.com"]}',
        b'{"eventSource":"organizations.amazonaws.com","x":"\xff"}',
        b'{"eventSource":"organizations.amazonaws.com","x":%s%s}' % (b"[" * 9999, b"]" * 9999),
        b"null",
        b'"organizations.amazonaws.com"',
    ],
    ids=lambda record: repr(record[:70]),
)
def test_a_record_of_which_nobody_can_tell_is_a_candidate(record: bytes) -> None:
    """What has no readable source is kept, so that it is reported and not lost."""
    scanned = scan_log_file(packed(log_file_of(record, CREATE)), ORGANIZATIONS)
    assert scanned.candidates == (
        Candidate(0, RawRecord(record)),
        Candidate(1, RawRecord(CREATE)),
    )


def test_a_record_without_source_is_only_counted_where_no_wanted_source_is() -> None:
    """A log file that names no wanted source is not parsed: its records are counted, as documented."""
    sourceless = b'{"eventVersion":"1.11","eventName":"CreateOrganizationalUnit"}'
    scanned = scan_log_file(packed(log_file_of(sourceless, PUT)), ORGANIZATIONS)
    assert (scanned.records, scanned.candidates) == (2, ())


@pytest.mark.parametrize(
    ("stored", "hash_all", "expected"),
    [
        (packed(BODY), False, sha256(BODY)),
        (packed(BODY), True, sha256(BODY)),
        (packed(log_file_of(PUT)), False, None),
        (packed(log_file_of(PUT)), True, sha256(log_file_of(PUT))),
        (packed(b"[" + PUT + b"]"), False, None),
        (packed(b"[" + PUT + b"]"), True, sha256(b"[" + PUT + b"]")),
        (packed(log_file_of()), False, None),
        (packed(log_file_of()), True, sha256(log_file_of())),
        (BODY, False, sha256(BODY)),
        (STORED + STORED, False, sha256(BODY + BODY)),
    ],
    ids=range(10),
)
def test_the_hash_is_of_the_uncompressed_bytes_and_given_when_promised(
    stored: bytes,
    hash_all: bool,  # noqa: FBT001  # a row of the table
    expected: str | None,  # a row of the table
) -> None:
    """The hash is that of a digest, given with candidates or when asked for, else None."""
    assert scan_log_file(stored, ORGANIZATIONS, hash_all=hash_all).sha256 == expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (STORED, Inflated(BODY)),
        (gzip.compress(BODY, 1, mtime=1_795_356_300), Inflated(BODY)),
        (BODY, Inflated(BODY, ("plain",))),
        (b"not JSON", Inflated(b"not JSON", ("plain",))),
        (packed(b""), Inflated(b"")),
        (packed(BODY) + packed(PUT), Inflated(BODY + PUT, ("gzip_members",))),
        (STORED + STORED, Inflated(BODY + BODY, ("gzip_members",))),
        (STORED + packed(b""), Inflated(BODY, ("gzip_members",))),
        (STORED + b"x", Inflated(BODY, ("trailing_bytes",))),
        (STORED + b"\0" * 512, Inflated(BODY, ("trailing_bytes",))),
        (STORED + b"\x1f\x8b", Inflated(BODY, ("trailing_bytes",))),
        (STORED + b"{}" * 2, Inflated(BODY, ("trailing_bytes",))),
        (STORED + STORED + b"\n", Inflated(BODY + BODY, ("gzip_members", "trailing_bytes"))),
    ],
    ids=range(13),
)
def test_every_way_of_storing_gives_the_bytes_and_its_deviations(
    stored: bytes, expected: Inflated
) -> None:
    """All that is stored is inflated, and how it differs from delivery is said."""
    assert inflate(stored) == expected


def test_trailing_bytes_that_repeat_the_length_change_no_record() -> None:
    """What follows the member goes unseen if its last four bytes are the member's length."""
    stored = STORED + b"evidence?" + len(BODY).to_bytes(4, "little")
    assert inflate(stored) == Inflated(BODY)


def test_members_are_read_as_one_text() -> None:
    """Several members, identical or not, give the records of all of them."""
    both = scan_log_file(STORED + STORED, ORGANIZATIONS)
    assert (both.records, [found.position for found in both.candidates]) == (4, [0, 2])
    halves = packed(BODY[:50]) + packed(BODY[50:])
    assert scan_log_file(halves, ORGANIZATIONS) == ScannedLogFile(
        2, FOUND, len(BODY), sha256(BODY), ("gzip_members",)
    )


def test_a_gzip_header_within_the_compressed_bytes_is_no_second_member() -> None:
    """Compressed bytes that happen to hold the header of a member change nothing."""
    body = b'{"Records":[],"x":"\x1f\x8b\x08"}'
    stored = zlib.compress(body, 0, wbits=31)
    assert stored.count(b"\x1f\x8b\x08") == 2
    assert inflate(stored) == Inflated(body)


@pytest.mark.parametrize("length", range(len(STORED)))
def test_a_truncated_log_file_is_refused_wherever_it_ends(length: int) -> None:
    """No prefix of a log file is taken for one."""
    with pytest.raises(DecodeError) as raised:
        scan_log_file(STORED[:length], ORGANIZATIONS)
    short = {0: "empty", 1: "not_json", 2: "corrupt_gzip"}
    assert raised.value.reason == short.get(length, "truncated_gzip")


@pytest.mark.parametrize("length", [1, len(STORED) // 2, len(STORED) - 1])
def test_a_truncated_second_member_is_refused(length: int) -> None:
    """A second member without its end is no trailing junk, unless it has not even a header."""
    if length < len(b"\x1f\x8b\x08"):
        assert inflate(STORED + STORED[:length]) == Inflated(BODY, ("trailing_bytes",))
    else:
        assert reason_for(STORED + STORED[:length]) == (
            "truncated_gzip",
            "the gzip data ends before its trailer",
        )


def test_no_flipped_bit_changes_what_is_read() -> None:
    """Any one flipped bit is refused, or stood where it says nothing of the bytes."""
    refused = Counter()
    for bit in range(len(STORED) * 8):
        damaged = bytearray(STORED)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            assert scan_log_file(bytes(damaged), ORGANIZATIONS) == SCANNED
        except DecodeError as error:
            refused[error.reason] += 1
    assert refused.keys() == {"not_json", "corrupt_gzip", "truncated_gzip"}
    assert refused.total() > len(STORED) * 7


def test_a_wrong_checksum_is_refused() -> None:
    """A checksum that is not that of the bytes is damage, in words."""
    damaged = STORED[:-8] + bytes([STORED[-8] ^ 1]) + STORED[-7:]
    assert reason_for(damaged) == (
        "corrupt_gzip",
        "the gzip data is damaged: incorrect data check",
    )


@pytest.mark.parametrize("claim", [0, 1, len(BODY) - 1, len(BODY) + 1, len(BODY) * 2, 2**32 - 1])
def test_a_wrong_length_in_the_trailer_is_refused(claim: int) -> None:
    """The claimed length is checked, and no memory is taken on its word."""
    assert reason_for(STORED[:-4] + claim.to_bytes(4, "little")) == (
        "corrupt_gzip",
        "the gzip data is damaged: incorrect length check",
    )


@pytest.mark.parametrize(
    ("stored", "reason", "message"),
    [
        (b"", "empty", "the log file is empty"),
        (packed(b""), "empty", "the log file is empty"),
        (packed(b"\n"), "empty", "the log file is empty"),
        (
            b"PK\x03\x04",
            "unsupported_form",
            "the file is a ZIP archive; unpack it and load the folder",
        ),
        (
            packed(b"<html>"),
            "not_json",
            "expected a JSON object or array at byte 0, found '<html>'",
        ),
        (packed(b'{"a":1}'), "unknown_envelope", "no CloudTrail records in '{\"a\":1}'"),
        (
            b"\x1f\x8b\x07" + STORED[3:],
            "corrupt_gzip",
            "the gzip header is not one of CloudTrail's",
        ),
        (packed(BODY[:-2]), "not_json", "the JSON ends before its brackets close"),
    ],
    ids=range(8),
)
def test_what_is_no_log_file_is_refused_in_words(stored: bytes, reason: str, message: str) -> None:
    """Each kind of unusable file has its reason and one line that says it."""
    with pytest.raises(DecodeError) as raised:
        scan_log_file(stored, ORGANIZATIONS)
    assert (raised.value.reason, str(raised.value)) == (reason, message)


@pytest.mark.parametrize("claim", [None, 0, 100, SMALL_CAP, 2**32 - 1])
def test_a_bomb_is_refused_whatever_it_claims(small_cap: int, claim: int | None) -> None:
    """What inflates to more than the cap is refused before it has."""
    stored = packed(b" " * 1_000_000)
    if claim is not None:
        stored = stored[:-4] + claim.to_bytes(4, "little")
    assert reason_for(stored) == (
        "inflates_too_large",
        "the log file has more than 4,096 uncompressed bytes",
    )


@pytest.mark.parametrize(
    "stored",
    [
        b" " * (SMALL_CAP + 1),
        packed(b" " * (SMALL_CAP + 1)),
        packed(b" " * SMALL_CAP) + packed(b" "),
        packed(b" " * 3000) * 2,
    ],
    ids=["plain", "packed", "one byte in a second member", "two halves"],
)
def test_the_cap_holds_for_the_whole_file(small_cap: int, stored: bytes) -> None:
    """Neither plain text nor many members get around the cap."""
    assert reason_for(stored) == (
        "inflates_too_large",
        "the log file has more than 4,096 uncompressed bytes",
    )


def test_a_log_file_of_exactly_the_cap_is_read(small_cap: int) -> None:
    """The cap itself is still allowed, in every way of storing."""
    body = b" " * small_cap
    assert inflate(packed(body)) == Inflated(body)
    assert inflate(body) == Inflated(body, ("plain",))
    assert inflate(packed(body) + packed(b"")) == Inflated(body, ("gzip_members",))


def test_many_empty_members_take_no_long_time() -> None:
    """A file of a megabyte is read in a moment, whatever it is made of."""
    stored = packed(b"") * 60_000
    begin = time.perf_counter()
    inflate(stored)
    assert time.perf_counter() - begin < 10  # quadratic work took minutes


TEXTS = st.text() | st.sampled_from(
    ['{"eventVersion":"1.08"', '"}]}', '{"Records":[{"eventVersion":"1.08"', '\\"', "[{", "}]}"]
)
NAMES = (TEXTS | st.sampled_from(["a", "eventName", "requestParameters"])).filter(
    lambda name: name not in {"eventVersion", "eventSource"}
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
        | st.builds(lambda value: {"a": value, "eventVersion": "1.08"}, inner)
    ),
    max_leaves=5,
)
VERSIONS = st.sampled_from(["1.0", "1.01", "1.05", "1.08", "1.10", "1.11"])
RECORDS = st.lists(
    st.builds(
        lambda version, more: {"eventVersion": version, "eventSource": "s3.amazonaws.com", **more},
        VERSIONS,
        st.dictionaries(NAMES, VALUES, max_size=3),
    ),
    max_size=4,
)


def scanned_fast_and_slow(records: list[Any], how: dict[str, Any]) -> list[int]:
    """How many records a delivered log file has, by its openings and by reading it."""
    body = json.dumps({"Records": records}, separators=(",", ":"), **how).encode()
    fast = scan_log_file(packed(body), ORGANIZATIONS)
    return [fast.records, scan_log_file(packed(body), EVERYTHING).records]


@given(records=RECORDS, ascii_only=st.booleans())
@example(records=[{"eventVersion": "1.08", "x": '{"eventVersion":"1.08"'}], ascii_only=True)
@example(records=[{"eventVersion": "1.08", "x": "}]}"}] * 2, ascii_only=True)
def test_records_are_counted_the_same_without_reading_them(
    records: list[Any],
    ascii_only: bool,  # noqa: FBT001  # hypothesis gives it by name
) -> None:
    """Law: a log file as delivered and without a hit has the count that reading it gives."""
    assert scanned_fast_and_slow(records, {"ensure_ascii": ascii_only}) == [len(records)] * 2


@pytest.mark.parametrize("nested", [{"eventVersion": "1.08"}, [{"eventVersion": "1.08", "a": 1}]])
def test_a_record_within_a_record_does_not_count(nested: Any) -> None:
    """A nested object is no record, also if it begins like one."""
    record = {"eventVersion": "1.08", "requestParameters": {"event": nested}}
    assert scanned_fast_and_slow([record], {}) == [1, 1]


@given(
    stored=st.binary() | st.binary().map(lambda rest: STORED[:20] + rest) | st.binary().map(packed)
)
def test_any_bytes_are_scanned_or_refused(stored: bytes) -> None:
    """Law: whatever is stored, it is scanned or refused with a DecodeError."""
    try:
        said = scan_log_file(stored, ORGANIZATIONS, hash_all=True).sha256 or ""
    except DecodeError as error:
        said = str(error)
    assert len(said.splitlines()) == 1
