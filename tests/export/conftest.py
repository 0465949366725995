"""The archive that the tests of the export share."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from nights import FIRST, Archive, event


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An archive of three nights with one change each, not yet loaded."""
    made = Archive(tmp_path)
    for at in range(3):
        day = FIRST + timedelta(days=at)
        made.deliver(day, at, event(day, at))
    return made
