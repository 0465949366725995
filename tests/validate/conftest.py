"""A small trail with signed digests, in memory, to be tampered with."""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from trailscan.buckets import ObjectInfo, StoredObject
from trailscan.errors import NotFoundError
from trailscan.ingest.plan import Scope
from trailscan.ingest.validation.key_ring import KeyRing
from trailscan.ingest.validation.readers import Readers
from trailscan.ingest.validation.unit import UnitReader, UnitVerdicts, ValidationContext
from trailscan.ingest.validation.units import find_units
from trailscan.validate.keys import PublicKey, parse_public_keys
from trailscan.validate.layout import ArchiveLayout
from trailscan.window import Window

SIGNING = Path(__file__).parent.parent.parent / "sample_logs" / "signing.py"
KINDS = Path(__file__).parent / "kinds.py"
FIRST = datetime(2026, 11, 22, 0, 4, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 8
QUIET = 4
BUCKET = "trail-bucket"
ACCOUNT = "111122223333"
REGION = "us-east-1"


def _load(path: Path) -> ModuleType:
    """A module by its path: tests are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_KINDS: dict[str, Any] = _load(KINDS).KINDS_BY_NAME


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for a kind of tampering is run for each."""
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", _KINDS.values(), ids=_KINDS)


@pytest.fixture(scope="session")
def kinds() -> dict[str, Any]:
    """Every kind of tampering, by name."""
    return _KINDS


@pytest.fixture(scope="session")
def signing() -> ModuleType:
    """The program that signs the sample logs' digests."""
    return _load(SIGNING)


@dataclass
class MemoryBucket:
    """A bucket in memory that remembers what was asked of it."""

    objects: dict[str, StoredObject] = field(default_factory=dict)
    name: str = BUCKET
    is_remote = True
    slowed = 0
    asked: list[str] = field(default_factory=list)

    def list_objects(self, folder: str = "", after: str | None = None) -> Any:
        """As S3 lists."""
        for key in sorted(self.objects):
            if key.startswith(folder) and (after is None or key > after):
                data = self.objects[key].data
                yield ObjectInfo(key, len(data), hashlib.sha256(data).hexdigest())

    def list_here(self, folder: str) -> Any:
        """As S3 lists with a delimiter."""
        inside = [key[len(folder) :] for key in self.objects if key.startswith(folder)]
        found = {f"{folder}{rest.partition('/')[0]}/" for rest in inside if "/" in rest}
        objects = [one for one in self.list_objects(folder) if "/" not in one.key[len(folder) :]]
        yield from sorted(found)
        yield from objects

    def read(self, key: str, etag: str | None = None) -> bytes:
        """The bytes."""
        return self.read_with_metadata(key, etag).data

    def read_with_metadata(self, key: str, etag: str | None = None) -> StoredObject:
        """The bytes and metadata."""
        self.asked.append(key)
        if key not in self.objects:
            raise NotFoundError(f"{key} does not exist")
        return self.objects[key]


class Lab:
    """Eight hours of a trail, or some times eight, as CloudTrail delivers it."""

    def __init__(
        self, signing: ModuleType, times: int = 1, bucket: str = BUCKET, folder: str = "AWSLogs/"
    ) -> None:
        self.signing = signing
        self.first = FIRST
        self.folder = folder
        self.trail = signing.Trail(bucket, "audit", folder=folder)
        self.end = FIRST + times * HOURS * HOUR
        self.bodies = {
            self.log(hour, n): json.dumps({"Records": [{"eventID": f"{hour}-{n}"}]}).encode()
            for hour in range(times * HOURS)
            for n in range(2)
            if hour % HOURS != QUIET
        }
        spans = signing.spans(FIRST, self.end, HOUR)
        attested = {
            start: [
                signing.Attested(
                    key, self.bodies[key], "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z"
                )
                for key in (self.log(hour, 0), self.log(hour, 1))
                if key in self.bodies
            ]
            for hour, (start, _) in enumerate(spans)
        }
        self.signed = self.trail.chain(ACCOUNT, REGION, spans, attested)
        self.bucket = MemoryBucket(name=bucket)
        for key, body in self.bodies.items():
            self.put(key, signing.packed(body))
        for one in self.signed:
            self.put(one.key, one.stored, one.metadata)
        keys = signing.public_keys("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
        self.keys: tuple[PublicKey, ...] = parse_public_keys(json.dumps(keys).encode(), "the test")

    def log(self, hour: int, number: int) -> str:
        """The key of a log file that was delivered in an hour."""
        when = self.first + hour * HOUR + timedelta(minutes=20)
        return (
            f"{self.folder}{ACCOUNT}/CloudTrail/{REGION}/{when:%Y/%m/%d}/"
            f"{ACCOUNT}_CloudTrail_{REGION}_{when:%Y%m%dT%H%MZ}_{'ab'[number]:0>16}.json.gz"
        )

    def digest(self, hour: int) -> str:
        """The key of the digest of an hour; negative numbers count from the newest."""
        return str(self.signed[hour].key)

    def part(self, number: int) -> Lab:
        """The eight hours of that number as a trail of their own, in the same bucket."""
        part = copy.copy(self)
        part.first = self.first + number * HOURS * HOUR
        part.end = part.first + HOURS * HOUR
        part.signed = self.signed[number * HOURS : (number + 1) * HOURS]
        return part

    def put(self, key: str, data: bytes, metadata: dict[str, str] | None = None) -> None:
        """Write an object; without metadata it keeps those that it has."""
        known = self.bucket.objects.get(key, StoredObject(b"", {})).metadata
        self.bucket.objects[key] = StoredObject(data, known if metadata is None else metadata)

    def delete(self, key: str) -> None:
        """Remove an object."""
        del self.bucket.objects[key]

    def stored(self, key: str) -> bytes:
        """The bytes of an object."""
        return self.bucket.objects[key].data

    def validate(self, **changed: Any) -> UnitVerdicts:
        """What is to be said of the one account and region."""
        with Readers(self.bucket, 4, workers=0) as readers:
            asked: dict[str, Any] = {
                "bucket": self.bucket,
                "layout": ArchiveLayout(BUCKET),
                "window": Window(),
                "keys": KeyRing(self.keys, None),
                "readers": readers,
                "now": self.end + timedelta(minutes=10),
                **changed,
            }
            reader = UnitReader(ValidationContext(**asked))
            failures: list[str] = []
            (unit,) = find_units(self.bucket, "", Scope(regions=frozenset()), failures)
            assert failures == []
            return reader.validate(unit)


@pytest.fixture(scope="session")
def delivered(signing: ModuleType) -> Lab:
    """The trail, made once: not to be changed."""
    return Lab(signing)


@pytest.fixture(scope="session")
def make_lab(signing: ModuleType) -> Callable[..., Lab]:
    """Makes trails: how many times eight hours, in which bucket and folder."""
    return lambda *given: Lab(signing, *given)


@pytest.fixture
def lab(delivered: Lab) -> Lab:
    """The trail, to be tampered with."""
    fresh = copy.copy(delivered)
    fresh.bucket = MemoryBucket(dict(delivered.bucket.objects))
    return fresh


@pytest.fixture(scope="session")
def stranger() -> ModuleType:
    """The program that signs, with a key that AWS does not know."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    module: Any = _load(SIGNING)
    key = rsa.generate_private_key(65537, 2048)
    module.sign = lambda text: key.sign(text, padding.PKCS1v15(), SHA256()).hex()
    module.FINGERPRINT = "0" * 32
    return module
