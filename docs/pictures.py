"""The screenshots of the site: the page of a report and a notebook, as Chromium shows them.

    python docs/pictures.py

It needs `chromium`, and for the notebook what docs/lab.py needs. Pictures differ a little from one
version of a browser to the next, so no test compares them; docs/write.py writes the picture of a
terminal, which one does.
"""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from lab import write_picture

from trailscan.aws.session import AwsOptions
from trailscan.buckets import open_bucket
from trailscan.ingest.run import LoadOptions, run_load
from trailscan.render.html import render_html
from trailscan.reports.catalogue import REPORTS, make_filter
from trailscan.store.reader import StoreReader
from trailscan.window import Window

DOCS = Path(__file__).parent
LOGS = DOCS.parent / "sample_logs" / "AWSLogs"
SIZE = "1200,900"


def main() -> None:
    """Write docs/page.png and docs/notebook.png."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "night.html")
        page.write_text(night(f"{folder}/store"), encoding="utf-8")
        options = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={SIZE}")
        shot = f"--screenshot={DOCS / 'page.png'}"
        profile = f"--user-data-dir={folder}/profile"
        subprocess.run(
            ["chromium", *options, shot, profile, page.as_uri()], check=True, capture_output=True
        )
    write_picture(DOCS / "notebook.png")
    print("wrote docs/page.png and docs/notebook.png")


def night(place: str) -> str:
    """The page of the changes of one night of the sample logs."""
    run_load([str(LOGS)], place, LoadOptions(), datetime(2026, 11, 23, tzinfo=UTC))
    reader = StoreReader(open_bucket(place, AwsOptions()), "trailscan-store")
    window = Window(datetime(2026, 10, 17, tzinfo=UTC), datetime(2026, 10, 18, tzinfo=UTC))
    return render_html(REPORTS["changes"].build(reader, make_filter(window=window)))


if __name__ == "__main__":
    main()
