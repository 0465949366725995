"""The changes of a large store, and their rows in a report, in the user's cache directory.

Decoding a change and putting it into words takes some 30 microseconds, and deciding what it permits
can take many more; for 50,000 changes that is longer than a reader at a terminal waits. The cache
gives the same changes and rows, and only for the state of the store and the code that wrote them:
each file begins with a SHA-256 of both together with its contents. Decisions about policies are
kept in a third file, for every state of the store. A file that somebody else owns or may write is
ignored. Deleting it loses nothing, and `TRAILSCAN_CACHE=off` turns the cache off. The compliance
export never reads it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from trailscan.errors import TrailscanError
from trailscan.organizations.access.change import AccessChange
from trailscan.organizations.changes import Change
from trailscan.organizations.decisions import Decisions
from trailscan.rows import rows_to_arrow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trailscan.rows import Kind, Row
    from trailscan.store.reader import StoreReader

LEAST_CHANGES = 5_000
"""Fewer changes are read from the records faster than a reader notices."""

LEAST_DECISIONS = 200
"""Fewer are made again faster than all are written."""

_CODE = (
    "events",
    "sessions",
    "organizations",
    "reports/attestation.py",
    "reports/cache.py",
    "reports/changes.py",
    "reports/decoded.py",
    "rows.py",
    "store/attestations.py",
    "store/issuances.py",
    "table.py",
)
_ENGINE = ("organizations/access", "organizations/decisions.py")
_HASH_BYTES = 32
_OTHERS_MAY_WRITE = 0o022
_MOST_BYTES = 1024 * 1024 * 1024  # of the changes of a store ten times a large one
_BATCH = 512
_SCHEMA = pa.schema([("change", pa.binary())])  # as JSON, which holds integers of any size
_HOW = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Change)
_DECISIONS = msgspec.json.Decoder(dict[str, AccessChange])


def cached(store: StoreReader, changes: Iterable[Change]) -> Iterator[Change]:
    """The changes of a store from its cache; without one `changes`, which are then cached."""
    file = _file(store, "changes")
    if file is None:
        return iter(changes)
    table = _read(file)
    return _write(file, changes) if table is None else _decode(file, table)


def read_rows(store: StoreReader) -> pa.Table | None:
    """The rows of `report changes` for all changes of a store, if they are cached."""
    file = _file(store, "rows")
    table = None if file is None else _read(file)
    if file is None or table is None:
        return None
    with _decoding(file):
        return pa.ipc.open_file(table).read_all()


def write_rows(
    store: StoreReader, columns: Iterable[tuple[str, Kind]], rows: Sequence[Row]
) -> None:
    """Cache the rows of `report changes` for all changes of a store, if they are many."""
    file = _file(store, "rows")
    if file is not None and len(rows) >= LEAST_CHANGES:
        table, sink = rows_to_arrow(columns, rows), pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="lz4")  # read four times as fast as Parquet
        with pa.ipc.new_file(sink, table.schema, options=options) as writer:
            writer.write_table(table)
        _replace(file, sink.getvalue().to_pybytes())


@contextmanager
def kept_decisions(store: StoreReader) -> Iterator[Decisions]:
    """The decisions about the policies of a store, in whatever state it was when they were made.

    Those that are used meanwhile are kept at the end, if many of them are new.
    """
    file = _file(store, "decisions")
    kept = None if file is None else _read(file)
    decisions = Decisions()
    if file is not None and kept is not None:
        with _decoding(file):
            decisions = Decisions(_DECISIONS.decode(kept))
    yield decisions
    if file is not None and decisions.made >= LEAST_DECISIONS:
        _replace(file, msgspec.json.encode(decisions.used))


def _decode(file: _File, table: bytes) -> Iterator[Change]:
    """The changes of a cache, a batch at a time."""
    with _decoding(file):
        batches = pq.ParquetFile(pa.BufferReader(table)).iter_batches(_BATCH)
    while True:
        with _decoding(file):
            batch = next(batches, None)
            changes = [] if batch is None else [*map(_DECODER.decode, batch.column(0).to_pylist())]
        if batch is None:
            return
        yield from changes


@contextmanager
def _decoding(file: _File) -> Iterator[None]:
    """Name the cache whose content cannot be decoded, though its seal is right."""
    try:
        yield
    except (pa.ArrowException, msgspec.MsgspecError, OSError, RecursionError) as error:
        raise TrailscanError(
            f"the cache {file.path} is damaged: {error}", "remove the file; nothing is lost"
        ) from None


def _read(file: _File) -> bytes | None:
    """The content of a cache; None unless the user wrote it, for this store and code."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):  # a pipe must not wait
                return None
            if status.st_uid != os.getuid() or status.st_mode & _OTHERS_MAY_WRITE:
                return None
            if status.st_size > _MOST_BYTES:
                return None
            sha256, table = opened.read(_HASH_BYTES), opened.read()
    except OSError:
        return None
    return table if sha256 == _seal(file, table) else None


def _write(file: _File, changes: Iterable[Change]) -> Iterator[Change]:
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
        _replace(file, sink.getvalue().to_pybytes())


def _seal(file: _File, table: bytes) -> bytes:
    """The SHA-256 of a cache, and what it depends on."""
    digest = hashlib.sha256(f"{file.state}\0".encode())
    digest.update(table)
    return digest.digest()


@lru_cache(maxsize=2)
def _code(parts: tuple[str, ...]) -> str:
    """A hash of some code."""
    digest = hashlib.sha256()
    package = Path(__file__).parent.parent
    for part in parts:
        path = package / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


class _File(NamedTuple):
    """A file of the cache.

    Attributes:
        path: of the file.
        state: what its content depends on, as a text.
    """

    path: Path
    state: str


def _file(store: StoreReader, what: Literal["changes", "rows", "decisions"]) -> _File | None:
    """The file for something of a store; None if the user wants none, or nobody owns files."""
    given = os.environ.get("TRAILSCAN_CACHE", "")
    if given.casefold() == "off" or not hasattr(os, "getuid"):
        return None
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    where = store.place if "://" in store.place else str(Path(store.place).absolute())
    name = hashlib.sha256(where.encode()).hexdigest()[:32]
    path = Path(given or Path(home, "trailscan")) / f"{name}.{what}"
    if what == "decisions":
        return _File(path, f"{what} {_code(_ENGINE)}")
    return _File(path, f"{what} {store.head} {_code(_CODE)}")


def _replace(file: _File, table: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all; a failure costs nothing."""
    folder = file.path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as staged:
            staged.writelines((_seal(file, table), table))
        Path(staged.name).replace(file.path)
    except OSError:
        return
