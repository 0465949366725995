"""`parse_page`: an answer of ListObjectsV2 is a page, or is recognized as none."""

from __future__ import annotations

import pytest

from trailscan.aws.listing import Listed, Page, parse_page

SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def answer(inside: str, space: str = SPACE) -> bytes:
    """A listing as S3 writes it."""
    name = f' xmlns="{space}"' if space else ""
    body = f"<ListBucketResult{name}>{inside}</ListBucketResult>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'.encode()


LAST = "<KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>"
OBJECT = "<Contents><Key>{}</Key><Size>7</Size><ETag>&quot;ab&quot;</ETag></Contents>"
PREFIX = "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>"
ONE = "<KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>"


@pytest.mark.parametrize(
    ("body", "page"),
    [
        (answer(LAST), Page([], [], None)),
        (answer(ONE + OBJECT.format("a b+c")), Page([], [Listed("a b+c", 7, "ab")], None)),
        (answer(ONE + OBJECT.format("k"), space=""), Page([], [Listed("k", 7, "ab")], None)),
        (
            answer(ONE + "<EncodingType>url</EncodingType>" + OBJECT.format("a+b%2Fc%00")),
            Page([], [Listed("a b/c\0", 7, "ab")], None),
        ),
        (answer(ONE + PREFIX.format("AWSLogs/")), Page(["AWSLogs/"], [], None)),
        (
            answer(
                "<KeyCount>2</KeyCount><IsTruncated>true</IsTruncated>"
                "<NextContinuationToken>t==</NextContinuationToken>"
                + OBJECT.format("k")
                + PREFIX.format("f/")
            ),
            Page(["f/"], [Listed("k", 7, "ab")], "t=="),
        ),
        (
            answer(ONE + OBJECT.format("k") + PREFIX.format("f/")),
            Page(["f/"], [Listed("k", 7, "ab")], None),
        ),
    ],
    ids=["empty", "an object", "no namespace", "encoded", "a prefix", "more", "prefixes uncounted"],
)
def test_a_page_has_folders_objects_and_the_token_of_the_next(body, page):
    """As S3 and servers like it write them."""
    assert parse_page(body) == page


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Sign in</body></html>",
        b"<html><body>Sign in<br></html>",
        answer(LAST)[:-3],
        answer("<IsTruncated>false</IsTruncated>"),
        answer("<KeyCount>many</KeyCount><IsTruncated>false</IsTruncated>"),
        answer("<KeyCount>2</KeyCount><IsTruncated>false</IsTruncated>" + OBJECT.format("k")),
        answer("<KeyCount>0</KeyCount>"),
        answer("<KeyCount>0</KeyCount><IsTruncated>true</IsTruncated>"),
        answer(ONE + "<Contents><Key>k</Key></Contents>"),
        answer(ONE + OBJECT.format("k").replace("7", "seven")),
        answer(ONE + "<CommonPrefixes></CommonPrefixes>"),
    ],
    ids=["nothing", "a proxy's page", "no XML", "cut short", "no count", "no number",
         "fewer than counted", "not said whether it is the last", "no token",
         "an object without a size", "a size that is none", "a prefix without a name"],
)  # fmt: skip
def test_what_is_no_page_is_none(body):
    """A proxy's page with status 200 must not read as an empty listing."""
    assert parse_page(body) is None
