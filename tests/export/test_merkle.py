"""The Merkle tree of RFC 6962: its laws, held against a model written from the definition."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from trailscan.export.verifier.merkle import (
    consistency_path,
    inclusion_path,
    is_consistent,
    leaf_hash,
    root_from_path,
    root_of,
)


def model(data: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word by word."""
    if not data:
        return hashlib.sha256().digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return hashlib.sha256(b"\x01" + model(data[:k]) + model(data[k:])).digest()


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_a_root_is_that_of_the_definition(data):
    """The root by levels is the root by the recursive definition."""
    assert root_of([leaf_hash(one) for one in data]) == model(data)


@given(st.integers(1, 70), st.data())
def test_an_inclusion_proof_leads_to_the_root_and_to_no_other(size, data):
    """The path of a leaf gives the root; for another leaf, place or path it does not."""
    hashes = [leaf_hash(b"%d" % at) for at in range(size)]
    at = data.draw(st.integers(0, size - 1))
    path = inclusion_path(at, hashes)
    assert root_from_path(at, size, hashes[at], path) == root_of(hashes)
    assert root_from_path(at, size, leaf_hash(b"x"), path) != root_of(hashes)
    assert root_from_path(at, size, hashes[at], [*path, hashes[0]]) is None
    if path:
        assert root_from_path(at, size, hashes[at], path[:-1]) != root_of(hashes)
        assert root_from_path(at, size, hashes[at], []) != root_of(hashes)


@given(st.integers(1, 70), st.data())
def test_a_consistency_proof_holds_for_a_tree_that_grew_and_for_no_other(size, data):
    """The path from each size holds between the true roots, and not from or to another root."""
    hashes = [leaf_hash(b"%d" % at) for at in range(size)]
    old = data.draw(st.integers(1, size))
    path, was, now = consistency_path(old, hashes), root_of(hashes[:old]), root_of(hashes)
    other = leaf_hash(b"other")
    assert is_consistent(old, size, was, now, path)
    assert not is_consistent(old, size, other, now, path)
    assert not is_consistent(old, size, was, other, path)
    assert not is_consistent(0, size, was, now, path)
    assert not is_consistent(old, size, was, now, [*path, other])


def test_roots_of_the_reference_implementation():
    """The roots of Certificate Transparency's own test vectors, for its first three leaves."""
    leaves = [leaf_hash(bytes.fromhex(one)) for one in ("", "00", "10")]
    roots = [root_of(leaves[:size]).hex() for size in range(4)]
    assert roots == [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    ]
