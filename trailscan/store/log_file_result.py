"""What was read of a log file, on its way into the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from trailscan.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from trailscan.errors import DecodeError
    from trailscan.events.row import EventRow

_RAW_KEPT = 64 * 1024


class LogFileId(NamedTuple):
    """The version of a log file, and the delivery day in its name."""

    bucket: str
    key: str
    etag: str
    day: date | None


class Reject(NamedTuple):
    """One input that cannot be used; a `record_index` of None means the whole log file.

    Attributes:
        record_index: of the record, or of the first one.
        reason: a short stable word.
        message: what happened.
        json_path: where inside the record.
        raw: the first bytes of the record.
        raw_bytes: how many it has.
        times: how many records the reject stands for.
    """

    record_index: int | None
    reason: str
    message: str
    json_path: str = "$"
    raw: bytes = b""
    raw_bytes: int = 0
    times: int = 1

    @classmethod
    def of_record(cls, index: int, error: DecodeError, raw: bytes) -> Reject:
        """The reject of a record that cannot be decoded."""
        kept = raw[:_RAW_KEPT]
        return cls(index, error.reason, str(error), error.json_path, kept, len(raw))


@dataclass(slots=True)
class LogFileResult:
    """One log file on its way into the store; the counts of a rejected log file are 0.

    Its `others` are events that are no records of a call or service event, by kind. Its `kind` is
    what its first bytes say where its name says nothing; what is not recognised is a reject. Its
    `held_bytes` are about what its events and rejects take in memory until they are committed.
    """

    bucket: str
    key: str
    etag: str
    stored_bytes: int
    organization_id: str | None = None
    account_id: str | None = None
    region: str | None = None
    delivered: datetime | None = None
    day: date | None = None
    records: int = 0
    inflated_bytes: int = 0
    stored_sha256: str | None = None
    sha256: str | None = None
    deviations: tuple[str, ...] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    events: Sequence[EventRow] = ()
    rejects: Sequence[Reject] = ()
    kind: Literal["log_file", "marker", "document", "unrecognised"] = "log_file"
    held_bytes: int = 0

    @property
    def failure(self) -> Reject | None:
        """Why the whole log file cannot be used, or None."""
        if not self.rejects:  # most have none, and this runs often
            return None
        return next((reject for reject in self.rejects if reject.record_index is None), None)

    @property
    def is_missing(self) -> bool:
        """Whether it was listed and does not exist any more."""
        return self.failure is not None and self.failure.reason == NotFoundError.reason

    @property
    def record_rejects(self) -> int:
        """The number of records that cannot be used."""
        if not self.rejects or self.failure:
            return 0
        return sum(reject.times for reject in self.rejects)

    @property
    def id(self) -> LogFileId:
        """The identity of the log file."""
        return LogFileId(self.bucket, self.key, self.etag, self.day)
