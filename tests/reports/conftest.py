"""The sample logs in a store, read once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import trailscan as ts
from trailscan.ingest.run import LoadOptions, run_load

SAMPLES = Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs"


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> ts.Store:
    """A store of the sample logs."""
    place = str(tmp_path_factory.mktemp("reports") / "store")
    run_load([str(SAMPLES)], place, LoadOptions(), datetime(2026, 11, 1, tzinfo=UTC))
    return ts.open(place)
