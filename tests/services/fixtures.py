"""The services as fixtures, and what is said at the end about those that could not be had."""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

import pytest

from services.ceph import Ceph, S3Server
from services.debian import installed
from services.missing import MissingServiceError, give_up, not_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_UNSET = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3", "AWS_ROLE_ARN")
_SET = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
}


@pytest.fixture(scope="session")
def ceph_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3 server, Ceph's, on loopback."""
    try:
        ceph = Ceph(tmp_path_factory.mktemp("ceph"))
    except MissingServiceError as error:
        give_up("Ceph's S3 server", error)
    yield ceph.server
    ceph.stop()


@pytest.fixture
def ceph_bucket(ceph_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a fresh, empty bucket of that server, which the environment names as S3's."""
    for name in _UNSET:
        monkeypatch.delenv(name, raising=False)
    for name, value in (_SET | ceph_s3.environment).items():
        monkeypatch.setenv(name, value)
    bucket = f"trail-{uuid.uuid4().hex[:12]}"
    ceph_s3.client().create_bucket(Bucket=bucket)
    return bucket


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The program of a real browser."""
    try:
        return installed("chromium", "chromium")
    except MissingServiceError as error:
        give_up("Chromium", error)


@pytest.fixture(scope="session")
def chromedriver(chromium: Path) -> Path:
    """The program that drives that browser."""
    try:
        return installed("chromedriver", "chromium-driver")
    except MissingServiceError as error:
        give_up("Chromium's driver", error)


@pytest.fixture(scope="session")
def java() -> Path:
    """The program of a Java runtime."""
    try:
        return installed("java", "default-jre-headless")
    except MissingServiceError as error:
        give_up("a Java runtime", error)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """End with what was not run for want of a service, in lines that nobody overlooks."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple)]
    for line in not_run(reasons):
        terminalreporter.write_line(line, red=True, bold=True)
