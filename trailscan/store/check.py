"""The whole store against its ledger: every data file is read and compared."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trailscan.errors import TrailscanError
from trailscan.parallel import in_order
from trailscan.store.ledger import Ledger
from trailscan.store.read_files import read_checked, stored_files
from trailscan.store.reader import check_marker
from trailscan.store.strays import find_strays

if TYPE_CHECKING:
    from trailscan.buckets import Bucket
    from trailscan.store.paths import DataFile

_READERS = 8


@dataclass(frozen=True, slots=True)
class CheckedStore:
    """What became of comparing a store with its ledger.

    Attributes:
        commits: how many the ledger has.
        head: SHA-256 of the newest one.
        data_files: how many were read.
        bytes: the sum of their sizes.
        damage: what is wrong, one line for each damaged data file.
        strays: files that no commit names.
    """

    commits: int
    head: str
    data_files: int
    bytes: int
    damage: tuple[str, ...]
    strays: tuple[str, ...]


def check_store(bucket: Bucket, place: str) -> CheckedStore:
    """The result of reading every data file of a store and comparing its SHA-256.

    Raises:
        NotFoundError: there is no store.
        StoreError: the ledger is damaged, or has lost commits.
    """
    check_marker(bucket, place)
    ledger = Ledger(bucket)
    commits = ledger.refresh()
    files = stored_files(commits)

    def compare(file: DataFile) -> str:
        try:
            read_checked(bucket, file)
        except TrailscanError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(_READERS) as readers:
        damage = tuple(filter(None, in_order(readers, compare, files, _READERS)))
    if damage and len(ledger.refresh()) > len(commits):  # data files may have been merged
        return check_store(bucket, place)
    return CheckedStore(
        commits=len(commits),
        head=ledger.last_sha256,
        data_files=len(files),
        bytes=sum(file.bytes for file in files),
        damage=damage,
        strays=() if damage else find_strays(bucket, ledger),
    )
