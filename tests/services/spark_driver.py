"""A process with one Spark session that runs commands of trailscan, one a line of its input.

The command `spark-sql` runs statements, and prints the rows of each query as a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path

from pyspark.sql import SparkSession

from trailscan.cli.app import main


def run(words: list[str], environment: dict[str, str], out: str) -> int:
    """The exit code of a command that prints into a file."""
    os.environ.update(environment)
    sys.argv[1:] = words
    with Path(out).open("w", encoding="utf-8") as printed, redirect_stdout(printed):
        try:
            if words[0] == "spark-sql":
                for statement in words[1:]:
                    rows = session.sql(statement).collect()
                    printed.write(json.dumps([row.asDict() for row in rows]) + "\n")
                return 0
            main()
        except SystemExit as ended:
            return int(ended.code or 0)
    return 0


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what Java prints is no answer
    builder = SparkSession.builder.config("spark.pyspark.python", sys.executable)
    for name, value in json.loads(sys.argv[1]).items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    for line in sys.stdin:
        answers.write(b"%d\n" % run(**json.loads(line)))
    session.stop()
