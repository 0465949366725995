"""Where signed things are found: what a bucket and key in a digest mean in the archive at hand.

In the bucket that CloudTrail delivers to, a signed key is the key. In a copy, in another bucket or
on a disk, it stands under another prefix, and the copy's objects may have lost their metadata.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOLDERS = "AWSLogs"
_WILD = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|\0")  # an empty or dotted part
_LEAST = 7  # account, CloudTrail-Digest, region, year, month, day, name


class Place(NamedTuple):
    """What stands where.

    Attributes:
        bucket: the bucket that CloudTrail delivered to; None when a copy does not tell.
        here: the prefix of keys in the archive.
        there: the prefix of the same keys as signed.
        copy: it is not the bucket that CloudTrail delivered to.
    """

    bucket: str | None
    here: str = ""
    there: str = ""
    copy: bool = False

    def find(self, key: str) -> str | None:
        """Where a signed key is in the archive; None when it would be outside of it."""
        if not key.startswith(self.there) or not _is_tame(key):
            return None
        return self.here + key[len(self.there) :]

    def sign(self, key: str) -> str | None:
        """The signed form of a key of the archive, or None."""
        if not key.startswith(self.here):
            return None
        return self.there + key[len(self.here) :]

    def is_here(self, bucket: str) -> bool:
        """Whether a signed bucket is the one at hand."""
        return self.bucket is None or bucket == self.bucket


def guess_place(found: Iterable[tuple[str, str]]) -> Place | None:
    """The place of a copy of which nothing is said, from its digests; None when none fits.

    From `AWSLogs/` on, or from the account's folder where a copy starts below that, a digest must
    stand as it was signed; what comes before is what most of the digests agree on.

    Args:
        found: for each digest the key where it is and the key that it was signed with.
    """
    votes = Counter(filter(None, (_prefixes(here, there) for here, there in found)))
    if not votes:
        return None
    here, there = max(sorted(votes), key=votes.__getitem__)
    return Place(None, here, there, copy=True)


def _prefixes(here: str, there: str) -> tuple[str, str] | None:
    """What stands before the end that two keys share, or None when they share too little."""
    left, right = here.split("/"), there.split("/")
    same = 0
    while same < min(len(left), len(right)) and left[-1 - same] == right[-1 - same]:
        same += 1
    before = left[: len(left) - same], right[: len(right) - same]
    if same < _LEAST or all(_FOLDERS in parts for parts in before):
        return None
    here, there = ("/".join([*parts, ""]) if parts else "" for parts in before)
    return here, there


def _is_tame(key: str) -> bool:
    """Whether a key names nothing outside of its folder on a disk, and nothing twice."""
    if "/." not in key and "//" not in key and key[:1] not in ("", "/", ".") and "\0" not in key:
        return key[-1] != "/"
    return key != "" and not _WILD.search(key)
