"""An S3 that fails as it is told, a command that loads from it, and little patience."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from services.stand_in import StandIn
from services.trail import log_file_key, make_event, pack
from typer.testing import CliRunner

import trailscan as ts
from trailscan.aws import s3 as access
from trailscan.buckets import s3 as bucket
from trailscan.cli.app import app
from trailscan.ingest import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}


class Ended(NamedTuple):
    """How the command ended: its exit code, its summary, what it said on stderr."""

    code: int
    summary: dict[str, Any]
    said: str

    @property
    def kept(self) -> int:
        """How many events were kept."""
        return int(self.summary["records"]["kept"])

    @property
    def reasons(self) -> list[str]:
        """Why what was rejected was rejected."""
        return [one["reason"] for one in self.summary["rejects"]]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """An S3 server with the buckets `trail` and `store`, which every program of this test uses."""
    from botocore.retries.standard import ExponentialBackoff

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_MAX_ATTEMPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0.001)
    soon = {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=5)}
    backoff = {**bucket._RETRY["backoff"], **soon}
    monkeypatch.setitem(bucket._RETRY, "backoff", backoff)
    monkeypatch.setitem(bucket._RETRY, "max_retries", 2)
    monkeypatch.setitem(bucket._CLIENT, "read_timeout", "500ms")
    monkeypatch.setattr(bucket, "_WRITE_PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(access, "_ATTEMPTS", 3)
    monkeypatch.setattr(access, "_READ_TIMEOUT", 0.5)
    monkeypatch.setattr(access, "_PAUSES", (0.0, 0.0))
    monkeypatch.setattr(reading, "_PAUSES", (0.0, 0.0))
    with StandIn() as server:
        for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": server.endpoint}.items():
            monkeypatch.setenv(name, value)
        server.put_all("trail", ())
        server.put_all("store", ())
        yield server


@pytest.fixture
def deliver(s3: StandIn) -> Callable[..., str]:
    """Delivers the log file of one event to `trail`, and gives its key."""

    def put(number: int, **where: Any) -> str:
        key = log_file_key(number, **where)
        s3.put("trail", key, pack([make_event(number)]))
        return key

    return put


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Ended]:
    """Loads `s3://trail` since the beginning of November into the store of this test."""

    def run(source: str = "s3://trail", *words: str, store: str | None = None) -> Ended:
        place = store or str(tmp_path / "store")
        since = () if "--since" in words else ("--since", "2026-11-01")
        line = ["load", source, "--store", place, "--format", "json", *since, *words]
        done = CliRunner().invoke(app, line, catch_exceptions=False)
        return Ended(done.exit_code, json.loads(done.stdout), done.stderr)

    return run


@pytest.fixture
def ids(tmp_path: Path) -> Callable[..., list[int]]:
    """The numbers of the events in the store of this test, however often each is there."""

    def read(store: str | None = None) -> list[int]:
        events = ts.open(store or str(tmp_path / "store")).events()
        return sorted(int(one[-12:]) for one in events["event_id"])

    return read
