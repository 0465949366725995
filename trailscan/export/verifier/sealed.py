"""The seal of one package: its leaf, proofs, checkpoint and signatures."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from trailscan.export.verifier.content import (
    CHANGES,
    NIGHTS,
    POPULATION,
    RECORDS,
    RUN,
    STATEMENT,
)
from trailscan.export.verifier.ed25519 import is_signed_by
from trailscan.export.verifier.files import MANIFEST, is_night
from trailscan.export.verifier.merkle import (
    is_consistent,
    leaf_hash,
    root_from_path,
    root_of,
)
from trailscan.export.verifier.notes import Note, NoteKey, parse_keys, parse_note
from trailscan.export.verifier.report import RefusedError, Report, shown
from trailscan.export.verifier.tables import lines_of, read_json, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trailscan.export.verifier.files import Files

CHECKPOINT = "checkpoint"
SIGNATURE = "signature"
LEAF = "proof/leaf"
LEAVES = "proof/leaves"
INCLUSION = "proof/inclusion.json"
CONSISTENCY = "proof/consistency.json"
ROWS = "proof/rows.json"
KEY = "proof/key.pub"
TIMESTAMP = "proof/timestamp.tsr"
SEAL_FILES = (
    *(CHECKPOINT, SIGNATURE, LEAF, LEAVES, INCLUSION, CONSISTENCY, ROWS, KEY),
    TIMESTAMP,
)
LEAF_HEAD = "trailscan export leaf v1"
ORIGIN = "trailscan.export/"


class Outside(NamedTuple):
    """What was given from outside: an older checkpoint and keys of the signer."""

    checkpoint: Note | None = None
    keys: Sequence[NoteKey] | None = None


class Sealed(NamedTuple):
    """A package in its log: its checkpoint, its leaf's place, and all leaves until then."""

    note: Note
    number: int
    leaves: list[bytes]
    key: NoteKey | None


def row_hashes(name: str, read: Callable[[str], bytes]) -> dict[str, list[bytes]]:
    """The leaf hashes of the rows of the files that have a root in the leaf, by path.

    Args:
        name: of the package of a night, or of the index of a period.
        read: gives the bytes of a file.
    """
    night = ((RECORDS, lines_of), (CHANGES, rows_of))
    period = ((NIGHTS, rows_of), (POPULATION, rows_of))
    return {
        path: [leaf_hash(row) for row in split(read(path))]
        for path, split in (night if is_night(name) else period)
    }


def leaf_text(name: str, read: Callable[[str], bytes], rows: dict[str, list[bytes]]) -> bytes:
    """The leaf of a package: what its seal covers, in lines of a word and a value.

    Args:
        name: of the package.
        read: gives the bytes of a file.
        rows: the hashes of its rows, as `row_hashes` gives them.
    """
    parts = [
        LEAF_HEAD,
        f"package {name}",
        *(
            f"{path} {hashlib.sha256(read(path)).hexdigest()}"
            for path in (MANIFEST, STATEMENT, RUN)
        ),
        *(f"rows {path} {len(rows[path])} {root_of(rows[path]).hex()}" for path in rows),
    ]
    return "".join(f"{part}\n" for part in parts).encode()


def origin_of(first_leaf: bytes) -> str:
    """The name of a log, which the hash of its first leaf decides."""
    return f"{ORIGIN}{first_leaf.hex()[:32]}"


def check_seal(files: Files, outside: Outside, report: Report) -> Sealed | None:
    """Check the seal of a package; None if there is none that can be read."""
    for path in files.sizes:
        if path.startswith("proof/") and path not in SEAL_FILES:
            report.refuse(f"{files.name}/{shown(path)}", "added: the seal has no such file")
    leaf, rows = files.read(LEAF), row_hashes(files.name, files.read)
    if leaf != leaf_text(files.name, files.read, rows):
        report.refuse(f"{files.name}/{LEAF}", "the leaf is not that of these files")
    note = _note(files)
    index, inclusion = _proof(files, INCLUSION, "index")
    leaves = _leaves(files)
    where, head = f"{files.name}/{INCLUSION}", note.checkpoint
    if _size(files, INCLUSION) != head.size:
        report.refuse(where, f"it is of another size than the checkpoint, {head.size}")
    if root_from_path(index, head.size, leaf_hash(leaf), inclusion) != head.root:
        report.refuse(where, "it does not lead from this package to the root of the checkpoint")
    if len(leaves) != head.size or root_of(leaves) != head.root:
        report.refuse(f"{files.name}/{LEAVES}", "these leaves have not the root of the checkpoint")
    elif leaves[index : index + 1] != [leaf_hash(leaf)]:
        report.refuse(f"{files.name}/{LEAVES}", "this package is not at its place among the leaves")
    if leaves and head.origin != origin_of(leaves[0]):
        report.refuse(f"{files.name}/{CHECKPOINT}", "its origin is not that of its first leaf")
    _check_consistency(files, note, report)
    _check_rows(files, leaf, rows, report)
    key = _check_signatures(files, leaf, note, outside, report)
    _check_outside(files, note, leaves, outside, report)
    _check_timestamp(files, report)
    return Sealed(note, index, leaves, key)


