"""The seal of packages: a log of them that only grows, with a checkpoint and proofs for each.

The log is the folder `log/` beside the packages: file N is the leaf of the package that was sealed
as number N. It is created only if there is none, so of two runs one wins and the other comes after.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from trailscan.errors import AlreadyExistsError, NotFoundError, TrailscanError
from trailscan.export.signing import public_file
from trailscan.export.verifier.merkle import (
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_of,
)
from trailscan.export.verifier.notes import Checkpoint, note_text, parse_note
from trailscan.export.verifier.sealed import (
    CHECKPOINT,
    CONSISTENCY,
    INCLUSION,
    KEY,
    LEAF,
    LEAVES,
    ROWS,
    SIGNATURE,
    TIMESTAMP,
    leaf_text,
    origin_of,
    row_hashes,
    rows_proof,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from trailscan.export.signing import Signer

LOG = "log"
_DIGITS = 12
_READERS = 16
_TRIES = 100


class Place(Protocol):
    """Where packages and their log are kept, as `trailscan.export.target.Target` is."""

    def paths(self, folder: str) -> list[str]:
        """The paths of the files in a folder, relative to it."""
        ...

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises `NotFoundError` if there is none."""
        ...

    def write_new(self, path: str, data: bytes) -> None:
        """Write a file if there is none. Raises `AlreadyExistsError` if another one is there."""
        ...


class Log:
    """The log of packages beside them: its leaves are read once, and again if another run adds one.

    Args:
        target: where the packages and their log are.
    """

    def __init__(self, target: Place) -> None:
        self.target = target
        self._leaves: list[bytes] | None = None

    @property
    def leaves(self) -> list[bytes]:
        """The leaves of all packages so far, in the order in which they were sealed.

        Raises:
            TrailscanError: one is missing.
        """
        if self._leaves is None:
            self._leaves = _read_log(self.target)
        return self._leaves

    def enter(self, name: str, leaf: bytes) -> int:
        """The place of a package's leaf in the log, which it gets if it has none.

        Raises:
            TrailscanError: the log has another leaf of that package.
        """
        for _ in range(_TRIES):
            for at, one in enumerate(self.leaves):
                if _name(one) == name:
                    if one != leaf:
                        raise TrailscanError(
                            f"{name} is not what was sealed: its files were changed afterwards",
                            "compare it with a copy: `trailscan export verify`",
                        )
                    return at
            try:
                self.target.write_new(f"{LOG}/{len(self.leaves):0{_DIGITS}}", leaf)
            except AlreadyExistsError:  # another run was faster: this one comes after
                self._leaves = None
                continue
            self.leaves.append(leaf)
            return len(self.leaves) - 1
        raise TrailscanError(f"{name}: other runs seal packages all the time", "run it again")


def seal(
    log: Log,
    name: str,
    signer: Signer | None = None,
    stamp: Callable[[bytes], bytes] | None = None,
) -> dict[str, bytes]:
    """Seal a package that is whole; one that is sealed stays as it is, one half sealed is finished.

    Args:
        log: of all packages, beside the package.
        name: of the package.
        signer: signs checkpoint and leaf; None leaves both unsigned.
        stamp: gives a timestamp's token over the checkpoint; None asks for none.

    Returns:
        The files of the seal by path.

    Raises:
        TrailscanError: the log was altered, or the package was sealed with other content.
    """
    target = log.target

    def read(path: str) -> bytes:
        return target.read(f"{name}/{path}")

    there = set(target.paths(name))
    rows = row_hashes(name, read)
    leaf = leaf_text(name, read, rows)
    index = log.enter(name, leaf)
    hashes = [leaf_hash(one) for one in log.leaves[: index + 1]]
    if CHECKPOINT not in there:
        _check_log(target, log.leaves[:index])
    head = Checkpoint(origin_of(hashes[0]), len(hashes), root_of(hashes))
    files = _files(target, name, leaf, hashes, head, signer, there)
    checkpoint = files[CHECKPOINT]
    way = inclusion_path(index, hashes)
    files[ROWS] = _json(rows_proof(rows, leaf, index, way, checkpoint.decode()))
    if stamp is not None and not {CHECKPOINT, TIMESTAMP} & there:
        files[TIMESTAMP] = stamp(checkpoint)
    for path in sorted(files, key=lambda path: path == CHECKPOINT):  # the checkpoint last
        if path not in there:
            _write(target, name, path, files[path])
    return files


