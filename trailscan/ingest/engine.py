"""What runs a load: this machine, or a Spark cluster."""

from __future__ import annotations

from typing import NamedTuple


class SparkOptions(NamedTuple):
    """How to reach a Spark cluster.

    Attributes:
        master: the URL of its master, such as `spark://host:7077` or `local[4]`; None for what
            `spark-submit` says, or else for all processors of this machine.
        conf: properties of Spark, each with its value.
    """

    master: str | None = None
    conf: tuple[tuple[str, str], ...] = ()