def _note(files: Files) -> Note:
    try:
        return parse_note(files.read(CHECKPOINT))
    except ValueError as error:
        raise RefusedError(f"{files.name}/{CHECKPOINT}", shown(error)) from None


def _hashes(files: Files, path: str, found: Any) -> list[bytes]:
    """SHA-256 hashes in hex."""
    try:
        hashes = [bytes.fromhex(one) for one in found]
    except (TypeError, ValueError):
        raise RefusedError(f"{files.name}/{path}", "not a list of SHA-256 in hex") from None
    if any(len(one) != 32 for one in hashes):  # noqa: PLR2004  # bytes of SHA-256
        raise RefusedError(f"{files.name}/{path}", "not a list of SHA-256 in hex")
    return hashes


def _proof(files: Files, path: str, number: str) -> tuple[int, list[bytes]]:
    """A proof: a number of it and its hashes."""
    found = read_json(files, path)
    at = found.get(number)
    if not isinstance(at, int) or isinstance(at, bool) or at < 0:
        raise RefusedError(f"{files.name}/{path}", f"{number} is not a number")
    return at, _hashes(files, path, found.get("hashes"))


def _size(files: Files, path: str) -> object:
    return read_json(files, path).get("size")


def _leaves(files: Files) -> list[bytes]:
    lines = files.read(LEAVES).decode("ascii", "replace").split("\n")
    if lines.pop():
        raise RefusedError(f"{files.name}/{LEAVES}", "its last line has no end")
    return _hashes(files, LEAVES, lines)


def _check_consistency(files: Files, note: Note, report: Report) -> None:
    """The tree grew from that of the checkpoint before, which stands beside the proof."""
    where, head = f"{files.name}/{CONSISTENCY}", note.checkpoint
    found = read_json(files, CONSISTENCY)
    old_size, hashes = _proof(files, CONSISTENCY, "old_size")
    if found.get("size") != head.size or old_size != head.size - 1:
        report.refuse(where, "it does not lead to this checkpoint from the one before")
        return
    if old_size == 0:
        if hashes or found.get("old_root") is not None:
            report.refuse(where, "the first package of a log has no checkpoint before it")
        return
    old_root = _hashes(files, CONSISTENCY, [found.get("old_root")])[0]
    if not is_consistent(old_size, head.size, old_root, head.root, hashes):
        report.refuse(where, "the tree of this checkpoint did not grow from the one before")


def _check_rows(files: Files, leaf: bytes, rows: dict[str, list[bytes]], report: Report) -> None:
    """The file that proves single rows is made of these files, leaf and checkpoint."""
    index, hashes = _proof(files, INCLUSION, "index")
    checkpoint = files.read(CHECKPOINT).decode()
    if read_json(files, ROWS) != rows_proof(rows, leaf, index, hashes, checkpoint):
        report.refuse(f"{files.name}/{ROWS}", "it does not prove the rows of these files")


def rows_proof(
    rows: dict[str, list[bytes]],
    leaf: bytes,
    index: int,
    path: Sequence[bytes],
    checkpoint: str,
) -> dict[str, Any]:
    """What proves any single row: the hashes of all rows, the leaf, its way to the checkpoint."""
    return {
        "leaf": leaf.decode(),
        "index": index,
        "hashes": [one.hex() for one in path],
        "checkpoint": checkpoint,
        "rows": {name: [one.hex() for one in hashes] for name, hashes in rows.items()},
    }


