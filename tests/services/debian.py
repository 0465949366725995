"""Debian packages: unpacked into a folder without installing them, or installed where root.

Package lists of our own are fetched when those of the machine are missing or too old, so that
neither root nor a fresh `apt-get update` is needed to unpack.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from services.missing import MissingServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TO_INSTALL = re.compile(r"^Inst (\S+)", re.MULTILINE)
_SECONDS = 600
_PATIENCE = (
    *("-o", "Acquire::Retries=2", "-o", "Acquire::http::Timeout=20"),
    *("-o", "DPkg::Lock::Timeout=300"),
)


def cache_folder() -> Path:
    """Where what was fetched stays from run to run, outside the checkout."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "trailscan-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Let one process at a time fetch, whoever else runs tests on this machine."""
    with (cache_folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def unpacked(name: str, packages: tuple[str, ...], works: Callable[[Path], bool]) -> Path:
    """A folder with the packages, and what they depend on and the machine lacks, unpacked.

    Args:
        name: of the folder in the cache.
        packages: what is wanted.
        works: whether the programs in a folder start; one that is kept and does not is made anew.

    Raises:
        MissingServiceError: they cannot be fetched, or do not start.
    """
    kept = cache_folder() / f"{name}-{_release()}"
    with locked(name):
        if kept.exists() and works(kept):
            return kept
        with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
            made = Path(folder) / "root"
            for archive in _download(packages, Path(folder)):
                _run(["dpkg-deb", "--extract", str(archive), str(made)])
            if not works(made):
                raise MissingServiceError(f"{' '.join(packages)} were fetched but do not start")
            shutil.rmtree(kept, ignore_errors=True)
            made.rename(kept)
    return kept


def installed(program: str, package: str) -> Path:
    """A program of the machine; where root, its package is installed first if need be.

    Raises:
        MissingServiceError: it is not there, and cannot be installed.
    """
    with locked("install"):  # dpkg installs for one at a time, whichever package it is
        if found := shutil.which(program):
            return Path(found)
        if os.geteuid() != 0:
            raise MissingServiceError(f"{program} is not installed, and only root may install it")
        words = ["install", "--yes", "--no-install-recommends", package]
        try:
            _apt(words)
        except MissingServiceError:
            _apt(["update"])
            _apt(words)
        if found := shutil.which(program):
            return Path(found)
    raise MissingServiceError(f"the package {package} holds no {program}")


def _download(packages: tuple[str, ...], folder: Path) -> list[Path]:
    """The archives of packages and of what they lack, with the machine's package lists or ours."""
    try:
        return _download_with([], packages, folder)
    except MissingServiceError:
        ours = cache_folder() / "apt"
        options = ["-o", f"Dir::State::lists={ours / 'lists'}", "-o", f"Dir::Cache={ours}"]
        (ours / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (ours / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        with locked("apt"):
            _apt([*options, "update"])
        return _download_with(options, packages, folder)


def _download_with(options: list[str], packages: tuple[str, ...], folder: Path) -> list[Path]:
    """The archives, with package lists that the options name."""
    words = [*options, "--simulate", "--no-install-recommends", "install", *packages]
    _apt([*options, "download", *_TO_INSTALL.findall(_apt(words))], folder)
    return sorted(folder.glob("*.deb"))


def _apt(words: list[str], folder: Path | None = None) -> str:
    """What `apt-get` prints."""
    sandbox = ("-o", "APT::Sandbox::User=root") if os.geteuid() == 0 else ()
    return _run(["apt-get", "--quiet", *_PATIENCE, *sandbox, *words], folder)


def _run(words: list[str], folder: Path | None = None) -> str:
    """What a command prints.

    Raises:
        MissingServiceError: it is not there, failed, or took too long.
    """
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingServiceError(str(error)) from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith(("E:", "dpkg"))]
        raise MissingServiceError(f"{words[0]} failed: {' '.join(said) or done.stderr[-300:]}")
    return done.stdout


def _release() -> str:
    """The machine's Debian release and architecture, for a home that several machines share."""
    found = re.search(r"^VERSION_ID=\"?([\w.]+)", _os_release(), re.MULTILINE)
    return f"{found[1] if found else 'unknown'}-{os.uname().machine}"


def _os_release() -> str:
    try:
        return Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""
