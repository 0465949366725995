"""A signed archive of two accounts as an attacker finds it: log files, digests, the test key."""

from __future__ import annotations

import importlib.util
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.trail import make_event

from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.summary import LoadSummary
from trailscan.ingest.validation.run import ValidateOptions, run_validate
from trailscan.ingest.validation.summary import ValidationSummary
from trailscan.validate.keys import PublicKey, parse_public_keys

ACCOUNTS = ("111122223333", "222233334444")
ORGANIZATION = "AWSLogs/o-exampleorg1"
FIRST = datetime(2026, 11, 25, 0, 4, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 12
WITH_LOG_FILES = (1, 3, 5, 7, 9)
NOW = FIRST + HOURS * HOUR + timedelta(minutes=10)


def load_signing() -> Any:
    """The program that signs the sample logs."""
    path = Path(__file__).parent.parent / "sample_logs" / "signing.py"
    spec = importlib.util.spec_from_file_location("signing", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SIGNING = load_signing()


def log_folder(account: str) -> str:
    """The folder of the log files of an account on the archive's day."""
    return f"{ORGANIZATION}/{account}/CloudTrail/us-east-1/2026/11/25"


def digest_folder(account: str) -> str:
    """The folder of the digests of an account on the archive's day."""
    return f"{ORGANIZATION}/{account}/CloudTrail-Digest/us-east-1/2026/11/25"


def log_file_key(account: str, hour: int) -> str:
    """The key of the log file that was delivered in an hour."""
    when = FIRST + hour * HOUR + timedelta(minutes=20)
    name = f"{account}_CloudTrail_us-east-1_{when:%Y%m%dT%H%MZ}_{hour:0>16}.json.gz"
    return f"{log_folder(account)}/{name}"


def body_of(account: str, hour: int, user: str = "mallory") -> bytes:
    """The log file of an hour: one change by a user."""
    place = ACCOUNTS.index(account) * 100 + hour
    when = f"{FIRST + hour * HOUR:%Y-%m-%dT%H:%M:%SZ}"
    record = make_event(place, eventTime=when, userIdentity={"type": "IAMUser", "userName": user})
    return json.dumps({"Records": [record]}).encode()


def write_archive(folder: Path) -> Path:
    """Write the archive into a folder, digests with their metadata beside them."""
    trail = SIGNING.Trail("trail-bucket", "audit", folder=f"{ORGANIZATION}/")
    spans = SIGNING.spans(FIRST, FIRST + HOURS * HOUR, HOUR)
    for account in ACCOUNTS:
        attested = {}
        for hour in WITH_LOG_FILES:
            key, body = log_file_key(account, hour), body_of(account, hour)
            _write(folder / key, SIGNING.packed(body))
            when = "2026-11-25T00:00:00Z"
            attested[spans[hour][0]] = [SIGNING.Attested(key, body, when, when)]
        for one in trail.chain(account, "us-east-1", spans, attested):
            _write(folder / one.key, one.stored)
            _write(folder / f"{one.key}.metadata.json", one.sidecar)
    return folder


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


_LISTED = SIGNING.public_keys("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
_KEYS = parse_public_keys(json.dumps(_LISTED).encode(), "the test key")


def keys() -> tuple[PublicKey, ...]:
    """The public key of the archive, as a user gives it."""
    return _KEYS


def validate(
    archive: Path, store: Path | None = None, now: datetime = NOW, **options: Any
) -> ValidationSummary:
    """Validate an archive offline with the test key."""
    given = {"public_keys": keys(), "ask_aws": False, **options}
    return run_validate(
        str(archive), None if store is None else str(store), ValidateOptions(**given), now
    )


def load(
    archive: Path, store: Path, now: datetime = NOW, *, checked: bool = False, **options: Any
) -> LoadSummary:
    """Load an archive into a store, with `checked` as `load --validate` does."""
    validation = ValidateOptions(public_keys=keys(), ask_aws=False) if checked else None
    return run_load([str(archive)], str(store), LoadOptions(validate=validation, **options), now)
