"""Timestamps of RFC 3161, from an authority that is OpenSSL behind a small HTTP server."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from nights import FIRST, NOW, Archive

from trailscan.errors import TrailscanError
from trailscan.export import timestamps
from trailscan.export.options import PackageOptions
from trailscan.export.run import Run, RunOptions, export_nights, nights
from trailscan.export.target import FolderTarget
from trailscan.export.timestamps import read_roots, stamper
from trailscan.export.verification import verify_place
from trailscan.export.verifier.program import read_given

TOKEN = "proof/timestamp.tsr"
CONFIG = """\
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
"""


def write_certificates(folder: Path) -> None:
    """A root, another one that vouched for nothing, and an authority below the first."""
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))

    def certificate(name: str, public: ec.EllipticCurvePublicKey, *, is_root: bool) -> None:
        begin = datetime.now(UTC) - timedelta(days=1)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=3))
            .add_extension(x509.BasicConstraints(is_root, None), critical=True)
        )
        if not is_root:
            usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            made = made.add_extension(usage, critical=True)
        pem = made.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        (folder / f"{name}.pem").write_bytes(pem)

    certificate("root", root_key.public_key(), is_root=True)
    certificate("tsa", key.public_key(), is_root=False)
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "tsa.key").write_bytes(pem)
    root_key = ec.generate_private_key(ec.SECP256R1())
    root, other = folder / "root.pem", folder / "other.pem"
    kept = root.read_bytes()
    certificate("root", root_key.public_key(), is_root=True)
    root.rename(other)
    root.write_bytes(kept)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The URL of a timestamp authority, and the folder with its certificates."""
    folder = tmp_path_factory.mktemp("tsa")
    write_certificates(folder)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder))

    class Handler(BaseHTTPRequestHandler):
        """Answers with what `openssl ts -reply` says, or with what a broken one would."""

        def do_POST(self) -> None:
            """One request."""
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            (folder / "asked").write_bytes(asked)
            words = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "asked"]
            said = subprocess.run(words, cwd=folder, capture_output=True, check=True).stdout
            if self.path == "/replayed":
                said = (folder / "first").read_bytes()
            elif not (folder / "first").exists():
                (folder / "first").write_bytes(said)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>" if self.path == "/html" else said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_token_over_the_checkpoint_is_kept_and_checked(archive: Archive, authority):
    """By openssl, and by `export verify` with the root; verify.py says that it checks none."""
    url, folder = authority
    archive.load()
    target = FolderTarget(str(archive.packages))

    def export() -> list[str]:
        run = Run(RunOptions(PackageOptions(), stamp=stamper(url)))
        days = nights(FIRST, FIRST + timedelta(days=1))
        return [one.outcome for one in export_nights(archive.reader(), target, days, run, NOW)]

    assert export() == ["written", "written"]
    one, two = (archive.packages / f"export-{FIRST + timedelta(days=at)}" for at in range(2))
    kept = (one / TOKEN).read_bytes()
    assert export() == ["unchanged", "unchanged"]
    assert (one / TOKEN).read_bytes() == kept
    words = ["openssl", "ts", "-verify", "-data", one / "checkpoint", "-in", one / TOKEN]
    subprocess.run([*words, "-CAfile", folder / "root.pem"], check=True, capture_output=True)
    given = read_given(None, None, None)
    report = verify_place(archive.packages, given, read_roots(folder / "root.pem"))
    assert report.refused == []
    assert [claim.partition(" at ")[0] for claim in report.rests["authority"]] == [
        f"{one.name} was sealed",
        f"{two.name} was sealed",
    ]
    assert not any(TOKEN in text for text in report.said)
    report = verify_place(one, given, read_roots(folder / "other.pem"))
    ((place, reason),) = report.refused
    assert (place, reason[:27]) == (f"{one.name}/{TOKEN}", "the timestamp does not hold")
    alone = subprocess.run(
        [sys.executable, "-I", "-S", one / "verify.py"], capture_output=True, text=True, check=False
    )
    assert (alone.returncode, f"{TOKEN} is there and its signature was not" in alone.stdout) == (
        4,
        True,
    )
    (one / TOKEN).write_bytes((two / TOKEN).read_bytes())
    assert verify_place(one, given).refused == [
        (f"{one.name}/{TOKEN}", "it is not of this checkpoint")
    ]
    (one / TOKEN).unlink()
    report = verify_place(one, given, read_roots(folder / "root.pem"))
    assert f"when it was sealed: there is no {one.name}/{TOKEN}" in report.alone


@pytest.mark.parametrize(
    ("path", "said"),
    [("/html", "the timestamp authority http"), ("/replayed", "its token is of other bytes")],
)
def test_an_authority_that_gives_no_token_over_these_bytes_is_no_seal(
    archive: Archive, authority, path: str, said: str
):
    """Nothing of the package is lost: the next run seals it."""
    archive.load()
    target = FolderTarget(str(archive.packages))
    stamp = stamper(f"{authority[0]}{path}")
    stamper(authority[0])(b"the first one")
    run = Run(RunOptions(PackageOptions(), stamp=stamp))
    with pytest.raises(TrailscanError, match=said):
        list(export_nights(archive.reader(), target, [FIRST], run, NOW))
    assert not (archive.packages / f"export-{FIRST}/checkpoint").exists()
    (written,) = archive.export(FIRST)
    assert written.outcome == "unchanged"
    assert (archive.packages / f"export-{FIRST}/checkpoint").exists()


def test_what_is_no_url_and_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch):
    """Before anything is written."""
    with pytest.raises(ValueError, match="is not an http:// or https:// URL"):
        stamper("file:///etc/passwd")

    def missing(_: str) -> None:
        raise ImportError

    monkeypatch.setattr(timestamps.importlib, "import_module", missing)
    with pytest.raises(TrailscanError, match="rfc3161-client, which is not installed") as caught:
        stamper("https://tsa.example")
    assert caught.value.hint == "pip install 'trailscan[timestamp]'"
