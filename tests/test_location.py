"""Where a thing was read, and how that is shown."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailscan.errors import PlaceError, TrailscanError
from trailscan.location import (
    LOCAL,
    STDIN,
    Location,
    S3Location,
    key_text,
    object_uri,
    parse_bucket,
    parse_s3_uri,
    parse_uri,
)


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (Location("logs", "AWSLogs/k.json.gz"), "s3://logs/AWSLogs/k.json.gz"),
        (Location("logs", "AWSLogs/k.json.gz", 0), "s3://logs/AWSLogs/k.json.gz#0"),
        (Location("logs", "k.json.gz", 17), "s3://logs/k.json.gz#17"),
        (Location("logs", "/leading//slashes"), "s3://logs//leading//slashes"),
        (Location(LOCAL, "var/log/k.json.gz", 3), "/var/log/k.json.gz#3"),
        (Location(STDIN, "0123456789abcdef" * 4, 3), "stdin:0123456789ab#3"),
    ],
)
def test_a_location_is_shown_as_what_one_would_search_for(location: Location, shown: str) -> None:
    """S3 objects are URIs, local files paths, standard input its hash; records are numbered."""
    assert str(location) == shown


def test_a_record_stands_in_its_log_file() -> None:
    """The location of a record is that of its log file with a number."""
    assert Location("logs", "k", None).record(2) == Location("logs", "k", 2)


@pytest.mark.parametrize(
    ("bucket", "key", "uri"),
    [
        ("logs", "a b+c%20d", "s3://logs/a b+c%20d"),
        (LOCAL, "var/log/k", "/var/log/k"),
        (STDIN, "ab" * 32, "stdin:abababababab"),
    ],
)
def test_a_uri_keeps_the_key_as_it_is(bucket: str, key: str, uri: str) -> None:
    """Nothing is escaped in a URI: the key can be copied out of it."""
    assert object_uri(bucket, key) == uri


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("AWSLogs/k.json.gz", "AWSLogs/k.json.gz"),
        ("ünï/日本/😀", "ünï/日本/😀"),
        ("line\nbreak", "line\nbreak"),
        (os.fsdecode(b"caf\xe9.json"), "caf\\udce9.json"),
        ("\ud800", "\\ud800"),
    ],
)
def test_a_key_that_is_no_unicode_becomes_text(key: str, text: str) -> None:
    """What UTF-8 cannot hold is shown by its code, all else stays."""
    assert key_text(key) == text


@given(key=st.text(st.characters(exclude_categories=())))
def test_the_text_of_any_key_can_be_stored(key: str) -> None:
    """Law: whatever the file name, its text is valid UTF-8, and doing it twice changes nothing."""
    text = key_text(key)
    assert key_text(text.encode().decode()) == text


@given(bucket=st.sampled_from(["my-trail", "logs", LOCAL]), key=st.text(min_size=1))
def test_a_uri_is_read_back(bucket: str, key: str) -> None:
    """Law: of S3 and of files the URI tells bucket and key, whatever the key is."""
    assert parse_uri(object_uri(bucket, key)) == Location(bucket, key)


@pytest.mark.parametrize("uri", ["stdin:abababababab", "event-history:1/us-east-1", "s3://x", ""])
def test_what_is_neither_in_s3_nor_a_file_has_no_place(uri: str) -> None:
    """What came otherwise cannot be held against digests."""
    assert parse_uri(uri) is None


@pytest.mark.parametrize(
    ("uri", "location", "folder"),
    [
        ("s3://logs", S3Location("logs", ""), ""),
        ("s3://logs/", S3Location("logs", ""), ""),
        ("s3://logs/a/b", S3Location("logs", "a/b"), "a/b/"),
        ("s3://logs/a/b/", S3Location("logs", "a/b/"), "a/b/"),
        ("s3://file/a", S3Location("file", "a"), "a/"),
    ],
)
def test_an_s3_uri_has_a_bucket_and_a_prefix(uri: str, location: S3Location, folder: str) -> None:
    """The prefix as written, or as a folder; `s3://` may be missing where only S3 is possible."""
    assert parse_s3_uri(uri) == parse_bucket(uri.removeprefix("s3://")) == location
    assert location.folder == folder
    assert str(location) == (f"{uri}/" if uri == "s3://logs" else uri)


@pytest.mark.parametrize("path", ["", "-", "logs/a", "/var/s3://logs", "event-history"])
def test_a_path_is_no_s3_uri(path: str) -> None:
    """Whatever does not begin with `s3://` is something else."""
    assert parse_s3_uri(path) is None


@pytest.mark.parametrize("uri", ["https://x/y", "gs://x", "s3:/x", "S3://x", "file:///x"])
def test_a_uri_of_another_kind_is_a_usage_error(uri: str) -> None:
    """As a path it would be a folder named `https:`; whoever means that writes `./https:`."""
    with pytest.raises(PlaceError, match="neither a path nor an S3 URI") as caught:
        parse_s3_uri(uri)
    assert caught.value.exit_code == 2
    assert parse_s3_uri(f"./{uri}") is None


@pytest.mark.parametrize("uri", ["s3://", "s3:///a"])
def test_an_s3_uri_without_a_bucket_is_an_error(uri: str) -> None:
    """It says what was expected."""
    with pytest.raises(TrailscanError, match=r"names no bucket") as caught:
        parse_s3_uri(uri)
    assert caught.value.hint == "expected s3://bucket/prefix"
