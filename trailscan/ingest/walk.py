"""Finds the folders of a source that hold log files, level by level.

A level is listed when the one above it is known, so that each takes an answer's time. The folders
above the first object of a source are known from its key: they are all asked for at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from trailscan.errors import TrailscanError
from trailscan.ingest.plan import LOGS, DayRange, FolderListing, Scope, Skipped
from trailscan.store.paths import MARKER, STORE_FOLDERS
from trailscan.trail.deliveries import service_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from concurrent.futures import Executor, Future

    from trailscan.buckets import Bucket

    Map = Callable[[Callable[[str], "_Content"], Iterable[str]], Iterator["_Content"]]

_DEEPEST = 16
"""How many folders inside one another are walked; what is deeper is listed without folders."""

_MOST_FOLDERS = 2000
"""How many folders that are not of accounts are walked; others are listed without their folders."""

_ACCOUNT = re.compile(r"(?:^|/)(\d{12})/$")
_TRAIL_FOLDER = re.compile(r"(?:^|/)\d{12}/(CloudTrail(?:-Digest)?)/$")
_REGION = re.compile(r"/([a-z0-9-]{5,30})/$")
_MOST_AHEAD = 8  # folders above one another that are looked into at once
_IN_ACCOUNT = re.compile(r"(?:.*?/)??(\d{12})/")


@dataclass(slots=True)
class SourceFolders:
    """The folders that a walk found.

    Attributes:
        unvisited: folders that were not looked into yet.
        regions: folders of an account and region in scope.
        others: all other folders that hold objects.
        whole: folders that are listed with all that is below them.
    """

    unvisited: list[str]
    regions: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)

    def listings(self, ranges: Sequence[DayRange]) -> list[FolderListing]:
        """The listings of the folders found, in order."""
        regions = sorted(self.regions)
        found = [FolderListing(folder) for folder in sorted(self.others)]
        found += [FolderListing(folder, objects="all") for folder in sorted(self.whole)]
        if list(ranges) == [DayRange()]:
            return found + [FolderListing(folder, DayRange(), "all") for folder in regions]
        for number, days in enumerate(ranges):
            beside = None if number else DayRange(ranges[0].first, ranges[-1].last)
            found += [FolderListing(folder, days, "days", beside) for folder in regions]
        return found


class Walker:
    """Finds the folders of a source that hold the log files in scope, level by level.

    Args:
        bucket: of the source.
        scope: the accounts and regions to look for.
        kinds: the folders of an account to look into.
        source: the folder that is the source; folders above it decide nothing.
    """

    def __init__(
        self, bucket: Bucket, scope: Scope, kinds: Collection[str] = (LOGS,), source: str = ""
    ) -> None:
        self._bucket = bucket
        self._scope = scope
        self._kinds = kinds
        self._source = source
        self._walked = 0
        self._begun: dict[str, Future[_Content]] = {}

    def look_ahead(self, key: str, pool: Executor) -> None:
        """Begin to look into the folders above an object that a walk will come to.

        These are the folder of its account, those above it, and those of trails in it.

        Args:
            key: of an object of the source.
            pool: of threads, with more of them free than there are such folders.
        """
        account = _IN_ACCOUNT.match(key, len(self._source))
        if account is None or not self._scope.holds(account[1], None):
            return
        below = key[len(self._source) : account.end()].split("/")[:-1]
        if len(below) > _MOST_AHEAD:
            return
        above = ["/".join(below[:depth]) + "/" for depth in range(1, len(below) + 1)]
        folders = ["", *above, *(f"{above[-1]}{kind}/" for kind in self._kinds)]
        for folder in (self._source + one for one in folders):
            self._begun[folder] = pool.submit(_read_content, self._bucket, folder)

    def _content(self, folder: str) -> _Content:
        """What is directly in a folder."""
        begun = self._begun.pop(folder, None)
        return _read_content(self._bucket, folder) if begun is None else begun.result()

    def walk(
        self, folder: str, skipped: Skipped, look: Map = map, most: int | None = None
    ) -> SourceFolders:
        """The folders below a folder.

        Args:
            folder: where to begin.
            skipped: gets what is left out, and the folders that could not be listed.
            look: applies a function to several folders: `map`, or that of a pool of threads.
            most: stop at a level of more folders than this and leave them unvisited.
        """
        found = SourceFolders([folder])
        while found.unvisited and (most is None or len(found.unvisited) <= most):
            level, found.unvisited = found.unvisited, []
            contents = look(self._content, level)
            for above, content in zip(level, contents, strict=True):
                if content.failure is not None:
                    skipped.failures.append(content.failure)
                if content.is_store:
                    skipped.others["store"] += 1
                    skipped.objects += 1
                if content.holds_objects:
                    found.others.append(above)
                for inside in content.folders:
                    self._sort(inside, above, skipped, found)
        return found

    def _sort(self, folder: str, above: str, skipped: Skipped, found: SourceFolders) -> None:
        """Add a folder to those of regions or to those to visit, or skip it."""
        if self._is_trail_folder(above) and (region := _REGION.search(folder)):
            if self._scope.holds(None, region[1]):
                found.regions.append(folder)
            else:
                skipped.regions_left_out.add(region[1])
        elif not self._is_trail_folder(folder) and (kind := service_of(folder, len(self._source))):
            skipped.elsewhere.add(kind)
        elif (account := _ACCOUNT.search(folder)) and not self._scope.holds(account[1], None):
            skipped.accounts_left_out.add(account[1])
        elif self._is_walked(folder, of_account=bool(account)):
            found.unvisited.append(folder)
        else:
            found.whole.append(folder)

    def _is_walked(self, folder: str, *, of_account: bool) -> bool:
        """Whether a folder is walked, and not listed with all that is below it."""
        if of_account or self._is_trail_folder(folder):
            return True
        self._walked += 1
        depth = folder.count("/", len(self._source))
        return depth <= _DEEPEST and self._walked <= _MOST_FOLDERS

    def _is_trail_folder(self, folder: str) -> bool:
        """Whether a folder is one of the kinds to look into."""
        kind = _TRAIL_FOLDER.search(folder)
        return kind is not None and kind[1] in self._kinds


class _Content(NamedTuple):
    """What is directly in a folder."""

    folders: list[str]
    holds_objects: bool = False
    is_store: bool = False
    failure: str | None = None


def _read_content(bucket: Bucket, folder: str) -> _Content:
    """What is directly in a folder, without the folders of a store, as far as it can be listed."""
    folders: list[str] = []
    holds_objects = is_store = False
    failure = None
    try:
        for found in bucket.list_here(folder):
            if isinstance(found, str):
                folders.append(found)
            elif found.key == folder + MARKER:
                is_store = True
            else:
                holds_objects = True
    except TrailscanError as error:
        failure = error.line
    if is_store:
        names = {f"{folder}{name}/" for name in STORE_FOLDERS}
        folders = [inside for inside in folders if inside not in names]
    return _Content(folders, holds_objects, is_store, failure)
