"""A store as a validation uses it: the log files that were loaded, and the rows of verdicts."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from trailscan.buckets import open_bucket
from trailscan.errors import DecodeError, TrailscanError
from trailscan.ingest.validation.key_ring import KEPT
from trailscan.ingest.validation.unit import LoadedLogFile
from trailscan.ingest.validation.units import Unit, UnitPlace, place_of
from trailscan.location import key_text
from trailscan.store.attesting import ValidationRows, write_validation
from trailscan.store.paths import NO_DAY
from trailscan.store.reader import StoreReader
from trailscan.trail.digest import Signature, decode_digest, parse_digest_key
from trailscan.trail.keys import parse_key
from trailscan.validate.chain import DigestFile, in_question
from trailscan.validate.keys import PublicKey
from trailscan.window import shifted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date, datetime

    from trailscan.aws.session import AwsOptions
    from trailscan.ingest.plan import Scope, SourcePlan
    from trailscan.ingest.validation.unit import UnitVerdicts
    from trailscan.store.attesting import Row
    from trailscan.store.paths import TableName
    from trailscan.validate.verdicts import DigestVerdict, LogFileVerdict
    from trailscan.window import Window

_COLUMNS = ["key", "etag", "sha256", "deviations"]
_FILTER_COLUMNS = ["bucket", "status"]
_DIGEST_COLUMNS = ["bucket", "key", "proof", "end"]
_A_DAY = timedelta(days=1)
_COMMIT_ROWS = 100_000
_COMMIT_BYTES = 64 * 1024 * 1024


class ValidationStore:
    """A store as a validation uses it: what was loaded from a source, and where verdicts go.

    Args:
        uri: the store's folder or `s3://bucket/prefix`.
        aws: how to reach it.
        source: what is validated.
        window: of delivery time.
        now: the time of the commits.

    Raises:
        NotFoundError: there is no store.
        StoreError: it is damaged, or its format is unknown.
    """

    def __init__(
        self, uri: str, aws: AwsOptions, source: SourcePlan, window: Window, now: datetime
    ) -> None:
        self.uri = uri
        self._aws = aws
        self._now = now
        self._bucket = source.bucket.name
        self._prefix = key_text(source.prefix)
        self._window = window
        self._reader = StoreReader(open_bucket(uri, aws), uri)
        days = _days(self._reader, "log_files", window)
        rows = self._reader.log_files(days, [*_COLUMNS, *_FILTER_COLUMNS])
        self._log_files = rows.filter(
            pc.and_(self._of_source(rows), pc.equal(rows["status"], "done"))
        )
        self._loaded = _by_unit(self._log_files)
        days = _days(self._reader, "digests", window)
        digests = self._reader.validation("digests", days, _DIGEST_COLUMNS)
        self._digests = digests.filter(
            pc.and_(self._of_source(digests), pc.is_valid(digests["proof"]))
        )
        self._proved = _by_unit(self._digests)
        self._rows: ValidationRows = defaultdict(list)
        self._bytes = 0

    def _of_source(self, rows: pa.Table) -> pa.Array:
        """Which rows belong to what is validated."""
        same = pc.equal(rows["bucket"], self._bucket)
        return pc.and_(same, pc.starts_with(rows["key"], self._prefix)) if self._prefix else same

    def public_keys(self) -> list[PublicKey]:
        """The public keys in the store, whatever it says of where they came from."""
        rows = self._reader.validation("public_keys").to_pylist()
        return [PublicKey(**{**row, "origin": KEPT}) for row in rows]

    def units(self, scope: Scope, listed: Iterable[Unit]) -> list[Unit]:
        """The units in scope that only the store knows: nothing of them is listed any more."""
        known = {unit.place for unit in listed}
        places = self._loaded.keys() | self._proved.keys()
        return [
            Unit(place.account_id, place.region, None, None, place)
            for place in sorted(filter(None, places - known))
            if place.account.startswith(self._prefix)
            and scope.holds(place.account_id, place.region)
        ]

    def loaded(self, unit: Unit) -> dict[str, LoadedLogFile]:
        """The log files of one account and region by key, each as it was loaded last."""
        return self._as_loaded(self._loaded.get(unit.place, []))

    def elsewhere(self) -> dict[str, LoadedLogFile]:
        """The log files by key that were loaded from outside the folders of accounts."""
        return self._as_loaded(self._loaded.get(None, []))

    def _as_loaded(self, places: list[int]) -> dict[str, LoadedLogFile]:
        """Some of the log files by key."""
        rows = self._log_files.select(_COLUMNS).take(pa.array(places, pa.int64()))
        columns = (rows[name].to_pylist() for name in _COLUMNS)
        return {
            key: LoadedLogFile(etag, sha256, tuple(how.split(",")) if how else ())
            for key, etag, sha256, how in zip(*columns, strict=True)
        }

    def proved(self, unit: Unit, known: Collection[str]) -> list[DigestFile]:
        """The digests of a unit and the window that were proved once, without those known now."""
        rows = self._digests.take(pa.array(self._proved.get(unit.place, []), pa.int64()))
        ends = dict(zip(rows["key"].to_pylist(), rows["end"].to_pylist(), strict=True))
        gone = {
            key: end.astimezone(UTC)
            for key, end in ends.items()
            if key not in known and end is not None and in_question(end, self._window)
        }
        if not gone:
            return []
        days = {end.date() for end in gone.values()}
        found: dict[str, DigestFile] = {}
        for row in self._reader.validation("digests", days, _STORED, gone.keys()).to_pylist():
            if row["bucket"] == self._bucket and row["proof"] and (file := _digest_file(row)):
                found[row["key"]] = file
        return list(found.values())

    def add(self, verdicts: UnitVerdicts) -> list[str]:
        """Add the verdicts of a unit, writing many at a time; returns the failures, a line each."""
        add_rows(verdicts, self._rows)
        self._bytes += sum(len(one.digest.stored) for one in verdicts.digests if one.digest)
        many = sum(map(len, self._rows.values())) >= _COMMIT_ROWS
        return self.write() if many or self._bytes >= _COMMIT_BYTES else []

    def add_log_files(self, verdicts: Iterable[LogFileVerdict]) -> None:
        """Add verdicts on log files that belong to no unit."""
        _add_log_files(verdicts, self._rows)

    def add_keys(self, keys: Iterable[PublicKey]) -> None:
        """Add the keys that checked a signature and are not from the store itself."""
        new = (key for key in keys if key.origin != KEPT)
        self._rows["public_keys"] += [(NO_DAY, tuple(key)) for key in new]

    def write(self) -> list[str]:
        """Write the rows added so far, whole or not at all; returns the failures, a line each."""
        rows, self._rows = self._rows, defaultdict(list)
        self._bytes = 0
        try:
            bucket = open_bucket(self.uri, self._aws)
            write_validation(bucket, self.uri, rows, uuid.uuid4().hex, self._now)
        except TrailscanError as error:
            return [f"verdicts could not be written to the store: {error.line}"]
        return []


def _days(reader: StoreReader, table: TableName, window: Window) -> set[date] | None:
    """The days of a table that a window touches, and those beside them; None for all."""
    if window.start is None and window.end is None:
        return None
    held = {file.day for file in reader.files(table) if file.day is not None}
    start = window.start and shifted(window.start, -_A_DAY).date()
    end = window.end and shifted(window.end, _A_DAY).date()
    return {day for day in held if (not start or day >= start) and (not end or day <= end)}


def _by_unit(rows: pa.Table) -> dict[UnitPlace | None, list[int]]:
    """The positions of the rows of each unit; those of None are of no unit."""
    found: defaultdict[UnitPlace | None, list[int]] = defaultdict(list)
    position = 0
    for chunk in rows["key"].chunks:
        for key in chunk.to_pylist():
            found[place_of(key)].append(position)
            position += 1
    return dict(found)


_STORED = ["bucket", "key", "proof", "signature", "sha256", "body"]


def _digest_file(row: dict[str, Any]) -> DigestFile | None:
    """A digest that the store keeps; None if the row is not what a validation writes."""
    name = parse_digest_key(row["key"])
    try:
        digest = decode_digest(row["body"] or b"")
    except DecodeError:
        return None
    if name is None or digest.sha256 != row["sha256"]:
        return None
    signature = Signature(row["signature"]) if row["signature"] else None
    return DigestFile(row["bucket"], row["key"], name, digest, signature)


def add_rows(verdicts: UnitVerdicts, rows: ValidationRows) -> None:
    """Add the rows of one unit; if none of it was loaded, only what is not fine."""
    _add_log_files(verdicts.log_files, rows)
    for digest in verdicts.digests:
        if digest.severity != "fine" or verdicts.loaded:
            rows["digests"].append((digest.name.end.date(), _digest_row(digest)))


def _add_log_files(verdicts: Iterable[LogFileVerdict], rows: ValidationRows) -> None:
    """Add the rows of the log files that were loaded or are not fine."""
    for log_file in verdicts:
        if log_file.severity != "fine" or log_file.ledger in ("loaded", "changed"):
            when = log_file.delivered
            day = when.date() if when else parse_key(log_file.key).day or NO_DAY
            rows["attestations"].append((day, _log_file_row(log_file)))


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
