"""Signed notes and checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import NamedTuple

from trailscan.export.verifier.ed25519 import is_signed_by

_ED25519 = b"\x01"
_SPKI = bytes.fromhex("302a300506032b6570032100")
_PEM = re.compile(
    r"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]{1,4096})-----END PUBLIC KEY-----"
)
_NAME = re.compile(r"[^\s+\x00-\x1f]{1,255}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,14}")
_SIGNED = 4 + 64
_KEY = 32
_HASH = 32
_MOST_SIGNATURES = 64


class NoteKey(NamedTuple):
    """An Ed25519 public key; its name is empty if it is known without one."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256 of the name, a line end, 0x01 and the key."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key in one line: name, key ID in hex, and base64 of 0x01 and the key."""
        encoded = base64.b64encode(_ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


class Checkpoint(NamedTuple):
    """The head of a log: whose it is, how many leaves it has, and the root of their tree."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


class NoteSignature(NamedTuple):
    """A signature line: the name and ID of a key, and what it signed."""

    name: str
    key_id: bytes
    value: bytes


class Note(NamedTuple):
    """A checkpoint as a note: its text, what it says, and its signatures."""

    text: str
    checkpoint: Checkpoint
    signatures: list[NoteSignature]

    def is_signed(self, key: NoteKey) -> bool | None:
        """Whether a key signed it; None if no line is that key's."""
        names = {one.name for one in self.signatures} if not key.name else {key.name}
        found: bool | None = None
        for one in self.signatures:
            named = NoteKey(one.name, key.public)
            if one.name in names and one.key_id == named.key_id:
                if not is_signed_by(key.public, self.text.encode(), one.value):
                    return False
                found = True
        return found


def base64_bytes(text: str) -> bytes:
    """The bytes of canonical base64.

    Raises:
        ValueError: it is none.
    """
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError):
        raise ValueError("not base64") from None
    if base64.b64encode(found).decode() != text:
        raise ValueError("not base64 as RFC 4648 writes it")
    return found


def note_text(checkpoint: Checkpoint, key: NoteKey | None, signature: bytes) -> str:
    """A checkpoint as a note, with the signature of a key; without a key nobody signed it."""
    if key is None:
        return f"{checkpoint.text}\n"
    encoded = base64.b64encode(key.key_id + signature).decode()
    return f"{checkpoint.text}\n\N{EM DASH} {key.name} {encoded}\n"


def parse_note(data: bytes) -> Note:
    """The checkpoint in a note.

    Raises:
        ValueError: it is none.
    """
    try:
        whole = data.decode()
    except UnicodeError:
        raise ValueError("the checkpoint is not UTF-8") from None
    if re.search(r"[\x00-\x09\x0b-\x1f]", whole):
        raise ValueError("the checkpoint holds control characters")
    text, blank, lines = whole.rpartition("\n\n")
    if not blank or (lines and not lines.endswith("\n")):
        raise ValueError("the checkpoint is not a signed note")
    text += "\n"
    signatures = [_signature(line) for line in lines.splitlines()]
    if len(signatures) > _MOST_SIGNATURES:
        raise ValueError("the checkpoint has too many signatures")
    return Note(text, _checkpoint(text), signatures)


def _checkpoint(text: str) -> Checkpoint:
    """What the text of a checkpoint says."""
    lines = text.split("\n")[:-1]
    if len(lines) < 3 or not all(lines) or not _SIZE.fullmatch(lines[1]):  # noqa: PLR2004  # origin, size, root
        raise ValueError("the checkpoint has no origin, size and root")
    try:
        root = base64_bytes(lines[2])
    except ValueError as error:
        raise ValueError(f"the root of the checkpoint: {error}") from None
    if len(root) != _HASH:
        raise ValueError("the root of the checkpoint is not a SHA-256")
    return Checkpoint(lines[0], int(lines[1]), root)


def _signature(line: str) -> NoteSignature:
    """A signature line; one of another algorithm has another length, and is kept unread."""
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "\N{EM DASH}" or not _NAME.fullmatch(parts[1]):  # noqa: PLR2004  # dash, name, signature
        raise ValueError("a signature line of the checkpoint is malformed")
    try:
        value = base64_bytes(parts[2])
    except ValueError as error:
        raise ValueError(f"a signature of the checkpoint: {error}") from None
    return NoteSignature(parts[1], value[:4], value[4:])


def parse_keys(data: bytes) -> list[NoteKey]:
    """The Ed25519 public keys of a file: lines as notes have them, else PEM.

    Raises:
        ValueError: there is none, or one is damaged.
    """
    text = data.decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.count("+") >= 2]  # noqa: PLR2004  # name+id+key
    found = [_key(line) for line in lines if re.match(r"[^\s+]+\+[0-9a-f]{8}\+", line)]
    if found:
        return found
    for match in _PEM.finditer(text):
        der = base64_bytes("".join(match[1].split()))
        if not der.startswith(_SPKI) or len(der) != len(_SPKI) + _KEY:
            raise ValueError("the public key is not an Ed25519 key")
        found.append(NoteKey("", der[len(_SPKI) :]))
    if not found:
        raise ValueError("the file holds no Ed25519 public key: give FILE.pub of `keygen`")
    return found


def _key(line: str) -> NoteKey:
    """The key of a line `name+id+base64`."""
    name, given, encoded = line.split("+", 2)
    value = base64_bytes(encoded)
    key = NoteKey(name, value[1:])
    if value[:1] != _ED25519 or len(value) != 1 + _KEY or key.key_id.hex() != given:
        raise ValueError(f"the public key {name} is damaged: its key ID is not that of the key")
    return key
