"""Services: what is said when one cannot be had, and that the real ones answer."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from services.command import run_command
from services.missing import in_ci, not_run

TESTS = Path(__file__).parent.parent


def pytest_without_services(
    folder: Path, *options: str, **environment: str
) -> tuple[int, list[str]]:
    """Exit code and output lines of tests that ask for services where nothing can be fetched."""
    (folder / "test_wanting.py").write_text(
        textwrap.dedent("""
            def test_a_bucket(ceph_bucket): ...
            def test_another(ceph_s3): ...
            def test_a_page(chromium): ...
            def test_nothing(): ...
        """)
    )
    words = [sys.executable, "-m", "pytest", "-p", "services.fixtures", "-c", os.devnull]
    nowhere = {"PATH": str(folder), "XDG_CACHE_HOME": str(folder), "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        [*words, *options, "--rootdir", str(folder), "-p", "no:cacheprovider", str(folder)],
        env={**os.environ, "CI": "", "NO_COLOR": "1", **nowhere, **environment},
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout.decode().splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("processes", [0, 2])
def test_what_was_not_run_is_counted_at_the_end(tmp_path: Path, processes: int) -> None:
    """Where a service cannot be had, its tests are skipped, and the end counts them aloud."""
    code, lines = pytest_without_services(tmp_path, "-n", str(processes))
    assert code == 0
    *_, ceph, chromium, last = lines
    assert ceph.startswith("NOT RUN: 2 tests: needs Ceph's S3 server: ")
    assert chromium.startswith("NOT RUN: 1 test: needs Chromium: ")
    assert "1 passed, 3 skipped" in last


@pytest.mark.slow
def test_in_ci_a_missing_service_is_a_failure(tmp_path: Path) -> None:
    """With `CI` set nothing is skipped."""
    code, lines = pytest_without_services(tmp_path, CI="true")
    assert code == 1
    assert "1 passed, 3 errors" in lines[-1]
    assert any("needs Chromium, and CI skips nothing: " in line for line in lines)


def test_a_command_ends_as_in_a_new_interpreter(tmp_path: Path) -> None:
    """A fork has the exit code, streams, environment and folder of a process started anew."""
    environment = {"PATH": os.environ["PATH"], "TRAILSCAN_STORE": "a-store", "NO_COLOR": "1"}
    for words in (["--version"], ["report", "nothing"], ["status"], ["load", "nowhere"]):
        forked = run_command(*words, cwd=tmp_path, env=environment)
        new = subprocess.run(
            [sys.executable, "-W", "error", "-m", "trailscan", *words],
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(TESTS.parent)},
            capture_output=True,
            check=False,
        )
        assert (forked.returncode, forked.stdout, forked.stderr) == (
            new.returncode,
            new.stdout,
            new.stderr,
        )


def test_a_command_reads_what_it_is_given_and_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    """Standard input and environment are of one command only."""
    line = b'{"Records":[]}'
    words = ("load", "-", "--store", tmp_path / "store", "--format", "json")
    assert run_command(*words, stdin=line).returncode == 0
    assert run_command("status", env={"TRAILSCAN_STORE": str(tmp_path / "store")}).returncode == 0
    assert run_command("status", cwd=tmp_path, env={}).returncode == 5
    assert run_command(*words).returncode == 4  # a log file of no bytes


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("1", True), ("", False), ("0", False), ("False", False), ("no", False)],
)
def test_ci_is_read_as_people_write_it(value: str, expected: object) -> None:
    """`CI=false` is no CI."""
    assert in_ci({"CI": value}) is expected
    assert in_ci({}) is False


def test_skips_for_other_reasons_are_not_counted() -> None:
    """Only a missing service is said at the end, once a service, with the number of its tests."""
    reasons = ["Skipped: needs A: gone", "Skipped: only on Windows", "Skipped: needs A: gone"]
    assert not_run(reasons) == ["NOT RUN: 2 tests: needs A: gone"]


def test_ceph_refuses_a_wrong_key(ceph_s3) -> None:
    """The real server checks who asks, which moto does not."""
    from botocore.exceptions import ClientError

    client = ceph_s3._replace(secret_key="wrong").client()
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        client.list_buckets()


def test_chromium_shows_a_page(chromium: Path, tmp_path: Path) -> None:
    """The browser runs without a display and gives the page as it understood it."""
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><p id=a>one<script>a.textContent = 'two'</script>")
    words = [chromium, "--headless", "--no-sandbox", f"--user-data-dir={tmp_path}", "--dump-dom"]
    done = subprocess.run([*words, page.as_uri()], capture_output=True, check=True, timeout=120)
    assert b'<p id="a">two' in done.stdout
