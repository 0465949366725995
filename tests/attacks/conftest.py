"""The archive and the stores that attackers touch."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from signed import write_archive

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive, made once: not to be changed."""
    return write_archive(tmp_path_factory.mktemp("pristine") / "A")


@pytest.fixture
def archive(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the archive, to be tampered with."""
    return shutil.copytree(pristine, tmp_path / "A")