def check_row(row: bytes, proof: dict[str, Any], outside: Outside, report: Report) -> None:
    """Check that a single row is one that a checkpoint covers, by `proof/rows.json` alone.

    Raises:
        RefusedError: the proof is malformed.
    """
    try:
        leaf = str(proof["leaf"]).encode()
        note = parse_note(str(proof["checkpoint"]).encode())
        path = [bytes.fromhex(one) for one in proof["hashes"]]
        rows = {
            name: [bytes.fromhex(one) for one in hashes] for name, hashes in proof["rows"].items()
        }
        index = int(proof["index"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise RefusedError(ROWS, f"malformed: {shown(error)}") from None
    wanted = {leaf_hash(row if row.endswith(b"\n") else row + b"\n")}
    found = [
        (name, hashes.index(one))
        for name, hashes in rows.items()
        for one in wanted
        if one in hashes
    ]
    if not found:
        report.refuse("row", "it is not a row of this package, byte by byte")
    for name, hashes in rows.items():
        if f"rows {name} {len(hashes)} {root_of(hashes).hex()}\n" not in leaf.decode():
            report.refuse(ROWS, f"the rows of {shown(name)} have not the root in the leaf")
    head = note.checkpoint
    if root_from_path(index, head.size, leaf_hash(leaf), path) != head.root:
        report.refuse(ROWS, "the leaf does not lead to the root of the checkpoint")
    if outside.checkpoint is not None and outside.checkpoint.checkpoint != head:
        report.say("the checkpoint from outside is another one: verify the package for more")
    _check_given(note, leaf, None, outside, ROWS, report)
    package = shown(leaf.decode().splitlines()[1])
    for name, at in found:
        report.say(f"it is row {at + (name == RECORDS)} of {shown(name)} in {package}")


def _check_signatures(
    files: Files, leaf: bytes, note: Note, outside: Outside, report: Report
) -> NoteKey | None:
    """The key that signed checkpoint and leaf: one from outside, or the one inside."""
    signature = files.read(SIGNATURE) if SIGNATURE in files.sizes else None
    if outside.keys is not None:
        return _check_given(note, leaf, signature or b"", outside, files.name, report)
    if not note.signatures and signature is None:
        report.is_alone("no key signed the checkpoint: whoever keeps the packages can make others")
        return None
    try:
        key = parse_keys(files.read(KEY))[0]
    except ValueError as error:
        raise RefusedError(f"{files.name}/{KEY}", shown(error)) from None
    inside = Outside(outside.checkpoint, [key])
    found = _check_given(note, leaf, signature or b"", inside, files.name, report)
    report.is_alone("the signer's key comes from the package: give --key")
    return found


def _check_given(
    note: Note, leaf: bytes, signature: bytes | None, outside: Outside, name: str, report: Report
) -> NoteKey | None:
    """Find the key that signed; a signature that does not hold is refused."""
    if outside.keys is None:
        report.is_alone("no key was given: give --key")
        return None
    for key in outside.keys:
        is_signed = note.is_signed(key)
        if is_signed is False:
            report.refuse(f"{name}/{CHECKPOINT}", "its signature does not hold")
        if is_signed and signature is not None and not is_signed_by(key.public, leaf, signature):
            report.refuse(f"{name}/{SIGNATURE}", f"it is not a signature of {LEAF} by that key")
        if is_signed is not None:
            report.rest("signer", "that the package is what was sealed, and the order of packages")
            return key
    report.refuse(f"{name}/{CHECKPOINT}", "it is not signed by the key")
    return None


def _check_timestamp(files: Files, report: Report) -> None:
    """A token names the hash of the checkpoint; who made it is for other programs to check."""
    if TIMESTAMP not in files.sizes:
        return
    if hashlib.sha256(files.read(CHECKPOINT)).digest() not in files.read(TIMESTAMP):
        report.refuse(f"{files.name}/{TIMESTAMP}", "it is not of this checkpoint")
    report.say(
        f"{TIMESTAMP} is there and its signature was not checked: `trailscan export verify"
        " --timestamp-root FILE` and `openssl ts -verify` do"
    )


def _check_outside(
    files: Files, note: Note, leaves: list[bytes], outside: Outside, report: Report
) -> None:
    """Compare the package's log with a checkpoint that was kept elsewhere."""
    if outside.checkpoint is None:
        report.is_alone("the history: no checkpoint from outside (--checkpoint) shows that it grew")
        return
    given, head = outside.checkpoint.checkpoint, note.checkpoint
    where = f"{files.name}/{CHECKPOINT}"
    if given.origin != head.origin:
        report.refuse(where, "it is of another log than the checkpoint from outside")
    elif given.size == head.size and given.root != head.root:
        report.refuse(where, "fork: the checkpoint from outside has another root at this size")
    elif given.size < head.size and root_of(leaves[: given.size]) != given.root:
        report.refuse(where, "fork: the log did not grow from the checkpoint from outside")