def _write(target: Place, name: str, path: str, data: bytes) -> None:
    """Write a file of a seal: every run makes the same, but for tokens of timestamps."""
    try:
        target.write_new(f"{name}/{path}", data)
    except AlreadyExistsError:  # another run asked at the same time: its token is as good
        if path != TIMESTAMP:
            raise


def _files(
    target: Place,
    name: str,
    leaf: bytes,
    hashes: list[bytes],
    head: Checkpoint,
    signer: Signer | None,
    there: set[str],
) -> dict[str, bytes]:
    """The files of a seal; signatures that are there stay."""
    index = len(hashes) - 1
    proof = [one.hex() for one in inclusion_path(index, hashes)]
    grown = [one.hex() for one in consistency_path(index, hashes)] if index else []
    old_root = root_of(hashes[:index]).hex() if index else None
    files = {
        LEAF: leaf,
        LEAVES: "".join(f"{one.hex()}\n" for one in hashes).encode(),
        INCLUSION: _json({"index": index, "size": head.size, "hashes": proof}),
        CONSISTENCY: _json(
            {"old_size": index, "old_root": old_root, "size": head.size, "hashes": grown}
        ),
    }
    signed = [one for one in (CHECKPOINT, SIGNATURE, KEY) if one in there]
    files |= {one: target.read(f"{name}/{one}") for one in signed}
    if signer is not None and CHECKPOINT not in there:
        files.setdefault(KEY, public_file(signer.key))
        files.setdefault(SIGNATURE, signer.sign(leaf))
    if CHECKPOINT in files:
        if parse_note(files[CHECKPOINT]).checkpoint != head:
            raise TrailscanError(
                f"{name} has a checkpoint that is not of this log",
                "find out who changed log/ or the package: `trailscan export verify`",
            )
    elif signer is not None:
        if files.get(KEY) != public_file(signer.key):
            raise TrailscanError(
                f"{name} was begun to be sealed with another key, or without one",
                "run the command with the same --key",
            )
        text = note_text(head, signer.key, signer.sign(head.text.encode()))
        files[CHECKPOINT] = text.encode()
    elif SIGNATURE in files or KEY in files:
        raise TrailscanError(f"{name} was begun to be sealed with a key", "give its --key")
    else:
        files[CHECKPOINT] = note_text(head, None, b"").encode()
    return files


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()


def _read_log(target: Place) -> list[bytes]:
    """The leaves of all packages so far, in the order in which they were sealed.

    Raises:
        TrailscanError: one is missing.
    """
    names = sorted(target.paths(LOG))
    for at, name in enumerate(names):
        if name != f"{at:0{_DIGITS}}":
            raise TrailscanError(
                f"{LOG}/{name} is not where the log should go on with {at:0{_DIGITS}}",
                "a leaf of the log is missing or was added; restore the folder of the packages",
            )
    with ThreadPoolExecutor(_READERS) as readers:
        return list(readers.map(lambda name: target.read(f"{LOG}/{name}"), names))


def _name(leaf: bytes) -> str:
    """The name of the package of a leaf."""
    lines = leaf.decode("utf-8", "replace").splitlines()
    return lines[1].partition(" ")[2] if len(lines) > 1 else ""


def _check_log(target: Place, leaves: list[bytes]) -> None:
    """The log before a new leaf is the one that the newest package has a checkpoint of.

    Raises:
        TrailscanError: it is another one: a checkpoint over it would be a second history.
    """
    for size in range(len(leaves), 0, -1):
        name = _name(leaves[size - 1])
        try:
            data = target.read(f"{name}/{CHECKPOINT}")
        except NotFoundError:
            continue  # this package is not sealed yet, or is gone, which `verify` says
        hashes = [leaf_hash(one) for one in leaves[:size]]
        expected = Checkpoint(origin_of(hashes[0]), size, root_of(hashes))
        try:
            is_same = parse_note(data).checkpoint == expected
        except ValueError:
            is_same = False
        if not is_same:
            raise TrailscanError(
                f"the log was altered: it is not the one of the checkpoint of {name}",
                "nothing was signed; restore log/, or verify the packages",
            )
        return
