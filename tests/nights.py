"""An organization's archive of many nights, signed, and what a package says of it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from services.trail import make_event
from signed import SIGNING, keys

from trailscan.aws.session import AwsOptions
from trailscan.buckets import LocalBucket
from trailscan.export.options import PackageOptions
from trailscan.export.run import Run, RunOptions, Written, export_nights, nights
from trailscan.export.target import open_target
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.validation.run import ValidateOptions
from trailscan.store.reader import StoreReader

ACCOUNT = "111122223333"
FIRST = date(2026, 11, 1)
NOW = datetime(2026, 12, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass
class Archive:
    """Log files of an organization trail, digests that name them, and a store that loads them.

    Attributes:
        root: where all of it is.
        log_files: their bodies by key, and when each was delivered.
    """

    root: Path
    log_files: dict[str, tuple[bytes, datetime]] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        """The folder that stands for the bucket."""
        return self.root / "logs"

    @property
    def store(self) -> str:
        """The place of the store."""
        return str(self.root / "store")

    @property
    def packages(self) -> Path:
        """The folder of the packages."""
        return self.root / "packages"

    def deliver(self, day: date, number: int, *records: dict[str, Any], body: bytes = b"") -> str:
        """Deliver a log file at noon and some minutes; returns its key."""
        when = datetime(day.year, day.month, day.day, 12, number % 60, tzinfo=UTC)
        key = (
            f"AWSLogs/o-exampleorg1/{ACCOUNT}/CloudTrail/us-east-1/{day:%Y/%m/%d}/"
            f"{ACCOUNT}_CloudTrail_us-east-1_{when:%Y%m%dT%H%MZ}_{number:0>16}.json.gz"
        )
        data = body or json.dumps({"Records": records}).encode()
        self.log_files[key] = (data, when)
        write(self.logs / key, SIGNING.packed(data))
        return key

    def sign(self, last: date) -> None:
        """Write a digest an hour from the first day until a day after the last one."""
        start = datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) - HOUR
        end = datetime(last.year, last.month, last.day, tzinfo=UTC) + 27 * HOUR
        spans = SIGNING.spans(start, end, 4 * HOUR)
        named: dict[datetime, list[Any]] = {}
        for key, (body, when) in sorted(self.log_files.items()):
            begin = next(one for one, two in spans if one <= when < two)
            said = f"{when:%Y-%m-%dT%H:%M:%SZ}"
            named.setdefault(begin, []).append(SIGNING.Attested(key, body, said, said))
        trail = SIGNING.Trail("trail-bucket", "audit", folder="AWSLogs/o-exampleorg1/")
        for one in trail.chain(ACCOUNT, "us-east-1", spans, named):
            write(self.logs / one.key, one.stored)
            write(self.logs / f"{one.key}.metadata.json", one.sidecar)

    def load(self, *, checked: bool = False) -> None:
        """Load everything, and validate it if that is wanted."""
        validation = ValidateOptions(public_keys=keys(), ask_aws=False) if checked else None
        run_load([str(self.logs)], self.store, LoadOptions(validate=validation), NOW)

    def reader(self) -> StoreReader:
        """The store as it is now."""
        return StoreReader(LocalBucket(Path(self.store)), self.store)

    def export(self, first: date, last: date | None = None, **options: Any) -> list[Written]:
        """Export nights into the folder of packages."""
        run = Run(RunOptions(PackageOptions(**options)))
        target = open_target(str(self.packages), AwsOptions())
        return list(export_nights(self.reader(), target, nights(first, last or first), run, NOW))

    def file(self, path: str) -> bytes:
        """A file of a package."""
        return (self.packages / path).read_bytes()

    def rows(self, path: str) -> list[dict[str, str]]:
        """The rows of a CSV file of a package."""
        return list(csv.DictReader(io.StringIO(self.file(path).decode())))

    def statement(self, name: str) -> dict[str, Any]:
        """The statement of a package."""
        return json.loads(self.file(f"{name}/statement.json"))


def write(path: Path, data: bytes) -> None:
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def event(day: date, number: int, **changed: Any) -> dict[str, Any]:
    """An account moved on a day."""
    return make_event(number, eventTime=f"{day}T11:00:{number % 60:02}Z", **changed)
