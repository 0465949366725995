"""The changes of a large store as a Parquet file in the user's cache directory.

Decoding a change and putting it into words takes some 30 microseconds; for 50,000 changes that is
longer than a reader at a terminal waits. The cache gives the same changes, and only for the state
of the store and the code that wrote it: the file begins with a SHA-256 of both together with its
contents. A file that somebody else owns or may write is ignored. Deleting it loses nothing, and
`TRAILSCAN_CACHE=off` turns the cache off. The compliance export never reads it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from trailscan.organizations.changes import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trailscan.store.reader import StoreReader

LEAST_CHANGES = 5_000
"""Fewer changes are read from the records faster than a reader notices."""

_CODE = (
    "events",
    "sessions",
    "organizations",
    "reports/changes.py",
    "reports/decoded.py",
    "store/issuances.py",
    "reports/cache.py",
)
_HASH_BYTES = 32
_OTHERS_MAY_WRITE = 0o022
_BATCH = 512
_SCHEMA = pa.schema([("change", pa.binary())])  # as JSON, which holds integers of any size
_HOW = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Change)


def cached(store: StoreReader, changes: Iterable[Change]) -> Iterator[Change]:
    """The changes of a store from its cache; without one `changes`, which are then cached."""
    path = _path(store)
    if path is None:
        return iter(changes)
    table = _read(path, store)
    return _write(path, store, changes) if table is None else _decode(table)


def _decode(table: bytes) -> Iterator[Change]:
    """The changes of a cache, a batch at a time."""
    for batch in pq.ParquetFile(pa.BufferReader(table)).iter_batches(_BATCH):
        yield from map(_DECODER.decode, batch.column(0).to_pylist())


def _read(path: Path, store: StoreReader) -> bytes | None:
    """The Parquet table of a cache; None unless the user wrote it, for this store and code."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):  # a pipe must not wait
                return None
            if status.st_uid != os.getuid() or status.st_mode & _OTHERS_MAY_WRITE:
                return None
            sha256, table = file.read(_HASH_BYTES), file.read()
    except OSError:
        return None
    return table if sha256 == _seal(store, table) else None


def _write(path: Path, store: StoreReader, changes: Iterable[Change]) -> Iterator[Change]:
    """The changes as they come; once all were taken, and they are many, they are cached."""
    sink, count = pa.BufferOutputStream(), 0
    with pq.ParquetWriter(sink, _SCHEMA, **_HOW) as writer:
        changes = iter(changes)
        while batch := list(islice(changes, _BATCH)):
            count += len(batch)
            encoded = pa.array(map(_ENCODER.encode, batch), pa.binary())
            writer.write_batch(pa.record_batch([encoded], schema=_SCHEMA))
            yield from batch
    if count >= LEAST_CHANGES:
        table = sink.getvalue().to_pybytes()
        _replace(path, _seal(store, table) + table)


def _seal(store: StoreReader, table: bytes) -> bytes:
    """The SHA-256 of a cache, the state of its store and the code that wrote it."""
    digest = hashlib.sha256(f"{store.head}\0{_code()}\0".encode())
    digest.update(table)
    return digest.digest()


@lru_cache(maxsize=1)
def _code() -> str:
    """A hash of the code that decides what a change says."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for part in _CODE:
        path = package / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _path(store: StoreReader) -> Path | None:
    """The file for a store; None if the user wants no cache, or the system knows no owners."""
    given = os.environ.get("TRAILSCAN_CACHE", "")
    if given.casefold() == "off" or not hasattr(os, "getuid"):
        return None
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    where = store.place if "://" in store.place else str(Path(store.place).absolute())
    name = hashlib.sha256(where.encode()).hexdigest()[:32]
    return Path(given or Path(home, "trailscan")) / f"{name}.changes"


def _replace(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all; a failure costs nothing."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data)
        Path(file.name).replace(path)
    except OSError:
        return
