"""Log files to load, and a way to load them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from services.trail import make_event, pack

from trailscan.ingest.run import LoadOptions, run_load
from trailscan.ingest.summary import LoadSummary

NAME = "111122223333_CloudTrail_us-east-1_20261122T1205Z_{:016d}.json.gz"


@pytest.fixture
def event() -> Callable[..., dict[str, Any]]:
    """Makes records."""
    return make_event


@pytest.fixture
def packed() -> Callable[[list[Any]], bytes]:
    """Makes log files of records."""
    return pack


@pytest.fixture(scope="session")
def make_log_file() -> Callable[[int], bytes]:
    """Makes log files of one event of Organizations and one of another service."""
    other = "sts.amazonaws.com"
    return lambda n: pack([make_event(n), make_event(n + 500, eventSource=other)])


@pytest.fixture
def logs(tmp_path: Path) -> Callable[..., Path]:
    """Writes log files into a folder under names that CloudTrail gives."""

    def write(*files: bytes) -> Path:
        folder = tmp_path / "logs"
        folder.mkdir(exist_ok=True)
        start = len(list(folder.iterdir()))
        for number, data in enumerate(files, start):
            (folder / NAME.format(number)).write_bytes(data)
        return folder

    return write


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., LoadSummary]:
    """Loads a source into the store of this test."""

    def run(source: object, store: object = None, **options: Any) -> LoadSummary:
        place = str(store or tmp_path / "store")
        now = datetime(2026, 11, 23, tzinfo=UTC)
        return run_load([str(source)], place, LoadOptions(**options), now)

    return run


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The endpoint of an S3 server on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A boto3 client of an empty S3 server, with a bucket called `trail`."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3_server,
    }.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=s3_server)
    client.create_bucket(Bucket="trail")
    client.create_bucket(Bucket="store")
    yield client
    for bucket in ("trail", "store"):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", []):
                client.delete_object(Bucket=bucket, Key=found["Key"])
        client.delete_bucket(Bucket=bucket)
