"""What several tests share: how hypothesis runs, and an S3 server on loopback."""

from __future__ import annotations

import logging
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from checkout import guard_checkout
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["services.fixtures", "hostile"]

settings.register_profile(
    "trailscan",
    database=None,  # nothing is written into the checkout; a failure prints how to repeat it
    max_examples=60,
    deadline=None,  # a busy machine is no failure
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("trailscan")
if "TRAILSCAN_WRITE_GOLDEN" not in os.environ:  # the one way to write golden files is a test
    guard_checkout()

_SLOW_FOLDERS = {Path(__file__).parent / name for name in ("access", "browser", "faults")}
_SLOW_FILES = {
    Path(__file__).parent / name
    for name in (
        *("attacks/test_calendar.py", "attacks/test_store.py"),
        *("cli/test_cli.py", "cli/test_export.py", "cli/test_forms.py", "cli/test_output.py"),
        *("cli/test_reports.py", "cli/test_start_up.py", "cli/test_words.py"),
        *("export/test_series.py", "export/test_tampering.py"),
        *("render/test_terminal.py", "render/test_totals.py"),
        *("reports/test_cache.py", "reports/test_laws.py", "reports/test_sql.py"),
        *("reports/test_tables.py", "test_sample_logs.py"),
        *("sessions/test_generated.py", "test_api.py", "test_plot.py", "test_site.py"),
        *("whole/test_sources.py", "whole/test_validate.py"),
    )
}
"""Files that take ten seconds or more: mostly since they start a process a test."""

_SLOW_FIXTURES = {"ceph_s3", "chromium", "java", "s3_endpoint", "s3_server"}
"""Servers and programs that take seconds to start; a test that needs one is slow."""

_UNSET = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
_SET = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what the desk lane (`-m "not slow"`) leaves out, beside what a test marks itself."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        places = {item.path.parent, item.path}
        if places & (_SLOW_FOLDERS | _SLOW_FILES) or fixtures & _SLOW_FIXTURES:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of a moto server on a free loopback port, with credentials for it set."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    with pytest.MonkeyPatch.context() as environment:
        for name in _UNSET:
            environment.delenv(name, raising=False)
        for name, value in _SET.items():
            environment.setenv(name, value)
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture(scope="session")
def s3_client(s3_endpoint: str) -> Any:
    """S3 as other programs speak to it."""
    import boto3

    return boto3.client("s3", endpoint_url=s3_endpoint)


@pytest.fixture
def s3_bucket(s3_client: Any) -> str:
    """The name of a fresh, empty bucket of that server."""
    name = f"trail-{uuid.uuid4().hex[:12]}"
    s3_client.create_bucket(Bucket=name)
    return name
