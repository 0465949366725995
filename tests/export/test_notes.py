"""Signed notes and Ed25519, held against the examples of their specifications and OpenSSL."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from trailscan.export.signing import named_key, public_file
from trailscan.export.verifier.ed25519 import is_signed_by
from trailscan.export.verifier.notes import Checkpoint, NoteKey, note_text, parse_keys, parse_note
from trailscan.export.verifier.rsa import is_rsa_signed, parse_rsa_key

PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_SIGNATURE = (
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
)


def test_a_note_of_gos_own_documentation_is_signed_by_its_key():
    """The example of golang.org/x/mod/sumdb/note: key ID and signature hold, and only for it."""
    import base64

    (key,) = parse_keys(PETER.encode())
    value = base64.b64decode(PETER_SIGNATURE)
    assert (key.name, key.text, value[:4]) == ("PeterNeumann", PETER, key.key_id)
    assert is_signed_by(key.public, PETER_NOTE.encode(), value[4:])
    assert not is_signed_by(key.public, PETER_NOTE.encode() + b"\n", value[4:])


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.integers(0, 511))
def test_ed25519_agrees_with_openssl(seed, message, bit):
    """A signature of OpenSSL holds; with one bit turned it does not."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert is_signed_by(public, message, signature)
    other = bytearray(signature)
    other[bit // 8] ^= 1 << bit % 8
    assert not is_signed_by(public, message, bytes(other))


def test_ed25519_refuses_keys_and_signatures_that_sign_everything():
    """A key of small order, and a factor that is too large, are refused."""
    assert not is_signed_by(b"\1" + bytes(31), b"text", b"\1" + bytes(63))
    private = Ed25519PrivateKey.generate()
    signature = private.sign(b"text")
    order = 2**252 + 27742317777372353535851937790883648493
    factor = (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not is_signed_by(
        private.public_key().public_bytes_raw(), b"text", signature[:32] + factor
    )


def test_rsa_agrees_with_openssl():
    """A signature of OpenSSL holds; with one byte turned, or a zero byte before it, it does not."""
    private = rsa.generate_private_key(65537, 2048)
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.PKCS1
    )
    signature = private.sign(b"text", padding.PKCS1v15(), hashes.SHA256())
    key = parse_rsa_key(der)
    assert is_rsa_signed(key, b"text", signature)
    assert not is_rsa_signed(key, b"text.", signature)
    assert not is_rsa_signed(key, b"text", signature[:-1] + bytes([signature[-1] ^ 1]))
    assert not is_rsa_signed(key, b"text", b"\0" + signature)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"o\n1\n",
        b"o\n01\n" + b"A" * 43 + b"=\n\n",
        b"o\n1\nAAAA\n\n",
        b"o\n1\n" + b"A" * 43 + b"=\n",
        b"o\n1\n" + b"A" * 43 + b"=\n\n- name AAAA\n",
        b"o\n1\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 na+me AAAA\n",
        b"o\r\n1\n" + b"A" * 43 + b"=\n\n",
        b"\xff\n1\n" + b"A" * 43 + b"=\n\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text):
    """Missing lines, leading zeros, short roots, control characters and odd signature lines."""
    with pytest.raises(ValueError, match=r"checkpoint|base64"):
        parse_note(text)


def test_a_checkpoint_is_read_as_it_was_written():
    """Signed by its key, known by no other, and the public file has the key in both forms."""
    private = Ed25519PrivateKey.generate()
    key = named_key(private.public_key().public_bytes_raw())
    head = Checkpoint("example.com/log", 3, bytes(32))
    note = parse_note(note_text(head, key, private.sign(head.text.encode())).encode())
    assert (note.checkpoint, note.text) == (head, head.text)
    assert parse_keys(public_file(key)) == [key]
    pem = public_file(key).split(b"\n", 1)[1]
    assert parse_keys(pem) == [NoteKey("", key.public)]
    assert (note.is_signed(key), note.is_signed(NoteKey("", key.public))) == (True, True)
    assert note.is_signed(named_key(bytes(32))) is None
