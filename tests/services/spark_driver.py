"""A process with one Spark session that runs commands of trailscan, one a line of its input.

The command `spark-sql` runs statements, and prints the rows of each as a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from trailscan.cli.app import main
from trailscan.ingest.engine import SparkOptions
from trailscan.ingest.spark.session import spark_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def run(session: SparkSession, words: list[str], environment: dict[str, str], out: str) -> int:
    """The exit code of a command that prints into a file."""
    os.environ.update(environment)
    sys.argv[1:] = words
    with Path(out).open("w", encoding="utf-8") as printed, redirect_stdout(printed):
        if words[0] == "spark-sql":
            for statement in words[1:]:
                rows = session.sql(statement).collect()
                printed.write(json.dumps([row.asDict() for row in rows]) + "\n")
            return 0
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what Java prints is no answer
    conf = tuple(json.loads(sys.argv[2]).items())
    with spark_session(SparkOptions(sys.argv[1], conf)) as started:
        for line in sys.stdin:
            answers.write(b"%d\n" % run(started, **json.loads(line)))
