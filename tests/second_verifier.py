"""A second reader of checkpoints, written from C2SP's and RFC 6962's texts before reading ours.

It shares no line and no method with the program: Ed25519 is the `cryptography` library's, and the
proofs are followed by the recursive definitions of RFC 6962, 2.1.1 and 2.1.2.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class RefusedError(Exception):
    """What was given does not hold, and why."""


class TreeHead(NamedTuple):
    """What a checkpoint says about its log."""

    origin: str
    size: int
    root: bytes


def opened(note: bytes, verifier_key: str) -> TreeHead:
    """Read a checkpoint (c2sp.org/tlog-checkpoint) that the key has signed (c2sp.org/signed-note).

    Args:
        note: The bytes of the signed note.
        verifier_key: `<name>+<key ID in hex>+<base64 of 0x01 and the public key>`.

    Raises:
        RefusedError: It is no signed note, no checkpoint, or not signed by the key.
    """
    if any(byte < 0x20 and byte != 0x0A for byte in note):
        message = "control characters"
        raise RefusedError(message)
    text, blank, signatures = note.decode("utf-8").rpartition("\n\n")
    if not blank or not signatures.endswith("\n"):
        message = "no signatures"
        raise RefusedError(message)
    text += "\n"
    _check_signatures(text.encode(), signatures[:-1].split("\n"), verifier_key)
    lines = text[:-1].split("\n")
    if len(lines) < 3 or "" in lines:
        message = "fewer than three lines, or an empty one"
        raise RefusedError(message)
    if not re.fullmatch("0|[1-9][0-9]*", lines[1], re.ASCII):
        message = "the size is no number"
        raise RefusedError(message)
    root = base64.b64decode(lines[2], validate=True)
    if len(root) != 32:
        message = "the root is no SHA-256"
        raise RefusedError(message)
    return TreeHead(lines[0], int(lines[1]), root)


def _check_signatures(text: bytes, lines: list[str], verifier_key: str) -> None:
    name, key_id, encoded = verifier_key.strip().split("+", 2)
    typed_key = base64.b64decode(encoded, validate=True)
    expected = hashlib.sha256(name.encode() + b"\n" + typed_key).digest()[:4]
    if typed_key[:1] != b"\x01" or bytes.fromhex(key_id) != expected:
        message = "no Ed25519 verifier key"
        raise RefusedError(message)
    verified = False
    for line in lines:
        match = re.fullmatch("\u2014 ([^\\s+]+) ([A-Za-z0-9+/]+=*)", line)
        if match is None:
            message = f"no signature line: {line!r}"
            raise RefusedError(message)
        signature = base64.b64decode(match[2], validate=True)
        if match[1] != name or signature[:4] != expected:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(typed_key[1:]).verify(signature[4:], text)
        except InvalidSignature as error:
            message = "the signature of the key does not hold"
            raise RefusedError(message) from error
        verified = True
    if not verified:
        message = "not signed by the key"
        raise RefusedError(message)


def leaf(entry: bytes) -> bytes:
    """MTH of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two smaller than the size."""
    return 1 << (size - 1).bit_length() - 1


def root_with(hashed: bytes, place: int, size: int, path: list[bytes]) -> bytes:
    """The root to which an audit path leads: PATH(m, D[n]) read backwards."""
    if not 0 <= place < size or (size == 1 and path) or (size > 1 and not path):
        message = "the path is not of this place and size"
        raise RefusedError(message)
    if size == 1:
        return hashed
    k = _split(size)
    if place < k:
        return _node(root_with(hashed, place, k, path[:-1]), path[-1])
    return _node(path[-1], root_with(hashed, place - k, size - k, path[:-1]))


def check_growth(old: TreeHead, new: TreeHead, path: list[bytes]) -> None:
    """That the older tree is the beginning of the newer: PROOF(m, D[n]) read backwards.

    Raises:
        RefusedError: The proof leads to other roots, or is not of these sizes.
    """
    if not 0 < old.size <= new.size or (old.size == new.size and path):
        message = "the proof is not of these sizes"
        raise RefusedError(message)
    if _subroots(old.size, new.size, path, old.root) != (old.root, new.root):
        message = "the proof leads to other roots"
        raise RefusedError(message)


def _subroots(m: int, n: int, path: list[bytes], given: bytes | None) -> tuple[bytes, bytes]:
    """The roots of the first m and of all n entries: SUBPROOF(m, D[n], given is known)."""
    if m == n:
        if (given is None) != (len(path) == 1) or len(path) > 1:
            message = "the proof has another length"
            raise RefusedError(message)
        root = path[0] if given is None else given
        return root, root
    if not path:
        message = "the proof has another length"
        raise RefusedError(message)
    k = _split(n)
    if m <= k:
        old, new = _subroots(m, k, path[:-1], given)
        return old, _node(new, path[-1])
    old, new = _subroots(m - k, n - k, path[:-1], None)
    return _node(path[-1], old), _node(path[-1], new)
