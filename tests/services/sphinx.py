"""Sphinx and its theme, in a folder of their own: aws-cli, which tests run, wants an older docutils."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from hashlib import sha256
from pathlib import Path

from services.debian import cache_folder, locked
from services.missing import MissingServiceError, give_up

PINNED = Path(__file__).parent.parent.parent / ".ci" / "docs.txt"
"""The versions that are installed."""


def sphinx_libraries() -> Path:
    """The folder for PYTHONPATH; installed once, and again if the pinned versions change."""
    pinned = sha256(PINNED.read_bytes() + sys.version.encode()).hexdigest()[:12]
    kept = cache_folder() / f"sphinx-{pinned}"
    with locked("sphinx"):
        if not kept.exists():
            try:
                _install(kept)
            except MissingServiceError as error:
                give_up("Sphinx", error)
    return kept


def _install(kept: Path) -> None:
    """Install the pinned versions into a folder that is there whole or not at all."""
    if importlib.util.find_spec("pip") is None:
        raise MissingServiceError("there is no pip")
    with tempfile.TemporaryDirectory(dir=cache_folder()) as folder:
        words = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", f"{folder}/made"]
        ended = subprocess.run(
            [sys.executable, *words, "--requirement", str(PINNED)],
            capture_output=True,
            check=False,
            text=True,
        )
        if ended.returncode != 0:
            raise MissingServiceError(ended.stderr.strip().splitlines()[-1])
        shutil.move(f"{folder}/made", kept)
