"""Reads digests; of those that nothing proves yet only a bounded part is held in memory.

Whoever may write to an archive can plant digests of any number and, within a limit, any size. A
digest that its own signature proves is held as it is. Of any other one at most its head is held
once they fill the room for them; its log files are read again if its chain proves it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from trailscan.errors import DecodeError, TrailscanError
from trailscan.ingest.reading import LargeOneAtATime, read_listed
from trailscan.ingest.room import Room
from trailscan.trail.digest import MAX_DIGEST_BYTES, decode_digest, decode_signature
from trailscan.validate.chain import DigestFile
from trailscan.validate.keys import is_signed

if TYPE_CHECKING:
    from trailscan.buckets import Bucket, StoredObject
    from trailscan.ingest.validation.key_ring import KeyRing
    from trailscan.ingest.validation.units import ListedDigest
    from trailscan.trail.digest import Digest, Signature
    from trailscan.validate.verdicts import DigestVerdict

LARGE_DIGEST = 1024 * 1024
"""A digest that inflates to more bytes is large: one such digest is in memory at a time."""

ROOM = 128 * 1024 * 1024
"""How many bytes the digests that nothing proves yet may take, of all units together."""

_SMALL = 64 * 1024
_LOG_FILE_BYTES = 512  # what an attested log file takes in memory


class ReadDigest(NamedTuple):
    """A digest that was read: the file, how many bytes were read, how many it takes unproved."""

    file: DigestFile
    stored_bytes: int
    unproved_bytes: int = 0


class DigestReader:
    """Reads digests of one archive; many threads may share it."""

    def __init__(self, bucket: Bucket, keys: KeyRing) -> None:
        self._bucket = bucket
        self._keys = keys
        self._large = LargeOneAtATime(LARGE_DIGEST)
        self._room = Room(ROOM)

    def read(self, listed: ListedDigest) -> ReadDigest:
        """Read and decode one digest; a failure is part of the result."""
        info, name = listed.info, listed.name
        file = DigestFile(self._bucket.name, info.key, name, None, context=listed.context)
        if info.size > MAX_DIGEST_BYTES:
            words = f"{info.size:,} bytes; a digest has a few thousand"
            return ReadDigest(replace(file, failure=("too_large", words)), 0)
        try:
            stored = read_listed(self._bucket, info, self._bucket.read_with_metadata, _length)
        except (TrailscanError, DecodeError) as error:
            return ReadDigest(replace(file, failure=("unreadable", str(error)), unread=True), 0)
        signature = decode_signature(stored.metadata, backfill=name.chain.backfill)
        try:
            digest, size = self._large.run(
                lambda most: self._decode(info.key, stored.data, signature, most)
            )
        except DecodeError as error:
            where = "" if error.json_path == "$" else f" (at {error.json_path})"
            failed = replace(file, failure=(error.reason, f"{error}{where}"))
            return ReadDigest(failed, info.size)
        return ReadDigest(replace(file, digest=digest, signature=signature), info.size, size)

    def _decode(
        self, key: str, stored: bytes, signature: Signature | None, most: int | None
    ) -> tuple[Digest, int]:
        """A digest, or its head if it is large and unproved; and the bytes it takes unproved."""
        digest = decode_digest(stored, most)
        size = len(stored) + _LOG_FILE_BYTES * digest.log_file_count
        if self._is_proved(key, digest, signature):
            return digest, 0
        return (digest, size) if size <= _SMALL else (digest.head, 0)

    def _is_proved(self, key: str, digest: Digest, signature: Signature | None) -> bool:
        """Whether a known key signed a digest for its own name; not for a copy elsewhere."""
        known = self._keys.known.get(digest.fingerprint)
        if (
            known is None
            or signature is None
            or digest.key.rpartition("/")[2] != key.rpartition("/")[2]
        ):
            return False
        return is_signed(digest.signed_text, signature.signature, known)

    def hold(self, found: ReadDigest) -> tuple[DigestFile, int]:
        """The file as it is held, and how many bytes of the room it takes until `release`."""
        file, size = found.file, found.unproved_bytes
        if not size or file.digest is None:
            return file, 0
        if self._room.take(size):
            return file, size
        return replace(file, digest=file.digest.head), 0

    def release(self, held: int) -> None:
        """Give back what digests took of the room."""
        self._room.give(held)

    def whole(self, verdict: DigestVerdict) -> DigestVerdict:
        """A verdict with the whole digest if it is proved; only its head may have been held."""
        head = verdict.digest
        if head is None or not head.is_head or verdict.proof is None:
            return verdict
        try:
            digest = decode_digest(self._bucket.read(verdict.key))
        except (TrailscanError, DecodeError) as error:
            return _unread(verdict, str(error))
        if digest.sha256 != head.sha256:
            return _unread(verdict, "it changed while it was validated")
        return replace(verdict, digest=digest)


def _unread(verdict: DigestVerdict, why: str) -> DigestVerdict:
    """The verdict on a digest that could not be read again."""
    return replace(
        verdict,
        verdict="unread",
        reason="unreadable",
        found=why,
        proof=None,
        proved_by=None,
        digest=None,
    )


def _length(found: StoredObject) -> int:
    return len(found.data)
