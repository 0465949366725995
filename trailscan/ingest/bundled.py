"""The sample logs that every installation has, and a store of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from trailscan.errors import NotFoundError
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.store.paths import FORMAT

_PACKAGE = Path(__file__).parent.parent


def sample_logs() -> Path:
    """The folder of the bundled sample logs, in an installed package or in a checkout.

    Raises:
        NotFoundError: neither has them.
    """
    for folder in (_PACKAGE / "_sample_logs", _PACKAGE.parent / "sample_logs"):
        if (folder / "AWSLogs").is_dir():
            return folder / "AWSLogs"
    raise NotFoundError(f"the sample logs are missing from {_PACKAGE}")


def sample_store() -> Path:
    """A store of the sample logs in the user's cache directory, made when there is none.

    Where nothing can be written there, the store is in a temporary folder.

    Raises:
        NotFoundError: the sample logs are missing.
    """
    logs = sample_logs()
    store = _cache() / f"demo-{_fingerprint(logs)}"
    if _is_own(store):
        return store
    try:
        store.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="demo-", dir=store.parent))
    except OSError:
        made = Path(tempfile.mkdtemp(prefix="trailscan-demo-"))
        store = made / "store"
    run_load([str(logs)], str(made / "made"), LoadOptions(), datetime.now(UTC))
    (made / "made").chmod(0o700)
    return _moved(made, store)


def _is_own(store: Path) -> bool:
    """Whether a folder is there that only this user can have written."""
    try:
        status = store.lstat()
    except OSError:
        return False
    is_private = not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid() and is_private


def _moved(made: Path, store: Path) -> Path:
    """The store that was made, at its place or, where another user's stands, where it was made."""
    try:
        (made / "made").rename(store)
    except OSError:
        if not _is_own(store):
            return made / "made"
    if not store.is_relative_to(made):
        shutil.rmtree(made, ignore_errors=True)
    return store


def _cache() -> Path:
    """The folder of what trailscan can make again."""
    given = os.environ.get("TRAILSCAN_CACHE", "")
    if given.casefold() == "off":
        return Path(tempfile.mkdtemp(prefix="trailscan-demo-"))
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(given or Path(home, "trailscan"))


def _fingerprint(logs: Path) -> str:
    """A hash that changes with the sample logs and the format of stores."""
    digest = hashlib.sha256(str(FORMAT).encode())
    for path in sorted(logs.rglob("*")):
        digest.update(f"{path.relative_to(logs)} {path.lstat().st_size}\n".encode())
    return digest.hexdigest()[:16]
