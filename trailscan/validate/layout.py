"""The layout of an archive: which of its keys is meant by a bucket and key in a signed digest.

In the bucket that CloudTrail delivers to, a signed key is the key of the object. In a copy, which
is in another bucket or on a disk, the object may have another prefix and no metadata.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOLDERS = "AWSLogs"
_GZIPPED = ".gz"
_WILD = re.compile(r"(?:^|/)\.{0,2}(?:/|$)|\0")  # an empty or dotted part
_LEAST = 7  # account, CloudTrail-Digest, region, year, month, day, name


class ArchiveLayout(NamedTuple):
    """How keys in signed digests relate to keys in the archive.

    Attributes:
        bucket: the bucket that CloudTrail delivered to; None if that is not known of a copy.
        prefix: the prefix of keys in the archive.
        signed_prefix: the prefix of the same keys as they were signed.
        copy: the archive is not the bucket that CloudTrail delivered to.
    """

    bucket: str | None
    prefix: str = ""
    signed_prefix: str = ""
    copy: bool = False

    def archive_key(self, signed: str) -> str | None:
        """The key in the archive of a signed key; None if it would be outside the archive."""
        if not signed.startswith(self.signed_prefix) or not _is_tame(signed):
            return None
        return self.prefix + signed[len(self.signed_prefix) :]

    def signed_key(self, key: str) -> str | None:
        """The signed key of a key in the archive; None for a key outside the archive."""
        if not key.startswith(self.prefix):
            return None
        signed = self.signed_prefix + key[len(self.prefix) :]
        return delivered_name(signed) if self.copy else signed

    def is_of(self, bucket: str) -> bool:
        """Whether a signed bucket is the one that this archive holds the objects of."""
        return self.bucket is None or bucket == self.bucket


def delivered_name(key: str) -> str:
    """A key as CloudTrail delivers it; `gunzip` takes the `.gz` from the names of a copy."""
    return key if key.endswith(_GZIPPED) else f"{key}{_GZIPPED}"


def guess_layout(digests: Iterable[tuple[str, str]]) -> ArchiveLayout | None:
    """The layout of a copy of an unknown bucket, from its digests; None if no digest tells.

    From `AWSLogs/` on, or from the account's folder if the copy starts below that, the key of a
    digest must be as it was signed. The prefixes before that are those that most digests have.

    Args:
        digests: the key of each digest in the archive, and the key that it was signed with.
    """
    votes = Counter(filter(None, (_prefixes(key, signed) for key, signed in digests)))
    if not votes:
        return None
    prefix, signed_prefix = max(sorted(votes), key=votes.__getitem__)
    return ArchiveLayout(None, prefix, signed_prefix, copy=True)


def _prefixes(key: str, signed: str) -> tuple[str, str] | None:
    """What two keys have before the end that they share; None if they share too little."""
    named = delivered_name(key) if signed.endswith(_GZIPPED) else key
    left, right = named.split("/"), signed.split("/")
    same = 0
    while same < min(len(left), len(right)) and left[-1 - same] == right[-1 - same]:
        same += 1
    before = left[: len(left) - same], right[: len(right) - same]
    if same < _LEAST or all(_FOLDERS in parts for parts in before):
        return None
    prefix, signed_prefix = ("/".join([*parts, ""]) if parts else "" for parts in before)
    return prefix, signed_prefix


def _is_tame(key: str) -> bool:
    """Whether a key, as a path on a disk, stays inside its folder and has only one spelling."""
    if "/." not in key and "//" not in key and key[:1] not in ("", "/", ".") and "\0" not in key:
        return key[-1] != "/"
    return key != "" and not _WILD.search(key)
