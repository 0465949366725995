"""Start-up without pandas, which only a load on Spark needs, and without threads of numpy.

Importing pandas takes 0.2 s. The threads that numpy starts for its linear algebra, which no command
uses, keep the processors busy for 60 ms.
"""

from __future__ import annotations

import os
import sys

_THREADS = "OPENBLAS_NUM_THREADS"
"""The environment variable with the number of numpy's threads."""


class _NoPandas:
    """Keeps pyarrow from importing pandas."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Say that there is no pandas; other modules are found as always."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def start_lightly() -> None:
    """Say from now on that there is no pandas, and let numpy do with one thread."""
    sys.meta_path.insert(0, _NoPandas)
    os.environ.setdefault(_THREADS, "1")


def let_in_pandas() -> None:
    """Let pandas be imported after all: pyspark asks for it before it takes Arrow tables."""
    sys.meta_path[:] = [one for one in sys.meta_path if one is not _NoPandas]
