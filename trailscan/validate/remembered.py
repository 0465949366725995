"""Digests that an earlier validation proved and that are gone, or are not what they were.

The store keeps each proved digest with its bytes and signature, so what it attests stays attested.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trailscan.validate.keys import is_signed
from trailscan.validate.verdicts import ChainVerdicts, DigestVerdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from trailscan.trail.digest import ChainName
    from trailscan.validate.chain import DigestFile, Keys
    from trailscan.validate.layout import ArchiveLayout
    from trailscan.validate.verdicts import Proof
    from trailscan.window import Window


def remember(
    chains: Sequence[ChainVerdicts],
    proved: Iterable[DigestFile],
    keys: Keys,
    layout: ArchiveLayout,
    window: Window,
    present: Collection[str],
) -> tuple[ChainVerdicts, ...]:
    """The verdicts on the digests of one unit, with those that only the store still proves.

    Args:
        chains: the verdicts on what is listed, and what that names.
        proved: digests that the store keeps as proved, which no chain proves now.
        keys: the public keys.
        layout: of the archive.
        window: of delivery time.
        present: the keys of the listed log files.
    """
    oldest = _oldest(chains)
    listed = {one.key: one for chain in chains for one in chain.digests}
    found = {}
    for file in proved:
        proof = _proof(file, keys, layout)
        now = listed.get(file.key)
        if proof is None or file.digest is None or _is_unchanged(now, file):
            continue
        expired = window.start is None and _before(file, oldest)
        if now is not None and now.verdict != "missing":
            found[file.key] = _verdict(file, proof, now)
        elif not expired:
            found[file.key] = _verdict(file, proof, None)
        elif any(layout.archive_key(one.key) in present for one in file.digest.log_files):
            found[file.key] = _verdict(file, proof, None, "before_first")
    if not found:
        return tuple(chains)
    kept = [
        ChainVerdicts(
            tuple(one for one in chain.digests if one.key not in found), chain.gaps, chain.context
        )
        for chain in chains
    ]
    return (*kept, ChainVerdicts(tuple(found.values()), ()))


def _oldest(chains: Iterable[ChainVerdicts]) -> Mapping[ChainName, datetime]:
    """When the oldest digest of each chain ends that is there."""
    found: dict[ChainName, datetime] = {}
    for one in (one for chain in chains for one in (*chain.digests, *chain.context)):
        if one.verdict != "missing":
            name = one.name.chain
            found[name] = min(one.name.end, found.get(name, one.name.end))
    return found


def _before(file: DigestFile, oldest: Mapping[ChainName, datetime]) -> bool:
    """Whether a digest is older than all that is left of its chain, and so may have expired."""
    first = oldest.get(file.name.chain)
    return first is not None and file.name.end < first


def _is_unchanged(now: DigestVerdict | None, file: DigestFile) -> bool:
    """Whether a digest is still there as it was proved, or could not be read now."""
    if now is None or file.digest is None:
        return False
    same = now.digest is not None and now.digest.sha256 == file.digest.sha256
    return same or now.proof is not None or now.verdict == "unread"


def _proof(file: DigestFile, keys: Keys, layout: ArchiveLayout) -> Proof | None:
    """What proves a digest that the store keeps; None if it is not what the store says."""
    digest = file.digest
    if digest is None or not layout.is_of(digest.bucket):
        return None
    if layout.signed_key(file.key) != digest.key:
        return None
    key = keys.known.get(digest.fingerprint)
    if key is None or file.signature is None:
        return "stored"
    signed = is_signed(digest.signed_text, file.signature.signature, key)
    return "signature" if signed else None


def _verdict(
    file: DigestFile, proof: Proof, now: DigestVerdict | None, reason: str = "proved_before"
) -> DigestVerdict:
    """The verdict on a digest that the store proves."""
    digest = file.digest
    sha256 = digest.sha256 if digest else ""
    found = "none" if now is None else now.found
    if now is not None and now.digest is not None:
        found = now.digest.sha256
    return DigestVerdict(
        bucket=file.bucket,
        key=file.key,
        name=file.name,
        verdict="missing" if now is None else "modified",
        reason=reason,
        expected=f"SHA-256 {sha256}",
        found=found,
        proof=proof,
        digest=digest,
        signature=file.signature.signature if file.signature else None,
    )
