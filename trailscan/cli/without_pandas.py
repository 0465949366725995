"""Start-up without pandas, 0.2 s that no command needs but a load on Spark."""

from __future__ import annotations

import sys


class _NoPandas:
    """Keeps pyarrow from importing pandas."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Say that there is no pandas; other modules are found as always."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def keep_out_pandas() -> None:
    """Say from now on that there is no pandas."""
    sys.meta_path.insert(0, _NoPandas)


def let_in_pandas() -> None:
    """Let pandas be imported after all: pyspark asks for it before it takes Arrow tables."""
    sys.meta_path[:] = [one for one in sys.meta_path if one is not _NoPandas]
