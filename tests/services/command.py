"""The command `trailscan` in a process of its own, as a person runs it, without the wait."""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

_PROGRAM = Path(__file__).parent / "fork_server.py"


class ForkServer:
    """The process that forks into commands; one at a time."""

    def __init__(self) -> None:
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        words = [sys.executable, "-W", "error", str(_PROGRAM), str(requests), str(answers)]
        self._process = subprocess.Popen(words, pass_fds=(requests, answers))
        os.close(requests)
        os.close(answers)
        atexit.register(self._stop)

    def run(
        self, arguments: list[str], stdin: bytes, folder: Path, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command to its end."""
        with tempfile.TemporaryDirectory() as streams:
            files = {name: Path(streams, name) for name in ("stdin", "stdout", "stderr")}
            for file in files.values():
                file.write_bytes(stdin)
                stdin = b""
            asked = {
                "arguments": arguments,
                "environment": environment,
                "folder": str(folder),
                "streams": streams,
            }
            os.write(self._requests, json.dumps(asked).encode() + b"\n")
            code = os.read(self._answers, 100)
            assert code, "the fork server ended: what it said is above"
            out, err = files["stdout"].read_bytes(), files["stderr"].read_bytes()
            return subprocess.CompletedProcess(arguments, int(code), out, err)

    def _stop(self) -> None:
        """End the process: it ends when nothing more can be asked of it."""
        os.close(self._requests)
        self._process.wait()


_server = functools.cache(ForkServer)


def run_command(
    *words: object,
    stdin: bytes = b"",
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """How `trailscan` ends with some arguments, and what it wrote; every warning is an error.

    Args:
        words: its arguments.
        stdin: what it can read.
        cwd: the folder in which it runs; without one, this process's.
        env: its environment; without one, this process's.
    """
    folder, environment = cwd or Path.cwd(), dict(os.environ if env is None else env)
    return _server().run([*map(str, words)], stdin, folder, environment)
