"""A process that has imported everything, and forks into a command line whenever it is asked.

Starting Python and importing pandas, pyarrow and boto3 takes most of a second, and the tests run
the command line some hundred times. This process has one thread and has done nothing but import,
so that each fork is as good as a new process: its arguments, environment, folder and streams are
its own.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import sys
import threading

LIBRARIES = (
    "boto3",
    "duckdb",
    "jinja2",
    "obstore",
    "pandas",
    "pyarrow.parquet",
    "rich.markdown",
    "rich.panel",
    "rich.table",
    "xlsxwriter",
)


def serve(requests: int, answers: int) -> list[str]:
    """The arguments of a command, in a fork that is to run it; ends when no more are asked for."""
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            if not (child := os.fork()):
                os.close(answers)
                return become(**json.loads(line))
            _, status = os.waitpid(child, 0)
            os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))
    sys.exit()


def become(
    arguments: list[str], environment: dict[str, str], folder: str, streams: str
) -> list[str]:
    """Take on an environment, a folder and the files of the standard streams."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, (name, flags) in enumerate(
        [("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY)]
    ):
        os.dup2(os.open(f"{streams}/{name}", flags), number)
    return arguments


def end(code: str | int | None) -> None:
    """End without taking every library apart, unless threads are left, which must end first."""
    gc.collect()  # what was not closed is said
    if threading.active_count() == 1 and not isinstance(code, str):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code or 0)


if __name__ == "__main__":
    package = importlib.import_module("trailscan")
    for module in pkgutil.walk_packages(package.__path__, "trailscan."):
        if module.name != "trailscan.__main__":
            importlib.import_module(module.name)
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.freeze()
    sys.argv[1:] = serve(*map(int, sys.argv[1:]))
    try:
        runpy.run_module("trailscan", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        end(ended.code)
        raise
