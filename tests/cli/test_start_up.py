"""No command imports pandas, which takes longer to import than most commands take to answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = str(Path(__file__).parent.parent.parent / "sample_logs" / "AWSLogs" / "111122223333")

RUN = """
import sys
from trailscan.cli.app import main
try:
    main()
except SystemExit as end:
    print(end.code or 0, "pandas" in sys.modules, file=sys.stderr)
"""

REPORTS = (
    *("changes", "events", "principals", "targets", "denied", "policies", "accounts", "findings"),
    *("summary", "coverage", "cis"),
)

COMMANDS = {
    "load": ["load", SAMPLES, "--store", "{new}", "--quiet"],
    **{f"report {name}": ["report", name] for name in REPORTS},
    **{
        f"report changes as {form}": ["report", "changes", "--format", form]
        for form in ("csv", "json", "jsonl", "html")
    },
    "show": ["show", "{event}"],
    "status": ["status"],
    "validate": ["validate", SAMPLES, "--offline", "--quiet"],
    "export": ["export", "--for", "2026-08-03", "--to", "{folder}"],
    "sql": ["sql", "select count(*) from changes join events using (event_id)"],
    "sql as json": ["sql", "from log_files", "--format", "json"],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A small store, and the id of one of its events."""
    import trailscan as ts

    place = str(tmp_path_factory.mktemp("start_up") / "store")
    ts.load(SAMPLES, place)
    return place, ts.open(place).report("changes").records()[0]["event_id"]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_imports_no_pandas(store, tmp_path, name):
    """Only frames do."""
    place, event = store
    given = {"new": str(tmp_path / "new"), "event": event, "folder": str(tmp_path)}
    words = [word.format(**given) for word in COMMANDS[name]]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN, *words],
        env={"TRAILSCAN_STORE": place, "PATH": "", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    code, imported = done.stderr.splitlines()[-1].split()
    assert (int(code) in {0, 3, 4}, imported) == (True, "False"), done.stderr
