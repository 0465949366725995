"""The Merkle tree of RFC 6962, section 2.1: roots, and proofs of inclusion and consistency."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf: SHA-256 of a zero byte and its data."""
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node: SHA-256 of a one byte and its children's hashes."""
    return hashlib.sha256(b"\1" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below a size of two or more."""
    return 1 << ((size - 1).bit_length() - 1)


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root of a tree by the hashes of its leaves; of an empty tree, SHA-256 of nothing."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    level = list(hashes)
    while len(level) > 1:  # an odd node moves up, which gives the tree of RFC 6962
        paired = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = paired + level[len(paired) * 2 :]
    return level[0]


def inclusion_path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The proof that a leaf is in a tree: the hashes beside its way to the root, from below."""
    if len(hashes) <= 1:
        return []
    at = _split(len(hashes))
    if index < at:
        return [*inclusion_path(index, hashes[:at]), root_of(hashes[at:])]
    return [*inclusion_path(index - at, hashes[at:]), root_of(hashes[:at])]


def root_from_path(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof gives (RFC 9162, 2.1.3.2); None if it has no such length."""
    if not 0 <= index < size:
        return None
    node, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            found = node_hash(step, found)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, step)
        node, last = node >> 1, last >> 1
    return found if last == 0 else None


def consistency_path(old_size: int, hashes: Sequence[bytes]) -> list[bytes]:
    """The proof that a tree grew from its first leaves: `PROOF(m, D[n])` of RFC 6962, 2.1.2.

    Args:
        old_size: how many leaves it had, from 1 on.
        hashes: of all leaves now.
    """
    return _subproof(old_size, hashes, is_whole=True)


def _subproof(old_size: int, hashes: Sequence[bytes], *, is_whole: bool) -> list[bytes]:
    if old_size == len(hashes):
        return [] if is_whole else [root_of(hashes)]
    at = _split(len(hashes))
    if old_size <= at:
        return [*_subproof(old_size, hashes[:at], is_whole=is_whole), root_of(hashes[at:])]
    return [*_subproof(old_size - at, hashes[at:], is_whole=False), root_of(hashes[:at])]


def is_consistent(
    old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Whether a proof shows that one tree grew to the other (RFC 9162, 2.1.4.2)."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not path and old_root == new_root
    steps = list(path)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, step)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root
