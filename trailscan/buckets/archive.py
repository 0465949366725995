"""A folder of the local disk as a source: what links and odd files in it are."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from trailscan.buckets.base import ObjectInfo
from trailscan.buckets.local import LocalBucket, local_info

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class LocalArchive(LocalBucket):
    """The local disk, of which one folder is a source; keys are paths from the root.

    A link to a folder inside the source is left out: what is in it has a name of its own. A folder
    outside is followed once, by its device and inode, so that links in circles come to an end. What
    is neither file nor folder is listed as odd.

    Args:
        folder: the source.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(Path("/"))
        self._folder = os.path.realpath(folder)
        self._followed: dict[tuple[int, int], str] = {}

    def _find(self, key: str, entry: os.DirEntry[str]) -> str | ObjectInfo | None:
        """A folder, a file, or what is odd; None for what has another name in the source."""
        if not self._followed and entry.is_dir(follow_symlinks=False):
            return f"{key}/"
        try:
            found = entry.stat()
        except FileNotFoundError:
            return ObjectInfo(key, 0, "", odd="a link to nothing") if entry.is_symlink() else None
        except OSError as error:
            return ObjectInfo(key, 0, "", odd=f"not to be reached ({error.strerror})")
        is_link = entry.is_symlink()
        if stat.S_ISREG(found.st_mode) and not is_link:
            return local_info(key, found)
        outside = self._outside(entry) if is_link else ""
        if stat.S_ISDIR(found.st_mode):
            return self._find_folder(key, entry, found, outside)
        odd = next((words for is_kind, words in _KINDS if is_kind(found.st_mode)), "")
        return local_info(key, found)._replace(odd=odd, outside=outside)

    def _outside(self, entry: os.DirEntry[str]) -> str:
        """What a link names, if it is outside of the source."""
        target = os.path.realpath(entry.path)
        return "" if _is_inside(target, self._folder) else target

    def _find_folder(
        self, key: str, entry: os.DirEntry[str], found: os.stat_result, outside: str
    ) -> str | ObjectInfo | None:
        """A folder, or the folder that a link names, if it is to be followed."""
        if entry.is_symlink() and not outside:
            return None
        if outside and _is_inside(self._folder, outside):
            return ObjectInfo(key, 0, "", odd=f"a link to {outside}, which holds the source")
        return self._once(key, found)

    def _once(self, key: str, found: os.stat_result) -> str | None:
        """A folder, if it was not found under another name before."""
        first = self._followed.setdefault((found.st_dev, found.st_ino), key)
        return f"{key}/" if first == key else None


def _is_inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or in it."""
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
