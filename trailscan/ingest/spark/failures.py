"""What Spark says when it fails, in one line, with what to do about it."""

from __future__ import annotations

import re
from typing import NamedTuple

from trailscan.errors import TrailscanError

RESUME = "what was committed is in the store; run the same command to resume"
_PACK = "ship Python with trailscan to the executors, and let PYSPARK_PYTHON name it there"
_TRACEBACK = "Traceback (most recent call last)"


class _Cause(NamedTuple):
    """A cause that is known.

    Attributes:
        pattern: of what Spark says.
        message: with what the groups of the pattern found.
        hint: what to do about it.
    """

    pattern: str
    message: str
    hint: str


_CAUSES = (
    _Cause(r"No module named '([^']+)'", "the executors have no Python module {0}", _PACK),
    _Cause(
        r"different version: (\S+) than that in driver: ([\d.]+\d)",
        "the executors run Python {0}, and this process runs {1}",
        "let PYSPARK_PYTHON name Python {1} of the executors",
    ),
    _Cause(
        r"(?:Credentials|Access)Error: (.*)",
        "on the executors: {0}",
        "give them a role, or this process keys in AWS_ACCESS_KEY_ID and so on: profiles and files "
        "of credentials are not passed on to them",
    ),
    _Cause(r'Cannot run program "([^"]+)"', "the executors have no program {0}", _PACK),
    _Cause(
        r"stopped SparkContext",
        "the cluster did not take the application",
        "check --master and --conf; standard error has what Spark says",
    ),
    _Cause(
        r"No space left on device",
        "the folder of Spark's temporary files is full, on an executor or on this machine",
        "give them more disk, or let --conf spark.local.dir=FOLDER name another folder",
    ),
    _Cause(
        r"Python worker exited unexpectedly",
        "Python on an executor was killed, as happens when memory runs out",
        "give the executors more memory: --conf spark.executor.memoryOverhead=2g",
    ),
    _Cause(
        r"bigger than spark\.driver\.maxResultSize (\(.*?\))",
        "the data files of a wave are larger than spark.driver.maxResultSize {0}",
        "add --conf spark.driver.maxResultSize=0, and give the driver memory",
    ),
)


def failed(what: str, error: Exception, hint: str) -> TrailscanError:
    """The error that a user gets for one of Spark.

    Args:
        what: what could not be done.
        error: of Spark.
        hint: what to do if the cause is none of those that are known.
    """
    text = _text(error)
    for cause in _CAUSES:
        if found := re.search(cause.pattern, text):
            message, hint = cause.message.format(*found.groups()), cause.hint
            return TrailscanError(f"{what}: {message}", hint.format(*found.groups()))
    return TrailscanError(f"{what}: {_line(text) or type(error).__name__}", hint)


def _text(error: Exception) -> str:
    """What an exception of Spark says, with its traces."""
    cause = getattr(error, "java_exception", None)
    return str(cause.toString() if cause is not None else error)


def _line(text: str) -> str:
    """The line that says what failed: the first one, or that behind a traceback of Python."""
    _, trace, behind = text.partition(_TRACEBACK)
    lines = (line for line in (behind if trace else text).splitlines() if line.strip())
    if trace:
        next(lines, None)  # what is left of its own line
        lines = (line for line in lines if not line[0].isspace())
    return next(lines, "").strip()
