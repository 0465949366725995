"""A proxy on loopback that answers for every host, under certificates of its own authority."""

from __future__ import annotations

import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.aws_request import Request


class Authority:
    """Makes certificates for whatever host is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests of trailscan")])
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._certificate(self._name, self._key.public_key(), None))

    def _certificate(self, subject: x509.Name, key: Any, host: str | None) -> bytes:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host:
            names = x509.SubjectAlternativeName([x509.DNSName(host)])
            made = made.add_extension(names, critical=False)
        signed = made.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    def context(self, host: str) -> ssl.SSLContext:
        """What serves a host."""
        with self._lock:
            if host not in self._contexts:
                key = ec.generate_private_key(ec.SECP256R1())
                subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host[:64])])
                path = self._folder / f"{len(self._contexts)}.pem"
                path.write_bytes(
                    key.private_bytes(
                        serialization.Encoding.PEM,
                        serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption(),
                    )
                    + self._certificate(subject, key.public_key(), host)
                )
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(path)
                self._contexts[host] = context
            return self._contexts[host]


class TlsProxy:
    """The proxy, running; `cloud` answers what it is asked."""

    def __init__(self, folder: Path) -> None:
        self._server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.authority = Authority(folder)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.certificates = str(self._server.authority.file)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def serve(self, cloud: Any) -> None:
        """From now on that cloud answers."""
        self._server.cloud = cloud

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP, and TLS after CONNECT."""

    protocol_version = "HTTP/1.1"
    server: Any
    host = ""

    def do_CONNECT(self) -> None:
        """From here on the connection belongs to that host."""
        self.host = self.path.rpartition(":")[0]
        self.send_response(200)
        self.end_headers()
        context = self.server.authority.context(self.host)
        try:
            self.connection = context.wrap_socket(self.connection, server_side=True)
        except OSError:  # a client that does not trust us
            self.close_connection = True
            return
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self) -> None:
        """Close what TLS opened."""
        super().finish()
        self.connection.close()

    def _any(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = (
            self._chunks()
            if "chunked" in headers.get("transfer-encoding", "")
            else self.rfile.read(int(headers.get("content-length", 0)))
        )
        url = urlsplit(self.path)
        host = self.host or url.hostname or headers["host"].partition(":")[0]
        path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
        answer = self.server.cloud.answer(Request(self.command, host, path, headers, body))
        self.send_response_only(answer.status)
        for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _chunks(self) -> bytes:
        """The body of an `aws-chunked` upload's outer encoding."""
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815  # the names that the library calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""
