"""The types of the Python interface, as the checkers of a program that uses it see them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import trailscan as ts

PROGRAM = Path(__file__).with_name("typed_program.py")
CHECKERS = {
    "mypy": [
        *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"),
        *("--follow-imports=silent", "--ignore-missing-imports"),
    ],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}
WRONG = """
import trailscan as ts
store = ts.open("store")
store.report("change")
store.changes(sinse="30d")
store.changes(severity=3)
"""


def check(checker, program, cache):
    """Whether a checker accepts a program, and what it says."""
    words = [*CHECKERS[checker], *(["--cache-dir", str(cache)] if checker == "mypy" else [])]
    if shutil.which(words[0]) is None:
        pytest.skip(f"{checker} is not installed (npm install --global {checker})")
    done = subprocess.run(
        [*words, str(program)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_a_program_that_uses_everything_is_typed(checker, tmp_path):
    """Strict checkers accept it, and see the mistakes of another one."""
    code, said = check(checker, PROGRAM, tmp_path / "cache")
    assert code == 0, said
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    code, said = check(checker, wrong, tmp_path / "cache")
    assert code == 1
    assert [line for line in (4, 5, 6) if f"wrong.py:{line}:" not in said] == []


def test_the_program_uses_every_public_function():
    """A function that is added must be called in it."""
    text = PROGRAM.read_text()
    methods = [f".{name}(" for name in vars(ts.Store) if not name.startswith("_")]
    charts = ("activity", "who_by_what", "hours", "accounts", "policies", "sessions")
    calls = [*methods, *(f"ts.plot.{name}(" for name in charts)]
    calls += [f"ts.{name}(" for name in ("open", "demo", "load", "summary_text")]
    assert [call for call in calls if call not in text] == []
