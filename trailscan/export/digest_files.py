"""The signed digests of a package: which cover its day, as files that are the same everywhere."""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from trailscan.errors import DecodeError
from trailscan.reports.quiet import Place, merged_windows
from trailscan.table import Column, Table, rows_of
from trailscan.trail.digest import Digest, decode_digest, parse_digest_key
from trailscan.window import Window, format_instant, shifted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trailscan.reports.missing import Question
    from trailscan.store.reader import StoreReader

FOLDER = "digests/"
INDEX = f"{FOLDER}index.csv"
PUBLIC_KEYS = f"{FOLDER}public-keys.json"

_DAYS_AROUND = (-1, 0, 1, 2)
"""A digest is filed under the day of its end: an hour after the last log file that it names, or a
day where digests are written daily."""

_BLOCK = 65_535  # the most bytes of a stored block of DEFLATE
_PLAIN = re.compile(r"(?!\.\.?/)[A-Za-z0-9._=+-]{1,255}(?:/(?!\.\.?/)[A-Za-z0-9._=+-]{1,255})*")
_ALGORITHM = "SHA256withRSA"


@dataclass(frozen=True, slots=True)
class DigestFile:
    """One digest of a package.

    Attributes:
        path: of its file in the package.
        row: of the store.
        digest: its content, as signed.
    """

    path: str
    row: dict[str, Any]
    digest: Digest

    @property
    def place(self) -> Place:
        """The account and region whose log files it names."""
        return Place(self.row["account_id"], self.row["region"])

    @property
    def is_proved(self) -> bool:
        """Whether a validation found that AWS wrote it."""
        return self.row["proof"] is not None

    def previous(self, name: str) -> str | None:
        """What it says of the digest before it: its bucket, key or SHA-256."""
        before = self.digest.previous
        return None if before is None else str(getattr(before, name))

    @property
    def data(self) -> bytes:
        """The bytes of its file."""
        return stored_gzip(self.row["body"])


COLUMNS = (
    Column("path", "Path", "text"),
    Column("bucket", "Bucket", "text", of="digest.bucket"),
    Column("key", "Key", "text", of="digest.key"),
    Column("account_id", "Account", "id", of="place.account_id"),
    Column("region", "Region", "text", of="place.region"),
    Column("start", "Start (UTC)", "instant", of="digest.start"),
    Column("end", "End (UTC)", "instant", of="digest.end"),
    Column("end_text", "End as signed", "text", of="digest.end_text"),
    Column("sha256", "SHA-256", "id", of="digest.sha256"),
    Column("signature", "Signature", "id", of=lambda one: one.row["signature"]),
    Column("signature_algorithm", "Algorithm", "text", of=lambda _: _ALGORITHM),
    Column("fingerprint", "Public key", "id", of="digest.fingerprint"),
    Column("previous_bucket", "Previous bucket", "text", of=lambda one: one.previous("bucket")),
    Column("previous_key", "Previous key", "text", of=lambda one: one.previous("key")),
    Column("previous_sha256", "Previous SHA-256", "id", of=lambda one: one.previous("sha256")),
    Column("previous_signature", "Previous signature", "id", of="digest.previous_signature"),
    Column("log_files", "Log files", "count", of="digest.log_file_count"),
    Column("verdict", "Verdict", "text", of=lambda one: one.row["verdict"]),
    Column("proof", "Proof", "text", of=lambda one: one.row["proof"]),
)
"""A row a digest: what is needed to check its signature and its place in the chain."""


def read_digests(
    store: StoreReader, day: date, question: Question, named: set[tuple[str, str]]
) -> list[DigestFile]:
    """The digests that cover a day, as validations stored them, in order of their paths.

    Args:
        store: what validations wrote.
        day: of the package.
        question: its window of delivery, and the regions it is about.
        named: bucket and key of digests that name its log files.
    """
    days = {shifted(day, timedelta(days=by)) for by in _DAYS_AROUND}
    days |= {found.end.date() for _, key in named if (found := parse_digest_key(key))}
    rows = store.validation("digests", sorted(days)).to_pylist()
    last = {(row["bucket"], row["key"]): row for row in rows}
    chosen = [row for where, row in last.items() if where in named or _touches(row, question)]
    return sorted(_files(chosen), key=lambda one: one.path)


