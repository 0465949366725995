"""Keys: from the user and AWS first, the store's last, and each is the one of its fingerprint."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime

import pytest
import signed
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from services.command import run_command
from signed import keys, load, validate, write_archive

from trailscan.aws.public_keys import ListedKey
from trailscan.buckets import LocalBucket
from trailscan.errors import DecodeError, StoreError
from trailscan.ingest.validation.key_ring import KEPT, KeyRing
from trailscan.store.attesting import write_validation
from trailscan.store.paths import NO_DAY
from trailscan.validate.keys import PublicKey, fingerprint_of, has_fingerprint, parse_public_keys

START, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def attacker():
    """A key of the attacker's, and the DER form of its public part."""
    key = rsa.generate_private_key(65537, 2048)
    return key, key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)


@pytest.fixture
def forge(attacker, tmp_path, monkeypatch):
    """Writes an archive that the attacker signed, under a fingerprint."""

    def write(fingerprint):
        key, _ = attacker
        monkeypatch.setattr(
            signed.SIGNING, "sign", lambda text: key.sign(text, padding.PKCS1v15(), SHA256()).hex()
        )
        monkeypatch.setattr(signed.SIGNING, "FINGERPRINT", fingerprint)
        return write_archive(tmp_path / "forged")

    return write


def plant(store, fingerprint, value):
    """Put a public key into a store, as a validation does."""
    row = (fingerprint, value, START, END, "ListPublicKeys us-east-1")
    write_validation(LocalBucket(store), "S", {"public_keys": [(NO_DAY, row)]}, "x", END)


@pytest.mark.parametrize("given", [True, False])
def test_a_planted_key_does_not_vouch_for_a_forged_archive(
    archive, tmp_path, attacker, forge, given
):
    """A key of the attacker's under AWS's fingerprint is refused, from wherever it is taken."""
    (true,) = keys()
    store = tmp_path / "S"
    load(archive, store)
    plant(store, true.fingerprint, attacker[1])
    forged = forge(true.fingerprint)
    found = validate(forged, store, public_keys=keys() if given else ())
    assert found.outcome == ("tampered" if given else "incomplete")
    assert ("valid", "signature") not in found.digests
    if not given:
        assert "is not the one of its fingerprint" in "\n".join(found.failures)


def test_a_damaged_store_does_not_hide_a_forged_archive(archive, tmp_path, forge):
    """What the archive shows without the store is found; an honest one is no answer then."""
    (true,) = keys()
    store = tmp_path / "S"
    load(archive, store)
    commit = store / "_ledger" / "00000001.json"
    commit.write_bytes(commit.read_bytes().replace(b'"seq": 1', b'"seq":  1'))
    with pytest.raises(StoreError, match="the ledger is broken"):
        validate(archive, store)
    found = validate(forge(true.fingerprint), store)
    assert found.outcome == "tampered"
    assert f"{store} was not compared with: the ledger is broken at _ledger/0" in found.failures[-1]


def test_a_key_that_the_user_does_not_give_is_not_taken_from_the_store(
    archive, tmp_path, attacker, forge
):
    """The attacker's key under its own fingerprint: unknown to whoever gave keys."""
    store = tmp_path / "S"
    load(archive, store)
    fingerprint, given = fingerprint_of(attacker[1]), keys()
    plant(store, fingerprint, attacker[1])
    found = validate(forge(fingerprint), store, public_keys=given)
    assert found.outcome == "incomplete"
    assert {verdict for verdict, _ in found.digests} == {"unknown_key"}


def test_a_kept_key_is_called_kept_whatever_the_store_says(archive, tmp_path):
    """What the store claims of the origin of a key is not repeated."""
    store = tmp_path / "S"
    load(archive, store)
    (true,) = keys()
    plant(store, true.fingerprint, true.value)
    found = validate(archive, store, public_keys=())
    assert (found.outcome, {key.origin for key in found.keys}) == ("valid", {KEPT})


def test_a_store_in_the_current_folder_is_not_trusted_silently(archive, tmp_path):
    """Its keys are not used, and the summary says that it was compared with it."""
    load(archive, tmp_path / "trailscan-store")
    (true,) = keys()
    plant(tmp_path / "trailscan-store", true.fingerprint, true.value)
    done = run_command("validate", archive, "--offline", cwd=tmp_path)
    assert done.returncode == 4
    assert b"compared with ./trailscan-store" in done.stdout
    assert b"its public keys are not used" in done.stdout
    done = run_command("validate", archive, "--offline", "--store", "trailscan-store", cwd=tmp_path)
    assert (done.returncode, KEPT.encode() in done.stdout) == (0, True)


def test_a_file_of_keys_is_not_read_whole_if_it_is_none(archive, tmp_path):
    """Gigabytes that are no keys: exit code 5 with the name of the file."""
    with (tmp_path / "keys.json").open("wb") as file:
        file.truncate(3 * 2**30)
    done = run_command("validate", archive, "--offline", "--public-keys", tmp_path / "keys.json")
    words = b"keys.json: it has more than 67,108,864 bytes: no public keys"
    assert (done.returncode, words in done.stderr) == (5, True)


class Lister:
    """AWS, which lists some keys."""

    has_credentials = True

    def __init__(self, *listed):
        self.listed = listed

    def list(self, *_):
        """The keys."""
        return [ListedKey(*one) for one in self.listed]


class File:
    """A digest file that was signed with the test key."""

    signature = None
    digest = type("Digest", (), {"fingerprint": keys()[0].fingerprint})
    name = type("Name", (), {"end": START, "chain": type("Chain", (), {"backfill": False})})


def test_a_kept_key_that_aws_does_not_list_is_refused():
    """Where AWS answers, its list counts: a key that only the store has is not listed."""
    (true,) = keys()
    kept = true._replace(origin=KEPT)
    assert KeyRing((), Lister(), [kept]).for_digests("us-east-1", [File]).known == {}
    asked = KeyRing((), Lister(tuple(true)[:4]), [kept]).for_digests("us-east-1", [File]).known
    assert asked[true.fingerprint].origin == "ListPublicKeys us-east-1"
    offline = KeyRing((), None, [kept]).for_digests("us-east-1", [File]).known
    assert offline[true.fingerprint].origin == KEPT


def test_a_file_with_a_key_under_another_fingerprint_is_refused(attacker):
    """The MD5 of the DER form is the fingerprint, as AWS computes it."""
    (true,) = keys()
    assert has_fingerprint(true.value, true.fingerprint.upper())
    listed = {
        "Value": base64.b64encode(attacker[1]).decode(),
        "Fingerprint": true.fingerprint,
        "ValidityStartTime": 0,
        "ValidityEndTime": 1,
    }
    with pytest.raises(DecodeError, match="is not the MD5 of its key"):
        parse_public_keys(json.dumps({"PublicKeyList": [listed]}).encode(), "x")
    assert (
        fingerprint_of(attacker[1]) == hashlib.md5(attacker[1], usedforsecurity=False).hexdigest()
    )
    ring = KeyRing([PublicKey(true.fingerprint, attacker[1], START, END, "x")], None)
    assert (ring.known, len(ring.failures)) == ({}, 1)
