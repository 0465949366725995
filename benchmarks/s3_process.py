"""An S3 server on loopback for the benchmark of loading, in a process of its own.

It is s3_server.c, built with a C compiler; without one it is tests/services/stand_in.py,
which needs ten times as much of the processors that it shares with what is measured.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SOURCE = Path(__file__).with_name("s3_server.c")
STAND_IN = Path(__file__).parent.parent / "tests" / "services" / "stand_in.py"
COMPILERS = ("cc", "gcc", "clang")


class Served(NamedTuple):
    """A running server: its endpoint, and whether it is the compiled one."""

    endpoint: str
    compiled: bool

    def peak(self) -> int | None:
        """How many objects were held back at a time at most, since this was asked before."""
        if not self.compiled:
            return None
        with urllib.request.urlopen(f"{self.endpoint}/peak") as answer:  # noqa: S310  # its own server
            return int(answer.read())


@functools.cache
def built() -> Path | None:
    """The compiled server; None without a compiler."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        return None
    program = Path(tempfile.mkdtemp(prefix="trailscan-benchmark-")) / "s3_server"
    subprocess.run([compiler, "-O2", "-o", program, SOURCE], check=True)
    return program


def described() -> str:
    """What is used as S3."""
    if built() is None:
        return f"S3 is {STAND_IN.name}: no C compiler ({', '.join(COMPILERS)})"
    return f"S3 is {SOURCE.name}, compiled, one thread on the same processors"


@contextlib.contextmanager
def serving(
    corpus: Path, delay: float = 0.0, copies: int = 1, processors: Collection[int] = ()
) -> Iterator[Served]:
    """An S3 server with the log files of the corpus, and its endpoint in the environment.

    Args:
        corpus: a folder of log files.
        delay: seconds that each answer is held back.
        copies: how many times each log file is served.
        processors: those that it may use; empty for all.
    """
    program = built()
    stand_in = [sys.executable, str(STAND_IN), str(corpus), "--latency", str(delay)]
    words = (
        [str(program), str(corpus), str(copies), str(delay * 1000)]
        if program
        else [*stand_in, "--copies", str(copies)]
    )
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    if processors:
        os.sched_setaffinity(process.pid, processors)
    assert process.stdout is not None  # noqa: S101  # it is a pipe
    endpoint = process.stdout.readline().strip()
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="benchmark",
        AWS_SECRET_ACCESS_KEY="benchmark",  # noqa: S106  # the server asks for none
        AWS_DEFAULT_REGION="us-east-1",
        AWS_EC2_METADATA_DISABLED="true",
        NO_PROXY="127.0.0.1",
    )
    try:
        yield Served(endpoint, program is not None)
    finally:
        process.terminate()
        process.wait()
