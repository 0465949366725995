"""A store as a validation uses it: what was loaded, and the rows of what was found."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from trailscan.buckets import open_bucket
from trailscan.errors import TrailscanError
from trailscan.ingest.tool import tool_name
from trailscan.ingest.validation.unit import LoadedLogFile
from trailscan.location import key_text
from trailscan.store.attesting import AttestationWriter, Found
from trailscan.store.paths import NO_DAY
from trailscan.store.reader import StoreReader
from trailscan.trail.keys import parse_key
from trailscan.validate.keys import PublicKey
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from trailscan.aws.session import AwsOptions
    from trailscan.ingest.validation.unit import UnitVerdicts
    from trailscan.ingest.validation.units import Unit
    from trailscan.store.attesting import Row
    from trailscan.validate.verdicts import DigestVerdict, LogFileVerdict
    from trailscan.window import Window

_COLUMNS = ["key", "etag", "sha256", "deviations"]
_TOLD_BY = ["bucket", "account_id", "region", "status"]
_A_DAY = timedelta(days=1)
_COMMIT_ROWS = 100_000


class KeptStore:
    """A store as a validation uses it: what it holds of a bucket, and where verdicts are kept.

    Args:
        place: where the store is.
        aws: how to reach it.
        bucket: the bucket that is validated.
        window: of delivery time.
        now: when verdicts are kept.

    Raises:
        NotFoundError: there is no store.
        StoreError: it is damaged, or its format is unknown.
    """

    def __init__(
        self, place: str, aws: AwsOptions, bucket: str, window: Window, now: datetime
    ) -> None:
        self.place = place
        self._aws = aws
        self._now = now
        self._reader = StoreReader(open_bucket(place, aws), place)
        found = self._reader.log_files(_days(self._reader, window), [*_COLUMNS, *_TOLD_BY])
        of_bucket = pc.and_(pc.equal(found["bucket"], bucket), pc.equal(found["status"], "done"))
        self._log_files = found.filter(of_bucket)
        self._found = Found()

    def public_keys(self) -> list[PublicKey]:
        """The public keys that the store keeps."""
        return [PublicKey(**row) for row in self._reader.validation("public_keys").to_pylist()]

    def loaded(self, unit: Unit) -> dict[str, LoadedLogFile]:
        """The log files of one account and region by key, each as it was loaded last."""
        found = self._log_files
        same = pc.and_(
            pc.equal(found["account_id"], unit.account_id), pc.equal(found["region"], unit.region)
        )
        rows = found.filter(same).select(_COLUMNS)
        columns = (rows[name].to_pylist() for name in _COLUMNS)
        return {
            key: LoadedLogFile(etag, sha256, tuple(how.split(",")) if how else ())
            for key, etag, sha256, how in zip(*columns, strict=True)
            if unit.logs is not None and key.startswith(key_text(unit.logs))
        }

    def take(self, found: UnitVerdicts) -> list[str]:
        """Keep the verdicts of a unit; gives what went wrong, a line each."""
        add_rows(found, self._found)
        return self.write() if self._found.rows >= _COMMIT_ROWS else []

    def keep_keys(self, keys: Iterable[PublicKey]) -> None:
        """Keep the keys that checked a signature."""
        self._found.public_keys += [tuple(key) for key in keys]

    def write(self) -> list[str]:
        """Write what was taken so far, whole or not at all; gives what went wrong, a line each."""
        found, self._found = self._found, Found()
        try:
            bucket = open_bucket(self.place, self._aws)
            writer = AttestationWriter(bucket, self.place, tool_name(), uuid.uuid4().hex)
            writer.write(found, self._now)
        except TrailscanError as error:
            return [f"verdicts could not be kept in the store: {error}"]
        return []


def _days(reader: StoreReader, window: Window) -> set[date] | None:
    """The delivery days that a window touches, and those beside them; None for all."""
    if window == type(window)():
        return None
    held = {file.day for file in reader.files("log_files") if file.day is not None}
    start = window.start and shifted(window.start, -_A_DAY).date()
    end = window.end and shifted(window.end, _A_DAY).date()
    return {day for day in held if (not start or day >= start) and (not end or day <= end)}


def add_rows(found: UnitVerdicts, rows: Found) -> None:
    """Add the rows of one unit; where the store holds nothing of it, only what is not fine."""
    for log_file in found.log_files:
        if log_file.severity != "fine" or log_file.ledger in ("loaded", "changed"):
            when = log_file.delivered
            day = when.date() if when else parse_key(log_file.key).day or NO_DAY
            rows.attestations.append((day, _log_file_row(log_file)))
    for digest in found.digests:
        if digest.severity != "fine" or found.loaded:
            rows.digests.append((digest.name.end.date(), _digest_row(digest)))


def _log_file_row(verdict: LogFileVerdict) -> Row:
    """A verdict in the order of `ATTESTATIONS`."""
    return (
        verdict.bucket,
        key_text(verdict.key),
        verdict.verdict,
        verdict.reason,
        verdict.expected if verdict.digest_key else None,
        verdict.found,
        verdict.digest_key and key_text(verdict.digest_key),
        verdict.proof,
        verdict.ledger,
        verdict.delivered,
    )


def _digest_row(verdict: DigestVerdict) -> Row:
    """A verdict in the order of `DIGESTS`."""
    name, digest = verdict.name, verdict.digest
    return (
        verdict.bucket,
        key_text(verdict.key),
        name.organization_id,
        name.chain.account_id,
        name.chain.region,
        name.chain.trail,
        name.chain.backfill,
        digest.start if digest else None,
        name.end,
        verdict.verdict,
        verdict.reason,
        verdict.expected,
        verdict.found,
        verdict.proof,
        verdict.proved_by and key_text(verdict.proved_by),
        digest.sha256 if digest else None,
        digest.fingerprint if digest else None,
        verdict.signature,
        len(digest.log_files) if digest else None,
        digest.body if digest else None,
    )
