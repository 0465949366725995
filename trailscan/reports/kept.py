"""The changes of a store, told once and kept in the user's cache until store or code change.

Telling a change costs some 30 microseconds of Python; 50,000 of them are more than a reader at a
terminal waits for. What is kept is what was told, whole: every report on it gives the same rows. It
is used only if it was made from this very state of the store, which the hash of its last commit
names together with all before it, by this very code, and if it is whole. Deleting it loses nothing;
`TRAILSCAN_CACHE=off` goes without it. The compliance export never uses it.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from collections import deque
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from trailscan.organizations.changes import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.store.reader import StoreReader

WORTH_KEEPING = 5_000
"""Fewer changes are told faster than a file of them is looked for."""

_CODE = ("events", "organizations", "reports/changes.py", "reports/kept.py")
_HASH = 32  # bytes of a SHA-256
_BLOCK = 512  # changes that are compressed together
_SIZES = struct.Struct("<II")  # of a block, as it stands and uncompressed
_ENCODE = msgspec.msgpack.Encoder()
_DECODE = msgspec.msgpack.Decoder(list[Change])


def kept_changes(store: StoreReader) -> Iterator[Change] | None:
    """The changes of a store as they were kept; None if there are none of this state and code."""
    place = _place(store)
    try:
        data = place.read_bytes() if place else b""
    except OSError:
        return None
    if data[:_HASH] != _key(store) or hashlib.sha256(data[:-_HASH]).digest() != data[-_HASH:]:
        return None
    return chain.from_iterable(map(_DECODE.decode, _blocks(memoryview(data)[_HASH:-_HASH])))


def keep(store: StoreReader, changes: Iterable[Change]) -> Iterator[Change]:
    """The same changes, kept for the next time when the last one was taken and there are many."""
    place = _place(store)
    blocks: list[bytes | None] = []
    waiting: list[Change] = []
    for change in changes:
        waiting.append(change)
        if len(waiting) == _BLOCK:
            blocks.append(_block(waiting))
            waiting = []
        yield change
    whole = [block for block in (*blocks, _block(waiting)) if block is not None]
    many = len(blocks) * _BLOCK + len(waiting) >= WORTH_KEEPING
    if place is not None and many and len(whole) == len(blocks) + 1:
        data = _key(store) + b"".join(whole)
        _write(place, data + hashlib.sha256(data).digest())


def keep_all(store: StoreReader, changes: Iterable[Change]) -> None:
    """Keep the changes of a store that has many: the first report is as fast as the next."""
    if sum(file.rows for file in store.files("events")) >= WORTH_KEEPING:
        deque(changes, maxlen=0)


def _block(changes: list[Change]) -> bytes | None:
    """Some changes, compressed; None if one holds a number that only JSON can hold."""
    import pyarrow as pa  # noqa: PLC0415  # start-up

    try:
        whole = _ENCODE.encode(changes)
    except OverflowError:
        return None
    packed: bytes = pa.Codec("lz4").compress(whole, asbytes=True)
    return _SIZES.pack(len(packed), len(whole)) + packed


def _blocks(data: memoryview) -> Iterator[memoryview]:
    """The blocks of a file, uncompressed."""
    import pyarrow as pa  # noqa: PLC0415  # start-up

    codec, at = pa.Codec("lz4"), 0
    while at < len(data):
        packed, whole = _SIZES.unpack_from(data, at)
        at += _SIZES.size
        yield memoryview(codec.decompress(pa.py_buffer(data[at : at + packed]), whole))
        at += packed


def _place(store: StoreReader) -> Path | None:
    """Where the changes of a store are kept; None if the user wants none kept."""
    given = os.environ.get("TRAILSCAN_CACHE", "")
    if given.casefold() == "off":
        return None
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    where = store.place if "://" in store.place else str(Path(store.place).absolute())
    name = hashlib.sha256(where.encode()).hexdigest()[:32]
    return Path(given or Path(home, "trailscan")) / f"{name}.changes"


def _key(store: StoreReader) -> bytes:
    """What names the state of a store and the code that tells of it."""
    return hashlib.sha256(f"{store.head}\0{_code()}".encode()).digest()


@lru_cache(maxsize=1)
def _code() -> str:
    """A hash of the code that decides what is told."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for part in _CODE:
        path = package / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _write(place: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all; it is no loss if it fails."""
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
            file.write(data)
        Path(file.name).replace(place)
    except OSError:
        return