def _touches(row: dict[str, Any], question: Question) -> bool:
    """Whether the time of a digest has something in common with the window of delivery."""
    start, end = row["start"], row["end"]
    if not question.concerns(Place(row["account_id"], row["region"])) or not start or not end:
        return False
    whole = question.delivered
    return (whole.end is None or start < whole.end) and (whole.start is None or end > whole.start)


def _files(rows: Iterable[dict[str, Any]]) -> Iterator[DigestFile]:
    """The digests of which the store has the bytes, each under a path of its own."""
    taken: dict[str, str] = {}
    for row in sorted(rows, key=lambda row: (row["proof"] is None, row["bucket"], row["key"])):
        try:
            digest = decode_digest(row["body"] or b"")
        except DecodeError:
            continue  # there is no body, or what stands in the bucket is no digest
        other = f"{FOLDER}other/{digest.sha256}.json.gz"
        path = f"{FOLDER}{digest.key}" if _is_plain(digest.key) else other
        if taken.get(path, digest.sha256) != digest.sha256:
            path = other
        if path not in taken:  # the same digest in two buckets is one file
            taken[path] = digest.sha256
            yield DigestFile(path, row, digest)


def _is_plain(key: str) -> bool:
    """Whether a key can be a path in the package: relative, without odd letters or names."""
    return _PLAIN.fullmatch(key) is not None and key.endswith(".json.gz")


def uncovered(files: Sequence[DigestFile], delivered: Window) -> Iterator[tuple[Place, Window]]:
    """The spans of a window that no proved digest covers, by account and region."""
    spans: dict[Place, list[Window]] = {}
    for one in files:
        if one.is_proved and one.digest.start <= one.digest.end and not one.row["backfill"]:
            spans.setdefault(one.place, []).append(Window(one.digest.start, one.digest.end))
    for place in sorted(spans, key=str):
        at = delivered.start
        for span in merged_windows(spans[place]):
            if at and span.start and span.start > at:
                yield place, Window(at, min(span.start, delivered.end or span.start))
            at = max(filter(None, (at, span.end)))
        if at and delivered.end and at < delivered.end:
            yield place, Window(at, delivered.end)


def index(files: Sequence[DigestFile], window: Window) -> Table:
    """The table of the digests."""
    return Table("digests", COLUMNS, rows_of(COLUMNS, files), window)


def public_keys(store: StoreReader, files: Sequence[DigestFile]) -> list[dict[str, str]]:
    """The public keys that the digests name, as far as validations stored them."""
    wanted = {one.digest.fingerprint for one in files}
    if not wanted:
        return []
    rows = {row["fingerprint"]: row for row in store.validation("public_keys").to_pylist()}
    return [
        {
            "fingerprint": name,
            "der": base64.b64encode(rows[name]["value"]).decode(),
            "valid_from": format_instant(rows[name]["valid_from"]),
            "valid_to": format_instant(rows[name]["valid_to"]),
            "source": rows[name]["origin"],
        }
        for name in sorted(wanted & rows.keys())
    ]


def keys_file(keys: Sequence[dict[str, str]]) -> bytes:
    """The file of the public keys."""
    return (json.dumps(keys, indent=2) + "\n").encode()


def stored_gzip(data: bytes) -> bytes:
    """Bytes as gzip without compression: the same on every machine, whatever its zlib."""
    parts = [b"\x1f\x8b\x08\0\0\0\0\0\0\xff"]
    for at in range(0, len(data) or 1, _BLOCK):
        block = data[at : at + _BLOCK]
        is_last = at + _BLOCK >= len(data)
        parts += [struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF), block]
    return b"".join((*parts, struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)))
