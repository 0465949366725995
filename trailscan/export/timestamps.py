"""Tokens of RFC 3161: a timestamp authority says when a checkpoint was there.

The authority is told a SHA-256 and nothing else. The library reads and checks tokens, and sends
nothing; it is in the extra `timestamp`.
"""

from __future__ import annotations

import hashlib
import importlib
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cryptography import x509

from trailscan.errors import TrailscanError
from trailscan.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SECONDS = 30
_MOST_BYTES = 1 << 20
_GRANTED = 0


def stamper(url: str) -> Callable[[bytes], bytes]:
    """What asks a timestamp authority for a token over bytes, by its URL.

    Raises:
        ValueError: it is no URL of a timestamp authority.
        TrailscanError: the library for it is not installed.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{url!r} is not an http:// or https:// URL")
    library = _library()
    return lambda data: _ask(url, data, library)


def _library() -> Any:
    try:
        return importlib.import_module("rfc3161_client")
    except ImportError:
        raise TrailscanError(
            "timestamps need rfc3161-client, which is not installed",
            "pip install 'trailscan[timestamp]'",
        ) from None


def _ask(url: str, data: bytes, library: Any) -> bytes:
    """The answer of an authority, which must be a token over these very bytes."""
    builder = library.TimestampRequestBuilder(data, library.HashAlgorithm.SHA256)
    asked = builder.build()
    headers = {"Content-Type": "application/timestamp-query"}
    found = b""
    request = urllib.request.Request(url, asked.as_bytes(), headers)  # noqa: S310  # http or https
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310  # the same
            found = bytes(answer.read(_MOST_BYTES))
        why = _fault(library.decode_timestamp_response(found), asked, data)
    except (OSError, ValueError) as error:
        why = str(error)
    if why:
        raise TrailscanError(
            f"the timestamp authority {url}: {visible(why)}",
            "run the command again, which finishes the seal; without --timestamp it needs no token",
        )
    return found


def _fault(token: Any, asked: Any, data: bytes) -> str:
    """Why an answer is no token over these bytes; empty if it is one."""
    if token.status != _GRANTED:
        return f"it refused: {'; '.join(token.status_string)}"
    if token.tst_info.message_imprint.message != hashlib.sha256(data).digest():
        return "its token is of other bytes"
    return "" if token.tst_info.nonce == asked.nonce else "its token answers another request"


def read_roots(path: Path) -> list[x509.Certificate]:
    """The root certificates in a PEM file.

    Raises:
        ValueError: there is none.
        OSError: it cannot be read.
    """
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except ValueError:
        raise ValueError(f"{path} holds no certificate in PEM") from None


def check_token(token: bytes, data: bytes, roots: list[x509.Certificate]) -> str:
    """When a token over bytes was made, by an authority that one of the roots vouches for.

    Raises:
        ValueError: it does not hold.
        TrailscanError: the library for it is not installed.
    """
    library = _library()
    builder = library.VerifierBuilder()
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        found = library.decode_timestamp_response(token)
        builder.build().verify_message(found, data)
    except library.VerificationError as error:
        raise ValueError(str(error)) from None
    return f"{found.tst_info.gen_time:%Y-%m-%dT%H:%M:%SZ}"
