"""The types of the Python interface, as the checkers of a program that uses it see them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import trailscan as ts

PROGRAM = Path(__file__).with_name("typed_program.py")
CHECKERS = {
    "mypy": ["mypy", "--config-file=mypy.ini", "--no-error-summary"],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}
SETTINGS = """
[mypy]
strict = true
follow_imports = skip
ignore_missing_imports = true
[mypy-trailscan.*,pandas.*,polars.*,duckdb.*,msgspec.*]
follow_imports = silent
"""
"""For mypy: strict, and it reads no more libraries than the interface has types of."""

WRONG = """
import trailscan as ts
store = ts.open("store")
store.report("change")
store.changes(sinse="30d")
store.changes(severity=3)
"""


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_a_program_that_uses_everything_is_typed(checker, tmp_path):
    """Strict checkers accept it, and see the mistakes of another one."""
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    (tmp_path / "wrong.py").write_text(WRONG)
    checked = subprocess.run(
        [sys.executable, "-m", *CHECKERS[checker], str(PROGRAM), "wrong.py"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},  # asks nobody for newer ones
    )
    said = checked.stdout + checked.stderr
    assert checked.returncode == 1, said
    lines = re.findall(r"(\w+\.py):(\d+):.*error", said)
    assert set(lines) == {("wrong.py", "4"), ("wrong.py", "5"), ("wrong.py", "6")}, said


def test_the_program_uses_every_public_function():
    """A function that is added must be called in it."""
    text = PROGRAM.read_text()
    methods = [f".{name}(" for name in vars(ts.Store) if not name.startswith("_")]
    charts = ("activity", "who_by_what", "hours", "accounts", "policies", "sessions")
    calls = [*methods, *(f"ts.plot.{name}(" for name in charts)]
    calls += [f"ts.{name}(" for name in ("open", "demo", "load", "summary_text")]
    assert [call for call in calls if call not in text] == []
