"""A store as a validation uses it: the log files that were loaded, and the rows of verdicts."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from trailscan.buckets import open_bucket
from trailscan.errors import TrailscanError
from trailscan.ingest.validation.unit import LoadedLogFile
from trailscan.location import key_text
from trailscan.store.attesting import ValidationRows, write_validation
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
_FILTER_COLUMNS = ["bucket", "account_id", "region", "status"]
_A_DAY = timedelta(days=1)
_COMMIT_ROWS = 100_000


class ValidationStore:
    """A store as a validation uses it: what was loaded from a bucket, and where verdicts go.

    Args:
        uri: the store's folder or `s3://bucket/prefix`.
        aws: how to reach it.
        bucket: the bucket that is validated.
        window: of delivery time.
        now: the time of the commits.

    Raises:
        NotFoundError: there is no store.
        StoreError: it is damaged, or its format is unknown.
    """

    def __init__(
        self, uri: str, aws: AwsOptions, bucket: str, window: Window, now: datetime
    ) -> None:
        self.uri = uri
        self._aws = aws
        self._now = now
        self._reader = StoreReader(open_bucket(uri, aws), uri)
        days = _days(self._reader, window)
        rows = self._reader.log_files(days, [*_COLUMNS, *_FILTER_COLUMNS])
        done = pc.and_(pc.equal(rows["bucket"], bucket), pc.equal(rows["status"], "done"))
        self._log_files = rows.filter(done)
        self._rows: ValidationRows = defaultdict(list)

    def public_keys(self) -> list[PublicKey]:
        """The public keys in the store."""
        return [PublicKey(**row) for row in self._reader.validation("public_keys").to_pylist()]

    def loaded(self, unit: Unit) -> dict[str, LoadedLogFile]:
        """The log files of one account and region by key, each as it was loaded last."""
        all_units = self._log_files
        of_unit = pc.and_(
            pc.equal(all_units["account_id"], unit.account_id),
            pc.equal(all_units["region"], unit.region),
        )
        rows = all_units.filter(of_unit).select(_COLUMNS)
        columns = (rows[name].to_pylist() for name in _COLUMNS)
        return {
            key: LoadedLogFile(etag, sha256, tuple(how.split(",")) if how else ())
            for key, etag, sha256, how in zip(*columns, strict=True)
            if unit.logs is not None and key.startswith(key_text(unit.logs))
        }

    def add(self, verdicts: UnitVerdicts) -> list[str]:
        """Add the verdicts of a unit, writing many at a time; returns the failures, a line each."""
        add_rows(verdicts, self._rows)
        return self.write() if sum(map(len, self._rows.values())) >= _COMMIT_ROWS else []

    def add_keys(self, keys: Iterable[PublicKey]) -> None:
        """Add the keys that checked a signature."""
        self._rows["public_keys"] += [(NO_DAY, tuple(key)) for key in keys]

    def write(self) -> list[str]:
        """Write the rows added so far, whole or not at all; returns the failures, a line each."""
        rows, self._rows = self._rows, defaultdict(list)
        try:
            bucket = open_bucket(self.uri, self._aws)
            write_validation(bucket, self.uri, rows, uuid.uuid4().hex, self._now)
        except TrailscanError as error:
            return [f"verdicts could not be written to the store: {error.line}"]
        return []


def _days(reader: StoreReader, window: Window) -> set[date] | None:
    """The delivery days that a window touches, and those beside them; None for all."""
    if window.start is None and window.end is None:
        return None
    held = {file.day for file in reader.files("log_files") if file.day is not None}
    start = window.start and shifted(window.start, -_A_DAY).date()
    end = window.end and shifted(window.end, _A_DAY).date()
    return {day for day in held if (not start or day >= start) and (not end or day <= end)}


def add_rows(verdicts: UnitVerdicts, rows: ValidationRows) -> None:
    """Add the rows of one unit; if none of it was loaded, only what is not fine."""
    for log_file in verdicts.log_files:
        if log_file.severity != "fine" or log_file.ledger in ("loaded", "changed"):
            when = log_file.delivered
            day = when.date() if when else parse_key(log_file.key).day or NO_DAY
            rows["attestations"].append((day, _log_file_row(log_file)))
    for digest in verdicts.digests:
        if digest.severity != "fine" or verdicts.loaded:
            rows["digests"].append((digest.name.end.date(), _digest_row(digest)))


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
        digest.log_file_count if digest else None,
        digest.body if digest and verdict.proof else None,
    )
