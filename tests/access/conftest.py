"""AWS on loopback: whatever talks to any of its hosts reaches the small AWS of `services`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from services.aws import Cloud
from services.tls_proxy import TlsProxy


@pytest.fixture(scope="session")
def tls_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsProxy]:
    """What stands between the tests and the world."""
    proxy = TlsProxy(tmp_path_factory.mktemp("authority"))
    yield proxy
    proxy.stop()


@pytest.fixture
def cloud(tls_proxy: TlsProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cloud:
    """An empty AWS behind a proxy, and an environment that leads there and to no one's credentials."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in (
            "http_proxy",
            "https_proxy",
            "no_proxy",
            "all_proxy",
        ):
            monkeypatch.delenv(name)
    made = Cloud(certificates=tls_proxy.certificates)
    tls_proxy.serve(made)
    for name, value in {
        "HOME": str(tmp_path),
        "HTTPS_PROXY": tls_proxy.url,
        "HTTP_PROXY": tls_proxy.url,
        "AWS_CA_BUNDLE": tls_proxy.certificates,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEUSER00001",
        "AWS_SECRET_ACCESS_KEY": "users-secret",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], None]:
    """Writes the AWS CLI's configuration file; its profile `keys` holds the user's credentials."""

    def write(text: str) -> None:
        keys = "aws_access_key_id = AKIAEXAMPLEUSER00001\naws_secret_access_key = users-secret\n"
        (tmp_path / "config").write_text(f"[profile keys]\n{keys}{text.replace('KEYS', keys)}")

    return write
