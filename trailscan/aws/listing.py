"""The responses of ListObjectsV2, each checked to be one.

A proxy's HTML page with status 200 reads as an empty listing to boto3 and to obstore alike, and
would end a listing early in silence. botocore's own parser takes 50 ms for 1,000 keys; this one
takes 3, which makes listings through boto3 as fast as S3 sends them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from mypy_boto3_s3 import S3Client

PAGE = "Page"
"""The name of the parsed page in the response of `list_objects_v2`; its value may be None."""

_OK = 200
_DIGITS = re.compile(r"[0-9]{1,16}")
_ETAG = re.compile(r"[!-~]{1,256}")
"""An ETag goes into the header of a request: no line end may."""
_LONGEST_KEY = 4096  # bytes; S3 allows 1,024, others more
_LARGEST = 2**50  # bytes; the largest object of S3 has 50 TB
_MOST_KEYS = 1_000_000  # S3 gives 1,000 a page
_NOTHING = b"<ListBucketResult/>"


class Listed(NamedTuple):
    """One object of a listing; the ETag without its quotes, the storage class empty if unsaid."""

    key: str
    size: int
    etag: str
    storage_class: str = ""


class Page(NamedTuple):
    """One response: common prefixes, objects, and the token of the next page, or None."""

    folders: list[str]
    objects: list[Listed]
    token: str | None


def parse_pages(client: S3Client) -> None:
    """Let a client parse listings with `parse_page` instead of botocore's parser."""
    client.meta.events.register("before-parse.s3.ListObjectsV2", _before_parse)


def _before_parse(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Take the body of a good response, and leave botocore an empty one."""
    if response_dict["status_code"] == _OK:
        customized_response_dict[PAGE] = parse_page(response_dict["body"])
        response_dict["body"] = _NOTHING


def parse_page(body: bytes) -> Page | None:
    """A page of a listing; None if the body is not one, or has fewer objects than it counts."""
    try:
        root = ET.fromstring(body)  # noqa: S314  # expat refuses expanding entities
    except ET.ParseError:
        return None
    space, _, name = root.tag.rpartition("}")
    space = f"{space}}}" if space else ""
    said = {child.tag.removeprefix(space): child.text or "" for child in root if not len(child)}
    counted = _number(said.get("KeyCount", ""), _MOST_KEYS)
    if name != "ListBucketResult" or counted is None:
        return None
    encoded = said.get("EncodingType") == "url"
    try:
        objects = [_listed(one, space, encoded=encoded) for one in root.iter(f"{space}Contents")]
        prefixes = [one[0].text or "" for one in root.iter(f"{space}CommonPrefixes")]
    except (KeyError, ValueError, IndexError):
        return None
    token = said.get("NextContinuationToken") if said.get("IsTruncated") == "true" else None
    # S3 counts common prefixes too, not all that resemble it do
    if counted not in (len(objects), len(objects) + len(prefixes)):
        return None
    if token is None and said.get("IsTruncated") != "false":
        return None
    return Page([_text(one, encoded=encoded) for one in prefixes], objects, token)


def _listed(found: Element, space: str, *, encoded: bool) -> Listed:
    """One `Contents`."""
    values = {child.tag: child.text or "" for child in found}
    key = _text(values[f"{space}Key"], encoded=encoded)
    size, etag = _number(values[f"{space}Size"], _LARGEST), values[f"{space}ETag"].strip('"')
    if size is None or not _ETAG.fullmatch(etag) or len(key.encode()) > _LONGEST_KEY:
        raise ValueError("no object of S3 is like this")
    return Listed(key, size, etag, values.get(f"{space}StorageClass", ""))


def _number(text: str, most: int) -> int | None:
    """A number in decimal digits up to a limit, or None."""
    if not _DIGITS.fullmatch(text) or int(text) > most:
        return None
    return int(text)


def _text(text: str, *, encoded: bool) -> str:
    """A key or prefix as it is."""
    return unquote_plus(text) if encoded else text
